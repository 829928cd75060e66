//! Command lines to suggest to the user, with the database, companies and forms of the current command,
//! quoted for the shell.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{Cli, CompanyArgs, DiagnoseArgs};
use super::values::ExchangeChoice;
use crate::criteria::ShownCriterion;
use crate::edgar::FormFilter;

/// The arguments of the current command that a suggested command repeats.
#[derive(Debug, Clone, Default)]
pub struct RepeatedArgs {
    place: String,
    companies: String,
    forms: String,
}

impl RepeatedArgs {
    /// A command on the same database and data dir.
    pub fn here(&self, command: &str) -> String {
        format!("filing-etl {command}{}", self.place)
    }

    /// As [`RepeatedArgs::here`], for the same companies.
    pub fn for_companies(&self, command: &str) -> String {
        self.here(command) + &self.companies
    }

    /// Adds these forms if the user named none.
    pub fn or_forms(mut self, forms: &FormFilter) -> Self {
        if self.forms.is_empty() && *forms != FormFilter::default() {
            let (types, amendments) = forms.types();
            let all = ["all".to_owned()];
            let types = if types.is_empty() { &all } else { types };
            for form in types {
                say(&mut self.forms, "--form", form);
            }
            if !amendments {
                self.forms.push_str(" --no-amendments");
            }
        }
        self
    }

    /// As [`RepeatedArgs::for_companies`], for the same forms.
    pub fn for_all(&self, command: &str) -> String {
        self.for_companies(command) + &self.forms
    }
}

impl Cli {
    /// Repeats the database and the data dir if they are not the default ones.
    pub fn repeated_args(&self) -> RepeatedArgs {
        let mut place = String::new();
        let usual = [
            ("--db", &self.global.db, "filings.db"),
            ("--data-dir", &self.global.data_dir, "filings"),
        ];
        for (option, path, usual) in usual {
            if path != Path::new(usual) {
                say(&mut place, option, &path.to_string_lossy());
            }
        }
        RepeatedArgs {
            place,
            ..RepeatedArgs::default()
        }
    }

    /// Repeats the companies and forms of a diagnosis.
    pub fn repeated_diagnose_args(&self, args: &DiagnoseArgs) -> RepeatedArgs {
        let mut forms = String::new();
        for form in &args.forms {
            say(&mut forms, "--form", form);
        }
        if args.no_amendments {
            forms.push_str(" --no-amendments");
        }
        RepeatedArgs {
            companies: companies(&args.companies),
            forms,
            ..self.repeated_args()
        }
    }
}

fn companies(args: &CompanyArgs) -> String {
    let mut text = String::new();
    for exchange in &args.exchanges {
        match exchange {
            ExchangeChoice::One(exchange) => say(&mut text, "--exchange", exchange.as_str()),
            ExchangeChoice::All => say(&mut text, "--exchange", "all"),
        }
    }
    for ticker in &args.tickers {
        say(&mut text, "--ticker", ticker);
    }
    for cik in &args.ciks {
        say(&mut text, "--cik", &cik.to_string());
    }
    for ShownCriterion { option, value, .. } in args.criteria().given() {
        say(&mut text, option, &value.replace(' ', ""));
    }
    if let Some(file) = &args.companies_file {
        say(&mut text, "--companies-file", &file.to_string_lossy());
    }
    text
}

fn say(text: &mut String, option: &str, value: &str) {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let quoted = if value.chars().all(harmless) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    };
    write!(text, " {option} {quoted}").expect("a String takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        let mut text = String::new();
        say(&mut text, "--exchange", "NYSE Arca");
        say(&mut text, "--db", "it's/a.db");
        assert_eq!(text, r" --exchange 'NYSE Arca' --db 'it'\''s/a.db'");
    }
}
