//! The progress of a run on standard error.
//!
//! The stages add to [`crate::counts::Counters`]. [`frame()`] turns a [`Snapshot`] of them into lines of
//! text; [`Dashboard`] shows the lines. Only this module draws on the terminal.

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
