//! What a test changes at the simulated EDGAR while it is served: companies leave, filings are corrected.

use jiff::civil::Date;

use crate::edgar::{Accession, Cik};

use super::changes::{CompanyChange, FilingChange, LostDay, SubmissionChange};
use super::documents::submission_size;
use super::universe::{SimFiling, SimUniverse};
use super::venue::Venue;

/// Makes the rows of one year, oldest first, what they are by now.
pub(crate) fn apply(universe: &SimUniverse, filings: &mut [SimFiling]) {
    if universe.changes.spares_filings() {
        return;
    }
    for filing in &mut *filings {
        let change = universe.changes.of_filing(filing.accession);
        filing.form = change.form.unwrap_or(filing.form);
        filing.filed_on = change.filed_on.unwrap_or(filing.filed_on);
        if change.changed_on.is_some() {
            filing.size = submission_size(universe, filing);
        }
    }
    filings.sort_by_key(|filing| filing.filed_on);
}

impl SimUniverse {
    fn change_company(&self, cik: Cik, change: impl FnOnce(&mut CompanyChange)) {
        change(self.changes.lock().companies.entry(cik).or_default());
    }

    fn change_filing(&self, accession: Accession, change: impl FnOnce(&mut FilingChange)) {
        change(self.changes.lock().filings.entry(accession).or_default());
    }

    /// Loses the master index of a day: it answers 403, as a day does on which EDGAR is closed.
    pub fn lose_day(&self, day: Date, how: LostDay) {
        let _ = self.changes.lock().days.insert(day, how);
    }

    /// Serves the master index of a day again.
    pub fn restore_day(&self, day: Date) {
        let _ = self.changes.lock().days.remove(&day);
    }

    /// Takes a company off the SEC's and the exchanges' lists. Its submissions stay, without
    /// tickers; its documents stay.
    pub fn delist(&self, cik: Cik) {
        self.change_company(cik, |company| company.delisted = true);
    }

    /// Puts a company on the lists again.
    pub fn relist(&self, cik: Cik) {
        self.change_company(cik, |company| company.delisted = false);
    }

    /// Moves a company to another exchange. A class that is traded over the counter besides
    /// stays there. Tickers keep their root; what follows it is what the new exchange adds.
    pub fn move_to(&self, cik: Cik, venue: Venue) {
        self.change_company(cik, |company| company.moved_to = Some(venue));
    }

    /// Serves no submissions of a company any more: 404. Lists, indexes and documents stay.
    pub fn remove_company(&self, cik: Cik) {
        self.change_company(cik, |company| company.removed = true);
    }

    /// Serves a removed company again.
    pub fn restore_company(&self, cik: Cik) {
        self.change_company(cik, |company| company.removed = false);
    }

    /// Serves one name of a filing's folder no more: 403. Submissions, indexes and the complete
    /// submission still have it.
    pub fn remove_document(&self, accession: Accession, name: &str) {
        let name = name.to_owned();
        self.change_filing(accession, |filing| {
            let _ = filing.removed_documents.insert(name);
        });
    }

    /// Serves nothing of a filing any more: 403. Submissions and indexes still list it.
    pub fn remove_filing(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.removed = true);
    }

    /// Serves a filing again, with every document that was removed.
    pub fn restore_filing(&self, accession: Accession) {
        self.change_filing(accession, |filing| {
            filing.removed = false;
            filing.removed_documents.clear();
        });
    }

    /// Corrects the form, the date or both in the submissions of every filer and in the indexes.
    /// The documents, the acceptance and the day whose index has the filing stay.
    pub fn correct(
        &self,
        accession: Accession,
        form: Option<&'static str>,
        filed_on: Option<Date>,
    ) {
        self.change_filing(accession, |filing| {
            filing.form = form.or(filing.form);
            filing.filed_on = filed_on.or(filing.filed_on);
        });
    }

    /// Leaves a filing out of the submissions of every filer. The indexes list it, its documents
    /// are served, and [`SimUniverse::filings`] has it.
    pub fn hide_from_submissions(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.hidden = true);
    }

    /// Shows a hidden filing.
    pub fn reveal(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.hidden = false);
    }

    /// Changes a submission. Its length in the submissions, its `ETag` and what is served singly
    /// follow. Several changes add up.
    pub fn change_submission(&self, accession: Accession, how: SubmissionChange) {
        let today = self.today();
        self.change_filing(accession, |filing| {
            filing.changed_on = Some(today);
            match how {
                SubmissionChange::Drop(sequence) => filing.dropped.insert(sequence),
                SubmissionChange::Alter(sequence) => filing.altered.insert(sequence),
            };
        });
    }
}

#[cfg(test)]
mod tests;
