//! Which data dir and which EDGAR the database belongs to.

use super::error::Result;
use super::meta;
use super::queries::meta as sql;
use super::reader::Reader;
use super::writer::Writer;
use crate::edgar::Urls;

/// The identity on record; empty in a new database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub data_dir: Option<String>,
    /// The base URLs of EDGAR's archives, its submissions and the exchanges' symbol lists.
    pub addresses: Option<[String; 3]>,
}

/// The base URLs as they are recorded.
pub fn addresses(urls: &Urls) -> [String; 3] {
    let text = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    [urls.archives(), urls.data(), urls.listings()].map(text)
}

impl Reader {
    /// The data dir and the base URLs that the database belongs to.
    pub fn identity(&self) -> Result<Identity> {
        let (archives, data) = (self.meta(meta::ARCHIVES_URL)?, self.meta(meta::DATA_URL)?);
        let addresses = match (archives, data, self.meta(meta::LISTINGS_URL)?) {
            (Some(archives), Some(data), Some(listings)) => Some([archives, data, listings]),
            _ => None,
        };
        Ok(Identity {
            data_dir: self.meta(meta::DATA_DIR)?,
            addresses,
        })
    }

    /// A new random identity for a data dir.
    pub fn new_identity(&self) -> Result<String> {
        self.one(sql::NEW_IDENTITY, [], "create an identity", |row| {
            row.get(0)
        })
    }
}

impl Writer {
    /// Records the identity of the data dir.
    pub fn record_data_dir(&mut self, id: &str) -> Result<()> {
        self.put(&[(meta::DATA_DIR, id)])
    }

    /// Records the base URLs. The values of `v_artifacts.url` start with the first one.
    pub fn record_addresses(&mut self, addresses: &[String; 3]) -> Result<()> {
        let [archives, data, listings] = addresses;
        self.put(&[
            (meta::ARCHIVES_URL, archives),
            (meta::DATA_URL, data),
            (meta::LISTINGS_URL, listings),
        ])
    }

    fn put(&mut self, rows: &[(&str, &str)]) -> Result<()> {
        let batch = self.begin()?;
        for row in rows {
            batch.execute(sql::PUT, *row, "record its identity")?;
        }
        batch.commit()
    }
}
