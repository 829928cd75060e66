//! What a run came to: the table and the JSON document.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::RunKind;
use super::update::Followed;
use crate::net::RequestKind;
use crate::pipeline::Services;
use crate::progress::format::{bytes, clock, count};
use crate::sources::bulk::Way;
use crate::store::{RunEnd, RunId};

/// What is left of the queue after a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// What this run was to download and did not try.
    pub pending: u64,
    /// What EDGAR does not have.
    pub unavailable: u64,
    /// What is queued of companies that the run was not about.
    pub elsewhere: u64,
}

/// The result of a run, as `--json` prints it: the names of the fields are public.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    run_id: i64,
    command: &'static str,
    status: &'static str,
    elapsed_s: f64,
    /// Which way a backfill took; an update asks for each company that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    discovery: Option<Discovery>,
    companies: Companies,
    filings: Filings,
    artifacts: Artifacts,
    requests: Requests,
    /// How far an update followed the daily indexes.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexes: Option<Indexes>,
    /// Through which day all followed selections are known; `null` without any.
    through: Option<String>,
    /// The budget that ended the run: `max_duration`, `max_bytes` or `min_free_space`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Indexes {
    read: u64,
    failed: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Discovery {
    /// As it was chosen before the run.
    from: Way,
    why: String,
}

#[derive(Debug, Clone, Serialize)]
struct Companies {
    total: u64,
    done: u64,
    with_new: u64,
    failed: u64,
    unavailable: u64,
    unchanged: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Filings {
    found: u64,
    new: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Artifacts {
    created: u64,
    downloaded: u64,
    failed: u64,
    /// Files that EDGAR does not have, of any company.
    unavailable: u64,
    pending: u64,
    /// Queued files of companies that the run was not about.
    #[serde(skip_serializing_if = "is_zero")]
    queued_elsewhere: u64,
    bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Requests {
    total: u64,
    companies: u64,
    discovery: u64,
    documents: u64,
    retries: u64,
    paused_s: f64,
}

impl Discovery {
    fn of(cx: &Services) -> Self {
        let choice = cx.source.choice();
        Self {
            from: choice.way,
            why: choice.why.clone(),
        }
    }
}

impl Summary {
    /// The numbers of a run that has ended, with the artifacts that are still to be downloaded.
    pub(super) fn new(
        kind: RunKind,
        run: RunId,
        end: RunEnd,
        cx: &Services,
        left: Left,
        followed: Option<&Followed>,
    ) -> Self {
        let s = cx.snapshot();
        let traffic = cx.client.traffic();
        Self {
            run_id: run.get(),
            command: kind.command(),
            status: end.status.as_str(),
            elapsed_s: seconds(s.elapsed),
            discovery: matches!(kind, RunKind::Backfill { .. }).then(|| Discovery::of(cx)),
            companies: Companies {
                total: s.companies_total,
                done: s.companies_done,
                with_new: s.companies_with_new,
                failed: s.companies_failed,
                unavailable: s.companies_unavailable,
                unchanged: s.companies_unchanged(),
            },
            filings: Filings {
                found: s.filings_found,
                new: s.filings_new,
            },
            artifacts: Artifacts {
                created: s.artifacts_created,
                downloaded: s.downloaded,
                failed: s.failed,
                unavailable: left.unavailable,
                pending: left.pending,
                queued_elsewhere: left.elsewhere,
                bytes: s.bytes,
            },
            requests: Requests {
                total: s.requests,
                companies: traffic.requests_of(RequestKind::Companies),
                discovery: traffic.requests_of(RequestKind::Discovery),
                documents: traffic.requests_of(RequestKind::Document),
                retries: traffic.retries(),
                paused_s: seconds(s.paused),
            },
            indexes: followed.map(|followed| Indexes {
                read: followed.days_read(),
                failed: followed.days_failed(),
            }),
            through: end.through.map(|day| day.to_string()),
            ended_by: end.ended_by,
        }
    }

    /// A table for people.
    pub(super) fn table(&self) -> String {
        let elapsed = Duration::try_from_secs_f64(self.elapsed_s).unwrap_or_default();
        let (c, f, a, r) = (
            &self.companies,
            &self.filings,
            &self.artifacts,
            &self.requests,
        );
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
                format!("{} {} in {}", self.command, self.status, clock(elapsed)),
            ),
            (
                "Companies".to_owned(),
                format!(
                    "{} of {}: {} with new filings, {} unchanged, {} failed{}",
                    count(c.done),
                    count(c.total),
                    count(c.with_new),
                    count(c.unchanged),
                    count(c.failed),
                    unavailable(c.unavailable),
                ),
            ),
            (
                "Filings".to_owned(),
                format!("{} found, {} new", count(f.found), count(f.new)),
            ),
            (
                "Artifacts".to_owned(),
                format!(
                    "{} new, {} downloaded ({}), {} failed, {} still queued{}{}",
                    count(a.created),
                    count(a.downloaded),
                    bytes(a.bytes),
                    count(a.failed),
                    count(a.pending),
                    unavailable(a.unavailable),
                    elsewhere(a.queued_elsewhere),
                ),
            ),
            (
                "Requests".to_owned(),
                format!(
                    "{}: {} lists, {} discovery, {} documents; {} retries, paused {}",
                    count(r.total),
                    count(r.companies),
                    count(r.discovery),
                    count(r.documents),
                    count(r.retries),
                    clock(Duration::try_from_secs_f64(r.paused_s).unwrap_or_default()),
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

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What EDGAR does not have, where there is any.
fn unavailable(number: u64) -> String {
    match number {
        0 => String::new(),
        number => format!(", {} unavailable at EDGAR", count(number)),
    }
}

/// What is queued of other companies, where there is any, with the command that gets it.
fn elsewhere(number: u64) -> String {
    match number {
        0 => String::new(),
        number => format!(
            "; {} queued of other companies: `filing-etl download` gets them",
            count(number)
        ),
    }
}
