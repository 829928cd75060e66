//! Says what is missing and why: pure, from what the record knows of each company.
//!
//! [`Reason::of`] has the rules, in the order in which they are tried; [`Coverage`] adds up;
//! [`remedy()`] is the one place that says what to do about a failure.

mod coverage;
mod reason;
mod remedy;

pub use coverage::{Coverage, Tally};
pub use reason::{Reason, Wish, heading};
pub use remedy::remedy;
