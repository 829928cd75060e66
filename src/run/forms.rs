//! Warnings about the form types that a backfill names.

use anyhow::Result;

use crate::edgar::Cik;
use crate::edgar::form_family::{near, renamed};
use crate::progress::format::count;
use crate::store::Reader;

/// The most form types that are suggested when no similar one is known.
const MOST_SEEN: usize = 5;

/// Warns of form types that EDGAR has renamed, unless the new name is given as well.
pub(super) fn warn_renamed(named: &[String]) {
    for form in named {
        let Some(renamed) = renamed(form) else {
            continue;
        };
        if !named.iter().any(|form| form.starts_with(renamed.new)) {
            log::warn!(
                "EDGAR has called {} {} since {}: `--form {}` takes both",
                renamed.old,
                renamed.new,
                renamed.since,
                renamed.family
            );
        }
    }
}

/// Warns of form types that no filing of these companies has, and suggests others.
pub(super) fn warn_not_seen(db: &Reader, named: &[String], companies: &[Cik]) -> Result<()> {
    if named.is_empty() || companies.is_empty() {
        return Ok(());
    }
    let mut seen = db.forms_seen(companies)?;
    for form in named {
        if seen.iter().any(|(seen, _)| seen.eq_ignore_ascii_case(form)) {
            continue;
        }
        let list = |forms: &[&(String, u64)]| {
            let forms = forms
                .iter()
                .map(|(form, n)| format!("{} {form}", count(*n)));
            forms.collect::<Vec<_>>().join(", ")
        };
        let near = near(form, &seen);
        if !near.is_empty() {
            log::warn!(
                "no filing of these companies is a {form}; there are {}",
                list(&near)
            );
            continue;
        }
        seen.sort_by_key(|(_, filings)| std::cmp::Reverse(*filings));
        let most: Vec<_> = seen.iter().take(MOST_SEEN).collect();
        if most.is_empty() {
            log::warn!("no filing of these companies is a {form}: EDGAR lists no filings of them");
        } else {
            log::warn!(
                "no filing of these companies is a {form}; most frequent are {}",
                list(&most)
            );
        }
    }
    Ok(())
}
