//! Changes to the simulated EDGAR while it is served: companies leave, filings are corrected.

use jiff::civil::Date;

use crate::edgar::{Accession, Cik};

use super::changes::{CompanyChange, FilingChange, LostDay, SubmissionChange};
use super::documents::submission_size;
use super::universe::{SimFiling, SimUniverse};
use super::venue::Venue;

/// Applies the changes to the rows of one year. They are sorted, oldest first.
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

    /// Removes the master index of a day: the response is 403, as for a day on which EDGAR is closed.
    pub fn lose_day(&self, day: Date, how: LostDay) {
        let _ = self.changes.lock().days.insert(day, how);
    }

    /// Serves the master index of a day again.
    pub fn restore_day(&self, day: Date) {
        let _ = self.changes.lock().days.remove(&day);
    }

    /// Removes a company from the lists of the SEC and the exchanges. Its submissions stay, without
    /// tickers, and so do its documents.
    pub fn delist(&self, cik: Cik) {
        self.change_company(cik, |company| company.delisted = true);
    }

    /// Adds a removed company to the lists again.
    pub fn relist(&self, cik: Cik) {
        self.change_company(cik, |company| company.delisted = false);
    }

    /// Moves a company to another exchange. A class that is also traded over the counter stays there.
    /// Tickers keep their root; the new exchange determines the suffix.
    pub fn move_to(&self, cik: Cik, venue: Venue) {
        self.change_company(cik, |company| company.moved_to = Some(venue));
    }

    /// Stops serving the submissions of a company: 404. Lists, indexes and documents stay.
    pub fn remove_company(&self, cik: Cik) {
        self.change_company(cik, |company| company.removed = true);
    }

    /// Serves a removed company again.
    pub fn restore_company(&self, cik: Cik) {
        self.change_company(cik, |company| company.removed = false);
    }

    /// Stops serving one file of a filing: 403. The submissions, the indexes and the complete submission
    /// still list it.
    pub fn remove_document(&self, accession: Accession, name: &str) {
        let name = name.to_owned();
        self.change_filing(accession, |filing| {
            let _ = filing.removed_documents.insert(name);
        });
    }

    /// Stops serving a filing: 403. Submissions and indexes still list it.
    pub fn remove_filing(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.removed = true);
    }

    /// Serves a filing again, including all removed documents.
    pub fn restore_filing(&self, accession: Accession) {
        self.change_filing(accession, |filing| {
            filing.removed = false;
            filing.removed_documents.clear();
        });
    }

    /// Corrects the form, the date or both in the submissions of every filer and in the indexes.
    /// The documents, the acceptance time and the day of the index do not change.
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

    /// Removes a filing from the submissions of every filer. The indexes still list it, its documents are
    /// served, and [`SimUniverse::filings`] still has it.
    pub fn hide_from_submissions(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.hidden = true);
    }

    /// Lists a hidden filing in the submissions again.
    pub fn reveal(&self, accession: Accession) {
        self.change_filing(accession, |filing| filing.hidden = false);
    }

    /// Changes a submission. Its length in the submissions, its `ETag` and the single documents change with
    /// it. Several changes add up.
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
