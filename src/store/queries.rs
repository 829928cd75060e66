//! Every statement of the program by name. The text is in `sql/`, one statement a file, each with
//! a comment that says why it is as it is.
//!
//! The registry below is what lets a test prepare them all against the current schema.

/// Schema changes in order. The position of the last one is the schema's `user_version`.
pub(super) const MIGRATIONS: [&str; 3] = [
    include_str!("../../sql/migrations/0001_init.sql"),
    include_str!("../../sql/migrations/0002_desk.sql"),
    include_str!("../../sql/migrations/0003_documents.sql"),
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
    ARTIFACT_LOST = "artifact_lost",
    ARTIFACTS_STORED = "artifacts_stored",
    ARTIFACTS_STORED_TOTAL = "artifacts_stored_total",
    BACKFILLED = "backfilled",
    BACKLOG = "backlog",
    BEFORE_RUN_FILL = "before_run_fill",
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
    use rusqlite::Connection;
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

    fn plan(db: &Connection, sql: &str) -> Vec<String> {
        let mut explain = db.prepare(&["EXPLAIN QUERY PLAN ", sql].concat()).unwrap();
        let nulls = vec![None::<i64>; explain.parameter_count()];
        let rows = explain.query_map(rusqlite::params_from_iter(nulls), |row| row.get("detail"));
        rows.unwrap().map(Result::unwrap).collect()
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

    /// Whole-universe statements walk `companies` or their temporary tables, which is their job.
    /// Nothing ever walks a table that grows with the filings.
    #[test]
    fn no_query_scans_filings_artifacts_or_errors() {
        let db = schema();
        for (name, sql) in ALL {
            for step in plan(&db, sql) {
                let scans = ["filings", "artifacts", "errors", "a", "f"]
                    .iter()
                    .any(|table| {
                        step == ["SCAN ", table].concat()
                            || step.starts_with(&["SCAN ", table, " "].concat())
                    });
                assert!(!scans, "{name}: {step}");
            }
        }
    }

    #[test]
    fn the_hot_queries_neither_scan_nor_sort() {
        let db = schema();
        let hot = [
            PUT_FILING,
            PUT_ARTIFACT,
            COMPANY_FILINGS,
            COMPANY_CHECKED,
            COMPANY_FAILED,
            COMPANY_HISTORY,
            ARTIFACT_DOWNLOADED,
            ARTIFACT_FAILED,
            ARTIFACT_LOST,
            ARTIFACTS_STORED,
            DOCUMENT_STORED,
            DOCUMENT_FAILED,
            FILING_ARTIFACTS,
            SPLIT_UNQUEUE,
            SPLIT_DONE,
            PUT_ERROR,
            RUN_HEARTBEAT,
            META_GET,
            META_PUT,
            PLANNED,
            BACKLOG,
            RUN_LATEST,
            RUN_ERRORS,
        ];
        for sql in hot {
            for step in plan(&db, sql) {
                assert!(!step.starts_with("SCAN"), "{step}\n{sql}");
                assert!(!step.contains("TEMP B-TREE"), "{step}\n{sql}");
            }
        }
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
