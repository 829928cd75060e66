//! Recorded selections: what backfills asked for, the companies of each, and when each was checked.

use std::fmt;
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, Row, params};

use super::batch::Batch;
use super::companies::sorted_by;
use super::error::{AtPath, Error, Result};
use super::queries::companies;
use super::queries::selections as sql;
use super::reader::{Reader, number};
use super::selection_row::SelectionRow;
use super::values::{DateColumn, DayText, Time, company_params, json_ciks, time};
use super::writer::Writer;
use crate::criteria::CompanyCriteria;
use crate::edgar::calendar::{day_before, filing_day};
use crate::edgar::{Cik, FormFilter};
use crate::exchange::Exchange;
use crate::selection::{Companies, Filings, Selection};

/// The number of days for which a selection still follows a company that left its exchanges.
const FOLLOWED_AFTER_LEAVING: i32 = 90;

/// The id of a selection, as in `v_selections.id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectionId(pub(super) i64);

impl SelectionId {
    /// Its number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for SelectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ToSql for SelectionId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

/// A selection on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSelection {
    pub id: SelectionId,
    pub selection: Selection,
    /// Whether `update` follows the selection.
    pub followed: bool,
    /// The last day through which its checked companies are complete.
    pub through: Option<Date>,
}

impl From<i64> for SelectionId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// The result of recording a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectionChange {
    /// The selection on record that now contains the recorded one.
    pub id: SelectionId,
    /// Whether the selection is new or was widened.
    pub is_new_or_wider: bool,
}

/// A company of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectionCompany {
    pub cik: Cik,
    /// The company's filings up to this time were checked for the selection; `None` is never.
    pub checked_at: Option<Timestamp>,
}

impl Reader {
    /// All selections on record, in the order in which they were recorded.
    ///
    /// # Errors
    ///
    /// A row is one that no version of this program writes.
    pub fn selections(&self) -> Result<Vec<RecordedSelection>> {
        selections(&self.db, &self.path)
    }

    /// The union of the forms of all selections on record, or the default forms if there is no
    /// selection.
    ///
    /// # Errors
    ///
    /// As in [`Reader::selections`].
    pub fn wanted_forms(&self) -> Result<FormFilter> {
        let selections = self.selections()?;
        let forms = selections.iter().map(|s| &s.selection.filings.forms);
        Ok(FormFilter::union(forms).unwrap_or_default())
    }

    /// All selections as users see them, in the order in which they were recorded.
    pub fn selection_rows(&self) -> Result<Vec<SelectionRow>> {
        self.rows(sql::SHOWN, [], "read the selections", |row| {
            Ok(SelectionRow {
                id: row.get(0)?,
                companies: row.get(1)?,
                forms: row.get(2)?,
                since: row.get(3)?,
                until: row.get(4)?,
                artifacts: row.get(5)?,
                followed: row.get(6)?,
                through: row.get(7)?,
                companies_total: number(row, 8)?,
                companies_checked: number(row, 9)?,
                created_at: row.get(10)?,
                criteria: row.get(11)?,
            })
        })
    }

    /// The oldest `through` of the followed selections. `None` if there is no such selection or one
    /// of them has no `through` yet.
    pub fn through(&self) -> Result<Option<Date>> {
        let mut selections = self.selections()?;
        selections.retain(|selection| selection.followed);
        let through: Option<Vec<_>> = selections.iter().map(|s| s.through).collect();
        Ok(through.and_then(|through| through.into_iter().min()))
    }

    /// The companies of a selection: those that meet its conditions now, and those that left its
    /// exchanges recently.
    pub fn members(&self, selection: SelectionId) -> Result<Vec<SelectionCompany>> {
        members(&self.db, &self.path, selection)
    }

    /// The last day through which the checked companies of a selection are complete, according to
    /// when they were checked. `None` if none was checked.
    pub fn checked_through(&self, selection: SelectionId) -> Result<Option<Date>> {
        let doing = "look up the oldest check";
        let oldest = self.one(sql::OLDEST_CHECK, [selection], doing, |row| {
            row.get::<_, Option<Time>>(0)
        })?;
        Ok(oldest.map(|time| known_through(time.0)))
    }
}

fn selections(db: &Connection, path: &Path) -> Result<Vec<RecordedSelection>> {
    let read = |row: &Row<'_>| Ok((SelectionId(row.get(0)?), recorded(row)?));
    let rows: Vec<_> = db
        .prepare_cached(sql::ALL)
        .and_then(|mut all| all.query_map((), read)?.collect())
        .at(path, "read the selections")?;
    rows.into_iter()
        .map(|(id, selection)| {
            selection.ok_or_else(|| Error::Damaged {
                path: path.to_owned(),
                what: format!("selection {id} cannot be read"),
            })
        })
        .collect()
}

fn members(db: &Connection, path: &Path, id: SelectionId) -> Result<Vec<SelectionCompany>> {
    let read = |row: &Row<'_>| {
        Ok(SelectionCompany {
            cik: row.get(0)?,
            checked_at: row.get::<_, Option<Time>>(1)?.map(|time| time.0),
        })
    };
    db.prepare_cached(sql::MEMBERS)
        .and_then(|mut members| members.query_map([id], read)?.collect())
        .at(path, "read the companies of a selection")
}

/// A check covers the days before it. The day of the check was not over.
fn known_through(checked_at: Timestamp) -> Date {
    day_before(filing_day(checked_at))
}

fn recorded(row: &Row<'_>) -> rusqlite::Result<Option<RecordedSelection>> {
    let (exchanges, ciks): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
    let forms = FormFilter::from_text(&row.get::<_, String>(3)?);
    let companies = match (exchanges, ciks) {
        (None, None) => Some(Companies::Listed(None)),
        (Some(exchanges), None) => exchanges_of(&exchanges).map(|e| Companies::Listed(Some(e))),
        (None, Some(ciks)) => ciks_of(&ciks).map(Companies::Named),
        (Some(_), Some(_)) => None,
    };
    let criteria = row.get::<_, CompanyCriteria>(9).ok();
    let (Some(companies), Some(forms), Some(criteria)) = (companies, forms, criteria) else {
        return Ok(None);
    };
    let day = |column| -> rusqlite::Result<Option<Date>> {
        Ok(row.get::<_, Option<DateColumn>>(column)?.map(|day| day.0))
    };
    Ok(Some(RecordedSelection {
        id: SelectionId(row.get(0)?),
        selection: Selection {
            companies,
            criteria,
            filings: Filings {
                forms,
                since: row.get::<_, DateColumn>(4)?.0,
                until: day(5)?,
            },
            artifacts: row.get(6)?,
        },
        followed: row.get(7)?,
        through: day(8)?,
    }))
}

fn exchanges_of(json: &str) -> Option<std::collections::BTreeSet<Exchange>> {
    let names: Vec<String> = serde_json::from_str(json).ok()?;
    names.iter().map(|name| name.parse().ok()).collect()
}

fn ciks_of(json: &str) -> Option<std::collections::BTreeSet<Cik>> {
    let numbers: Vec<u64> = serde_json::from_str(json).ok()?;
    numbers.into_iter().map(Cik::new).collect()
}

impl Writer {
    /// Records what a backfill asks for. A selection within one on record adds no row. A selection
    /// that contains others on record widens the first of them and replaces the rest. Anything else
    /// is a new row. Only rows with the same `followed` are compared.
    ///
    /// CIKs that are not on record get a row among the companies.
    ///
    /// A widened selection keeps its `through`, and its companies count as never checked.
    pub fn record_selection(
        &mut self,
        asked: &Selection,
        followed: bool,
        now: Timestamp,
    ) -> Result<SelectionChange> {
        let batch = self.begin()?;
        let mut known = selections(&batch.tx, batch.path)?;
        known.retain(|known| known.followed == followed);
        if let Some(wide) = known.iter().find(|known| known.selection.contains(asked)) {
            return Ok(SelectionChange {
                id: wide.id,
                is_new_or_wider: false,
            });
        }
        known.retain(|known| asked.contains(&known.selection));
        let doing = "record a selection";
        if let (_, Some(ciks)) = company_params(&asked.companies) {
            batch.execute(companies::ADD_NAMED, [ciks], doing)?;
        }
        let id = match known.as_slice() {
            [] => batch.insert_selection(asked, followed, now)?,
            [widened, within @ ..] => {
                batch.widen_selection(widened.id, asked)?;
                for within in within {
                    batch.execute(sql::TAKE_LEFT, (within.id, widened.id), doing)?;
                    batch.execute(sql::DELETE, [within.id], doing)?;
                }
                widened.id
            }
        };
        batch.refresh_members(filing_day(now))?;
        batch.commit()?;
        Ok(SelectionChange {
            id,
            is_new_or_wider: true,
        })
    }

    /// Updates the companies of each selection. New ones are added. Those that no longer meet its
    /// conditions are followed for some time from `today`. A company that returns within that time
    /// keeps its checks.
    pub fn refresh_members(&mut self, today: Date) -> Result<()> {
        let batch = self.begin()?;
        batch.refresh_members(today)?;
        batch.commit()
    }

    /// Moves the `through` of a selection to a later day, never to an earlier one.
    pub fn raise_through(&mut self, selection: SelectionId, day: Date) -> Result<()> {
        let batch = self.begin()?;
        let doing = "record the last complete day of a selection";
        batch.execute(sql::RAISE_THROUGH, (selection, DayText::new(day)), doing)?;
        batch.commit()
    }
}

impl Batch<'_> {
    pub(super) fn refresh_members(&self, today: Date) -> Result<()> {
        let doing = "find the companies of the selections";
        let lapsed = today.saturating_sub(FOLLOWED_AFTER_LEAVING.days());
        for lapse in [sql::REMEMBER_LAPSED, sql::FORGET_LAPSED] {
            self.execute(lapse, [DayText::new(lapsed)], doing)?;
        }
        for RecordedSelection { id, selection, .. } in selections(&self.tx, self.path)? {
            let (exchanges, ciks) = company_params(&selection.companies);
            if ciks.is_some() {
                self.execute(sql::JOIN_NAMED, (id, ciks), doing)?;
            } else {
                self.execute(sql::LEAVE, (id, &exchanges, DayText::new(today)), doing)?;
                self.execute(sql::JOIN_LISTED, (id, exchanges), doing)?;
            }
            let members = members(&self.tx, self.path, id)?.into_iter();
            let members: Vec<_> = members.map(|member| member.cik).collect();
            let [_, others] = sorted_by(&selection.criteria, &members, &self.tx, self.path)?;
            if !others.is_empty() {
                self.execute(sql::FORGET_MEMBERS, (id, json_ciks(&others)), doing)?;
            }
        }
        Ok(())
    }

    /// Removes a company from every selection. A selection that named no other company is deleted.
    pub(super) fn leave_selections(&self, cik: Cik) -> Result<()> {
        let doing = "remove a company from the selections";
        self.execute(sql::FORGET_COMPANY, [cik], doing)?;
        for RecordedSelection { id, selection, .. } in selections(&self.tx, self.path)? {
            let Companies::Named(mut named) = selection.companies else {
                continue;
            };
            if !named.remove(&cik) {
                continue;
            }
            if named.is_empty() {
                self.execute(sql::DELETE, [id], doing)?;
            } else {
                let (_, ciks) = company_params(&Companies::Named(named));
                self.execute(sql::SET_CIKS, (id, ciks), doing)?;
            }
        }
        Ok(())
    }

    fn insert_selection(
        &self,
        asked: &Selection,
        followed: bool,
        now: Timestamp,
    ) -> Result<SelectionId> {
        let Selection {
            companies,
            criteria,
            filings:
                Filings {
                    forms,
                    since,
                    until,
                },
            artifacts,
        } = asked;
        let (exchanges, ciks) = company_params(companies);
        let row = params![
            exchanges,
            ciks,
            criteria,
            forms.to_string(),
            DayText::new(*since),
            until.map(DayText::new),
            artifacts,
            followed,
            time(now)
        ];
        self.execute(sql::INSERT, row, "record a selection")?;
        Ok(SelectionId(self.tx.last_insert_rowid()))
    }

    fn widen_selection(&self, id: SelectionId, asked: &Selection) -> Result<()> {
        let Selection {
            companies,
            criteria,
            filings:
                Filings {
                    forms,
                    since,
                    until,
                },
            artifacts: _, // equal, or the selection would not contain the other
        } = asked;
        let (exchanges, ciks) = company_params(companies);
        let doing = "widen a selection";
        let (since, until) = (DayText::new(*since), until.map(DayText::new));
        let forms = forms.to_string();
        let row = (id, exchanges, ciks, forms, since, until, criteria);
        self.execute(sql::WIDEN, row, doing)?;
        self.execute(sql::UNCHECK, [id], doing)?;
        Ok(())
    }

    /// Records that a company was checked for these selections: its filings as of that time were
    /// read to the end. If a selection's `through` is later than that time, the company does not
    /// count as checked for the selection, because the days in between were not read.
    pub fn company_checked(
        &self,
        cik: Cik,
        (as_of, now): (Timestamp, Timestamp),
        selections: &[SelectionId],
    ) -> Result<()> {
        let doing = "record a company as checked";
        let (through, as_of, now) = (known_through(as_of), time(as_of), time(now));
        self.execute(sql::COMPANY_CHECKED, (cik, &as_of, &now), doing)?;
        for selection in selections {
            let row = (selection, cik, &as_of, DayText::new(through), &now);
            self.execute(sql::CHECKED, row, doing)?;
        }
        Ok(())
    }

    /// Marks a company as never checked for every selection, because filings of it are missing.
    pub fn company_unchecked(&self, cik: Cik) -> Result<()> {
        let doing = "queue a company";
        self.execute(sql::COMPANY_UNCHECKED, [cik], doing)?;
        self.execute(sql::UNCHECK_COMPANY, [cik], doing)?;
        self.forget_pages(cik)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, at, cik, company, listed, named};
    use super::*;
    use crate::edgar::ArtifactChoice;
    use crate::exchange::Exchange::{Cboe, Nasdaq, Nyse};
    use jiff::civil::date;

    const DAY: i64 = 24 * 3600;

    fn record(sandbox: &mut Sandbox, selection: &Selection) -> SelectionId {
        let recording = sandbox.writer.record_selection(selection, true, at(0));
        recording.unwrap().id
    }

    fn of_sic(codes: &[&str]) -> CompanyCriteria {
        CompanyCriteria {
            sic: codes.iter().map(|code| code.parse().unwrap()).collect(),
        }
    }

    /// The companies of a selection, each with its check in seconds since the start of 2026.
    fn members(sandbox: &Sandbox, selection: SelectionId) -> Vec<(u64, Option<i64>)> {
        let second = |at_: Timestamp| at_.as_second() - at(0).as_second();
        let members = sandbox.reader().members(selection).unwrap().into_iter();
        members
            .map(|member| (member.cik.get(), member.checked_at.map(second)))
            .collect()
    }

    fn checked(sandbox: &mut Sandbox, company: u64, second: i64, selections: &[SelectionId]) {
        sandbox.write(|b| {
            let times = (at(second), at(second));
            b.company_checked(cik(company), times, selections).unwrap();
        });
    }

    fn number(selection: SelectionId) -> i64 {
        selection.0
    }

    /// Syncs a company list, `days` after the first sync. It contains company 2 if `with_two`.
    fn sync(sandbox: &mut Sandbox, days: i64, with_two: bool) {
        let mut list = vec![company(1, "One", &[("AAA", Some("Nasdaq"))])];
        if with_two {
            list.push(company(2, "Two", &[("BBB", Some("NYSE"))]));
        }
        let writer = &mut sandbox.writer;
        writer.put_universe(&list, true, at(days * DAY)).unwrap();
    }

    #[test]
    fn selections_come_back_as_they_were_asked() {
        let mut sandbox = Sandbox::new();
        let past = Selection {
            filings: Filings {
                forms: FormFilter::all(),
                since: date(1994, 1, 1),
                until: Some(date(2000, 12, 31)),
            },
            artifacts: ArtifactChoice::Documents,
            ..named(&[3, 320_193])
        };
        let everything = Selection {
            companies: Companies::Listed(None),
            criteria: of_sic(&["73", "6022"]),
            artifacts: ArtifactChoice::Submission,
            ..named(&[])
        };
        let asked = [listed(&[Nasdaq, Nyse]), past, everything];
        for selection in &asked {
            record(&mut sandbox, selection);
        }
        let known = sandbox.reader().selections().unwrap();
        let known: Vec<_> = known.into_iter().map(|known| known.selection).collect();
        assert_eq!(known, asked);
        assert_eq!(
            sandbox.rows("SELECT id, companies, since, until, artifacts, companies_total FROM v_selections ORDER BY id"),
            [
                "1|[\"Nasdaq\",\"NYSE\"]|2023-01-01|NULL|primary|2",
                "2|[3,320193]|1994-01-01|2000-12-31|documents|2",
                "3|all|2023-01-01|NULL|submission|3",
            ]
        );
    }

    #[test]
    fn a_company_whose_code_changes_moves_between_selections() {
        let mut sandbox = Sandbox::new();
        let of = |code: &str| Selection {
            criteria: of_sic(&[code]),
            ..named(&[1, 2])
        };
        let (software, banks) = (of("73"), of("60"));
        let software = record(&mut sandbox, &software);
        let banks = record(&mut sandbox, &banks);
        let looked_at = |sandbox: &mut Sandbox, company: u64, sic: &str| {
            let profile = crate::edgar::CompanyProfile {
                sic: sic.to_owned(),
                ..Default::default()
            };
            sandbox.write(|b| b.record_profile(cik(company), &profile).unwrap());
            sandbox.writer.refresh_members(date(2026, 1, 1)).unwrap();
        };
        let of = |sandbox: &Sandbox| {
            [software, banks].map(|selection| {
                let members = members(sandbox, selection).into_iter();
                members.map(|(company, _)| company).collect::<Vec<_>>()
            })
        };
        assert_eq!(of(&sandbox), [vec![1, 2], vec![1, 2]], "no code is known");
        looked_at(&mut sandbox, 1, "7372");
        looked_at(&mut sandbox, 2, "");
        assert_eq!(of(&sandbox), [vec![1], vec![]]);
        looked_at(&mut sandbox, 1, "6022");
        assert_eq!(of(&sandbox), [vec![], vec![1]]);
    }

    #[test]
    fn an_archive_that_is_older_than_the_last_check_moves_nothing_back() {
        let mut sandbox = Sandbox::new();
        let selection = record(&mut sandbox, &named(&[1]));
        // In the last case the clock was ahead.
        for (as_of, now, known) in [(2000, 2000, 2000), (1000, 3000, 2000), (1000, 1500, 1000)] {
            sandbox.write(|b| {
                let times = (at(as_of), at(now));
                b.company_checked(cik(1), times, &[selection]).unwrap();
            });
            assert_eq!(members(&sandbox, selection), [(1, Some(known))]);
            let rows = sandbox.reader().company_rows(&[cik(1)]).unwrap();
            assert_eq!(rows[0].last_checked_at, Some(at(known)));
        }
    }

    #[test]
    fn a_selection_within_another_adds_none_and_a_wider_one_takes_its_place() {
        let mut sandbox = Sandbox::new();
        let mut record = |selection: &Selection, followed| {
            let recording = sandbox.writer.record_selection(selection, followed, at(0));
            let SelectionChange {
                id,
                is_new_or_wider,
            } = recording.unwrap();
            (number(id), is_new_or_wider)
        };
        assert_eq!(record(&listed(&[Nasdaq]), true), (1, true));
        assert_eq!(record(&listed(&[Nyse]), true), (2, true));
        assert_eq!(record(&listed(&[Nyse]), true), (2, false), "the same");
        assert_eq!(record(&named(&[1]), true), (3, true), "it may be delisted");
        assert_eq!(record(&listed(&[Nyse]), false), (4, true), "not followed");
        let documents = Selection {
            artifacts: ArtifactChoice::Documents,
            ..listed(&[Nasdaq])
        };
        assert_eq!(record(&documents, true), (5, true), "another thing");
        assert_eq!(record(&listed(&[Nasdaq, Nyse]), true), (1, true));
        assert_eq!(record(&listed(&[Nyse]), true), (1, false));
        assert_eq!(
            sandbox.rows("SELECT id, followed FROM v_selections ORDER BY id"),
            ["1|1", "3|1", "4|0", "5|1"]
        );
    }

    #[test]
    fn a_widened_selection_keeps_through_and_its_companies_count_as_never_checked() {
        let mut sandbox = Sandbox::new();
        let id = record(&mut sandbox, &listed(&[Nasdaq]));
        checked(&mut sandbox, 1, 10 * DAY, &[id]);
        let through = date(2026, 1, 5);
        sandbox.writer.raise_through(id, through).unwrap();
        assert_eq!(members(&sandbox, id), [(1, Some(10 * DAY))]);
        record(&mut sandbox, &listed(&[Nasdaq, Nyse]));
        assert_eq!(members(&sandbox, id), [(1, None), (2, None)]);
        let known = &sandbox.reader().selections().unwrap()[0];
        assert_eq!(known.through, Some(through));
    }

    #[test]
    fn overlapping_selections_have_their_own_checks_and_through() {
        let mut sandbox = Sandbox::new();
        let mut old = listed(&[Nasdaq, Nyse]);
        old.filings.until = Some(date(2024, 1, 1));
        old.filings.since = date(2001, 1, 1);
        let (a, b) = (
            record(&mut sandbox, &old),
            record(&mut sandbox, &named(&[2, 3])),
        );
        checked(&mut sandbox, 2, 5 * DAY, &[a]);
        checked(&mut sandbox, 3, 7 * DAY, &[a, b]);
        assert_eq!(members(&sandbox, a), [(1, None), (2, Some(5 * DAY))]);
        assert_eq!(members(&sandbox, b), [(2, None), (3, Some(7 * DAY))]);
        let reader = sandbox.reader();
        // The day of the check was not over, and in New York 2026 starts five hours later than in
        // UTC.
        assert_eq!(reader.checked_through(a).unwrap(), Some(date(2026, 1, 4)));
        assert_eq!(reader.checked_through(b).unwrap(), Some(date(2026, 1, 6)));
        sandbox.writer.raise_through(a, date(2026, 1, 4)).unwrap();
        let selections = reader.selections().unwrap();
        let through: Vec<_> = selections.iter().map(|known| known.through).collect();
        assert_eq!(through, [Some(date(2026, 1, 4)), None]);
    }

    #[test]
    fn through_never_goes_back() {
        let mut sandbox = Sandbox::new();
        let id = record(&mut sandbox, &listed(&[Nyse]));
        for (day, expected) in [(5, 5), (9, 9), (7, 9)] {
            let writer = &mut sandbox.writer;
            writer.raise_through(id, date(2026, 3, day)).unwrap();
            let known = &sandbox.reader().selections().unwrap()[0];
            assert_eq!(known.through, Some(date(2026, 3, expected)));
        }
    }

    #[test]
    fn checked_as_of_before_through_does_not_count() {
        let mut sandbox = Sandbox::new();
        let id = record(&mut sandbox, &listed(&[Nyse]));
        sandbox.writer.raise_through(id, date(2026, 1, 9)).unwrap();
        checked(&mut sandbox, 2, 9 * DAY, &[id]);
        assert_eq!(members(&sandbox, id), [(2, None)], "known up to the 8th");
        checked(&mut sandbox, 2, 10 * DAY, &[id]);
        assert_eq!(members(&sandbox, id), [(2, Some(10 * DAY))]);
        checked(&mut sandbox, 2, 9 * DAY, &[id]);
        assert_eq!(
            members(&sandbox, id),
            [(2, Some(10 * DAY))],
            "the later one"
        );
    }

    #[test]
    fn a_company_that_left_is_followed_for_ninety_days() {
        let mut sandbox = Sandbox::new();
        let id = record(&mut sandbox, &listed(&[Nasdaq, Nyse]));
        let by_cik = record(&mut sandbox, &named(&[2]));
        for company in [1, 2] {
            checked(&mut sandbox, company, DAY, &[id, by_cik]);
        }
        let both = [(1, Some(DAY)), (2, Some(DAY))];
        sync(&mut sandbox, 2, false);
        sync(&mut sandbox, 3, false);
        assert_eq!(
            sandbox.rows(
                "SELECT selection, cik, left_on FROM selection_companies WHERE left_on IS NOT NULL"
            ),
            ["1|2|2026-01-02"],
            "the first sync without it"
        );
        assert_eq!(members(&sandbox, id), both);
        sync(&mut sandbox, 92, false);
        assert_eq!(members(&sandbox, id), both);
        sync(&mut sandbox, 93, false);
        assert_eq!(members(&sandbox, id), both[..1]);
        sync(&mut sandbox, 94, true);
        assert_eq!(members(&sandbox, id), [both[0], (2, None)], "back too late");
        assert_eq!(members(&sandbox, by_cik), [both[1]], "never lapses");
    }

    #[test]
    fn a_company_that_is_back_within_ninety_days_keeps_what_was_checked() {
        let mut sandbox = Sandbox::new();
        let id = record(&mut sandbox, &listed(&[Nyse]));
        checked(&mut sandbox, 2, DAY, &[id]);
        sync(&mut sandbox, 2, false);
        sync(&mut sandbox, 60, true);
        assert_eq!(members(&sandbox, id), [(2, Some(DAY))]);
        sync(&mut sandbox, 100, true);
        assert_eq!(
            members(&sandbox, id),
            [(2, Some(DAY))],
            "it never left since"
        );
        sync(&mut sandbox, 101, false);
        sync(&mut sandbox, 300, true);
        assert_eq!(members(&sandbox, id), [(2, None)], "no sync in between");
    }

    #[test]
    fn a_company_that_moves_to_another_exchange_changes_selections() {
        let mut sandbox = Sandbox::new();
        let (nyse, cboe) = (
            record(&mut sandbox, &listed(&[Nyse])),
            record(&mut sandbox, &listed(&[Cboe])),
        );
        checked(&mut sandbox, 2, DAY, &[nyse]);
        let list = [company(2, "Two", &[("BBB", Some("Cboe"))])];
        sandbox
            .writer
            .put_universe(&list, true, at(2 * DAY))
            .unwrap();
        assert_eq!(members(&sandbox, cboe), [(2, None)]);
        assert_eq!(members(&sandbox, nyse), [(2, Some(DAY))]);
    }

    #[test]
    fn a_company_to_be_looked_at_anew_counts_as_never_checked_everywhere() {
        let mut sandbox = Sandbox::new();
        let (a, b) = (
            record(&mut sandbox, &listed(&[Nyse])),
            record(&mut sandbox, &named(&[2, 3])),
        );
        checked(&mut sandbox, 2, DAY, &[a, b]);
        checked(&mut sandbox, 3, DAY, &[b]);
        sandbox.write(|batch| batch.company_unchecked(cik(2)).unwrap());
        assert_eq!(members(&sandbox, a), [(2, None)]);
        assert_eq!(members(&sandbox, b), [(2, None), (3, Some(DAY))]);
    }
}
