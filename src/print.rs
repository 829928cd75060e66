//! Prints results to standard output.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::config::PrintStyle;
use crate::progress::format::printable_json;
use crate::style::fitted;

/// Prints a result as one JSON document: indented on a terminal, otherwise on one line, so that appended
/// documents are JSON Lines.
pub fn print_json(document: &impl Serialize) -> Result<()> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    let text = text.context("failed to write JSON")?;
    print(&(printable_json(&text) + "\n"))
}

/// Prints a report. On a terminal that is too narrow, its lines are wrapped.
pub fn print_report(text: &str, style: PrintStyle) -> Result<()> {
    print(&fitted(text, style))
}

/// Prints a result. A closed pipe, as after `head`, is not an error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(e).context("failed to write the result to standard output")
        }
        _ => Ok(()),
    }
}
