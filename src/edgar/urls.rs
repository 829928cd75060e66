//! Where things are on EDGAR and at Nasdaq Trader.

use std::borrow::Cow;

use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;
use url::Url;

use super::calendar::quarter;
use super::submissions::PageName;
use super::{Accession, Cik, submission_name};

/// What stands for itself in a path segment; everything else is encoded, `%` and `/` too.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The addresses of everything we ask for, below three bases.
///
/// The bases may be a mirror's and have a path of their own, such as
/// `https://example.com/edgar-mirror/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    archives: Url,
    data: Url,
    listings: Url,
}

/// A URL that nothing can lie below.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadBase {
    /// Not a place on the web, or more than one. Shown without its query and fragment, where
    /// tokens stand.
    #[error(
        "{0} cannot be a base address: expected is http:// or https://, a host, and at most a path"
    )]
    NoBase(String),
    /// URLs stand in the database and in messages, where no password belongs; so the message
    /// does not repeat it.
    #[error(
        "a base address on {host} has a user name or password in it, which would end up in the \
         database and in logs: give it without"
    )]
    Credentials {
        /// The host of what was given.
        host: String,
    },
}

/// A document name that cannot stand in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no file name, so the document cannot be asked for")]
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
    /// The addresses below these bases: for `www.sec.gov`, `data.sec.gov` and
    /// `www.nasdaqtrader.com`, in this order.
    ///
    /// # Errors
    ///
    /// Bases that are not HTTP, that have a query or a fragment, or that name a user.
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

    /// The base of the company list, documents and indexes.
    pub fn archives(&self) -> &Url {
        &self.archives
    }

    /// The base of submissions.
    pub fn data(&self) -> &Url {
        &self.data
    }

    /// The base of the exchanges' symbol lists.
    pub fn listings(&self) -> &Url {
        &self.listings
    }

    /// The SEC's list of companies with tickers and exchanges.
    pub fn company_list(&self) -> Url {
        below(&self.archives, "files/company_tickers_exchange.json")
    }

    /// A company's filings.
    pub fn submissions(&self, cik: Cik) -> Url {
        below(&self.data, &format!("submissions/CIK{}.json", cik.padded()))
    }

    /// A page of a company's older filings.
    pub fn submissions_page(&self, name: &PageName) -> Url {
        below(&self.data, &format!("submissions/{name}"))
    }

    /// The submissions of all companies in one archive, made anew every night.
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
    /// The name is always one segment of the path: what could end the segment is encoded.
    ///
    /// # Errors
    ///
    /// The names that no encoding makes a segment: empty ones, `.` and `..` (URLs treat
    /// `%2e%2e` as `..`, too).
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

    /// The index of everything that EDGAR published on a day.
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

    /// The index of everything that was filed in a quarter, 1 to 4.
    pub fn quarterly_index(&self, year: i16, quarter: i8) -> Url {
        below(
            &self.archives,
            &format!("Archives/edgar/full-index/{year}/QTR{quarter}/master.idx"),
        )
    }

    /// What is listed on Nasdaq.
    pub fn nasdaq_listed(&self) -> Url {
        below(&self.listings, "dynamic/symdir/nasdaqlisted.txt")
    }

    /// What is listed on the other exchanges.
    pub fn other_listed(&self) -> Url {
        below(&self.listings, "dynamic/symdir/otherlisted.txt")
    }
}

/// The name at EDGAR as it stands in a URL, if that is another one than `name`.
pub fn encoded_name(at_edgar: &str, name: &str) -> Option<String> {
    let encoded: Cow<'_, str> = utf8_percent_encode(at_edgar, ENCODED).into();
    (encoded != name).then(|| encoded.into_owned())
}

/// The name that stands in a URL like this.
pub fn decoded(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}

/// A path below a base. (`Url::join` would replace the last segment of the base's own path.)
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
                // Parsing again applies whatever normalisation there is.
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
