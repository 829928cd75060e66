//! Up to which day EDGAR's daily indexes have been followed, for which companies and forms.
//!
//! A run for some companies says nothing about the others, nor a run for 10-Ks about 8-Ks: so
//! there is a watermark for each selection, and a selection may go by the watermark of a wider one.

use jiff::civil::Date;
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};

use super::error::{At, Result};
use super::reader::{Reader, Scope};
use super::types::json_texts;
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
        }
    }

    fn same_selection(&self, other: &Self) -> bool {
        (&self.exchanges, &self.ciks, &self.forms) == (&other.exchanges, &other.ciks, &other.forms)
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
    /// Records that everything up to a day is known of these companies and forms. A watermark
    /// never goes back.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn set_watermark(&mut self, scope: &Scope, forms: &FormFilter, day: Date) -> Result<()> {
        let doing = "record how far the indexes were followed";
        let batch = self.begin()?;
        let known: Option<String> = batch
            .tx
            .query_row(queries::META_GET, [meta::WATERMARKS], |row| row.get(0))
            .optional()
            .at(batch.path, doing)?;
        let mut marks = parse(known.as_deref());
        let mut new = Watermark::new(scope, forms, day);
        if let Some(place) = marks.iter().position(|mark| mark.same_selection(&new)) {
            let old = marks.remove(place);
            if old.through() > Some(day) {
                new = old;
            }
        }
        marks.push(new);
        let first = marks.len().saturating_sub(MOST);
        let text = write(&marks[first..]);
        batch
            .tx
            .execute(queries::META_PUT, (meta::WATERMARKS, text))
            .at(batch.path, doing)?;
        batch.commit()
    }
}

impl Reader {
    /// The last day up to which everything is known of these companies and forms: by the
    /// watermark of the same selection, or of one that holds all of it.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn watermark(&self, scope: &Scope, forms: &FormFilter) -> Result<Option<Date>> {
        let wanted = Watermark::new(scope, forms, Date::ZERO);
        let marks = parse(self.meta::<String>(meta::WATERMARKS)?.as_deref());
        if let Some(own) = marks.iter().find(|mark| mark.same_selection(&wanted)) {
            return Ok(own.through());
        }
        let mut newest = None;
        for mark in &marks {
            let forms = mark.forms == wanted.forms || mark.forms == FormFilter::all().to_string();
            if forms && self.holds(&mark.scope(), scope)? {
                newest = newest.max(mark.through());
            }
        }
        Ok(newest)
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

    /// Whether a backfill of these forms was ever begun.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn was_backfilled(&self, forms: &FormFilter) -> Result<bool> {
        let all = FormFilter::all().to_string();
        let forms = json_texts(&[forms.to_string(), all]);
        let doing = "look up earlier runs";
        self.one(queries::BACKFILLED, [forms], doing, |row| row.get(0))
    }
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

    #[test]
    fn a_watermark_never_goes_back() {
        let mut sandbox = Sandbox::new();
        let (scope, forms) = (Scope::default(), FormFilter::default());
        for (day, expected) in [(5, 5), (9, 9), (7, 9)] {
            let writer = &mut sandbox.writer;
            writer
                .set_watermark(&scope, &forms, date(2026, 3, day))
                .unwrap();
            let through = writer.reader().unwrap().watermark(&scope, &forms).unwrap();
            assert_eq!(through, Some(date(2026, 3, expected)));
        }
    }

    #[test]
    fn a_selection_goes_by_the_watermark_of_a_wider_one() {
        let mut sandbox = Sandbox::new();
        let forms = FormFilter::default();
        let day = date(2026, 3, 5);
        let set = |sandbox: &mut Sandbox, scope: &Scope, forms: &FormFilter| {
            sandbox.writer.set_watermark(scope, forms, day).unwrap();
        };
        let get = |sandbox: &Sandbox, scope: &Scope, forms: &FormFilter| {
            let reader = sandbox.writer.reader().unwrap();
            reader.watermark(scope, forms).unwrap()
        };
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
                .set_watermark(&named(&[n]), &forms, date(2026, 3, 5))
                .unwrap();
        }
        let reader = sandbox.writer.reader().unwrap();
        let through = |n| reader.watermark(&named(&[n]), &forms).unwrap();
        assert_eq!(through(1), None);
        assert_eq!(through(2), Some(date(2026, 3, 5)));
    }
}
