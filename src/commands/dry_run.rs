//! `--dry-run`: what the run would ask for, and how long that takes at this rate.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::follow::Days;
use super::session;
use crate::config::{Backfill, Settings};
use crate::exit::Exit;
use crate::progress::format::{clock, count};
use crate::store::{Reader, Scope};

/// The plan of a run, as `--dry-run --json` prints it.
#[derive(Debug, Serialize)]
struct Plan {
    command: &'static str,
    dry_run: bool,
    /// What is downloaded of each filing, in one request.
    artifacts: &'static str,
    /// For an update those never looked at; which others changed, only the indexes tell.
    companies: u64,
    requests: Requests,
    /// Requests a second; `null` is no limit.
    rate: Option<u32>,
    /// The least time that the known requests take at this rate.
    seconds_at_least: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Requests {
    /// One for each company, and for each daily index. Older pages come on top where the dates
    /// reach back to them.
    discovery: u64,
    /// What earlier runs left queued. What discovery will find is not known yet.
    documents: u64,
}

/// Prints the plan.
pub(super) fn run(
    command: &'static str,
    settings: &Settings,
    options: &Backfill,
    scope: &Scope,
    days: Option<Days>,
    json: bool,
) -> Result<Exit> {
    let mut db = Reader::open(&settings.db)?;
    let planned = db.plan(scope, options.companies.limit)?;
    let (companies, indexes) = match days {
        None => (planned, 0),
        Some(days) => (db.never_checked()?.len() as u64, days.requests()),
    };
    let queued = db.queued()?;
    let documents = if options.download {
        queued.pending + queued.failed
    } else {
        0
    };
    let requests = companies + indexes + documents;
    let rate = settings.rate.map(std::num::NonZeroU32::get);
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no 53 bits")]
    let seconds = rate.map(|rate| requests as f64 / f64::from(rate));
    let plan = Plan {
        command,
        dry_run: true,
        artifacts: options.artifacts.as_str(),
        companies,
        requests: Requests {
            discovery: companies + indexes,
            documents,
        },
        rate,
        seconds_at_least: seconds,
    };
    if json {
        session::print_json(&plan)?;
    } else {
        session::print(&table(&plan, days))?;
    }
    Ok(Exit::Complete)
}

fn table(plan: &Plan, days: Option<Days>) -> String {
    let mut text = "Nothing was downloaded. This run would\n".to_owned();
    let companies = count(plan.companies);
    match days {
        None => writeln!(
            text,
            "- look at {companies} companies, one submissions request each (more where the dates \
             reach into older pages),"
        ),
        Some(days) => writeln!(
            text,
            "- read {} daily indexes, of the days after {} through {},\n\
             - look at the companies that changed, and {companies} that were never looked at,",
            count(days.requests()),
            days.after,
            days.through,
        ),
    }
    .expect("a String takes all");
    write!(
        text,
        "- download {} documents that earlier runs left queued, and of every new filing that it \
         finds {}, in one request,\n- ",
        count(plan.requests.documents),
        match plan.artifacts {
            "submission" => "the complete submission text",
            "documents" => "all documents",
            _ => "the primary document",
        },
    )
    .expect("a String takes all");
    match (
        plan.rate,
        plan.seconds_at_least.map(Duration::try_from_secs_f64),
    ) {
        (Some(rate), Some(Ok(time))) => writeln!(
            text,
            "take at least {} for the {} requests known now, at {rate} a second.",
            clock(time),
            count(plan.requests.discovery + plan.requests.documents),
        ),
        _ => writeln!(text, "ask as fast as it can: there is no rate limit."),
    }
    .expect("a String takes all");
    text
}
