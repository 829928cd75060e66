//! Log lines on standard error. They are written through [`Terminal`], so that they do not damage bars.

use std::io::{self, Write as _};

use env_logger::{Builder, Env, Target, WriteStyle};
use jiff::Timestamp;
use log::LevelFilter;

use crate::cli::{Cli, LogFormat};
use crate::progress::{LOG_TARGET, Terminal, format::plain};

/// Installs the logger. `RUST_LOG` takes precedence over `-v` and `-q`.
pub fn init(cli: &Cli, terminal: &Terminal) {
    let mut builder = Builder::new();
    builder
        .filter_level(LevelFilter::Error)
        .filter_module("filing_etl", cli.log_level())
        // The failed request reports the same problem, with the next step.
        .filter_module("rustls_platform_verifier", LevelFilter::Off)
        // Frames of the dashboard, with --log-format json.
        .filter_module(LOG_TARGET, LevelFilter::Info)
        .parse_env(Env::default())
        .target(Target::Pipe(Box::new(terminal.clone())))
        .write_style(if Cli::log_colors() {
            WriteStyle::Always
        } else {
            WriteStyle::Never
        });
    match cli.log_format() {
        LogFormat::Text => builder.format(|out, record| {
            let style = out.default_level_style(record.level());
            let level = record.level().as_str().to_ascii_lowercase();
            let message = plain(&record.args().to_string());
            writeln!(out, "{style}{level}{style:#}: {message}")
        }),
        LogFormat::Json => builder.format(|out, record| {
            let message = record.args().to_string();
            let line = json(record.level().as_str(), record.target(), &message);
            writeln!(out, "{line}")
        }),
    };
    builder.init();
}

/// Prints the error that ends the program, whatever the log level is.
pub fn last_words(cli: &Cli, error: &anyhow::Error) {
    let message = format!("{error:#}");
    let line = match cli.log_format() {
        LogFormat::Text => format!("error: {}", plain(&message)),
        LogFormat::Json => json("ERROR", "filing_etl", &message).to_string(),
    };
    // Standard error may be closed; then the error cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "{line}");
}

fn json(level: &str, target: &str, message: &str) -> serde_json::Value {
    serde_json::json!({
        "time": Timestamp::now().to_string(),
        "level": level,
        "target": target,
        "message": plain(message),
    })
}
