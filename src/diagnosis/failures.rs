//! The failures by kind.

use std::collections::BTreeMap;

use serde::Serialize;

use super::remedy::remedy;
use crate::store::{CompanyCoverage, FailureGroup};

/// Failures of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FailuresOfKind {
    /// The kind, as in `v_errors.kind`.
    pub kind: String,
    /// Companies whose filings could not be read.
    pub companies: u64,
    /// Files that could not be downloaded.
    pub artifacts: u64,
    /// Entries of lists that the last run could not read; their companies did not fail.
    pub problems: u64,
    /// One of the messages.
    pub example: String,
    /// The next step.
    pub remedy: &'static str,
}

impl FailuresOfKind {
    /// Adds up by kind: companies that could not be read, downloads that failed, and the problems of
    /// the last run.
    pub fn all(
        companies: &[CompanyCoverage],
        failed_downloads: &[FailureGroup],
        problems: &[FailureGroup],
    ) -> Vec<Self> {
        let mut kinds: BTreeMap<&str, Self> = BTreeMap::new();
        let mut of_kind = |kind, example: Option<&str>, add: &dyn Fn(&mut Self)| {
            let failure = kinds.entry(kind).or_default();
            if let Some(example) = example.filter(|_| failure.example.is_empty()) {
                example.clone_into(&mut failure.example);
            }
            add(failure);
        };
        for company in companies {
            if let Some((kind, error)) = &company.failure {
                of_kind(kind, Some(error), &|f| f.companies += 1);
            }
        }
        for group in failed_downloads {
            let example = group.example.as_deref();
            of_kind(&group.kind, example, &|f| f.artifacts += group.count);
        }
        for group in problems {
            let example = group.example.as_deref();
            of_kind(&group.kind, example, &|f| f.problems += group.count);
        }
        kinds
            .into_iter()
            .map(|(kind, failure)| Self {
                kind: kind.to_owned(),
                remedy: remedy(kind),
                ..failure
            })
            .collect()
    }
}
