//! The URLs of EDGAR and Nasdaq Trader.

use std::borrow::Cow;

use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;
use url::Url;

use super::calendar::quarter;
use super::submissions::PageName;
use super::{Accession, Cik, submission_name};

/// The characters of a path segment that are percent-encoded, including `%` and `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URLs of all requests, below three base addresses.
///
/// The base addresses may be those of a mirror, and may have a path, such as
/// `https://example.com/edgar-mirror/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    archives: Url,
    data: Url,
    listings: Url,
}

/// An invalid base address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadBase {
    /// Another scheme than HTTP, no host, or a query or fragment. The message omits query and fragment,
    /// because they may contain tokens.
    #[error(
        "{0} cannot be a base address: it must consist of http:// or https://, a host and an optional path"
    )]
    NoBase(String),
    /// A user name or password. URLs are stored in the database and logged, so they must not contain
    /// one. The message does not repeat it.
    #[error(
        "the base address on {host} contains a user name or password, which would be stored in the \
         database and in logs: remove it"
    )]
    Credentials { host: String },
}

/// A document name that cannot be part of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a file name, so the document cannot be requested")]
pub struct BadName(pub String);

impl Default for Urls {
    /// The SEC's and Nasdaq Trader's own addresses.
    fn default() -> Self {
        let url = |text: &str| Url::parse(text).expect("a constant that the tests parse");
        Self {
            archives: url("https://www.sec.gov/"),
            data: url("https://data.sec.gov/"),
            listings: url("https://www.nasdaqtrader.com/"),
        }
    }
}

impl Urls {
    /// The URLs below the base addresses of `www.sec.gov`, `data.sec.gov` and `www.nasdaqtrader.com`,
    /// in this order.
    ///
    /// # Errors
    ///
    /// If a base address is not HTTP, has a query or a fragment, or has a user name.
    pub fn new(archives: Url, data: Url, listings: Url) -> Result<Self, BadBase> {
        for url in [&archives, &data, &listings] {
            if !url.username().is_empty() || url.password().is_some() {
                let host = url.host_str().unwrap_or("?").to_owned();
                return Err(BadBase::Credentials { host });
            }
            let http = matches!(url.scheme(), "http" | "https") && url.has_host();
            if !http || url.query().is_some() || url.fragment().is_some() {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.set_fragment(None);
                return Err(BadBase::NoBase(shown.into()));
            }
        }
        Ok(Self {
            archives,
            data,
            listings,
        })
    }

    /// The base address of the company list, the documents and the indexes.
    pub fn archives(&self) -> &Url {
        &self.archives
    }

    /// The base address of the submissions API.
    pub fn data(&self) -> &Url {
        &self.data
    }

    /// The base address of the exchanges' symbol lists.
    pub fn listings(&self) -> &Url {
        &self.listings
    }

    /// The SEC's list of companies with tickers and exchanges.
    pub fn company_list(&self) -> Url {
        below(&self.archives, "files/company_tickers_exchange.json")
    }

    /// The main submissions document of a company.
    pub fn submissions(&self, cik: Cik) -> Url {
        below(&self.data, &format!("submissions/CIK{}.json", cik.padded()))
    }

    /// A page of older filings.
    pub fn submissions_page(&self, name: &PageName) -> Url {
        below(&self.data, &format!("submissions/{name}"))
    }

    /// The archive of the submissions of all companies, which EDGAR replaces every night.
    pub fn submissions_archive(&self) -> Url {
        below(
            &self.archives,
            "Archives/edgar/daily-index/bulkdata/submissions.zip",
        )
    }

    /// The XBRL facts of all companies in one archive, made anew every night.
    #[must_use]
    pub fn facts_archive(&self) -> Url {
        below(
            &self.archives,
            "Archives/edgar/daily-index/xbrl/companyfacts.zip",
        )
    }

    /// A document of a filing, in the folder of one of its filers.
    ///
    /// The name is always one segment of the path: characters that could end the segment are encoded.
    ///
    /// # Errors
    ///
    /// If the name is empty, `.` or `..`, which no encoding turns into a segment (URLs treat `%2e%2e`
    /// as `..`).
    pub fn document(&self, cik: Cik, accession: Accession, name: &str) -> Result<Url, BadName> {
        if matches!(name, "" | "." | "..") {
            return Err(BadName(name.to_owned()));
        }
        Ok(self.in_folder(cik, accession, name))
    }

    /// The complete submission text of a filing.
    pub fn submission_text(&self, cik: Cik, accession: Accession) -> Url {
        self.in_folder(cik, accession, &submission_name(accession))
    }

    fn in_folder(&self, cik: Cik, accession: Accession, name: &str) -> Url {
        let name = utf8_percent_encode(name, ENCODED);
        below(
            &self.archives,
            &format!("Archives/edgar/data/{cik}/{}/{name}", accession.bare()),
        )
    }

    /// The index of all filings that EDGAR published on a day.
    pub fn daily_index(&self, day: Date) -> Url {
        let (year, quarter) = (day.year(), quarter(day));
        let day = day.strftime("%Y%m%d");
        below(
            &self.archives,
            &format!("Archives/edgar/daily-index/{year}/QTR{quarter}/master.{day}.idx"),
        )
    }

    /// The listing of the daily indexes of a quarter, 1 to 4.
    pub fn daily_indexes(&self, year: i16, quarter: i8) -> Url {
        below(
            &self.archives,
            &format!("Archives/edgar/daily-index/{year}/QTR{quarter}/index.json"),
        )
    }

    /// The index of all filings of a quarter, 1 to 4.
    pub fn quarterly_index(&self, year: i16, quarter: i8) -> Url {
        below(
            &self.archives,
            &format!("Archives/edgar/full-index/{year}/QTR{quarter}/master.idx"),
        )
    }

    /// The symbol list of Nasdaq.
    pub fn nasdaq_listed(&self) -> Url {
        below(&self.listings, "dynamic/symdir/nasdaqlisted.txt")
    }

    /// The symbol list of the other exchanges.
    pub fn other_listed(&self) -> Url {
        below(&self.listings, "dynamic/symdir/otherlisted.txt")
    }
}

/// The percent-encoded name at EDGAR, if it differs from `name`.
pub fn encoded_name(at_edgar: &str, name: &str) -> Option<String> {
    let encoded: Cow<'_, str> = utf8_percent_encode(at_edgar, ENCODED).into();
    (encoded != name).then(|| encoded.into_owned())
}

/// Decodes a percent-encoded name.
pub fn decoded(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}

/// A URL below a base address. `Url::join` would replace the last segment of the base's path.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apple() -> (Cik, Accession) {
        (
            Cik::new(320_193).unwrap(),
            "0000320193-23-000106".parse().unwrap(),
        )
    }

    fn mirror(base: &str) -> Urls {
        let url = Url::parse(base).unwrap();
        Urls::new(url.clone(), url.clone(), url).unwrap()
    }

    #[test]
    fn indexes_lie_below_the_archives_by_year_and_quarter() {
        let urls = Urls::default();
        let day = jiff::civil::date(2020, 1, 3);
        assert_eq!(
            urls.daily_index(day).as_str(),
            "https://www.sec.gov/Archives/edgar/daily-index/2020/QTR1/master.20200103.idx"
        );
        assert_eq!(
            urls.quarterly_index(2025, 4).as_str(),
            "https://www.sec.gov/Archives/edgar/full-index/2025/QTR4/master.idx"
        );
    }

    #[test]
    fn addresses_are_edgars() {
        let urls = Urls::default();
        let (cik, accession) = apple();
        let page = PageName::parse("CIK0000320193-submissions-001.json", cik).unwrap();
        for (url, text) in [
            (
                urls.company_list(),
                "https://www.sec.gov/files/company_tickers_exchange.json",
            ),
            (
                urls.submissions(cik),
                "https://data.sec.gov/submissions/CIK0000320193.json",
            ),
            (
                urls.submissions_page(&page),
                "https://data.sec.gov/submissions/CIK0000320193-submissions-001.json",
            ),
            (
                urls.submissions_archive(),
                "https://www.sec.gov/Archives/edgar/daily-index/bulkdata/submissions.zip",
            ),
            (
                urls.document(cik, accession, "aapl-20230930.htm").unwrap(),
                "https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/aapl-20230930.htm",
            ),
            (
                urls.submission_text(cik, accession),
                "https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/0000320193-23-000106.txt",
            ),
            (
                urls.nasdaq_listed(),
                "https://www.nasdaqtrader.com/dynamic/symdir/nasdaqlisted.txt",
            ),
            (
                urls.other_listed(),
                "https://www.nasdaqtrader.com/dynamic/symdir/otherlisted.txt",
            ),
        ] {
            assert_eq!(url.as_str(), text);
        }
    }

    #[test]
    fn a_mirror_may_have_a_path() {
        for base in [
            "http://127.0.0.1:8080/edgar-mirror/",
            "http://127.0.0.1:8080/edgar-mirror",
        ] {
            let urls = mirror(base);
            assert_eq!(
                urls.company_list().as_str(),
                "http://127.0.0.1:8080/edgar-mirror/files/company_tickers_exchange.json"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_base_is_refused() {
        for text in [
            "file:///srv/edgar",
            "mailto:a@example.com",
            "https://example.com/?a",
            "https://example.com/#a",
        ] {
            let url = Url::parse(text).unwrap();
            let good = Url::parse("https://example.com").unwrap();
            assert!(Urls::new(good.clone(), good, url).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_never_leaves_its_folder() {
        let (cik, accession) = apple();
        let urls = Urls::default();
        for name in ["", ".", ".."] {
            assert_eq!(
                urls.document(cik, accession, name),
                Err(BadName(name.into()))
            );
        }
        for (name, last) in [
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("..\\x", "..%5Cx"),
            ("%2e%2e", "%252e%252e"),
            (".%2E", ".%252E"),
            ("...", "..."),
            ("a b?c#d", "a%20b%3Fc%23d"),
            ("\n..\t", "%0A..%09"),
            ("ü", "%C3%BC"),
        ] {
            let url = urls.document(cik, accession, name).unwrap();
            let folder = "https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/";
            assert_eq!(url.as_str().strip_prefix(folder), Some(last), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_is_one_segment_that_decodes_to_itself(name in prop_oneof![any::<String>(), "[./%2eE\\\\]{0,8}"]) {
            let (cik, accession) = apple();
            let urls = mirror("https://example.com/a/b");
            if let Ok(url) = urls.document(cik, accession, &name) {
                // Parsing the URL again normalises it.
                let url = Url::parse(url.as_str()).unwrap();
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(&segments[..7], ["a", "b", "Archives", "edgar", "data", "320193", "000032019323000106"]);
                prop_assert_eq!(segments.len(), 8);
                let decoded = percent_encoding::percent_decode_str(segments[7]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, name);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            } else {
                prop_assert!(matches!(name.as_str(), "" | "." | ".."));
            }
        }
    }
}
