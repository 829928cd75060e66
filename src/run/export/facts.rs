//! Writes the facts of `companyfacts.zip` to a dataset.
//!
//! ```text
//! archive ──members──▶ rayon: inflate, parse, sort ──RowGroup──▶ this thread, in the order of CIKs ─▶ FileWriter
//! ```
//!
//! Members are read in batches of [`BATCH_BYTES`] bytes, so that the memory does not grow with the archive.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Serialize;
use url::Url;

use super::MOST_WARNED;
use crate::config::Settings;
use crate::dataset::rows::{RowGroup, UnreadableValues};
use crate::dataset::{DataCell, FileWriter, table};
use crate::edgar::Cik;
use crate::edgar::company_facts::{CompanyFacts, Fact, Tag, parse_facts};
use crate::progress::format::counted;
use crate::sources::bulk::{Archive, BadMember, Cache};

/// Companies per file.
const COMPANIES: usize = 500;

/// Bytes of JSON per batch.
const BATCH_BYTES: u64 = 24 << 20;

/// Counts of the companies of an export with facts.
#[derive(Debug, Default, Serialize)]
pub struct FactCounts {
    /// Companies with facts in the archive.
    pub companies: u64,
    /// Companies without.
    pub without: u64,
    /// Companies that were left out because their member is damaged or belongs to another company; 0 if no
    /// file of facts was written.
    pub failed: u64,
}

/// The cached archive, the counts, and the tags read from it.
pub(super) struct Facts {
    archive: Archive,
    cache: Cache,
    url: Url,
    pub(super) counts: FactCounts,
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
        let counts = FactCounts {
            companies: companies.len() as u64,
            without: (all - companies.len()) as u64,
            failed: 0,
        };
        if counts.without > 0 {
            log::warn!(
                "{} no facts in companyfacts.zip",
                counted(counts.without, ["company has", "companies have"])
            );
        }
        Ok(Self {
            archive,
            cache,
            url,
            counts,
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
    /// damaged or belongs to another company, that company is left out, with a warning, and counted.
    ///
    /// # Errors
    ///
    /// As [`FileWriter::append`].
    pub(super) fn put(&mut self, companies: &[Cik], writer: &mut FileWriter) -> Result<()> {
        let mut rest = companies;
        while !rest.is_empty() {
            let (mut bytes, mut n) = (0, 0);
            while n < rest.len() && bytes < BATCH_BYTES {
                bytes += self.archive.size(rest[n]).unwrap_or_default();
                n += 1;
            }
            let (batch, later) = rest.split_at(n);
            rest = later;
            let parts: Vec<_> = batch.par_iter().map(|cik| self.read(*cik)).collect();
            for (cik, part) in batch.iter().zip(parts) {
                match part? {
                    Ok(part) => {
                        writer.append(part.rows, part.unreadable)?;
                        self.keep(part.tags);
                    }
                    Err(why) => self.fail(*cik, &why),
                }
            }
        }
        Ok(())
    }

    fn fail(&mut self, cik: Cik, why: &str) {
        self.counts.failed += 1;
        let level = if self.counts.failed <= MOST_WARNED {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        log::log!(level, "the facts of company {cik} are left out: {why}");
    }

    /// Logs how many companies were left out, and makes the next sync fetch the archive again.
    pub(super) fn end(self) -> FactCounts {
        if self.counts.failed > 0 {
            self.cache.doubt(&self.url);
            log::warn!(
                "the facts of {} could not be read and are left out: `filing-etl facts sync` fetches the \
                 archive again, and the next export tries them again",
                counted(self.counts.failed, ["company", "companies"])
            );
        }
        self.counts
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
    /// As [`FileWriter::put`].
    pub(super) fn put_tags(&self, writer: &mut FileWriter) -> Result<()> {
        for ((taxonomy, tag), (label, description)) in &self.tags {
            writer.put(DataCell::Str(taxonomy))?;
            writer.put(DataCell::Str(tag))?;
            writer.put(text(label.as_deref()))?;
            writer.put(text(description.as_deref()))?;
        }
        Ok(())
    }
}

/// A tag by taxonomy and name, with its label and description.
type Described = ((String, String), (Option<String>, Option<String>));

/// The facts of a company as rows.
struct FactsPart {
    rows: RowGroup,
    unreadable: UnreadableValues,
    tags: Vec<Described>,
}

impl FactsPart {
    /// Rows sorted by tag and end of the period. Identical facts become one row.
    fn of(cik: Cik, facts: &CompanyFacts<'_>) -> Result<Self> {
        let mut tags: Vec<&Tag<'_>> = facts.tags.iter().collect();
        tags.sort_by_key(|tag| &tag.name);
        let len = |tag: &Tag<'_>| -> usize { tag.units.iter().map(|(_, facts)| facts.len()).sum() };
        let all = facts.tags.iter().map(len).sum();
        let mut rows = RowGroup::with_capacity(&table::FACTS, all);
        let mut unreadable = UnreadableValues::new();
        let cik = i64::try_from(cik.get())?;
        let mut sorted: Vec<(&Fact<'_>, &str, &str)> = Vec::new();
        for same_name in tags.chunk_by(|a, b| a.name == b.name) {
            for tag in same_name {
                for (unit, facts) in &tag.units {
                    sorted.extend(facts.iter().map(|fact| (fact, &*tag.taxonomy, &**unit)));
                }
            }
            // The input is mostly sorted, which makes the stable sort fast.
            sorted.sort();
            sorted.dedup();
            let name = &*same_name[0].name;
            for (fact, taxonomy, unit) in sorted.drain(..) {
                put(
                    (cik, [taxonomy, name, unit]),
                    fact,
                    &mut rows,
                    &mut unreadable,
                )?;
            }
        }
        let tags = facts.tags.iter().map(described).collect();
        Ok(Self {
            rows,
            unreadable,
            tags,
        })
    }
}

fn described(tag: &Tag<'_>) -> Described {
    let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    (
        (
            tag.taxonomy.clone().into_owned(),
            tag.name.clone().into_owned(),
        ),
        (owned(&tag.label), owned(&tag.description)),
    )
}

/// Puts the row of a fact, in the order of the columns.
fn put(
    (cik, [taxonomy, tag, unit]): (i64, [&str; 3]),
    fact: &Fact<'_>,
    rows: &mut RowGroup,
    unreadable: &mut UnreadableValues,
) -> Result<()> {
    let cells = [
        DataCell::Integer(cik),
        DataCell::Str(taxonomy),
        DataCell::Str(tag),
        DataCell::Str(unit),
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
        rows.put(column, cell, unreadable)?;
    }
    rows.end_row();
    Ok(())
}

fn text(text: Option<&str>) -> DataCell<'_> {
    text.map_or(DataCell::Null, DataCell::Str)
}
