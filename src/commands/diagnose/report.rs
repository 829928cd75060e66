//! The diagnosis as tables and as a JSON document. Pure: no I/O.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::RepeatedArgs;
use crate::commands::table::fit;
use crate::config::PrintStyle;
use crate::diagnosis::{Coverage, FailuresOfKind, Reason, SelectedFilings, Tally, heading};
use crate::edgar::{Cik, FormFilter};
use crate::progress::format::{count, counted, percent, printable};
use crate::store::{CompanyCoverage, FailureGroup, PreviousRun};
use crate::style::{failure as stands_out, status};

/// The facts that a diagnosis is made of.
pub(super) struct DiagnosisInput<'a> {
    pub wanted: FormFilter,
    /// Whether the user named the wanted forms; otherwise they are those of the selections of each company.
    pub is_given: bool,
    /// The filings that the selections of each company include.
    pub selected: HashMap<Cik, Vec<SelectedFilings<'a>>>,
    pub repeated_args: RepeatedArgs,
    pub companies: Vec<CompanyCoverage>,
    pub failed_downloads: Vec<FailureGroup>,
    pub problems: Vec<FailureGroup>,
    pub last_run: Option<PreviousRun>,
    /// The number of companies on record, with or without a selection.
    pub universe: u64,
}

/// The output of `--json`; its field names are public.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Diagnosis {
    forms: String,
    last_run: Option<LastRun>,
    coverage: Vec<ExchangeCoverage>,
    total: Tally,
    reasons: Vec<ReasonCount>,
    uncovered: Vec<Uncovered>,
    failures: Vec<FailuresOfKind>,
    next: Vec<Advice>,
}

#[derive(Debug, Clone, Serialize)]
struct LastRun {
    id: i64,
    command: String,
    status: &'static str,
    started_at: String,
    ended_at: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct ExchangeCoverage {
    exchange: Option<String>,
    #[serde(flatten)]
    tally: Tally,
}

#[derive(Debug, Clone, Serialize)]
struct ReasonCount {
    reason: &'static str,
    companies: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Uncovered {
    cik: u64,
    name: String,
    ticker: Option<String>,
    exchange: Option<String>,
    reason: &'static str,
    /// Details of the reason; may be empty.
    detail: String,
    /// The number of filings of any form that EDGAR lists; `null` if no list was recorded.
    listed: Option<u64>,
    first_filed_on: Option<String>,
    last_filed_on: Option<String>,
}

/// A command to run next, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Advice {
    command: String,
    why: String,
}

impl Diagnosis {
    pub(super) fn new(asked: &DiagnosisInput<'_>) -> Self {
        let coverage = Coverage::of(&asked.companies);
        let uncovered = uncovered(asked);
        let reasons = Reason::WORDS
            .into_iter()
            .map(|reason| ReasonCount {
                reason,
                companies: uncovered.iter().filter(|u| u.reason == reason).count() as u64,
            })
            .filter(|r| r.companies > 0)
            .collect();
        Self {
            forms: asked.wanted.to_string(),
            last_run: asked.last_run.as_ref().map(|run| LastRun {
                id: run.id.get(),
                command: run.command.clone(),
                status: run.status.as_str(),
                started_at: run.started_at.to_string(),
                ended_at: run.ended_at.map(|at| at.to_string()),
            }),
            total: coverage.total,
            coverage: coverage
                .by_exchange
                .into_iter()
                .map(|(exchange, tally)| ExchangeCoverage { exchange, tally })
                .collect(),
            failures: FailuresOfKind::all(
                &asked.companies,
                &asked.failed_downloads,
                &asked.problems,
            ),
            next: next(asked, &uncovered),
            reasons,
            uncovered,
        }
    }

    /// The tables for a terminal.
    pub(super) fn table(&self, style: PrintStyle) -> String {
        let mut text = String::new();
        self.coverage(&mut text, style);
        self.uncovered(&mut text, style);
        self.failures(&mut text, style);
        line(&mut text, "\nNext");
        for step in &self.next {
            line(&mut text, &format!("  {}", printable(&step.command)));
            paragraph(&mut text, &step.why, style);
        }
        text
    }

    fn coverage(&self, text: &mut String, style: PrintStyle) {
        line(text, &format!("Wanted: {}", self.forms));
        line(
            text,
            &match &self.last_run {
                None => "No run is on record".to_owned(),
                Some(run) => format!(
                    "Last run: {} ({} {}, began {})",
                    run.id,
                    printable(&run.command),
                    status(run.status, style),
                    run.started_at
                ),
            },
        );
        let all = ExchangeCoverage {
            exchange: Some("All".to_owned()),
            tally: self.total,
        };
        let rows = |cells: &dyn Fn(Tally) -> Vec<String>| -> Vec<Vec<String>> {
            let all = self.coverage.iter().chain([&all]);
            all.map(|row| {
                let mut line = vec![row.exchange.clone().unwrap_or_else(|| "unknown".to_owned())];
                line.extend(cells(row.tally));
                line
            })
            .collect()
        };
        let companies = rows(&|t| {
            vec![
                count(t.companies),
                count(t.covered_before),
                count(t.covered),
                share(t.covered, t.companies),
            ]
        });
        let files = rows(&|t| {
            vec![
                count(t.downloaded_before),
                count(t.expected_before),
                count(t.downloaded),
                count(t.expected),
                share(t.downloaded, t.expected),
            ]
        });
        line(
            text,
            "\nCompanies with a wanted filing, before the last run and now",
        );
        let headers = ["Exchange", "Companies", "Before", "Covered", "Share"];
        text.push_str(&fit(&headers, companies, style, &["Before"]));
        line(
            text,
            "\nFiles downloaded of those known, before the last run and now",
        );
        let headers = ["Exchange", "Before", "of", "Downloaded", "of", "Share"];
        // The first "of" belongs to "Before".
        text.push_str(&fit(&headers, files, style, &["Before", "of"]));
    }

    fn uncovered(&self, text: &mut String, style: PrintStyle) {
        for ReasonCount { reason, companies } in &self.reasons {
            line(
                text,
                &format!("\n{} ({})", heading(reason), count(*companies)),
            );
            let here = self.uncovered.iter().filter(|u| u.reason == *reason);
            let rows = here.map(|u| {
                vec![
                    u.ticker.clone().unwrap_or_default(),
                    u.cik.to_string(),
                    u.name.clone(),
                    u.exchange.clone().unwrap_or_default(),
                    u.detail.clone(),
                ]
            });
            let headers = ["Ticker", "CIK", "Company", "Exchange", "Detail"];
            text.push_str(&fit(
                &headers,
                rows.collect(),
                style,
                &["Exchange", "Ticker"],
            ));
        }
    }

    fn failures(&self, text: &mut String, style: PrintStyle) {
        if self.failures.is_empty() {
            return;
        }
        line(text, "\nFailures");
        for failure in &self.failures {
            let counts = [
                (failure.companies, ["company", "companies"]),
                (failure.artifacts, ["file", "files"]),
                (failure.problems, ["entry of a list", "entries of lists"]),
            ];
            let counts: Vec<_> = counts
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| counted(n, what))
                .collect();
            let kind = stands_out(&failure.kind, true, style);
            line(text, &format!("  {kind}: {}", counts.join(", ")));
            paragraph(
                text,
                &format!("e.g. {}", printable(&failure.example)),
                style,
            );
            paragraph(text, failure.remedy, style);
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all");
}

/// Appends an indented paragraph, wrapped to the width of the page.
fn paragraph(text: &mut String, words: &str, style: PrintStyle) {
    const INDENT: &str = "    ";
    let mut row = INDENT.to_owned();
    for word in words.split_whitespace() {
        let blank = usize::from(row != INDENT);
        if blank > 0 && row.chars().count() + blank + word.chars().count() > style.width {
            line(text, &row);
            INDENT.clone_into(&mut row);
        }
        if row != INDENT {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(text, &row);
}

/// The share in percent, or a dash if the whole is zero.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{}%", percent(part, whole))
}

fn uncovered(asked: &DiagnosisInput<'_>) -> Vec<Uncovered> {
    let missing = asked.companies.iter().filter(|c| !c.covered);
    missing
        .map(|company| {
            let wanted = asked.is_given.then_some(&asked.wanted);
            let selected = asked.selected.get(&company.cik);
            let reason = Reason::of(company, wanted, selected.map_or(&[], Vec::as_slice));
            let history = company.history.as_ref();
            Uncovered {
                cik: company.cik.get(),
                name: company.name.clone(),
                ticker: company.ticker.clone(),
                exchange: company.exchange.clone(),
                reason: reason.word(),
                detail: reason.detail(),
                listed: history.map(|h| h.listed),
                first_filed_on: history.and_then(|h| h.first).map(|day| day.to_string()),
                last_filed_on: history.and_then(|h| h.last).map(|day| day.to_string()),
            }
        })
        .collect()
}

/// The commands to run next, most useful first.
fn next(asked: &DiagnosisInput<'_>, uncovered: &[Uncovered]) -> Vec<Advice> {
    let step = |command: String, why: String| Advice { command, why };
    let repeated_args = &asked.repeated_args;
    if asked.universe == 0 {
        return vec![step(
            repeated_args.for_all("backfill"),
            "the list of companies is not loaded yet".to_owned(),
        )];
    }
    let with = |reasons: &[&str]| {
        let found = uncovered.iter().filter(|u| reasons.contains(&u.reason));
        found.count() as u64
    };
    let mut steps = Vec::new();
    let unread = with(&["never_checked", "not_recorded"]);
    let failing = asked
        .companies
        .iter()
        .filter(|c| c.failure.is_some() && !c.is_unavailable)
        .count() as u64;
    let failed: u64 = asked.companies.iter().map(|c| c.failed).sum();
    let missing: u64 = asked
        .companies
        .iter()
        .map(|c| {
            let there = c.artifacts.expected.saturating_sub(c.unavailable);
            there.saturating_sub(c.artifacts.downloaded)
        })
        .sum();
    let companies = [
        (unread, ["company to check", "companies to check"]),
        (failing, ["company to try again", "companies to try again"]),
    ];
    let files = [
        (
            missing.saturating_sub(failed),
            ["file to download", "files to download"],
        ),
        (failed, ["file to try again", "files to try again"]),
    ];
    for (command, numbers) in [
        (repeated_args.for_all("backfill"), companies),
        (repeated_args.for_companies("download"), files),
    ] {
        let why = numbers.into_iter().filter(|(number, _)| *number > 0);
        let why: Vec<_> = why.map(|(number, what)| counted(number, what)).collect();
        if !why.is_empty() {
            steps.push(step(command, why.join(", ")));
        }
    }
    let not_asked = with(&["not_asked_for"]);
    if not_asked > 0 {
        steps.push(step(
            repeated_args.for_all("backfill"),
            format!(
                "{} filed a wanted form that no selection includes",
                counted(not_asked, ["company", "companies"])
            ),
        ));
    }
    let older = with(&["outside_dates"]);
    if older > 0 {
        steps.push(step(
            repeated_args.for_all("backfill --since 30y"),
            format!(
                "{} filed a wanted form, but outside the dates of the selections",
                counted(older, ["company", "companies"])
            ),
        ));
    }
    for (reason, form) in [("foreign_issuer", "6-K"), ("fund", "N-CSR")] {
        let companies = with(&[reason]);
        if companies > 0 {
            steps.push(step(
                repeated_args.for_companies(&format!("backfill --form {form}")),
                format!(
                    "only if you want {form} as well: {}",
                    counted(companies, ["company", "companies"])
                ),
            ));
        }
    }
    if steps.is_empty() {
        steps.push(step(
            repeated_args.here("verify"),
            "nothing available is missing: check that the files are intact".to_owned(),
        ));
    }
    steps.extend(retries(asked));
    steps
}

/// The commands that request again what EDGAR did not have on three days.
fn retries(asked: &DiagnosisInput<'_>) -> Vec<Advice> {
    let args = &asked.repeated_args;
    let companies = asked.companies.iter().filter(|c| c.is_unavailable).count() as u64;
    let files: u64 = asked.companies.iter().map(|c| c.unavailable).sum();
    let backfill = args.for_all("backfill --retry-unavailable");
    let download = args.for_companies("download --retry-unavailable");
    [
        (companies, ["company", "companies"], backfill),
        (files, ["file", "files"], download),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, what, command)| Advice {
        command,
        why: format!(
            "only if EDGAR may have it by now: {} not found on three days",
            counted(number, what)
        ),
    })
    .collect()
}
