//! What a simulated EDGAR is like.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::faults::{Fault, FaultKind, FaultPlace, ResetMoment, RetryAfter, When};
use super::log::Resource;

/// The size, age and manners of a simulated EDGAR.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one. Default `127.0.0.1:0`.
    pub address: SocketAddr,
    /// How many companies are in the company list. Default 200.
    pub companies: u32,
    /// Everything served is a pure function of the seed (and of `today`, which cuts it off).
    pub seed: u64,
    /// The last day with filings. Default: the real day, UTC.
    pub today: Date,
    /// How many years back a company's filings go, but for a few old ones, which always go back
    /// to 1996. Default 10.
    pub years: u16,
    /// Filings a year of a middling company besides its annual and quarterly reports. Default
    /// 12; 40 is like EDGAR. A few giants file 25 times as many (at most 900).
    pub filings_per_year: u32,
    /// How many companies file each annual report of a parent: itself and those after it, of
    /// whatever kind. Default 0, which leaves them to the parent and its one or two subsidiaries.
    /// The most seen at EDGAR are 469.
    pub joint_filers: u32,
    /// How many rows `filings.recent` holds at least where older pages exist. EDGAR, and the
    /// default: 1000. Smaller makes older pages frequent in a small universe.
    pub page_rows: usize,
    /// The size of filings, 1.0 being like EDGAR (an annual report of some 8 MB in all).
    /// Default 0.05. The smallest filings keep their size.
    pub document_scale: f64,
    /// The round trip. Half of it passes before a request arrives (is logged and counted), half
    /// before its answer leaves.
    pub latency: Duration,
    /// Up to so much more passes, by chance, before a request arrives, so that evenly sent
    /// requests come in bunches.
    pub jitter: Duration,
    /// How many requests may arrive in any second before EDGAR blocks. Default: no limit.
    pub rate_limit: Option<u32>,
    /// How long a block lasts; every request during it starts it anew. Default 10 minutes.
    pub block_for: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Whether bodies are compressed for clients that accept it, as EDGAR does. Default true;
    /// benches of other things can save the time.
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
    /// A universe small enough to be downloaded within seconds, with a few mishaps that a client
    /// gets over.
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

    /// As large and as busy as EDGAR's exchange-listed companies were measured to be in 2025:
    /// submissions of about 150 KB, annual reports of about 8 MB.
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
