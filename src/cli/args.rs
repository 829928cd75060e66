//! Every command and option with its help text, declared for clap.
//!
//! Each group of options has a heading. Headings and options are defined in the order in which a user needs
//! them, because clap shows them in that order.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;
use url::Url;

use super::values::{
    ExchangeChoice, Rate, Span, at_least_one, base_url, clock, dataset_table, ping_url, size, span,
    ticker, up_to,
};
use crate::clock::Clock;
use crate::dataset::{Format, Table};
use crate::edgar::{Accession, Cik, Sic};
use crate::net::UserAgent;
use crate::sim::Fault;
use crate::text::TextFormat;

const COMPANIES: &str = "Companies";
const FILINGS: &str = "Filings";
const RUN: &str = "Run";
const BUDGETS: &str = "Budgets";
const RETRIES: &str = "Retries and pauses";
const THREADS: &str = "Threads";
const RECONCILE: &str = "Comparison with EDGAR's indexes";
const OUTPUT: &str = "Output";

/// Discovers and downloads the SEC filings of the exchange-listed US companies.
///
/// The program asks EDGAR for new filings, stores their documents on disk and records them in SQLite. It
/// never exceeds EDGAR's limit of 10 requests a second. A run can be stopped at any time; the next run
/// continues where it stopped.
///
/// Every global option can also be set by an environment variable, for example `--data-dir` by
/// `FILING_ETL_DATA_DIR`. The option takes precedence.
#[derive(Debug, Parser)]
#[command(
    name = "filing-etl",
    version,
    max_term_width = 100,
    disable_help_flag = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

impl Cli {
    /// Whether the command has `--new-data-dir`.
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
// The synopsis of a man page has no headings; the display order puts the global options last there.
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
    /// The folder of the downloaded documents
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
        help = "Who you are: \"Company Name contact@example.com\"; sec.gov requires it \
                [also set by: SEC_USER_AGENT]"
    )]
    pub user_agent: Option<UserAgent>,
    /// Requests per second of all threads together, or "none"; at most 10 for hosts under sec.gov
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_RATE",
        value_name = "N",
        default_value = "10"
    )]
    pub rate: Rate,
    /// Address of EDGAR's archives, or of a mirror, a proxy or the simulator
    #[arg(long, global = true, env = "FILING_ETL_ARCHIVES_URL", value_name = "URL",
          default_value = "https://www.sec.gov", value_parser = base_url)]
    pub archives_url: Url,
    /// Address of EDGAR's submissions API
    #[arg(long, global = true, env = "FILING_ETL_DATA_URL", value_name = "URL",
          default_value = "https://data.sec.gov", value_parser = base_url)]
    pub data_url: Url,
    /// Address of the exchanges' symbol lists
    #[arg(long, global = true, env = "FILING_ETL_LISTINGS_URL", value_name = "URL",
          default_value = "https://www.nasdaqtrader.com", value_parser = base_url)]
    pub listings_url: Url,
    /// Use these addresses although the database was filled from others; needed for a local proxy or
    /// tunnel
    #[arg(long, global = true, env = "FILING_ETL_ACCEPT_URLS",
          value_parser = clap::builder::FalseyValueParser::new())]
    pub accept_urls: bool,
    /// Log more; -vv and -vvv log still more
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
    /// Format of log lines
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// After each backfill, update or download, write its results to this file in the text format of
    /// Prometheus
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_METRICS_FILE",
        value_name = "PATH"
    )]
    pub metrics_file: Option<PathBuf>,
    /// Report the start and end of each backfill, update or download to this address: URL/start, then URL
    /// or URL/EXIT-CODE
    #[arg(long, global = true, env = "FILING_ETL_PING_URL", value_name = "URL",
          value_parser = ping_url)]
    pub ping_url: Option<Url>,
    /// The time at which the program's clock starts, for tests
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_NOW",
        value_name = "TIME",
        value_parser = clock,
        hide = true
    )]
    pub now: Option<Clock>,
    /// Timeout of network operations and of a locked database, for tests
    #[arg(
        long,
        global = true,
        env = "FILING_ETL_PATIENCE",
        value_name = "D",
        value_parser = span,
        hide = true
    )]
    pub patience: Option<Span>,
    /// Print help; -h prints a summary
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// Bars on a terminal, plain otherwise
    Auto,
    /// Live bars
    Bars,
    /// A few lines every --progress-interval seconds
    Plain,
    /// No progress
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Discover the filings of companies, download them and report
    Backfill(Box<BackfillArgs>),
    /// Load the filings that EDGAR's daily indexes list since the last run, for every followed
    /// selection; meant to run every night
    Update(Box<UpdateArgs>),
    /// Download the queued artifacts without discovering filings
    Download(Box<DownloadArgs>),
    /// Load, refresh or show the list of companies, or find a company in it
    Companies {
        #[command(subcommand)]
        command: CompaniesCommand,
    },
    /// List filings on record with form, date, accession and the path of the primary document
    Filings(Box<FilingsArgs>),
    /// Write the record as a dataset that DuckDB, pandas, Polars, Spark and Trino read
    Export(Box<ExportArgs>),
    /// EDGAR's archive of XBRL facts, for `export --what facts`
    Facts {
        #[command(subcommand)]
        command: FactsCommand,
    },
    /// Print one document of a filing as Markdown or plain text; download it first if it is not stored
    Text(TextArgs),
    /// Show the selections that update follows and the day through which each is complete, or drop one
    Selections(SelectionsArgs),
    /// Show the counts of the database: companies, filings, artifacts, and the last runs
    Stats {
        /// Print one JSON document instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// Show the dashboard of a run in another process
    Monitor(MonitorArgs),
    /// Show what is missing and why: coverage by exchange, companies without filings, failures
    Diagnose(DiagnoseArgs),
    /// Write one HTML page with charts of coverage, growth, runs, failures and the queue
    Report(ReportArgs),
    /// Compare the files on disk with the database and queue missing or damaged files again
    Verify(VerifyArgs),
    /// Show rows and files that no recorded selection wants, followed or not; remove them with --yes
    Prune(PruneArgs),
    /// Serve a synthetic EDGAR on this machine until interrupted
    Sim(SimArgs),
    /// Print the completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page of the program or of one of its commands
    Man {
        /// The command, such as backfill or "companies list" [default: the program]
        command: Vec<String>,
    },
}

/// The commands for the archive of facts.
#[derive(Debug, Subcommand)]
pub enum FactsCommand {
    /// Fetch companyfacts.zip (1.4 GB) into the data dir, unless EDGAR has no newer one
    Sync {
        /// Print one JSON document instead of the line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum CompaniesCommand {
    /// Load or refresh the list
    Sync,
    /// Show the companies that a backfill with the same filters visits, in its order
    List(ListArgs),
    /// Find companies on record by name, ticker or CIK, including former names and tickers
    Find(FindArgs),
}

#[derive(Debug, Args)]
pub struct FindArgs {
    /// A name, words of a name in any order, a ticker in any spelling, or a CIK
    #[arg(required = true, value_name = "TEXT")]
    pub text: Vec<String>,
    /// Maximum number of companies
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
    pub limit: u64,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Which filings, where nothing said is all of them.
#[derive(Debug, Args)]
pub(crate) struct FilingFilterArgs {
    /// Only filings of these form types or families (see `backfill --help`); repeatable, or a comma list
    /// [default: all]
    #[arg(
        long = "form",
        value_name = "TYPE",
        help_heading = FILINGS,
        value_delimiter = ','
    )]
    pub(super) forms: Vec<String>,
    /// Leave out amendments, such as 10-K/A
    #[arg(long, help_heading = FILINGS)]
    pub(super) no_amendments: bool,
    /// First filing date: a date such as 2023-01-01, or a time back from the day of the command such
    /// as 90d, 6m or 3y
    /// [default: no limit]
    #[arg(long, value_name = "DATE", help_heading = FILINGS)]
    pub(super) since: Option<String>,
    /// Last filing date [default: no limit]
    #[arg(long, value_name = "DATE", help_heading = FILINGS)]
    pub(super) until: Option<String>,
}

#[derive(Debug, Args)]
pub struct FilingsArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    #[command(flatten)]
    pub(super) of: FilingFilterArgs,
    /// Only the newest N filings of each company
    #[arg(long, value_name = "N", help_heading = FILINGS, value_parser = at_least_one)]
    pub newest: Option<u64>,
    /// Print one JSON document instead of the table
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
}

/// Which document to print.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// The filing: 0000320193-23-000106
    #[arg(value_name = "ACCESSION")]
    pub accession: Accession,
    /// The name of the document in `v_documents` [default: the primary document]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Format of the text
    #[arg(long, value_name = "HOW", default_value = "markdown")]
    pub text: TextFormatArg,
}

/// The format of a text.
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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SelectionsArgs {
    #[command(subcommand)]
    pub command: Option<SelectionsCommand>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum SelectionsCommand {
    /// Delete a recorded selection, so that update no longer follows it; no file is deleted
    Drop {
        /// The ID of the selection, as `filing-etl selections` shows it
        #[arg(value_name = "ID")]
        id: i64,
        /// Also remove the artifacts that only this selection wants from the queue
        #[arg(long)]
        queue: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// At most N companies: those without filings first, then those not checked for longest
    #[arg(long, value_name = "N", help_heading = COMPANIES, value_parser = at_least_one)]
    pub(super) limit: Option<u64>,
    /// Instead show the symbols of the exchanges' lists that have no company in the SEC's list
    #[arg(long, help_heading = OUTPUT)]
    pub unmatched: bool,
    /// Print one JSON document instead of the table
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Show the current state once and exit
    #[arg(long)]
    pub once: bool,
    /// Print one JSON document instead of the dashboard
    #[arg(long, requires = "once")]
    pub json: bool,
    /// Seconds between two printed dashboards, where standard error is not a terminal
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = up_to(u32::MAX))]
    pub(super) progress_interval: u32,
}

#[derive(Debug, Args)]
pub struct BackfillArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// At most N companies: those without filings first, then those not checked for longest
    #[arg(long, value_name = "N", help_heading = COMPANIES, value_parser = at_least_one)]
    pub(super) limit: Option<u64>,
    /// Source of the filing lists: "api" is one request per company, "bulk" is EDGAR's nightly
    /// submissions.zip (1.3 GB), "auto" is the faster of the two
    #[arg(long, value_name = "SOURCE", help_heading = RUN, default_value = "auto")]
    pub(super) discover_from: DiscoverFromArg,
    /// Record the selection without following it in `update`; --limit and a past --until imply this
    #[arg(long, help_heading = RUN)]
    pub no_follow: bool,
    /// Retry companies that were unavailable at EDGAR
    #[arg(long, help_heading = RUN)]
    pub(super) retry_unavailable: bool,
    /// Run against the built-in simulator, in the folder filing-etl-demo
    #[arg(long, help_heading = RUN)]
    pub demo: bool,
}

/// The options that `backfill` and `update` share.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// Only filings of these form types; "all" is every type; a family is one of annual, quarterly,
    /// current, insider, ownership, proxy; repeatable, or a comma list [default of backfill: 10-K,
    /// 10-Q, 20-F, 40-F, with amendments and transition reports; default of update: the forms of each
    /// selection]
    #[arg(
        long = "form",
        value_name = "TYPE",
        help_heading = FILINGS,
        value_delimiter = ','
    )]
    pub(super) forms: Vec<String>,
    /// Leave out amendments, such as 10-K/A
    #[arg(long, help_heading = FILINGS)]
    pub(super) no_amendments: bool,
    /// First filing date: a date such as 2023-01-01, or a time back from today such as 90d, 6m or 3y
    /// [default of backfill: 3y; default of update: the date of each selection]
    #[arg(long, value_name = "DATE", help_heading = FILINGS)]
    pub(super) since: Option<String>,
    /// Last filing date [default: today]
    #[arg(long, value_name = "DATE", help_heading = FILINGS)]
    pub(super) until: Option<String>,
    /// What to download of each filing [default of backfill: primary; default of update: what each
    /// selection asks for]
    #[arg(long, value_name = "WHAT", help_heading = FILINGS)]
    pub(super) artifacts: Option<ArtifactsArg>,
    /// Show the plan without downloading anything
    #[arg(long, help_heading = RUN)]
    pub dry_run: bool,
    /// Discover only; the artifacts stay queued and the next run downloads them
    #[arg(long, help_heading = RUN)]
    pub(super) no_download: bool,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// The options of `update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// At the end, refresh the dataset in this folder, as `filing-etl export --to DIR` does
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub export: Option<PathBuf>,
}

/// The options of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The folder of the dataset: a new or empty folder, or an existing dataset, in which only changed files
    /// are written
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// The format of the files [default: that of the dataset, or parquet]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// The tables of a new dataset, or tables to add to an existing one: companies, listings, filings, filers,
    /// artifacts, facts (with `facts_tags`), text (with items); repeatable, or a comma list [default: all but
    /// facts and text]
    #[arg(long, value_name = "TABLE", value_delimiter = ',', value_parser = dataset_table)]
    pub(super) what: Vec<&'static Table>,
    /// Format of the texts of `--what text` [default: that of the dataset, or markdown]
    #[arg(long, value_name = "HOW")]
    pub(super) text: Option<TextFormatArg>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    #[command(flatten)]
    pub(super) of: FilingFilterArgs,
}

#[derive(Debug, Args)]
pub struct DownloadArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// Remove the artifacts of these companies from the queue instead; only a new or wider selection queues
    /// them again
    #[arg(long, help_heading = RUN, conflicts_with = "retry_unavailable")]
    pub drop: bool,
    /// Retry artifacts that were unavailable at EDGAR
    #[arg(long, help_heading = RUN)]
    pub retry_unavailable: bool,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// The options of every run: `backfill`, `update` and `download`.
#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// Accept a new, empty data dir in place of the recorded one; `verify` then queues the files on record
    /// again
    #[arg(long, help_heading = RUN, display_order = 900)]
    pub(super) new_data_dir: bool,
    /// Stop cleanly after this time, such as 8h; the rest stays queued and the exit code is 3
    #[arg(long, value_name = "D", help_heading = BUDGETS, value_parser = span)]
    pub(super) max_duration: Option<Span>,
    /// Start no further download after this many bytes, such as 500MB or 2GiB
    #[arg(long, value_name = "B", help_heading = BUDGETS, value_parser = size)]
    pub(super) max_bytes: Option<u64>,
    /// Stop cleanly when the disk of the database or of the data dir has less free space than this
    #[arg(long, value_name = "B", help_heading = BUDGETS, value_parser = size)]
    pub(super) min_free_space: Option<u64>,
    /// Attempts per request before an item is marked failed; the next run retries failed items
    #[arg(long, value_name = "N", help_heading = RETRIES, default_value_t = 3, value_parser = up_to(100_u32))]
    pub(super) max_attempts: u32,
    /// Pause of all requests after EDGAR reports "Request Rate Threshold Exceeded"
    #[arg(long, value_name = "D", help_heading = RETRIES, default_value = "10m", value_parser = span)]
    pub(super) block_cooldown: Span,
    /// Number of threads
    #[arg(long, value_name = "PRESET", help_heading = THREADS, default_value = "fast")]
    pub(super) preset: Preset,
    /// Discovery threads [default: those of the preset]
    #[arg(long, value_name = "N", help_heading = THREADS, value_parser = up_to(256_u16))]
    pub(super) max_concurrent_companies: Option<u16>,
    /// Download threads [default: those of the preset]
    #[arg(long, value_name = "N", help_heading = THREADS, value_parser = up_to(256_u16))]
    pub(super) max_concurrent_downloads: Option<u16>,
    /// Companies read from the database in one batch
    #[arg(long, value_name = "N", help_heading = THREADS, default_value_t = 100,
          value_parser = up_to(u16::MAX))]
    pub(super) batch_size: u16,
    /// Print one JSON document instead of the table
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    /// Seconds between two printed dashboards, where standard error is not a terminal
    #[arg(long, value_name = "SECS", help_heading = OUTPUT, default_value_t = 30,
          value_parser = up_to(u32::MAX))]
    pub(super) progress_interval: u32,
}

/// Filters of companies.
#[derive(Debug, Args)]
#[command(next_help_heading = COMPANIES)]
pub(super) struct CompanyArgs {
    /// Only companies listed on this exchange: Nasdaq, NYSE, "NYSE American", "NYSE Arca", Cboe, OTC or
    /// all; repeatable, or a comma list [default of backfill: all but OTC; otherwise every company on
    /// record or followed]
    #[arg(long = "exchange", value_name = "NAME", value_delimiter = ',')]
    pub exchanges: Vec<ExchangeChoice>,
    /// Only the company with this current or former ticker; repeatable, or a comma list
    #[arg(long = "ticker", value_name = "T", value_parser = ticker, value_delimiter = ',')]
    pub tickers: Vec<String>,
    /// Only the filer with this CIK, listed or not; repeatable, or a comma list
    #[arg(long = "cik", value_name = "N", value_delimiter = ',')]
    pub ciks: Vec<Cik>,
    /// Only companies of this industry: a SIC code such as 7372, or its first digits; repeatable, or a
    /// comma list
    #[arg(long = "sic", value_name = "CODE", value_delimiter = ',')]
    pub sic: Vec<Sic>,
    /// Only the companies in this file: one ticker or CIK per line, "#" starts a comment
    #[arg(long, value_name = "F")]
    pub companies_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    /// 1 discovery thread, then 1 download thread
    Sequential,
    /// 10 discovery threads and 5 download threads
    Fast,
    /// 20 discovery threads and 10 download threads
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
    /// The complete submission text, `<accession>.txt`
    Submission,
    /// Every document of the submission, each under its own name
    Documents,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a flag on the command line is a bool"
)]
pub struct DiagnoseArgs {
    #[command(flatten)]
    pub(super) companies: CompanyArgs,
    /// The wanted form types or families (see `backfill --help`); repeatable, or a comma list [default: the
    /// forms of the recorded selections]
    #[arg(
        long = "form",
        value_name = "TYPE",
        help_heading = FILINGS,
        value_delimiter = ','
    )]
    pub(super) forms: Vec<String>,
    /// Amendments, such as 10-K/A, are not wanted
    #[arg(long, help_heading = FILINGS)]
    pub(super) no_amendments: bool,
    /// Compare the database with EDGAR's quarterly indexes, one request each, and list every missing filing
    #[arg(long, help_heading = RECONCILE)]
    pub reconcile: bool,
    /// The next run visits the companies of the missing filings again
    #[arg(long, help_heading = RECONCILE, requires = "reconcile")]
    pub fix: bool,
    /// First filing date to compare
    #[arg(
        long,
        value_name = "DATE",
        help_heading = RECONCILE,
        default_value = "3y",
        requires = "reconcile"
    )]
    pub(super) since: String,
    /// Last filing date to compare [default: today]
    #[arg(long, value_name = "DATE", help_heading = RECONCILE, requires = "reconcile")]
    pub(super) until: Option<String>,
    /// Print one JSON document instead of the tables
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct PruneArgs {
    /// Delete the files and rows; without --yes they are only counted
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The file to write; an earlier report is replaced, any other file is not
    #[arg(long, value_name = "FILE.html")]
    pub to: PathBuf,
}

#[derive(Debug, Clone, Copy, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a flag on the command line is a bool"
)]
pub struct VerifyArgs {
    /// Compare the sizes only, without reading the files
    #[arg(long)]
    pub quick: bool,
    /// First take back queued files that are in the data dir already, checked as downloads are, instead of
    /// downloading them again: for a database restored from a backup that is older than its files
    #[arg(long, conflicts_with = "new_data_dir")]
    pub reuse: bool,
    /// Accept a new, empty data dir in place of the recorded one; every file on record is queued again
    #[arg(long)]
    pub(super) new_data_dir: bool,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SimArgs {
    /// Address to listen on; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Serve an address that other machines can reach
    #[arg(long)]
    pub any_address: bool,
    /// Number of companies
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) companies: u32,
    /// The same seed gives the same companies, filings and bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Last day with filings [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) today: Option<Date>,
    /// Round-trip time of a request; half of it passes before the request arrives
    #[arg(long, value_name = "D", default_value = "0ms", value_parser = span)]
    pub(super) latency: Span,
    /// Maximum random delay of a request on top of the latency
    #[arg(long, value_name = "D", default_value = "0ms", value_parser = span)]
    pub(super) jitter: Span,
    /// Block clients that send more than N requests in any second [default: no limit]
    #[arg(long, value_name = "N", value_parser = up_to(u32::MAX))]
    pub(super) rate_limit: Option<u32>,
    /// Duration of a block
    #[arg(long, value_name = "D", default_value = "10m", value_parser = span)]
    pub(super) block_for: Span,
    #[arg(
        long = "fault",
        value_name = "FAULT",
        help = "A fault to simulate: KIND[:PERCENT%][@PATH][*TIMES]; repeatable"
    )]
    pub(super) faults: Vec<Fault>,
}
