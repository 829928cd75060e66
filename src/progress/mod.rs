//! What a run has done so far, and how that is shown.
//!
//! The stages count into [`crate::counts::Counters`]; nobody but this module draws. [`frame()`] turns one
//! [`Snapshot`] into lines of text, pure; [`Dashboard`] shows them, live or printed.

mod activity;
mod dashboard;
pub mod format;
mod frame;
mod line;
mod snapshot;

pub use activity::Activity;
pub(crate) use dashboard::LOG_TARGET;
pub use dashboard::{Dashboard, DashboardStyle, Terminal};
pub use frame::frame;
pub use line::StatusLine;
pub use snapshot::Snapshot;
