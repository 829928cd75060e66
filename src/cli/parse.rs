//! Parses the command line and the environment into a [`Cli`].

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use super::args::Cli;
use super::resolve::set;
use super::{help, hints};

/// The options that `--demo` sets itself.
const DEMO_DECIDES: [&str; 7] = [
    "db",
    "data_dir",
    "user_agent",
    "rate",
    "archives_url",
    "data_url",
    "listings_url",
];

impl Cli {
    /// Parses the command line. Exits on a usage error and after `--help`.
    pub fn from_environment() -> Self {
        Self::try_from_args(std::env::args_os()).unwrap_or_else(|e| e.exit())
    }

    /// Warns of environment variables that begin with our prefix but belong to no option.
    pub fn warn_unknown_variables() {
        for (name, meant) in hints::unknown_variables(&help::command()) {
            log::warn!(
                "the environment variable {name} is unknown and ignored; did you mean {meant}?"
            );
        }
    }

    /// As [`Cli::from_environment`], but returns the error.
    pub(crate) fn try_from_args(
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        // An empty variable counts as unset.
        let mut command = help::command().mut_args(|arg| {
            let empty = arg.get_env().is_some_and(|name| set(name).is_none());
            // Help must be the same in every environment and must not show an address with a password.
            let arg = arg.hide_env(true).hide_env_values(true);
            if empty { arg.env(None::<&str>) } else { arg }
        });
        let args: Vec<_> = args.into_iter().collect();
        let matches = command
            .try_get_matches_from_mut(&args)
            .map_err(|e| without_secret(hints::add(e, &help::command(), &args)))?;
        let mut cli = Self::from_arg_matches(&matches)?;
        // The flag takes precedence over the environment, also where the two contradict each other.
        match (source(&matches, "quiet"), source(&matches, "verbose")) {
            (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => {
                cli.global.quiet = false;
            }
            (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => {
                cli.global.verbose = 0;
            }
            (Some(ValueSource::CommandLine), Some(ValueSource::CommandLine)) => {
                return Err(command.error(
                    ErrorKind::ArgumentConflict,
                    "the argument '--quiet' cannot be used with '--verbose...'",
                ));
            }
            _ => {}
        }
        let given = DEMO_DECIDES
            .into_iter()
            .find(|id| source(&matches, id) == Some(ValueSource::CommandLine));
        match given {
            Some(id) if cli.is_demo() => Err(command.error(
                ErrorKind::ArgumentConflict,
                format!(
                    "--demo cannot be used with --{}: the demo sets it for its own folder and simulator",
                    id.replace('_', "-")
                ),
            )),
            _ => Ok(cli),
        }
    }
}

/// Hides the value of an invalid address, because it may contain a password.
fn without_secret(mut error: clap::Error) -> clap::Error {
    let of_address = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => option.contains("-url ") || option.ends_with("_URL"),
        _ => false,
    };
    if of_address && error.get(ContextKind::InvalidValue).is_some() {
        let hidden = ContextValue::String("...".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    error
}

/// The source of a global option's value. A global option may come before or after the command.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let inner = matches
        .subcommand()
        .and_then(|(_, inner)| source(inner, id));
    match (matches.try_get_raw(id), inner) {
        (_, Some(ValueSource::CommandLine)) => Some(ValueSource::CommandLine),
        (Ok(_), _) => matches.value_source(id),
        (Err(_), inner) => inner,
    }
}
