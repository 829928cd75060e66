//! Determines what is missing and why, from the record of each company. Pure: no I/O.
//!
//! [`Reason::of`] has the rules in the order in which they apply, [`Coverage`] the sums by exchange, and
//! [`remedy::remedy`] the next step for each kind of failure.

mod coverage;
mod failures;
mod reason;
mod remedy;

pub use coverage::{Coverage, Tally};
pub use failures::FailuresOfKind;
pub use reason::{Reason, SelectedFilings, heading};
