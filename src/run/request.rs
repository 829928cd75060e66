//! What a run was asked to do.

use crate::config::{PrintStyle, RunOptions};
use crate::edgar::QueueItem;

/// The command of a run, which determines the companies that it visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Visits all companies of its selection.
    Backfill {
        /// Whether `update` follows the selection afterwards.
        follow: bool,
    },
    /// Visits the companies that changed in the followed selections.
    Update,
    /// Visits no company and only downloads the queue.
    Download,
    /// Visits no company, downloads one file for the command that prints it, and prints nothing itself.
    Text,
}

impl RunKind {
    /// The name of the command in `v_runs`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Backfill { .. } => "backfill",
            Self::Update => "update",
            Self::Download => "download",
            Self::Text => "text",
        }
    }

    /// Whether it visits companies, so that it needs the company lists.
    pub(super) fn visits_companies(self) -> bool {
        matches!(self, Self::Backfill { .. } | Self::Update)
    }
}

/// What a run must do.
#[derive(Debug)]
pub struct RunRequest {
    pub kind: RunKind,
    pub options: RunOptions,
    /// The only file that is downloaded, which the run queues itself; `None` is the queue.
    pub only: Option<QueueItem>,
    /// Only print what the run would do.
    pub dry_run: bool,
    /// Print one JSON document instead of the table.
    pub json: bool,
    /// What the table is printed on. Asked for at the end, since a terminal may have been resized.
    pub style: fn() -> PrintStyle,
}

impl RunRequest {
    /// The options as one JSON object, for `v_runs.options`.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let mut options = self.options.to_json();
        if let Some(item) = &self.only {
            options["accession"] = item.accession.to_string().into();
            options["name"] = item.target.name(item.accession).into();
        }
        options
    }
}
