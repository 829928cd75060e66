//! Random sequences of commands against an EDGAR that changes and fails, and what holds after them.
//!
//! Every other test shows one promise. Most faults that users found lay where two of them meet:
//! `verify` and unnamed documents, dates and `update`, a company that leaves and its queue. So here
//! the steps come in any order, and what holds after any of them is checked:
//!
//! - every file on record is on disk, and is what the record says; nothing else is on disk;
//! - `stats` counts what the views hold, and nothing queued is missing from it;
//! - the exit code is 0 only if nothing is left, and 1 never;
//! - no file is asked for twice without a cause;
//! - after an `update` without options and with exit 0, nothing filed up to `through` is lacking but
//!   what is on record as unavailable or dropped. A fresh backfill of all that was asked for, into an
//!   empty database, is the witness;
//! - `verify` finds nothing wrong.
//!
//! By hand, for as long as one likes:
//!
//! ```text
//! FILING_ETL_SEQUENCES=100 FILING_ETL_STEPS=30 cargo test --test integration sequences
//! FILING_ETL_SEED=17 FILING_ETL_SHRINK=1 cargo test --test integration sequences -- --nocapture
//! ```
//!
//! A sequence follows from its seed, but for the order of the program's threads. With
//! `FILING_ETL_SHRINK`, steps that a failure does not need are left out one by one.

#![expect(
    clippy::print_stdout,
    reason = "what a failing sequence did has to be seen"
)]

mod checks;
mod steps;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::steps::Step;
use self::world::World;

/// How many sequences there are, unless told otherwise, each with the seed after the last one's.
const SEQUENCES: u64 = 4;
/// How many steps each has.
const STEPS: u64 = 14;

fn number(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    let given = std::env::var(name);
    given.map_or(default, |number| number.parse().unwrap())
}

/// Runs the steps to the end; fails at the first thing that does not hold.
fn run(seed: u64, steps: &[Step]) {
    let mut world = World::new(seed);
    for step in steps {
        world.take(step);
    }
    world.end();
}

fn fails(seed: u64, steps: &[Step]) -> bool {
    catch_unwind(AssertUnwindSafe(|| run(seed, steps))).is_err()
}

/// The steps of a failing sequence that the failure needs.
fn shrunk(seed: u64, mut steps: Vec<Step>) -> Vec<Step> {
    let mut at = steps.len();
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        let left_out = fewer.remove(at);
        if fails(seed, &fewer) {
            println!("not needed: {left_out}");
            steps = fewer;
        }
    }
    steps
}

#[test]
fn whatever_happens_in_whatever_order_nothing_is_lost_and_nothing_is_asked_for_twice() {
    let first = number("FILING_ETL_SEED", 1);
    let sequences = number(
        "FILING_ETL_SEQUENCES",
        if first == 1 { SEQUENCES } else { 1 },
    );
    for seed in first..first + sequences {
        println!("FILING_ETL_SEED={seed}");
        let ciks = world::ciks(seed);
        let steps = steps::random(seed, number("FILING_ETL_STEPS", STEPS), &ciks);
        if number("FILING_ETL_SHRINK", 0) > 0 && fails(seed, &steps) {
            let steps = shrunk(seed, steps);
            println!("--- what is left of the sequence");
            run(seed, &steps);
        } else {
            run(seed, &steps);
        }
    }
}
