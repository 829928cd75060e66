//! Shell completions and man pages, generated from the definitions of the command line.

use std::io;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::help;
use crate::exit::{self, UsageError};

/// The completion script for a shell.
pub fn completions(shell: Shell) -> Result<String> {
    let mut command = help::command();
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

/// Works around a bug of `clap_complete` 4.6.11: one of two places replaces the dash in the program's name
/// like the space before a command, and the options of commands are never completed.
fn under_one_name(script: &str) -> String {
    script.replace("filing__subcmd__etl", "filing__etl")
}

/// The man page of the program (an empty path), or of the command at this path.
///
/// # Errors
///
/// A [`UsageError`] if there is no such command.
pub fn man(path: &[String]) -> Result<String> {
    let mut root = help::command();
    root.build();
    let mut command: &Command = &root;
    let mut names = Vec::new();
    for name in path.iter().flat_map(|words| words.split_whitespace()) {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            UsageError(match known.as_slice() {
                [] => format!("{} has no commands", command.get_name()),
                known => format!(
                    "there is no command {name:?}; the commands are {}",
                    known.join(", ")
                ),
            })
        })?;
        names.push(name);
    }
    let mut text = Vec::new();
    page(command, &names.join(" "), &mut text).context("failed to write the man page")?;
    let text = String::from_utf8(text).context("failed to write the man page")?;
    // Each section repeats the preamble, of two lines.
    let (preamble, _) = text.split_at(text.find(".TH ").unwrap_or_default());
    Ok(preamble.to_owned() + &text.replace(preamble, ""))
}

/// The sections of clap's definitions, then those of [`help`].
fn page(command: &Command, path: &str, out: &mut Vec<u8>) -> io::Result<()> {
    let title = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let man = Man::new(command.clone())
        .title(title.to_uppercase())
        .source(format!("filing-etl {}", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    out.extend(under_options(&String::from_utf8_lossy(&options)).bytes());
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let examples = help::examples_of(path);
    if !examples.is_empty() {
        section("EXAMPLES", examples, out)?;
    }
    section("FILES", &help::FILES, out)?;
    section("ENVIRONMENT", &help::variables(), out)?;
    section("EXIT STATUS", &exit::MEANINGS, out)
}

/// Makes the headings of options subsections of OPTIONS, which readers of man pages expect.
fn under_options(sections: &str) -> String {
    let text = sections
        .replace(".SH OPTIONS\n", "")
        .replace(".SH ", ".SS ");
    format!(".SH OPTIONS\n{text}")
}

/// A section of terms, each with a paragraph about it.
fn section<T: AsRef<str>>(heading: &str, entries: &[(T, T)], out: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, text) in entries {
        roff.control("TP", []);
        roff.text([bold(term.as_ref())]);
        roff.text([roman(text.as_ref())]);
    }
    roff.to_writer(out)
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
    fn every_man_page_has_the_sections_that_a_reader_expects() {
        for (path, has_examples) in [("", true), ("backfill", true), ("companies sync", false)] {
            let page = man(&[path.to_owned()]).unwrap();
            for section in ["OPTIONS", "FILES", "ENVIRONMENT", "EXIT STATUS"] {
                let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
                assert!(
                    heading.iter().any(|h| page.contains(h)),
                    "{path}: {section}\n{page}"
                );
            }
            assert_eq!(page.contains(".SH EXAMPLES"), has_examples, "{path}");
            assert!(!page.contains(".SH EXTRA"), "{path}");
            assert!(page.contains("FILING_ETL_DB"), "{path}");
        }
    }

    #[test]
    fn an_unknown_command_names_the_known_ones() {
        let error = man(&["backfil".to_owned()]).unwrap_err();
        assert!(error.is::<UsageError>());
        assert!(error.to_string().contains("backfill"), "{error}");
    }
}
