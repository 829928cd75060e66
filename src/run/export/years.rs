//! Exports the tables of the database: one file for each year, or one for the whole table.

use anyhow::Result;
use jiff::civil::date;

use super::files::{ExportPart, ExportWork, numbers, version};
use crate::dataset::file::Turn;
use crate::dataset::target::path_of;
use crate::dataset::{Partition, Table, TableFiles};
use crate::edgar::DateRange;
use crate::store::DatasetSnapshot;

impl ExportWork<'_> {
    /// Writes the files of a table that changed, and returns how many those were.
    pub(super) fn export_database(
        &mut self,
        snapshot: &DatasetSnapshot<'_>,
        table: &'static Table,
    ) -> Result<(TableFiles, u64)> {
        let (mut files, before) = (TableFiles::default(), self.new.len());
        let (turn, mut last) = (Turn::default(), None);
        for (part, dates) in self.parts(snapshot, table)? {
            let known = self.unchanged(&part);
            let filled = match known {
                Some(_) => Ok(None),
                None => self
                    .fill(part, &turn, |writer| {
                        snapshot.rows(table, dates, &self.scope, writer)
                    })
                    .map(Some),
            };
            // It was written meanwhile. If it failed, the next one failed for the same reason.
            if let Some(last) = last.take() {
                files.add(self.finish(last)?);
            }
            last = filled?;
            if let Some(known) = known {
                files.add(known);
            }
        }
        if let Some(last) = last {
            files.add(self.finish(last)?);
        }
        Ok((files, (self.new.len() - before) as u64))
    }

    /// The files of a table of the database, each with the filing dates of its rows.
    fn parts(
        &self,
        snapshot: &DatasetSnapshot<'_>,
        table: &'static Table,
    ) -> Result<Vec<(ExportPart, DateRange)>> {
        let part = |partition, version| ExportPart {
            table,
            path: path_of(table, partition, self.format),
            version,
        };
        if table.partition == Partition::None {
            return Ok(vec![(part(None, None), self.dates)]);
        }
        let archives_url = snapshot.archives_url()?;
        let mut parts = Vec::new();
        for (year, change, days) in self.years(snapshot)? {
            let version = version(&(
                table.message_type(),
                change,
                (days.since.to_string(), days.until.to_string()),
                (
                    &self.scope.forms,
                    self.scope.companies.as_deref().map(numbers),
                ),
                &archives_url,
            ))?;
            parts.push((part(Some(year), Some(version)), days));
        }
        Ok(parts)
    }

    /// The years with days in the dates of the export, each with its change number and those days.
    pub(super) fn years(
        &self,
        snapshot: &DatasetSnapshot<'_>,
    ) -> Result<Vec<(i16, i64, DateRange)>> {
        let years = snapshot.years()?.into_iter();
        let within = years.map(|(year, change)| {
            let days = DateRange {
                since: self.dates.since.max(date(year, 1, 1)),
                until: self.dates.until.min(date(year, 12, 31)),
            };
            (year, change, days)
        });
        Ok(within
            .filter(|(.., days)| days.since <= days.until)
            .collect())
    }
}
