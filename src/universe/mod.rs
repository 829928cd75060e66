//! Who is listed where: the SEC's company list, refined by Nasdaq Trader's directory.
//!
//! Pure. The rules:
//!
//! - **A company is a CIK** of the SEC's list; the directory invents none. It has one listing a ticker.
//! - **The exchange.** The SEC has five labels (Nasdaq, NYSE, OTC, CBOE, none) and is months
//!   behind; the directory is made every hour. So where the directory lists a ticker as a
//!   company's security, its word counts, whatever the SEC's label is: it tells NYSE American and
//!   NYSE Arca from NYSE, and knows new listings (label none), moves between exchanges, and
//!   rises from OTC. Where it does not list the ticker, the SEC's label stands.
//! - **ETFs and test issues** of the directory are no companies' listings. They are left out, and
//!   a CIK with nothing else is no company ([`Universe::left_out`]): it is on record, and found by
//!   its ticker or CIK only. The notes that banks issue under their own CIK count as ETFs, too.
//! - **A row without a usable ticker** keeps its company, without a listing.
//! - **The primary listing** is the first one on a national exchange in the SEC's order,
//!   which is by market size; if there is none, the first one.
//! - **Without the directory** only the SEC's labels are known: NYSE American and NYSE Arca
//!   count as NYSE, and ETFs cannot be told ([`Universe::listings_known`]). A listing that the
//!   directory once placed stays where it was then ([`join_known`]).

pub mod sync;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use thiserror::Error;

use crate::edgar::{Cik, CompanyList};
use crate::listings::{Symbol, SymbolDirectory};

pub use crate::exchange::Exchange;

/// All companies we are responsible for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Universe {
    /// The companies, in the order of the SEC's list: by market size.
    pub companies: Vec<ListedCompany>,
    /// Tickers that are no company's listing, in the same order.
    pub left_out: Vec<LeftOut>,
    /// Symbols of companies' securities in the directory for which the SEC's list has no CIK.
    pub unmatched: Vec<Unmatched>,
    /// Whether the directory took part. If not, asking for an exchange that
    /// [`needs_listings`](Exchange::needs_listings) makes no sense.
    pub listings_known: bool,
    /// What was odd and is worth a warning: bad rows of all the files, unknown labels.
    pub problems: Vec<String>,
}

/// One company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCompany {
    /// EDGAR's number for it.
    pub cik: Cik,
    /// Its name as the SEC's list has it.
    pub name: String,
    /// Its listings, the primary one first; none where the SEC's list has no usable ticker of it.
    pub listings: Vec<Listing>,
}

impl ListedCompany {
    /// Its primary listing.
    pub fn primary(&self) -> Option<&Listing> {
        self.listings.first()
    }

    /// Whether any of its securities is listed there.
    pub fn is_on(&self, exchange: Exchange) -> bool {
        self.listings.iter().any(|l| l.exchange == Some(exchange))
    }
}

/// One ticker of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The ticker in the SEC's dialect.
    pub ticker: String,
    /// Where it is listed, if anybody says.
    pub exchange: Option<Exchange>,
}

impl Listing {
    /// Whether it is listed on a national exchange.
    pub fn is_national(&self) -> bool {
        self.exchange.is_some_and(Exchange::is_national)
    }
}

/// A ticker of the SEC's list that is no company's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose the SEC says it is.
    pub cik: Cik,
    /// The name of that one.
    pub name: String,
    /// The ticker.
    pub ticker: String,
    /// Where it is listed, if anybody says.
    pub exchange: Option<Exchange>,
    /// What it is.
    pub kind: NoCompany,
}

/// A listed security whose company the SEC's list does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The symbol as the exchanges have it.
    pub symbol: String,
    /// The security's name.
    pub name: String,
    /// Where it is listed.
    pub exchange: Option<Exchange>,
}

/// Why a symbol is no company's listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCompany {
    /// An exchange-traded fund or note.
    Etf,
    /// A symbol that only tests the exchange.
    Test,
}

/// Joins the lists. Pass the directory only if both of its files could be read.
pub fn join(list: CompanyList, directory: Option<&SymbolDirectory>) -> Universe {
    join_all(list, directory, &KnownListings::default())
}

/// The SEC's list alone, with what an earlier directory said of listings that are still there:
/// yesterday's word of the exchanges is better than the SEC's labels.
pub fn join_known(list: CompanyList, known: &KnownListings) -> Universe {
    join_all(list, None, known)
}

/// What an earlier directory said, by company and ticker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownListings {
    /// Where each listing was.
    pub exchanges: BTreeMap<(Cik, String), Exchange>,
    /// What was no company's listing.
    pub left_out: BTreeSet<(Cik, String)>,
}

fn join_all(
    list: CompanyList,
    directory: Option<&SymbolDirectory>,
    known: &KnownListings,
) -> Universe {
    let mut problems: Vec<String> = list.problems.iter().map(ToString::to_string).collect();
    let symbols = directory.map_or_else(HashMap::new, |d| by_ticker(d, &mut problems));

    let mut companies: Vec<ListedCompany> = Vec::new();
    let mut places: HashMap<Cik, usize> = HashMap::new();
    let mut left_out = Vec::new();
    let unmatched = directory.map_or_else(Vec::new, |d| unmatched(d, &list));
    for row in list.rows {
        let symbol = symbols.get(row.ticker.as_str());
        let key = (row.cik, row.ticker.clone());
        let before = || known.exchanges.get(&key).copied();
        let listed_on = symbol.and_then(|symbol| symbol.exchange).or_else(before);
        let was_none = || known.left_out.contains(&key).then_some(NoCompany::Etf);
        if let Some(kind) = symbol.and_then(|s| no_company(s)).or_else(was_none) {
            left_out.push(LeftOut {
                cik: row.cik,
                name: row.name,
                ticker: row.ticker,
                exchange: listed_on,
                kind,
            });
            continue;
        }
        let exchange = listed_on.or_else(|| {
            let label = row.exchange.as_deref()?;
            label
                .parse()
                .map_err(|err| problems.push(format!("the SEC's label of {}: {err}", row.ticker)))
                .ok()
        });
        let place = *places.entry(row.cik).or_insert_with(|| {
            companies.push(ListedCompany {
                cik: row.cik,
                name: row.name,
                listings: Vec::new(),
            });
            companies.len() - 1
        });
        companies[place].listings.push(Listing {
            ticker: row.ticker,
            exchange,
        });
    }
    for (cik, name) in list.without_ticker {
        let is_fund = left_out
            .iter()
            .any(|left_out: &LeftOut| left_out.cik == cik);
        if let Entry::Vacant(place) = places.entry(cik)
            && !is_fund
        {
            place.insert(companies.len());
            companies.push(ListedCompany {
                cik,
                name,
                listings: Vec::new(),
            });
        }
    }
    for company in &mut companies {
        if let Some(primary) = company.listings.iter().position(Listing::is_national) {
            // The others keep their order.
            company.listings[..=primary].rotate_right(1);
        }
    }
    Universe {
        companies,
        left_out,
        unmatched,
        listings_known: directory.is_some(),
        problems,
    }
}

fn unmatched(directory: &SymbolDirectory, list: &CompanyList) -> Vec<Unmatched> {
    let tickers: HashSet<&str> = list.rows.iter().map(|row| row.ticker.as_str()).collect();
    let symbols = directory.nasdaq.rows.iter().chain(&directory.other.rows);
    let unmatched = symbols.filter(|symbol| {
        let ticker = symbol.ticker.as_deref();
        symbol.counts() && !ticker.is_some_and(|ticker| tickers.contains(ticker))
    });
    unmatched
        .map(|symbol| Unmatched {
            symbol: symbol.text.clone(),
            name: symbol.name.clone(),
            exchange: symbol.exchange,
        })
        .collect()
}

fn no_company(symbol: &Symbol) -> Option<NoCompany> {
    match (symbol.test, symbol.etf) {
        (true, _) => Some(NoCompany::Test),
        (_, true) => Some(NoCompany::Etf),
        _ => None,
    }
}

/// The directory by the tickers that the SEC would have.
///
/// Two symbols with the same ticker should not occur (`XY.PA` and `XY$A` would be such).
/// Then a company's security goes before ETFs and tests, and the first before the second.
fn by_ticker<'a>(
    directory: &'a SymbolDirectory,
    problems: &mut Vec<String>,
) -> HashMap<&'a str, &'a Symbol> {
    let files = [&directory.nasdaq, &directory.other];
    let mut symbols: HashMap<&str, &Symbol> = HashMap::new();
    for (file, name) in files
        .into_iter()
        .zip(["nasdaqlisted.txt", "otherlisted.txt"])
    {
        problems.extend(
            file.problems
                .iter()
                .map(|problem| format!("{name}: {problem}")),
        );
        for symbol in &file.rows {
            let Some(ticker) = symbol.ticker.as_deref() else {
                continue;
            };
            match symbols.entry(ticker) {
                Entry::Vacant(place) => {
                    place.insert(symbol);
                }
                Entry::Occupied(mut place) => {
                    let first: &Symbol = place.get();
                    if first.counts() && symbol.counts() {
                        problems.push(format!(
                            "{name}: {} and {} both mean {ticker}; the first is used",
                            first.text, symbol.text
                        ));
                    } else if symbol.counts() {
                        place.insert(symbol);
                    }
                }
            }
        }
    }
    symbols
}

/// A list that is too short to replace the one we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the new list has {new} companies where {known} are known: too few to be true, so the known list \
     stays; try again later"
)]
pub struct TooShort {
    /// Companies that are known and active.
    pub known: usize,
    /// Companies of the new list.
    pub new: usize,
}

/// Whether a new list may replace a known one: not if it holds fewer than half as many companies.
///
/// # Errors
///
/// [`TooShort`]; an empty list always is.
pub fn may_replace(known: usize, new: usize) -> Result<(), TooShort> {
    if new == 0 || new < known.div_ceil(2) {
        return Err(TooShort { known, new });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::company_list;
    use crate::edgar::testing::captures;
    use crate::listings::{parse_nasdaq_listed, parse_other_listed};
    use proptest::prelude::*;

    const LIST: &str = r#"{"fields":["cik","name","ticker","exchange"],"data":[
        [1,"Alpha","ALPH","Nasdaq"],[2,"Beta","BETAF","OTC"],[2,"Beta","BETA","NYSE"],[2,"Beta","BETA-PA","NYSE"],
        [3,"Gamma","GAMM","NYSE"],[4,"Arcane","ARCN","NYSE"],[5,"New","NEWC",null],[6,"Riser","RISE","OTC"],
        [7,"Gold Trust","GLDT","NYSE"],[8,"Gone","GONE","NYSE"],[9,"Quiet","QUIE",null],[10,"Odd","ODDX","LSE"],
        [11,"Bats","BATX","CBOE"],[4,"Arcane","ARCX","NYSE"],[12,"Tester","ZTST","Nasdaq"]]}"#;
    const NASDAQ: &str = "Symbol|Security Name|Test Issue|ETF\nALPH|Alpha|N|N\nRISE|Riser|N|N\nZTST|Test|Y|\n\
        File Creation Time: 0102202612:11|||\n";
    const OTHER: &str = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Test Issue\nBETA|Beta|N|BETA|N|N\n\
        BETA$A|Beta|N|BETApA|N|N\nGAMM|Gamma|A|GAMM|N|N\nARCN|Arcane|P|ARCN|N|N\nARCX|Arcane Notes|P|ARCX|Y|N\n\
        NEWC|New|A|NEWC|N|N\nGLDT|Gold|P|GLDT|Y|N\nBATX|Bats|Z|BATX|N|N\nNOSEC|Unknown to the SEC|N|NOSEC|N|N\n\
        File Creation Time: 0102202612:11||\n";

    fn sample() -> (CompanyList, SymbolDirectory) {
        let directory = SymbolDirectory {
            nasdaq: parse_nasdaq_listed(NASDAQ.as_bytes()).unwrap(),
            other: parse_other_listed(OTHER.as_bytes()).unwrap(),
        };
        (company_list::parse(LIST.as_bytes()).unwrap(), directory)
    }

    fn shown(universe: &Universe) -> Vec<String> {
        let listing = |l: &Listing| match l.exchange {
            Some(exchange) => format!("{} {exchange}", l.ticker),
            None => l.ticker.clone(),
        };
        universe
            .companies
            .iter()
            .map(|c| {
                let listings: Vec<String> = c.listings.iter().map(listing).collect();
                format!("{} {}: {}", c.cik, c.name, listings.join(", "))
            })
            .collect()
    }

    #[test]
    fn the_directory_refines_the_secs_labels() {
        let (list, directory) = sample();
        let universe = join(list, Some(&directory));
        assert!(universe.listings_known);
        assert_eq!(
            shown(&universe),
            [
                "1 Alpha: ALPH Nasdaq",
                // The primary listing is the first national one.
                "2 Beta: BETA NYSE, BETAF OTC, BETA-PA NYSE",
                "3 Gamma: GAMM NYSE American",
                // Its notes are left out.
                "4 Arcane: ARCN NYSE Arca",
                "5 New: NEWC NYSE American",
                "6 Riser: RISE Nasdaq",
                "8 Gone: GONE NYSE",
                "9 Quiet: QUIE",
                "10 Odd: ODDX",
                "11 Bats: BATX Cboe",
            ]
        );
        let left_out: Vec<_> = universe
            .left_out
            .iter()
            .map(|l| (l.ticker.as_str(), l.kind))
            .collect();
        assert_eq!(
            left_out,
            [
                ("GLDT", NoCompany::Etf),
                ("ARCX", NoCompany::Etf),
                ("ZTST", NoCompany::Test)
            ]
        );
        assert_eq!(universe.problems.len(), 1);
        assert!(
            universe.problems[0].starts_with("the SEC's label of ODDX: \"LSE\" is not an exchange")
        );
        assert!(universe.companies[1].is_on(Exchange::Otc));
        assert_eq!(universe.companies[1].primary().unwrap().ticker, "BETA");
        let unmatched: Vec<_> = universe
            .unmatched
            .iter()
            .map(|u| u.symbol.as_str())
            .collect();
        assert_eq!(unmatched, ["NOSEC"]);
    }

    #[test]
    fn without_the_directory_listings_stay_where_it_last_had_them() {
        let (list, directory) = sample();
        let before = join(list, Some(&directory));
        let exchanges: BTreeMap<_, _> = before
            .companies
            .iter()
            .flat_map(|c| {
                let place = |l: &Listing| Some(((c.cik, l.ticker.clone()), l.exchange?));
                c.listings.iter().filter_map(place)
            })
            .collect();
        let left_out = before.left_out.iter();
        let known = KnownListings {
            exchanges,
            left_out: left_out.map(|l| (l.cik, l.ticker.clone())).collect(),
        };
        let after = join_known(sample().0, &known);
        assert!(!after.listings_known);
        assert_eq!(after.companies.len(), before.companies.len());
        for company in &before.companies {
            let now = after.companies.iter().find(|c| c.cik == company.cik);
            assert_eq!(now.unwrap().listings, company.listings);
        }
        // A ticker that another company has now is a new listing.
        let exchanges = known
            .exchanges
            .into_iter()
            .map(|((cik, ticker), e)| ((Cik::new(cik.get() + 100).unwrap(), ticker), e))
            .collect();
        let moved = KnownListings {
            exchanges,
            ..KnownListings::default()
        };
        assert_eq!(join_known(sample().0, &moved), join(sample().0, None));
    }

    #[test]
    fn without_the_directory_the_secs_labels_stand() {
        let universe = join(sample().0, None);
        assert!(!universe.listings_known);
        assert_eq!(universe.companies.len(), 12);
        let shown = shown(&universe);
        assert_eq!(shown[2], "3 Gamma: GAMM NYSE");
        assert_eq!(shown[3], "4 Arcane: ARCN NYSE, ARCX NYSE");
        assert_eq!(shown[5], "6 Riser: RISE OTC");
        assert_eq!(shown[6], "7 Gold Trust: GLDT NYSE");
    }

    #[test]
    fn two_symbols_with_one_ticker_are_reported() {
        let (list, mut directory) = sample();
        let other = OTHER.replace(
            "\nGAMM|",
            "\nBETA.PA|Class|P|BETA.PA|N|N\nRISE|Fund|P|RISE|Y|N\nGAMM|",
        );
        directory.other = parse_other_listed(other.as_bytes()).unwrap();
        let universe = join(list, Some(&directory));
        assert_eq!(
            universe.problems[0],
            "otherlisted.txt: BETA$A and BETA.PA both mean BETA-PA; the first is used"
        );
        assert_eq!(shown(&universe)[5], "6 Riser: RISE Nasdaq");
    }

    #[test]
    fn a_list_of_less_than_half_the_companies_replaces_nothing() {
        for (known, new, may) in [
            (0, 0, false),
            (0, 1, true),
            (10, 5, true),
            (10, 4, false),
            (11, 5, false),
            (11, 6, true),
            (usize::MAX, usize::MAX, true),
        ] {
            assert_eq!(may_replace(known, new).is_ok(), may, "{known} {new}");
        }
    }

    /// The directory of 2025-10-20 against the SEC's lists of a month and of eight months before.
    #[test]
    fn nearly_every_known_symbol_of_the_real_files_finds_its_listing() {
        let file = |folder: &str, name: &str| {
            let found = captures(folder).into_iter().find(|(n, _)| n == name);
            found.map(|(_, bytes)| bytes)
        };
        let (Some(nasdaq), Some(other)) = (
            file("nasdaqtrader", "nasdaqlisted.txt"),
            file("nasdaqtrader", "otherlisted.txt"),
        ) else {
            return;
        };
        let directory = SymbolDirectory {
            nasdaq: parse_nasdaq_listed(&nasdaq).unwrap(),
            other: parse_other_listed(&other).unwrap(),
        };
        let mut counts = Vec::new();
        for folder in ["tickers/2025-09", "tickers"] {
            let bytes = file(folder, "company_tickers_exchange.json").unwrap();
            let universe = join(company_list::parse(&bytes).unwrap(), Some(&directory));
            assert_eq!(universe.problems, Vec::<String>::new());
            counts.push(count(&universe, &directory));
        }
        let in_september = Counts {
            symbols: 3_145,
            known: 3_118,
            found: 3_105,
            companies: 7_807,
            left_out: 136,
            funds: 71,
            unmatched: 221,
            primary: [3_383, 2_306, 260, 3, 3, 1_751, 101],
        };
        let in_february = Counts {
            symbols: 3_145,
            known: 3_031,
            found: 3_007,
            companies: 7_842,
            left_out: 127,
            funds: 69,
            unmatched: 666,
            primary: [3_450, 2_331, 248, 3, 4, 1_743, 63],
        };
        assert_eq!(counts, [in_september, in_february]);
    }

    #[derive(Debug, Default, PartialEq)]
    struct Counts {
        /// Symbols of otherlisted.txt that are neither ETF nor test.
        symbols: usize,
        /// Those with the root of some ticker of the SEC: the SEC knows the issuer. This counts
        /// against us every new security of a known issuer that the SEC has not listed yet.
        known: usize,
        /// Those that found their listing, on the right exchange.
        found: usize,
        companies: usize,
        left_out: usize,
        /// Companies of which nothing else is listed: funds.
        funds: usize,
        /// Symbols of companies' securities without a CIK.
        unmatched: usize,
        /// Companies by the exchange of their primary listing, in the order of `Exchange::ALL`,
        /// then those without.
        primary: [usize; 7],
    }

    fn count(universe: &Universe, directory: &SymbolDirectory) -> Counts {
        let listings: HashMap<&str, Option<Exchange>> = universe
            .companies
            .iter()
            .flat_map(|c| &c.listings)
            .map(|l| (l.ticker.as_str(), l.exchange))
            .collect();
        let root = |ticker: &str| ticker.split(['-', '.', '$']).next().unwrap().to_owned();
        let roots: std::collections::HashSet<String> = listings.keys().map(|t| root(t)).collect();
        let is_company = |cik| universe.companies.iter().any(|company| company.cik == cik);
        let funds = universe.left_out.iter().map(|left_out| left_out.cik);
        let funds: BTreeSet<_> = funds.filter(|cik| !is_company(*cik)).collect();
        let mut counts = Counts {
            companies: universe.companies.len(),
            left_out: universe.left_out.len(),
            funds: funds.len(),
            unmatched: universe.unmatched.len(),
            ..Counts::default()
        };
        for symbol in directory.other.rows.iter().filter(|s| s.counts()) {
            counts.symbols += 1;
            counts.known += usize::from(roots.contains(&root(&symbol.text)));
            let listing = symbol.ticker.as_deref().and_then(|t| listings.get(t));
            counts.found +=
                usize::from(listing.is_some_and(|exchange| *exchange == symbol.exchange));
        }
        assert!(counts.found * 100 >= counts.known * 99, "{counts:?}");
        for company in &universe.companies {
            let exchange = company.primary().and_then(|primary| primary.exchange);
            let place = Exchange::ALL.iter().position(|e| Some(*e) == exchange);
            counts.primary[place.unwrap_or(6)] += 1;
        }
        counts
    }

    proptest! {
        #[test]
        fn every_ticker_has_one_place(rows in proptest::collection::vec((1_u64..6, "[A-C]{1,2}", 0..4_usize), 1..12)) {
            let rows: Vec<String> = rows
                .iter()
                .map(|(cik, ticker, label)| {
                    format!("[{cik},\"N\",\"{ticker}\",{}]", ["null", "\"NYSE\"", "\"OTC\"", "\"Nasdaq\""][*label])
                })
                .collect();
            let text = format!(
                "{{\"fields\":[\"cik\",\"name\",\"ticker\",\"exchange\"],\"data\":[{}]}}",
                rows.join(",")
            );
            let list = company_list::parse(text.as_bytes()).unwrap();
            let tickers = list.rows.len();
            let without = list.without_ticker.len();
            let universe = join(list, Some(&sample().1));
            prop_assert!(universe.companies.iter().filter(|c| c.listings.is_empty()).count() <= without);
            let listed: usize = universe.companies.iter().map(|c| c.listings.len()).sum();
            prop_assert_eq!(listed, tickers);
            for company in &universe.companies {
                let national = company.listings.iter().any(Listing::is_national);
                let primary = company.primary();
                prop_assert_eq!(primary.is_some_and(Listing::is_national), national);
            }
        }
    }
}
