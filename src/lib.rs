//! Discovers and downloads the SEC filings of the exchange-listed US companies.

pub mod cancel;
pub mod edgar;
