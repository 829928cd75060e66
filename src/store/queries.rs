//! Every SQL statement of the program by area and name. Each is a file in `sql/queries/` that
//! starts with a comment on what it does and why.
//!
//! The registry below lets a test prepare every statement against the schema.

/// The tables and indexes.
pub(super) const SCHEMA: &str = include_str!("../../sql/migrations/0001_init.sql");

/// The public views.
pub(super) const VIEWS: &str = include_str!("../../sql/views.sql");

macro_rules! queries {
    ($($area:ident { $($name:ident = $file:literal,)* })*) => {
        $(pub(super) mod $area {
            $(pub(in crate::store) const $name: &str = include_str!(
                concat!("../../sql/queries/", stringify!($area), "/", $file, ".sql")
            );)*
        })*

        /// The area, file name and text of each statement.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$($((stringify!($area), $file, $area::$name),)*)*];
    };
}

queries! {
    artifacts {
        ADD = "add",
        BY_NAME = "by_name",
        DESCRIBE = "describe",
        FAILED = "failed",
        FORGET_STORED = "forget_stored",
        LOST = "lost",
        LOST_FILES = "lost_files",
        LOST_OF_FILING = "lost_of_filing",
        SPLIT = "split",
        STORED = "stored",
        STORED_FILES = "stored_files",
        STORED_TOTAL = "stored_total",
        SUBMISSION_FAILED = "submission_failed",
        SUBMISSION_MISSING = "submission_missing",
        SUBMISSION_STATUS = "submission_status",
        DELETE = "delete",
        DELETE_SUBMISSION = "delete_submission",
        SUBMISSION_WHOLE = "submission_whole",
    }
    companies {
        ALL = "all",
        ALL_FORMER_NAMES = "all_former_names",
        ALL_TICKERS = "all_tickers",
        BY_TICKER = "by_ticker",
        BY_TICKER_WITHOUT_DASHES = "by_ticker_without_dashes",
        ADD_NAMED = "add_named",
        COUNT = "count",
        FAILED = "failed",
        FILINGS_OF = "filings_of",
        FORGET = "forget",
        FORGET_FACTS = "forget_facts",
        FORGET_NAMES = "forget_names",
        FORMS_SEEN = "forms_seen",
        FORMER_NAMES = "former_names",
        HISTORY = "history",
        IS_UNKNOWN = "is_unknown",
        KNOWN_LISTINGS = "known_listings",
        LISTED = "listed",
        LISTED_ON = "listed_on",
        MISSING = "missing",
        NAMED = "named",
        PROFILES = "profiles",
        PUT_NAME = "put_name",
        PUT_PROFILE = "put_profile",
        ROWS = "rows",
        RETRY_UNAVAILABLE = "retry_unavailable",
        UNAVAILABLE = "unavailable",
        UNKNOWN_CIKS = "unknown_ciks",
        UNNEEDED = "unneeded",
    }
    dataset {
        ARTIFACTS = "artifacts",
        COMPANIES = "companies",
        DOCUMENTS = "documents",
        FILERS = "filers",
        FILINGS = "filings",
        FORMS = "forms",
        LISTINGS = "listings",
        YEARS = "years",
    }
    diagnose {
        COMPANIES = "companies",
        FAILURES = "failures",
        PROBLEMS = "problems",
    }
    errors {
        KINDS = "kinds",
        OF_RUN = "of_run",
        PRUNE = "prune",
        PUT = "put",
    }
    filings {
        ADD_FILER = "add_filer",
        BY_ACCESSION = "by_accession",
        CORRECT = "correct",
        CORRECTOR = "corrector",
        FILE_COUNTS = "file_counts",
        FILED_BETWEEN = "filed_between",
        FILED_BY = "filed_by",
        FILERS = "filers",
        SHOWN = "shown",
        FILERS_OF = "filers_of",
        INSERT = "insert",
        OF_COMPANY = "of_company",
        ON_RECORD = "on_record",
        UNKNOWN = "unknown",
        NEXT = "next",
        DELETE = "delete",
        DELETE_FILERS = "delete_filers",
    }
    holdings {
        BY_EXCHANGE = "by_exchange",
        BY_FORM_AND_YEAR = "by_form_and_year",
        BY_MONTH = "by_month",
        CHANGE_COMPANY = "change_company",
        CHANGE_FORM = "change_form",
        CHANGE_YEAR = "change_year",
        FORMS = "forms",
        NEWEST_FILING = "newest_filing",
        TOTAL = "total",
    }
    indexes {
        DAYS = "days",
        FORGET_LISTED = "forget_listed",
        LISTED = "listed",
        PUT_DAY = "put_day",
        PUT_LISTED = "put_listed",
        FORGET_ACCESSION = "forget_accession",
        FORGET_COMPANY = "forget_company",
    }
    listings {
        COMPANIES = "companies",
        DEACTIVATE_COMPANY = "deactivate_company",
        DEACTIVATE_LISTING = "deactivate_listing",
        LAST_SYNC = "last_sync",
        LISTINGS = "listings",
        PUT_COMPANY = "put_company",
        PUT_LISTING = "put_listing",
    }
    meta {
        NEW_IDENTITY = "new_identity",
        GET = "get",
        IDENTITY = "identity",
        PUT = "put",
    }
    pages {
        FORGET = "forget",
        FORGET_CHANGED = "forget_changed",
        FORGET_COMPANY = "forget_company",
        FORGET_MISSING = "forget_missing",
        FOUND = "found",
        MISSING = "missing",
        MISSING_DAYS = "missing_days",
        PUT = "put",
        READ_FOR = "read_for",
        RETRY = "retry",
        WITHIN = "within",
    }
    queue {
        ADD_ARTIFACT = "add_artifact",
        ARTIFACT_AGAIN = "artifact_again",
        ARTIFACTS = "artifacts",
        ARTIFACTS_OF_FEW = "artifacts_of_few",
        COST = "cost",
        DROP_ARTIFACT = "drop_artifact",
        GIVEN_UP_OF_FILING = "given_up_of_filing",
        DROP_SUBMISSION = "drop_submission",
        LENGTH = "length",
        LENGTH_OF_FEW = "length_of_few",
        QUEUED_ARTIFACTS = "queued_artifacts",
        QUEUED_SUBMISSIONS = "queued_submissions",
        REPLACE_PRIMARY = "replace_primary",
        SUBMISSION_AGAIN = "submission_again",
        SUBMISSIONS = "submissions",
        SUBMISSIONS_OF_FEW = "submissions_of_few",
        UNAVAILABLE_ARTIFACTS = "unavailable_artifacts",
        UNAVAILABLE_SUBMISSIONS = "unavailable_submissions",
    }
    refused_pages {
        UNDATED = "undated",
        ALL = "all",
        PRUNE = "prune",
        PRUNE_UNDATED = "prune_undated",
        PUT = "put",
        PUT_UNDATED = "put_undated",
    }
    runs {
        FINISH = "finish",
        COUNTS = "counts",
        HEARTBEAT = "heartbeat",
        INTERRUPT = "interrupt",
        LAST = "last",
        LAST_RUN = "last_run",
        LATEST = "latest",
        PUT_COUNT = "put_count",
        START = "start",
    }
    selections {
        ALL = "all",
        CHECKED = "checked",
        COMPANY_CHECKED = "company_checked",
        COMPANY_UNCHECKED = "company_unchecked",
        DELETE = "delete",
        FORGET_COMPANY = "forget_company",
        FORGET_MEMBERS = "forget_members",
        FORGET_LAPSED = "forget_lapsed",
        INSERT = "insert",
        JOIN_LISTED = "join_listed",
        JOIN_NAMED = "join_named",
        LEAVE = "leave",
        MEMBERS = "members",
        OLDEST_CHECK = "oldest_check",
        RAISE_THROUGH = "raise_through",
        SET_CIKS = "set_ciks",
        SHOWN = "shown",
        UNCHECK = "uncheck",
        UNCHECK_COMPANY = "uncheck_company",
        WIDEN = "widen",
        REMEMBER_LAPSED = "remember_lapsed",
        LEFT = "left",
        TAKE_LEFT = "take_left",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// A database with the schema and the views.
    fn schema() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.execute_batch(VIEWS).unwrap();
        db
    }

    /// The query plan of a statement with all parameters NULL.
    fn plan(db: &Connection, sql: &str) -> Vec<String> {
        let mut explain = db.prepare(&["EXPLAIN QUERY PLAN ", sql].concat()).unwrap();
        let nulls = vec![None::<i64>; explain.parameter_count()];
        let steps = explain.query_map(rusqlite::params_from_iter(nulls), |row| row.get("detail"));
        steps.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn every_query_prepares_on_the_schema() {
        let db = schema();
        for (area, name, sql) in ALL {
            assert!(sql.starts_with("-- "), "{area}/{name} does not say why");
            assert!(sql.trim_end().ends_with(';'), "{area}/{name}");
            db.prepare(sql)
                .unwrap_or_else(|error| panic!("{area}/{name}: {error}"));
        }
    }

    #[test]
    fn every_query_file_is_registered_once() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/queries");
        let names = |folder: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(folder).unwrap();
            let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
            entries.map(|entry| name(entry.unwrap())).collect()
        };
        let files: BTreeSet<String> = names(&folder)
            .iter()
            .flat_map(|area| {
                let files = names(&folder.join(area)).into_iter();
                files.map(move |file| format!("{area}/{file}"))
            })
            .collect();
        let registered: BTreeSet<String> = ALL
            .iter()
            .map(|(area, name, _)| format!("{area}/{name}.sql"))
            .collect();
        assert_eq!(files, registered);
        assert_eq!(ALL.len(), registered.len());
    }

    /// Statements that may scan a table which grows with the companies, because they concern all
    /// companies: a sync of the company list, a selection by exchange, `stats`, a search by name.
    const WALKERS: [(&str, &str); 21] = [
        ("companies", "all"),
        ("companies", "all_former_names"),
        ("companies", "all_tickers"),
        ("companies", "by_ticker_without_dashes"),
        ("companies", "count"),
        ("companies", "known_listings"),
        ("companies", "listed"),
        ("companies", "unavailable"),
        ("companies", "unneeded"),
        ("dataset", "artifacts"),
        ("dataset", "companies"),
        ("dataset", "documents"),
        ("dataset", "filers"),
        ("dataset", "filings"),
        ("dataset", "listings"),
        ("holdings", "by_exchange"),
        ("listings", "companies"),
        ("listings", "listings"),
        ("selections", "forget_lapsed"),
        ("selections", "join_listed"),
        ("selections", "remember_lapsed"),
    ];

    /// The tables that grow with the companies and filings, and their aliases in the statements.
    const LARGE: [&str; 21] = [
        "artifacts",
        "a",
        "companies",
        "c",
        "company_facts",
        "company_names",
        "k",
        "errors",
        "e",
        "filers",
        "r",
        "filings",
        "f",
        "listings",
        "l",
        "pages_read",
        "selection_companies",
        "m",
        "submissions",
        "s",
        "q",
    ];

    /// Whether a step of a plan scans a growing table. Scans of the partial indexes of queued and
    /// given-up items and of undated files are fine, because these contain nothing else.
    fn is_scan_of_a_large_table(step: &str) -> bool {
        let scanned = step.strip_prefix("SCAN ").unwrap_or_default();
        let table = scanned.split(' ').next().unwrap();
        let is_partial = ["_queued", "_given_up", "_undated"].map(|index| step.ends_with(index));
        // `q` without an index is a subquery over such partial indexes.
        LARGE.contains(&table) && scanned != "q" && !is_partial.contains(&true)
    }

    #[test]
    fn no_query_scans_a_table_that_grows() {
        let db = schema();
        for (area, name, sql) in ALL {
            let scans: Vec<_> = plan(&db, sql)
                .into_iter()
                .filter(|step| is_scan_of_a_large_table(step))
                .collect();
            let may = WALKERS.contains(&(area, name));
            assert_eq!(!scans.is_empty(), may, "{area}/{name}: {scans:?}");
        }
    }

    /// Statements that run for each company, filing or file of a run, or each time a user looks at
    /// the results.
    const HOT: [&[&str]; 11] = [
        &[
            artifacts::ADD,
            artifacts::BY_NAME,
            artifacts::FAILED,
            artifacts::LOST,
            artifacts::LOST_FILES,
            artifacts::LOST_OF_FILING,
            artifacts::SPLIT,
            artifacts::STORED,
            artifacts::STORED_FILES,
            artifacts::SUBMISSION_FAILED,
            artifacts::SUBMISSION_MISSING,
            artifacts::SUBMISSION_STATUS,
        ],
        &[
            companies::FAILED,
            companies::FORMER_NAMES,
            companies::HISTORY,
            companies::IS_UNKNOWN,
            companies::MISSING,
            companies::PUT_PROFILE,
        ],
        &[errors::OF_RUN, errors::PUT],
        &[
            filings::ADD_FILER,
            filings::BY_ACCESSION,
            filings::CORRECT,
            filings::CORRECTOR,
            filings::FILERS,
            filings::INSERT,
            filings::OF_COMPANY,
            filings::ON_RECORD,
        ],
        &[
            holdings::CHANGE_COMPANY,
            holdings::CHANGE_FORM,
            holdings::CHANGE_YEAR,
        ],
        &[listings::PUT_COMPANY, listings::PUT_LISTING],
        &[meta::GET, meta::PUT],
        &[
            pages::FORGET,
            pages::FORGET_CHANGED,
            pages::FORGET_COMPANY,
            pages::PUT,
            pages::READ_FOR,
            pages::WITHIN,
        ],
        &[
            queue::ADD_ARTIFACT,
            queue::ARTIFACT_AGAIN,
            queue::ARTIFACTS,
            queue::DROP_ARTIFACT,
            queue::DROP_SUBMISSION,
            queue::QUEUED_ARTIFACTS,
            queue::QUEUED_SUBMISSIONS,
            queue::REPLACE_PRIMARY,
            queue::SUBMISSION_AGAIN,
            queue::SUBMISSIONS,
            queue::UNAVAILABLE_ARTIFACTS,
            queue::UNAVAILABLE_SUBMISSIONS,
        ],
        &[
            runs::COUNTS,
            runs::FINISH,
            runs::HEARTBEAT,
            runs::LATEST,
            runs::PUT_COUNT,
        ],
        &[
            selections::CHECKED,
            selections::COMPANY_CHECKED,
            selections::COMPANY_UNCHECKED,
            selections::MEMBERS,
            selections::OLDEST_CHECK,
            selections::RAISE_THROUGH,
            selections::UNCHECK,
            selections::UNCHECK_COMPANY,
        ],
    ];

    #[test]
    fn an_export_reads_the_days_of_each_company_in_order_and_sorts_no_more_than_a_day() {
        let db = schema();
        let all = [
            dataset::ARTIFACTS,
            dataset::DOCUMENTS,
            dataset::FILERS,
            dataset::FILINGS,
        ];
        for sql in all {
            let plan = plan(&db, sql).join("\n");
            let days = "USING INDEX filings_by_folder (folder=? AND filed_on>? AND filed_on<?)";
            assert!(plan.contains(days), "{plan}\n{sql}");
            // The files of one company and day alone.
            let sorts = if sql == dataset::DOCUMENTS {
                plan.replace("USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY", "")
            } else {
                plan.clone()
            };
            assert!(!sorts.contains("TEMP B-TREE"), "{plan}\n{sql}");
        }
    }

    /// Whether a step of a plan scans a table or sorts. Scans of a JSON list or of constants are
    /// fine.
    fn is_slow(step: &str) -> bool {
        let list = step == "SCAN CONSTANT ROW" || step.contains(" VIRTUAL TABLE ");
        (step.starts_with("SCAN") && !list) || step.contains("TEMP B-TREE")
    }

    #[test]
    fn the_hot_queries_neither_scan_nor_sort() {
        let db = schema();
        for sql in HOT.concat() {
            for step in plan(&db, sql) {
                assert!(!is_slow(&step), "{step}\n{sql}");
            }
        }
    }

    #[test]
    fn a_filter_by_companies_looks_at_the_filers_of_a_filing_and_not_at_each_company() {
        let db = schema();
        for sql in [
            queue::ARTIFACTS,
            queue::SUBMISSIONS,
            queue::LENGTH,
            queue::COST,
        ] {
            let plan = plan(&db, sql).join("\n");
            let filers = "SEARCH r USING COVERING INDEX filers_by_filing (filing=?)";
            assert!(plan.contains(filers), "{plan}\n{sql}");
        }
    }

    #[test]
    fn the_queue_of_few_filings_is_looked_up_filing_by_filing() {
        let db = schema();
        for sql in [
            queue::ARTIFACTS_OF_FEW,
            queue::SUBMISSIONS_OF_FEW,
            queue::LENGTH_OF_FEW,
        ] {
            for step in plan(&db, sql) {
                let table = ["artifacts", "submissions", " a ", " s ", " r "]
                    .iter()
                    .any(|table| step.contains(table));
                assert!(!table || step.starts_with("SEARCH"), "{step}\n{sql}");
            }
        }
    }

    #[test]
    fn the_views_answer_by_cik_ticker_and_accession_from_an_index() {
        let db = schema();
        for (view, columns) in [
            ("v_companies", &["cik", "ticker"][..]),
            ("v_listings", &["cik", "ticker"]),
            ("v_filings", &["cik", "accession"]),
            ("v_artifacts", &["cik", "accession"]),
            ("v_documents", &["cik", "ticker", "accession"]),
            ("v_errors", &["run_id"]),
        ] {
            for column in columns {
                let sql = format!("SELECT * FROM {view} WHERE {column} = ?1");
                for step in plan(&db, &sql) {
                    let of_the_view = step == format!("SCAN {view}");
                    assert!(!is_slow(&step) || of_the_view, "{step}\n{sql}");
                }
            }
        }
    }

    /// `DuckDB` has no SQLite-like printf, and its `/` does not round integers.
    #[test]
    fn the_views_do_without_what_duckdb_reads_otherwise() {
        let code: String = VIEWS
            .lines()
            .map(|line| line.split("--").next().unwrap())
            .collect::<Vec<_>>()
            .join("\n");
        // The parts outside string literals: every second part between quotes.
        let code: String = code.split('\'').step_by(2).collect();
        assert!(!code.contains("printf"), "{code}");
        assert!(!code.contains('/'), "{code}");
    }
}
