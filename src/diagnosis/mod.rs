//! Says what is missing and why: pure, from what the record knows of each company.
//!
//! [`Reason::of`] has the rules, in the order in which they are tried; [`Coverage`] adds up;
//! [`remedy::remedy`] is the one place that says what to do about a failure.

mod coverage;
mod failures;
mod reason;
mod remedy;

pub use coverage::{Coverage, Tally};
pub use failures::FailuresOfKind;
pub use reason::{Reason, Wish, heading};
