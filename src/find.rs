//! Finds companies by name, former name, ticker or CIK. Pure: no I/O.
//!
//! A search compares the text with each of some 11,000 companies, which takes milliseconds.

use jiff::civil::Date;

use crate::edgar::Cik;
use crate::ticker::{spellings, without_dashes};

/// The minimum Jaro-Winkler similarity, from 0 to 1, of a name or ticker that is suggested.
const LIKE: f64 = 0.88;

/// A company with the names and tickers that a search compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findable {
    pub cik: Cik,
    pub name: String,
    /// The ticker of its primary listing, or the last known one of a company that is not listed.
    pub ticker: Option<String>,
    /// The exchange of that listing.
    pub exchange: Option<String>,
    /// Whether the SEC's list of companies contains it.
    pub active: bool,
    /// Former names, each with its last day.
    pub former_names: Vec<(String, Option<Date>)>,
    /// All tickers; a former ticker has the day on which it was last seen.
    pub tickers: Vec<(String, Option<Date>)>,
}

impl Findable {
    /// The company for a message: ticker and name, or name and CIK.
    pub fn shown(&self) -> String {
        match &self.ticker {
            Some(ticker) => format!("{ticker} ({})", self.name),
            None => format!("{} (CIK {})", self.name, self.cik),
        }
    }
}

/// How a company matches a search, best match first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    Cik,
    Ticker(String),
    /// A former ticker, and the day on which it was last seen.
    FormerTicker(String, Date),
    /// All words of its name, in order.
    WholeName,
    /// Words of its name, in any order.
    Words,
    /// Prefixes of words of its name.
    Beginnings,
    /// Prefixes of words of a former name, and the last day of that name.
    FormerName(String, Option<Date>),
}

impl Match {
    /// The sort key of the results.
    fn rank(&self) -> u8 {
        match self {
            Self::Cik => 0,
            Self::Ticker(_) => 1,
            Self::FormerTicker(..) => 2,
            Self::WholeName => 3,
            Self::Words => 4,
            Self::Beginnings => 5,
            Self::FormerName(..) => 6,
        }
    }
}

/// The companies that match a text: by CIK, by ticker in any spelling, or by words of their name in any
/// order. Sorted by quality of the match, then listed companies before others.
pub fn find<'a>(text: &str, companies: &'a [Findable]) -> Vec<(&'a Findable, Match)> {
    let asked = Query {
        cik: text.trim().parse().ok(),
        tickers: spellings(text),
        words: words(text),
    };
    let found = companies
        .iter()
        .filter_map(|company| Some((company, asked.finds(company)?)));
    let mut found: Vec<_> = found.collect();
    found.sort_by(|(a, how), (b, other)| {
        let listed = b.active.cmp(&a.active);
        let by_rank = how.rank().cmp(&other.rank());
        let by_name = a
            .name
            .len()
            .cmp(&b.name.len())
            .then_with(|| a.name.cmp(&b.name));
        by_rank.then(listed).then(by_name).then(a.cik.cmp(&b.cik))
    });
    found
}

/// At most `most` companies with a ticker, a name or a word of a name similar to the text, most similar
/// first.
pub fn near<'a>(text: &str, companies: &'a [Findable], most: usize) -> Vec<&'a Findable> {
    let asked = words(text).join(" ");
    let like = |company: &Findable| {
        let name = words(&company.name);
        let tickers = company
            .tickers
            .iter()
            .map(|(ticker, _)| ticker.to_lowercase());
        tickers
            .chain([name.join(" ")])
            .chain(name)
            .map(|known| strsim::jaro_winkler(&known, &asked))
            .fold(0.0, f64::max)
    };
    let mut near: Vec<_> = companies
        .iter()
        .map(|company| (like(company), company))
        .filter(|(like, _)| *like >= LIKE)
        .collect();
    near.sort_by(|(a, one), (b, other)| {
        let by_likeness = b.total_cmp(a).then(other.active.cmp(&one.active));
        by_likeness.then(one.cik.cmp(&other.cik))
    });
    near.into_iter()
        .take(most)
        .map(|(_, company)| company)
        .collect()
}

struct Query {
    cik: Option<Cik>,
    tickers: Vec<String>,
    words: Vec<String>,
}

impl Query {
    fn finds(&self, company: &Findable) -> Option<Match> {
        if self.cik == Some(company.cik) {
            return Some(Match::Cik);
        }
        let is_asked = |ticker: &str| {
            let letters = without_dashes(ticker);
            let mut tickers = self.tickers.iter();
            tickers.any(|asked| asked == ticker || *asked == letters)
        };
        let mut tickers = company
            .tickers
            .iter()
            .filter(|(ticker, _)| is_asked(ticker));
        match tickers.next() {
            Some((ticker, None)) => return Some(Match::Ticker(ticker.clone())),
            Some((ticker, Some(day))) => return Some(Match::FormerTicker(ticker.clone(), *day)),
            None => {}
        }
        if self.words.is_empty() {
            return None;
        }
        let mut name = words(&company.name);
        if name == self.words {
            return Some(Match::WholeName);
        }
        // The parts of `HELIX&BANCORP` match, too.
        name.extend(words(&company.name.replace('&', " ")));
        if self.are_in(&name, |word, asked| word == asked) {
            return Some(Match::Words);
        }
        if self.are_in(&name, |word, asked| word.starts_with(asked)) {
            return Some(Match::Beginnings);
        }
        let former = company
            .former_names
            .iter()
            .find(|(name, _)| self.are_in(&words(name), |word, asked| word.starts_with(asked)));
        former.map(|(name, until)| Match::FormerName(name.clone(), *until))
    }

    /// Whether each word of the query matches a word of the name, as `is` decides.
    fn are_in(&self, name: &[String], is: impl Fn(&str, &str) -> bool) -> bool {
        let mut words = self.words.iter();
        words.all(|asked| name.iter().any(|word| is(word, asked)))
    }
}

/// The words of a name in lower case, made of letters and digits. `AT&T` and `Moody's` are one word each.
fn words(text: &str) -> Vec<String> {
    let text: String = text.to_lowercase().replace(['\'', '&'], "");
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn company(cik: u64, name: &str, tickers: &[&str]) -> Findable {
        Findable {
            cik: Cik::new(cik).unwrap(),
            name: name.to_owned(),
            ticker: tickers.first().map(|t| (*t).to_owned()),
            exchange: None,
            active: !tickers.is_empty(),
            former_names: Vec::new(),
            tickers: tickers.iter().map(|t| ((*t).to_owned(), None)).collect(),
        }
    }

    fn some() -> Vec<Findable> {
        let mut meta = company(1_326_801, "Meta Platforms, Inc.", &["META"]);
        meta.tickers.push(("FB".to_owned(), Some(date(2022, 6, 8))));
        meta.former_names = vec![("Facebook Inc".to_owned(), Some(date(2021, 10, 27)))];
        vec![
            company(320_193, "Apple Inc.", &["AAPL"]),
            company(2, "Apple Hospitality REIT, Inc.", &["APLE"]),
            company(3, "APPLE REIT TEN INC", &[]),
            company(1_067_983, "BERKSHIRE HATHAWAY INC", &["BRK-B", "BRK-A"]),
            company(70_858, "BANK OF AMERICA CORP /DE/", &["BAC", "BAC-PL"]),
            company(732_717, "AT&T INC.", &["T"]),
            meta,
        ]
    }

    fn found(text: &str) -> Vec<u64> {
        find(text, &some())
            .iter()
            .map(|(c, _)| c.cik.get())
            .collect()
    }

    #[test]
    fn companies_are_found_by_what_people_know() {
        for (text, ciks) in [
            ("AAPL", &[320_193][..]),
            ("320193", &[320_193]),
            ("CIK0000320193", &[320_193]),
            ("apple", &[320_193, 2, 3]),
            ("inc apple", &[320_193, 2, 3]),
            ("reit apple", &[2, 3]),
            ("BRK.B", &[1_067_983]),
            ("brka", &[1_067_983]),
            ("BAC$L", &[70_858]),
            ("america bank", &[70_858]),
            ("AT&T", &[732_717]),
            ("AT & T", &[732_717]),
            ("att", &[732_717]),
            ("FB", &[1_326_801]),
            ("facebook", &[1_326_801]),
            ("plat met", &[1_326_801]),
            ("", &[]),
            ("% _ ' \"", &[]),
            ("\u{1f600}", &[]),
            ("nothing like it", &[]),
        ] {
            assert_eq!(found(text), ciks, "{text}");
        }
        let all = some();
        assert_eq!(
            find("FB", &all)[0].1,
            Match::FormerTicker("FB".to_owned(), date(2022, 6, 8))
        );
        assert_eq!(
            find("facebook", &all)[0].1,
            Match::FormerName("Facebook Inc".to_owned(), Some(date(2021, 10, 27)))
        );
    }

    #[test]
    fn a_slip_is_near_to_what_was_meant() {
        for (text, cik) in [
            ("APPL", 320_193),
            ("berkshir hataway", 1_067_983),
            ("mettta", 1_326_801),
        ] {
            let all = some();
            let near = near(text, &all, 3);
            assert!(near.iter().any(|c| c.cik.get() == cik), "{text}: {near:?}");
        }
        assert!(near("zzzzzz", &some(), 3).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let all = some();
            let _ = find(&text, &all);
            let _ = near(&text, &all, 5);
        }
    }
}
