//! Chooses the source of a run's filings before any request is sent.

use crate::config::{RunOptions, Settings};
use crate::sources::Source;
use crate::sources::bulk::{Cache, ChoiceInput, SourceChoice, choose};

/// The source to use for this many companies, as far as that is known before any request.
pub(super) fn choice(settings: &Settings, options: &RunOptions, companies: u64) -> SourceChoice {
    let url = settings.urls.submissions_archive();
    choose(&ChoiceInput {
        asked: options.discover_from,
        companies,
        rate: settings.rate,
        archive: Cache::new(&settings.data_dir).known(&url, settings.clock.now()),
        most: options.budgets.bytes,
    })
}

/// Chooses the source, logs the choice and opens the source.
pub(super) fn source(settings: &Settings, options: &RunOptions, companies: u64) -> Source {
    let choice = choice(settings, options, companies);
    log::info!("discovery from {}: {}", choice.source, choice.why);
    Source::new(choice, Cache::new(&settings.data_dir))
}
