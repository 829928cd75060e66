//! The companies that a run visits.

use super::item::{RunSelection, VisitGoal};
use crate::edgar::Cik;

/// The companies that a run visits, and what for. A backfill visits all companies of its selection; an
/// update visits those that have new filings in a followed selection.
#[derive(Debug, Clone, Default)]
pub struct Visits {
    pub selections: Vec<RunSelection>,
    /// The companies in the order of the visits, each with its goals.
    pub companies: Vec<(Cik, Vec<VisitGoal>)>,
}
