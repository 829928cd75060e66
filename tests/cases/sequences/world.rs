//! A simulated EDGAR, a database with its files, and the changes to both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use filing_etl::internals::{Accession, Cik};
use filing_etl::sim::{LostDay, Options, SimUniverse, Simulator, SubmissionChange};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::checks;
use super::steps::{Change, Command, Lost, Step};
use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, simulated};

/// A small EDGAR with something of every kind: joint filings, older pages, foreign companies, funds.
fn options(seed: u64) -> Options {
    Options {
        companies: 28,
        seed,
        filings_per_year: 5,
        joint_filers: 4,
        ..simulated::small()
    }
}

/// The companies of the universe with this seed.
pub(super) fn ciks(seed: u64) -> Vec<Cik> {
    let universe = SimUniverse::new(&options(seed));
    universe.companies().map(|company| company.cik).collect()
}

/// The state of a sequence.
pub(super) struct World {
    pub sim: Simulator,
    pub sandbox: Sandbox,
    /// The value of `FILING_ETL_NOW`.
    now: Timestamp,
    /// Backfills that `update` follows from then on.
    asked: Vec<Vec<String>>,
    /// Files that were removed or changed on disk since the last `verify`.
    pub lost: BTreeSet<String>,
    /// Filings whose files may be requested again, because some were lost or a run was killed.
    pub excused: BTreeSet<Accession>,
    /// Filings that EDGAR has changed.
    pub changed: BTreeSet<Accession>,
    /// How often each file was served without a fault.
    pub served: BTreeMap<String, usize>,
    /// Whether EDGAR lacks something that it had before.
    pub removed: bool,
    /// The days whose indexes were missing at some time.
    pub lost_days: BTreeSet<Date>,
    /// The filings that the submissions lacked at some time although an index listed them.
    pub hidden: BTreeSet<Accession>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            sim: simulated::start(options(seed)),
            sandbox: Sandbox::new(),
            now: on(simulated::TODAY, seed),
            asked: Vec::new(),
            lost: BTreeSet::new(),
            excused: BTreeSet::new(),
            changed: BTreeSet::new(),
            served: BTreeMap::new(),
            removed: false,
            lost_days: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// Takes a step and checks the invariants.
    pub(super) fn take(&mut self, step: &Step) {
        println!("{} {step}", self.now);
        match step {
            Step::Run(command) => {
                let _ = self.run(command);
            }
            Step::Kill(command, after) => self.kill(command, *after),
            Step::Days(days) => self.pass(*days),
            Step::Lose(pick, what) => self.lose(*pick, *what),
            Step::Edgar(change) => self.change(*change),
        }
    }

    fn start(&self, sandbox: &Sandbox, args: &[String]) -> std::process::Command {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let mut command = sandbox.command_against(&self.sim, &args);
        command.env("FILING_ETL_NOW", self.now.to_string());
        command
    }

    /// Runs a command to its end.
    fn run(&mut self, command: &Command) -> Output {
        self.sim.log().clear();
        self.sim.set_faults(command.faults.clone());
        let mut args = command.args.clone();
        if !args.contains(&"--drop".to_owned()) {
            args.push("--json".to_owned());
        }
        let output = Output::of(self.start(&self.sandbox, &args));
        self.sim.set_faults(Vec::new());
        checks::after(self, command, &output);
        self.note_asked(command, output.status.code());
        output
    }

    /// Runs a command without faults.
    fn run_plain(&mut self, args: &[&str]) -> Output {
        println!("{} (end) filing-etl {}", self.now, args.join(" "));
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let faults = Vec::new();
        self.run(&Command { args, faults })
    }

    fn kill(&mut self, command: &Command, after: usize) {
        self.sim.log().clear();
        self.sim.set_faults(command.faults.clone());
        let mut running = Running::start(self.start(&self.sandbox, &command.args));
        let log = self.sim.log();
        let _killed = running.until(|| log.requests() >= after);
        let output = running.kill();
        self.sim.set_faults(Vec::new());
        // The last downloads may not be on record.
        for entry in self.sim.log().entries() {
            self.excused.extend(checks::accession_in(&entry.path));
        }
        checks::whole(self);
        self.note_asked(command, output.status.code());
    }

    /// A backfill whose flow has begun has recorded a selection for `update` to follow.
    fn note_asked(&mut self, command: &Command, code: Option<i32>) {
        let given = |option: &str| command.args.iter().any(|arg| arg == option);
        let one_off = ["--limit", "--until", "--no-follow"];
        if given("backfill") && matches!(code, Some(0 | 3)) && !one_off.into_iter().any(given) {
            let keeps = |arg: &&String| {
                let drops = [
                    "--no-download",
                    "--retry-unavailable",
                    "--max-bytes",
                    "100kB",
                ];
                !drops.contains(&arg.as_str())
            };
            self.asked
                .push(command.args.iter().filter(keeps).cloned().collect());
        }
    }

    fn pass(&mut self, days: i32) {
        let today = self.today().saturating_add(days.days());
        self.now = on(today, self.now.as_second().unsigned_abs() / 3600);
        self.sim.advance_to(today);
    }

    fn today(&self) -> Date {
        new_york().to_datetime(self.now).date()
    }

    fn lose(&mut self, pick: u64, what: Lost) {
        let files: Vec<_> = self.sandbox.files().into_keys().collect();
        let Some(chosen) = chosen(&files, pick) else {
            return;
        };
        let folder = chosen.rsplit_once('/').unwrap().0;
        for file in &files {
            let is_meant = match what {
                Lost::Filing => file.starts_with(folder),
                Lost::File | Lost::Bytes => file == chosen,
            };
            if !is_meant {
                continue;
            }
            let path = self.sandbox.path("filings").join(file);
            if let Lost::Bytes = what {
                fs::write(path, "other bytes").unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
            self.excused
                .extend(checks::accession_in(&format!("/Archives/{file}")));
            self.lost.insert(file.clone());
        }
    }

    fn change(&mut self, change: Change) {
        let universe = self.sim.universe();
        let company = |pick: u64| {
            let number = pick % u64::from(universe.len());
            let mut companies = universe.companies();
            companies.nth(usize::try_from(number).unwrap()).unwrap().cik
        };
        match change {
            Change::Delist(pick) => universe.delist(company(pick)),
            Change::Relist(pick) => universe.relist(company(pick)),
            Change::Move(pick, venue) => universe.move_to(company(pick), venue),
            Change::RemoveDocument(pick) => {
                let artifacts = self.rows(
                    "SELECT accession || ' ' || name FROM v_artifacts WHERE name IS NOT NULL",
                );
                if let Some(artifact) = chosen(&artifacts, pick) {
                    let (accession, name) = artifact.split_once(' ').unwrap();
                    universe.remove_document(accession.parse().unwrap(), name);
                    self.removed = true;
                }
            }
            Change::RemoveFiling(pick) => {
                if let Some(accession) = self.filing(pick) {
                    universe.remove_filing(accession);
                    self.removed = true;
                }
            }
            Change::Alter(pick) | Change::Lack(pick) => {
                let Some(accession) = self.filing(pick) else {
                    return;
                };
                let document = 1 + usize::try_from(pick % 3).unwrap();
                let how = match change {
                    Change::Alter(_) => SubmissionChange::Alter(document),
                    // The primary document is never removed.
                    _ => SubmissionChange::Drop(1 + document),
                };
                universe.change_submission(accession, how);
                self.changed.insert(accession);
                self.excused.insert(accession);
            }
            Change::LoseDay(ago) => {
                let day = self.today().saturating_sub(ago.days());
                universe.lose_day(day, LostDay::Listed);
                self.lost_days.insert(day);
            }
            Change::Hide(pick) => {
                let unknown = self.filings_of_the_last_days();
                let Some(accession) = chosen(&unknown, pick) else {
                    return;
                };
                let accession = accession.parse().unwrap();
                universe.hide_from_submissions(accession);
                self.hidden.insert(accession);
                self.excused.insert(accession);
            }
            Change::Restore => {
                for accession in self.rows("SELECT accession FROM v_filings") {
                    universe.restore_filing(accession.parse().unwrap());
                }
                self.removed = false;
                self.show_all();
            }
        }
    }

    /// Serves every index, and lists every filing in the submissions.
    fn show_all(&self) {
        let universe = self.sim.universe();
        for day in &self.lost_days {
            universe.restore_day(*day);
        }
        for accession in &self.hidden {
            universe.reveal(*accession);
        }
    }

    /// Recent filings that are not on record.
    fn filings_of_the_last_days(&self) -> Vec<String> {
        let known: BTreeSet<_> = self
            .rows("SELECT accession FROM v_filings")
            .into_iter()
            .collect();
        let universe = self.sim.universe();
        let since = self.today().saturating_sub(3.days());
        let ciks: Vec<_> = universe.companies().map(|company| company.cik).collect();
        let filings = ciks.into_iter().flat_map(|cik| universe.filings(cik));
        let lately = filings.filter(|filing| filing.filed_on >= since);
        let names = lately.map(|filing| filing.accession.to_string());
        let unknown: BTreeSet<_> = names.filter(|name| !known.contains(name)).collect();
        unknown.into_iter().collect()
    }

    /// Whether all queued submissions have another length than the recorded one. Their companies are not visited
    /// again, so the recorded length stays the old one.
    fn lacks_only_changed(&self) -> bool {
        let queued = "SELECT DISTINCT accession, last_error FROM v_artifacts \
                      WHERE status IN ('pending', 'failed')";
        let queued = self.rows(queued);
        let is_changed = |row: &String| {
            let (accession, error) = row.split_once('|').unwrap();
            error.contains("EDGAR lists") && self.changed.contains(&accession.parse().unwrap())
        };
        !queued.is_empty() && queued.iter().all(is_changed)
    }

    /// A filing on record, selected by the number.
    fn filing(&self, pick: u64) -> Option<Accession> {
        let filings = self.rows("SELECT DISTINCT accession FROM v_filings ORDER BY accession");
        chosen(&filings, pick).map(|accession| accession.parse().unwrap())
    }

    /// The rows of a query; none if there is no database yet.
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        if self.sandbox.path("filings.db").exists() {
            self.sandbox.rows(sql)
        } else {
            Vec::new()
        }
    }

    /// Ends all faults, and checks that everything selected is stored.
    pub(super) fn end(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let last = self.today();
        self.show_all();
        // Some filings appear days after their date, and the company lists are loaded again.
        self.pass(12);
        let _ = self.run_plain(&["verify"]);
        // Files that EDGAR no longer has are given up on the fourth day.
        let complete = (0..4).any(|_| {
            let output = self.run_plain(&["update"]);
            let is_complete = output.status.code() == Some(0) || self.lacks_only_changed();
            if !is_complete {
                self.pass(1);
            }
            is_complete
        });
        assert!(complete, "no update is complete");
        let verified = self.run_plain(&["verify"]);
        assert!(verified.status.code() == Some(0) || self.lacks_only_changed());
        let witness = Sandbox::new();
        for args in &self.asked {
            println!("{} (witness) filing-etl {}", self.now, args.join(" "));
            let output = Output::of(self.start(&witness, args));
            let code = output.status.code();
            // Companies that left their exchange, and files that EDGAR does not have.
            assert!(matches!(code, Some(0 | 2 | 3)), "{output:?}");
        }
        checks::nothing_is_lacking(self, &witness, last);
    }
}

/// A time of that day in New York, in the morning or late in the evening.
fn on(day: Date, pick: u64) -> Timestamp {
    let hour = if pick.is_multiple_of(2) { 9 } else { 23 };
    let time: DateTime = day.at(hour, 0, 0, 0);
    new_york().to_timestamp(time).unwrap()
}

fn new_york() -> TimeZone {
    // Exact to an hour, which is enough, as daylight saving time is ignored.
    TimeZone::fixed(jiff::tz::offset(-5))
}

fn chosen(from: &[String], pick: u64) -> Option<&String> {
    let number = u64::try_from(from.len()).unwrap();
    (number > 0).then(|| &from[usize::try_from(pick % number).unwrap()])
}
