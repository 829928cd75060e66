//! What is made from the definitions of the command line: shell completions and man pages.

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use crate::exit::UsageError;

/// The completions for a shell, as its script.
///
/// # Errors
///
/// When the script is no text.
pub fn completions(shell: Shell) -> Result<String> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let script = String::from_utf8(script).context("failed to write the completions")?;
    Ok(if shell == Shell::Bash {
        under_one_name(&script)
    } else {
        script
    })
}

/// `clap_complete` 4.6.11 takes the dash in the program's name for the space before a command in one
/// of two places, so that no command's options are ever completed.
fn under_one_name(script: &str) -> String {
    script.replace("filing__subcmd__etl", "filing__etl")
}

/// The man page of the program (an empty path), or of the command at this path.
///
/// # Errors
///
/// A [`UsageError`] when there is no such command.
pub fn man(path: &[String]) -> Result<String> {
    let mut root = Cli::command();
    root.build();
    let mut command: &Command = &root;
    for name in path.iter().flat_map(|words| words.split_whitespace()) {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            UsageError(match known.as_slice() {
                [] => format!("{} has no commands", command.get_name()),
                known => format!(
                    "there is no command {name:?}: known are {}",
                    known.join(", ")
                ),
            })
        })?;
    }
    let title = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let page = clap_mangen::Man::new(command.clone())
        .title(title.to_uppercase())
        .source(format!("filing-etl {}", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text)
        .context("failed to write the man page")?;
    String::from_utf8(text).context("failed to write the man page")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_shell_has_completions_that_know_the_commands() {
        for shell in Shell::value_variants() {
            let script = completions(*shell).unwrap();
            for word in ["backfill", "monitor", "companies", "exchange"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn every_command_has_a_man_page() {
        assert!(man(&[]).unwrap().contains("filing\\-etl"));
        for path in [
            &["backfill"][..],
            &["companies", "list"],
            &["companies list"],
        ] {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            let page = man(&path).unwrap();
            assert!(page.contains("exchange"), "{path:?}\n{page}");
            assert!(
                page.contains("\"filing-etl "),
                "where it comes from: {page}"
            );
            let (own, global) = (page.find("\\-\\-exchange"), page.find("\\-\\-db"));
            assert!(own < global, "{path:?}\n{page}");
        }
    }

    #[test]
    fn an_unknown_command_names_the_known_ones() {
        let error = man(&["backfil".to_owned()]).unwrap_err();
        assert!(error.is::<UsageError>());
        assert!(error.to_string().contains("backfill"), "{error}");
    }
}
