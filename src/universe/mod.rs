//! Merges the SEC's company list with the symbol directory of Nasdaq Trader: all listed companies
//! and their exchanges.
//!
//! Pure. The rules:
//!
//! - **A company is a CIK** in the SEC's list. The directory adds no companies. A company has one
//!   listing for each ticker.
//! - **Exchange.** The SEC has five labels (Nasdaq, NYSE, OTC, CBOE, none), which may be months
//!   old. The directory is updated every hour. So if the directory lists a ticker as a company's
//!   security, its exchange is used, whatever the SEC's label is. The directory distinguishes NYSE
//!   American and NYSE Arca from NYSE, and it has new listings (label none), moves between
//!   exchanges, and moves up from OTC. If the directory does not list the ticker, the SEC's label
//!   is used.
//! - **ETFs and test issues** in the directory are not listings of companies. They are left out
//!   ([`Universe::non_companies`]). A CIK that has nothing else is on record, but only a search by its
//!   ticker or CIK finds it. Notes that banks issue under their own CIK count as ETFs.
//! - **A row without a usable ticker** adds its company, without a listing.
//! - **The primary listing** is the first listing on a national exchange in the order of the SEC's
//!   list, which is by market value. If there is none, it is the first listing.
//! - **Without the directory** there are only the SEC's labels: NYSE American and NYSE Arca count
//!   as NYSE, and ETFs are not recognised ([`Universe::listings_known`]). A listing that an earlier
//!   directory had keeps the exchange from there ([`join_with_previous`]).

pub mod sync;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use thiserror::Error;

use crate::edgar::{Cik, CompanyList};
use crate::listings::{Symbol, SymbolDirectory};

pub use crate::exchange::Exchange;

/// All listed companies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Universe {
    /// In the order of the SEC's list: by market value.
    pub companies: Vec<ListedCompany>,
    /// Tickers that are not listings of companies, in the same order.
    pub non_companies: Vec<NonCompany>,
    /// Symbols of companies' securities in the directory that have no CIK in the SEC's list.
    pub unmatched: Vec<Unmatched>,
    /// Whether the directory was used. If not, a selection by an exchange with
    /// [`needs_listings`](Exchange::needs_listings) is not possible.
    pub listings_known: bool,
    /// Problems worth a warning: damaged rows of all files, unknown labels.
    pub problems: Vec<String>,
}

/// A company of the SEC's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCompany {
    pub cik: Cik,
    /// The name in the SEC's list.
    pub name: String,
    /// The listings, the primary one first. Empty if the SEC's list has no usable ticker.
    pub listings: Vec<Listing>,
}

impl ListedCompany {
    pub fn primary(&self) -> Option<&Listing> {
        self.listings.first()
    }

    /// Whether any security of the company is listed on an exchange.
    pub fn is_on(&self, exchange: Exchange) -> bool {
        self.listings.iter().any(|l| l.exchange == Some(exchange))
    }
}

/// A ticker of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The ticker in the SEC's spelling.
    pub ticker: String,
    /// The exchange, if known.
    pub exchange: Option<Exchange>,
}

impl Listing {
    /// Whether the exchange is a national one.
    pub fn is_national(&self) -> bool {
        self.exchange.is_some_and(Exchange::is_national)
    }
}

/// A ticker of the SEC's list that is not a listing of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonCompany {
    /// The CIK of the ticker in the SEC's list.
    pub cik: Cik,
    /// The name of that CIK.
    pub name: String,
    pub ticker: String,
    /// The exchange, if known.
    pub exchange: Option<Exchange>,
    pub kind: NonCompanyKind,
}

/// A listed security whose company is not in the SEC's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The symbol in the exchanges' spelling.
    pub symbol: String,
    /// The name of the security.
    pub name: String,
    pub exchange: Option<Exchange>,
}

/// Why a symbol is not a listing of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonCompanyKind {
    /// An exchange-traded fund or note.
    Etf,
    /// A symbol for tests of the exchange's systems.
    Test,
}

/// Merges the lists. `directory` is `None` unless both of its files could be read.
pub fn join(list: CompanyList, directory: Option<&SymbolDirectory>) -> Universe {
    join_all(list, directory, &KnownListings::default())
}

/// Uses the SEC's list alone, with what an earlier directory had for listings that still exist. The
/// exchanges' data of yesterday are better than the SEC's labels.
pub fn join_with_previous(list: CompanyList, known: &KnownListings) -> Universe {
    join_all(list, None, known)
}

/// What an earlier directory had, by company and ticker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownListings {
    /// The exchange of each listing.
    pub exchanges: BTreeMap<(Cik, String), Exchange>,
    /// The tickers that were not listings of companies.
    pub non_companies: BTreeSet<(Cik, String)>,
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
    let mut non_companies = Vec::new();
    let unmatched = directory.map_or_else(Vec::new, |d| unmatched(d, &list));
    for row in list.rows {
        let symbol = symbols.get(row.ticker.as_str());
        let key = (row.cik, row.ticker.clone());
        let before = || known.exchanges.get(&key).copied();
        let listed_on = symbol.and_then(|symbol| symbol.exchange).or_else(before);
        let was_none = || {
            known
                .non_companies
                .contains(&key)
                .then_some(NonCompanyKind::Etf)
        };
        if let Some(kind) = symbol.and_then(|s| no_company(s)).or_else(was_none) {
            non_companies.push(NonCompany {
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
        let is_fund = non_companies
            .iter()
            .any(|non_companies: &NonCompany| non_companies.cik == cik);
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
            // The other listings keep their order.
            company.listings[..=primary].rotate_right(1);
        }
    }
    Universe {
        companies,
        non_companies,
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

fn no_company(symbol: &Symbol) -> Option<NonCompanyKind> {
    match (symbol.test, symbol.etf) {
        (true, _) => Some(NonCompanyKind::Test),
        (_, true) => Some(NonCompanyKind::Etf),
        _ => None,
    }
}

/// The symbols of the directory by ticker in the SEC's spelling.
///
/// Two symbols should not have the same ticker (as `XY.PA` and `XY$A` would). If they do, a
/// company's security precedes ETFs and test issues, and otherwise the first symbol is used.
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

/// A company list that is too short to replace the one on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the new list has only {new} companies and the one on record {known}, so the new list is not used; \
     try again later"
)]
pub struct TooShort {
    /// The number of active companies on record.
    pub known: usize,
    /// The number of companies in the new list.
    pub new: usize,
}

/// Refuses a new list with fewer than half as many companies as the list on record.
///
/// # Errors
///
/// [`TooShort`]. An empty list is always too short.
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
        let non_companies: Vec<_> = universe
            .non_companies
            .iter()
            .map(|l| (l.ticker.as_str(), l.kind))
            .collect();
        assert_eq!(
            non_companies,
            [
                ("GLDT", NonCompanyKind::Etf),
                ("ARCX", NonCompanyKind::Etf),
                ("ZTST", NonCompanyKind::Test)
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
        let non_companies = before.non_companies.iter();
        let known = KnownListings {
            exchanges,
            non_companies: non_companies.map(|l| (l.cik, l.ticker.clone())).collect(),
        };
        let after = join_with_previous(sample().0, &known);
        assert!(!after.listings_known);
        assert_eq!(after.companies.len(), before.companies.len());
        for company in &before.companies {
            let now = after.companies.iter().find(|c| c.cik == company.cik);
            assert_eq!(now.unwrap().listings, company.listings);
        }
        // A ticker that now belongs to another company is a new listing.
        let exchanges = known
            .exchanges
            .into_iter()
            .map(|((cik, ticker), e)| ((Cik::new(cik.get() + 100).unwrap(), ticker), e))
            .collect();
        let moved = KnownListings {
            exchanges,
            ..KnownListings::default()
        };
        assert_eq!(
            join_with_previous(sample().0, &moved),
            join(sample().0, None)
        );
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

    /// The directory of 2025-10-20 with the SEC's lists of one month and of eight months before.
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
            non_companies: 136,
            funds: 71,
            unmatched: 221,
            primary: [3_383, 2_306, 260, 3, 3, 1_751, 101],
        };
        let in_february = Counts {
            symbols: 3_145,
            known: 3_031,
            found: 3_007,
            companies: 7_842,
            non_companies: 127,
            funds: 69,
            unmatched: 666,
            primary: [3_450, 2_331, 248, 3, 4, 1_743, 63],
        };
        assert_eq!(counts, [in_september, in_february]);
    }

    #[derive(Debug, Default, PartialEq)]
    struct Counts {
        /// Symbols in otherlisted.txt that are neither ETFs nor test issues.
        symbols: usize,
        /// Those with the root of a ticker in the SEC's list, so the SEC knows the issuer. A new
        /// security of a known issuer that the SEC does not list yet counts here too, although it
        /// cannot be found.
        known: usize,
        /// Those whose listing was found, on the right exchange.
        found: usize,
        companies: usize,
        non_companies: usize,
        /// CIKs without any other listing: funds.
        funds: usize,
        /// Symbols of companies' securities without a CIK.
        unmatched: usize,
        /// Companies by exchange of their primary listing, in the order of `Exchange::ALL`, then
        /// those without an exchange.
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
        let funds = universe
            .non_companies
            .iter()
            .map(|non_companies| non_companies.cik);
        let funds: BTreeSet<_> = funds.filter(|cik| !is_company(*cik)).collect();
        let mut counts = Counts {
            companies: universe.companies.len(),
            non_companies: universe.non_companies.len(),
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
