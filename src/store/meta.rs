//! The keys of the `meta` table: small facts about the database.

/// What `v_artifacts.url` begins with.
pub(super) const ARCHIVES_URL: &str = "archives_url";
/// What submissions were asked for below.
pub(super) const DATA_URL: &str = "data_url";
/// What the exchanges' symbol lists were asked for below.
pub(super) const LISTINGS_URL: &str = "listings_url";
/// The identity of the data dir.
pub(super) const DATA_DIR: &str = "data_dir";
/// When the company list was last read.
pub(super) const COMPANIES_SYNCED_AT: &str = "companies_synced_at";
/// When the exchanges' symbol lists last took part in it.
pub(super) const LISTINGS_SYNCED_AT: &str = "listings_synced_at";
/// The tickers that those lists said are no company's, as JSON.
pub(super) const LEFT_OUT: &str = "left_out";
/// The symbols in those lists for which the SEC has no company, as JSON.
pub(super) const UNMATCHED: &str = "unmatched";
/// Whether the exchanges' symbol lists took part in it.
pub(super) const LISTINGS_KNOWN: &str = "listings_known";
/// The hash of the text that the schema was made from.
pub(super) const SCHEMA: &str = "schema";
/// The hash of the text that the views were made from.
pub(super) const VIEWS: &str = "views";

/// How a fact that holds is written.
pub(super) const YES: &str = "yes";
/// How a fact that does not hold is written.
pub(super) const NO: &str = "no";
