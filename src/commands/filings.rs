//! `filings`: lists the filings on record.

use anyhow::Result;
use serde::Serialize;

use crate::cli::{Cli, FilingsArgs};
use crate::edgar::{Cik, DateRange, FormFilter};
use crate::exit::Exit;
use crate::print::print;
use crate::progress::format::{counted, printable, printable_json};
use crate::run::companies;
use crate::store::{Reader, ShownFiling};

/// A filing in the output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct FilingLine<'a> {
    cik: u64,
    form: &'a str,
    filed_on: &'a str,
    report_date: Option<&'a str>,
    accession: &'a str,
    /// Relative to the data dir; null until the file is stored.
    path: Option<&'a str>,
    status: Option<&'a str>,
}

/// Prints company by company, because there may be millions of filings.
pub(super) fn run(cli: &Cli, args: &FilingsArgs) -> Result<Exit> {
    let (filter, forms, dates) = cli.filings(args)?;
    let db = Reader::open(cli.db())?;
    let companies = if filter.is_given() {
        companies::resolve_known(&db, &filter)?.some_ciks(&db)?
    } else {
        db.all_companies()?
    };
    let newest = args
        .newest
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let mut out = Out::begin(args.json)?;
    for cik in companies {
        let filings = wanted(&db, cik, &forms, dates, newest)?;
        out.add(cik, &filings)?;
    }
    out.end()?;
    Ok(Exit::Complete)
}

fn wanted(
    db: &Reader,
    cik: Cik,
    forms: &FormFilter,
    dates: DateRange,
    newest: usize,
) -> Result<Vec<ShownFiling>> {
    let mut filings = db.shown_filings(cik, dates)?;
    filings.retain(|filing| forms.wants(&filing.form));
    filings.truncate(newest);
    Ok(filings)
}

/// Prints the list in parts.
struct Out {
    json: bool,
    /// Whether the page is wide enough for the path.
    has_paths: bool,
    printed: u64,
}

/// The width of the table without the path, and with a short path.
const WIDTHS: [usize; 2] = [56, 79];

impl Out {
    fn begin(json: bool) -> Result<Self> {
        let has_paths = Cli::style().width >= WIDTHS[1];
        if json {
            print("{\"filings\":[")?;
        } else {
            let path = if has_paths { "Path" } else { "" };
            print(&line("CIK", "Form", "Filed", "Accession", path))?;
            print(&("-".repeat(WIDTHS[usize::from(has_paths)]) + "\n"))?;
        }
        Ok(Self {
            json,
            has_paths,
            printed: 0,
        })
    }

    fn add(&mut self, cik: Cik, filings: &[ShownFiling]) -> Result<()> {
        let mut text = String::new();
        for filing in filings {
            if self.json {
                if self.printed > 0 {
                    text.push(',');
                }
                text += &printable_json(&serde_json::to_string(&FilingLine {
                    cik: cik.get(),
                    form: &filing.form,
                    filed_on: &filing.filed_on,
                    report_date: filing.report_date.as_deref(),
                    accession: &filing.accession,
                    path: filing.path.as_deref(),
                    status: filing.status.as_deref(),
                })?);
            } else {
                let path = filing
                    .path
                    .as_deref()
                    .or(filing.status.as_deref())
                    .or(Some("-"));
                text += &line(
                    &cik.to_string(),
                    &printable(&filing.form),
                    &filing.filed_on,
                    &filing.accession,
                    &printable(path.filter(|_| self.has_paths).unwrap_or_default()),
                );
            }
            self.printed += 1;
        }
        if text.is_empty() {
            return Ok(());
        }
        print(&text)
    }

    fn end(self) -> Result<()> {
        if self.json {
            return print("]}\n");
        }
        if self.printed == 0 {
            log::warn!(
                "no filing on record matches: `filing-etl stats` shows what is on record, \
                 `filing-etl backfill` loads more"
            );
        }
        print(&format!(
            "{}\n",
            counted(self.printed, ["filing", "filings"])
        ))
    }
}

/// A line of the table. The path comes last, because it may be longer than the page.
fn line(cik: &str, form: &str, filed: &str, accession: &str, path: &str) -> String {
    let line = format!("{cik:>10} {form:<13} {filed:<10} {accession:<20} {path}");
    line.trim_end().to_owned() + "\n"
}
