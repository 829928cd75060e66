//! Random sequences of commands between exports: a dataset that is refreshed again and again has the same
//! files as a new one, also after exports that were killed.
//!
//! To run more sequences, or one with another seed, by hand:
//!
//! ```text
//! FILING_ETL_SEQUENCES=100 FILING_ETL_STEPS=30 cargo test --test integration dataset_sequences
//! FILING_ETL_SEED=17 cargo test --test integration dataset_sequences -- --nocapture
//! ```

#![expect(
    clippy::print_stdout,
    reason = "what a failing sequence did has to be seen"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use fastrand::Rng;
use filing_etl::internals::Accession;
use filing_etl::sim::{Options, Simulator, SubmissionChange, Venue};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::dataset::{assert_is_of_views, files};
use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, number, seeds, simulated};

/// The default number of sequences. Their seeds are consecutive.
const SEQUENCES: u64 = 2;
/// The default number of steps of a sequence.
const STEPS: u64 = 8;

/// The datasets, each with the options of its first export.
const DATASETS: [(&str, &[&str]); 3] = [
    (
        "all",
        &[
            "--what",
            "companies,listings,filings,filers,artifacts,text,facts",
        ],
    ),
    (
        "some",
        &[
            "--exchange",
            "nasdaq",
            "--form",
            "annual,8-K",
            "--since",
            "500d",
        ],
    ),
    (
        "csv",
        &[
            "--format",
            "csv",
            "--until",
            "2025-03-31",
            "--what",
            "filings,artifacts,items",
        ],
    ),
];

struct World {
    sim: Simulator,
    sandbox: Sandbox,
    today: Date,
    rng: Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            sim: simulated::start(Options {
                companies: 28,
                seed,
                filings_per_year: 5,
                joint_filers: 4,
                ..simulated::small()
            }),
            sandbox: Sandbox::new(),
            today: simulated::TODAY,
            rng: Rng::with_seed(seed),
        }
    }

    fn one(&mut self, sql: &str) -> Option<String> {
        let rows = self.sandbox.rows(sql);
        self.rng.choice(&rows).cloned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command_against(&self.sim, args);
        let now = format!("{}T16:00:00Z", self.today.tomorrow().unwrap());
        command.env("FILING_ETL_NOW", now);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        println!("{} filing-etl {}", self.today, args.join(" "));
        let output = Output::of(self.command(args));
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 2 | 3)), "{output:?}");
        output
    }

    fn backfill(&mut self) {
        let companies: &[&str] = self
            .rng
            .choice(&[
                &[] as &[&str],
                &["--exchange", "NYSE"],
                &["--exchange", "Nasdaq,NYSE"],
                &["--exchange", "OTC"],
            ])
            .unwrap();
        let filings: &[&str] = self
            .rng
            .choice(&[
                &["--since", "2024-01-01"] as &[&str],
                &["--since", "2022-01-01"],
                &["--since", "2025-01-01", "--form", "8-K"],
                &["--since", "2025-01-01", "--form", "all"],
            ])
            .unwrap();
        let artifacts = ["primary", "submission", "documents"];
        let artifacts = self.rng.choice(&artifacts).unwrap();
        let how: &[&str] = self
            .rng
            .choice(&[&[] as &[&str], &[], &["--no-download"], &["--limit", "4"]])
            .unwrap();
        let artifacts = ["--artifacts", artifacts];
        let _ = self.run(&[&["backfill"], companies, filings, &artifacts, how].concat());
    }

    fn step(&mut self) {
        match self.rng.u32(0..18) {
            0..3 => self.backfill(),
            3 | 4 => {
                self.today = self.today.saturating_add(self.rng.i32(1..40).days());
                self.sim.advance_to(self.today);
                let _ = self.run(&["update"]);
                if self.rng.bool() {
                    let _ = self.run(&["facts", "sync"]);
                }
            }
            5 => {
                let _ = self.run(&["download"]);
            }
            6 => {
                let sql = "SELECT DISTINCT cik FROM v_artifacts WHERE status = 'pending'";
                if let Some(cik) = self.one(sql) {
                    let how: &[&str] = self.rng.choice(&[&["--drop"] as &[&str], &[]]).unwrap();
                    let _ = self.run(&[&["download", "--cik", &cik], how].concat());
                }
            }
            7 => {
                let _ = self.run(&["prune", "--yes"]);
            }
            8 => {
                if let Some(id) = self.one("SELECT id FROM v_selections") {
                    let how: &[&str] = self.rng.choice(&[&["--queue"] as &[&str], &[]]).unwrap();
                    let _ = self.run(&[&["selections", "drop", &id], how].concat());
                }
            }
            9 | 10 => {
                let sql = "SELECT path FROM v_artifacts WHERE status = 'downloaded'";
                for _ in 0..3 {
                    if let Some(path) = self.one(sql) {
                        println!("lost: {path}");
                        let path = self.sandbox.path("filings").join(path);
                        let _ = fs::remove_file(path);
                    }
                }
                let _ = self.run(&["verify"]);
            }
            11 => {
                let sql = "SELECT accession FROM v_filings WHERE primary_document <> ''";
                if let Some(accession) = self.one(sql) {
                    let _ = self.run(&["text", &accession]);
                }
            }
            12..15 => {
                let sql = "SELECT accession || ' ' || filed_on FROM v_filings";
                if let Some(filing) = self.one(sql) {
                    let (accession, filed_on) = filing.split_once(' ').unwrap();
                    self.correct(accession.parse().unwrap(), filed_on.parse().unwrap());
                }
                let _ = self.run(&["companies", "sync"]);
                self.backfill();
            }
            15 => {
                let sql = "SELECT accession || ' ' || name FROM v_artifacts WHERE name <> ''";
                if let Some(file) = self.one(sql) {
                    println!("not at EDGAR: {file}");
                    let (accession, name) = file.split_once(' ').unwrap();
                    let accession = accession.parse().unwrap();
                    self.sim.universe().remove_document(accession, name);
                }
            }
            _ => {
                let universe = self.sim.universe();
                let companies: Vec<_> = universe.companies().map(|c| c.cik).collect();
                let cik = *self.rng.choice(&companies).unwrap();
                match self.rng.u32(0..3) {
                    0 => universe.delist(cik),
                    1 => universe.relist(cik),
                    _ => universe.move_to(cik, Venue::Nasdaq),
                }
                let _ = self.run(&["companies", "sync"]);
            }
        }
    }

    /// EDGAR corrects the form or the date of a filing, or its submission.
    fn correct(&mut self, accession: Accession, filed_on: Date) {
        let universe = self.sim.universe();
        match self.rng.u32(0..4) {
            0 => universe.correct(accession, Some("8-K"), None),
            1 => universe.change_submission(accession, SubmissionChange::Alter(1)),
            _ => {
                let day = filed_on.saturating_add(self.rng.i32(-400..400).days());
                universe.correct(accession, None, Some(day.min(self.today)));
            }
        }
        println!("corrected: {accession}");
    }

    /// Starts an export, and kills it when it has written some files.
    fn kill(&mut self, args: &[&str], to: &Path) {
        let files = self.rng.usize(0..40);
        println!("{} filing-etl {} (killed)", self.today, args.join(" "));
        let temporary = to.join("_filing_etl.tmp");
        let mut running = Running::start(self.command(args));
        let _killed = running.until(|| {
            let entries = fs::read_dir(&temporary).map(Iterator::count);
            entries.is_ok_and(|entries| entries >= files)
        });
        let _ = running.kill();
    }

    /// Refreshes a dataset, and compares it with a new one.
    fn export(&mut self) {
        let (name, options) = *self.rng.choice(&DATASETS).unwrap();
        let to = self.sandbox.path(name);
        let is_there = to.join("_filing_etl.json").exists();
        let given = if is_there { &[] } else { options };
        let args = [&["export", "--json", "--to", name], given].concat();
        if self.rng.u32(0..3) == 0 {
            self.kill(&args, &to);
        }
        let refreshed = self.run(&args);
        let _ = fs::remove_dir_all(self.sandbox.path("new"));
        let new = self.run(&[&["export", "--json", "--to", "new"], options].concat());
        assert_eq!(refreshed.status.code(), new.status.code());
        if refreshed.status.code() == Some(2) {
            return;
        }
        let [ours, theirs] = [to, self.sandbox.path("new")].map(|folder| files(&folder));
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&theirs), "{name}");
        for (path, bytes) in ours.iter().filter(|(path, _)| !path.starts_with('_')) {
            assert!(
                theirs[path] == *bytes,
                "{path} of {name} has other rows than a new one"
            );
        }
        let [refreshed, new] = [refreshed, new].map(|output| output.json());
        for (table, of_table) in new["tables"].as_object().unwrap() {
            let mut ours = refreshed["tables"][table].clone();
            ours["files_written"] = of_table["files_written"].clone();
            assert_eq!(ours, *of_table, "{table} of {name}");
        }
        if name == "all" {
            assert_is_of_views(&self.sandbox, name);
        }
    }
}

#[test]
fn a_dataset_that_is_refreshed_again_and_again_is_the_same_as_a_new_one() {
    for seed in seeds(SEQUENCES) {
        println!("FILING_ETL_SEED={seed}");
        let mut world = World::new(seed);
        world.backfill();
        let _ = world.run(&["facts", "sync"]);
        for _ in 0..number("FILING_ETL_STEPS", STEPS) {
            world.step();
            world.export();
        }
    }
}
