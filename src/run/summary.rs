//! The summary of a run: the table and the JSON document.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;

use super::export::Exported;
use super::metrics::{PAUSED, Sample, samples_of};
use super::request::RunKind;
use super::update::IndexResult;
use crate::config::PrintStyle;
use crate::counts::{CountGroup, Counts};
use crate::pipeline::Services;
use crate::progress::format::{bytes, clock, count, counted, seconds};
use crate::sources::bulk::ChosenSource;
use crate::store::{RunEnd, RunId};
use crate::style::{failure, status};

/// The part of the queue that is left after a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// What this run should have downloaded and did not try.
    pub pending: u64,
    /// Files that EDGAR does not have.
    pub unavailable: u64,
    /// Entries for companies outside the run's company filter.
    pub elsewhere: u64,
    /// All queued files, including failed ones.
    pub queued: u64,
}

/// The result of a run, as `--json` prints it. The field names are public.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    run_id: i64,
    command: &'static str,
    pub(super) status: &'static str,
    elapsed_s: f64,
    /// The source that a backfill used. An update sends a request for each company that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    discovery: Option<DiscoveryChoice>,
    companies: SummaryCompanies,
    filings: CountGroup,
    artifacts: SummaryArtifacts,
    requests: SummaryRequests,
    /// The number of errors by kind. `diagnose` has a remedy for each kind.
    pub(super) errors: BTreeMap<String, u64>,
    /// How many daily indexes an update read.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexes: Option<SummaryIndexes>,
    /// The day through which all followed selections are complete; `null` if there are none.
    through: Option<String>,
    /// The budget that ended the run: `max_duration`, `max_bytes` or `min_free_space`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<&'static str>,
    /// Why the run was aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The export at the end of an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) export: Option<SummaryExport>,
    /// For the table.
    #[serde(skip)]
    counts: Counts,
    #[serde(skip)]
    pub(super) left: Left,
    #[serde(skip)]
    pub(super) through_day: Option<Date>,
}

/// The export at the end of an update.
#[derive(Debug, Serialize)]
pub(super) struct SummaryExport {
    /// `completed`, `partial` if something could not be read, `interrupted`, `busy` or `failed`.
    pub(super) status: &'static str,
    /// Why it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// As `export --json` prints it.
    #[serde(flatten)]
    pub(super) exported: Option<Exported>,
}

#[derive(Debug, Clone, Serialize)]
struct SummaryIndexes {
    read: u64,
    failed: u64,
}

#[derive(Debug, Clone, Serialize)]
struct DiscoveryChoice {
    /// The source as it was chosen before the run.
    from: ChosenSource,
    why: String,
}

#[derive(Debug, Clone, Serialize)]
struct SummaryCompanies {
    #[serde(flatten)]
    counts: CountGroup,
    unchanged: u64,
}

#[derive(Debug, Clone, Serialize)]
struct SummaryArtifacts {
    #[serde(flatten)]
    counts: CountGroup,
    /// Files of any company that EDGAR does not have.
    unavailable: u64,
    pending: u64,
    /// Files queued for companies outside the run's company filter.
    #[serde(skip_serializing_if = "is_zero")]
    queued_elsewhere: u64,
}

#[derive(Debug, Clone, Serialize)]
struct SummaryRequests {
    #[serde(flatten)]
    counts: CountGroup,
    paused_s: f64,
}

impl DiscoveryChoice {
    fn of(services: &Services) -> Self {
        let choice = services.source.choice();
        Self {
            from: choice.source,
            why: choice.why.clone(),
        }
    }
}

impl Summary {
    /// Collects the numbers of a run that has ended.
    pub(super) fn new(
        kind: RunKind,
        run: RunId,
        end: RunEnd,
        services: &Services,
        left: Left,
        followed: Option<&IndexResult>,
        (errors, error): (BTreeMap<String, u64>, Option<String>),
    ) -> Self {
        let counts = services.counts();
        Self {
            counts,
            run_id: run.get(),
            command: kind.command(),
            status: end.status.as_str(),
            elapsed_s: seconds(services.started.elapsed()),
            discovery: matches!(kind, RunKind::Backfill { .. })
                .then(|| DiscoveryChoice::of(services)),
            companies: SummaryCompanies {
                counts: counts.group("companies"),
                unchanged: counts.companies_unchanged(),
            },
            filings: counts.group("filings"),
            artifacts: SummaryArtifacts {
                counts: counts.group("artifacts"),
                unavailable: left.unavailable,
                pending: left.pending,
                queued_elsewhere: left.elsewhere,
            },
            requests: SummaryRequests {
                counts: counts.group("requests"),
                paused_s: seconds(services.client.traffic().paused_time()),
            },
            indexes: followed.map(|followed| SummaryIndexes {
                read: followed.days_read(),
                failed: followed.days_failed(),
            }),
            through: end.through.map(|day| day.to_string()),
            ended_by: end.ended_by,
            errors,
            error,
            export: None,
            left,
            through_day: end.through,
        }
    }

    /// The counts of the run, for Prometheus.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let mut samples = samples_of(&self.counts);
        samples.push((PAUSED, String::new(), self.requests.paused_s));
        samples
    }

    /// The table without any emphasis.
    pub(super) fn plain_table(&self) -> String {
        self.table(PrintStyle {
            width: usize::MAX,
            styled: false,
            is_terminal: false,
        })
    }

    /// The summary as a table.
    pub(super) fn table(&self, style: PrintStyle) -> String {
        let elapsed = Duration::try_from_secs_f64(self.elapsed_s).unwrap_or_default();
        let (c, left) = (&self.counts, &self.artifacts);
        let failed = |number| failure(&format!("{} failed", count(number)), number > 0, style);
        let indexes = self.indexes.as_ref().map(|i| {
            let (read, failed) = (count(i.read), count(i.failed));
            let mut text = format!("{read} read, {failed} failed");
            if let Some(through) = &self.through {
                write!(text, "; complete through {through}").expect("a String takes all");
            }
            ("Indexes".to_owned(), text)
        });
        let discovery = self.discovery.as_ref().map(|d| {
            let text = format!("from {}: {}", d.from, d.why);
            ("Discovery".to_owned(), text)
        });
        let rows = [
            (
                format!("Run {}", self.run_id),
                format!(
                    "{} {} in {}",
                    self.command,
                    status(self.status, style),
                    clock(elapsed)
                ),
            ),
            (
                "Companies".to_owned(),
                format!(
                    "{} of {}: {} with new filings, {} unchanged, {}{}",
                    count(c.companies_done),
                    count(c.companies_total),
                    count(c.companies_with_new),
                    count(self.companies.unchanged),
                    failed(c.companies_failed),
                    unavailable(c.companies_unavailable),
                ),
            ),
            (
                "Filings".to_owned(),
                format!(
                    "{} found, {} new",
                    count(c.filings_found),
                    count(c.filings_new)
                ),
            ),
            (
                "Artifacts".to_owned(),
                format!(
                    "{} new, {} downloaded ({}), {}, {} still queued{}{}",
                    count(c.artifacts_created),
                    count(c.downloaded),
                    bytes(c.bytes),
                    failed(c.failed),
                    count(left.pending),
                    unavailable(left.unavailable),
                    elsewhere(left.queued_elsewhere),
                ),
            ),
            (
                "Requests".to_owned(),
                format!(
                    "{}: {}, {} discovery, {}; {}, paused {}",
                    count(c.requests),
                    counted(c.requests_companies, ["list", "lists"]),
                    count(c.requests_discovery),
                    counted(c.requests_documents, ["document", "documents"]),
                    counted(c.retries, ["retry", "retries"]),
                    clock(Duration::try_from_secs_f64(self.requests.paused_s).unwrap_or_default()),
                ),
            ),
        ];
        let mut text = String::new();
        for (name, value) in rows.into_iter().chain(indexes).chain(discovery) {
            writeln!(text, "{name:<10} {value}").expect("a String takes all");
        }
        text
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The number of unavailable items; empty for 0.
fn unavailable(number: u64) -> String {
    match number {
        0 => String::new(),
        number => format!(", {} unavailable at EDGAR", count(number)),
    }
}

/// The number of items that are queued for other companies, and the command to download them; empty
/// for 0.
fn elsewhere(number: u64) -> String {
    match number {
        0 => String::new(),
        number => format!(
            "; {} queued for other companies: `filing-etl download` downloads them",
            count(number)
        ),
    }
}
