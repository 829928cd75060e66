//! Drives the real binary against the simulator, as a user would.

#![expect(unreachable_pub, reason = "the harness is for every case")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[expect(dead_code, reason = "the harness is for every case")]
mod harness;

mod cases {
    mod artifacts;
}
