//! Discovers and downloads the SEC filings of the exchange-listed US companies.

pub mod archive;
pub mod cancel;
pub mod edgar;
pub mod exchange;
pub mod exit;
pub mod fingerprint;
pub mod listings;
pub mod net;
pub mod progress;
pub mod sim;
pub mod store;
pub mod threads;
pub mod universe;
