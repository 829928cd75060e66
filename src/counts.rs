//! The counts of a run. The list below defines each count once: it generates the counters of the stages,
//! the rows of `run_counts`, the groups of the JSON documents and the metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::ser::{Serialize, Serializer};

/// A metric that counts belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub help: &'static str,
    /// The label whose value is the key of a count in JSON; `None` for a metric of one count.
    pub label: Option<&'static str>,
}

impl Metric {
    /// A metric of one count.
    const fn of(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            label: None,
        }
    }

    /// A metric of several counts, which a label tells apart.
    const fn by(label: &'static str, name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            label: Some(label),
        }
    }
}

const COMPANIES: Metric = Metric::by(
    "state",
    "filing_etl_last_run_companies",
    "Companies of the last run.",
);
const FILINGS: Metric = Metric::by(
    "state",
    "filing_etl_last_run_filings",
    "Filings of the last run.",
);
const ARTIFACTS: Metric = Metric::by(
    "state",
    "filing_etl_last_run_artifacts",
    "Files of the last run.",
);
const BYTES: Metric = Metric::of("filing_etl_last_run_bytes", "Bytes stored by the last run.");
const REQUESTS: Metric = Metric::by(
    "for",
    "filing_etl_last_run_requests",
    "Requests of the last run, by purpose.",
);
const RETRIES: Metric = Metric::of(
    "filing_etl_last_run_retries",
    "Requests of the last run that repeated a failed one.",
);

/// Declares each count with its group and key in JSON (`_` leaves it out of the JSON), and its metric if it
/// has one. The file of metrics has them in the order of the counts.
macro_rules! counts {
    ($($(#[doc = $doc:literal])+ $name:ident: $group:tt $key:tt $(=> $metric:expr)?;)+) => {
        /// The live counts of one run. All its threads add to them without a lock, so two counts that are
        /// read together may differ by an item in progress.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: AtomicU64,)+
        }

        /// The counts of a run at one moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Counters {
            pub fn load(&self) -> Counts {
                Counts { $($name: self.$name.load(Relaxed),)+ }
            }
        }

        impl Counts {
            /// Each count with its name in the database.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }

            /// Sets a count by its name. An unknown name is ignored: another version may have written it.
            pub fn set(&mut self, name: &str, value: u64) {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => {}
                }
            }

            /// The metric, the key in JSON and the number of each count that has a metric.
            pub fn metrics(&self) -> impl Iterator<Item = (Metric, &'static str, u64)> {
                [$($(($metric, stringify!($key), self.$name),)?)+].into_iter()
            }

            fn json(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($group), stringify!($key), self.$name),)+].into_iter()
            }
        }
    };
}

counts! {
    /// Companies that the run visits.
    companies_total: companies total => COMPANIES;
    /// Companies visited to the end, failed ones included.
    companies_done: companies done => COMPANIES;
    /// Companies with at least one filing that the database did not have.
    companies_with_new: companies with_new => COMPANIES;
    /// Companies whose filings could not be read.
    companies_failed: companies failed => COMPANIES;
    /// Companies that EDGAR does not have and that are no longer requested.
    companies_unavailable: companies unavailable;
    /// Companies being visited now.
    companies_in_progress: _ _;
    /// Filings of the wanted forms and dates that EDGAR lists.
    filings_found: filings found => FILINGS;
    /// Found filings that the database did not have.
    filings_new: filings new => FILINGS;
    /// Artifacts put into the queue by this run.
    artifacts_created: artifacts created => ARTIFACTS;
    /// Artifacts to download in this run: those queued by earlier runs and those it created.
    artifacts_queued: artifacts queued;
    /// Artifacts stored.
    downloaded: artifacts downloaded => ARTIFACTS;
    /// Artifacts whose last attempt in this run failed.
    failed: artifacts failed => ARTIFACTS;
    /// Failed artifacts that EDGAR does not have.
    unavailable: _ _;
    /// Bytes of the stored artifacts.
    bytes: artifacts bytes => BYTES;
    /// Requests sent, of every kind, retries and redirects included.
    requests: requests total;
    /// Requests for the lists of companies and symbols.
    requests_companies: requests companies => REQUESTS;
    /// Requests for lists of filings.
    requests_discovery: requests discovery => REQUESTS;
    /// Requests for documents.
    requests_documents: requests documents => REQUESTS;
    /// Requests that repeated a failed request.
    retries: requests retries => RETRIES;
}

/// A guard that counts one company as in progress until it is dropped.
#[derive(Debug)]
pub struct InProgress<'a>(&'a AtomicU64);

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Counters {
    /// Counts one company as in progress.
    pub fn in_progress(&self) -> InProgress<'_> {
        self.companies_in_progress.fetch_add(1, Relaxed);
        InProgress(&self.companies_in_progress)
    }
}

impl Counts {
    /// Completed companies without a new filing.
    pub fn companies_unchanged(&self) -> u64 {
        self.companies_done
            .saturating_sub(self.companies_with_new + self.companies_failed)
    }

    /// One group of a JSON document: `companies`, `filings`, `artifacts` or `requests`.
    pub fn group(&self, group: &'static str) -> CountGroup {
        CountGroup {
            counts: *self,
            group,
        }
    }
}

/// The counts of one group, serialised as one JSON object.
#[derive(Debug, Clone)]
pub struct CountGroup {
    counts: Counts,
    group: &'static str,
}

impl Serialize for CountGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self
            .counts
            .json()
            .filter(|(group, ..)| *group == self.group);
        serializer.collect_map(members.map(|(_, key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_loaded_named_and_set_alike() {
        let counters = Counters::default();
        counters.companies_total.store(7, Relaxed);
        counters.retries.store(3, Relaxed);
        let counts = counters.load();
        let mut copy = Counts::default();
        for (name, value) in counts.named() {
            copy.set(name, value);
        }
        copy.set("a number of another version", 9);
        assert_eq!(copy, counts);
        assert_eq!((copy.companies_total, copy.retries), (7, 3));
    }

    #[test]
    fn a_group_has_its_own_numbers_only() {
        let counts = Counts {
            filings_found: 4,
            filings_new: 2,
            ..Counts::default()
        };
        let json = serde_json::to_string(&counts.group("filings")).unwrap();
        assert_eq!(json, r#"{"found":4,"new":2}"#);
    }

    #[test]
    fn a_company_in_progress_is_counted_while_its_guard_lives() {
        let counters = Counters::default();
        let guard = counters.in_progress();
        assert_eq!(counters.load().companies_in_progress, 1);
        drop(guard);
        assert_eq!(counters.load().companies_in_progress, 0);
    }
}
