//! What EDGAR says: identifiers, addresses and documents, parsed.
//!
//! Everything here is pure: bytes in, values out; no I/O, no threads, no clock. Input comes from
//! the network, so nothing here panics, whatever the bytes. How EDGAR really behaves was
//! measured; where a fact comes from stands beside it.

mod accession;
mod cik;
mod filing;
pub mod submission;

pub use accession::{Accession, BadAccession};
pub use cik::{BadCik, Cik};
pub use filing::{Artifact, ArtifactKind, Filing, submission_name};
