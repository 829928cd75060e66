//! `report`: writes one HTML page about coverage, growth, runs, failures and the queue. It only reads the
//! database, so it can run at the same time as any other command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::{Cli, ReportArgs};
use crate::config::CompanyFilter;
use crate::diagnosis::{Coverage, FailuresOfKind};
use crate::edgar::Cik;
use crate::exit::{Exit, UsageError};
use crate::print::print;
use crate::progress::format::{bytes, printable};
use crate::report::{GENERATOR, ReportFacts};
use crate::run::companies;
use crate::store::{Holdings, Reader};

/// The number of runs on the page: those of about three months of nights.
const RUNS: u32 = 90;

/// The mark of a report is within this many bytes at its beginning.
const HEAD: u64 = 1024;

pub(super) fn run(cli: &Cli, args: &ReportArgs) -> Result<Exit> {
    check_target(&args.to)?;
    let page = facts(cli)?.page();
    write(&args.to, &page).with_context(|| {
        format!(
            "failed to write the report to {}: check its folder and its disk",
            args.to.display()
        )
    })?;
    let size = bytes(page.len() as u64);
    print(&format!(
        "{}: {size}\n",
        printable(&args.to.to_string_lossy())
    ))?;
    Ok(Exit::Complete)
}

fn facts(cli: &Cli) -> Result<ReportFacts> {
    let db = Reader::open(cli.db())?;
    let wanted = db.wanted_forms()?;
    let mut forms = db.known_forms()?;
    forms.retain(|form| wanted.wants(form));
    let ciks = asked_for(&db)?;
    let last_run = db.last_run()?;
    let companies = db.company_coverage(&ciks, &forms, last_run.as_ref())?;
    let problems = match &last_run {
        Some(run) => db.problems(&ciks, run.id)?,
        None => Vec::new(),
    };
    let failures = FailuresOfKind::all(&companies, &db.failed_downloads(None)?, &problems);
    let stats = db.stats(RUNS)?;
    let mut by_form: BTreeMap<String, Holdings> = BTreeMap::new();
    for row in stats.forms_and_years {
        *by_form.entry(row.form).or_default() += row.holdings;
    }
    Ok(ReportFacts {
        made_at: cli.settings()?.clock.now(),
        database: cli.db().display().to_string(),
        through: db.through()?,
        total: stats.total,
        coverage: Coverage::of(&companies),
        selections: db.selection_rows()?,
        months: db.months()?,
        runs: stats.runs,
        failures,
        forms: by_form,
    })
}

/// The companies of all recorded selections; without any, those of a default backfill.
fn asked_for(db: &Reader) -> Result<Vec<Cik>> {
    let mut ciks = BTreeSet::new();
    for recorded in db.selections()? {
        ciks.extend(db.members(recorded.id)?.iter().map(|member| member.cik));
    }
    if ciks.is_empty() {
        return companies::resolve_known(db, &CompanyFilter::default())?.ciks(db);
    }
    Ok(ciks.into_iter().collect())
}

/// Refuses to replace what is not a report, so that a mistyped `--to` cannot destroy a file.
fn check_target(to: &Path) -> Result<()> {
    let what = match obstacle(to) {
        Ok(None) => return Ok(()),
        Ok(Some(what)) => what,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", to.display())),
    };
    let to = to.display();
    Err(UsageError(format!("{to} {what}: name another file with --to")).into())
}

/// What an existing target is, if it is not a report or an empty file.
fn obstacle(to: &Path) -> std::io::Result<Option<&'static str>> {
    let found = fs::metadata(to)?;
    if found.is_dir() {
        return Ok(Some("is a folder"));
    }
    if !found.is_file() {
        // Reading a pipe could wait for ever, and a rename would remove a device such as /dev/null.
        return Ok(Some("is not a file"));
    }
    let mut head = Vec::new();
    File::open(to)?.take(HEAD).read_to_end(&mut head)?;
    let is_report = head.is_empty() || String::from_utf8_lossy(&head).contains(GENERATOR);
    Ok((!is_report).then_some("exists and is not a report"))
}

/// Replaces the page by a rename, so that a reader sees the old page or the new one.
fn write(to: &Path, page: &str) -> std::io::Result<()> {
    // A symlink stays: the page replaces its target.
    let to = match fs::canonicalize(to) {
        Ok(there) => there,
        Err(_) => std::path::absolute(to)?,
    };
    let folder = to.parent().unwrap_or(&to);
    let mut new = tempfile::Builder::new();
    new.prefix(".filing-etl-report-");
    #[cfg(unix)]
    let mode = <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666); // less the umask
    #[cfg(unix)]
    new.permissions(mode);
    let mut file = new.tempfile_in(folder)?;
    file.write_all(page.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&to)?;
    Ok(())
}
