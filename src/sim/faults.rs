//! Simulated faults: their kinds, which requests they affect, and their text form.
//!
//! Whether a fault affects a request depends on the seed, the path and how often that path was requested,
//! never on time or on the order of threads. So the same run gets the same faults.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use super::log::Resource;
use super::rng::{SimRng, key_of};

/// A fault that affects some requests.
///
/// The text form, for the command line, is `KIND[=ARG][:PERCENT%][@PLACE][*TIMES|#N]`:
///
/// - `KIND[=ARG]`: see [`FaultKind`];
/// - `:PERCENT%`: this share of the requests, at most two decimals; all of them by default;
/// - `@PLACE`: `companies`, `listings`, `discovery`, `documents`, or a part of the path (with
///   its query); any request by default;
/// - `*TIMES`: only the first TIMES requests of each path, so that retries succeed; `#N`: only the Nth
///   request that PLACE matches.
///
/// ```
/// use filing_etl::sim::Fault;
///
/// let fault: Fault = "503=2:5%@documents*1".parse()?;
/// assert_eq!(fault.to_string(), "503=2:5%@documents*1");
/// # Ok::<(), filing_etl::sim::BadFault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The requests that it may affect.
    pub place: FaultPlace,
    /// The share of these requests, in hundredths of a percent.
    pub share: u16,
    /// Which of the requests, by their number.
    pub when: When,
}

/// A hundred percent.
const ALL: u16 = 10_000;

impl Fault {
    /// A fault that affects every request.
    pub fn always(kind: FaultKind) -> Self {
        Self {
            kind,
            place: FaultPlace::Any,
            share: ALL,
            when: When::Always,
        }
    }
}

/// The kind of a fault. The text form is in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// An error status with the page that EDGAR sends, optionally with `Retry-After` (`503`, `429=5`
    /// for 5 seconds, `429=d5` for the date 5 seconds from now). 403 and 404 have S3's XML for a
    /// missing file.
    Status(u16, Option<RetryAfter>),
    /// The connection is closed without a response (`refuse`).
    Refuse,
    /// The connection is reset (`reset`, `reset-headers`, `reset-body`).
    Reset(ResetMoment),
    /// Half of the body that `Content-Length` promises, then the end (`short`).
    ShortBody,
    /// Half of a chunked body, then the end (`chunked-cut`).
    ChunkedCut,
    /// Half of a body without a length, then the end, so that it looks complete (`close-cut`).
    CloseCut,
    /// Half of a gzip stream in a complete HTTP body (`gzip-cut`).
    GzipCut,
    /// A gzip stream with some bytes changed (`gzip-damaged`).
    GzipDamaged,
    /// A pause, then the right response (`stall=60`, seconds).
    Stall(Duration),
    /// Half of the body, a pause, then the rest (`stall-body=60`).
    StallBody(Duration),
    /// The body byte by byte with a pause after each (`drip=1`).
    Drip(Duration),
    /// An HTML error page with status 200 (`html`).
    ErrorPage,
    /// A proxy's page with status 200, the same bytes for every path (`gateway`).
    Gateway,
    /// A login page with status 200 that names the path, so each path has its own (`login`).
    Login,
    /// Random bytes with status 200, different for each request (`random`).
    Random,
    /// Status 200 and no body (`empty`).
    Empty,
    /// One byte of the body is changed, without any other sign (`altered`).
    Altered,
    /// Half of the body, with the matching length (`json-cut`).
    JsonCut,
    /// JSON with another structure (`json-shape`).
    JsonShape,
    /// A redirect to itself (`redirect-loop`).
    RedirectLoop,
    /// A redirect to another site (`redirect-offsite`).
    RedirectOffsite,
    /// A redirect on the same site to the same file, which is then served (`redirect`).
    Redirect,
    /// The right response, then the connection is closed without notice (`close`).
    Close,
    /// A body with this number of bytes (`huge=2000000000`).
    Huge(u64),
    /// A block begins, whatever the rate (`throttle`).
    Throttle,
    /// The page of a block with this status, without a block (`throttle-page=200`).
    ThrottlePage(u16),
    /// The page for undeclared automated tools (`undeclared`).
    Undeclared,
    /// The page seen since 2026 for bad user agents, with the title of a block (`policy`).
    Policy,
    /// Bytes that are not HTTP (`garbage`).
    Garbage,
    /// No fault: the right body, chunked (`chunked`).
    Chunked,
    /// No fault: the right body without a length; the end of the connection ends it (`close-delimited`).
    CloseDelimited,
}

/// The form of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u32),
    /// An HTTP date this many seconds from now.
    Date(u32),
}

/// When a connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetMoment {
    /// Before the response.
    Before,
    /// In the headers.
    Headers,
    /// In the body.
    Body,
}

/// The requests that a fault may affect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultPlace {
    /// All requests.
    Any,
    /// Requests for one kind of resource.
    Resource(Resource),
    /// Requests whose path contains the text.
    Path(String),
}

impl FaultPlace {
    fn matches(&self, path: &str, kind: Resource) -> bool {
        match self {
            Self::Any => true,
            Self::Resource(wanted) => *wanted == kind,
            Self::Path(part) => path.contains(part.as_str()),
        }
    }
}

/// Which of the matching requests a fault affects, by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// All of them.
    Always,
    /// The first N requests of each path.
    Times(u32),
    /// Only the Nth request that matches the place, counted from 1.
    Nth(u64),
}

/// The text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a fault: {reason}; expected KIND[=ARG][:PERCENT%][@PLACE][*TIMES|#N], such as 503:5%@documents*1"
)]
pub struct BadFault {
    text: String,
    reason: String,
}

/// The kinds without an argument.
const WORDS: [(&str, FaultKind); 26] = [
    ("refuse", FaultKind::Refuse),
    ("reset", FaultKind::Reset(ResetMoment::Before)),
    ("reset-headers", FaultKind::Reset(ResetMoment::Headers)),
    ("reset-body", FaultKind::Reset(ResetMoment::Body)),
    ("short", FaultKind::ShortBody),
    ("chunked-cut", FaultKind::ChunkedCut),
    ("close-cut", FaultKind::CloseCut),
    ("gzip-cut", FaultKind::GzipCut),
    ("gzip-damaged", FaultKind::GzipDamaged),
    ("html", FaultKind::ErrorPage),
    ("gateway", FaultKind::Gateway),
    ("login", FaultKind::Login),
    ("random", FaultKind::Random),
    ("empty", FaultKind::Empty),
    ("altered", FaultKind::Altered),
    ("json-cut", FaultKind::JsonCut),
    ("json-shape", FaultKind::JsonShape),
    ("redirect-loop", FaultKind::RedirectLoop),
    ("redirect-offsite", FaultKind::RedirectOffsite),
    ("redirect", FaultKind::Redirect),
    ("close", FaultKind::Close),
    ("throttle", FaultKind::Throttle),
    ("undeclared", FaultKind::Undeclared),
    ("policy", FaultKind::Policy),
    ("garbage", FaultKind::Garbage),
    ("chunked", FaultKind::Chunked),
];

const PLACES: [(&str, Resource); 4] = [
    ("companies", Resource::Companies),
    ("listings", Resource::Listings),
    ("discovery", Resource::Discovery),
    ("documents", Resource::Documents),
];

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status, None) => write!(f, "{status}"),
            Self::Status(status, Some(RetryAfter::Seconds(s))) => write!(f, "{status}={s}"),
            Self::Status(status, Some(RetryAfter::Date(s))) => write!(f, "{status}=d{s}"),
            Self::Stall(time) => write!(f, "stall={}", time.as_secs_f64()),
            Self::StallBody(time) => write!(f, "stall-body={}", time.as_secs_f64()),
            Self::Drip(time) => write!(f, "drip={}", time.as_secs_f64()),
            Self::Huge(bytes) => write!(f, "huge={bytes}"),
            Self::ThrottlePage(status) => write!(f, "throttle-page={status}"),
            Self::CloseDelimited => f.write_str("close-delimited"),
            word => {
                let name = WORDS.iter().find(|(_, kind)| kind == word);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, arg) = match text.split_once('=') {
            Some((name, arg)) => (name, Some(arg)),
            None => (text, None),
        };
        if name.len() == 3 && name.bytes().all(|b| b.is_ascii_digit()) {
            let status = error_status(name)?;
            let retry = arg.map(retry_after).transpose()?;
            return Ok(Self::Status(status, retry));
        }
        let kind = match name {
            "stall" => Self::Stall(seconds(arg.unwrap_or("60"))?),
            "stall-body" => Self::StallBody(seconds(arg.unwrap_or("60"))?),
            "drip" => Self::Drip(seconds(arg.unwrap_or("1"))?),
            "huge" => Self::Huge(number(arg.unwrap_or("2000000000"))?),
            "throttle-page" => Self::ThrottlePage(page_status(arg.unwrap_or("403"))?),
            "close-delimited" if arg.is_none() => Self::CloseDelimited,
            name if arg.is_none() => WORDS
                .iter()
                .find(|(word, _)| *word == name)
                .map(|(_, kind)| kind.clone())
                .ok_or_else(|| format!("no kind is called {name:?}"))?,
            name => return Err(format!("{name:?} takes no \"=\"")),
        };
        Ok(kind)
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parsed = if digits { text.parse().ok() } else { None };
    parsed.ok_or_else(|| format!("{text:?} is no number that fits"))
}

fn error_status(text: &str) -> Result<u16, String> {
    number(text)
        .ok()
        .filter(|status| (400..=599).contains(status))
        .ok_or_else(|| format!("{text} is no error status (400 to 599)"))
}

fn page_status(text: &str) -> Result<u16, String> {
    match number(text)? {
        200 => Ok(200),
        _ => error_status(text),
    }
}

fn retry_after(text: &str) -> Result<RetryAfter, String> {
    match text.strip_prefix('d') {
        Some(seconds) => number(seconds).map(RetryAfter::Date),
        None => number(text).map(RetryAfter::Seconds),
    }
}

/// Seconds with at most three decimals, up to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    decimal(text, 3)
        .filter(|ms| *ms <= 86_400_000)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is no number of seconds"))
}

/// A decimal number of at most `places` places, as a multiple of its last place.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.is_empty() || part.len() > places {
        return None;
    }
    let whole: u64 = number(whole).ok()?;
    let part: u64 = number(&format!("{part:0<places$}")).ok()?;
    let unit = (0..places).fold(1, |unit: u64, _| unit * 10);
    whole.checked_mul(unit)?.checked_add(part)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.share != ALL {
            write!(f, ":{}%", f64::from(self.share) / 100.0)?;
        }
        match &self.place {
            FaultPlace::Any => {}
            FaultPlace::Resource(kind) => {
                let name = PLACES.iter().find(|(_, place)| place == kind);
                write!(f, "@{}", name.map_or("", |(name, _)| name))?;
            }
            FaultPlace::Path(part) => write!(f, "@{part}")?,
        }
        match self.when {
            When::Always => Ok(()),
            When::Times(times) => write!(f, "*{times}"),
            When::Nth(nth) => write!(f, "#{nth}"),
        }
    }
}

impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        parse(text).map_err(|reason| BadFault {
            text: text.chars().take(80).collect(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<Fault, String> {
    let (rest, when) = if let Some((rest, times)) = text.rsplit_once('*') {
        (rest, When::Times(number(times)?))
    } else if let Some((rest, nth)) = text.rsplit_once('#') {
        (rest, When::Nth(number(nth)?))
    } else {
        (text, When::Always)
    };
    let (rest, place) = match rest.split_once('@') {
        None => (rest, FaultPlace::Any),
        Some((_, "")) => return Err("the place after \"@\" is missing".to_owned()),
        Some((rest, "any")) => (rest, FaultPlace::Any),
        Some((rest, part)) => {
            let kind = PLACES.iter().find(|(name, _)| *name == part);
            let path = || FaultPlace::Path(part.to_owned());
            (
                rest,
                kind.map_or_else(path, |(_, kind)| FaultPlace::Resource(*kind)),
            )
        }
    };
    if matches!(&place, FaultPlace::Path(part) if part.contains(['*', '#'])) {
        return Err("a place cannot hold \"*\" or \"#\"".to_owned());
    }
    let (kind, share) = match rest.split_once(':') {
        None => (rest, ALL),
        Some((kind, share)) => {
            let share = share
                .strip_suffix('%')
                .and_then(|number| decimal(number, 2))
                .and_then(|share| u16::try_from(share).ok())
                .filter(|share| *share <= ALL)
                .ok_or_else(|| format!("{share:?} is no percentage"))?;
            (kind, share)
        }
    };
    Ok(Fault {
        kind: kind.parse()?,
        place,
        share,
        when,
    })
}

/// The faults of a simulator and their counts.
#[derive(Debug)]
pub(crate) struct Script {
    seed: u64,
    state: Mutex<FaultState>,
}

#[derive(Debug, Default)]
struct FaultState {
    faults: Vec<Fault>,
    /// The number of requests that matched the place of each fault.
    matched: Vec<u64>,
    /// By path: the number of requests, and how often each fault affected one.
    paths: HashMap<String, PathState>,
}

#[derive(Debug, Default)]
struct PathState {
    requests: u64,
    struck: Vec<u32>,
}

impl Script {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let script = Self {
            seed,
            state: Mutex::default(),
        };
        script.set(faults);
        script
    }

    /// Replaces the faults and resets the counts.
    pub(crate) fn set(&self, faults: Vec<Fault>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = FaultState {
            matched: vec![0; faults.len()],
            faults,
            paths: HashMap::new(),
        };
    }

    /// Whether a fault of this kind is set now.
    pub(crate) fn holds(&self, kind: &FaultKind) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.faults.iter().any(|fault| fault.kind == *kind)
    }

    /// The first fault that affects this request.
    pub(crate) fn strike(&self, path: &str, kind: Resource) -> Option<Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let FaultState {
            faults,
            matched,
            paths,
        } = &mut *state;
        // Without faults nothing is counted, so that long benches need little memory.
        if faults.is_empty() {
            return None;
        }
        let of_path = paths.entry(path.to_owned()).or_default();
        of_path.struck.resize(faults.len(), 0);
        of_path.requests += 1;
        let mut found = None;
        for (index, fault) in faults.iter().enumerate() {
            if !fault.place.matches(path, kind) {
                continue;
            }
            matched[index] += 1;
            let due = match fault.when {
                When::Always => true,
                When::Times(times) => of_path.struck[index] < times,
                When::Nth(nth) => matched[index] == nth,
            };
            let key = [self.seed, index as u64, key_of(path), of_path.requests];
            if found.is_none()
                && due
                && SimRng::of(&key).chance(u64::from(fault.share), u64::from(ALL))
            {
                of_path.struck[index] += 1;
                found = Some(fault.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds() -> impl Strategy<Value = FaultKind> {
        let time = (0_u64..86_400_000).prop_map(Duration::from_millis);
        prop_oneof![
            proptest::sample::select(WORDS.map(|(_, kind)| kind).to_vec()),
            Just(FaultKind::CloseDelimited),
            (400_u16..600).prop_map(|status| FaultKind::Status(status, None)),
            (400_u16..600, any::<u32>())
                .prop_map(|(status, s)| FaultKind::Status(status, Some(RetryAfter::Seconds(s)))),
            (400_u16..600, any::<u32>())
                .prop_map(|(status, s)| FaultKind::Status(status, Some(RetryAfter::Date(s)))),
            time.clone().prop_map(FaultKind::Stall),
            time.clone().prop_map(FaultKind::StallBody),
            time.prop_map(FaultKind::Drip),
            any::<u64>().prop_map(FaultKind::Huge),
            (400_u16..600).prop_map(FaultKind::ThrottlePage),
        ]
    }

    fn faults() -> impl Strategy<Value = Fault> {
        let place = prop_oneof![
            Just(FaultPlace::Any),
            proptest::sample::select(PLACES.map(|(_, kind)| kind).to_vec())
                .prop_map(FaultPlace::Resource),
            "/[a-zA-Z0-9/._@:%=-]{1,20}".prop_map(FaultPlace::Path),
        ];
        let when = prop_oneof![
            Just(When::Always),
            any::<u32>().prop_map(When::Times),
            any::<u64>().prop_map(When::Nth),
        ];
        (kinds(), place, 0..=ALL, when).prop_map(|(kind, place, share, when)| Fault {
            kind,
            place,
            share,
            when,
        })
    }

    proptest! {
        #[test]
        fn a_fault_parses_back_from_its_text(fault in faults()) {
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = text.parse::<Fault>();
        }
    }

    #[test]
    fn texts_that_are_no_faults_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "no kind is called"),
            ("boom", "no kind is called"),
            ("200", "no error status"),
            ("refuse=3", "takes no"),
            ("503:x%", "no percentage"),
            ("503:101%", "no percentage"),
            ("503@", "the place after"),
            ("503*x", "no number"),
            ("stall=1e9", "no number of seconds"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    const A: &str = "/Archives/edgar/data/1/2/a.htm";
    const B: &str = "/Archives/edgar/data/1/2/b.htm";

    fn strikes(script: &Script, path: &str) -> bool {
        script.strike(path, Resource::of(path)).is_some()
    }

    #[test]
    fn times_counts_for_each_path() {
        let script = Script::new(1, vec!["503@documents*1".parse().unwrap()]);
        assert!(strikes(&script, A) && strikes(&script, B));
        assert!(!strikes(&script, A) && !strikes(&script, B));
        assert!(!strikes(&script, "/files/company_tickers_exchange.json"));
    }

    #[test]
    fn nth_counts_over_all_paths_of_its_place() {
        let script = Script::new(1, vec!["503@a.htm#2".parse().unwrap()]);
        let seen = [A, B, A, A].map(|path| strikes(&script, path));
        assert_eq!(seen, [false, false, true, false]);
    }

    #[test]
    fn a_share_depends_on_seed_path_and_count_only() {
        let run = |paths: &[u32]| {
            let script = Script::new(9, vec!["500:25%".parse().unwrap()]);
            let mut seen: Vec<_> = paths
                .iter()
                .map(|n| (*n, strikes(&script, &format!("/x/{n}"))))
                .collect();
            seen.sort_unstable();
            seen
        };
        let forward: Vec<u32> = (0..1000).collect();
        let backward: Vec<u32> = (0..1000).rev().collect();
        assert_eq!(run(&forward), run(&backward));
        let struck = run(&forward).iter().filter(|(_, hit)| *hit).count();
        assert!((200..300).contains(&struck), "{struck}");
    }
}
