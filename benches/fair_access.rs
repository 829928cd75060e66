//! Measures how much of the rate limit is used, and whether it is kept, with 1, 10 and 30 threads.
//!
//! A slot rests for a second after the beginning of its response. So a limit of 10 requests a second with a
//! round trip of 60 ms allows 10 / 1.06 = 9.43 a second. The arrivals at the simulator are counted over ten
//! seconds, after two seconds that do not count because all slots are free at the start. The same requests
//! without a limit show the cost of the client.

use std::io::{self, Write as _};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use filing_etl::internals::Cancel;
use filing_etl::internals::{Client, ClientSettings, Expect, RequestKind, Timeouts};
use filing_etl::sim::{Options, Simulator};
use url::Url;

const ROUND_TRIP: Duration = Duration::from_millis(60);
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

fn main() {
    // `cargo test --benches` only checks that the bench starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for threads in [1, 10, 30] {
        let (rate, most) = storm(threads, NonZeroU32::new(10), ROUND_TRIP);
        let used = 100.0 * rate / (10.0 / (1.0 + ROUND_TRIP.as_secs_f64()));
        print(&format!(
            "{threads:>2} threads, 10/s: {rate:.2} requests/s, {used:.1}% of what is allowed; most in a second {most}"
        ));
    }
    for threads in [1, 10, 30] {
        let (rate, _) = storm(threads, None, Duration::ZERO);
        print(&format!(
            "{threads:>2} threads, no limit: {rate:.0} requests/s"
        ));
    }
}

fn print(line: &str) {
    // The pipe may be closed.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Sends requests from this number of threads. Returns the requests a second and the maximum in any second.
fn storm(threads: usize, rate: Option<NonZeroU32>, latency: Duration) -> (f64, usize) {
    let simulator = Simulator::start(Options {
        companies: 10,
        latency,
        compress: false,
        ..Options::default()
    })
    .expect("a free port on loopback");
    let folder = tempfile::tempdir().expect("a temp folder");
    let settings = ClientSettings {
        user_agent: "Bench bench@example.com".parse().ok(),
        rate,
        state_dir: folder.path().to_owned(),
        connections: threads,
        block_cooldown: Duration::ZERO,
        timeouts: Timeouts::default(),
        site: "bench".to_owned(),
    };
    let client = Client::new(&settings, Cancel::default()).expect("a writable temp folder");
    let url = format!("{}/files/company_tickers_exchange.json", simulator.url());
    let url = Url::parse(&url).expect("an address");
    let from = Instant::now() + WARM_UP;
    let until = from + MEASURED;
    let answers = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while Instant::now() < until {
                    let expect = Expect::Json { max: 1 << 20 };
                    let answer = client.fetch(&url, RequestKind::Companies, expect);
                    answer.expect("an answer");
                    answers.fetch_add((from..until).contains(&Instant::now()).into(), Relaxed);
                }
            });
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let answers = answers.into_inner() as f64;
    (
        answers / MEASURED.as_secs_f64(),
        simulator.log().most_in_a_second(),
    )
}
