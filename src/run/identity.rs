//! Checks which data dir and which EDGAR a database belongs to, before anything is written. So an
//! unmounted disk, a mistyped folder or a simulator's address does no harm.

use anyhow::{Context as _, Result, bail};
use url::Url;

use crate::config::Settings;
use crate::edgar::Urls;
use crate::files;
use crate::net::is_loopback;
use crate::store::{self, Identity, Reader, Writer, addresses};

/// Refuses a data dir that is not the one on record. Writes nothing.
///
/// # Errors
///
/// An error with the next step. A database or data dir that cannot be read.
pub fn check_data_dir(settings: &Settings) -> Result<()> {
    let (found, recorded) = (files::identity(&settings.data_dir)?, recorded(settings)?);
    let data_dir = settings.data_dir.display();
    let db = settings.db.display();
    match (found, recorded.data_dir) {
        (Some(found), Some(recorded)) if found != recorded => bail!(
            "the data dir {data_dir} belongs to another database than {db}: check --db and \
             --data-dir"
        ),
        (None, Some(_)) if !settings.new_data_dir => bail!(
            "{data_dir} is not the data dir of {db} ({} is not in it): check --data-dir and \
             whether its disk is mounted, or use --new-data-dir if it is a new, empty one",
            files::IDENTITY
        ),
        (None, _) if settings.new_data_dir && !is_empty(settings)? => {
            bail!("{data_dir} is not empty: --new-data-dir needs a new, empty folder")
        }
        _ => Ok(()),
    }
}

fn is_empty(settings: &Settings) -> Result<bool> {
    let data_dir = &settings.data_dir;
    files::is_empty(data_dir).with_context(|| format!("cannot read {}", data_dir.display()))
}

/// Records the data dir if none is on record, and writes its identity file if it has none. Call
/// [`check_data_dir`] before.
pub fn record_data_dir(settings: &Settings, db: &mut Writer) -> Result<()> {
    let reader = db.reader()?;
    let (found, recorded) = (files::identity(&settings.data_dir)?, reader.identity()?);
    let id = match (&found, recorded.data_dir) {
        (Some(_), Some(_)) => return Ok(()),
        (None, Some(id)) => id,
        (Some(id), None) => {
            log::warn!(
                "the data dir {} was used with another database; from now on {} uses it, too",
                settings.data_dir.display(),
                settings.db.display()
            );
            id.clone()
        }
        (None, None) => reader.new_identity()?,
    };
    if found.is_none() {
        files::set_identity(&settings.data_dir, &id)?;
    }
    Ok(db.record_data_dir(&id)?)
}

/// Refuses addresses on this machine if the database was filled from another one, and the other way
/// round, unless `--accept-urls` is given. Writes nothing.
///
/// # Errors
///
/// An error with the next step. A database that cannot be read.
pub fn check_addresses(settings: &Settings) -> Result<()> {
    let (Some(recorded), false) = (recorded(settings)?.addresses, settings.accept_urls) else {
        return Ok(());
    };
    let asked = addresses(&settings.urls);
    let next = "use another database with --db, or use --accept-urls if this is intended";
    let db = settings.db.display();
    match (local(&recorded), local(&asked)) {
        (None, Some(local)) => bail!(
            "{db} was filled from {}, but {local} is on this machine: {next} (a local proxy or \
             tunnel)",
            recorded[0]
        ),
        (Some(local), None) => bail!(
            "{db} was filled from {local}, a server on this machine, but requests would now go to {}: \
             {next}",
            asked[0]
        ),
        _ => Ok(()),
    }
}

/// Whether one of the addresses is on this machine.
pub fn is_local(urls: &Urls) -> bool {
    local(&addresses(urls)).is_some()
}

/// Records the addresses that the database is filled from, and warns when the mirror changes. A local
/// proxy or tunnel does not replace the recorded address of the server behind it. Call
/// [`check_addresses`] before.
pub fn record_addresses(settings: &Settings, db: &mut Writer) -> Result<()> {
    let asked = addresses(&settings.urls);
    if let Some(recorded) = db.reader()?.identity()?.addresses {
        let is_proxy = local(&recorded).is_none() && local(&asked).is_some();
        if recorded == asked || is_proxy {
            return Ok(());
        }
        if local(&recorded).is_none() {
            log::warn!(
                "{} was filled from {} so far, and will be filled from {} from now on",
                settings.db.display(),
                recorded.join(", "),
                asked.join(", ")
            );
        }
    }
    Ok(db.record_addresses(&asked)?)
}

/// The first of the addresses that is on this machine.
fn local(addresses: &[String; 3]) -> Option<&String> {
    let is_local = |address: &&String| Url::parse(address).is_ok_and(|url| is_loopback(&url));
    addresses.iter().find(is_local)
}

fn recorded(settings: &Settings) -> Result<Identity> {
    match Reader::open(&settings.db) {
        Ok(db) => Ok(db.identity()?),
        Err(store::Error::Missing(_)) => Ok(Identity::default()),
        Err(e) => Err(e.into()),
    }
}
