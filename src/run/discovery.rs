//! Where the filings of a run are discovered, chosen before anything is asked.

use crate::config::{RunOptions, Settings};
use crate::sources::Source;
use crate::sources::bulk::{Cache, ChoiceInput, SourceChoice, choose};

/// The way for so many companies, as far as is known before anything is asked.
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

/// The source for the companies of a run.
pub(super) fn source(settings: &Settings, options: &RunOptions, companies: u64) -> Source {
    let choice = choice(settings, options, companies);
    log::info!("discovery from {}: {}", choice.source, choice.why);
    Source::new(choice, Cache::new(&settings.data_dir))
}
