//! The lines of one frame of the dashboard. Pure: no I/O. `backfill` and `monitor` show the same lines.

use std::fmt::Write as _;

use super::Snapshot;
use super::format::{bytes, clock, count, percent};

/// The minimum width in characters, also on narrower terminals.
const MIN_WIDTH: usize = 20;

/// The lines of one frame, each at most `width` characters.
pub fn frame(s: &Snapshot, width: usize) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Elapsed {}  ETA {}  {:.1} companies/s",
            clock(s.elapsed),
            s.eta().map_or_else(|| "unknown".to_owned(), clock),
            s.companies_per_second(),
        ),
        format!(
            "Companies {}/{} ({}%)  with new data {}  in progress {}{}",
            count(s.counts.companies_done),
            count(s.counts.companies_total),
            percent(s.counts.companies_done, s.counts.companies_total),
            count(s.counts.companies_with_new),
            count(s.counts.companies_in_progress),
            unless_zero("failed", s.counts.companies_failed),
        ),
        format!(
            "Filings {} found, {} new  artifacts created {}",
            count(s.counts.filings_found),
            count(s.counts.filings_new),
            count(s.counts.artifacts_created),
        ),
        format!(
            "Downloads {} ok, {} failed of {}  {}",
            count(s.counts.downloaded),
            count(s.counts.failed),
            count(s.counts.artifacts_queued),
            bytes(s.counts.bytes),
        ),
        requests(s),
    ];
    if s.archive_bytes > 0 {
        lines.push(format!(
            "Archive submissions.zip {} of {} ({}%)",
            bytes(s.archive_bytes),
            bytes(s.archive_total),
            percent(s.archive_bytes, s.archive_total),
        ));
    }
    lines.extend(s.recent_errors.iter().map(|e| format!("Error: {e}")));
    for line in &mut lines {
        cut(line, width.max(MIN_WIDTH));
    }
    lines
}

fn requests(s: &Snapshot) -> String {
    let mut line = format!(
        "Requests {}  {:.1}/s of {}",
        count(s.counts.requests),
        s.requests_per_second(),
        s.rate_limit
            .map_or_else(|| "no limit".to_owned(), |rate| format!("{rate}/s")),
    );
    if !s.paused.is_zero() || !s.pause_left.is_zero() {
        write!(line, "  paused by EDGAR {}", clock(s.paused)).expect("a String takes all");
    }
    if !s.pause_left.is_zero() {
        write!(line, ", {} to go", clock(s.pause_left)).expect("a String takes all");
    }
    line
}

fn unless_zero(what: &str, number: u64) -> String {
    if number == 0 {
        return String::new();
    }
    format!("  {what} {}", count(number))
}

/// Truncates a line to `width` characters, so that it never wraps.
fn cut(line: &mut String, width: usize) {
    if let Some((end, _)) = line.char_indices().nth(width) {
        let keep = line.char_indices().nth(width - 1).map_or(end, |(i, _)| i);
        line.truncate(keep);
        line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;
    use std::time::Duration;

    fn snapshot() -> Snapshot {
        let counts = Counts {
            companies_total: 5911,
            companies_done: 1200,
            companies_with_new: 1100,
            companies_failed: 2,
            companies_in_progress: 10,
            filings_found: 18_000,
            filings_new: 17_500,
            artifacts_created: 17_500,
            artifacts_queued: 17_600,
            downloaded: 4000,
            failed: 1,
            bytes: 812_000_000,
            requests: 5300,
            ..Counts::default()
        };
        Snapshot {
            counts,
            archive_bytes: 650_000_000,
            archive_total: 1_300_000_000,
            recent_errors: vec!["company 1 (X): HTTP 503".to_owned()],
            elapsed: Duration::from_mins(10),
            rate_limit: Some(10),
            paused: Duration::from_mins(1),
            pause_left: Duration::from_mins(9),
        }
    }

    #[test]
    fn a_frame_shows_every_number_of_the_dashboard() {
        insta::assert_snapshot!(frame(&snapshot(), 80).join("\n"), @r"
        Elapsed 10:00  ETA 48:15  2.0 companies/s
        Companies 1,200/5,911 (20%)  with new data 1,100  in progress 10  failed 2
        Filings 18,000 found, 17,500 new  artifacts created 17,500
        Downloads 4,000 ok, 1 failed of 17,600  812.0 MB
        Requests 5,300  8.8/s of 10/s  paused by EDGAR 1:00, 9:00 to go
        Archive submissions.zip 650.0 MB of 1.3 GB (50%)
        Error: company 1 (X): HTTP 503
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [20, 33, 40, 80] {
            for line in frame(&snapshot(), width) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
