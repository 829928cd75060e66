//! `--dry-run`: the requests that the run would send, and how long they take at this rate.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::update::UpdateRange;
use super::{Prepared, RunKind, discovery};
use crate::config::{RunOptions, Settings};
use crate::edgar::{Cik, Wanted};
use crate::exit::Exit;
use crate::print::{print, print_json};
use crate::progress::format::{bytes, clock, many};
use crate::sources::bulk::ChosenSource;
use crate::store::{QueueFilter, Reader};

/// The plan of a run, as `--dry-run --json` prints it.
#[derive(Debug, Serialize)]
struct DryRunJson {
    command: &'static str,
    dry_run: bool,
    /// What is downloaded of each filing, in one request; `null` if it depends on the selection.
    artifacts: Option<&'static str>,
    /// Whether artifacts are downloaded. If not, they stay queued.
    download: bool,
    /// For an update, only the companies that were never checked: the indexes are not read yet.
    companies: u64,
    discovery: DiscoveryPlan,
    requests: RequestPlan,
    bytes: Bytes,
    /// Requests a second; `null` without a limit.
    rate: Option<u32>,
    /// The least time that the known requests take at this rate; `null` without a limit.
    seconds_at_least: Option<f64>,
}

#[derive(Debug, Serialize)]
struct DiscoveryPlan {
    from: ChosenSource,
    why: String,
}

#[derive(Debug, Serialize)]
struct RequestPlan {
    /// Daily indexes of an update.
    indexes: u64,
    /// One for each company, or one for the archive, plus the indexes (as in the summary of a run).
    /// Older pages are not included.
    discovery: u64,
    /// The queue of earlier runs. What discovery will find is not known yet.
    documents: u64,
}

#[derive(Debug, Serialize)]
struct Bytes {
    /// Bytes of `submissions.zip` that are missing here; assumed if the archive was never seen.
    archive: u64,
    /// Bytes of the queued documents, at most.
    documents_at_most: u64,
}

pub(super) fn run(
    kind: RunKind,
    settings: &Settings,
    options: &RunOptions,
    prepared: &Prepared,
    queue_of: Option<Vec<Cik>>,
    json: bool,
) -> Result<Exit> {
    let db = Reader::open(&settings.db)?;
    let (companies, indexes, days) = match prepared {
        Prepared::Nothing => (0, 0, None),
        Prepared::Backfill(asked) => (asked.companies.len() as u64, 0, None),
        Prepared::Update(days) => {
            let new = days.new_companies().len() as u64;
            (new, days.requests(), Some(days))
        }
    };
    let choice = discovery::choice(settings, options, companies);
    let (documents, at_most) = if options.download {
        db.queue_cost(&QueueFilter {
            companies: queue_of,
            ..QueueFilter::default()
        })?
    } else {
        (0, 0)
    };
    let asked = match choice.source {
        ChosenSource::Api => companies,
        ChosenSource::Bulk => companies.min(1),
    };
    let rate = settings.rate.map(std::num::NonZeroU32::get);
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no 53 bits")]
    let others = |rate| (indexes + documents) as f64 / f64::from(rate);
    let plan = DryRunJson {
        command: kind.command(),
        dry_run: true,
        artifacts: options.asked.artifacts.map(Wanted::as_str),
        download: options.download,
        companies,
        discovery: DiscoveryPlan {
            from: choice.source,
            why: choice.why,
        },
        requests: RequestPlan {
            indexes,
            discovery: indexes + asked,
            documents,
        },
        bytes: Bytes {
            archive: choice.bytes,
            documents_at_most: at_most,
        },
        rate,
        seconds_at_least: rate.map(|rate| milliseconds(choice.time.as_secs_f64() + others(rate))),
    };
    if json {
        print_json(&plan)?;
    } else {
        print(&table(&plan, days))?;
    }
    Ok(Exit::Complete)
}

/// Rounds to milliseconds, which is more precise than the estimate.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn table(plan: &DryRunJson, days: Option<&UpdateRange>) -> String {
    let mut text = "Nothing was downloaded. This run would\n".to_owned();
    let mut say = |line: String| writeln!(text, "{line}").expect("a String takes all");
    let companies = many(plan.companies, ["company", "companies"]);
    match (days, plan.discovery.from) {
        (Some(days), _) => {
            say(match plan.requests.indexes {
                0 => format!(
                    "- read no daily index: all days through {} are read,",
                    days.after
                ),
                n => format!(
                    "- read {}, of the days after {} through {},",
                    many(n, ["daily index", "daily indexes"]),
                    days.after,
                    days.last,
                ),
            });
            say(format!(
                "- visit the companies that changed, and {companies} that were never checked,"
            ));
        }
        (None, ChosenSource::Api) => say(format!(
            "- visit {companies}, one submissions request each (more where the dates reach into \
             older pages): {},",
            plan.discovery.why,
        )),
        (None, ChosenSource::Bulk) => say(format!(
            "- visit {companies} through submissions.zip, one request for {} of it: {},",
            bytes(plan.bytes.archive),
            plan.discovery.why,
        )),
    }
    let known = match plan.bytes.documents_at_most {
        0 => String::new(),
        most => format!(" (at most {})", bytes(most)),
    };
    let of_each = match plan.artifacts {
        Some("submission") => "the complete submission text",
        Some("documents") => "all documents",
        Some(_) => "the primary document",
        None => "what its selection asks for",
    };
    say(if plan.download {
        format!(
            "- download {} that earlier runs left queued{known}, and {of_each} of every new filing \
             that it finds, in one request for each,",
            many(plan.requests.documents, ["document", "documents"]),
        )
    } else {
        format!("- download nothing, but queue {of_each} of every new filing that it finds,")
    });
    let time = plan.seconds_at_least.map(Duration::try_from_secs_f64);
    match (plan.rate, time) {
        (Some(rate), Some(Ok(time))) => say(format!(
            "- take at least {} for the {} known now, at {rate} a second.",
            clock(time),
            many(
                plan.requests.discovery + plan.requests.documents,
                ["request", "requests"]
            ),
        )),
        _ => say("- send requests as fast as it can: there is no rate limit.".to_owned()),
    }
    text
}
