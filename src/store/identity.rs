//! What the database belongs to: its data dir, and the EDGAR that it is filled from.

use super::error::Result;
use super::meta;
use super::queries::meta as sql;
use super::reader::Reader;
use super::writer::Writer;
use crate::edgar::Urls;

/// What is on record; nothing in a new database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The identity of the data dir.
    pub data_dir: Option<String>,
    /// The addresses of EDGAR's archives, its submissions and the exchanges' symbol lists.
    pub addresses: Option<[String; 3]>,
}

/// The addresses as they are recorded.
pub fn addresses(urls: &Urls) -> [String; 3] {
    let text = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    [urls.archives(), urls.data(), urls.listings()].map(text)
}

impl Reader {
    /// What the database belongs to.
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

    /// An identity that no other data dir has.
    pub fn new_identity(&self) -> Result<String> {
        self.one(sql::NEW_IDENTITY, [], "make an identity", |row| row.get(0))
    }
}

impl Writer {
    /// Records the data dir.
    pub fn record_data_dir(&mut self, id: &str) -> Result<()> {
        self.put(&[(meta::DATA_DIR, id)])
    }

    /// Records the addresses. What `v_artifacts.url` begins with is the first of them.
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
            batch.execute(sql::PUT, *row, "record what it belongs to")?;
        }
        batch.commit()
    }
}
