//! The result of a verification as a table and as a JSON document.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use super::reuse::Reused;
use crate::cli::RepeatedArgs;
use crate::config::PrintStyle;
use crate::progress::format::{bytes, clock, count, printable};
use crate::style::failure;

/// The maximum number of problems listed in the JSON document and kept in memory, some 200 bytes each. The
/// counts include all problems.
pub(super) const MOST_LISTED: usize = 100_000;

/// The maximum number of problems of one kind in the table.
const MOST_SHOWN: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BadFileKind {
    Missing,
    /// Its size or content differs from the record.
    Damaged,
    /// It could not be opened or read.
    Unreadable,
    Orphan,
}

impl BadFileKind {
    const ALL: [Self; 4] = [Self::Missing, Self::Damaged, Self::Unreadable, Self::Orphan];

    pub(super) fn is_queued_again(self) -> bool {
        matches!(self, Self::Missing | Self::Damaged)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
            Self::Orphan => "orphan",
        }
    }
}

/// A file with a problem.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BadFile {
    pub kind: BadFileKind,
    /// Relative to the data dir.
    pub path: String,
    pub cik: Option<u64>,
    pub accession: Option<String>,
    pub detail: Option<String>,
}

impl BadFile {
    /// The problem as text.
    pub(super) fn said(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {}", self.kind.as_str(), detail),
            None => self.kind.as_str().to_owned(),
        }
    }
}

/// The output of `--json`; its field names are public.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verification {
    /// Whether only sizes were compared.
    quick: bool,
    /// Whether every file was checked.
    pub complete: bool,
    elapsed_s: f64,
    /// The number of checked files, and their bytes.
    checked: u64,
    bytes: u64,
    missing: u64,
    damaged: u64,
    unreadable: u64,
    orphan: u64,
    pub queued_again: u64,
    /// Files that were taken back from the queue, with their bytes, if `--reuse` asked for that.
    pub reused: Option<Reused>,
    /// Files that an earlier verification queued again and that are not downloaded yet.
    pub waiting: u64,
    /// The problems, sorted by kind and path, at most [`MOST_LISTED`].
    problems: Vec<BadFile>,
    /// The number of problems that are not listed.
    not_listed: u64,
}

impl Verification {
    pub(super) fn new(quick: bool) -> Self {
        Self {
            quick,
            complete: false,
            elapsed_s: 0.0,
            checked: 0,
            bytes: 0,
            missing: 0,
            damaged: 0,
            unreadable: 0,
            orphan: 0,
            queued_again: 0,
            reused: None,
            waiting: 0,
            problems: Vec::new(),
            not_listed: 0,
        }
    }

    pub(super) fn add(&mut self, problem: BadFile) {
        *match problem.kind {
            BadFileKind::Missing => &mut self.missing,
            BadFileKind::Damaged => &mut self.damaged,
            BadFileKind::Unreadable => &mut self.unreadable,
            BadFileKind::Orphan => &mut self.orphan,
        } += 1;
        if self.problems.len() < MOST_LISTED {
            self.problems.push(problem);
        } else {
            self.not_listed += 1;
        }
    }

    /// Sets the totals and sorts the problems, so that their order does not depend on threads.
    pub(super) fn finish(&mut self, checked: &AtomicU64, bytes: &AtomicU64, elapsed: Duration) {
        self.checked = checked.load(Relaxed);
        self.bytes = bytes.load(Relaxed);
        self.elapsed_s = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
        self.problems
            .sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    }

    /// Whether every recorded file is intact. Orphans do not matter.
    pub(super) fn is_whole(&self) -> bool {
        self.missing + self.damaged + self.unreadable + self.waiting == 0
    }

    /// The table for a terminal.
    pub(super) fn table(&self, repeated_args: &RepeatedArgs, style: PrintStyle) -> String {
        let elapsed = Duration::try_from_secs_f64(self.elapsed_s).unwrap_or_default();
        let how = if self.quick {
            "sizes only"
        } else {
            "every byte"
        };
        let bad = self.missing + self.damaged + self.unreadable;
        let left = if self.complete {
            ""
        } else {
            ", then stopped: the rest was not checked"
        };
        let bad_files = |number: u64| failure(&count(number), number > 0, style);
        let rows = [
            (
                "Checked",
                format!(
                    "{} files, {} ({how}) in {}{left}",
                    count(self.checked),
                    bytes(self.bytes),
                    clock(elapsed),
                ),
            ),
            ("Whole", count(self.checked.saturating_sub(bad))),
            ("Missing", bad_files(self.missing)),
            ("Damaged", bad_files(self.damaged)),
            ("Unreadable", bad_files(self.unreadable)),
            ("Orphan", count(self.orphan)),
            ("Queued", self.queued()),
        ];
        let mut text = String::new();
        let mut line = |line: String| writeln!(text, "{line}").expect("a String takes all");
        for (name, value) in rows {
            line(format!("{name:<10} {value}"));
        }
        if let Some(reused) = self.reused {
            let files = count(reused.files);
            line(format!(
                "{:<10} {files} from the queue ({})",
                "Reused",
                bytes(reused.bytes)
            ));
        }
        for kind in BadFileKind::ALL {
            let all = || self.problems.iter().filter(|p| p.kind == kind);
            let number = all().count();
            if number == 0 {
                continue;
            }
            line(format!("\n{}:", heading(kind)));
            for problem in all().take(MOST_SHOWN) {
                line(format!("  {}", printable(&problem.path)));
                if let Some(detail) = &problem.detail {
                    line(format!("    {}", printable(detail)));
                }
            }
            if number > MOST_SHOWN {
                let more = count((number - MOST_SHOWN) as u64);
                line(format!("  and {more} more: --json lists them"));
            }
        }
        if self.queued_again + self.waiting > 0 {
            let next = printable(&repeated_args.here("download"));
            line(format!("\nNext: `{next}` downloads what was queued again."));
        }
        text
    }
}

impl Verification {
    fn queued(&self) -> String {
        let again = format!("{} again", count(self.queued_again));
        match self.waiting {
            0 => again,
            waiting => format!("{again}, {} from earlier", count(waiting)),
        }
    }
}

fn heading(kind: BadFileKind) -> &'static str {
    match kind {
        BadFileKind::Missing => "Missing, queued again",
        BadFileKind::Damaged => "Damaged, queued again",
        BadFileKind::Unreadable => "Unreadable, not queued",
        BadFileKind::Orphan => "Orphan: belongs to no artifact; not deleted",
    }
}
