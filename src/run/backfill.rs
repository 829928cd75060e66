//! The plan of a backfill: records its selection and lists the companies to visit.

use std::collections::HashSet;

use anyhow::Result;
use jiff::civil::Date;

use super::companies;
use super::forms;
use super::update::RunPlan;
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::edgar::{ArtifactChoice, Cik};
use crate::pipeline::{OlderPages, RunSelection, VisitGoal, Visits};
use crate::selection::{Companies, Filings, Selection};
use crate::store::{Reader, Writer};

/// A selection that is not recorded yet, with its companies in the order of the visits.
#[derive(Debug)]
pub(super) struct BackfillSelection {
    selection: Selection,
    followed: bool,
    pub companies: Vec<Cik>,
}

/// The selection that the options of a backfill ask for. With `follow`, `update` follows it; but a
/// selection with `--limit` or a past `--until` is never followed.
///
/// # Errors
///
/// A [`crate::exit::UsageError`] when no company matches.
pub(super) fn asked(db: &Reader, options: &RunOptions, follow: bool) -> Result<BackfillSelection> {
    let asked = &options.asked;
    forms::warn_renamed(&asked.named_forms);
    let resolved = companies::resolve(db, &asked.companies)?;
    resolved.warn(db, asked.since)?;
    let mut ciks = resolved.some_ciks(db)?;
    let mut companies = resolved.companies;
    if let Some(limit) = asked.companies.limit {
        ciks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        companies = Companies::Named(ciks.iter().copied().collect());
    }
    Ok(BackfillSelection {
        selection: Selection {
            companies,
            criteria: resolved.criteria,
            filings: Filings {
                forms: asked.forms.clone().unwrap_or_default(),
                since: asked.since.unwrap_or(Date::MIN),
                until: asked.until,
            },
            artifacts: asked.artifacts.unwrap_or(ArtifactChoice::Primary),
        },
        followed: follow && asked.companies.limit.is_none() && asked.until.is_none(),
        companies: ciks,
    })
}

/// Records the selection of a backfill and plans its visits.
pub(super) fn plan(db: &mut Writer, asked: BackfillSelection, clock: Clock) -> Result<RunPlan> {
    let BackfillSelection {
        selection,
        followed,
        companies,
    } = asked;
    let recording = db.record_selection(&selection, followed, clock.now())?;
    if recording.is_new_or_wider {
        db.retry_companies(&companies)?;
    }
    let recorded = db.reader()?.selections()?;
    let recorded = recorded.iter().find(|known| known.id == recording.id);
    // Companies count as checked for a recorded selection if this run covers all that it wants.
    let covered = recorded.filter(|known| {
        let known = &known.selection;
        selection.filings.contains(&known.filings) && selection.artifacts == known.artifacts
    });
    let id = covered.map(|covered| covered.id);
    let criteria = covered.map_or(&selection.criteria, |covered| &covered.selection.criteria);
    // After a killed run, a selection on record may have companies that were never checked.
    let members = match id {
        Some(id) => db.reader()?.members(id)?,
        None => Vec::new(),
    };
    let never_checked = members.iter().filter(|member| member.checked_at.is_none());
    let never_checked: HashSet<_> = never_checked.map(|member| member.cik).collect();
    let want = |cik: &Cik| VisitGoal {
        selection: 0,
        older: OlderPages::Whole,
        again: recording.is_new_or_wider || never_checked.contains(cik),
    };
    Ok(RunPlan {
        visits: Visits {
            selections: vec![RunSelection {
                id,
                criteria: criteria.clone(),
                filings: selection.filings,
                artifacts: selection.artifacts,
            }],
            companies: companies
                .into_iter()
                .map(|cik| (cik, vec![want(&cik)]))
                .collect(),
        },
        selection: Some(recording.id),
        followed: None,
    })
}
