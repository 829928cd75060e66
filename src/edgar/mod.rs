//! Parses the identifiers, addresses and documents of EDGAR.
//!
//! The code of this module is pure: no I/O, no threads, no clock. Input comes from the network, so no input
//! may cause a panic. The behaviour of EDGAR was measured; the comments name the files and dates.

pub mod beginning;
pub mod calendar;
pub mod company;
pub mod company_facts;
pub mod company_list;
pub mod dates;
pub mod day_listing;
pub mod form;
pub mod form_family;
pub mod history;
pub mod index;
pub mod sic;
pub mod submission;
pub mod submissions;
pub mod urls;

mod accession;
mod cik;
mod filing;
mod json;
pub mod names;
#[cfg(test)]
pub(crate) mod testing;

pub use accession::Accession;
pub use cik::Cik;
pub use company::{CompanyProfile, FormerName};
pub use company_list::CompanyList;
pub use dates::DateRange;
pub use filing::{
    ArtifactChoice, ArtifactKind, FileName, Filing, QueueItem, Target, submission_name,
};
pub use form::FormFilter;
pub use history::History;
pub use json::BadDocument;
pub use sic::{Sic, SicCodes};
pub use urls::Urls;
