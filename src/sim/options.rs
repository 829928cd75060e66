//! The options of the simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::faults::{Fault, FaultKind, FaultPlace, ResetMoment, RetryAfter, When};
use super::log::Resource;

/// The size, age and behaviour of a simulated EDGAR.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; port 0 chooses a free port. Default `127.0.0.1:0`.
    pub address: SocketAddr,
    /// The number of companies in the company list. Default 200.
    pub companies: u32,
    /// Every response is a pure function of the seed and of `today`, the last day with filings.
    pub seed: u64,
    /// The last day with filings. Default: the real day, UTC.
    pub today: Date,
    /// The number of years of a company's filings, except for a few old companies, whose filings always go
    /// back to 1996. Default 10.
    pub years: u16,
    /// Filings a year of a median company besides its annual and quarterly reports. Default 12; EDGAR has 40.
    /// A few giants file 25 times as many (at most 900).
    pub filings_per_year: u32,
    /// The number of companies that file each annual report of a parent jointly: the parent and the companies
    /// after it, of any kind. Default 0: the parent and its one or two subsidiaries. The maximum seen at
    /// EDGAR is 469.
    pub joint_filers: u32,
    /// The minimum number of rows in `filings.recent` if older pages exist. Default 1000, as at EDGAR. A
    /// smaller number makes older pages frequent in a small universe.
    pub page_rows: usize,
    /// The size of filings relative to EDGAR, where an annual report has about 8 MB in total. Default 0.05.
    /// The smallest filings keep their size.
    pub document_scale: f64,
    /// The round-trip time. Half of it passes before a request arrives (is logged and counted), half before its
    /// response is sent.
    pub latency: Duration,
    /// The maximum random delay before a request arrives, so that evenly sent requests arrive in bursts.
    pub jitter: Duration,
    /// The number of requests that may arrive in any second before a block. Default: no limit.
    pub rate_limit: Option<u32>,
    /// The duration of a block. Every request during a block restarts it. Default 10 minutes.
    pub block_for: Duration,
    /// The simulated faults.
    pub faults: Vec<Fault>,
    /// Whether bodies are compressed for clients that accept it, as at EDGAR. Default true; a bench can turn it
    /// off to save time.
    pub compress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            companies: 200,
            seed: 1,
            today: TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date(),
            years: 10,
            filings_per_year: 12,
            joint_filers: 0,
            page_rows: 1000,
            document_scale: 0.05,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            rate_limit: None,
            block_for: Duration::from_mins(10),
            faults: Vec::new(),
            compress: true,
        }
    }
}

impl Options {
    /// A universe that is downloaded within seconds, with a few faults from which a client recovers.
    pub fn demo() -> Self {
        let mishap = |kind, place, share| Fault {
            kind,
            place: FaultPlace::Resource(place),
            share,
            when: When::Times(1),
        };
        Self {
            companies: 60,
            page_rows: 400,
            latency: Duration::from_millis(60),
            jitter: Duration::from_millis(40),
            rate_limit: Some(150),
            faults: vec![
                mishap(
                    FaultKind::Status(503, Some(RetryAfter::Seconds(1))),
                    Resource::Documents,
                    200,
                ),
                mishap(
                    FaultKind::Reset(ResetMoment::Body),
                    Resource::Documents,
                    100,
                ),
                mishap(FaultKind::GzipCut, Resource::Documents, 100),
                mishap(FaultKind::Status(500, None), Resource::Discovery, 400),
            ],
            ..Self::default()
        }
    }

    /// The measured size of EDGAR's exchange-listed companies in 2025: submissions of about 150 KB, annual
    /// reports of about 8 MB.
    pub fn realistic() -> Self {
        Self {
            companies: 5_911,
            years: 24,
            filings_per_year: 40,
            document_scale: 1.0,
            ..Self::default()
        }
    }
}
