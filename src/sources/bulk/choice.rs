//! Chooses the faster source of submissions: the API or `submissions.zip`. Pure.
//!
//! The API costs one request per company, at the rate of the limit. The archive costs its bytes, at
//! the bandwidth of the link. Requests for older pages are not counted, because their number is not
//! known in advance. So the choice errs towards the API, which does not download 1.5 GB.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Serialize;

use crate::config::DiscoverFrom;
use crate::progress::format::{bytes, clock, counted};
use crate::sources::bulk::CacheState;

/// The assumed size of an archive that was never seen. It had 1.3 GB in 2025 and grows.
const USUAL_SIZE: u64 = 1_500_000_000;

/// The assumed bandwidth before the first measurement, in bytes per second: 40 Mbit/s, which is
/// slow for a server.
const USUAL_BANDWIDTH: u64 = 5_000_000;

/// The fixed cost of the archive: reading its directory of 80 MB.
const READING: Duration = Duration::from_secs(1);

/// The source of submissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChosenSource {
    /// One request per company, plus requests for older pages.
    Api,
    /// `submissions.zip`, in one request.
    Bulk,
}

/// The word in options and results.
impl fmt::Display for ChosenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "api",
            Self::Bulk => "bulk",
        })
    }
}

/// What the choice depends on.
#[derive(Debug, Clone, Copy)]
pub struct ChoiceInput {
    /// The user's choice.
    pub asked: DiscoverFrom,
    /// The number of companies to visit.
    pub companies: u64,
    /// Requests per second; `None` is no limit.
    pub rate: Option<NonZeroU32>,
    /// The cached archive.
    pub archive: CacheState,
    /// The budget in bytes. A larger download of the archive is chosen only on the user's request.
    pub most: Option<u64>,
}

/// The chosen source and the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceChoice {
    pub source: ChosenSource,
    /// The reason, for people.
    pub why: String,
    /// Bytes of the archive to fetch, if known; 0 for the API.
    pub bytes: u64,
    /// The least time that discovery takes with this source.
    pub time: Duration,
    /// If the archive turns out to need more bytes than this, the API is used. `None`: the user
    /// asked for the archive.
    pub max_useful_bytes: Option<u64>,
}

/// Chooses the source.
pub fn choose(facts: &ChoiceInput) -> SourceChoice {
    let archive = facts.archive;
    let size = archive.missing.unwrap_or(USUAL_SIZE);
    let bandwidth = archive.bandwidth.unwrap_or(USUAL_BANDWIDTH).max(1);
    let per_request = facts
        .rate
        .map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.get());
    let api = per_request.saturating_mul(u32::try_from(facts.companies).unwrap_or(u32::MAX));
    let fixed = per_request + READING;
    let bulk = fixed + per_bytes(size, bandwidth);
    let (source, why) = match facts.asked {
        DiscoverFrom::Api => (ChosenSource::Api, "asked for".to_owned()),
        DiscoverFrom::Bulk => (ChosenSource::Bulk, "asked for".to_owned()),
        DiscoverFrom::Auto if facts.rate.is_none() => (
            ChosenSource::Api,
            "without a rate limit, requests take almost no time".to_owned(),
        ),
        DiscoverFrom::Auto if facts.most.is_some_and(|most| size > most) => (
            ChosenSource::Api,
            format!(
                "--max-bytes is less than the {} of submissions.zip",
                bytes(size)
            ),
        ),
        DiscoverFrom::Auto => {
            let source = if bulk < api {
                ChosenSource::Bulk
            } else {
                ChosenSource::Api
            };
            (source, weighed(facts, size, api, bulk))
        }
    };
    let auto = facts.asked == DiscoverFrom::Auto;
    SourceChoice {
        source,
        why,
        bytes: if source == ChosenSource::Bulk {
            size
        } else {
            0
        },
        time: if source == ChosenSource::Bulk {
            bulk
        } else {
            api
        },
        max_useful_bytes: auto.then(|| {
            let time = api.saturating_sub(fixed).as_millis();
            let bytes = time * u128::from(bandwidth) / 1000;
            let max_useful_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            facts
                .most
                .map_or(max_useful_bytes, |most| max_useful_bytes.min(most))
        }),
    }
}

/// The times of both sources, short enough for a line of the summary.
fn weighed(facts: &ChoiceInput, size: u64, api: Duration, bulk: Duration) -> String {
    let seen = facts.archive.missing.is_some() && facts.archive.bandwidth.is_some();
    let archive = if size == 0 {
        "submissions.zip: cached today".to_owned()
    } else {
        let about = if seen { "" } else { "about " };
        format!("submissions.zip: {about}{}", clock(bulk))
    };
    let requests = counted(facts.companies, ["request", "requests"]);
    format!("API: {requests} in {}; {archive}", clock(api))
}

fn per_bytes(bytes: u64, bandwidth: u64) -> Duration {
    let ms = u128::from(bytes) * 1000 / u128::from(bandwidth);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts(companies: u64, rate: u32, archive: CacheState) -> ChoiceInput {
        ChoiceInput {
            asked: DiscoverFrom::Auto,
            companies,
            rate: NonZeroU32::new(rate),
            archive,
            most: None,
        }
    }

    const UNSEEN: CacheState = CacheState {
        missing: None,
        bandwidth: None,
    };

    #[test]
    fn all_companies_at_edgars_rate_come_from_the_archive_and_a_few_do_not() {
        let all = choose(&facts(5911, 10, UNSEEN));
        assert_eq!(all.source, ChosenSource::Bulk);
        assert_eq!(
            all.why,
            "API: 5,911 requests in 9:51; submissions.zip: about 5:01"
        );
        assert_eq!(choose(&facts(500, 10, UNSEEN)).source, ChosenSource::Api);
        assert_eq!(choose(&facts(0, 10, UNSEEN)).source, ChosenSource::Api);
    }

    #[test]
    fn what_was_seen_counts_more_than_what_is_assumed() {
        let slow = CacheState {
            missing: Some(1_300_000_000),
            bandwidth: Some(1_000_000),
        };
        assert_eq!(choose(&facts(5911, 10, slow)).source, ChosenSource::Api);
        let almost_there = CacheState {
            missing: Some(10_000_000),
            ..slow
        };
        assert_eq!(
            choose(&facts(500, 10, almost_there)).source,
            ChosenSource::Bulk
        );
    }

    #[test]
    fn an_archive_that_is_current_costs_one_request() {
        let here = CacheState {
            missing: Some(0),
            bandwidth: None,
        };
        assert_eq!(choose(&facts(20, 10, here)).source, ChosenSource::Bulk);
        assert_eq!(choose(&facts(3, 10, here)).source, ChosenSource::Api);
    }

    #[test]
    fn without_a_limit_the_requests_win() {
        assert_eq!(choose(&facts(10_000, 0, UNSEEN)).source, ChosenSource::Api);
    }

    #[test]
    fn who_asks_for_a_way_gets_it() {
        let api = ChoiceInput {
            asked: DiscoverFrom::Api,
            ..facts(5911, 10, UNSEEN)
        };
        let bulk = ChoiceInput {
            asked: DiscoverFrom::Bulk,
            ..facts(1, 10, UNSEEN)
        };
        assert_eq!(choose(&api).source, ChosenSource::Api);
        assert_eq!(
            (choose(&bulk).source, choose(&bulk).max_useful_bytes),
            (ChosenSource::Bulk, None)
        );
    }

    proptest! {
        #[test]
        fn the_archive_is_taken_only_where_it_is_worth_it(
            companies in any::<u64>(), rate in any::<u32>(), missing in any::<Option<u64>>(), bandwidth in any::<Option<u64>>()
        ) {
            let choice = choose(&facts(companies, rate, CacheState { missing, bandwidth }));
            if choice.source == ChosenSource::Bulk {
                // Durations are rounded to milliseconds.
                let slack = bandwidth.unwrap_or(USUAL_BANDWIDTH) / 500 + 1;
                prop_assert!(choice.bytes <= choice.max_useful_bytes.unwrap().saturating_add(slack));
            }
        }
    }
}
