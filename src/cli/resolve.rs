//! Turns arguments, environment and properties of the terminal into plain settings.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use log::LevelFilter;
use url::Url;

use super::args::{
    self, ArtifactsArg, BackfillArgs, Cli, CompanyArgs, DiagnoseArgs, DownloadArgs, ExportArgs,
    FilingFilterArgs, FilingsArgs, ListArgs, LogFormat, MonitorArgs, Preset, Progress, RunArgs,
    SimArgs, WorkArgs,
};
use super::companies_file;
use super::values::{ExchangeChoice, ticker};
use crate::clock::Clock;
use crate::config::{
    Budgets, CompanyFilter, Concurrency, DiscoverFrom, ExchangeFilter, Notify, PrintStyle,
    RunOptions, SelectionOptions, Settings,
};
use crate::criteria::CompanyCriteria;
use crate::edgar::dates::parse_when;
use crate::edgar::form_family;
use crate::edgar::{ArtifactChoice, Cik, DateRange, FormFilter, Urls};
use crate::exit::UsageError;
use crate::net::{SEC_RATE, SEC_SITE, Timeouts, UserAgent, site_of};
use crate::progress::DashboardStyle;
use crate::run::export::Export;
use crate::sim;

/// The width of tables in characters, if standard output is not a terminal.
const PAGE_WIDTH: usize = 80;

/// The minimum width of tables.
const NARROWEST: usize = 40;

/// The current day in UTC. EDGAR uses the day in New York, which is never later.
pub fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

impl Cli {
    /// The settings of every command.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for an invalid address or user agent, or for a rate above sec.gov's limit.
    pub fn settings(&self) -> Result<Settings> {
        let global = &self.global;
        let urls = Urls::new(
            global.archives_url.clone(),
            global.data_url.clone(),
            global.listings_url.clone(),
        )
        .map_err(|e| UsageError(e.to_string()))?;
        let user_agent = match &global.user_agent {
            Some(user_agent) => Some(user_agent.clone()),
            None => sec_user_agent()?,
        };
        let asks_sec = |url: &&Url| site_of(url) == SEC_SITE;
        if [urls.archives(), urls.data(), urls.listings()]
            .iter()
            .any(asks_sec)
        {
            fair(global.rate.0)?;
        }
        Ok(Settings {
            db: global.db.clone(),
            data_dir: global.data_dir.clone(),
            new_data_dir: self.has_new_data_dir(),
            accept_urls: global.accept_urls,
            state_dir: state_dir()?,
            user_agent,
            rate: global.rate.0,
            urls,
            clock: self.clock(),
            certificates: set("SSL_CERT_FILE").map(PathBuf::from),
            timeouts: self.timeouts(),
            locked: global.patience,
        })
    }

    /// Where the result of a run is reported.
    pub fn notify(&self, json: bool) -> Notify {
        Notify {
            json,
            metrics_file: self.global.metrics_file.clone(),
            ping_url: self.global.ping_url.clone(),
            clock: self.clock(),
            timeouts: self.timeouts(),
        }
    }

    fn timeouts(&self) -> Timeouts {
        let patience = self.global.patience;
        patience.map_or_else(Timeouts::default, Timeouts::of)
    }

    /// The stream of the journal according to systemd, as `device:inode`.
    pub fn journal_stream() -> Option<String> {
        set("JOURNAL_STREAM")?.into_string().ok()
    }

    /// The most detailed level of log lines that is shown, unless `RUST_LOG` sets another.
    pub fn log_level(&self) -> LevelFilter {
        match (self.global.quiet, self.global.verbose) {
            (true, _) => LevelFilter::Error,
            (_, 0) => LevelFilter::Warn,
            (_, 1) => LevelFilter::Info,
            (_, 2) => LevelFilter::Debug,
            (_, _) => LevelFilter::Trace,
        }
    }

    pub fn log_format(&self) -> LogFormat {
        self.global.log_format
    }

    /// Whether log lines may be coloured.
    pub fn log_colors() -> bool {
        io::stderr().is_terminal() && set("NO_COLOR").is_none() && !dumb_terminal()
    }

    pub fn db(&self) -> &Path {
        &self.global.db
    }

    /// The style of tables on standard output: as wide as the terminal, otherwise 80 characters.
    pub fn style() -> PrintStyle {
        let live = io::stdout().is_terminal();
        let width = terminal_size::terminal_size_of(io::stdout())
            // A terminal may say that it has no width at all.
            .filter(|(width, _)| live && width.0 > 0)
            .map_or(PAGE_WIDTH, |(width, _)| usize::from(width.0));
        PrintStyle {
            width: width.max(NARROWEST),
            styled: live && set("NO_COLOR").is_none() && !dumb_terminal(),
            is_terminal: live,
        }
    }

    /// The real clock, or the one that `FILING_ETL_NOW` sets.
    pub fn clock(&self) -> Clock {
        self.global.now.unwrap_or_default()
    }

    /// The current day of [`Cli::clock`], in UTC.
    pub fn today(&self) -> Date {
        TimeZone::UTC.to_datetime(self.clock().now()).date()
    }

    /// The options of a backfill.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for contradicting arguments or an unreadable companies file.
    pub fn backfill(&self, args: &BackfillArgs, today: Date) -> Result<RunOptions> {
        let mut options = self.update(&args.run, today)?;
        let asked = &mut options.asked;
        asked.companies.limit = args.limit;
        asked.forms = Some(forms(&args.run.forms, args.run.no_amendments)?);
        asked.since = Some(match asked.since {
            Some(since) => since,
            None => dates("3y", None, today)?.since,
        });
        if let Some(until) = asked.until {
            DateRange::new(asked.since.unwrap_or(until), until)
                .map_err(|e| UsageError(format!("--since and --until: {e}")))?;
        }
        asked.artifacts.get_or_insert(ArtifactChoice::Primary);
        options.retry_unavailable = args.retry_unavailable;
        options.discover_from = match args.discover_from {
            args::DiscoverFromArg::Auto => DiscoverFrom::Auto,
            args::DiscoverFromArg::Api => DiscoverFrom::Api,
            args::DiscoverFromArg::Bulk => DiscoverFrom::Bulk,
        };
        Ok(options)
    }

    /// The options of an update.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for contradicting arguments or an unreadable companies file.
    pub fn update(&self, args: &RunArgs, today: Date) -> Result<RunOptions> {
        let is_given = !args.forms.is_empty() || args.no_amendments;
        let since = args.since.as_deref();
        let until = args.until.as_deref();
        let range = dates(since.unwrap_or("0001-01-01"), until, today)?;
        Ok(RunOptions {
            asked: SelectionOptions {
                companies: args.companies.filter()?,
                forms: if is_given {
                    Some(forms(&args.forms, args.no_amendments)?)
                } else {
                    None
                },
                named_forms: named_forms(&args.forms),
                since: since.map(|_| range.since),
                until: (range.until < today).then_some(range.until),
                artifacts: args.artifacts.map(ArtifactsArg::wanted),
            },
            download: !args.no_download,
            ..self.work(&args.work, &args.companies)?
        })
    }

    /// The options of an export.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for contradicting arguments or an unreadable companies file.
    pub fn export(&self, args: &ExportArgs) -> Result<Export> {
        let _ = args.of.dates(self.today())?;
        Ok(Export {
            to: args.to.clone(),
            format: args.format,
            tables: args.what.clone(),
            text: args.text.map(Into::into),
            filters: Export::filters(
                &args.companies.filter()?,
                args.of.given_forms()?.as_ref(),
                args.of.since.as_deref(),
                args.of.until.as_deref(),
            ),
        })
    }

    /// The options of `download`.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for an unreadable companies file.
    pub fn download(&self, args: &DownloadArgs) -> Result<RunOptions> {
        self.work(&args.work, &args.companies)
    }

    fn work(&self, args: &WorkArgs, companies: &CompanyArgs) -> Result<RunOptions> {
        let preset = match args.preset {
            Preset::Sequential => Concurrency::SEQUENTIAL,
            Preset::Fast => Concurrency::FAST,
            Preset::Turbo => Concurrency::TURBO,
        };
        Ok(RunOptions {
            concurrency: Concurrency {
                companies: args
                    .max_concurrent_companies
                    .map_or(preset.companies, usize::from),
                downloads: args
                    .max_concurrent_downloads
                    .map_or(preset.downloads, usize::from),
                ..preset
            },
            batch_size: usize::from(args.batch_size),
            asked: SelectionOptions {
                companies: companies.filter()?,
                ..SelectionOptions::default()
            },
            // An update needs filings that are newer than last night's archive.
            discover_from: DiscoverFrom::Api,
            download: true,
            retry_unavailable: false,
            max_attempts: args.max_attempts,
            block_cooldown: args.block_cooldown,
            budgets: Budgets {
                duration: args.max_duration,
                bytes: args.max_bytes,
                free_space: args.min_free_space,
            },
            progress: self.progress(Duration::from_secs(args.progress_interval.into())),
        })
    }

    pub fn monitor_style(&self, args: &MonitorArgs) -> DashboardStyle {
        self.progress(Duration::from_secs(args.progress_interval.into()))
    }

    /// The companies and forms of a diagnosis; `None` is the forms of the recorded selections.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for an invalid form or an unreadable companies file.
    pub fn diagnose(args: &DiagnoseArgs) -> Result<(CompanyFilter, Option<FormFilter>)> {
        let is_given = !args.forms.is_empty() || args.no_amendments;
        let forms = is_given.then(|| forms(&args.forms, args.no_amendments));
        Ok((args.companies.filter()?, forms.transpose()?))
    }

    /// The companies, forms and dates of the filings to list.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for contradicting arguments or an unreadable companies file.
    pub fn filings(&self, args: &FilingsArgs) -> Result<(CompanyFilter, FormFilter, DateRange)> {
        let (forms, dates) = (args.of.forms()?, args.of.dates(self.today())?);
        Ok((args.companies.filter()?, forms, dates))
    }

    /// The filing dates that `diagnose --reconcile` compares.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] for an invalid date or an empty range.
    pub fn diagnosed_dates(&self, args: &DiagnoseArgs) -> Result<DateRange> {
        dates(&args.since, args.until.as_deref(), self.today())
    }

    /// The style of the dashboard; `every` is the time between two printed dashboards.
    pub fn progress(&self, every: Duration) -> DashboardStyle {
        let live = io::stderr().is_terminal() && !dumb_terminal();
        let plain = match self.global.log_format {
            LogFormat::Text => DashboardStyle::Plain { every },
            LogFormat::Json => DashboardStyle::Logged { every },
        };
        match self.global.progress {
            _ if self.global.quiet => DashboardStyle::None,
            Progress::None => DashboardStyle::None,
            // Bars need a terminal, and JSON log lines must not be mixed with bars.
            Progress::Auto | Progress::Bars
                if live && self.global.log_format == LogFormat::Text =>
            {
                DashboardStyle::Bars {
                    styled: Self::log_colors(),
                }
            }
            Progress::Auto | Progress::Bars | Progress::Plain => plain,
        }
    }
}

impl ListArgs {
    /// # Errors
    ///
    /// A [`UsageError`] for an unreadable companies file.
    pub fn filter(&self) -> Result<CompanyFilter> {
        Ok(CompanyFilter {
            limit: self.limit,
            ..self.companies.filter()?
        })
    }
}

impl ArtifactsArg {
    fn wanted(self) -> ArtifactChoice {
        match self {
            Self::Primary => ArtifactChoice::Primary,
            Self::Submission => ArtifactChoice::Submission,
            Self::Documents => ArtifactChoice::Documents,
        }
    }
}

impl SimArgs {
    pub fn options(&self, today: Date) -> sim::Options {
        sim::Options {
            address: self.listen,
            companies: self.companies,
            seed: self.seed,
            today: self.today.unwrap_or(today),
            latency: self.latency,
            jitter: self.jitter,
            rate_limit: self.rate_limit,
            block_for: self.block_for,
            faults: self.faults.clone(),
            ..sim::Options::default()
        }
    }
}

impl CompanyArgs {
    pub(super) fn criteria(&self) -> CompanyCriteria {
        CompanyCriteria {
            sic: self.sic.iter().cloned().collect(),
        }
    }

    fn filter(&self) -> Result<CompanyFilter> {
        let mut filter = CompanyFilter {
            on: if self.exchanges.contains(&ExchangeChoice::All) {
                ExchangeFilter::All
            } else if self.exchanges.is_empty() {
                ExchangeFilter::NotGiven
            } else {
                let one = |choice: &ExchangeChoice| match choice {
                    ExchangeChoice::One(exchange) => Some(*exchange),
                    ExchangeChoice::All => None,
                };
                ExchangeFilter::These(self.exchanges.iter().filter_map(one).collect())
            },
            tickers: self.tickers.clone(),
            ciks: self.ciks.clone(),
            criteria: self.criteria(),
            lines: BTreeMap::new(),
            limit: None,
        };
        if let Some(file) = &self.companies_file {
            read_companies(file, &mut filter)?;
        }
        Ok(filter)
    }
}

/// Adds the companies that a file names, in lines or in a table.
fn read_companies(file: &Path, filter: &mut CompanyFilter) -> Result<()> {
    let bytes = std::fs::read(file).map_err(|e| {
        UsageError(format!(
            "the companies file {} cannot be read: {e}: give a text file with one ticker or CIK per line",
            file.display()
        ))
    })?;
    let names = companies_file::names(&bytes).map_err(|why| {
        UsageError(format!(
            "the companies file {} {why}: give a text file with one ticker or CIK per line, or a table with a \
             header that has a column `ticker` or `cik`",
            file.display()
        ))
    })?;
    for (number, name) in names {
        let name = if let Ok(cik) = name.parse::<Cik>() {
            filter.ciks.push(cik);
            cik.to_string()
        } else if let Ok(ticker) = ticker(&name) {
            filter.tickers.push(ticker.clone());
            ticker
        } else {
            continue;
        };
        let place = || format!("{}, line {number}", file.display());
        filter.lines.entry(name).or_insert_with(place);
    }
    if !filter.names_companies() {
        return Err(UsageError(format!(
            "the companies file {} contains no company: one ticker or CIK per line is expected, or a table with a \
             header that has a column `ticker` or `cik`",
            file.display()
        ))
        .into());
    }
    Ok(())
}

impl FilingFilterArgs {
    fn forms(&self) -> Result<FormFilter> {
        let all = ["all".to_owned()];
        let types = if self.forms.is_empty() {
            &all[..]
        } else {
            &self.forms
        };
        forms(types, self.no_amendments)
    }

    /// `None` where nothing was said about forms.
    fn given_forms(&self) -> Result<Option<FormFilter>> {
        let is_given = !self.forms.is_empty() || self.no_amendments;
        is_given.then(|| self.forms()).transpose()
    }

    fn dates(&self, today: Date) -> Result<DateRange> {
        let since = self.since.as_deref().unwrap_or("0001-01-01");
        dates(since, self.until.as_deref(), today)
    }
}

fn forms(types: &[String], no_amendments: bool) -> Result<FormFilter> {
    FormFilter::parse(types, !no_amendments).map_err(|e| UsageError(e.to_string()).into())
}

/// The form types in EDGAR's spelling, without `all` and families.
fn named_forms(types: &[String]) -> Vec<String> {
    let types = types.iter().map(|form| form.trim().to_ascii_uppercase());
    types
        .filter(|form| form != "ALL" && form_family::family(form).is_none())
        .collect()
}

fn dates(since: &str, until: Option<&str>, today: Date) -> Result<DateRange> {
    let day = |option: &str, text: &str| {
        parse_when(text, today).map_err(|e| UsageError(format!("{option}: {e}")))
    };
    let since = day("--since", since)?;
    let until = match until {
        Some(text) => day("--until", text)?,
        None => today,
    };
    DateRange::new(since, until).map_err(|e| UsageError(format!("--since and --until: {e}")).into())
}

/// Refuses a rate above sec.gov's limit.
fn fair(rate: Option<NonZeroU32>) -> Result<()> {
    if rate.is_some_and(|rate| rate.get() <= SEC_RATE) {
        return Ok(());
    }
    let asked = rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string());
    Err(UsageError(format!(
        "--rate {asked} is more than the {SEC_RATE} requests a second that sec.gov allows: \
         use --rate {SEC_RATE} or less"
    ))
    .into())
}

/// The value of `SEC_USER_AGENT`, a variable that other EDGAR tools also read.
fn sec_user_agent() -> Result<Option<UserAgent>> {
    let Some(value) = set("SEC_USER_AGENT") else {
        return Ok(None);
    };
    match value.to_string_lossy().parse() {
        Ok(user_agent) => Ok(Some(user_agent)),
        Err(e) => Err(UsageError(format!("SEC_USER_AGENT: {e}")).into()),
    }
}

/// `$XDG_STATE_HOME/filing-etl`, or `~/.local/state/filing-etl`, the default of the XDG base directory
/// specification.
fn state_dir() -> Result<PathBuf> {
    let absolute = |name| set(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    state.map(|dir| dir.join("filing-etl")).ok_or_else(|| {
        UsageError(
            "neither XDG_STATE_HOME nor HOME is set: set XDG_STATE_HOME to a folder in which all runs \
             share the rate limit"
                .to_owned(),
        )
        .into()
    })
}

fn dumb_terminal() -> bool {
    set("TERM").is_some_and(|term| term == "dumb")
}

/// An environment variable that is set and not empty.
pub(super) fn set(name: impl AsRef<OsStr>) -> Option<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "all other code reads the environment through this function"
    )]
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Exchange;
    use jiff::civil::date;

    fn backfill(args: &[&str]) -> Result<RunOptions> {
        let cli = Cli::try_from_args(
            ["filing-etl", "backfill"]
                .iter()
                .chain(args)
                .map(Into::into),
        )?;
        let super::super::Command::Backfill(args) = &cli.command else {
            unreachable!("the command line above says backfill")
        };
        cli.backfill(args, date(2026, 3, 1))
    }

    #[test]
    fn clap_finds_no_fault_with_the_definitions() {
        super::super::help::command().debug_assert();
    }

    #[test]
    fn the_default_is_three_years_of_all_national_exchanges() {
        let options = backfill(&[]).unwrap();
        assert_eq!(options.asked.since, Some(date(2023, 3, 1)));
        assert_eq!(options.asked.until, None);
        assert_eq!(options.concurrency, Concurrency::FAST);
        let exchanges = options.asked.companies.exchanges().unwrap();
        assert_eq!(exchanges.len(), Exchange::ALL.len() - 1);
        assert!(!exchanges.contains(&Exchange::Otc));
    }

    #[test]
    fn single_settings_win_over_the_preset() {
        let options = backfill(&["--preset", "turbo", "--max-concurrent-downloads", "3"]).unwrap();
        assert_eq!(options.concurrency.companies, 20);
        assert_eq!(options.concurrency.downloads, 3);
    }

    #[test]
    fn a_company_that_is_named_may_be_listed_anywhere() {
        let options = backfill(&["--ticker", "brk.b"]).unwrap();
        assert_eq!(options.asked.companies.tickers, ["BRK.B"]);
        assert_eq!(options.asked.companies.exchanges(), None);
    }

    #[test]
    fn a_companies_file_names_tickers_and_ciks() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("companies");
        std::fs::write(&file, "# ours\nAAPL # Apple\n\n0000789019\r\n").unwrap();
        let options = backfill(&["--companies-file", file.to_str().unwrap()]).unwrap();
        assert_eq!(options.asked.companies.tickers, ["AAPL"]);
        assert_eq!(options.asked.companies.ciks, ["789019".parse().unwrap()]);
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for args in [
            &["--since", "2026-02-01", "--until", "2026-01-01"][..],
            &["--since", "soon"],
            &["--companies-file", "/nonexistent/file"],
        ] {
            let error = backfill(args).unwrap_err();
            assert!(error.is::<UsageError>(), "{error}");
        }
    }

    #[test]
    fn sec_gov_is_never_asked_faster_than_it_allows() {
        let rate = |rate: &str| {
            Cli::try_from_args(["filing-etl", "--rate", rate, "companies", "sync"].map(Into::into))
                .unwrap()
                .settings()
        };
        assert!(rate("10").is_ok());
        for fast in ["11", "none"] {
            assert!(rate(fast).unwrap_err().is::<UsageError>(), "{fast}");
        }
    }
}
