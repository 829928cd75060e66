//! `backfill --demo`: a backfill against the built-in simulator, in a separate folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use url::Url;

use crate::clock::Clock;
use crate::config::Settings;
use crate::edgar::Urls;
use crate::net::Timeouts;
use crate::progress::Terminal;
use crate::sim::{self, Simulator};

/// The folder of all files of the demo.
const FOLDER: &str = "filing-etl-demo";

const USER_AGENT: &str = "filing-etl demo demo@example.com";

/// A running simulator and the settings to use it. Dropping it stops the simulator.
pub(super) struct Demo {
    _simulator: Simulator,
    settings: Settings,
}

impl Demo {
    pub(super) fn start(clock: Clock, today: Date) -> Result<Self> {
        let options = sim::Options {
            today,
            ..sim::Options::demo()
        };
        let rate = options.rate_limit;
        let simulator = Simulator::start(options).context("failed to start the simulator")?;
        let url: Url = simulator
            .url()
            .parse()
            .context("the simulator has no address")?;
        let folder = PathBuf::from(FOLDER);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make the folder {FOLDER}"))?;
        Ok(Self {
            _simulator: simulator,
            settings: Settings {
                db: folder.join("filings.db"),
                data_dir: folder.join("filings"),
                new_data_dir: false,
                accept_urls: false,
                // A separate rate limit, because the demo must neither wait for a real run nor slow it.
                state_dir: std::path::absolute(folder.join("state"))?,
                user_agent: Some(USER_AGENT.parse().expect("the demo's user agent is good")),
                rate: rate.and_then(std::num::NonZeroU32::new),
                urls: Urls::new(url.clone(), url.clone(), url)?,
                clock,
                certificates: None,
                timeouts: Timeouts::default(),
                locked: None,
            },
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Prints where the files are. This is not a result, so it goes to standard error.
    pub(super) fn say_what_to_do_next(&self, terminal: &Terminal) {
        let db = self.settings.db.display();
        let files = self.settings.data_dir.join(Path::new("edgar/data"));
        // `Terminal` ignores a closed pipe and returns no other error.
        let _ = write!(
            terminal.clone(),
            "\nThe documents are in {files}, the database is {db}. To query it:\n  \
             sqlite3 {db} 'SELECT form, count(*) FROM v_filings GROUP BY form'\n\
             Run the same command again: nothing is downloaded twice. Remove the folder {FOLDER} to \
             start over.\n",
            files = files.display(),
        );
    }
}
