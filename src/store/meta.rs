//! The keys of the `meta` table.

/// The base URL of `v_artifacts.url`.
pub(super) const ARCHIVES_URL: &str = "archives_url";
/// The base URL of the submissions.
pub(super) const DATA_URL: &str = "data_url";
/// The base URL of the exchanges' symbol lists.
pub(super) const LISTINGS_URL: &str = "listings_url";
/// The identity of the data dir.
pub(super) const DATA_DIR: &str = "data_dir";
/// When the company list was last synced.
pub(super) const COMPANIES_SYNCED_AT: &str = "companies_synced_at";
/// When the company list was last synced together with the exchanges' symbol lists.
pub(super) const LISTINGS_SYNCED_AT: &str = "listings_synced_at";
/// The creation time that the two symbol lists state, the older of the two, in New York time.
pub(super) const LISTINGS_CREATED_AT: &str = "listings_created_at";
/// The tickers that are not listings of companies according to those symbol lists, as JSON.
pub(super) const NON_COMPANIES: &str = "non_companies";
/// The symbols in those lists that have no company in the SEC's list, as JSON.
pub(super) const UNMATCHED: &str = "unmatched";
/// Whether the last sync of the company list included the exchanges' symbol lists.
pub(super) const LISTINGS_KNOWN: &str = "listings_known";
/// The hash of the file from which the schema was created.
pub(super) const SCHEMA: &str = "schema";
/// The hash of the file from which the views were created.
pub(super) const VIEWS: &str = "views";

/// The value for true.
pub(super) const YES: &str = "yes";
/// The value for false.
pub(super) const NO: &str = "no";
