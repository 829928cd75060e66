//! What a command that talks to EDGAR starts with: the checks, the lock, the database, the client.

use std::time::Duration;

use anyhow::Result;
use url::Url;

use super::identity;
use crate::cancel::Cancel;
use crate::config::Settings;
use crate::exit::{BusyError, UsageError};
use crate::net::{self, Client, SEC_SITE, site_of};
use crate::store::{RunLock, Writer};

/// What can be refused before anything is asked, made or changed: nobody to introduce, a database
/// that is not ours or was filled from another EDGAR.
///
/// # Errors
///
/// A [`UsageError`] where sec.gov would be asked by nobody; what [`Writer::check`] and
/// [`identity::check_addresses`] say.
pub fn check(settings: &Settings) -> Result<()> {
    if settings.user_agent.is_none() && asks_sec(settings).is_some() {
        return Err(UsageError(
            "sec.gov answers only to those who say who they are: use --user-agent \
             \"Company Name contact@example.com\", or set SEC_USER_AGENT"
                .to_owned(),
        )
        .into());
    }
    Writer::check(&settings.db)?;
    identity::check_addresses(settings)
}

/// The address under sec.gov that is to be asked, if one is.
fn asks_sec(settings: &Settings) -> Option<&Url> {
    [settings.urls.archives(), settings.urls.data()]
        .into_iter()
        .find(|url| site_of(url) == SEC_SITE)
}

/// Takes the lock of the database and opens it for writing. The lock lasts as long as the
/// value: of two runs on one database, the second leaves at once.
///
/// # Errors
///
/// A [`BusyError`] while another run works on the database; what [`Writer::open`] says.
pub fn open(settings: &Settings) -> Result<(RunLock, Writer)> {
    let Some(lock) = RunLock::acquire(&settings.db)? else {
        let database = settings.db.display().to_string();
        return Err(BusyError { database }.into());
    };
    let writer = Writer::open(&settings.db)?;
    if let Some(time) = settings.locked {
        writer.wait_at_most(time)?;
    }
    Ok((lock, writer))
}

/// The one way to EDGAR, for `threads` threads.
///
/// # Errors
///
/// As [`Client::new`].
pub fn client(
    settings: &Settings,
    threads: usize,
    block_cooldown: Duration,
    cancel: &Cancel,
) -> Result<Client> {
    Client::new(
        &net::ClientSettings {
            user_agent: settings.user_agent.clone(),
            rate: settings.rate,
            state_dir: settings.state_dir.clone(),
            site: site_of(asks_sec(settings).unwrap_or(settings.urls.archives())),
            connections: threads,
            block_cooldown,
            timeouts: settings.timeouts,
        },
        cancel.clone(),
    )
}
