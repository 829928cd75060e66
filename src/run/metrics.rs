//! `--metrics-file`: writes the results of runs in the text format of Prometheus, for the textfile collector
//! of `node_exporter`.
//!
//! Each command has its own lines in the file. A run replaces only the lines of its command, and a failed run
//! keeps the time of the last success. The lines have no timestamps, because the collector refuses them.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::counts::Counts;

/// A sample: the metric, its labels beside the command, and its value.
pub(super) type Sample = (&'static str, String, f64);

/// A run that ended, and its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended<'a> {
    pub command: &'static str,
    /// The time of its end, in seconds since 1970.
    pub at: f64,
    pub duration_s: f64,
    pub exit_code: u8,
    /// Its counts; empty if the run ended before it had a result.
    pub samples: &'a [Sample],
    /// The number of errors, by kind.
    pub errors: &'a [(String, u64)],
    /// Values of the database, which are the same for every command.
    pub database: &'a [Sample],
}

/// The beginning of every metrics file.
const BEGINNING: &str = "# HELP filing_etl_";

/// What to do if the file cannot be read or written.
const CHECK: &str = "check its folder and permissions";

/// The time of the last run with exit code 0.
const SUCCESS: &str = "filing_etl_last_success_timestamp_seconds";

pub(super) const PAUSED: &str = "filing_etl_last_run_paused_seconds";

const RUN: [(&str, &str); 4] = [
    (
        "filing_etl_last_run_timestamp_seconds",
        "When the last run ended.",
    ),
    (SUCCESS, "When the last run with exit code 0 ended."),
    (
        "filing_etl_last_run_duration_seconds",
        "How long the last run took.",
    ),
    (
        "filing_etl_last_run_exit_code",
        "Exit code of the last run: 0 complete, 1 aborted, 2 usage, 3 incomplete, 129, 130 and 143 interrupted.",
    ),
];

const PAUSES_AND_ERRORS: [(&str, &str); 2] = [
    (
        PAUSED,
        "How long the last run paused because EDGAR blocked it.",
    ),
    (
        "filing_etl_last_run_errors",
        "Errors of the last run, by kind.",
    ),
];

const DATABASE: [(&str, &str); 3] = [
    (
        "filing_etl_queue_artifacts",
        "Files that are queued or failed.",
    ),
    (
        "filing_etl_unavailable_artifacts",
        "Files that EDGAR does not have.",
    ),
    (
        "filing_etl_through_timestamp_seconds",
        "Midnight UTC of the day through which all followed selections are complete.",
    ),
];

/// Every metric with its help, in the order of the file. All are gauges: values of one run,
/// or current values.
fn metrics() -> Vec<(&'static str, &'static str)> {
    let counts = Counts::default();
    let mut metrics = RUN.to_vec();
    for (metric, ..) in counts.metrics() {
        let of_count = (metric.name, metric.help);
        if !metrics.contains(&of_count) {
            metrics.push(of_count);
        }
    }
    metrics.extend(PAUSES_AND_ERRORS);
    metrics.extend(DATABASE);
    metrics
}

/// The counts that have a metric.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
pub(super) fn samples_of(counts: &Counts) -> Vec<Sample> {
    let samples = counts.metrics().map(|(metric, key, number)| {
        let label = metric.label.map(|label| format!("{label}=\"{key}\""));
        (metric.name, label.unwrap_or_default(), number as f64)
    });
    samples.collect()
}

/// The new content of the file, from its content before the run.
pub(super) fn text(before: &str, ended: &Ended<'_>) -> String {
    let (command, metrics) = (ended.command, metrics());
    let of_command = |labels: &str| match labels {
        "" => format!("{{command=\"{command}\"}}"),
        labels => format!("{{command=\"{command}\",{labels}}}"),
    };
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut put = |metric: &'static str, labels: String, value: f64| {
        lines.push((metric, format!("{metric}{labels} {value}")));
    };
    put(
        "filing_etl_last_run_timestamp_seconds",
        of_command(""),
        ended.at,
    );
    put(
        "filing_etl_last_run_duration_seconds",
        of_command(""),
        ended.duration_s,
    );
    put(
        "filing_etl_last_run_exit_code",
        of_command(""),
        ended.exit_code.into(),
    );
    if ended.exit_code == 0 {
        put(SUCCESS, of_command(""), ended.at);
    }
    for (metric, labels, value) in ended.samples {
        put(metric, of_command(labels), *value);
    }
    for (kind, number) in ended.errors {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 errors")]
        put(
            "filing_etl_last_run_errors",
            of_command(&format!("kind=\"{kind}\"")),
            *number as f64,
        );
    }
    for (metric, _, value) in ended.database {
        put(metric, String::new(), *value);
    }
    let is_new = |metric: &str| lines.iter().any(|(known, _)| *known == metric);
    let ours = format!("{{command=\"{command}\"");
    let kept: Vec<_> = before
        .lines()
        .filter_map(|line| {
            let (metric, _) = metrics.iter().find(|(metric, _)| {
                let rest = line.strip_prefix(metric);
                rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            })?;
            let is_kept = match &line[metric.len()..] {
                rest if rest.starts_with(&ours) => *metric == SUCCESS && ended.exit_code != 0,
                // A value of the database has one line.
                rest if rest.starts_with(' ') => !is_new(metric),
                _ => true,
            };
            is_kept.then(|| (*metric, line.to_owned()))
        })
        .collect();
    lines.extend(kept);
    let mut text = String::new();
    for (metric, help) in metrics {
        let mut own: Vec<_> = lines.iter().filter(|(known, _)| *known == metric).collect();
        own.sort();
        if own.is_empty() {
            continue;
        }
        text.extend(["# HELP ", metric, " ", help, "\n"]);
        text.extend(["# TYPE ", metric, " gauge\n"]);
        for (_, line) in own {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Replaces the file by a rename, so that a collector never reads half of it. Every user can read the file.
///
/// # Errors
///
/// The path is not a metrics file but a file of something else, a device or a folder, or it cannot be written.
pub(super) fn write(path: &Path, ended: &Ended<'_>) -> Result<()> {
    let before = match fs::metadata(path) {
        // Reading a pipe could wait for ever, and a rename would remove a device such as /dev/null.
        Ok(found) if !found.is_file() => {
            bail!("it is not a file: name another one with --metrics-file")
        }
        Ok(_) => fs::read(path).context(CHECK)?,
        Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e).context(CHECK),
    };
    let before = String::from_utf8_lossy(&before);
    if !before.is_empty() && !before.starts_with(BEGINNING) {
        bail!("it is a file of something else: name another one with --metrics-file");
    }
    replace(path, &text(&before, ended)).context(CHECK)
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = super::folder_of(path);
    // The collector reads every file that ends in ".prom", so the temporary file ends in something else.
    let mut file = tempfile::Builder::new()
        .prefix(".filing-etl-")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    readable_by_all(&file)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn readable_by_all(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(command: &'static str, at: f64, exit_code: u8) -> Ended<'static> {
        Ended {
            command,
            at,
            duration_s: 2.5,
            exit_code,
            samples: &[],
            errors: &[],
            database: &[],
        }
    }

    #[test]
    fn the_last_success_stays_through_failures_and_other_commands() {
        let one = text("", &ended("update", 1000.0, 0));
        let two = text(&one, &ended("update", 2000.0, 1));
        assert!(
            two.contains("last_success_timestamp_seconds{command=\"update\"} 1000\n"),
            "{two}"
        );
        assert!(
            two.contains("last_run_timestamp_seconds{command=\"update\"} 2000\n"),
            "{two}"
        );
        let three = text(&two, &ended("backfill", 3000.0, 0));
        assert!(
            three.contains("last_run_exit_code{command=\"update\"} 1\n"),
            "{three}"
        );
        assert!(
            three.contains("last_success_timestamp_seconds{command=\"update\"} 1000\n"),
            "{three}"
        );
        let four = text(&three, &ended("update", 4000.0, 0));
        assert!(
            four.contains("last_success_timestamp_seconds{command=\"update\"} 4000\n"),
            "{four}"
        );
        assert_eq!(four.matches("exit_code{").count(), 2);
        assert_eq!(
            four.matches("# TYPE filing_etl_last_run_exit_code").count(),
            1
        );
    }

    #[test]
    fn what_a_failed_run_does_not_know_of_the_database_stays_and_its_counts_go() {
        let samples = [(
            "filing_etl_last_run_companies",
            "state=\"done\"".into(),
            5.0,
        )];
        let database = [("filing_etl_queue_artifacts", String::new(), 7.0)];
        let errors = [("http_404".to_owned(), 2)];
        let one = text(
            "nobody's line 5\n",
            &Ended {
                samples: &samples,
                database: &database,
                errors: &errors,
                ..ended("update", 1.0, 0)
            },
        );
        assert!(!one.contains("nobody"));
        assert!(
            one.contains("errors{command=\"update\",kind=\"http_404\"} 2\n"),
            "{one}"
        );
        let two = text(&one, &ended("update", 2.0, 1));
        assert!(two.contains("filing_etl_queue_artifacts 7\n"), "{two}");
        assert!(
            !two.contains("companies") && !two.contains("http_404"),
            "{two}"
        );
        let three = text(
            &two,
            &Ended {
                database: &[("filing_etl_queue_artifacts", String::new(), 0.0)],
                ..ended("download", 3.0, 0)
            },
        );
        assert_eq!(three.matches("\nfiling_etl_queue_artifacts ").count(), 1);
    }

    #[test]
    fn every_sample_stands_under_its_metric() {
        let database = DATABASE.map(|(metric, _)| (metric, String::new(), 1.0));
        let mut samples = samples_of(&Counts::default());
        samples.push((PAUSED, String::new(), 1.0));
        let all = text(
            "",
            &Ended {
                samples: &samples,
                database: &database,
                errors: &[("x".into(), 1)],
                ..ended("update", 1.0, 0)
            },
        );
        let errors = 1;
        let lines = RUN.len() + samples.len() + errors + database.len();
        assert_eq!(all.matches("# TYPE ").count(), metrics().len());
        assert_eq!(all.lines().count(), 2 * metrics().len() + lines);
    }
}
