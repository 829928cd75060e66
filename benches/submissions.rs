//! Measures how fast submissions documents are parsed into rows.
//!
//! Uses documents of the simulator with a thousand rows each, and real captures if their folder exists. Each row
//! is read as in discovery; rows of three forms become filings.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use filing_etl::internals::Cancel;
use filing_etl::internals::submissions;
use filing_etl::internals::{Client, ClientSettings, Expect, RequestKind, Timeouts};
use filing_etl::sim::{Options, Simulator};
use url::Url;

/// Documents per measurement.
const DOCUMENTS: usize = 20;

/// The number of rows, and how many of them became filings.
fn read(document: &[u8]) -> (usize, usize) {
    let parsed = submissions::parse(document).expect("a submissions document");
    let mut filings = 0;
    for row in parsed.rows.iter().flatten() {
        if matches!(row.form, "10-K" | "10-Q" | "8-K") {
            filings += usize::from(!black_box(row.to_filing()).primary_document.is_empty());
        }
    }
    (parsed.rows.len(), filings)
}

/// The largest documents of a simulated EDGAR.
fn generated() -> Vec<Vec<u8>> {
    let simulator = Simulator::start(Options {
        companies: 100,
        filings_per_year: 100,
        compress: false,
        ..Options::default()
    })
    .expect("a free port on loopback");
    let folder = tempfile::tempdir().expect("a temp folder");
    let client = Client::new(
        &ClientSettings {
            user_agent: "Bench bench@example.com".parse().ok(),
            rate: None,
            state_dir: folder.path().to_owned(),
            connections: 1,
            block_cooldown: Duration::ZERO,
            timeouts: Timeouts::default(),
            site: "bench".to_owned(),
        },
        Cancel::default(),
    )
    .expect("a writable temp folder");
    let mut documents: Vec<_> = simulator
        .universe()
        .companies()
        .map(|company| {
            let url = format!(
                "{}/submissions/CIK{:010}.json",
                simulator.url(),
                company.cik.get()
            );
            let url = Url::parse(&url).expect("an address");
            let expect = Expect::Json { max: 1 << 30 };
            let answer = client.fetch(&url, RequestKind::Discovery, expect);
            answer.expect("a document")
        })
        .collect();
    documents.sort_by_key(|document| std::cmp::Reverse(document.len()));
    documents.truncate(DOCUMENTS);
    documents
}

fn captures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/submissions");
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    files
        .filter_map(|file| fs::read(file.ok()?.path()).ok())
        // Older pages are among them.
        .filter(|bytes| submissions::parse(bytes).is_ok())
        .collect()
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("submissions");
    group.sample_size(20);
    for (name, documents) in [("generated", generated()), ("real captures", captures())] {
        let bytes: usize = documents.iter().map(Vec::len).sum();
        if bytes == 0 {
            continue;
        }
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |b| {
            b.iter(|| documents.iter().map(|d| read(d).0).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
