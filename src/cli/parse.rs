//! From the command line and the environment to [`Cli`].

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use super::args::Cli;
use super::hints;
use super::resolve::set;

/// What `--demo` decides itself.
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
    /// Parses the command line. Ends the process on a usage error, and after `--help`.
    pub fn from_environment() -> Self {
        Self::try_from_args(std::env::args_os()).unwrap_or_else(|e| e.exit())
    }

    /// Warns of variables that look like ours and are not.
    pub fn warn_unknown_variables() {
        for (name, meant) in hints::unknown_variables(&Self::command()) {
            log::warn!("{name} is no variable of this program: {meant} is the one most like it");
        }
    }

    /// Parses a command line, as [`Cli::from_environment`] does.
    pub(crate) fn try_from_args(
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        // An empty variable counts as unset, as it does everywhere else.
        let mut command = Self::command().mut_args(|arg| {
            let empty = arg.get_env().is_some_and(|name| set(name).is_none());
            // Help is the same in every environment, and repeats no address with a password in it.
            let arg = arg.hide_env(true).hide_env_values(true);
            if empty { arg.env(None::<&str>) } else { arg }
        });
        let args: Vec<_> = args.into_iter().collect();
        let matches = command
            .try_get_matches_from_mut(&args)
            .map_err(|e| without_secret(hints::fitting(e, &Self::command(), &args)))?;
        let mut cli = Self::from_arg_matches(&matches)?;
        // The flag wins over the environment, also where they contradict each other.
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
                    "--demo cannot be used with --{}: it works in a folder of its own, against a \
                     simulator of its own",
                    id.replace('_', "-")
                ),
            )),
            _ => Ok(cli),
        }
    }
}

/// An address that is none may still have a password in it, so it is not repeated.
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

/// Where a global option comes from; it may stand before or behind the command.
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
