//! Drops a selection, and optionally the queued items that no other selection wants.

use std::collections::HashSet;

use super::artifacts::FileRow;
use super::batch::Batch;
use super::error::{AtPath, Result};
use super::holdings::Change;
use super::queries::filings as filings_sql;
use super::queries::queue as queue_sql;
use super::queries::selections as sql;
use super::queue::{QueueFilter, QueuePlace};
use super::reader::Reader;
use super::selections::{RecordedSelection, SelectionId};
use super::values::ArtifactStatus;
use super::writer::Writer;
use crate::edgar::{Accession, ArtifactChoice, ArtifactKind, Cik, Filing, QueueItem, Target};

/// Queue items per transaction.
const AT_ONCE: usize = 500;

/// A selection with its companies.
#[derive(Debug)]
pub(super) struct SelectionWithMembers {
    pub(super) recorded: RecordedSelection,
    pub(super) members: HashSet<Cik>,
}

impl SelectionWithMembers {
    /// What the selection wants of a filing by these companies; `None` if it wants nothing.
    pub(super) fn wants(&self, filing: &Filing, filers: &[Cik]) -> Option<ArtifactChoice> {
        let selection = &self.recorded.selection;
        let is_wanted = selection.filings.wants(&filing.form, filing.filed_on)
            && filers.iter().any(|cik| self.members.contains(cik));
        is_wanted.then_some(selection.artifacts)
    }
}

impl Writer {
    /// Deletes a selection. With `queue`, queued items that only this selection wants are dropped,
    /// and a primary document that another selection wants is queued instead of its dropped
    /// submission. Returns the number of dropped items; `None` if there is no such selection.
    pub fn drop_selection(&mut self, id: SelectionId, queue: bool) -> Result<Option<u64>> {
        let reader = self.reader()?;
        let mut wanting = Vec::new();
        for recorded in reader.selections()? {
            let members = reader.members(recorded.id)?.into_iter();
            let members = members.map(|member| member.cik).collect();
            wanting.push(SelectionWithMembers { recorded, members });
        }
        let Some(place) = wanting.iter().position(|w| w.recorded.id == id) else {
            return Ok(None);
        };
        let dropped = wanting.remove(place);
        let mut count = 0;
        if queue {
            let filter = QueueFilter {
                companies: Some(dropped.members.iter().copied().collect()),
                ..QueueFilter::default()
            };
            let mut from = QueuePlace::START;
            while let Some((items, next)) = reader.queue(&filter, from, AT_ONCE)? {
                count += self.drop_items(&reader, &items, &dropped, &wanting)?;
                from = next;
            }
        }
        let batch = self.begin()?;
        batch.execute(sql::DELETE, [id], "delete a selection")?;
        batch.commit()?;
        Ok(Some(count))
    }

    fn drop_items(
        &mut self,
        reader: &Reader,
        items: &[QueueItem],
        dropped: &SelectionWithMembers,
        others: &[SelectionWithMembers],
    ) -> Result<u64> {
        let mut count = 0;
        let mut batch = self.begin()?;
        for item in items {
            let Some((filing, _)) = reader.filing(item.accession)? else {
                continue;
            };
            let filers = reader.filers(item.accession)?;
            if dropped.wants(&filing, &filers).is_none() {
                continue;
            }
            let others = others.iter();
            let wanted: Vec<_> = others.filter_map(|w| w.wants(&filing, &filers)).collect();
            if !is_wanted(&item.target, &filing, &wanted) {
                batch.drop_item(item)?;
                count += 1;
                if item.target == Target::Documents && wanted.contains(&ArtifactChoice::Primary) {
                    let target = filing.target(ArtifactChoice::Primary);
                    batch.queue(&[QueueItem {
                        target,
                        ..item.clone()
                    }])?;
                }
            }
        }
        batch.commit()?;
        Ok(count)
    }
}

/// Whether one of `wanted` includes a target. A document other than the primary one comes from a
/// submission.
pub(super) fn is_wanted(target: &Target, filing: &Filing, wanted: &[ArtifactChoice]) -> bool {
    wanted.iter().any(|wanted| match (wanted, target) {
        (ArtifactChoice::Documents, Target::File(file)) => file.kind != ArtifactKind::Submission,
        (wanted, target) => filing.target(*wanted) == *target,
    })
}

impl Reader {
    /// The filers of a filing that are on record.
    pub fn filers(&self, accession: Accession) -> Result<Vec<Cik>> {
        let doing = "look up filers";
        self.rows(filings_sql::FILERS_OF, [accession], doing, |row| row.get(0))
    }
}

impl Batch<'_> {
    /// Drops one item of the queue.
    fn drop_item(&mut self, item: &QueueItem) -> Result<()> {
        let filing = self.filing(item.accession)?;
        let (path, doing, run) = (self.path, "change the queue", self.run_number());
        let (row, statement) = match &item.target {
            Target::File(file) => {
                let row = self.file_row(filing.id, &file.name).at(path, doing)?;
                let row = row.map(|FileRow { id, status, .. }| (id, status));
                (row, queue_sql::DROP_ARTIFACT)
            }
            Target::Documents => {
                let status = self.submission_status(filing.id).at(path, doing)?;
                let status = status.and_then(super::values::SubmissionStatus::as_artifact);
                (
                    status.map(|status| (filing.id, status)),
                    queue_sql::DROP_SUBMISSION,
                )
            }
        };
        if let Some((id, status)) = row {
            self.execute(statement, (id, run), doing)?;
            self.count(&filing, Change::files(status, -1, None))
                .at(path, doing)?;
            let dropped = Change::files(ArtifactStatus::Dropped, 1, None);
            self.count(&filing, dropped).at(path, doing)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, at, documents, filing, named, primary};
    use super::*;
    use crate::selection::Selection;

    /// Records one selection of primary documents and one of all documents, each for some
    /// companies.
    fn sandbox(primaries: &[u64], all: &[u64]) -> (Sandbox, SelectionId) {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(1), filing(2)]);
        let writer = &mut sandbox.writer;
        writer
            .record_selection(&named(primaries), true, at(0))
            .unwrap();
        let documents = Selection {
            artifacts: ArtifactChoice::Documents,
            ..named(all)
        };
        let recorded = writer.record_selection(&documents, true, at(0)).unwrap();
        (sandbox, recorded.id)
    }

    fn queue(sandbox: &Sandbox) -> Vec<String> {
        sandbox.rows(
            "SELECT substr(accession, -1), kind, status FROM v_artifacts ORDER BY accession, kind",
        )
    }

    #[test]
    fn what_another_selection_wants_stays_queued() {
        let (mut sandbox, id) = sandbox(&[1], &[1, 2]);
        sandbox.queue(&[documents(1), documents(2)]);
        assert_eq!(sandbox.writer.drop_selection(id, true).unwrap(), Some(2));
        assert_eq!(
            queue(&sandbox),
            [
                "1|documents|dropped",
                "1|primary|pending",
                "2|documents|dropped"
            ]
        );
        assert_eq!(sandbox.rows("SELECT id FROM v_selections"), ["1"]);
        sandbox.assert_counters();
    }

    #[test]
    fn a_queue_that_it_did_not_want_stays_as_it_is() {
        let (mut sandbox, id) = sandbox(&[1, 2], &[2]);
        let file = filing(2).primary_document;
        sandbox.queue(&[documents(1), primary(2, &file)]);
        assert_eq!(sandbox.writer.drop_selection(id, false).unwrap(), Some(0));
        assert_eq!(sandbox.writer.drop_selection(id, true).unwrap(), None);
        assert_eq!(
            queue(&sandbox),
            ["1|documents|pending", "2|primary|pending"]
        );
    }
}
