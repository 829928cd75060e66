//! Log lines on standard error. They are written through [`Terminal`], so that they do not damage bars.
//!
//! A line may have fields (`log`'s key-value pairs). They are written only in JSON, beside the message, with
//! numbers as numbers. The message contains the same information for people.

use std::io::{self, Write as _};

use env_logger::{Builder, Env, Target, WriteStyle};
use jiff::Timestamp;
use log::kv::{self, Key, Value, VisitSource, VisitValue};
use log::{Level, LevelFilter};
use serde_json::{Map, Value as Json};

use crate::cli::{Cli, LogFormat};
use crate::progress::{LOG_TARGET, Terminal, format::printable};

/// Installs the logger. `RUST_LOG` takes precedence over `-v` and `-q`.
pub fn init(cli: &Cli, terminal: &Terminal) {
    let mut builder = Builder::new();
    builder
        .filter_level(LevelFilter::Error)
        .filter_module("filing_etl", cli.log_level())
        // The error of the failed request reports the same problem, with the next step.
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
    let shown = terminal.clone();
    match cli.log_format() {
        LogFormat::Text => builder.format(move |out, record| {
            let prefix = shown.level_prefix(record.level());
            let style = out.default_level_style(record.level());
            let level = record.level().as_str().to_ascii_lowercase();
            let message = printable(&record.args().to_string());
            writeln!(out, "{prefix}{style}{level}{style:#}: {message}")
        }),
        LogFormat::Json => builder.format(move |out, record| {
            let prefix = shown.level_prefix(record.level());
            let message = record.args().to_string();
            let line = json(
                record.level(),
                record.target(),
                &message,
                record.key_values(),
            );
            writeln!(out, "{prefix}{line}")
        }),
    };
    builder.init();
}

/// Prints the error that ends the program, whatever the log level is.
pub fn log_final_error(cli: &Cli, terminal: &Terminal, error: &anyhow::Error) {
    let message = format!("{error:#}");
    let prefix = terminal.level_prefix(Level::Error);
    let line = match cli.log_format() {
        LogFormat::Text => format!("error: {}", printable(&message)),
        LogFormat::Json => {
            let event = [("event", "error")];
            json(Level::Error, "filing_etl", &message, &event).to_string()
        }
    };
    // Standard error may be closed; then the error cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "{prefix}{line}");
}

fn json(level: Level, target: &str, message: &str, fields: &dyn kv::Source) -> Json {
    let mut line = LogFields(Map::new());
    line.put("time", Timestamp::now().to_string().into());
    line.put("level", level.as_str().into());
    line.put("target", target.into());
    line.put("message", printable(message).into());
    // The visitor never returns an error.
    let _ = fields.visit(&mut line);
    Json::Object(line.0)
}

/// The fields of a line. Those that are null are left out.
struct LogFields(Map<String, Json>);

impl LogFields {
    fn put(&mut self, key: &str, value: Json) {
        self.0.insert(key.to_owned(), value);
    }
}

impl<'v> VisitSource<'v> for LogFields {
    fn visit_pair(&mut self, key: Key<'v>, value: Value<'v>) -> Result<(), kv::Error> {
        let mut field = LogValue(Json::Null);
        value.visit(&mut field)?;
        if !field.0.is_null() {
            self.put(key.as_str(), field.0);
        }
        Ok(())
    }
}

/// The value of a field as JSON.
struct LogValue(Json);

impl VisitValue<'_> for LogValue {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        self.0 = printable(&value.to_string()).into();
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.0 = Json::Null;
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_types_and_texts_are_harmless() {
        let text = "two\nlines \u{1b}[31m";
        let fields: [(&str, Value<'_>); 5] = [
            ("cik", Value::from(320_193_u64)),
            ("paused_s", Value::from(1.5)),
            ("followed", Value::from(true)),
            ("url", Value::from(text)),
            ("accession", Value::null()),
        ];
        let line = json(Level::Warn, "filing_etl", "told", &fields.as_slice());
        assert_eq!(line["cik"], 320_193);
        assert_eq!(line["paused_s"], 1.5);
        assert_eq!(line["followed"], true);
        assert_eq!(line["url"], "two?lines ?[31m");
        assert!(line.get("accession").is_none());
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"WARN".into(), &"told".into())
        );
    }
}
