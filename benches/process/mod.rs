//! Runs a process and measures what it takes. `dataset`, `growth` and `memory` share it.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs a command to its end, which must be a success. Returns its duration and its peak memory in KB.
#[expect(clippy::disallowed_methods, reason = "there is no run to stop here")]
pub fn measured(command: &mut Command) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = command.spawn().expect("the binary is there");
    let mut peak = 0;
    loop {
        peak = peak.max(high_water(child.id()));
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "{command:?}: {status}");
            return (began.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The peak memory of a process so far, in KB; 0 once it has ended.
fn high_water(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
