//! Writes the facts of `companyfacts.zip` to a dataset.
//!
//! ```text
//! archive ──members──▶ rayon: inflate, parse, sort ──RowSource──▶ this thread, in the order of CIKs ─▶ Feed
//! ```
//!
//! Members are read in batches of [`AT_ONCE`] bytes, so that the memory does not grow with the archive.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::config::Settings;
use crate::dataset::rows::{RowSource, Unreadable};
use crate::dataset::{DataCell, Feed, table};
use crate::edgar::Cik;
use crate::edgar::company_facts::{CompanyFacts, Fact, parse_facts};
use crate::progress::format::counted;
use crate::sources::bulk::{Archive, BadMember, Cache};

/// Companies per file.
const COMPANIES: usize = 500;

/// Bytes of JSON per batch.
const AT_ONCE: u64 = 24 << 20;

/// The cached archive and the tags read from it.
pub(super) struct Facts {
    archive: Archive,
    /// The version of the archive.
    pub(super) version: String,
    /// The companies with facts in the archive, by CIK.
    companies: Vec<Cik>,
    /// Label and description of each tag read so far, by taxonomy and name.
    tags: BTreeMap<(String, String), (Option<String>, Option<String>)>,
}

impl Facts {
    /// Opens the archive for these companies.
    ///
    /// # Errors
    ///
    /// If the archive was not fetched yet, or cannot be read.
    pub(super) fn open(settings: &Settings, mut companies: Vec<Cik>) -> Result<Self> {
        let url = settings.urls.facts_archive();
        let cache = Cache::facts(&settings.data_dir);
        let kept = cache.kept(&url).with_context(|| {
            format!(
                "there is no companyfacts.zip of {url} in {}: fetch it with `filing-etl facts sync`",
                settings.data_dir.display()
            )
        })?;
        let wanted: HashSet<_> = companies.iter().copied().collect();
        let archive = Archive::open_facts(&kept.path, &wanted).map_err(|bad| {
            // So that the next sync fetches it again.
            cache.discard(&url);
            anyhow::anyhow!("companyfacts.zip: {bad}: fetch it again with `filing-etl facts sync`")
        })?;
        companies.sort_unstable();
        let all = companies.len();
        companies.retain(|cik| archive.size(*cik).is_some());
        let without = (all - companies.len()) as u64;
        if without > 0 {
            log::warn!(
                "{} no facts in companyfacts.zip",
                counted(without, ["company has", "companies have"])
            );
        }
        Ok(Self {
            archive,
            version: kept.version,
            companies,
            tags: BTreeMap::new(),
        })
    }

    /// The companies of each file, in order.
    pub(super) fn files(&self) -> Vec<Vec<Cik>> {
        self.companies
            .chunks(COMPANIES)
            .map(<[_]>::to_vec)
            .collect()
    }

    /// Writes the facts of some companies, in the given order, and remembers their tags. If a member is
    /// damaged or belongs to another company, that company is left out with a warning.
    ///
    /// # Errors
    ///
    /// As [`Feed::append`].
    pub(super) fn put(&mut self, companies: &[Cik], feed: &mut Feed) -> Result<()> {
        let mut rest = companies;
        while !rest.is_empty() {
            let (mut bytes, mut n) = (0, 0);
            while n < rest.len() && bytes < AT_ONCE {
                bytes += self.archive.size(rest[n]).unwrap_or_default();
                n += 1;
            }
            let (batch, later) = rest.split_at(n);
            rest = later;
            let parts: Vec<_> = batch.par_iter().map(|cik| self.read(*cik)).collect();
            for (cik, part) in batch.iter().zip(parts) {
                match part? {
                    Ok(part) => {
                        feed.append(part.rows, part.unreadable)?;
                        self.keep(part.tags);
                    }
                    Err(why) => log::warn!("the facts of company {cik} are left out: {why}"),
                }
            }
        }
        Ok(())
    }

    /// The facts of a company, or the reason why they cannot be used.
    fn read(&self, cik: Cik) -> Result<std::result::Result<FactsPart, String>> {
        let bytes = match self.archive.document(cik) {
            Ok(bytes) => bytes,
            Err(bad @ (BadMember::Missing | BadMember::Damaged(_))) => {
                return Ok(Err(bad.to_string()));
            }
        };
        match parse_facts(&bytes, cik) {
            Ok(facts) => FactsPart::of(cik, &facts).map(Ok),
            Err(bad) => Ok(Err(bad.to_string())),
        }
    }

    /// Remembers tags. If two companies describe a tag differently, the first description is used.
    fn keep(&mut self, tags: Vec<Described>) {
        for (name, (label, description)) in tags {
            let known = self.tags.entry(name).or_default();
            known.0 = known.0.take().or(label);
            known.1 = known.1.take().or(description);
        }
    }

    /// Writes the remembered tags.
    ///
    /// # Errors
    ///
    /// As [`Feed::put`].
    pub(super) fn put_tags(&self, feed: &mut Feed) -> Result<()> {
        for ((taxonomy, tag), (label, description)) in &self.tags {
            feed.put(text(Some(taxonomy)))?;
            feed.put(text(Some(tag)))?;
            feed.put(text(label.as_deref()))?;
            feed.put(text(description.as_deref()))?;
        }
        Ok(())
    }
}

/// A tag by taxonomy and name, with its label and description.
type Described = ((String, String), (Option<String>, Option<String>));

/// The facts of a company as rows.
struct FactsPart {
    rows: RowSource,
    unreadable: Unreadable,
    tags: Vec<Described>,
}

impl FactsPart {
    /// Rows sorted by tag and end of the period. Identical facts become one row.
    fn of(cik: Cik, facts: &CompanyFacts<'_>) -> Result<Self> {
        let mut sorted: Vec<(&str, &Fact<'_>, &str, &str)> = Vec::new();
        let mut tags = Vec::new();
        for tag in &facts.tags {
            let (taxonomy, name) = (&*tag.taxonomy, &*tag.name);
            for (unit, facts) in &tag.units {
                sorted.extend(facts.iter().map(|fact| (name, fact, taxonomy, &**unit)));
            }
            let described = (
                tag.label.as_deref().map(str::to_owned),
                tag.description.as_deref().map(str::to_owned),
            );
            tags.push(((taxonomy.to_owned(), name.to_owned()), described));
        }
        // The input is mostly sorted, which makes the stable sort fast.
        sorted.sort();
        sorted.dedup();
        let (mut rows, mut unreadable) = (RowSource::new(&table::FACTS), Unreadable::new());
        let cik = i64::try_from(cik.get())?;
        for (tag, fact, taxonomy, unit) in sorted {
            let cells = [
                DataCell::Integer(cik),
                text(Some(taxonomy)),
                text(Some(tag)),
                text(Some(unit)),
                text(fact.start.as_ref().map(|text| &*text.0)),
                text(fact.end.as_ref().map(|text| &*text.0)),
                fact.number().map_or(DataCell::Null, DataCell::Real),
                text(fact.value.as_deref()),
                text(fact.accession.as_ref().map(|text| &*text.0)),
                fact.fy.map_or(DataCell::Null, DataCell::Integer),
                text(fact.fp.as_ref().map(|text| &*text.0)),
                text(fact.form.as_ref().map(|text| &*text.0)),
                text(fact.filed.as_ref().map(|text| &*text.0)),
                text(fact.frame.as_ref().map(|text| &*text.0)),
            ];
            for (column, cell) in cells.into_iter().enumerate() {
                rows.put(column, cell, &mut unreadable)?;
            }
            rows.end_row();
        }
        Ok(Self {
            rows,
            unreadable,
            tags,
        })
    }
}

fn text(text: Option<&str>) -> DataCell<'_> {
    text.map_or(DataCell::Null, |text| DataCell::Text(text.as_bytes()))
}
