//! The settings and options of a run: plain data without defaults, made by [`crate::cli`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use url::Url;

use crate::clock::Clock;
use crate::criteria::{CompanyCriteria, ShownCriterion};
use crate::edgar::{ArtifactChoice, Cik, FormFilter, Urls};
use crate::exchange::Exchange;
use crate::net::{Timeouts, UserAgent};
use crate::progress::DashboardStyle;
pub use crate::style::PrintStyle;

/// The settings of every command.
#[derive(Debug, Clone)]
pub struct Settings {
    pub db: PathBuf,
    pub data_dir: PathBuf,
    /// Whether to accept a new, empty data dir in place of the recorded one.
    pub new_data_dir: bool,
    /// Whether to use these addresses although the database was filled from others.
    pub accept_urls: bool,
    /// The folder of the state that all runs of this user share.
    pub state_dir: PathBuf,
    /// Always set if a host under sec.gov is used.
    pub user_agent: Option<UserAgent>,
    /// Requests a second over all threads; `None` is no limit.
    pub rate: Option<NonZeroU32>,
    pub urls: Urls,
    pub clock: Clock,
    /// `SSL_CERT_FILE`: the trusted authorities, if they are not the system's.
    pub certificates: Option<PathBuf>,
    pub timeouts: Timeouts,
    /// How long to wait for a locked database; `None` is the default of the store.
    pub locked: Option<Duration>,
}

/// Where the result of a run is reported, besides the database and the log.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Whether standard output gets one JSON document instead of the table.
    pub json: bool,
    /// The file that is written for Prometheus.
    pub metrics_file: Option<PathBuf>,
    /// The URL to which the start and the end of a run are reported.
    pub ping_url: Option<Url>,
    /// The clock for recorded times.
    pub clock: Clock,
    /// The timeouts of a request.
    pub timeouts: Timeouts,
}

#[derive(Debug, Clone)]
pub struct RunOptions {
    pub concurrency: Concurrency,
    /// Companies read from the database in one batch.
    pub batch_size: usize,
    /// The selection that the user asked for.
    pub asked: SelectionOptions,
    pub discover_from: DiscoverFrom,
    /// Whether to download the discovered artifacts; otherwise they stay queued.
    pub download: bool,
    /// Whether to retry companies that were unavailable at EDGAR.
    pub retry_unavailable: bool,
    /// Attempts per request before an item is marked failed.
    pub max_attempts: u32,
    /// The pause of all requests after EDGAR reports that the limit was exceeded.
    pub block_cooldown: Duration,
    pub budgets: Budgets,
    pub progress: DashboardStyle,
}

/// The selection that the user asked for. In place of a `None`, a backfill uses its default, an update the
/// value of each recorded selection.
#[derive(Debug, Clone, Default)]
pub struct SelectionOptions {
    pub companies: CompanyFilter,
    pub forms: Option<FormFilter>,
    /// The form types that the user named, without `all` and families.
    pub named_forms: Vec<String>,
    /// The first filing date.
    pub since: Option<Date>,
    /// The last filing date, if it is in the past.
    pub until: Option<Date>,
    pub artifacts: Option<ArtifactChoice>,
}

impl RunOptions {
    /// The options as one JSON object, for `v_runs.options`. An option that was not given is `null`.
    pub fn to_json(&self) -> serde_json::Value {
        let asked = &self.asked;
        let companies = &asked.companies;
        let exchanges = companies.exchanges();
        let mut options = serde_json::json!({
            "max_concurrent_companies": self.concurrency.companies,
            "max_concurrent_downloads": self.concurrency.downloads,
            "one_phase_after_the_other": self.concurrency.phases == Phases::OneAfterTheOther,
            "batch_size": self.batch_size,
            "exchanges": exchanges.map(|e| e.iter().map(|e| e.as_str()).collect::<Vec<_>>()),
            "tickers": companies.tickers,
            "ciks": companies.ciks.iter().map(|cik| cik.get()).collect::<Vec<_>>(),
            "limit": companies.limit,
            "forms": asked.forms.as_ref().map(ToString::to_string),
            "since": asked.since.map(|day| day.to_string()),
            "until": asked.until.map(|day| day.to_string()),
            "artifacts": asked.artifacts.map(ArtifactChoice::as_str),
            "discover_from": self.discover_from.as_str(),
            "download": self.download,
            "max_attempts": self.max_attempts,
            "block_cooldown_s": self.block_cooldown.as_secs(),
            "max_duration_s": self.budgets.duration.map(|d| d.as_secs_f64()),
            "max_bytes": self.budgets.bytes,
            "min_free_space": self.budgets.free_space,
        });
        for ShownCriterion { option, value, .. } in companies.criteria.shown() {
            options[option.trim_start_matches('-')] =
                Some(value).filter(|value| !value.is_empty()).into();
        }
        options
    }
}

/// Limits at which a run stops; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Measured from the start of the program.
    pub duration: Option<Duration>,
    /// No further download starts once this many bytes of artifacts are stored.
    pub bytes: Option<u64>,
    /// Bytes that must stay free on the disks of the database and of the data dir.
    pub free_space: Option<u64>,
}

/// The source of the filing lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoverFrom {
    /// The faster of the two.
    Auto,
    /// One request per company to the submissions API.
    Api,
    /// EDGAR's nightly `submissions.zip`.
    Bulk,
}

impl DiscoverFrom {
    /// The value on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Api => "api",
            Self::Bulk => "bulk",
        }
    }
}

/// The threads of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Discovery threads.
    pub companies: usize,
    /// Download threads.
    pub downloads: usize,
    pub phases: Phases,
}

/// Whether discovery and download overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phases {
    /// Each artifact is downloaded as soon as it is discovered.
    Together,
    /// All downloads start after discovery has ended.
    OneAfterTheOther,
}

impl Concurrency {
    /// The baseline of comparisons.
    pub const SEQUENTIAL: Self = Self {
        companies: 1,
        downloads: 1,
        phases: Phases::OneAfterTheOther,
    };
    /// Enough to reach EDGAR's limit from most networks.
    pub const FAST: Self = Self {
        companies: 10,
        downloads: 5,
        phases: Phases::Together,
    };
    /// For networks with long round-trip times.
    pub const TURBO: Self = Self {
        companies: 20,
        downloads: 10,
        phases: Phases::Together,
    };
}

/// The companies that a command applies to.
#[derive(Debug, Clone, Default)]
pub struct CompanyFilter {
    pub on: ExchangeFilter,
    pub tickers: Vec<String>,
    pub ciks: Vec<Cik>,
    /// What the companies must be.
    pub criteria: CompanyCriteria,
    /// The place of each ticker or CIK that a companies file names, such as "list.txt, line 3".
    pub lines: BTreeMap<String, String>,
    /// The maximum number of companies, in priority order.
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ExchangeFilter {
    /// No filter: all national exchanges, or any exchange if companies are named one by one.
    #[default]
    NotGiven,
    /// All companies of the SEC's list, with or without an exchange.
    All,
    These(Vec<Exchange>),
}

impl CompanyFilter {
    /// Whether companies are named one by one.
    pub fn names_companies(&self) -> bool {
        !self.tickers.is_empty() || !self.ciks.is_empty()
    }

    /// Whether the user asked for certain companies only. Neither the default exchanges nor a limit count
    /// as a filter.
    pub fn is_given(&self) -> bool {
        self.names_companies() || self.on != ExchangeFilter::NotGiven || self.criteria.is_given()
    }

    /// The exchanges of the filter; `None` is no condition.
    pub fn exchanges(&self) -> Option<Vec<Exchange>> {
        match &self.on {
            ExchangeFilter::All => None,
            ExchangeFilter::These(exchanges) => Some(exchanges.clone()),
            // A named company is included wherever it is listed.
            ExchangeFilter::NotGiven if self.names_companies() => None,
            ExchangeFilter::NotGiven => {
                let all = Exchange::ALL.into_iter();
                Some(all.filter(|e| e.is_national()).collect())
            }
        }
    }
}
