//! Better hints in clap's error messages: the environment variable of an invalid value, `--ticker` in
//! front of a bare ticker, and the known variable that is most similar to an unknown one.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::resolve::set;

/// The prefix of all our environment variables.
const PREFIX: &str = "FILING_ETL_";

/// The minimum similarity, from 0 to 1, of a suggested option: `--form` must not suggest `--log-format`.
const ALIKE: f64 = 0.6;

/// The error with hints that apply to this command line.
pub(super) fn add(mut error: clap::Error, command: &Command, args: &[OsString]) -> clap::Error {
    name_variable(&mut error, command, args);
    let mut asked = asked(command, args);
    if error.get(ContextKind::Usage).is_some() {
        // Clap's own usage line contains options set by the environment, and a suggested option.
        let usage = ContextValue::StyledStr(asked.render_usage());
        error.insert(ContextKind::Usage, usage);
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg).cloned()
    {
        if let Some(ContextValue::String(meant)) = error.get(ContextKind::SuggestedArg)
            && strsim::normalized_damerau_levenshtein(&given, meant) < ALIKE
        {
            error.remove(ContextKind::SuggestedArg);
        }
        let takes_tickers = |argument: &Arg| argument.get_long() == Some("ticker");
        if !given.starts_with('-') && asked.get_arguments().any(takes_tickers) {
            let hint = format!("for the company with this ticker, use '--ticker {given}'");
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![hint.into()]),
            );
        }
    }
    error
}

/// Names the environment variable of an invalid value that is not on the command line.
fn name_variable(error: &mut clap::Error, command: &Command, args: &[OsString]) {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let option = option.split(' ').next().unwrap_or_default();
    let is_given = args.iter().any(|arg| {
        let arg = arg.to_string_lossy();
        arg.split('=').next() == Some(option)
    });
    let argument = command.get_arguments().find(|argument| {
        let long = argument.get_long();
        long.is_some_and(|long| option.strip_prefix("--") == Some(long))
    });
    let variable = argument.and_then(|argument| argument.get_env());
    if let Some(variable) = variable.filter(|_| !is_given)
        && set(variable).is_some()
    {
        let name = ContextValue::String(variable.to_string_lossy().into_owned());
        error.insert(ContextKind::InvalidArg, name);
    }
}

/// The innermost command that a command line names.
fn asked(command: &Command, args: &[OsString]) -> Command {
    let mut root = command.clone();
    root.build();
    let mut command = &root;
    for arg in args.iter().skip(1) {
        if let Some(inner) = command.find_subcommand(arg) {
            command = inner;
        }
    }
    command.clone()
}

/// The set variables with our prefix that belong to no option, each with the most similar known one.
pub(super) fn unknown_variables(command: &Command) -> Vec<(String, String)> {
    let ours: Vec<_> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let mut unknown: Vec<_> = names
        .filter(|name| name.starts_with(PREFIX) && !ours.contains(name))
        .map(|name| {
            let like = |known: &&String| strsim::jaro_winkler(known, &name);
            let meant = ours.iter().max_by(|a, b| like(a).total_cmp(&like(b)));
            (name.clone(), meant.cloned().unwrap_or_default())
        })
        .collect();
    unknown.sort();
    unknown
}
