//! `text`: prints one document of a filing as text.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::cli::{Cli, TextArgs};
use crate::config::{
    Budgets, Concurrency, DiscoverFrom, Notify, RunOptions, SelectionOptions, Settings,
};
use crate::edgar::{Accession, ArtifactChoice, ArtifactKind, FileName, Filing, QueueItem, Target};
use crate::exit::{Exit, UsageError};
use crate::files::FilePath;
use crate::print::print;
use crate::progress::{DashboardStyle, Terminal};
use crate::run::{self, RunKind, RunRequest};
use crate::store::{ArtifactStatus, FileOnRecord, Reader};
use crate::text;

/// Tries of the one request, as `download` has them by default.
const MAX_ATTEMPTS: u32 = 3;

/// How long nothing is asked after a block, as `download` has it by default.
const BLOCK_COOLDOWN: Duration = Duration::from_mins(10);

/// Runs `text`.
pub(super) fn run(cli: &Cli, args: &TextArgs, terminal: &Terminal) -> Result<Exit> {
    let db = Reader::open(cli.db())?;
    let Some((filing, folder)) = db.filing(args.accession)? else {
        let accession = args.accession;
        return Err(UsageError(format!(
            "no filing {accession} is on record: `filing-etl backfill --cik N --form all` records the filings of a company"
        ))
        .into());
    };
    let on_record = db.on_record(&[args.accession])?.remove(&args.accession);
    let files = on_record.map(|known| known.files).unwrap_or_default();
    let wanted = wanted(&filing, &files, args.name.as_deref())?;
    let here = files
        .iter()
        .find(|known| known.file == wanted && known.status == ArtifactStatus::Downloaded);
    let settings = cli.settings()?;
    // Checked before the request, because a picture has no text.
    if !has_text(&wanted) {
        return Err(no_text(args.accession, &wanted).into());
    }
    drop(db);
    if here.is_none() {
        let item = QueueItem {
            accession: args.accession,
            folder,
            target: Target::File(wanted.clone()),
            submission_size: filing.size,
        };
        match download(cli, &settings, item, terminal)? {
            Exit::Complete => {}
            exit => return Ok(exit),
        }
    }
    let place = FilePath {
        folder,
        accession: args.accession,
        name: wanted.name.clone(),
    };
    let bytes = read(&settings.data_dir, &place)?;
    if let Some((_, hash)) = here.and_then(|known| known.stored)
        && Sha256::digest(&bytes)[..] != hash
    {
        bail!(
            "{} does not match its hash on record: `filing-etl verify` queues it again",
            settings.data_dir.join(place.path()).display()
        );
    }
    let format = args.text.into();
    let text = if wanted.kind == ArtifactKind::Submission {
        text::submission(args.accession, filing.filed_on, &bytes, format)?
    } else {
        text::extract(wanted.at_edgar(), &bytes, format).map(|text| text.text)
    };
    let text = text.ok_or_else(|| no_text(args.accession, &wanted))?;
    print(&(text + "\n"))?;
    Ok(Exit::Complete)
}

/// Downloads one file by a run, which is on record like that of `download`. What cannot be had stays
/// queued, and the exit is another one than [`Exit::Complete`].
fn download(cli: &Cli, settings: &Settings, item: QueueItem, terminal: &Terminal) -> Result<Exit> {
    if let Target::File(file) = &item.target
        && !file.is_served(item.accession)
    {
        bail!(
            "{}: EDGAR serves no file of its own for {}: `filing-etl download` gets it with its submission",
            item.accession,
            file.name
        );
    }
    // The monitoring service and the metrics file are about the jobs that run by themselves.
    let notify = Notify {
        metrics_file: None,
        ping_url: None,
        ..cli.notify(false)
    };
    run::reported(RunKind::Text, notify, |outcome| {
        let job = RunRequest {
            kind: RunKind::Text,
            options: RunOptions {
                concurrency: Concurrency::SEQUENTIAL,
                batch_size: 1,
                asked: SelectionOptions::default(),
                discover_from: DiscoverFrom::Api,
                download: true,
                retry_unavailable: false,
                max_attempts: MAX_ATTEMPTS,
                block_cooldown: BLOCK_COOLDOWN,
                budgets: Budgets::default(),
                progress: DashboardStyle::None,
            },
            only: Some(item),
            dry_run: false,
            json: false,
            style: Cli::style,
        };
        run::run(&job, settings, terminal, outcome)
    })
}

/// The file that is meant: the one of that name, or the primary document.
fn wanted(filing: &Filing, files: &[FileOnRecord], name: Option<&str>) -> Result<FileName> {
    let Target::File(primary) = filing.target(ArtifactChoice::Primary) else {
        unreachable!("the primary document is a file");
    };
    let Some(name) = name else {
        // A document without a name at EDGAR is recorded under its position in the submission.
        let first = files.iter().find(|known| known.sequence == Some(1));
        let named = files.iter().find(|known| known.file.name == primary.name);
        return Ok(named.or(first).map_or(primary, |known| known.file.clone()));
    };
    let is_it = |file: &FileName| {
        file.name.eq_ignore_ascii_case(name) || file.at_edgar().eq_ignore_ascii_case(name)
    };
    let Target::File(submission) = filing.target(ArtifactChoice::Submission) else {
        unreachable!("the submission is a file");
    };
    let mut known: Vec<_> = files.iter().map(|known| known.file.clone()).collect();
    for file in [primary, submission] {
        if !known
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&file.name))
        {
            known.push(file);
        }
    }
    if let Some(file) = known.iter().find(|file| is_it(file)) {
        return Ok(file.clone());
    }
    let names: Vec<_> = known.iter().map(|file| file.name.as_str()).collect();
    Err(UsageError(format!(
        "{} has no document {name:?} on record; there are {}. `filing-etl backfill --artifacts documents` \
         records all documents of a filing",
        filing.accession,
        names.join(", ")
    ))
    .into())
}

fn has_text(file: &FileName) -> bool {
    text::TextKind::of(file.at_edgar(), b"").is_some()
}

fn no_text(accession: Accession, file: &FileName) -> UsageError {
    UsageError(format!(
        "{accession}: {} has no text: only HTML, text and XML have",
        file.name
    ))
}

fn read(root: &Path, place: &FilePath) -> Result<Vec<u8>> {
    let path = root.join(place.path());
    fs::read(&path).with_context(|| {
        format!(
            "failed to read {}, which is on record as downloaded: `filing-etl verify` queues it again",
            path.display()
        )
    })
}
