//! The first steps of a command that sends requests to EDGAR: checks, lock, database, client.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use memchr::memmem;
use url::Url;

use super::identity;
use crate::cancel::Cancel;
use crate::config::Settings;
use crate::exit::{BusyError, UsageError};
use crate::net::{self, Client, SEC_SITE, site_of};
use crate::progress::format::printable;
use crate::store::{Reader, RunLock, RunStatus, Writer};

/// Checks what can be refused before any request or change: a missing user agent, a file that is not
/// our database, a database that was filled from another EDGAR.
///
/// # Errors
///
/// A [`UsageError`] for requests to sec.gov without a user agent; those of [`Writer::check`] and
/// [`identity::check_addresses`].
pub fn check(settings: &Settings) -> Result<()> {
    if settings.user_agent.is_none() && asks_sec(settings).is_some() {
        return Err(UsageError(
            "sec.gov requires a declared user agent: use --user-agent \"Company Name \
             contact@example.com\", or set SEC_USER_AGENT"
                .to_owned(),
        )
        .into());
    }
    Writer::check(&settings.db)?;
    identity::check_addresses(settings)
}

/// The first address under sec.gov that the command uses, if there is one.
fn asks_sec(settings: &Settings) -> Option<&Url> {
    [settings.urls.archives(), settings.urls.data()]
        .into_iter()
        .find(|url| site_of(url) == SEC_SITE)
}

/// Takes the lock of the database and opens the database for writing. Keep the lock until the end.
/// Of two runs on one database, the second one ends at once.
///
/// # Errors
///
/// A [`BusyError`] while another run has the lock; those of [`Writer::open`].
pub fn open(settings: &Settings) -> Result<(RunLock, Writer)> {
    let Some(lock) = RunLock::acquire(&settings.db)? else {
        return Err(busy(&settings.db).into());
    };
    let writer = Writer::open(&settings.db)?;
    if let Some(time) = settings.locked {
        writer.wait_at_most(time)?;
    }
    Ok((lock, writer))
}

/// Refuses a certificate file that cannot be read or has no certificate. Otherwise every connection would fail
/// with an error that does not name the file.
fn check_certificates(settings: &Settings) -> Result<()> {
    let urls = &settings.urls;
    let is_https = |url: &&Url| url.scheme() == "https";
    let asks_https = [urls.archives(), urls.data(), urls.listings()]
        .iter()
        .any(is_https);
    let Some(file) = settings.certificates.as_deref().filter(|_| asks_https) else {
        return Ok(());
    };
    let shown = file.display();
    let remedy = "set SSL_CERT_FILE to a readable file in PEM form, or unset it to trust the \
                  system's authorities";
    let text = fs::read(file).map_err(|e| {
        anyhow!("the certificates in {shown} (SSL_CERT_FILE) cannot be read: {e}: {remedy}")
    })?;
    if memmem::find(&text, b"-----BEGIN CERTIFICATE-----").is_none() {
        bail!("{shown} (SSL_CERT_FILE) has no certificate in PEM format: {remedy}");
    }
    Ok(())
}

/// The error that names the process which holds the lock.
fn busy(db: &Path) -> BusyError {
    let process = RunLock::holder(db);
    let run = Reader::open(db)
        .and_then(|db| db.latest_run())
        .ok()
        .flatten();
    // Commands that record no run, such as `verify`, take the lock as well.
    let run = run.filter(|run| run.status == RunStatus::Running && Some(run.pid) == process);
    let holder = match (run, process) {
        (Some(run), _) => format!(
            "another run, {} ({}, process {}, since {:.0}),",
            run.id.get(),
            printable(&run.command),
            run.pid,
            run.started_at
        ),
        (None, Some(process)) => format!("another command, process {process},"),
        (None, None) => "another run".to_owned(),
    };
    BusyError {
        database: db.display().to_string(),
        holder,
    }
}

/// Creates the client of a command with `threads` threads.
pub fn client(
    settings: &Settings,
    threads: usize,
    block_cooldown: Duration,
    cancel: &Cancel,
) -> Result<Client> {
    check_certificates(settings)?;
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
