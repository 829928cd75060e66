//! Every statement of the program by name. The text is in `sql/`, one statement a file, each with
//! a comment that says why it is as it is.
//!
//! The registry below is what lets a test prepare them all against the current schema.

/// Schema changes in order. The position of the last one is the schema's `user_version`.
pub(super) const MIGRATIONS: [&str; 5] = [
    include_str!("../../sql/migrations/0001_init.sql"),
    include_str!("../../sql/migrations/0002_desk.sql"),
    include_str!("../../sql/migrations/0003_documents.sql"),
    include_str!("../../sql/migrations/0004_growth.sql"),
    include_str!("../../sql/migrations/0005_counts.sql"),
];

/// The public schema.
pub(super) const VIEWS: &str = include_str!("../../sql/views.sql");

/// The temporary tables of [`super::Reader`].
pub(super) const TEMP_PLAN: &str = include_str!("../../sql/temp/plan.sql");

/// The temporary tables of [`super::Writer::put_universe`].
pub(super) const TEMP_UNIVERSE: &str = include_str!("../../sql/temp/universe.sql");

macro_rules! queries {
    ($($name:ident = $file:literal,)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/queries/", $file, ".sql"));)*

        /// File name and text of each.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

queries! {
    ADOPT_ARTIFACT = "adopt_artifact",
    ARTIFACT_DOWNLOADED = "artifact_downloaded",
    ARTIFACT_FAILED = "artifact_failed",
    ARTIFACT_KNOWN = "artifact_known",
    ARTIFACT_LOST = "artifact_lost",
    ARTIFACTS_STORED = "artifacts_stored",
    ARTIFACTS_STORED_TOTAL = "artifacts_stored_total",
    BACKFILLED = "backfilled",
    BACKLOG = "backlog",
    BEFORE_RUN_FORGET = "before_run_forget",
    CHECKED_SINCE = "checked_since",
    COMPANY_CHECKED = "company_checked",
    COMPANY_COUNT = "company_count",
    COMPANY_FAILED = "company_failed",
    COMPANY_FILINGS = "company_filings",
    COMPANY_HISTORY = "company_history",
    COMPANY_UNCHECKED = "company_unchecked",
    DIAGNOSE_COMPANIES = "diagnose_companies",
    DIAGNOSE_FAILURES = "diagnose_failures",
    DIAGNOSE_PROBLEMS = "diagnose_problems",
    DOCUMENT_FAILED = "document_failed",
    DOCUMENT_STORED = "document_stored",
    ERRORS_PRUNE = "errors_prune",
    FILING_ARTIFACTS = "filing_artifacts",
    IDENTITY = "identity",
    IN_SCOPE = "in_scope",
    INCOMING_COMPANY = "incoming_company",
    INCOMING_COUNT = "incoming_count",
    INCOMING_LISTING = "incoming_listing",
    KNOWN_LISTINGS = "known_listings",
    LISTED = "listed",
    KNOWN_ARTIFACTS = "known_artifacts",
    KNOWN_FORMS = "known_forms",
    LAST_ARTIFACT = "last_artifact",
    LAST_RUN = "last_run",
    META_GET = "meta_get",
    META_PUT = "meta_put",
    NEVER_CHECKED = "never_checked",
    OLDEST_CHECK = "oldest_check",
    OWNERS_COUNT = "owners_count",
    OWNERS_SETTLE = "owners_settle",
    OWNERS_SETTLED = "owners_settled",
    QUEUED = "queued",
    QUEUED_BYTES = "queued_bytes",
    PAGE_IS_READ = "page_is_read",
    PAGE_READ = "page_read",
    PAGES_FORGET = "pages_forget",
    PLAN_FILL = "plan_fill",
    PLANNED = "planned",
    PUT_ARTIFACT = "put_artifact",
    PUT_ERROR = "put_error",
    PUT_FILING = "put_filing",
    RESOLVE_TICKERS = "resolve_tickers",
    RUN_ERRORS = "run_errors",
    RUN_LATEST = "run_latest",
    RUN_FINISH = "run_finish",
    RUN_HEARTBEAT = "run_heartbeat",
    RUN_START = "run_start",
    RUNS_LAST = "runs_last",
    RUNS_INTERRUPT = "runs_interrupt",
    SCOPE_FILL = "scope_fill",
    SCOPE_FILL_NAMED = "scope_fill_named",
    SELECTED = "selected",
    STATS_COUNTS = "stats_counts",
    STATS_EXCHANGES = "stats_exchanges",
    SPLIT_DONE = "split_done",
    SPLIT_UNQUEUE = "split_unqueue",
    UNIVERSE_DEACTIVATE_COMPANIES = "universe_deactivate_companies",
    UNIVERSE_DEACTIVATE_LISTINGS = "universe_deactivate_listings",
    UNIVERSE_KNOWN = "universe_known",
    UNIVERSE_PUT_COMPANIES = "universe_put_companies",
    UNIVERSE_PUT_LISTINGS = "universe_put_listings",
    UNKNOWN_CIKS = "unknown_ciks",
    UNKNOWN_FILINGS = "unknown_filings",
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Connection, Row};
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The current schema with the temporary tables beside it.
    fn schema() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            db.execute_batch(migration).unwrap();
        }
        for batch in [VIEWS, TEMP_PLAN, TEMP_UNIVERSE] {
            db.execute_batch(batch).unwrap();
        }
        db
    }

    /// What SQLite tells of a statement, whose parameters are all NULL.
    fn explained<T>(
        db: &Connection,
        explain: &str,
        sql: &str,
        step: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut explain = db.prepare(&[explain, sql].concat()).unwrap();
        let nulls = vec![None::<i64>; explain.parameter_count()];
        let steps = explain.query_map(rusqlite::params_from_iter(nulls), step);
        steps.unwrap().map(Result::unwrap).collect()
    }

    fn plan(db: &Connection, sql: &str) -> Vec<String> {
        explained(db, "EXPLAIN QUERY PLAN ", sql, |row| row.get("detail"))
    }

    #[test]
    fn every_query_prepares_on_the_current_schema() {
        let db = schema();
        for (name, sql) in ALL {
            assert!(sql.starts_with("-- "), "{name} does not say why");
            assert!(sql.trim_end().ends_with(';'), "{name}");
            db.prepare(sql)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn every_query_file_is_registered_once() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/queries");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let registered: BTreeSet<String> = ALL
            .iter()
            .map(|(name, _)| [name, ".sql"].concat())
            .collect();
        assert_eq!(files, registered);
        assert_eq!(ALL.len(), registered.len());
    }

    /// The statements that walk a table which grows with the companies, because all of it is
    /// what they are about: a new list of companies, or what changed in the run before.
    const WALKERS: [&str; 4] = [
        "before_run_forget",
        "known_listings",
        "universe_deactivate_companies",
        "universe_deactivate_listings",
    ];

    /// Tables that grow with the companies and filings, with the short names that the statements
    /// have for them.
    const LARGE: [&str; 18] = [
        "artifacts",
        "a",
        "before_run",
        "b",
        "checks",
        "k",
        "companies",
        "c",
        "errors",
        "e",
        "filings",
        "f",
        "listings",
        "l",
        "older_pages",
        "owners_settled",
        "o",
        "splits",
    ];

    #[test]
    fn no_query_scans_a_table_that_grows() {
        let db = schema();
        for (name, sql) in ALL.iter().filter(|(name, _)| !WALKERS.contains(name)) {
            for step in plan(&db, sql) {
                let scanned = step.strip_prefix("SCAN ").unwrap_or_default();
                let table = scanned.split(' ').next().unwrap();
                assert!(!LARGE.contains(&table), "{name}: {step}");
            }
        }
    }

    /// What happens for each company, filing or artifact of a run, or each time that somebody looks.
    const HOT: [&str; 35] = [
        ADOPT_ARTIFACT,
        ARTIFACT_DOWNLOADED,
        ARTIFACT_FAILED,
        ARTIFACT_KNOWN,
        ARTIFACT_LOST,
        ARTIFACTS_STORED,
        BACKLOG,
        CHECKED_SINCE,
        COMPANY_CHECKED,
        COMPANY_FAILED,
        COMPANY_FILINGS,
        COMPANY_HISTORY,
        COMPANY_UNCHECKED,
        DOCUMENT_FAILED,
        DOCUMENT_STORED,
        FILING_ARTIFACTS,
        IN_SCOPE,
        KNOWN_ARTIFACTS,
        LAST_ARTIFACT,
        META_GET,
        META_PUT,
        PAGE_IS_READ,
        PAGE_READ,
        PAGES_FORGET,
        PLANNED,
        PUT_ARTIFACT,
        PUT_ERROR,
        PUT_FILING,
        RUN_ERRORS,
        RUN_FINISH,
        RUN_HEARTBEAT,
        RUN_LATEST,
        SPLIT_DONE,
        SPLIT_UNQUEUE,
        UNKNOWN_FILINGS,
    ];

    /// A step that reads a table from its beginning, or sorts. A list that was handed over and a
    /// row of constants are none.
    fn is_slow(step: &str) -> bool {
        let list = step == "SCAN CONSTANT ROW" || step.contains(" VIRTUAL TABLE ");
        (step.starts_with("SCAN") && !list) || step.contains("TEMP B-TREE")
    }

    #[test]
    fn the_hot_queries_neither_scan_nor_sort() {
        let db = schema();
        for sql in HOT {
            for step in plan(&db, sql) {
                assert!(!is_slow(&step), "{step}\n{sql}");
            }
        }
    }

    /// The condition and the statements of a trigger, with parameters for the rows it is about.
    fn statements(trigger: &str) -> Vec<String> {
        let (head, body) = trigger.split_once("BEGIN").unwrap();
        let body = body.trim_end().strip_suffix("END").unwrap();
        let condition = head
            .split_once("WHEN ")
            .map(|(_, when)| ["SELECT ", when].concat());
        let statements = body.split_inclusive(';').map(str::to_owned);
        condition
            .into_iter()
            .chain(statements)
            .filter(|sql| !sql.trim().is_empty())
            .map(|sql| sql.replace("new.", "@new_").replace("old.", "@old_"))
            .collect()
    }

    /// Plans do not tell of them, but they run for every row that is written. A filing whose form
    /// was corrected is the exception: its few artifacts are grouped.
    #[test]
    fn the_triggers_neither_scan_nor_sort() {
        let db = schema();
        let mut triggers = db
            .prepare(
                "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name <> 'filings_moved'",
            )
            .unwrap();
        let triggers = triggers.query_map([], |row| row.get::<_, String>(0));
        let triggers: Vec<_> = triggers.unwrap().map(Result::unwrap).collect();
        assert_eq!(triggers.len(), 11);
        let statements = triggers.iter().flat_map(|trigger| statements(trigger));
        for sql in statements.filter(|sql| !sql.contains("RAISE")) {
            for step in plan(&db, &sql) {
                assert!(!is_slow(&step), "{step}\n{sql}");
            }
        }
    }

    /// What SQLite writes of a statement to a journal of its own, to take it back alone, is as much
    /// as the statement itself writes. It needs none where nothing can fail after the first write.
    #[test]
    fn recording_a_download_needs_no_journal_and_no_temporary_table() {
        let db = schema();
        for sql in [PUT_ARTIFACT, ARTIFACT_DOWNLOADED] {
            let steps: Vec<(String, i64, i64)> = explained(&db, "EXPLAIN ", sql, |row| {
                Ok((row.get("opcode")?, row.get("p1")?, row.get("p2")?))
            });
            assert!(steps.len() > 100, "with its triggers");
            for (step, p1, p2) in steps {
                let fails = match step.as_str() {
                    "Function" | "PureFunc" | "MustBeInt" | "OpenEphemeral" => true,
                    "FkCounter" => p1 == 0,  // not deferred
                    "HaltIfNull" => p2 == 2, // ABORT
                    _ => false,
                };
                assert!(!fails, "{step}\n{sql}");
            }
        }
    }

    #[test]
    fn a_scope_of_few_companies_looks_up_only_these() {
        let steps = plan(&schema(), SCOPE_FILL_NAMED).join("\n");
        assert!(
            steps.contains("SEARCH c USING ") && steps.contains("rowid=?"),
            "{steps}"
        );
        let steps = plan(&schema(), SCOPE_FILL).join("\n");
        assert!(
            steps.contains("SEARCH c USING COVERING INDEX companies_by_active (active=?)"),
            "{steps}"
        );
    }

    #[test]
    fn the_backlog_walks_the_queue_index_by_company_and_id() {
        let steps = plan(&schema(), BACKLOG).join("\n");
        assert!(
            steps.contains("artifacts_queue (cik=? AND id>? AND id<?)")
                || steps.contains("artifacts_queue (cik=? AND rowid>? AND rowid<?)"),
            "{steps}"
        );
    }

    #[test]
    fn looking_up_one_company_in_the_views_needs_no_scan() {
        let db = schema();
        for sql in [
            "SELECT * FROM v_companies WHERE cik = 320193",
            "SELECT * FROM v_listings WHERE cik = 320193",
            "SELECT * FROM v_filings WHERE cik = 320193",
            "SELECT * FROM v_artifacts WHERE cik = 320193",
            "SELECT * FROM v_artifacts WHERE id = 1",
            "SELECT * FROM v_errors WHERE run_id = 1",
        ] {
            for step in plan(&db, sql) {
                assert!(
                    !step.starts_with("SCAN") || step == "SCAN CONSTANT ROW",
                    "{step}\n{sql}"
                );
            }
        }
    }
}
