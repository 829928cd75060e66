//! The parts of `--help` and of the man pages that clap's definitions do not have: examples, files,
//! environment variables and exit codes. Each is written here once, or taken from where it is defined.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use super::Cli;
use crate::exit;

/// A command line and its effect.
pub(super) type Example = (&'static str, &'static str);

/// The examples of each command, by its path; the program itself has the empty path.
const EXAMPLES: [(&str, &[Example]); 14] = [
    (
        "",
        &[
            (
                "filing-etl backfill --demo",
                "Try the program without a network",
            ),
            (
                "filing-etl backfill",
                "Load three years of reports of all listed companies",
            ),
            ("filing-etl update", "Load the filings since the last run"),
            ("filing-etl diagnose", "Show what is missing and why"),
        ],
    ),
    (
        "backfill",
        &[
            (
                "filing-etl backfill --demo",
                "Run against the built-in simulator, without a network",
            ),
            (
                "filing-etl backfill --dry-run",
                "Show how many requests the default backfill needs",
            ),
            (
                "filing-etl backfill --ticker AAPL,MSFT --form annual --since 10y",
                "Load the annual reports of two companies",
            ),
            (
                "filing-etl backfill --exchange nyse --artifacts documents",
                "Load every document of the reports of one exchange",
            ),
            (
                "filing-etl backfill --max-duration 8h --min-free-space 20GB",
                "Stop after a night, or before the disk is full",
            ),
        ],
    ),
    (
        "update",
        &[
            (
                "filing-etl update -q",
                "Load new filings of every followed selection, from cron",
            ),
            (
                "filing-etl update --dry-run",
                "Show which indexes would be read",
            ),
            (
                "filing-etl update --exchange nasdaq",
                "Load new filings of one exchange only",
            ),
        ],
    ),
    (
        "download",
        &[
            (
                "filing-etl download",
                "Download everything that is pending or failed",
            ),
            (
                "filing-etl download --ticker AAPL --max-bytes 2GiB",
                "Download up to 2 GiB of one company",
            ),
            (
                "filing-etl download --retry-unavailable",
                "Retry what EDGAR did not have",
            ),
        ],
    ),
    (
        "companies list",
        &[(
            "filing-etl companies list --exchange nyse --sic 28",
            "Show the chemical companies listed on the NYSE",
        )],
    ),
    (
        "companies find",
        &[
            (
                "filing-etl companies find apple",
                "Find companies by a word of their name",
            ),
            (
                "filing-etl companies find FB",
                "Find a company by a former ticker",
            ),
        ],
    ),
    (
        "filings",
        &[(
            "filing-etl filings --ticker AAPL --form 10-K --newest 3",
            "Show the three newest annual reports of a company",
        )],
    ),
    (
        "selections",
        &[
            ("filing-etl selections", "Show what update follows"),
            (
                "filing-etl selections drop 2",
                "Stop following selection 2; its files stay",
            ),
        ],
    ),
    (
        "stats",
        &[(
            "filing-etl stats --json",
            "Print the counts of the database as JSON",
        )],
    ),
    (
        "monitor",
        &[(
            "filing-etl monitor --once --json",
            "Print the state of the current run as JSON",
        )],
    ),
    (
        "diagnose",
        &[
            (
                "filing-etl diagnose --exchange nasdaq",
                "Show what is missing of one exchange",
            ),
            (
                "filing-etl diagnose --reconcile --since 1y --fix",
                "Compare a year with EDGAR's indexes; load what is missing in the next run",
            ),
        ],
    ),
    (
        "verify",
        &[(
            "filing-etl verify && filing-etl stats",
            "Hash every stored file again, then show the counts",
        )],
    ),
    (
        "sim",
        &[(
            "filing-etl sim --listen 127.0.0.1:8080 --rate-limit 10",
            "Serve a synthetic EDGAR that blocks fast clients",
        )],
    ),
    (
        "man",
        &[(
            "filing-etl man backfill | man -l -",
            "Show the man page of a command",
        )],
    ),
];

/// The files that the program reads and writes.
pub(super) const FILES: [(&str, &str); 6] = [
    (
        "filings.db",
        "The SQLite database (--db), with filings.db-wal and filings.db-shm while it is open, and \
         filings.db.lock, which a run locks",
    ),
    (
        "filings/edgar/data/CIK/ACCESSION/NAME",
        "The downloaded documents, in the layout of EDGAR (--data-dir)",
    ),
    (
        "filings/.bulk/submissions.zip",
        "EDGAR's archive of all submissions, if backfill used it",
    ),
    (
        "$XDG_STATE_HOME/filing-etl/",
        "The rate limit and the blocks of each host, shared by all runs of a user",
    ),
    (
        "~/.local/state/filing-etl/",
        "The same where XDG_STATE_HOME is not set",
    ),
    ("filing-etl-demo/", "Everything that backfill --demo writes"),
];

/// Environment variables that are not the twin of an option.
const VARIABLES: [(&str, &str); 8] = [
    (
        "SEC_USER_AGENT",
        "The user agent where neither --user-agent nor FILING_ETL_USER_AGENT is set",
    ),
    (
        "RUST_LOG",
        "Filter of log lines; takes precedence over -v and -q",
    ),
    ("NO_COLOR", "Without colours if it is set and not empty"),
    ("TERM", "Without bars and colours if it is dumb"),
    (
        "XDG_STATE_HOME",
        "The folder of the state that all runs of a user share [default: ~/.local/state]",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY", "The proxy to use"),
    ("NO_PROXY", "Hosts that are asked without the proxy"),
    (
        "SSL_CERT_FILE",
        "A file of CA certificates to trust in place of those of the system",
    ),
];

/// Clap's definition of the command line, with examples and exit codes.
pub(super) fn command() -> Command {
    let mut command = Cli::command();
    let examples: Vec<_> = EXAMPLES
        .iter()
        .filter(|(path, _)| !path.is_empty())
        .collect();
    for (path, examples) in examples {
        let names: Vec<_> = path.split(' ').collect();
        command = with_examples(command, &names, examples);
    }
    let header = *clap::builder::Styles::default().get_header();
    let mut text = examples_text(examples_of("")).unwrap_or_default();
    write!(text, "\n\n{header}Exit codes:{header:#}").expect("a String takes all");
    for (code, meaning) in exit::MEANINGS {
        write!(text, "\n  {code:<8} {meaning}").expect("a String takes all");
    }
    command.after_long_help(text)
}

fn with_examples(command: Command, path: &[&str], examples: &[Example]) -> Command {
    match path {
        [] => command.after_help(examples_text(examples).unwrap_or_default()),
        [name, rest @ ..] => {
            command.mut_subcommand(*name, |inner| with_examples(inner, rest, examples))
        }
    }
}

/// The examples of the command at a path, such as `companies find`.
pub(super) fn examples_of(path: &str) -> &'static [Example] {
    let mut all = EXAMPLES.iter();
    all.find(|(of, _)| *of == path)
        .map_or(&[], |(_, examples)| *examples)
}

fn examples_text(examples: &[Example]) -> Option<String> {
    let header = *clap::builder::Styles::default().get_header();
    let lines = examples
        .iter()
        .map(|(line, effect)| format!("  {line}\n      {effect}"));
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| format!("{header}Examples:{header:#}\n{}", lines.join("\n")))
}

/// Each environment variable with its meaning: the twins of the global options, then the others.
pub(super) fn variables() -> Vec<(String, String)> {
    let command = Cli::command();
    let twins = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set());
    let twins = twins.filter_map(|argument| {
        let (variable, option) = (argument.get_env()?, argument.get_long()?);
        Some((
            variable.to_string_lossy().into_owned(),
            format!("Sets --{option}"),
        ))
    });
    let others = VARIABLES.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    twins.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::CompanyCriteria;

    /// The command at a path.
    fn find<'a>(root: &'a Command, path: &str) -> &'a Command {
        path.split_whitespace().fold(root, |command, name| {
            command.find_subcommand(name).expect("a known command")
        })
    }

    #[test]
    fn every_example_is_a_command_line_that_parses() {
        for (path, examples) in EXAMPLES {
            for (line, _) in examples {
                let line = line.split(['|', '&']).next().unwrap_or_default();
                let args = line.split_whitespace().map(Into::into);
                if let Err(e) = Cli::try_from_args(args) {
                    panic!("{path}: {line}: {e}");
                }
            }
        }
    }

    #[test]
    fn the_help_of_the_three_runs_has_examples() {
        let mut root = command();
        root.build();
        for path in ["backfill", "update", "download"] {
            let help = find(&root, path).clone().render_long_help().to_string();
            assert!(help.contains("Examples:"), "{help}");
        }
    }

    #[test]
    fn only_filters_of_companies_stand_under_companies() {
        let criteria = CompanyCriteria::default().shown();
        let criteria = criteria.map(|criterion| criterion.option.trim_start_matches('-'));
        let others = ["exchange", "ticker", "cik", "companies-file", "limit"];
        let mut root = command();
        root.build();
        for path in [
            "backfill",
            "update",
            "download",
            "companies list",
            "filings",
            "diagnose",
        ] {
            for argument in find(&root, path)
                .get_arguments()
                .filter(|a| !a.is_hide_set())
            {
                let name = argument.get_long().unwrap_or_default();
                let heading = argument.get_help_heading();
                assert!(heading.is_some(), "{path} --{name} has no heading");
                let is_filter = criteria.contains(&name) || others.contains(&name);
                assert_eq!(heading == Some("Companies"), is_filter, "{path} --{name}");
            }
        }
    }

    #[test]
    fn headings_come_in_the_order_in_which_people_need_them() {
        let mut root = command();
        root.build();
        let help = find(&root, "backfill").clone().render_help().to_string();
        let headings = [
            "Companies:",
            "Filings:",
            "Run:",
            "Budgets:",
            "Retries and pauses:",
            "Threads:",
            "Output:",
            "Global options:",
            "Examples:",
        ];
        let places: Vec<_> = headings
            .iter()
            .map(|h| help.find(&format!("\n{h}")))
            .collect();
        assert!(places.iter().all(Option::is_some), "{help}");
        assert!(places.is_sorted(), "{help}");
    }
}
