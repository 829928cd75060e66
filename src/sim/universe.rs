//! The companies of the simulator, their listings and their filings.
//!
//! Nothing is stored. A company follows from the seed and its number, a filing from the seed, its company
//! and its year. So a universe of any size needs no memory, and any document can be computed without those
//! before it. `render` and `documents` make the responses from it; tests compare results with it.

use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;

use crate::edgar::{Accession, Cik};

use super::calendar::plus_days;
use super::changes::SimChanges;
use super::options::Options;
use super::rng::SimRng;
use super::venue::Venue;

/// All companies and filings of a simulated EDGAR.
#[derive(Debug)]
pub struct SimUniverse {
    pub(crate) seed: u64,
    companies: u32,
    pub(crate) filings_per_year: u32,
    years: u16,
    pub(crate) page_rows: usize,
    pub(crate) document_scale: f64,
    /// Shifts all CIKs, so that no company has a filing agent's number.
    shift: u64,
    /// The first `today`, from which "newly listed" is measured.
    pub(crate) began: Date,
    today: Mutex<Date>,
    /// The number of filers of the largest joint filings; see [`Options::joint_filers`].
    pub(crate) joint_filers: u32,
    pub(crate) changes: SimChanges,
}

/// The kind of a company, which determines its filings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimCompanyKind {
    /// 10-K, 10-Q, 8-K.
    Domestic,
    /// As `Domestic`, with hundreds of filings a year and older pages.
    Giant,
    /// As `Domestic`; its reports are joint filings with the one or two companies after it.
    Parent,
    /// Its reports are the parent's joint filings.
    Subsidiary,
    /// It is listed, but only its parent reports: no report is under its own CIK.
    FilesUnderParent,
    /// 20-F and 6-K.
    Foreign,
    /// 40-F and 6-K.
    Canadian,
    /// N-CSR, N-PORT and the like.
    Fund,
    /// Listed for some weeks: registration, but no report yet.
    NewlyListed,
    /// No filing at all.
    Silent,
}

/// The kind of a listed security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// Common stock.
    Common,
    /// A class of common stock, by its letter.
    Class(char),
    /// A series of preferred stock, by its letter.
    Preferred(char),
    /// Warrants.
    Warrant,
    /// Units.
    Unit,
    /// Rights.
    Right,
}

/// One listing of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimListing {
    /// The ticker in the SEC's spelling, such as `ABC-PA`.
    pub ticker: String,
    /// The ticker without the suffix that distinguishes the securities of a company.
    pub root: String,
    /// The kind of the security.
    pub security: Security,
    /// The venue.
    pub venue: Venue,
}

/// One company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimCompany {
    /// Its position in the company list, from 0.
    pub number: u32,
    /// Its CIK.
    pub cik: Cik,
    /// Its name in the SEC's list.
    pub name: String,
    /// Its listings, the primary one first. Empty once it is delisted.
    pub listings: Vec<SimListing>,
    /// Its kind.
    pub kind: SimCompanyKind,
}

/// A filing. [`SimUniverse::filers`] returns the CIKs of its filers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimFiling {
    /// Its number.
    pub accession: Accession,
    /// The number of the company that filed it.
    pub(crate) company: u32,
    /// The number of companies after it that filed jointly.
    pub(crate) joint: u32,
    /// The filing as it was filed, without later corrections and changes.
    pub(crate) as_filed: AsFiled,
    /// The form type.
    pub form: &'static str,
    /// The filing date.
    pub filed_on: Date,
    /// The end of the reported period.
    pub report_date: Option<Date>,
    /// The acceptance time, in seconds of the filing day in New York.
    pub(crate) accepted: u32,
    /// The primary document as the submissions name it, with any `xsl…/`; sometimes empty.
    pub primary_document: String,
    /// 8-K items.
    pub items: &'static str,
    /// The exact length of the complete submission text.
    pub size: u64,
    /// Whether it has XBRL.
    pub is_xbrl: bool,
}

impl SimFiling {
    /// The filing without corrections and changes.
    pub(crate) fn as_filed(&self) -> Self {
        let AsFiled {
            form,
            filed_on,
            size,
        } = self.as_filed;
        Self {
            form,
            filed_on,
            size,
            ..self.clone()
        }
    }
}

/// The properties of a filing that a correction or change does not affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsFiled {
    pub(crate) form: &'static str,
    pub(crate) filed_on: Date,
    /// The length of the complete submission.
    pub(crate) size: u64,
}

/// CIKs are distributed over a range of this size, which is prime.
const CIK_RANGE: u64 = 2_000_003;
/// The smallest CIK.
const CIK_FIRST: u64 = 1_750;
/// The step from one company's CIK to the next, modulo the range, and its inverse.
const CIK_STEP: u64 = 1_234_577;

/// Filing agents. Their CIKs are the first part of the accessions that they submit. Each files for a thousand
/// companies with up to a thousand filings a year each.
pub(crate) const AGENTS: [u64; 10] = [
    1_193_125, 950_170, 1_104_659, 1_213_900, 1_437_749, 1_493_152, 1_628_280, 1_140_361,
    1_477_932, 1_640_334,
];

impl SimUniverse {
    /// A universe with at most 10,000 companies.
    pub fn new(options: &Options) -> Self {
        let companies = options.companies.min(10_000);
        let mut universe = Self {
            seed: options.seed,
            companies,
            filings_per_year: options.filings_per_year,
            years: options.years,
            page_rows: options.page_rows.max(1),
            document_scale: options.document_scale,
            shift: SimRng::of(&[options.seed, 0xC1C]).below(CIK_RANGE),
            began: options.today,
            today: Mutex::new(options.today),
            joint_filers: options.joint_filers,
            changes: SimChanges::default(),
        };
        let taken = |universe: &Self| {
            AGENTS
                .iter()
                .any(|agent| Cik::new(*agent).is_some_and(|cik| universe.number(cik).is_some()))
        };
        while taken(&universe) {
            universe.shift = (universe.shift + 1) % CIK_RANGE;
        }
        universe
    }

    /// The last day with filings.
    pub fn today(&self) -> Date {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves to another day. Only filings up to that day exist then.
    pub fn set_today(&self, today: Date) {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner) = today;
    }

    /// The number of companies.
    pub fn len(&self) -> u32 {
        self.companies
    }

    /// Whether there are no companies.
    pub fn is_empty(&self) -> bool {
        self.companies == 0
    }

    /// All companies, in the order of the company list.
    pub fn companies(&self) -> impl Iterator<Item = SimCompany> + '_ {
        (0..self.companies).map(|number| self.company(number))
    }

    /// The company with a CIK.
    pub fn company_of(&self, cik: Cik) -> Option<SimCompany> {
        self.number(cik).map(|number| self.company(number))
    }

    /// The number of the company with a CIK.
    pub(crate) fn number(&self, cik: Cik) -> Option<u32> {
        let offset = cik.get().checked_sub(CIK_FIRST)?;
        if offset >= CIK_RANGE {
            return None;
        }
        let unshifted = (offset + CIK_RANGE - self.shift) % CIK_RANGE;
        let number = unshifted * inverse(CIK_STEP) % CIK_RANGE;
        u32::try_from(number).ok().filter(|n| *n < self.companies)
    }

    /// The CIK of a company.
    pub(crate) fn cik(&self, number: u32) -> Cik {
        let offset = (u64::from(number) * CIK_STEP + self.shift) % CIK_RANGE;
        Cik::new(CIK_FIRST + offset).expect("the range holds CIKs only")
    }

    /// The number of companies after a parent that file jointly with it.
    pub(crate) fn subsidiaries(&self, parent: u32) -> u32 {
        (1..=2)
            .filter(|n| {
                parent + n < self.companies && kind_of(parent + n) == SimCompanyKind::Subsidiary
            })
            .count()
            .try_into()
            .expect("two fit")
    }

    /// The first year with filings of a company.
    pub(crate) fn first_year(&self, number: u32) -> i16 {
        let years = i16::try_from(self.years).unwrap_or(i16::MAX).min(60);
        match kind_of(number) {
            SimCompanyKind::NewlyListed => plus_days(self.began, -150).year(),
            // A few are as old as EDGAR, whatever the option is.
            _ if number % 12 == 1 => 1996,
            _ => {
                let age = SimRng::of(&[self.seed, u64::from(number), 0xA6E]).below(40);
                let years = years.min(2 + i16::try_from(age).unwrap_or(40));
                (self.began.year() - years).max(1996)
            }
        }
    }

    /// The root of a company's tickers.
    pub(crate) fn root(&self, number: u32) -> String {
        root(self.seed, number, venue(number))
    }

    /// A company by its number.
    pub(crate) fn company(&self, number: u32) -> SimCompany {
        let (kind, cik) = (kind_of(number), self.cik(number));
        let change = self.changes.of_company(cik);
        let on = change.moved_to.unwrap_or_else(|| venue(number));
        SimCompany {
            number,
            cik,
            name: name(self.seed, number, kind),
            listings: if change.delisted {
                Vec::new()
            } else {
                listings(self.seed, number, kind, on)
            },
            kind,
        }
    }

    /// The CIKs of all filers of a filing, first that of the company that filed it.
    pub fn filers(&self, filing: &SimFiling) -> Vec<Cik> {
        (0..=filing.joint)
            .map(|n| self.cik(filing.company + n))
            .collect()
    }
}

/// The kind of a company. Every kind occurs among any 41 consecutive companies.
pub(crate) fn kind_of(number: u32) -> SimCompanyKind {
    match number % 41 {
        5 => SimCompanyKind::NewlyListed,
        7 => SimCompanyKind::Giant,
        10 => SimCompanyKind::Parent,
        12 if (number / 41).is_multiple_of(2) => SimCompanyKind::FilesUnderParent,
        11 | 12 => SimCompanyKind::Subsidiary,
        17 => SimCompanyKind::Silent,
        20 | 29 | 37 => SimCompanyKind::Foreign,
        24 => SimCompanyKind::Canadian,
        27 | 33 => SimCompanyKind::Fund,
        _ => SimCompanyKind::Domestic,
    }
}

/// The inverse modulo the prime range, by Fermat's little theorem.
fn inverse(number: u64) -> u64 {
    let (mut result, mut base, mut power) = (1, number % CIK_RANGE, CIK_RANGE - 2);
    while power > 0 {
        if power % 2 == 1 {
            result = result * base % CIK_RANGE;
        }
        base = base * base % CIK_RANGE;
        power /= 2;
    }
    result
}

const FIRST: [&str; 40] = [
    "Alder",
    "Amber",
    "Arrow",
    "Atlas",
    "Beacon",
    "Birch",
    "Blue Harbor",
    "Bright",
    "Canyon",
    "Cedar",
    "Clear",
    "Cobalt",
    "Coral",
    "Crescent",
    "Delta",
    "Eagle",
    "Ember",
    "Evergreen",
    "Falcon",
    "First",
    "Granite",
    "Golden",
    "Harbor",
    "Helix",
    "Horizon",
    "Iron",
    "Juniper",
    "Keystone",
    "Lake",
    "Lumen",
    "Maple",
    "Meridian",
    "Northern",
    "Orion",
    "Pacific",
    "Pioneer",
    "Quartz",
    "River",
    "Summit",
    "Vector",
];
const SECOND: [&str; 36] = [
    "Acquisition",
    "Aerospace",
    "Bancorp",
    "Bio",
    "Biosciences",
    "Brands",
    "Capital",
    "Chemical",
    "Communications",
    "Data",
    "Devices",
    "Dynamics",
    "Energy",
    "Entertainment",
    "Financial",
    "Foods",
    "Gold",
    "Health",
    "Hotels",
    "Industries",
    "Insurance",
    "Logistics",
    "Materials",
    "Media",
    "Medical",
    "Metals",
    "Networks",
    "Oncology",
    "Pharma",
    "Power",
    "Realty",
    "Robotics",
    "Semiconductor",
    "Software",
    "Therapeutics",
    "Water",
];

fn name(seed: u64, number: u32, kind: SimCompanyKind) -> String {
    let mut rng = SimRng::of(&[seed, u64::from(number), 0x9A3E]);
    let (first, second) = (rng.pick(&FIRST), rng.pick(&SECOND));
    // Unusual characters of real names. EDGAR's names are ASCII, without HTML entities.
    match (kind, number % 29) {
        (SimCompanyKind::Fund, _) => format!("{first} {second} Income Fund, Inc."),
        (SimCompanyKind::Foreign, _) => format!("{first} {second} PLC/ADR"),
        (SimCompanyKind::NewlyListed, _) => format!("{first} {second} Holdings Corp. II"),
        (_, 3) => format!("{first}&{second} INC \\DE\\").to_uppercase(),
        (_, 8) => format!("{first}'S {second} INC").to_uppercase(),
        (_, 13) => format!("{first} {second} /{}/", rng.pick(&["MD", "NV", "MN"])).to_uppercase(),
        (_, 18) => format!("{first} & {second} (U.S.) Co., L.P."),
        (_, 23) => format!("{first}.com/{second}-{} Ltd", rng.between(2, 9)),
        (_, n) if n % 3 == 0 => format!("{first} {second} CORP").to_uppercase(),
        (_, n) if n % 3 == 1 => format!("{first} {second}, Inc."),
        _ => format!("{first} {second} Group Inc"),
    }
}

/// The exchange of a company. All occur among any 50 consecutive companies.
fn venue(number: u32) -> Venue {
    match number % 50 {
        1 | 6 | 14 | 19 | 23 | 28 | 31 | 35 | 38 | 40 | 43 | 46 | 49 => Venue::Nyse,
        8 | 22 | 36 => Venue::NyseAmerican,
        26 => Venue::NyseArca,
        33 => Venue::Cboe,
        4 | 13 | 16 | 21 | 30 | 34 | 39 | 42 | 45 | 48 => Venue::Otc,
        47 => Venue::Unknown,
        _ => Venue::Nasdaq,
    }
}

fn listings(seed: u64, number: u32, kind: SimCompanyKind, on: Venue) -> Vec<SimListing> {
    // A company that moved to another exchange keeps its first root.
    let root = root(seed, number, venue(number));
    let mut rng = SimRng::of(&[seed, u64::from(number), 0x115]);
    let mut securities = vec![(Security::Common, on)];
    let mut add = |security| securities.push((security, on));
    match number % 16 {
        2 => add(Security::Class('B')),
        6 => {
            for letter in ('A'..='H').take(usize::try_from(rng.between(1, 8)).unwrap_or(1)) {
                add(Security::Preferred(letter));
            }
        }
        9 => [Security::Unit, Security::Warrant]
            .into_iter()
            .for_each(add),
        14 => [Security::Unit, Security::Right].into_iter().for_each(add),
        12 => securities.push((Security::Class('F'), Venue::Otc)),
        _ if kind == SimCompanyKind::NewlyListed => add(Security::Warrant),
        _ => {}
    }
    securities
        .into_iter()
        .map(|(security, venue)| SimListing {
            ticker: ticker(&root, security, venue),
            root: root.clone(),
            security,
            venue,
        })
        .collect()
}

/// A ticker in the SEC's spelling. Nasdaq and OTC add a fifth letter, other exchanges a suffix.
fn ticker(root: &str, security: Security, venue: Venue) -> String {
    let fifth = matches!(venue, Venue::Nasdaq | Venue::Otc | Venue::Unknown);
    match security {
        Security::Common => root.to_owned(),
        Security::Class(letter) if venue == Venue::Otc => format!("{root}{letter}"),
        Security::Class(letter) => format!("{root}-{letter}"),
        // Nasdaq's fifth letters for preferred stock are P, O, N, M and so on.
        Security::Preferred(letter) if fifth => {
            let place = u8::try_from(letter).unwrap_or(b'A') - b'A';
            format!("{root}{}", char::from(b'P' - place.min(15)))
        }
        Security::Preferred(letter) => format!("{root}-P{letter}"),
        Security::Warrant if fifth => format!("{root}W"),
        Security::Warrant => format!("{root}-WT"),
        Security::Unit if fifth => format!("{root}U"),
        Security::Unit => format!("{root}-UN"),
        Security::Right if fifth => format!("{root}R"),
        Security::Right => format!("{root}-RI"),
    }
}

/// The root of a ticker: three letters on the New York exchanges while there are enough of them, else four.
/// Tickers of five letters always are a root and a letter, so no two tickers collide.
fn root(seed: u64, number: u32, venue: Venue) -> String {
    let plain = matches!(venue, Venue::Nasdaq | Venue::Otc | Venue::Unknown);
    // Neither factor has a divisor in common with 26, so each number has different letters.
    let (letters, range, factor) = if plain || number % 16 == 12 {
        (4, 456_976, 98_417)
    } else {
        (3, 17_576, 4_871)
    };
    let shift = SimRng::of(&[seed, 0x71C]).below(range);
    let mut left = (u64::from(number) * factor + shift) % range;
    let mut root = vec![b'A'; letters];
    for letter in root.iter_mut().rev() {
        *letter = b'A' + u8::try_from(left % 26).unwrap_or(0);
        left /= 26;
    }
    String::from_utf8(root).expect("letters are text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn universe(companies: u32) -> SimUniverse {
        SimUniverse::new(&Options {
            companies,
            today: jiff::civil::date(2025, 8, 1),
            ..Options::default()
        })
    }

    #[test]
    fn every_cik_leads_back_to_its_company() {
        let universe = universe(10_000);
        for number in 0..universe.len() {
            assert_eq!(universe.number(universe.cik(number)), Some(number));
        }
        let all: HashSet<_> = (0..universe.len()).map(|n| universe.cik(n)).collect();
        let known = (1..2_100_000)
            .filter_map(Cik::new)
            .filter(|cik| universe.number(*cik).is_some())
            .count();
        assert_eq!((all.len(), known), (10_000, 10_000));
    }

    #[test]
    fn no_ticker_is_given_twice() {
        for seed in 0..5 {
            let universe = SimUniverse::new(&Options {
                companies: 10_000,
                seed,
                ..Options::default()
            });
            let mut seen = HashSet::new();
            for company in universe.companies() {
                for listing in company.listings {
                    assert!(listing.ticker.len() <= 7, "{}", listing.ticker);
                    assert!(seen.insert(listing.ticker.clone()), "{}", listing.ticker);
                }
            }
        }
    }

    #[test]
    fn a_demo_has_every_kind_and_every_exchange() {
        let universe = SimUniverse::new(&Options::demo());
        let companies: Vec<_> = universe.companies().collect();
        let kinds: HashSet<_> = companies.iter().map(|c| c.kind).collect();
        let venues: HashSet<_> = companies.iter().map(|c| c.listings[0].venue).collect();
        let securities: HashSet<_> = companies
            .iter()
            .flat_map(|c| &c.listings)
            .map(|l| std::mem::discriminant(&l.security))
            .collect();
        assert_eq!((kinds.len(), venues.len(), securities.len()), (10, 7, 6));
    }

    #[test]
    fn a_demo_has_some_hundred_reports_and_the_odd_cases_among_them() {
        let universe = SimUniverse::new(&Options {
            today: jiff::civil::date(2026, 8, 1),
            ..Options::demo()
        });
        let since = jiff::civil::date(2023, 8, 1);
        let mut reports = HashSet::new();
        let (mut joint, mut nameless) = (0, 0);
        for company in universe.companies() {
            if matches!(company.listings[0].venue, Venue::Otc | Venue::Unknown) {
                continue;
            }
            for filing in universe.filings(company.cik) {
                let wanted = ["10-K", "10-Q", "20-F", "40-F"]
                    .iter()
                    .any(|form| filing.form.starts_with(form));
                if wanted && filing.filed_on >= since && reports.insert(filing.accession) {
                    joint += usize::from(filing.joint > 0);
                    nameless += usize::from(filing.primary_document.is_empty());
                }
            }
        }
        assert!((350..550).contains(&reports.len()), "{}", reports.len());
        assert!(
            joint > 0 && nameless > 0,
            "{joint} joint, {nameless} nameless"
        );
    }
}
