//! Up to which day EDGAR's daily indexes have been followed, for which companies and forms.
//!
//! A run for some companies says nothing about the others, nor a run for 10-Ks about 8-Ks: so
//! there is a watermark for each selection, and a selection may go by the watermark of a wider one.
//!
//! Whether a company was ever looked at is known for all forms together. So a run that looks at new
//! companies for fewer forms than a watermark is about leaves them to that one as *owed*.

use jiff::civil::Date;
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};

use super::error::{At, Result};
use super::reader::{Reader, Scope};
use super::writer::Writer;
use super::{meta, queries};
use crate::edgar::{Cik, FormFilter};

/// How many selections are remembered; the one that was set longest ago goes first.
const MOST: usize = 50;

/// Everything that EDGAR's indexes list up to a day, for some companies and forms, is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Watermark {
    exchanges: Option<Vec<String>>,
    ciks: Option<Vec<u64>>,
    forms: String,
    through: String,
    /// Companies that are not known up to the day, because another run looked at them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    owed: Vec<u64>,
}

/// How far some companies and forms were followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The last day up to which everything is known,
    pub through: Date,
    /// but for these companies, which are to be looked at like new ones.
    pub owed: Vec<Cik>,
}

impl Watermark {
    fn new(scope: &Scope, forms: &FormFilter, through: Date) -> Self {
        let sorted = |mut list: Vec<_>| {
            list.sort_unstable();
            list
        };
        let ciks = scope.ciks.as_ref().map(|ciks| {
            let mut ciks: Vec<_> = ciks.iter().map(|cik| cik.get()).collect();
            ciks.sort_unstable();
            ciks
        });
        Self {
            exchanges: scope.exchanges.clone().map(sorted),
            ciks,
            forms: forms.to_string(),
            through: through.to_string(),
            owed: Vec::new(),
        }
    }

    fn same_selection(&self, other: &Self) -> bool {
        (&self.exchanges, &self.ciks, &self.forms) == (&other.exchanges, &other.ciks, &other.forms)
    }

    /// Whether its forms are among these.
    fn is_held_by(&self, forms: &FormFilter) -> bool {
        FormFilter::from_text(&self.forms).is_some_and(|own| forms.holds(&own))
    }

    /// Whether its forms are these, or more.
    fn has_forms(&self, wanted: &FormFilter) -> bool {
        FormFilter::from_text(&self.forms).is_some_and(|forms| forms.holds(wanted))
    }

    fn through(&self) -> Option<Date> {
        self.through.parse().ok()
    }

    fn scope(&self) -> Scope {
        let ciks = self.ciks.as_ref();
        Scope {
            exchanges: self.exchanges.clone(),
            ciks: ciks.map(|ciks| ciks.iter().filter_map(|cik| Cik::new(*cik)).collect()),
        }
    }
}

impl Writer {
    /// Records that everything up to a day is known of these companies and forms, but for those
    /// that are still owed. A watermark never goes back.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn set_watermark(
        &mut self,
        scope: &Scope,
        forms: &FormFilter,
        day: Date,
        owed: &[Cik],
    ) -> Result<()> {
        let mut new = Watermark::new(scope, forms, day);
        new.owed = owed.iter().map(|cik| cik.get()).collect();
        self.change_watermarks(|marks| {
            if let Some(place) = marks.iter().position(|mark| mark.same_selection(&new)) {
                let old = marks.remove(place);
                if old.through() > Some(day) {
                    new = old;
                }
            }
            marks.push(new);
            let more = marks.len().saturating_sub(MOST);
            marks.drain(..more);
        })
    }

    /// Before a run for these forms looks at companies for the first time: every watermark that
    /// is about other forms, too, has them still to come. So does every one, where the companies
    /// are read as they were some time ago.
    ///
    /// # Errors
    ///
    /// If the database cannot be read or written.
    pub fn owe(&mut self, companies: &[Cik], forms: &FormFilter, outdated: bool) -> Result<()> {
        if companies.is_empty() {
            return Ok(());
        }
        let db = self.reader()?;
        let mut marks = db.watermarks()?;
        let before = marks.clone();
        for mark in &mut marks {
            if !outdated && mark.is_held_by(forms) {
                continue;
            }
            let scope = mark.scope();
            for cik in companies {
                if !mark.owed.contains(&cik.get()) && db.in_scope(&scope, *cik)? {
                    mark.owed.push(cik.get());
                }
            }
        }
        if marks == before {
            return Ok(());
        }
        self.change_watermarks(|known| *known = marks)
    }

    fn change_watermarks(&mut self, change: impl FnOnce(&mut Vec<Watermark>)) -> Result<()> {
        let doing = "record how far the indexes were followed";
        let batch = self.begin()?;
        let known: Option<String> = batch
            .tx
            .query_row(queries::META_GET, [meta::WATERMARKS], |row| row.get(0))
            .optional()
            .at(batch.path, doing)?;
        let mut marks = parse(known.as_deref());
        change(&mut marks);
        batch
            .tx
            .execute(queries::META_PUT, (meta::WATERMARKS, write(&marks)))
            .at(batch.path, doing)?;
        batch.commit()
    }
}

impl Reader {
    /// How far these companies and forms were followed: by the watermark of the same selection,
    /// or of one that holds all of it, whichever is newer.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn watermark(&self, scope: &Scope, forms: &FormFilter) -> Result<Option<Followed>> {
        let wanted = Watermark::new(scope, forms, Date::ZERO);
        let mut newest = None;
        for mark in self.watermarks()? {
            let own = mark.same_selection(&wanted);
            if own || mark.has_forms(forms) && self.holds(&mark.scope(), scope)? {
                newest = newest.max(Some((mark.through(), own, mark.owed)));
            }
        }
        let Some((Some(through), _, owed)) = newest else {
            return Ok(None);
        };
        let mut followed = Followed {
            through,
            owed: Vec::new(),
        };
        for cik in owed.into_iter().filter_map(Cik::new) {
            if self.in_scope(scope, cik)? {
                followed.owed.push(cik);
            }
        }
        Ok(Some(followed))
    }

    fn watermarks(&self) -> Result<Vec<Watermark>> {
        Ok(parse(self.meta::<String>(meta::WATERMARKS)?.as_deref()))
    }

    /// Whether every company of the second scope is in the first.
    fn holds(&self, wide: &Scope, narrow: &Scope) -> Result<bool> {
        if let Some(ciks) = &narrow.ciks {
            for cik in ciks {
                if !self.in_scope(wide, *cik)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let exchanges = match (&wide.exchanges, &narrow.exchanges) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => narrow.iter().all(|exchange| wide.contains(exchange)),
        };
        Ok(wide.ciks.is_none() && exchanges)
    }

    /// What runs were ever begun that looked for these forms, perhaps among others.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn backfilled(&self, forms: &FormFilter) -> Result<Backfilled> {
        let doing = "look up earlier runs";
        let runs = self.rows(queries::BACKFILLED, (), doing, |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        })?;
        let holds = |text: &str| FormFilter::from_text(text).is_some_and(|own| own.holds(forms));
        let begun = runs.iter().any(|(own, backfill)| *backfill && holds(own));
        let others = runs.iter().any(|(own, _)| !holds(own));
        Ok(match (begun, others) {
            (false, _) => Backfilled::Never,
            (true, false) => Backfilled::Begun,
            (true, true) => Backfilled::BegunAmongOthers,
        })
    }
}

/// Whether a backfill of some forms was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfilled {
    /// None was.
    Never,
    /// One was, and when a company was looked at, it was for these forms.
    Begun,
    /// One was, but other runs looked at companies for other forms only.
    BegunAmongOthers,
}

fn write(marks: &[Watermark]) -> String {
    serde_json::to_string(marks).expect("texts and numbers are always valid JSON")
}

/// What is written in the database; nothing, if it cannot be read: then the next update starts
/// from the newest discovery.
fn parse(text: Option<&str>) -> Vec<Watermark> {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, cik};
    use super::*;
    use jiff::civil::date;

    fn on(exchanges: &[&str]) -> Scope {
        Scope {
            exchanges: Some(exchanges.iter().map(|e| (*e).to_owned()).collect()),
            ciks: None,
        }
    }

    fn named(ciks: &[u64]) -> Scope {
        Scope {
            exchanges: None,
            ciks: Some(ciks.iter().map(|c| cik(*c)).collect()),
        }
    }

    fn through(sandbox: &Sandbox, scope: &Scope, forms: &FormFilter) -> Option<Date> {
        let reader = sandbox.writer.reader().unwrap();
        let followed = reader.watermark(scope, forms).unwrap();
        followed.map(|followed| followed.through)
    }

    #[test]
    fn a_watermark_never_goes_back() {
        let mut sandbox = Sandbox::new();
        let (scope, forms) = (Scope::default(), FormFilter::default());
        for (day, expected) in [(5, 5), (9, 9), (7, 9)] {
            let writer = &mut sandbox.writer;
            writer
                .set_watermark(&scope, &forms, date(2026, 3, day), &[])
                .unwrap();
            assert_eq!(
                through(&sandbox, &scope, &forms),
                Some(date(2026, 3, expected))
            );
        }
    }

    #[test]
    fn a_selection_goes_by_the_watermark_of_a_wider_one() {
        let mut sandbox = Sandbox::new();
        let forms = FormFilter::default();
        let day = date(2026, 3, 5);
        let set = |sandbox: &mut Sandbox, scope: &Scope, forms: &FormFilter| {
            sandbox
                .writer
                .set_watermark(scope, forms, day, &[])
                .unwrap();
        };
        let get = through;
        set(&mut sandbox, &on(&["NYSE", "Nasdaq"]), &forms);
        assert_eq!(get(&sandbox, &on(&["Nasdaq", "NYSE"]), &forms), Some(day));
        assert_eq!(get(&sandbox, &on(&["NYSE"]), &forms), Some(day));
        assert_eq!(get(&sandbox, &named(&[1, 2]), &forms), Some(day));
        assert_eq!(get(&sandbox, &on(&["NYSE", "Cboe"]), &forms), None);
        assert_eq!(get(&sandbox, &named(&[1, 3]), &forms), None);
        assert_eq!(get(&sandbox, &Scope::default(), &forms), None);
        let all = FormFilter::all();
        assert_eq!(get(&sandbox, &on(&["NYSE"]), &all), None);
        set(&mut sandbox, &Scope::default(), &all);
        assert_eq!(get(&sandbox, &named(&[1, 3]), &forms), Some(day));
    }

    #[test]
    fn only_so_many_selections_are_remembered() {
        let mut sandbox = Sandbox::new();
        let forms = FormFilter::default();
        for n in 1..=MOST as u64 + 1 {
            let writer = &mut sandbox.writer;
            writer
                .set_watermark(&named(&[n]), &forms, date(2026, 3, 5), &[])
                .unwrap();
        }
        let through = |n| through(&sandbox, &named(&[n]), &forms);
        assert_eq!(through(1), None);
        assert_eq!(through(2), Some(date(2026, 3, 5)));
    }
}
