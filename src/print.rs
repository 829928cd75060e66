//! Results on standard output.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::progress::format::plain_json;

/// Writes a result to standard output as one JSON document: indented on a terminal, on one line
/// otherwise, so that appending makes JSON Lines.
///
/// # Errors
///
/// When standard output does not take it.
pub fn print_json(document: &impl Serialize) -> Result<()> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    let text = text.context("failed to write JSON")?;
    print(&(plain_json(&text) + "\n"))
}

/// Writes a result to standard output. A reader that has gone, as `head` does, misses nothing:
/// the exit code still tells how the run ended.
///
/// # Errors
///
/// When standard output does not take it.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(e).context("failed to write the result to standard output")
        }
        _ => Ok(()),
    }
}
