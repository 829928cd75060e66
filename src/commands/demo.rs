//! `backfill --demo`: the whole job against the built-in simulator, in a folder of its own.

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

/// Where the demo keeps everything.
const FOLDER: &str = "filing-etl-demo";

/// Who the simulator is told we are.
const USER_AGENT: &str = "filing-etl demo demo@example.com";

/// A simulator, and the settings that lead there. It ends when it is dropped.
pub(super) struct Demo {
    _simulator: Simulator,
    settings: Settings,
}

impl Demo {
    /// Starts the simulator.
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
                // The demo's limit is its own: it must not wait for a real run, nor slow one.
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

    /// Tells a newcomer where to look. Not a result, so it goes to standard error.
    pub(super) fn say_what_to_do_next(&self, terminal: &Terminal) {
        let db = self.settings.db.display();
        let files = self.settings.data_dir.join(Path::new("edgar/data"));
        // `Terminal` swallows a closed pipe, and there is no other error.
        let _ = write!(
            terminal.clone(),
            "\nThe documents are in {files}, the record in {db}. Look into it:\n  \
             sqlite3 {db} 'SELECT form, count(*) FROM v_filings GROUP BY form'\n\
             Run the same command again to see that nothing is asked for twice, and remove the \
             folder {FOLDER} to begin anew.\n",
            files = files.display(),
        );
    }
}
