//! Random sequences of commands against an EDGAR that changes and fails.
//!
//! Every other test checks one promise. Most faults that users found were combinations: `verify` with unnamed
//! documents, dates with `update`, a delisted company with its queue. So here the steps come in any order, and
//! these invariants are checked:
//!
//! - every recorded file is on disk with the recorded content, and no other file is on disk;
//! - `stats` has the counts of the views, including the whole queue;
//! - the exit code is 0 only if nothing is left, and never 1;
//! - no file is requested twice without a cause;
//! - after an `update` without options and with exit code 0, no filing up to `through` is missing except those
//!   on record as unavailable or dropped. The result is compared with a fresh backfill of all selections into
//!   an empty database;
//! - `verify` finds no problem.
//!
//! To run more or longer sequences by hand:
//!
//! ```text
//! FILING_ETL_SEQUENCES=100 FILING_ETL_STEPS=30 cargo test --test integration sequences
//! FILING_ETL_SEED=17 FILING_ETL_SHRINK=1 cargo test --test integration sequences -- --nocapture
//! ```
//!
//! A sequence follows from its seed, except for the order of the program's threads. With
//! `FILING_ETL_SHRINK`, a failing sequence is reduced step by step to the steps that the failure needs.

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
use crate::harness::{number, seeds};

/// The default number of sequences. Their seeds are consecutive.
const SEQUENCES: u64 = 4;
/// The default number of steps of a sequence.
const STEPS: u64 = 14;

/// Runs the steps; fails at the first violated invariant.
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
    for seed in seeds(SEQUENCES) {
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
