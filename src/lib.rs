//! Discovers and downloads the SEC filings of the exchange-listed US companies.

pub mod archive;
pub mod cancel;
pub mod edgar;
pub mod exit;
pub mod progress;
pub mod threads;
