//! The steps of a sequence, chosen at random from a seed.

use std::fmt;

use fastrand::Rng;
use filing_etl::internals::Cik;
use filing_etl::sim::{Fault, Venue};

/// A step of a sequence.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A command is run to its end.
    Run(Command),
    /// A command is killed after this number of requests.
    Kill(Command, usize),
    /// Days pass.
    Days(i32),
    /// Some files are lost: one, or all of a filing's.
    Lose(u64, Lost),
    /// Something changes at EDGAR.
    Edgar(Change),
}

/// A command, and the faults of EDGAR while it runs.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub args: Vec<String>,
    pub faults: Vec<Fault>,
}

/// How files are lost.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lost {
    /// One is removed.
    File,
    /// Those of one filing are removed.
    Filing,
    /// One gets other bytes.
    Bytes,
}

/// A change at EDGAR, of a company or a filing on record that the number selects.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Delist(u64),
    Relist(u64),
    Move(u64, Venue),
    RemoveDocument(u64),
    RemoveFiling(u64),
    /// A document of a submission changes.
    Alter(u64),
    /// A submission lacks a document.
    Lack(u64),
    /// The index of a day, this many days ago, is not served, although the listing of the quarter has it.
    LoseDay(i32),
    /// A filing of the last days that is not on record is hidden from the submissions; the indexes list it.
    Hide(u64),
    /// Everything that was removed or hidden is served again.
    Restore,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(command) => write!(f, "{command}"),
            Self::Kill(command, after) => write!(f, "{command} (killed after {after} requests)"),
            Self::Days(days) => write!(f, "{days} days go by"),
            Self::Lose(pick, what) => write!(f, "lost: {what:?} {pick}"),
            Self::Edgar(change) => write!(f, "EDGAR: {change:?}"),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "filing-etl {}", self.args.join(" "))?;
        for fault in &self.faults {
            write!(f, " [{fault}]")?;
        }
        Ok(())
    }
}

/// This number of steps for these companies, the same ones for the same seed.
pub(super) fn random(seed: u64, number: u64, ciks: &[Cik]) -> Vec<Step> {
    let mut chance = Chance {
        rng: Rng::with_seed(seed),
        ciks,
    };
    // Every sequence begins with a selection.
    let mut steps = vec![Step::Run(chance.backfill())];
    while (steps.len() as u64) < number {
        steps.push(chance.step());
    }
    steps
}

struct Chance<'a> {
    rng: Rng,
    ciks: &'a [Cik],
}

impl Chance<'_> {
    fn step(&mut self) -> Step {
        match self.rng.u32(0..100) {
            0..20 => Step::Run(self.backfill()),
            20..36 => Step::Run(self.update()),
            36..44 => Step::Run(self.download()),
            44..52 => Step::Run(plain(&["verify"])),
            52..60 => {
                let command = match self.rng.u32(0..4) {
                    0 => plain(&["download"]),
                    1 => self.update(),
                    _ => self.backfill(),
                };
                Step::Kill(command, self.rng.usize(1..120))
            }
            60..72 => Step::Days(*self.rng.choice(&[1, 1, 1, 2, 3, 30, 100]).unwrap()),
            72..82 => {
                let lost = [Lost::File, Lost::Filing, Lost::Filing, Lost::Bytes];
                Step::Lose(self.rng.u64(..), *self.rng.choice(&lost).unwrap())
            }
            _ => Step::Edgar(self.change()),
        }
    }

    fn change(&mut self) -> Change {
        let pick = self.rng.u64(..);
        match self.rng.u32(0..20) {
            0..2 => Change::Delist(pick),
            2..4 => Change::Relist(pick),
            4..6 => {
                let venues = [Venue::Nasdaq, Venue::Nyse, Venue::Otc];
                Change::Move(pick, *self.rng.choice(&venues).unwrap())
            }
            6..8 => Change::RemoveDocument(pick),
            8..9 => Change::RemoveFiling(pick),
            9..11 => Change::Alter(pick),
            11..13 => Change::Lack(pick),
            13..16 => Change::LoseDay(self.rng.i32(0..4)),
            16..19 => Change::Hide(pick),
            _ => Change::Restore,
        }
    }

    /// A command with these arguments, often with faults of EDGAR.
    fn command(&mut self, args: &[&[&str]]) -> Command {
        let mut command = plain(&args.concat());
        if self.rng.u32(0..4) == 0 {
            let faults = [
                "reset:3%@documents*1",
                "gzip-cut:5%@documents*1",
                "503:4%@documents",
                "503:10%@discovery",
                "short:5%*1",
                "html:4%@documents*1",
            ];
            let fault = self.rng.choice(&faults).unwrap();
            command.faults.push(fault.parse().unwrap());
        }
        command
    }

    fn backfill(&mut self) -> Command {
        let companies = self.companies();
        let companies: Vec<_> = companies.iter().map(String::as_str).collect();
        let filings: &[&str] = self
            .rng
            .choice(&[
                &["--since", "2024-01-01"] as &[&str],
                &["--since", "2022-01-01"],
                &["--since", "2025-01-01", "--form", "8-K"],
                &["--since", "2024-06-01", "--form", "10-K,8-K"],
                &["--since", "2025-01-01", "--form", "all"],
                &["--since", "2019-01-01", "--form", "10-K"],
            ])
            .unwrap();
        let artifacts =
            self.rng
                .choice(&["primary", "primary", "submission", "documents", "documents"]);
        let artifacts = ["--artifacts", artifacts.unwrap()];
        let how: &[&str] = self
            .rng
            .choice(&[
                &[] as &[&str],
                &[],
                &[],
                &["--no-download"],
                &["--no-download"],
                &["--limit", "4"],
                &["--no-follow"],
                &["--max-bytes", "100kB"],
                &["--until", "2025-03-31"],
                &["--retry-unavailable"],
            ])
            .unwrap();
        let from: &[&str] = self
            .rng
            .choice(&[
                &[] as &[&str],
                &[],
                &["--discover-from", "bulk"],
                &["--preset", "sequential"],
            ])
            .unwrap();
        let args: [&[&str]; 6] = [&["backfill"], &companies, filings, &artifacts, how, from];
        self.command(&args)
    }

    fn update(&mut self) -> Command {
        let companies = self.companies();
        let companies: Vec<_> = companies.iter().map(String::as_str).collect();
        let narrower: &[&str] = match self.rng.u32(0..10) {
            0 => &companies,
            1 => &["--form", "10-K"],
            2 => &["--since", "2025-01-01"],
            3 => &["--artifacts", "documents"],
            4 => &["--no-download"],
            _ => &[],
        };
        self.command(&[&["update"], narrower])
    }

    fn download(&mut self) -> Command {
        let companies = self.companies();
        let companies: Vec<_> = companies.iter().map(String::as_str).collect();
        let how: &[&str] = match self.rng.u32(0..6) {
            0 => &["--drop"],
            1 => &["--retry-unavailable"],
            _ => &[],
        };
        self.command(&[&["download"], how, &companies])
    }

    fn companies(&mut self) -> Vec<String> {
        let exchange = |name: &str| vec!["--exchange".to_owned(), name.to_owned()];
        match self.rng.u32(0..8) {
            0 => exchange("NYSE"),
            1 => exchange("Nasdaq,NYSE"),
            2 => exchange("OTC"),
            3..6 => {
                let ciks = (0..self.rng.u32(1..4)).flat_map(|_| {
                    let cik = self.rng.choice(self.ciks).unwrap();
                    ["--cik".to_owned(), cik.to_string()]
                });
                ciks.collect()
            }
            _ => Vec::new(),
        }
    }
}

fn plain(args: &[&str]) -> Command {
    Command {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        faults: Vec::new(),
    }
}
