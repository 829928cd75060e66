//! Exports facts and their tags: a file for each group of companies, and one for the tags.

use anyhow::Result;

use super::facts::Facts;
use super::files::{ExportPart, ExportWork, File, INCOMPLETE, numbers, version};
use super::is_of_facts;
use crate::dataset::table::{FACTS, FACTS_TAGS};
use crate::dataset::target::path_of;
use crate::dataset::{Table, TableFiles};
use crate::edgar::Cik;
use crate::store::Reader;

impl ExportWork<'_> {
    /// The companies whose facts are exported; `None` if no facts are.
    pub(super) fn companies_of_facts(
        &self,
        db: &Reader,
        tables: &[&'static Table],
    ) -> Result<Option<Vec<Cik>>> {
        if !tables.iter().any(|table| is_of_facts(table)) {
            return Ok(None);
        }
        Ok(Some(match self.scope.companies.clone() {
            Some(companies) => companies,
            None => db.all_companies()?,
        }))
    }

    /// Writes the facts and their tags. They are read together, so if one file changed, all are written.
    pub(super) fn export_facts(&mut self, facts: &mut Facts) -> Result<[(TableFiles, u64); 2]> {
        let files = facts.files();
        let made_from = (
            [&FACTS, &FACTS_TAGS].map(Table::message_type),
            &facts.version,
            files.iter().map(|ciks| numbers(ciks)).collect::<Vec<_>>(),
        );
        let version = Some(version(&made_from)?);
        let part = |table, n: Option<usize>| -> Result<ExportPart> {
            let n = n.map(i16::try_from).transpose()?;
            Ok(ExportPart {
                table,
                path: path_of(table, n, self.format),
                version: version.clone(),
            })
        };
        let parts: Vec<ExportPart> = (0..files.len())
            .map(|n| part(&FACTS, Some(n)))
            .collect::<Result<_>>()?;
        let tags = part(&FACTS_TAGS, None)?;
        let all = parts.iter().chain([&tags]);
        let unchanged: Option<Vec<File>> = all.map(|part| self.unchanged(part)).collect();
        let (mut of_facts, mut of_tags) = (TableFiles::default(), TableFiles::default());
        if let Some(mut unchanged) = unchanged {
            if let Some(file) = unchanged.pop() {
                of_tags.add(file);
            }
            for file in unchanged {
                of_facts.add(file);
            }
            return Ok([(of_facts, 0), (of_tags, 0)]);
        }
        let before = self.new.len();
        for (part, companies) in parts.into_iter().zip(&files) {
            let failed = facts.counts.failed;
            let mut file = self.write(part, |writer| facts.put(companies, writer))?;
            if facts.counts.failed > failed {
                INCOMPLETE.clone_into(file.version_mut());
            }
            of_facts.add(file);
        }
        let written = (self.new.len() - before) as u64;
        of_tags.add(self.write(tags, |writer| facts.put_tags(writer))?);
        Ok([(of_facts, written), (of_tags, 1)])
    }
}
