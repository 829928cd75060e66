//! Finds the filings and files that no recorded selection wants, and deletes their rows.
//!
//! A selection wants the filings of its companies that have its forms and dates. Of each filing it wants the
//! primary document, the complete submission, or every document. Companies that left its exchanges still
//! count as its companies, however long ago. Otherwise a collection would lose delisted companies.

use std::collections::HashSet;

use super::batch::Batch;
use super::drop_selection::SelectionWithMembers;
use super::error::{AtPath, Error, Result};
use super::filings::OnRecord;
use super::holdings::Change;
use super::queries::{
    artifacts as artifacts_sql, companies as companies_sql, filings as sql, indexes as indexes_sql,
    selections as selections_sql,
};
use super::reader::Reader;
use super::values::{ArtifactStatus, SubmissionStatus, integer};
use crate::edgar::{Accession, ArtifactChoice, ArtifactKind, Cik, Filing, QueueItem, Target};

/// All recorded selections with their companies, followed or not.
#[derive(Debug)]
pub struct RecordedSelections(Vec<SelectionWithMembers>);

impl RecordedSelections {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, filing: &Filing, filers: &[Cik]) -> Vec<ArtifactChoice> {
        let wanting = self.0.iter();
        wanting.filter_map(|w| w.wants(filing, filers)).collect()
    }
}

/// The unwanted part of a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwanted {
    pub accession: Accession,
    pub form: String,
    /// The company whose folder has its files.
    pub folder: Cik,
    /// Whether the whole filing is unwanted.
    pub whole: bool,
    pub files: Vec<UnwantedFile>,
    /// The status of its submission, if its documents are no longer wanted.
    pub submission: Option<SubmissionStatus>,
    /// A wanted file that is not on record, because a queued split of the unwanted documents would have
    /// stored it.
    instead: Option<QueueItem>,
    filers: Vec<Cik>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnwantedFile {
    pub name: String,
    pub status: ArtifactStatus,
    /// The length, if the file is on disk.
    pub bytes: Option<u64>,
}

impl Reader {
    /// All recorded selections with their companies.
    pub fn selections_with_members(&self) -> Result<RecordedSelections> {
        let doing = "read the companies that left a selection";
        let mut selections = Vec::new();
        for recorded in self.selections()? {
            let members = self.members(recorded.id)?.into_iter();
            let mut members: HashSet<Cik> = members.map(|member| member.cik).collect();
            let left = self.rows(selections_sql::LEFT, [recorded.id], doing, |row| row.get(0))?;
            members.extend::<Vec<Cik>>(left);
            selections.push(SelectionWithMembers { recorded, members });
        }
        Ok(RecordedSelections(selections))
    }

    /// The unwanted parts of the next `n` filings after the row ID `after`, and the last row ID. Begin with 0.
    /// `None` after the last filing.
    pub fn unwanted(
        &self,
        selections: &RecordedSelections,
        after: i64,
        n: usize,
    ) -> Result<Option<(Vec<Unwanted>, i64)>> {
        let doing = "search for unwanted filings";
        let filings = self.rows(sql::NEXT, (after, integer(n as u64)), doing, |row| {
            let filers: String = row.get(11)?;
            let filing = super::filings::filing(row)?;
            Ok((
                row.get::<_, i64>(0)?,
                filing,
                row.get::<_, Cik>(10)?,
                filers,
            ))
        })?;
        let Some(next) = filings.last().map(|(id, ..)| *id) else {
            return Ok(None);
        };
        let accessions: Vec<_> = filings
            .iter()
            .map(|(_, filing, ..)| filing.accession)
            .collect();
        let on_record = self.on_record(&accessions)?;
        let mut unwanted = Vec::new();
        for (_, filing, folder, filers) in filings {
            let filers: Option<Vec<Cik>> = serde_json::from_str::<Vec<u64>>(&filers)
                .ok()
                .and_then(|numbers| numbers.into_iter().map(Cik::new).collect());
            let filers = filers.ok_or_else(|| Error::Damaged {
                path: self.path.clone(),
                what: format!("the filers of {} cannot be read", filing.accession),
            })?;
            let wanted = selections.of(&filing, &filers);
            if let Some(known) = on_record.get(&filing.accession) {
                unwanted.extend(of_filing(&filing, folder, filers, &wanted, known));
            }
        }
        Ok(Some((unwanted, next)))
    }

    /// Filers on record that are no longer needed: they were never listed, are in no selection, and have no
    /// filing.
    pub fn unneeded_companies(&self) -> Result<Vec<Cik>> {
        let doing = "search for unneeded companies";
        self.rows(companies_sql::UNNEEDED, (), doing, |row| row.get(0))
    }
}

/// The unwanted part of a filing, of which the selections want `wanted`. `None` if all of it is wanted.
fn of_filing(
    filing: &Filing,
    folder: Cik,
    filed_by: Vec<Cik>,
    wanted: &[ArtifactChoice],
    known: &OnRecord,
) -> Option<Unwanted> {
    let whole = wanted.is_empty();
    let is_split = wanted.contains(&ArtifactChoice::Documents);
    let target_names: Vec<String> = wanted
        .iter()
        .map(|wanted| filing.target(*wanted).name(filing.accession))
        .collect();
    // A submission without documents is stored as a text, which then counts as its documents.
    let is_only_file = known.files.len() == 1;
    let is_wanted = |file: &crate::edgar::FileName| {
        let named = || {
            target_names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&file.name))
        };
        match file.kind {
            ArtifactKind::Submission => {
                named() && !only_splits(filing, wanted) || is_split && is_only_file
            }
            // EDGAR may have corrected the name since the file was stored.
            ArtifactKind::Primary => wanted.contains(&ArtifactChoice::Primary) || is_split,
            _ => is_split || named(),
        }
    };
    let files: Vec<_> = known
        .files
        .iter()
        .filter(|known| whole || !is_wanted(&known.file))
        .map(|known| UnwantedFile {
            name: known.file.name.clone(),
            status: known.status,
            bytes: match known.status {
                ArtifactStatus::Downloaded => known.stored.map(|(bytes, _)| bytes),
                _ => None,
            },
        })
        .collect();
    let submission = known.submission.filter(|_| !is_split);
    if !whole && files.is_empty() && submission.is_none() {
        return None;
    }
    let instead = wanted
        .iter()
        .map(|wanted| filing.target(*wanted))
        .find(|target| {
            let on_record = known.file(&target.name(filing.accession)).is_some();
            submission.is_some_and(SubmissionStatus::is_queued)
                && *target != Target::Documents
                && !on_record
        })
        .map(|target| QueueItem {
            accession: filing.accession,
            folder,
            target,
            submission_size: filing.size,
        });
    Some(Unwanted {
        accession: filing.accession,
        form: filing.form.clone(),
        folder,
        whole,
        files,
        submission,
        instead,
        filers: filed_by,
    })
}

/// Whether the submission is wanted only for its documents, so that its text is not kept.
fn only_splits(filing: &Filing, wanted: &[ArtifactChoice]) -> bool {
    let mut targets = wanted.iter().map(|wanted| filing.target(*wanted));
    targets.all(|target| target == Target::Documents)
}

impl Batch<'_> {
    /// Deletes the unwanted part of a filing and updates the counts. If the whole filing is deleted, the older
    /// pages of its filers count as unread, because they list the filing.
    pub fn prune(&mut self, unwanted: &Unwanted) -> Result<()> {
        let filing = self.filing(unwanted.accession)?;
        let (path, doing) = (self.path, "delete a filing");
        for file in &unwanted.files {
            self.execute(artifacts_sql::DELETE, (filing.id, &file.name), doing)?;
            let bytes = file.bytes.map(|bytes| -integer(bytes));
            self.count(&filing, Change::files(file.status, -1, bytes))
                .at(path, doing)?;
        }
        if let Some(status) = unwanted.submission {
            self.execute(artifacts_sql::DELETE_SUBMISSION, [filing.id], doing)?;
            if let Some(status) = status.as_artifact() {
                self.count(&filing, Change::files(status, -1, None))
                    .at(path, doing)?;
            }
        }
        if let Some(item) = &unwanted.instead {
            self.queue(std::slice::from_ref(item))?;
        }
        if unwanted.whole {
            let gone = Change::filing().negated();
            self.count(&filing, gone).at(path, doing)?;
            self.execute(sql::DELETE_FILERS, [filing.id], doing)?;
            self.execute(sql::DELETE, [filing.id], doing)?;
            self.execute(indexes_sql::FORGET_ACCESSION, [unwanted.accession], doing)?;
            self.filings.remove(&unwanted.accession);
            for cik in &unwanted.filers {
                self.forget_pages(*cik)?;
            }
        }
        Ok(())
    }

    /// Deletes a filer that [`Reader::unneeded_companies`] returned.
    pub fn forget_company(&self, cik: Cik) -> Result<()> {
        let doing = "delete a company";
        for statement in [
            companies_sql::FORGET_FACTS,
            companies_sql::FORGET_NAMES,
            indexes_sql::FORGET_COMPANY,
        ] {
            self.execute(statement, [cik], doing)?;
        }
        self.forget_pages(cik)?;
        self.execute(companies_sql::FORGET, [cik], doing)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Sandbox, accession, at, cik, documents, exhibit, file, filing, listed, named, primary,
        print, wanted_file,
    };
    use super::*;
    use crate::exchange::Exchange::Nasdaq;
    use crate::selection::Selection;
    use jiff::ToSpan as _;
    use jiff::civil::date;

    /// Prunes everything, and returns what was deleted as `END OF THE ACCESSION: whole NAMES`.
    fn prune(sandbox: &mut Sandbox) -> Vec<String> {
        let reader = sandbox.reader();
        let selections = reader.selections_with_members().unwrap();
        let (mut after, mut gone) = (0, Vec::new());
        while let Some((unwanted, next)) = reader.unwanted(&selections, after, 2).unwrap() {
            for one in unwanted {
                let names: Vec<_> = one.files.iter().map(|f| f.name.as_str()).collect();
                let end = one.accession.to_string().split_off(19);
                gone.push(format!(
                    "{end}: {}{}",
                    if one.whole { "whole " } else { "" },
                    names.join(" ")
                ));
                sandbox.write(|batch| batch.prune(&one).unwrap());
            }
            after = next;
        }
        sandbox.assert_counters();
        let violations = sandbox.rows("SELECT * FROM pragma_foreign_key_check");
        assert!(violations.is_empty(), "{violations:?}");
        gone
    }

    fn record(sandbox: &mut Sandbox, selection: &Selection, followed: bool) {
        let writer = &mut sandbox.writer;
        writer.record_selection(selection, followed, at(0)).unwrap();
    }

    fn of(ciks: &[u64], artifacts: ArtifactChoice) -> Selection {
        Selection {
            artifacts,
            ..named(ciks)
        }
    }

    #[test]
    fn what_a_selection_wants_stays_followed_or_not_and_a_filing_of_nobody_goes_whole() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(2), filing(3)]);
        sandbox.put(3, &[filing(3), filing(4)]);
        for n in 1..5 {
            sandbox.queue(&[primary(n, "report.htm")]);
            sandbox.stored(n, "report.htm", print(n));
        }
        record(&mut sandbox, &named(&[1]), true);
        record(&mut sandbox, &named(&[2]), false);
        // The joint filing stays, because one of its filers is wanted.
        assert_eq!(prune(&mut sandbox), ["4: whole report.htm"]);
        assert_eq!(sandbox.rows("SELECT count(*) FROM v_filings"), ["4"]);
        assert!(prune(&mut sandbox).is_empty());
    }

    #[test]
    fn of_a_filing_only_what_is_wanted_stays() {
        for (wanted, gone) in [
            (
                vec![ArtifactChoice::Primary],
                "1: 0000000000-00-000001.txt ex.htm",
            ),
            (vec![ArtifactChoice::Submission], "1: report.htm ex.htm"),
            (
                vec![ArtifactChoice::Documents],
                "1: 0000000000-00-000001.txt",
            ),
            (
                vec![ArtifactChoice::Primary, ArtifactChoice::Submission],
                "1: ex.htm",
            ),
            (
                vec![ArtifactChoice::Documents, ArtifactChoice::Submission],
                "",
            ),
        ] {
            let mut sandbox = Sandbox::new();
            sandbox.put(1, &[filing(1)]);
            for wanted in &wanted {
                record(&mut sandbox, &of(&[1], *wanted), true);
            }
            let name = "0000000000-00-000001.txt";
            sandbox.queue(&[
                primary(1, "report.htm"),
                wanted_file(1, ArtifactKind::Submission, name),
            ]);
            sandbox.queue(&[documents(1)]);
            let mut report = exhibit("report.htm", Ok(print(1)));
            report.file = file(ArtifactKind::Primary, "report.htm");
            let mut text = exhibit(name, Ok(print(9)));
            text.file = file(ArtifactKind::Submission, name);
            let split = [report, text, exhibit("ex.htm", Ok(print(3)))];
            sandbox.write(|b| {
                b.split(accession(1), (&print(9), 2), &split, 1, at(1))
                    .unwrap()
            });
            let went: Vec<String> = prune(&mut sandbox)
                .iter()
                .map(|line| {
                    let (end, names) = line.split_once(": ").unwrap();
                    let mut names: Vec<_> = names.split(' ').collect();
                    names.sort_by_key(|name| (*name == "ex.htm", *name));
                    format!("{end}: {}", names.join(" "))
                })
                .collect();
            let left = sandbox.rows("SELECT count(*) FROM submissions");
            assert_eq!(left[0] == "1", wanted.contains(&ArtifactChoice::Documents));
            assert_eq!(went.join(""), gone, "{wanted:?}");
        }
    }

    #[test]
    fn a_text_that_is_all_there_is_of_the_documents_stays() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        record(&mut sandbox, &of(&[1], ArtifactChoice::Documents), true);
        let name = "0000000000-00-000001.txt";
        let mut text = exhibit(name, Ok(print(9)));
        text.file = file(ArtifactKind::Submission, name);
        sandbox.queue(&[documents(1)]);
        sandbox.write(|b| {
            b.split(accession(1), (&print(9), 0), &[text], 1, at(1))
                .unwrap()
        });
        assert!(prune(&mut sandbox).is_empty());
    }

    #[test]
    fn a_primary_document_is_queued_where_its_unwanted_submission_was() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        record(&mut sandbox, &named(&[1]), true);
        sandbox.queue(&[documents(1)]);
        assert_eq!(prune(&mut sandbox), ["1: "]);
        let queued = sandbox.rows("SELECT kind, name, status FROM v_artifacts");
        assert_eq!(queued, ["primary|report.htm|pending"]);
    }

    #[test]
    fn a_company_that_left_the_exchanges_long_ago_keeps_what_it_filed() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(2)]);
        record(&mut sandbox, &listed(&[Nasdaq]), true);
        let moved = super::super::testing::company(1, "One", &[("AAA", Some("OTC"))]);
        let two = super::super::testing::company(2, "Two", &[("BBB", Some("NYSE"))]);
        sandbox
            .writer
            .put_universe(&[moved, two], true, at(100))
            .unwrap();
        for days in [0, 91, 500] {
            let today = date(2026, 1, 2) + days.days();
            sandbox.writer.refresh_members(today).unwrap();
        }
        assert_eq!(
            sandbox.rows("SELECT count(*) FROM selection_companies"),
            ["0"]
        );
        assert_eq!(prune(&mut sandbox), ["2: whole "]);
        // A wider selection keeps the companies that left; dropping a selection deletes them.
        let wide = Selection {
            companies: crate::selection::Companies::Listed(None),
            ..listed(&[Nasdaq])
        };
        record(
            &mut sandbox,
            &listed(&[crate::exchange::Exchange::Nyse]),
            true,
        );
        record(&mut sandbox, &wide, true);
        assert_eq!(sandbox.rows("SELECT cik FROM selection_left"), ["1"]);
    }

    #[test]
    fn pages_that_told_of_a_pruned_filing_are_read_again() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(2)]);
        record(&mut sandbox, &named(&[2]), true);
        for name in [
            "CIK0000000001-submissions-001.json",
            "CIK0000000002-submissions-001.json",
        ] {
            let page = "INSERT INTO pages_read VALUES (?1, 1, '2020-01-01', '2025-01-01', 'all', '2020-01-01', '2025-12-31')";
            sandbox.writer.db.execute(page, [name]).unwrap();
        }
        assert_eq!(prune(&mut sandbox), ["1: whole "]);
        let left = sandbox.rows("SELECT name FROM pages_read");
        assert_eq!(left, ["CIK0000000002-submissions-001.json"]);
    }

    #[test]
    fn a_filer_that_was_only_known_by_its_number_goes_with_its_last_filing() {
        let mut sandbox = Sandbox::new();
        record(&mut sandbox, &named(&[77]), true);
        sandbox.put(77, &[filing(1)]);
        let id = sandbox.reader().selections().unwrap()[0].id;
        sandbox.writer.drop_selection(id, true).unwrap();
        record(&mut sandbox, &named(&[1]), true);
        assert!(sandbox.reader().unneeded_companies().unwrap().is_empty());
        assert_eq!(prune(&mut sandbox), ["1: whole "]);
        let unneeded = sandbox.reader().unneeded_companies().unwrap();
        assert_eq!(unneeded, [cik(77)]);
        sandbox.write(|batch| batch.forget_company(cik(77)).unwrap());
        assert_eq!(sandbox.rows("SELECT cik FROM v_companies"), ["1", "2", "3"]);
    }
}
