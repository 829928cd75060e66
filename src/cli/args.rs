//! Every option with its help text, as clap wants it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;
use url::Url;

use super::values::{
    ExchangeChoice, Rate, Span, at_least_one, base_url, clock, dataset_table, size, span, ticker,
    up_to,
};
use crate::clock::Clock;
use crate::dataset::{Format, Table};
use crate::edgar::{Accession, Cik, Sic};
use crate::net::UserAgent;
use crate::sim::Fault;
use crate::text::TextFormat;

/// Discovers and downloads the SEC filings of the exchange-listed US companies.
///
/// Asks EDGAR for what is new, keeps the documents on disk and the record in SQLite, and never
/// exceeds EDGAR's limit of 10 requests a second. A run can be stopped at any time and started
/// again; it goes on where it stopped.
///
/// Exit codes: 0 everything asked for is there; 1 aborted; 2 usage; 3 some items failed or a
/// budget ended the run, and what is left stays queued; 75 another run is at work; 130 or 143 interrupted.
///
/// Every global option can be set in the environment as well, `--data-dir` as
/// `FILING_ETL_DATA_DIR` for example. The option wins.
#[derive(Debug, Parser)]
#[command(name = "filing-etl", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

impl Cli {
    /// Whether the command was told that the data dir is a new one.
    pub(super) fn has_new_data_dir(&self) -> bool {
        match &self.command {
            Command::Backfill(args) => args.run.work.new_data_dir,
            Command::Update(args) => args.run.work.new_data_dir,
            Command::Download(args) => args.work.new_data_dir,
            Command::Verify(args) => args.new_data_dir,
            _ => false,
        }
    }

    pub(super) fn is_demo(&self) -> bool {
        matches!(&self.command, Command::Backfill(args) if args.demo)
    }
}

#[derive(Debug, Args)]
// Behind those of the command, also where they are not under headings: in the synopsis of a man page.
#[command(next_help_heading = "Global options", next_display_order = 1000)]
pub(super) struct Global {
    /// The SQLite database
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_DB",
        value_name = "PATH",
        default_value = "filings.db"
    )]
    pub db: PathBuf,
    /// Where the downloaded documents are kept
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_DATA_DIR",
        value_name = "DIR",
        default_value = "filings"
    )]
    pub data_dir: PathBuf,
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_USER_AGENT",
        value_name = "UA",
        help = "Who you are: \"Company Name contact@example.com\"; required to talk to sec.gov \
                [env: SEC_USER_AGENT as well]"
    )]
    pub user_agent: Option<UserAgent>,
    /// Requests per second over all threads, or "none"; at most 10 for any host under sec.gov
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_RATE",
        value_name = "N",
        default_value = "10"
    )]
    pub rate: Rate,
    /// Where EDGAR's archives are: for a mirror, a proxy or the simulator
    #[arg(long, global = true, env = "FILING_ETL_ARCHIVES_URL", value_name = "URL",
          default_value = "https://www.sec.gov", value_parser = base_url)]
    pub archives_url: Url,
    /// Where EDGAR's submissions are
    #[arg(long, global = true, env = "FILING_ETL_DATA_URL", value_name = "URL",
          default_value = "https://data.sec.gov", value_parser = base_url)]
    pub data_url: Url,
    /// Where the exchanges' symbol lists are
    #[arg(long, global = true, env = "FILING_ETL_LISTINGS_URL", value_name = "URL",
          default_value = "https://www.nasdaqtrader.com", value_parser = base_url)]
    pub listings_url: Url,
    /// These addresses are meant, although the database was filled from another EDGAR: for a local
    /// proxy or tunnel
    #[arg(long, global = true, env = "FILING_ETL_ACCEPT_URLS",
          value_parser = clap::builder::FalseyValueParser::new())]
    pub accept_urls: bool,
    /// Say more; -vv and -vvv say still more
    #[arg(short, long, global = true, env = "FILING_ETL_VERBOSE", action = ArgAction::Count)]
    pub verbose: u8,
    /// Show errors only: no progress, no warnings
    #[arg(short, long, global = true, env = "FILING_ETL_QUIET",
          value_parser = clap::builder::FalseyValueParser::new())]
    pub quiet: bool,
    /// How progress is shown on standard error
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_PROGRESS",
        value_name = "HOW",
        default_value = "auto"
    )]
    pub progress: Progress,
    /// How log lines look
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// Take this for the current time: for tests of what depends on the day
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_NOW",
        value_name = "TIME",
        value_parser = clock,
        hide = true
    )]
    pub now: Option<Clock>,
    /// Wait so long for anything from the network, and for a database that is locked: for tests
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_PATIENCE",
        value_name = "D",
        value_parser = span,
        hide = true
    )]
    pub patience: Option<Span>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// Bars on a terminal, plain otherwise
    Auto,
    /// Live bars
    Bars,
    /// Lines, every --progress-interval seconds
    Plain,
    /// Nothing
    None,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load filings: discover what companies have filed, download it, report
    Backfill(Box<BackfillArgs>),
    /// The nightly job: load what EDGAR's daily indexes list since the last run, for every selection
    /// that a backfill asked for
    Update(Box<UpdateArgs>),
    /// Download what is queued, and ask for nothing else
    Download(Box<DownloadArgs>),
    /// Load, refresh or show the list of companies; look one up
    Companies {
        /// What to do with the list.
        #[command(subcommand)]
        command: CompaniesCommand,
    },
    /// List filings on record with form, date, accession and the path of the primary document
    Filings(Box<FilingsArgs>),
    /// Write the record as a dataset that DuckDB, pandas, Polars, Spark and Trino read
    Export(Box<ExportArgs>),
    /// EDGAR's archive of XBRL facts, for `export --what facts`
    Facts {
        /// What to do with it.
        #[command(subcommand)]
        command: FactsCommand,
    },
    /// Print one document of a filing as text, without markup; fetch it first where it is not here
    Text(TextArgs),
    /// Show what update follows, and through which day it is complete; or stop following it
    Selections(SelectionsArgs),
    /// Show what the database holds: companies, filings, artifacts, and the last runs
    Stats {
        /// Print one JSON document instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// Watch the run that is going on in another process
    Monitor(MonitorArgs),
    /// Show what is missing and why: coverage by exchange, uncovered companies, failures
    Diagnose(DiagnoseArgs),
    /// Compare the files on disk with the database; queue again what is missing or damaged
    Verify(VerifyArgs),
    /// Serve a synthetic EDGAR on this machine until interrupted
    Sim(SimArgs),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the man page of the program, or of one of its commands
    Man {
        /// The command, such as backfill or "companies list"
        command: Vec<String>,
    },
}

/// What can be done with the archive of facts.
#[derive(Debug, Subcommand)]
pub enum FactsCommand {
    /// Fetch companyfacts.zip (1.4 GB) into the data dir, or find that EDGAR has no newer one
    Sync {
        /// Print one JSON document instead of the line
        #[arg(long)]
        json: bool,
    },
}

/// What can be done with the list of companies.
#[derive(Debug, Subcommand)]
pub enum CompaniesCommand {
    /// Load or refresh the list
    Sync,
    /// Show the companies that a backfill with the same filters is about, in its order
    List(ListArgs),
    /// Look a company up by name, ticker or CIK, former names and tickers too; asks EDGAR nothing
    Find(FindArgs),
}

/// Whom to look up.
#[derive(Debug, Args)]
pub struct FindArgs {
    /// A name or words of it in any order, a ticker in any spelling, or a CIK
    #[arg(required = true, value_name = "TEXT")]
    pub text: Vec<String>,
    /// At most so many companies
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
    pub limit: u64,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Which filings to list.
#[derive(Debug, Args)]
pub struct FilingsArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// Only filings of these types; repeatable; a family as in `backfill` [default: all]
    #[arg(long = "form", value_name = "TYPE", value_delimiter = ',')]
    pub(super) forms: Vec<String>,
    /// Leave out amendments, such as 10-K/A
    #[arg(long)]
    pub(super) no_amendments: bool,
    /// First filing date: 2023-01-01, or back from today as 90d, 6m or 3y [default: the first one]
    #[arg(long, value_name = "DATE")]
    pub(super) since: Option<String>,
    /// Last filing date [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) until: Option<String>,
    /// Only the newest N of each company
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub newest: Option<u64>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Which document to print.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// The filing: 0000320193-23-000106
    #[arg(value_name = "ACCESSION")]
    pub accession: Accession,
    /// The document's name, as `v_documents` has it [default: the primary document]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// What the text looks like
    #[arg(long, value_name = "HOW", default_value = "markdown")]
    pub text: TextFormatArg,
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextFormatArg {
    /// With headings, emphasis, lists and tables
    Markdown,
    /// Words and lines; tabs between the cells of a table
    Plain,
}

impl From<TextFormatArg> for TextFormat {
    fn from(format: TextFormatArg) -> Self {
        match format {
            TextFormatArg::Markdown => Self::Markdown,
            TextFormatArg::Plain => Self::Plain,
        }
    }
}

/// What the recorded selections can be told.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SelectionsArgs {
    /// What to do with them; nothing shows them
    #[command(subcommand)]
    pub command: Option<SelectionsCommand>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// What can be done with a recorded selection.
#[derive(Debug, Subcommand)]
pub enum SelectionsCommand {
    /// Take a selection off the record, so that update follows it no more; no file is deleted
    Drop {
        /// Its number, as `filing-etl selections` shows it
        #[arg(value_name = "ID")]
        id: i64,
        /// Also take off the queue what only this selection wanted
        #[arg(long)]
        queue: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// What a list of companies can be told.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
    /// Show the symbols of the exchanges' lists for which the SEC's list has no company
    #[arg(long)]
    pub unmatched: bool,
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// At most so many companies, those without filings first, then the ones checked longest ago
    #[arg(long, value_name = "N", help_heading = "Companies", value_parser = at_least_one)]
    pub(super) limit: Option<u64>,
}

/// What a monitor can be told.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Show the run as it is now, and leave
    #[arg(long)]
    pub once: bool,
    /// Print one JSON document instead of the dashboard
    #[arg(long, requires = "once")]
    pub json: bool,
    /// Seconds between two printed dashboards, when standard error is no terminal
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = up_to(u32::MAX))]
    pub(super) progress_interval: u32,
}

/// What a backfill can be told.
#[derive(Debug, Args)]
pub struct BackfillArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// At most so many companies, those without filings first, then the ones checked longest ago
    #[arg(long, value_name = "N", help_heading = "Companies", value_parser = at_least_one)]
    pub(super) limit: Option<u64>,
    /// Where filings are discovered: "api" asks for each company, "bulk" for EDGAR's nightly
    /// submissions.zip (1.3 GB) in one request; "auto" takes what takes less time
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(super) discover_from: DiscoverFromArg,
    /// A one-off: `update` does not follow this selection, as with --limit and a past --until
    #[arg(long)]
    pub no_follow: bool,
    /// Ask again for companies that EDGAR did not have
    #[arg(long)]
    pub(super) retry_unavailable: bool,
    /// Run the whole job against the built-in simulator, in the folder filing-etl-demo
    #[arg(long)]
    pub demo: bool,
}

/// What every run that discovers and downloads can be told.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    /// Discover only; what is found stays queued, and the next run downloads it
    #[arg(long)]
    pub(super) no_download: bool,
    /// Only filings of these types; repeatable; "all" for every type, or a family: annual, quarterly,
    /// current, insider, ownership, proxy [default of a backfill: 10-K, 10-Q, 20-F, 40-F, their
    /// amendments and transition reports; of an update: what is followed]
    #[arg(
        long = "form",
        value_name = "TYPE",
        help_heading = "Filings",
        value_delimiter = ','
    )]
    pub(super) forms: Vec<String>,
    /// Leave out amendments, such as 10-K/A
    #[arg(long, help_heading = "Filings")]
    pub(super) no_amendments: bool,
    /// First filing date: 2023-01-01, or back from today as 90d, 6m or 3y [default of a
    /// backfill: 3y; of an update: what is followed]
    #[arg(long, value_name = "DATE", help_heading = "Filings")]
    pub(super) since: Option<String>,
    /// Last filing date [default: today]
    #[arg(long, value_name = "DATE", help_heading = "Filings")]
    pub(super) until: Option<String>,
    /// What is downloaded of a filing, in one request: its primary document, its complete
    /// submission text file, or that file split into every document in it [default of a backfill:
    /// primary; of an update: what is followed]
    #[arg(long, value_name = "WHAT", help_heading = "Filings")]
    pub(super) artifacts: Option<ArtifactsArg>,
    /// Show what the run would do, and download nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What an update can be told.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// At the end, refresh the dataset in this folder, as `filing-etl export --to DIR` does
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
}

/// What is to be exported, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The folder of the dataset: a new or empty one, or one that an export made, of which only what
    /// changed is written
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// The format of the files [default: that of the dataset, or parquet]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Only these tables in a new dataset; of one that is there, tables to add [default: all but
    /// facts and text]
    #[arg(long, value_name = "TABLE", value_delimiter = ',', value_parser = dataset_table)]
    pub(super) what: Vec<&'static Table>,
    /// What the texts of `--what text` look like [default: that of the dataset, or markdown]
    #[arg(long, value_name = "HOW")]
    pub(super) text: Option<TextFormatArg>,
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// Only filings of these types; repeatable; a family as in `backfill` [default: all]
    #[arg(
        long = "form",
        value_name = "TYPE",
        help_heading = "Filings",
        value_delimiter = ','
    )]
    pub(super) forms: Vec<String>,
    /// Leave out amendments, such as 10-K/A
    #[arg(long, help_heading = "Filings")]
    pub(super) no_amendments: bool,
    /// First filing date: 2023-01-01, or back from the day of each export as 90d, 6m or 3y [default: the
    /// first one]
    #[arg(long, value_name = "DATE", help_heading = "Filings")]
    pub(super) since: Option<String>,
    /// Last filing date [default: the last one]
    #[arg(long, value_name = "DATE", help_heading = "Filings")]
    pub(super) until: Option<String>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// What a command that only downloads can be told.
#[derive(Debug, Args)]
pub struct DownloadArgs {
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    /// Take what the filters name off the queue instead: it is not asked for until a new or wider
    /// selection wants it
    #[arg(long, conflicts_with = "retry_unavailable")]
    pub drop: bool,
    /// Ask again for what EDGAR did not have
    #[arg(long)]
    pub retry_unavailable: bool,
}

/// What every run can be told.
#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// How much happens at once: 1 company and 1 download, one phase after the other; 10 and 5;
    /// 20 and 10
    #[arg(long, value_name = "PRESET", default_value = "fast")]
    pub(super) preset: Preset,
    /// Discovery threads [default: the preset's]
    #[arg(long, value_name = "N", value_parser = up_to(256_u16))]
    pub(super) max_concurrent_companies: Option<u16>,
    /// Download threads [default: the preset's]
    #[arg(long, value_name = "N", value_parser = up_to(256_u16))]
    pub(super) max_concurrent_downloads: Option<u16>,
    /// Companies taken from the database at a time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = up_to(u16::MAX))]
    pub(super) batch_size: u16,
    /// Seconds between two printed dashboards, when standard error is no terminal
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = up_to(u32::MAX))]
    pub(super) progress_interval: u32,
    /// How long nothing is asked after EDGAR says "Request Rate Threshold Exceeded"
    #[arg(long, value_name = "D", default_value = "10m", value_parser = span)]
    pub(super) block_cooldown: Span,
    /// Tries per request before an item is marked failed; a later run tries it again
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = up_to(100_u32))]
    pub(super) max_attempts: u32,
    /// Stop cleanly after this time; what is left stays queued, and the exit code is 3
    #[arg(long, value_name = "D", help_heading = "Budgets", value_parser = span)]
    pub(super) max_duration: Option<Span>,
    /// Begin no further download once so many bytes were stored: 500MB, 2GiB
    #[arg(long, value_name = "B", help_heading = "Budgets", value_parser = size)]
    pub(super) max_bytes: Option<u64>,
    /// Stop cleanly when a disk has less room left than this
    #[arg(long, value_name = "B", help_heading = "Budgets", value_parser = size)]
    pub(super) min_free_space: Option<u64>,
    /// The data dir is a new, empty one; files on record that are not in it are downloaded again
    /// after `verify`
    #[arg(long)]
    pub(super) new_data_dir: bool,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Which companies.
#[derive(Debug, Args)]
#[command(next_help_heading = "Companies")]
pub(super) struct CompanyArgs {
    /// Only companies listed here; repeatable, or a list: Nasdaq, NYSE, "NYSE American", "NYSE Arca", Cboe,
    /// OTC or all [default: all but OTC; of an update and of `filings` all that is followed or on record]
    #[arg(long = "exchange", value_name = "NAME", value_delimiter = ',')]
    pub exchanges: Vec<ExchangeChoice>,
    /// Only the company with this ticker, now or earlier; repeatable, or a list
    #[arg(long = "ticker", value_name = "T", value_parser = ticker, value_delimiter = ',')]
    pub tickers: Vec<String>,
    /// Only the filer with this CIK, in the SEC's list or not; repeatable, or a list
    #[arg(long = "cik", value_name = "N", value_delimiter = ',')]
    pub ciks: Vec<Cik>,
    /// Only companies of this industry: a SIC code such as 7372, or the first digits of some; repeatable,
    /// or a list
    #[arg(long = "sic", value_name = "CODE", value_delimiter = ',')]
    pub sic: Vec<Sic>,
    /// Only the companies in this file: a ticker or CIK a line, "#" begins a comment
    #[arg(long, value_name = "F")]
    pub companies_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    Sequential,
    Fast,
    Turbo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiscoverFromArg {
    Auto,
    Api,
    Bulk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ArtifactsArg {
    /// The primary document
    Primary,
    /// `<accession>.txt` as it is
    Submission,
    /// Exhibits, XBRL, graphics and all, each under its own name
    Documents,
}

/// What a diagnosis can be told.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a flag on the command line is a bool"
)]
pub struct DiagnoseArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// Only filings of these types count as wanted; repeatable; "all" for every type, or a family as in
    /// `backfill` [default: what the recorded selections ask for]
    #[arg(long = "form", value_name = "TYPE", value_delimiter = ',')]
    pub(super) forms: Vec<String>,
    /// Amendments, such as 10-K/A, do not count
    #[arg(long)]
    pub(super) no_amendments: bool,
    /// Ask EDGAR: compare the quarterly indexes, one request each, with the database, and name
    /// every filing that is missing
    #[arg(long)]
    pub reconcile: bool,
    /// With --reconcile: have the next run look anew at the companies of missing filings
    #[arg(long, requires = "reconcile")]
    pub fix: bool,
    /// With --reconcile: first filing date compared
    #[arg(
        long,
        value_name = "DATE",
        default_value = "3y",
        requires = "reconcile"
    )]
    pub(super) since: String,
    /// With --reconcile: last filing date compared [default: today]
    #[arg(long, value_name = "DATE", requires = "reconcile")]
    pub(super) until: Option<String>,
    /// Print one JSON document instead of the tables
    #[arg(long)]
    pub json: bool,
}

/// What a verification can be told.
#[derive(Debug, Clone, Copy, Args)]
pub struct VerifyArgs {
    /// Compare sizes only, without reading the files
    #[arg(long)]
    pub quick: bool,
    /// The data dir is a new, empty one: every file on record is queued again
    #[arg(long)]
    pub(super) new_data_dir: bool,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// What the simulator can be told.
#[derive(Debug, Args)]
pub struct SimArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// Companies that exist
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) companies: u32,
    /// The same seed gives the same companies, filings and bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// The last day with filings [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) today: Option<Date>,
    /// The round trip of a request, half of it before it arrives
    #[arg(long, value_name = "D", default_value = "0ms", value_parser = span)]
    pub(super) latency: Span,
    /// The most that a request is late by chance, on top of the latency
    #[arg(long, value_name = "D", default_value = "0ms", value_parser = span)]
    pub(super) jitter: Span,
    /// Requests in any second above which the client is blocked [default: no limit]
    #[arg(long, value_name = "N", value_parser = up_to(u32::MAX))]
    pub(super) rate_limit: Option<u32>,
    /// How long a block lasts
    #[arg(long, value_name = "D", default_value = "10m", value_parser = span)]
    pub(super) block_for: Span,
    #[arg(
        long = "fault",
        value_name = "FAULT",
        help = "Something that goes wrong; repeatable: KIND[:PERCENT%][@PATH][*TIMES]"
    )]
    pub(super) faults: Vec<Fault>,
}
