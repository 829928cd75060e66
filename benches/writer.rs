//! Measures how many filing rows a second the writer stores, by companies per commit.
//!
//! The rows are as in a run: grouped by company, 50 each, with accession numbers of about a hundred filing
//! agents, so that the numbers of a company are spread over the index. The database is in the system's
//! temporary folder, with all indexes and counters.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use filing_etl::internals::{Accession, ArtifactChoice, Cik, Filing, QueueItem};
use filing_etl::internals::{CompanyRow, Writer};
use jiff::Timestamp;
use jiff::civil::date;

/// Rows per company: about three years of 10-K, 10-Q and 8-K of an active company.
const PER_COMPANY: u64 = 50;
/// Rows in a measurement.
const ROWS: u64 = 20_000;
/// Filings per commit. A company may be written in several commits.
const BATCHES: [usize; 4] = [1, 10, 100, 1000];

struct Sample {
    writer: Writer,
    filings: Vec<(Cik, Vec<(Filing, Cik)>)>,
    _folder: tempfile::TempDir,
}

impl Sample {
    fn new(rows: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temp folder");
        let mut writer = Writer::open(&folder.path().join("bench.db")).expect("a new database");
        let filings = filings(rows / PER_COMPANY);
        let companies: Vec<_> = filings
            .iter()
            .map(|(cik, _)| CompanyRow {
                etf: false,
                cik: *cik,
                name: format!("COMPANY {cik} INC"),
                listings: Vec::new(),
            })
            .collect();
        writer
            .put_universe(&companies, true, Timestamp::UNIX_EPOCH)
            .expect("a writable database");
        Self {
            writer,
            filings,
            _folder: folder,
        }
    }

    /// Writes all rows, with `batch` of them per commit.
    fn write(&mut self, batch: usize) -> u64 {
        let mut new = 0;
        let mut tx = self.writer.begin().expect("the only writer");
        let mut room = batch;
        for (cik, filings) in &self.filings {
            let mut filings = filings.as_slice();
            while !filings.is_empty() {
                let (now, later) = filings.split_at(room.min(filings.len()));
                new += tx
                    .put_filings(*cik, now, Timestamp::UNIX_EPOCH)
                    .expect("a writable database");
                room -= now.len();
                filings = later;
                if room == 0 {
                    tx.commit().expect("a writable database");
                    tx = self.writer.begin().expect("the only writer");
                    room = batch;
                }
            }
        }
        tx.commit().expect("a writable database");
        new
    }

    /// Queues one artifact per filing, with this number of companies per commit.
    fn queue(&mut self, companies: usize) -> u64 {
        let mut created = 0;
        for some in self.filings.chunks(companies) {
            let mut tx = self.writer.begin().expect("the only writer");
            for (_, filings) in some {
                let artifacts: Vec<_> = filings
                    .iter()
                    .map(|(filing, folder)| QueueItem {
                        accession: filing.accession,
                        folder: *folder,
                        target: filing.target(ArtifactChoice::Primary),
                        submission_size: filing.size,
                    })
                    .collect();
                created += tx.queue(&artifacts).expect("a writable database");
            }
            tx.commit().expect("a writable database");
        }
        created
    }
}

fn filings(companies: u64) -> Vec<(Cik, Vec<(Filing, Cik)>)> {
    let mut random = fastrand::Rng::with_seed(7);
    let forms = ["10-K", "10-Q", "10-Q", "10-Q", "8-K", "8-K"];
    let mut sequence = 0;
    (1..=companies)
        .map(|company| {
            let cik = Cik::new(company * 97).expect("a small number");
            let filings = (0..PER_COMPANY)
                .map(|_| {
                    // About 18% of accession numbers begin with the company's own CIK. A few agents submit most of
                    // the others.
                    let submitter = if random.u8(..100) < 18 {
                        cik.get()
                    } else {
                        1_000_000 + random.u64(..20).pow(2)
                    };
                    let (year, filed_in) = [(23, 2023), (24, 2024), (25, 2025)][random.usize(..3)];
                    // Unique, and spread over the numbers of an agent in a year.
                    sequence += 1;
                    let number = sequence * 7919 % 999_983;
                    let accession =
                        Accession::new(submitter * 100_000_000 + year * 1_000_000 + number)
                            .expect("18 digits");
                    let filing = Filing {
                        accession,
                        form: forms[random.usize(..forms.len())].to_owned(),
                        filed_on: date(filed_in, random.i8(1..=12), 14),
                        report_date: Some(date(filed_in, 1, 1)),
                        accepted_at: "2023-05-04T16:30:22.000Z".to_owned(),
                        primary_document: format!("aapl-{number:08}.htm"),
                        items: String::new(),
                        size: Some(random.u64(1000..9_000_000)),
                        is_xbrl: true,
                    };
                    (filing, cik)
                })
                .collect();
            (cik, filings)
        })
        .collect()
}

fn writer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("writer");
    group.sample_size(10).throughput(Throughput::Elements(ROWS));
    for batch in BATCHES {
        group.bench_function(BenchmarkId::new("new", batch), |bench| {
            bench.iter_batched_ref(
                || Sample::new(ROWS),
                |sample| assert_eq!(sample.write(batch), ROWS),
                BatchSize::PerIteration,
            );
        });
    }
    for batch in BATCHES {
        let mut sample = Sample::new(ROWS);
        sample.write(1000);
        group.bench_function(BenchmarkId::new("unchanged", batch), |bench| {
            bench.iter(|| assert_eq!(black_box(sample.write(batch)), 0));
        });
    }
    group.bench_function(BenchmarkId::new("artifacts", 1000), |bench| {
        bench.iter_batched_ref(
            || {
                let mut sample = Sample::new(ROWS);
                sample.write(1000);
                sample
            },
            |sample| assert_eq!(sample.queue(20), ROWS),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, writer);
criterion_main!(benches);
