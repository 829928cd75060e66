//! What a run is to do, resolved and immutable: plain data, made by [`crate::cli`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;

use crate::clock::Clock;
use crate::edgar::{Cik, FormFilter, SicCodes, Urls, Wanted};
use crate::exchange::Exchange;
use crate::net::{Timeouts, UserAgent};
use crate::progress::DashboardStyle;

/// What holds for every command.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The SQLite database.
    pub db: PathBuf,
    /// Where artifacts are kept.
    pub data_dir: PathBuf,
    /// Whether the data dir is a new, empty one that takes the place of the one on record.
    pub new_data_dir: bool,
    /// Whether these addresses are meant, whatever the database was filled from.
    pub accept_urls: bool,
    /// Where the state that all runs of this user share is kept.
    pub state_dir: PathBuf,
    /// How we introduce ourselves; always there when a host under sec.gov is asked.
    pub user_agent: Option<UserAgent>,
    /// Requests a second over all threads; `None` is no limit.
    pub rate: Option<NonZeroU32>,
    /// Where everything is asked for.
    pub urls: Urls,
    /// The time that is written down.
    pub clock: Clock,
    /// `SSL_CERT_FILE`: the authorities that are trusted, if they are not the system's.
    pub certificates: Option<PathBuf>,
    /// How long a request may take.
    pub timeouts: Timeouts,
    /// How long another program may keep the database locked, if not as long as the store allows.
    pub locked: Option<Duration>,
}

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How much happens at once.
    pub concurrency: Concurrency,
    /// Companies taken from the database at a time.
    pub batch_size: usize,
    /// What it is about, as far as the user said.
    pub asked: SelectionOptions,
    /// Where filings are discovered.
    pub discover_from: DiscoverFrom,
    /// Whether to download what was discovered, or to leave it queued.
    pub download: bool,
    /// Whether to ask again for companies that EDGAR did not have.
    pub retry_unavailable: bool,
    /// Tries per request before an item is marked failed.
    pub max_attempts: u32,
    /// How long nothing is asked after EDGAR says that we exceeded its limit.
    pub block_cooldown: Duration,
    /// What the run may cost.
    pub budgets: Budgets,
    /// How the progress is shown.
    pub progress: DashboardStyle,
}

/// What a run is about, as far as the user said. A backfill takes the defaults for the rest, an
/// update what its selections ask for.
#[derive(Debug, Clone, Default)]
pub struct SelectionOptions {
    /// Which companies.
    pub companies: CompanyFilter,
    /// Of these forms.
    pub forms: Option<FormFilter>,
    /// The form types that were named, each by itself; a family names none.
    pub named_forms: Vec<String>,
    /// Filed on this day or later.
    pub since: Option<Date>,
    /// Filed on this day or earlier; only where that is a day in the past.
    pub until: Option<Date>,
    /// What of each filing.
    pub artifacts: Option<Wanted>,
}

impl RunOptions {
    /// The options as one JSON object, for `v_runs.options`. `null` is not given.
    pub fn to_json(&self) -> serde_json::Value {
        let asked = &self.asked;
        let companies = &asked.companies;
        let exchanges = companies.exchanges();
        serde_json::json!({
            "max_concurrent_companies": self.concurrency.companies,
            "max_concurrent_downloads": self.concurrency.downloads,
            "one_phase_after_the_other": self.concurrency.phases == Phases::OneAfterTheOther,
            "batch_size": self.batch_size,
            "exchanges": exchanges.map(|e| e.iter().map(|e| e.as_str()).collect::<Vec<_>>()),
            "tickers": companies.tickers,
            "ciks": companies.ciks.iter().map(|cik| cik.get()).collect::<Vec<_>>(),
            "sic": companies.sic.as_ref().map(ToString::to_string),
            "limit": companies.limit,
            "forms": asked.forms.as_ref().map(ToString::to_string),
            "since": asked.since.map(|day| day.to_string()),
            "until": asked.until.map(|day| day.to_string()),
            "artifacts": asked.artifacts.map(Wanted::as_str),
            "discover_from": self.discover_from.as_str(),
            "download": self.download,
            "max_attempts": self.max_attempts,
            "block_cooldown_s": self.block_cooldown.as_secs(),
            "max_duration_s": self.budgets.duration.map(|d| d.as_secs_f64()),
            "max_bytes": self.budgets.bytes,
            "min_free_space": self.budgets.free_space,
        })
    }
}

/// What a run may cost; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Time from the start of the program.
    pub duration: Option<Duration>,
    /// Bytes of artifacts stored, above which no further download begins.
    pub bytes: Option<u64>,
    /// Bytes that have to stay free on the disks of the database and the data dir.
    pub free_space: Option<u64>,
}

/// Where filings are discovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoverFrom {
    /// Where it takes less time.
    Auto,
    /// One submissions request a company.
    Api,
    /// EDGAR's nightly `submissions.zip`.
    Bulk,
}

impl DiscoverFrom {
    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Api => "api",
            Self::Bulk => "bulk",
        }
    }
}

/// How much of a run happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Discovery threads.
    pub companies: usize,
    /// Download threads.
    pub downloads: usize,
    /// Whether downloads begin with the first artifact discovered, or after the last.
    pub phases: Phases,
}

/// How discovery and download follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phases {
    /// An artifact is downloaded the moment it is discovered.
    Together,
    /// Everything is discovered before anything is downloaded.
    OneAfterTheOther,
}

impl Concurrency {
    /// The baseline: one thing after the other.
    pub const SEQUENTIAL: Self = Self {
        companies: 1,
        downloads: 1,
        phases: Phases::OneAfterTheOther,
    };
    /// What suits EDGAR's limit from most networks.
    pub const FAST: Self = Self {
        companies: 10,
        downloads: 5,
        phases: Phases::Together,
    };
    /// For links with long round trips.
    pub const TURBO: Self = Self {
        companies: 20,
        downloads: 10,
        phases: Phases::Together,
    };
}

/// Which companies a command is about.
#[derive(Debug, Clone, Default)]
pub struct CompanyFilter {
    /// Those listed on one of these exchanges.
    pub on: ExchangeFilter,
    /// Those with one of these tickers.
    pub tickers: Vec<String>,
    /// Those with one of these CIKs.
    pub ciks: Vec<Cik>,
    /// Only those of them with one of these codes; `None` is no condition.
    pub sic: Option<SicCodes>,
    /// Where a companies file names each ticker or CIK: "list.txt, line 3".
    pub lines: BTreeMap<String, String>,
    /// At most so many, in priority order.
    pub limit: Option<u64>,
}

/// Which exchanges a command is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ExchangeFilter {
    /// Nothing was said: all national exchanges, or all there are where companies are named.
    #[default]
    NotGiven,
    /// All companies of the SEC's list, on an exchange or not.
    All,
    /// These.
    These(Vec<Exchange>),
}

impl CompanyFilter {
    /// Whether companies are named one by one.
    pub fn names_companies(&self) -> bool {
        !self.tickers.is_empty() || !self.ciks.is_empty()
    }

    /// Whether the user asked for some companies only. The default exchanges and a limit are no
    /// such filter.
    pub fn is_given(&self) -> bool {
        self.names_companies() || self.on != ExchangeFilter::NotGiven || self.sic.is_some()
    }

    /// The exchanges; `None` is no condition.
    pub fn exchanges(&self) -> Option<Vec<Exchange>> {
        match &self.on {
            ExchangeFilter::All => None,
            ExchangeFilter::These(exchanges) => Some(exchanges.clone()),
            // Naming a company means it, wherever it is listed.
            ExchangeFilter::NotGiven if self.names_companies() => None,
            ExchangeFilter::NotGiven => {
                let all = Exchange::ALL.into_iter();
                Some(all.filter(|e| e.is_national()).collect())
            }
        }
    }
}

/// What tables are printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintStyle {
    /// In characters.
    pub width: usize,
    /// Whether escape sequences for emphasis are understood and wanted.
    pub styled: bool,
}
