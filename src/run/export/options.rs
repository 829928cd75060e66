//! Resolves the options of an export: those that were given, or else those of the existing dataset.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Export, is_of_texts};
use crate::config::{CompanyFilter, ExchangeFilter};
use crate::dataset::table::{ALL, DEFAULT};
use crate::dataset::{Filters, Format, Manifest, Table};
use crate::edgar::dates::parse_when;
use crate::edgar::{Cik, DateRange, FormFilter};
use crate::exit::UsageError;
use crate::run::companies;
use crate::store::{DatasetScope, Reader};
use crate::text::TextFormat;

impl Export {
    /// The filters as the manifest stores them. Of a companies file, it stores the companies.
    #[must_use]
    pub fn filters(
        companies: &CompanyFilter,
        forms: Option<&FormFilter>,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Filters {
        let mut filters = Filters {
            exchanges: match &companies.on {
                ExchangeFilter::NotGiven => Vec::new(),
                ExchangeFilter::All => vec!["all".to_owned()],
                ExchangeFilter::These(these) => these.iter().map(ToString::to_string).collect(),
            },
            tickers: companies.tickers.clone(),
            ciks: companies.ciks.iter().map(|cik| cik.get()).collect(),
            criteria: companies.criteria.clone(),
            forms: forms.map(ToString::to_string),
            since: since.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        for texts in [&mut filters.exchanges, &mut filters.tickers] {
            texts.sort();
            texts.dedup();
        }
        filters.ciks.sort_unstable();
        filters.ciks.dedup();
        filters
    }

    /// Format, filters and tables: those of the options, or else those of the existing dataset.
    pub(super) fn resolve_options(
        &self,
        there: Option<&Manifest>,
    ) -> Result<(Format, Filters, Vec<&'static Table>)> {
        let mut names: Vec<&str> = self.tables.iter().map(|table| table.name).collect();
        let Some(there) = there else {
            let format = self.format.unwrap_or(Format::Parquet);
            let tables = if names.is_empty() {
                DEFAULT.to_vec()
            } else {
                known(&names)
            };
            return Ok((format, self.filters.clone(), tables));
        };
        let shown = self.to.display();
        if let Some(format) = self.format.filter(|format| *format != there.format) {
            return Err(UsageError(format!(
                "the dataset in {shown} has the format {}, not {}: name another folder",
                there.format.as_str(),
                format.as_str()
            ))
            .into());
        }
        if self.filters != Filters::default() && !is_same(&self.filters, &there.filters) {
            return Err(UsageError(format!(
                "the dataset in {shown} was made with other filters ({}): leave the filters out to \
                 refresh it, or name another folder",
                serde_json::to_string(&there.filters)?
            ))
            .into());
        }
        names.extend(there.tables.keys().map(String::as_str));
        Ok((there.format, there.filters.clone(), known(&names)))
    }

    /// The format of the texts: that of the options, or else that of the existing dataset. `None` if the
    /// dataset has no texts.
    pub(super) fn text_format(
        &self,
        there: Option<&Manifest>,
        tables: &[&'static Table],
    ) -> Result<Option<TextFormat>> {
        if !tables.iter().any(|table| is_of_texts(table)) {
            return match self.text {
                Some(_) => Err(UsageError(
                    "--text applies to the table text, which this dataset does not have: add --what text"
                        .to_owned(),
                )
                .into()),
                None => Ok(None),
            };
        }
        match (self.text, there.and_then(|there| there.text)) {
            (Some(said), Some(there)) if said != there => Err(UsageError(format!(
                "the texts of the dataset in {} have the format {}, not {}: name another folder",
                self.to.display(),
                there.name(),
                said.name()
            ))
            .into()),
            (said, there) => Ok(said.or(there).or(Some(TextFormat::Markdown))),
        }
    }
}

/// Whether two datasets with these filters have the same rows. The order of the form types does not count, and no
/// types are all.
fn is_same(a: &Filters, b: &Filters) -> bool {
    let forms = |filters: &Filters| match &filters.forms {
        Some(text) => FormFilter::from_text(text),
        None => Some(FormFilter::all()),
    };
    let without = |filters: &Filters| Filters {
        forms: None,
        ..filters.clone()
    };
    let same_forms = match (forms(a), forms(b)) {
        (Some(a), Some(b)) => a.holds(&b) && b.holds(&a),
        _ => false,
    };
    same_forms && without(a) == without(b)
}

/// The tables with these names, in the order of [`ALL`].
fn known(names: &[&str]) -> Vec<&'static Table> {
    let all = ALL.into_iter();
    all.filter(|table| names.contains(&table.name)).collect()
}

/// The filters as the database queries take them, and the filing dates.
pub(super) fn resolve(
    db: &Reader,
    filters: &Filters,
    now: Timestamp,
) -> Result<(DatasetScope, DateRange)> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let day = |text: &Option<String>, default| match text {
        Some(text) => parse_when(text, today).map_err(|e| UsageError(e.to_string())),
        None => Ok(default),
    };
    let dates = DateRange::new(
        day(&filters.since, Date::ZERO)?,
        // Without an end: filings with a later date may be on record.
        day(&filters.until, Date::MAX)?,
    )
    .map_err(|e| UsageError(format!("--since and --until: {e}")))?;
    let companies = company_filter(filters)?;
    let companies = if companies.is_given() {
        let mut ciks = companies::resolve_known(db, &companies)?.some_ciks(db)?;
        ciks.sort_unstable();
        Some(ciks)
    } else {
        None
    };
    let forms = match &filters.forms {
        Some(text) => {
            let wanted = FormFilter::from_text(text)
                .with_context(|| format!("{text:?} in the manifest is not a list of forms"))?;
            let mut forms = db.snapshot()?.forms()?;
            forms.retain(|form| wanted.wants(form));
            forms.sort();
            Some(forms)
        }
        None => None,
    };
    Ok((DatasetScope { companies, forms }, dates))
}

fn company_filter(filters: &Filters) -> Result<CompanyFilter> {
    let on = match filters.exchanges.as_slice() {
        [] => ExchangeFilter::NotGiven,
        names if names.iter().any(|name| name == "all") => ExchangeFilter::All,
        names => {
            let exchanges = names.iter().map(|name| Ok(name.parse()?));
            ExchangeFilter::These(exchanges.collect::<Result<_>>()?)
        }
    };
    let ciks = filters.ciks.iter();
    let cik =
        |cik: &u64| Cik::new(*cik).with_context(|| format!("{cik} in the manifest is not a CIK"));
    Ok(CompanyFilter {
        on,
        tickers: filters.tickers.clone(),
        ciks: ciks.map(cik).collect::<Result<_>>()?,
        criteria: filters.criteria.clone(),
        ..CompanyFilter::default()
    })
}
