//! The sections of the page.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::bars::{Bar, bars};
use super::columns::{PictureColumn, columns};
use super::style::{STYLE, policy};
use super::tables::{ReportCell, folded, table};
use super::{ReportFacts, Series, escaped};
use crate::diagnosis::{FailuresOfKind, Tally};
use crate::progress::format::{bytes, clock, count, counted, percent};
use crate::store::{Holdings, MonthHoldings, RunRow, RunStatus, SelectionRow};

/// Marks the page as a report. Only a file with this mark is replaced by a newer report.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"filing-etl report\">";

/// The number of forms with a separate colour. The others are added up.
const FORMS: usize = 5;

const COLOURS: [&str; FORMS] = ["s1", "s2", "s3", "s4", "s5"];

/// A chart has at most this many months, forty years. The table has all.
const MONTHS: usize = 480;

/// A list of companies is shortened to this many characters.
const COMPANIES: usize = 80;

/// The chart of the queue has at most this many bars. The table has all.
const QUEUES: usize = 15;

pub(super) fn page(facts: &ReportFacts) -> Markup {
    let made_at = format!("{:.0}", facts.made_at);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                (PreEscaped(GENERATOR))
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Filings on record, " (day_and_minute(&made_at)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Filings on record" }
                    p class="soft" { (escaped(&facts.database)) ", " (day_and_minute(&made_at)) " UTC" }
                    (key_numbers(facts))
                }
                main {
                    (coverage(facts))
                    (growth(facts))
                    (runs(facts))
                    (failures(facts))
                    (queue(facts))
                    (selections(facts))
                }
            }
        }
    }
}

fn key_numbers(facts: &ReportFacts) -> Markup {
    let (total, companies) = (&facts.total, &facts.coverage.total);
    let through = facts.through.map_or("-".to_owned(), |day| day.to_string());
    let numbers = [
        ("Complete through", through),
        (
            "Companies with a wanted filing",
            of(companies.covered, companies.companies),
        ),
        ("Filings", count(total.filings)),
        ("Files on disk", count(total.downloaded)),
        ("Bytes on disk", bytes(total.bytes)),
        ("Queue", count(total.pending + total.failed)),
    ];
    html! {
        dl {
            @for (name, number) in &numbers {
                div { dt { (name) } dd { (number) } }
            }
        }
    }
}

fn coverage(facts: &ReportFacts) -> Markup {
    let all = (Some("All".to_owned()), facts.coverage.total);
    let rows: Vec<(String, Tally)> = facts
        .coverage
        .by_exchange
        .iter()
        .chain([&all])
        .map(|(name, tally)| (name.clone().unwrap_or_else(|| "unknown".to_owned()), *tally))
        .collect();
    let companies = rows.iter().map(|(name, tally)| Bar {
        name: name.clone(),
        parts: vec![("s1", tally.covered)],
        whole: tally.companies,
        note: with_share(tally.covered, tally.companies),
    });
    let files = rows.iter().map(|(name, tally)| Bar {
        name: name.clone(),
        parts: vec![("s1", tally.downloaded)],
        whole: tally.expected,
        note: with_share(tally.downloaded, tally.expected),
    });
    let cells = rows.iter().map(|(name, tally)| {
        vec![
            ReportCell::text(name),
            number(tally.companies),
            number(tally.covered_before),
            number(tally.covered),
            ReportCell::Number(share(tally.covered, tally.companies)),
            number(tally.expected),
            number(tally.downloaded_before),
            number(tally.downloaded),
            ReportCell::Number(share(tally.downloaded, tally.expected)),
        ]
    });
    let headers = [
        "Exchange",
        "Companies",
        "Covered before the last run",
        "Covered now",
        "Share",
        "Files known",
        "Downloaded before",
        "Downloaded now",
        "Share",
    ];
    html! {
        section {
            h2 { "Coverage by exchange" }
            @if facts.coverage.total.companies == 0 {
                p { "No list of companies has been loaded yet." }
            } @else {
                p class="soft" {
                    "Companies that the recorded selections ask for, at their primary listing. A file of a joint filing counts \
                     for each of its filers."
                }
                (bars("Companies with a wanted filing", &[], &companies.collect::<Vec<_>>()))
                (bars("Files downloaded of those known", &[], &files.collect::<Vec<_>>()))
                (folded("Coverage by exchange", &headers, cells.collect()))
            }
        }
    }
}

fn growth(facts: &ReportFacts) -> Markup {
    let forms = largest_forms(&facts.months);
    let months = by_month(&facts.months, &forms);
    let mut series: Vec<Series> = forms
        .iter()
        .zip(COLOURS)
        .map(|(form, class)| Series {
            name: (*form).to_owned(),
            class,
        })
        .collect();
    if months
        .iter()
        .any(|month| month.parts[forms.len()].filings > 0)
    {
        series.push(Series {
            name: "other forms".to_owned(),
            class: "rest",
        });
    }
    html! {
        section {
            h2 { "Filings by month" }
            @if months.is_empty() {
                p { "No filing is on record." }
            } @else {
                p class="soft" { "By filing date, each filing and file counted once." }
                @if months.len() > MONTHS {
                    p class="soft" { "The charts begin with " (months[months.len() - MONTHS].name) "; the tables have every month." }
                }
                (picture("Filings by month and form", &series, &months, |month| month.filings, count))
                (month_table("Filings by month and form", &series, &months, |month| month.filings, count))
                (picture("Bytes on disk by month of filing and form", &series, &months, |month| month.bytes, bytes))
                (month_table("Bytes on disk by month of filing and form", &series, &months, |month| month.bytes, bytes))
            }
        }
    }
}

/// A month with the numbers of each form that has a colour, and the sum of all others.
struct Month {
    name: String,
    parts: Vec<MonthHoldings>,
}

/// The forms with the most filings, the largest first.
fn largest_forms(months: &BTreeMap<(String, String), MonthHoldings>) -> Vec<&str> {
    let mut filings: BTreeMap<&str, u64> = BTreeMap::new();
    for ((_, form), month) in months {
        *filings.entry(form).or_default() += month.filings;
    }
    let mut forms: Vec<_> = filings.into_iter().collect();
    forms.sort_by_key(|(_, filings)| std::cmp::Reverse(*filings));
    forms.truncate(FORMS);
    forms.into_iter().map(|(form, _)| form).collect()
}

/// Every month from the first to the last on record, including months without filings.
fn by_month(months: &BTreeMap<(String, String), MonthHoldings>, forms: &[&str]) -> Vec<Month> {
    let mut all: BTreeMap<&str, Vec<MonthHoldings>> = BTreeMap::new();
    for ((month, form), held) in months {
        let place = forms.iter().position(|known| known == form);
        let empty = || vec![MonthHoldings::default(); forms.len() + 1];
        let part = &mut all.entry(month).or_insert_with(empty)[place.unwrap_or(forms.len())];
        part.filings += held.filings;
        part.bytes += held.bytes;
    }
    let mut filled: Vec<Month> = Vec::new();
    for (name, parts) in all {
        while let Some(next) = filled.last().and_then(|last| month_after(&last.name)) {
            if next.as_str() >= name {
                break;
            }
            filled.push(Month {
                name: next,
                parts: vec![MonthHoldings::default(); forms.len() + 1],
            });
        }
        filled.push(Month {
            name: name.to_owned(),
            parts,
        });
    }
    filled
}

/// The next month, such as `2026-01` for `2025-12`.
fn month_after(month: &str) -> Option<String> {
    let (year, month) = month.split_once('-')?;
    let (year, month): (u16, u8) = (year.parse().ok()?, month.parse().ok()?);
    Some(match month {
        12.. => format!("{:04}-01", year.checked_add(1)?),
        _ => format!("{year:04}-{:02}", month + 1),
    })
}

fn picture(
    title: &str,
    series: &[Series],
    months: &[Month],
    value: fn(&MonthHoldings) -> u64,
    unit: fn(u64) -> String,
) -> Markup {
    let shown = &months[months.len().saturating_sub(MONTHS)..];
    let column = |month: &Month| {
        let values = || month.parts.iter().map(value);
        let mut hover = vec![format!("{}: {}", month.name, unit(values().sum()))];
        let parts = series.iter().zip(values());
        hover.extend(
            parts
                .clone()
                .filter(|(_, value)| *value > 0)
                .map(|(one, value)| format!("{} {}", one.name, unit(value))),
        );
        PictureColumn {
            label: month.name.clone(),
            hover,
            parts: parts.map(|(one, value)| (one.class, value)).collect(),
        }
    };
    let all: Vec<_> = shown.iter().map(column).collect();
    columns(title, series, &all, 220, unit)
}

fn month_table(
    caption: &str,
    series: &[Series],
    months: &[Month],
    value: fn(&MonthHoldings) -> u64,
    unit: fn(u64) -> String,
) -> Markup {
    let mut headers = vec!["Month"];
    headers.extend(series.iter().map(|one| one.name.as_str()));
    headers.push("All");
    let row = |month: &Month| {
        let mut cells = vec![ReportCell::text(&month.name)];
        let values = || month.parts.iter().map(value);
        cells.extend(
            values()
                .take(series.len())
                .map(|v| ReportCell::Number(unit(v))),
        );
        cells.push(ReportCell::Number(unit(values().sum())));
        cells
    };
    folded(caption, &headers, months.iter().rev().map(row).collect())
}

/// The CSS class of a status.
fn class(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Completed => "good",
        RunStatus::Partial => "some",
        RunStatus::Failed | RunStatus::Interrupted => "bad",
        RunStatus::Running => "rest",
    }
}

fn runs(facts: &ReportFacts) -> Markup {
    // The legend is shown once, above the first chart.
    let series: Vec<Series> = [
        (RunStatus::Completed, "completed"),
        (RunStatus::Partial, "partial"),
        (RunStatus::Failed, "failed or interrupted"),
        (RunStatus::Running, "running"),
    ]
    .map(|(status, name)| Series {
        name: name.to_owned(),
        class: class(status),
    })
    .into();
    let chart = |title: &str, value: fn(&RunRow) -> u64, unit: fn(u64) -> String| {
        let column = |run: &RunRow| PictureColumn {
            label: day(run),
            hover: vec![
                format!("run {}, {} {}", run.id, run.command, run.status.as_str()),
                format!("{} UTC", started(run)),
                unit(value(run)),
            ],
            parts: vec![(class(run.status), value(run))],
        };
        let all: Vec<_> = facts.runs.iter().rev().map(column).collect();
        columns(title, &[], &all, 110, unit)
    };
    let row = |run: &RunRow| {
        let counts = &run.progress.counts;
        let through = run.through.map_or("-".to_owned(), |day| day.to_string());
        vec![
            ReportCell::text(run.id.to_string()),
            ReportCell::text(&run.command),
            ReportCell::text(run.status.as_str()),
            ReportCell::Day(started(run)),
            ReportCell::Number(seconds(duration(run))),
            number(counts.requests),
            number(counts.filings_new),
            number(counts.downloaded),
            number(failed(run)),
            ReportCell::Day(through),
        ]
    };
    let headers = [
        "Run",
        "Command",
        "Status",
        "Started (UTC)",
        "Duration",
        "Requests",
        "New filings",
        "Downloaded",
        "Failed",
        "Complete through",
    ];
    html! {
        section {
            h2 { "Runs" }
            @if facts.runs.is_empty() {
                p { "No run is on record." }
            } @else {
                p class="soft" { "The last " (counted(facts.runs.len() as u64, ["run", "runs"])) ", the newest on the right." }
                (super::legend(&series))
                (chart("Duration", duration, seconds))
                (chart("Requests", |run| run.progress.counts.requests, count))
                (chart("New filings", |run| run.progress.counts.filings_new, count))
                (chart("Failed companies and files", failed, count))
                (folded("The last runs, newest first", &headers, facts.runs.iter().map(row).collect()))
            }
        }
    }
}

/// The time from the start of a run to its end or last heartbeat, in seconds.
fn duration(run: &RunRow) -> u64 {
    let end = run.ended_at.unwrap_or(run.heartbeat_at);
    let time = end.duration_since(run.started_at).as_secs();
    // The clock may have been set back during the run.
    time.try_into().unwrap_or(0)
}

fn seconds(seconds: u64) -> String {
    clock(Duration::from_secs(seconds))
}

fn failed(run: &RunRow) -> u64 {
    let counts = &run.progress.counts;
    counts.failed + counts.companies_failed
}

fn started(run: &RunRow) -> String {
    day_and_minute(&format!("{:.0}", run.started_at))
}

fn day(run: &RunRow) -> String {
    started(run).chars().take(10).collect()
}

/// A time in the format of the database, as `2026-01-31 09:30`.
fn day_and_minute(time: &str) -> String {
    time.chars().take(16).collect::<String>().replace('T', " ")
}

fn failures(facts: &ReportFacts) -> Markup {
    let bar = |failure: &FailuresOfKind| {
        let sum = failure.companies + failure.artifacts + failure.problems;
        Bar {
            name: failure.kind.clone(),
            parts: vec![
                ("s1", failure.companies),
                ("s3", failure.artifacts),
                ("rest", failure.problems),
            ],
            whole: sum,
            note: count(sum),
        }
    };
    let series = [
        ("companies", "s1"),
        ("files", "s3"),
        ("entries of lists, in the last run", "rest"),
    ]
    .map(|(name, class)| Series {
        name: name.to_owned(),
        class,
    });
    let row = |failure: &FailuresOfKind| {
        vec![
            ReportCell::text(&failure.kind),
            number(failure.companies),
            number(failure.artifacts),
            number(failure.problems),
            ReportCell::text(&failure.example),
            ReportCell::text(failure.remedy),
        ]
    };
    let headers = [
        "Kind",
        "Companies",
        "Files",
        "Entries of lists",
        "For example",
        "Remedy",
    ];
    html! {
        section {
            h2 { "Failures by kind" }
            @if facts.failures.is_empty() {
                p { "Nothing has failed." }
            } @else {
                (bars("Failures by kind", &series, &facts.failures.iter().map(bar).collect::<Vec<_>>()))
                (table("Failures and remedies", &headers, facts.failures.iter().map(row).collect()))
            }
        }
    }
}

fn queue(facts: &ReportFacts) -> Markup {
    let queued = |held: &Holdings| held.pending + held.failed;
    let mut forms: Vec<(&String, &Holdings)> = facts
        .forms
        .iter()
        .filter(|(_, held)| queued(held) + held.unavailable + held.dropped > 0)
        .collect();
    forms.sort_by_key(|(_, held)| std::cmp::Reverse(queued(held)));
    let bar = |(form, held): &(&String, &Holdings)| Bar {
        name: (*form).clone(),
        parts: vec![("s1", held.pending), ("bad", held.failed)],
        whole: queued(held),
        note: format!(
            "{} pending, {} failed",
            count(held.pending),
            count(held.failed)
        ),
    };
    let row = |(form, held): &(&String, &Holdings)| {
        vec![
            ReportCell::text(*form),
            number(held.pending),
            number(held.failed),
            number(held.unavailable),
            number(held.dropped),
        ]
    };
    let series = [("pending", "s1"), ("failed", "bad")].map(|(name, class)| Series {
        name: name.to_owned(),
        class,
    });
    let headers = [
        "Form",
        "Pending",
        "Failed",
        "Unavailable at EDGAR",
        "Dropped",
    ];
    let shown = forms.iter().filter(|(_, held)| queued(held) > 0);
    let shown: Vec<_> = shown.take(QUEUES).map(bar).collect();
    html! {
        section {
            h2 { "Queue" }
            @if shown.is_empty() {
                p { "Nothing is queued." }
            } @else {
                p class="soft" { "Files that the next run, or " code { "filing-etl download" } ", downloads." }
                (bars("Queue by form", &series, &shown))
            }
            @if !forms.is_empty() {
                (folded("Files that are not on disk, by form", &headers, forms.iter().map(row).collect()))
            }
        }
    }
}

fn selections(facts: &ReportFacts) -> Markup {
    let row = |one: &SelectionRow| {
        vec![
            ReportCell::text(one.id.to_string()),
            ReportCell::text(one.shown_companies(COMPANIES)),
            ReportCell::text(&one.forms),
            ReportCell::text(one.shown_dates()),
            ReportCell::text(&one.artifacts),
            ReportCell::Day(one.shown_through().to_owned()),
            ReportCell::Number(of(one.companies_checked, one.companies_total)),
        ]
    };
    html! {
        section {
            h2 { "Selections" }
            @if facts.selections.is_empty() {
                p { "No selection is recorded." }
            } @else {
                (table("Recorded selections", &SelectionRow::HEADERS, facts.selections.iter().map(row).collect()))
            }
        }
    }
}

fn number(value: u64) -> ReportCell {
    ReportCell::Number(count(value))
}

fn of(part: u64, whole: u64) -> String {
    format!("{} of {}", count(part), count(whole))
}

/// A share in percent; empty if the whole is 0.
fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{}%", percent(part, whole)),
    }
}

fn with_share(part: u64, whole: u64) -> String {
    format!("{} ({})", of(part, whole), share(part, whole))
}
