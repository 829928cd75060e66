//! Which companies a run visits.

use super::item::{RunSelection, VisitGoal};
use crate::edgar::Cik;

/// Which companies a run visits, and what for. A backfill visits all of its selection, an update
/// those that have something new in any of its selections: the one type that says so.
#[derive(Debug, Clone, Default)]
pub struct Visits {
    /// What the run asks for.
    pub selections: Vec<RunSelection>,
    /// The companies, in the order of work, each with what is to be found for it.
    pub companies: Vec<(Cik, Vec<VisitGoal>)>,
}
