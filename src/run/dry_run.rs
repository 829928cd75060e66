//! `--dry-run`: the requests that the run would send, and how long they take at this rate.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tempfile::TempDir;

use super::discovery;
use super::plan::Prepared;
use super::request::RunKind;
use super::update::UpdateRange;
use crate::config::{RunOptions, Settings};
use crate::edgar::calendar::filing_day;
use crate::edgar::{ArtifactChoice, Cik, FormFilter};
use crate::exit::Exit;
use crate::print::{print, print_json};
use crate::progress::format::{bytes, clock, counted};
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
    /// For an update, only the companies that were never checked, because the indexes are not read yet.
    companies: u64,
    discovery: DiscoveryPlan,
    requests: RequestPlan,
    bytes: Bytes,
    /// Requests a second; `null` without a limit.
    rate: Option<u32>,
    /// The least time that the known requests take at this rate; `null` without a limit.
    seconds_at_least: Option<f64>,
    /// The additional time for the estimated requests; `null` without a limit or an estimate.
    seconds_estimated: Option<f64>,
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
    /// Documents that discovery may find for companies that were never checked: an estimate from companies,
    /// forms and years; `null` if all were checked.
    documents_estimated: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Bytes {
    /// Bytes of `submissions.zip` to download; assumed if the archive was never downloaded.
    archive: u64,
    /// Bytes of the queued documents, at most.
    documents_at_most: u64,
}

/// The place of a dry run. A database or data dir that does not exist yet is replaced by a temporary one, so
/// that the dry run creates neither.
#[derive(Debug)]
pub(super) struct DryRunPaths {
    settings: Settings,
    /// Removed when dropped.
    _folder: Option<TempDir>,
}

impl DryRunPaths {
    /// # Errors
    ///
    /// If no temporary folder can be created.
    pub(super) fn of(settings: &Settings) -> Result<Self> {
        let mut settings = settings.clone();
        let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
        if is_there(&settings.db) && is_there(&settings.data_dir) {
            return Ok(Self {
                settings,
                _folder: None,
            });
        }
        let folder = tempfile::tempdir().context(
            "cannot create a temporary folder for the dry run: set TMPDIR to a writable folder",
        )?;
        if !is_there(&settings.db) {
            settings.db = folder.path().join("filings.db");
        }
        if !is_there(&settings.data_dir) {
            settings.data_dir = folder.path().join("filings");
        }
        Ok(Self {
            settings,
            _folder: Some(folder),
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// How many filings of a form a listed company files in a year, from 4,020,941 filings of 7,876 companies.
/// Their years were counted by annual reports: 0.8 of them for each company and year.
const A_YEAR: [(&str, f64); 24] = [
    ("4", 22.8),
    ("8-K", 8.5),
    ("6-K", 3.8),
    ("10-Q", 2.4),
    ("SC 13G/A", 2.1),
    ("3", 1.9),
    ("144", 1.2),
    ("CORRESP", 1.0),
    ("424B2", 1.0),
    ("UPLOAD", 0.9),
    ("SC 13G", 0.8),
    ("DEF 14A", 0.8),
    ("10-K", 0.8),
    ("DEFA14A", 0.7),
    ("SC 13D/A", 0.5),
    ("4/A", 0.5),
    ("424B3", 0.4),
    ("5", 0.4),
    ("425", 0.4),
    ("EFFECT", 0.4),
    ("20-F", 0.1),
    ("10-K/A", 0.1),
    ("10-Q/A", 0.1),
    ("40-F", 0.02),
];

/// How many filings of all forms a listed company files in a year.
const ALL_A_YEAR: f64 = 58.7;

/// The filings that discovery may find for companies that were never checked.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    companies: u64,
    a_year: f64,
    years: f64,
}

impl Estimate {
    /// `None` if all companies were checked before.
    fn of(
        db: &Reader,
        companies: &[Cik],
        options: &RunOptions,
        today: Date,
    ) -> Result<Option<Self>> {
        let known = db.checked_since(companies, Timestamp::MIN)?.len();
        let (Some(forms), Some(since)) = (&options.asked.forms, options.asked.since) else {
            return Ok(None);
        };
        let companies = companies.len().saturating_sub(known) as u64;
        let until = options.asked.until.unwrap_or(today);
        let days = since.until(until).map_or(0, |span| span.get_days()).max(0) + 1;
        Ok((companies > 0).then(|| Self {
            companies,
            a_year: filed_a_year(forms),
            years: f64::from(days) / 365.25,
        }))
    }

    fn documents(self) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an estimate of what is never negative"
        )]
        let documents = (self.companies as f64 * self.a_year * self.years).round() as u64;
        documents
    }
}

fn filed_a_year(forms: &FormFilter) -> f64 {
    // A type that does not exist is wanted only if all types are.
    if forms.wants("NO SUCH FORM") {
        return ALL_A_YEAR;
    }
    let wanted = A_YEAR.iter().filter(|(form, _)| forms.wants(form));
    wanted.map(|(_, a_year)| a_year).sum()
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
    let today = filing_day(settings.clock.now());
    let estimate = match prepared {
        Prepared::Backfill(asked) => Estimate::of(&db, &asked.companies, options, today)?,
        Prepared::Nothing | Prepared::Update(_) => None,
    };
    let rate = settings.rate.map(std::num::NonZeroU32::get);
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no 53 bits")]
    let others = |rate| (indexes + documents) as f64 / f64::from(rate);
    let plan = DryRunJson {
        command: kind.command(),
        dry_run: true,
        artifacts: options.asked.artifacts.map(ArtifactChoice::as_str),
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
            documents_estimated: estimate.map(Estimate::documents),
        },
        bytes: Bytes {
            archive: choice.bytes,
            documents_at_most: at_most,
        },
        rate,
        seconds_at_least: rate.map(|rate| milliseconds(choice.time.as_secs_f64() + others(rate))),
        seconds_estimated: rate
            .zip(estimate.filter(|_| options.download))
            .map(|(rate, e)| {
                #[expect(clippy::cast_precision_loss, reason = "an estimate needs no 53 bits")]
                let documents = e.documents() as f64;
                milliseconds(documents / f64::from(rate))
            }),
    };
    if json {
        print_json(&plan)?;
    } else {
        print(&table(&plan, days, estimate))?;
    }
    Ok(Exit::Complete)
}

/// Rounds to milliseconds, which is more precise than the estimate.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn table(plan: &DryRunJson, days: Option<&UpdateRange>, estimate: Option<Estimate>) -> String {
    let mut text = "Nothing was downloaded. This run would\n".to_owned();
    let mut say = |line: String| writeln!(text, "{line}").expect("a String takes all");
    let companies = counted(plan.companies, ["company", "companies"]);
    match (days, plan.discovery.from) {
        (Some(days), _) => {
            say(match plan.requests.indexes {
                0 => format!(
                    "- read no daily index: all days through {} are read,",
                    days.after
                ),
                n => format!(
                    "- read {}, of the days after {} through {},",
                    counted(n, ["daily index", "daily indexes"]),
                    days.after,
                    days.last,
                ),
            });
            say(format!(
                "- visit the companies that changed, and {companies} that were never checked,"
            ));
        }
        (None, ChosenSource::Api) => say(format!(
            "- visit {companies}, one submissions request each (more if the dates include older \
             pages): {},",
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
        None => "the artifacts of its selection",
    };
    say(if plan.download {
        format!(
            "- download {} in the queue{known}, and {of_each} of every new filing that it finds, in \
             one request for each,",
            counted(plan.requests.documents, ["document", "documents"]),
        )
    } else {
        format!("- download nothing, but queue {of_each} of every new filing that it finds,")
    });
    if let Some(estimate) = estimate {
        say(format!(
            "- find about {} that are not known yet. That is an estimate: {} never checked x {:.1} \
             filings of these forms a year x {:.1} years,",
            counted(estimate.documents(), ["filing", "filings"]),
            counted(estimate.companies, ["company", "companies"]),
            estimate.a_year,
            estimate.years,
        ));
    }
    let time = plan.seconds_at_least.map(Duration::try_from_secs_f64);
    match (plan.rate, time) {
        (Some(rate), Some(Ok(time))) => say(format!(
            "- take at least {} for the {} known now, at {rate} a second{}.",
            clock(time),
            counted(
                plan.requests.discovery + plan.requests.documents,
                ["request", "requests"]
            ),
            match plan.seconds_estimated.map(Duration::try_from_secs_f64) {
                Some(Ok(more)) =>
                    format!(", and about {} more for the estimated ones", clock(more)),
                _ => String::new(),
            },
        )),
        _ => say("- send requests as fast as it can: there is no rate limit.".to_owned()),
    }
    text
}
