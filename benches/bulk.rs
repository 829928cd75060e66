//! Measures the speed of discovery from `submissions.zip`, in companies a second on two threads.
//!
//! The archive has 950,000 members, as EDGAR's archive. The members of the wanted companies have EDGAR's size
//! (150 KB in the median). The bench measures discovery without the database: opening the archive for the
//! wanted companies, inflating, checking, parsing, and comparing the form and date of each row.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use filing_etl::internals::Archive;
use filing_etl::internals::{Cik, DateRange, FormFilter, submissions};
use jiff::civil::date;
use rayon::prelude::*;
use tempfile::NamedTempFile;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The number of wanted companies.
const COMPANIES: u64 = 2000;
/// The number of members of other companies.
const STRANGERS: u64 = 948_000;
/// The median number of rows of a company, which are 150 KB.
const ROWS: std::ops::RangeInclusive<usize> = 100..=1700;

fn archive() -> (NamedTempFile, HashSet<Cik>) {
    let file = NamedTempFile::new().expect("a temp folder");
    let mut zip = ZipWriter::new(BufWriter::new(file.reopen().expect("our own file")));
    let options = SimpleFileOptions::default();
    let mut random = fastrand::Rng::with_seed(7);
    let mut add = |cik: u64, text: &str| {
        zip.start_file(format!("CIK{cik:010}.json"), options)
            .and_then(|()| Ok(zip.write_all(text.as_bytes())?))
            .expect("a disk with room");
    };
    for cik in 1..=COMPANIES {
        add(cik, &document(cik, &mut random));
    }
    for cik in 0..STRANGERS {
        add(1_000_000 + cik, "{}");
    }
    zip.finish().expect("a disk with room");
    let wanted = (1..=COMPANIES).filter_map(Cik::new).collect();
    (file, wanted)
}

/// A company's submissions with EDGAR's columns.
fn document(cik: u64, random: &mut fastrand::Rng) -> String {
    let forms = [
        "4", "4", "4", "8-K", "8-K", "10-Q", "10-K", "SC 13G/A", "424B2", "DEF 14A",
    ];
    let rows = random.usize(ROWS);
    let days: Vec<_> = (0..rows)
        .map(|row| {
            format!(
                "{}-{:02}-{:02}",
                2025 - row / 100,
                random.u8(1..=12),
                random.u8(1..=28)
            )
        })
        .collect();
    let mut text =
        format!("{{\"cik\":\"{cik:010}\",\"name\":\"COMPANY {cik}\",\"filings\":{{\"recent\":{{");
    let mut column = |name: &str, value: &mut dyn FnMut(usize) -> String| {
        let values: Vec<_> = (0..rows).map(value).collect();
        write!(text, "\"{name}\":[{}],", values.join(",")).expect("a String takes all");
    };
    column("accessionNumber", &mut |row| {
        format!(
            "\"{:010}-{:02}-{:06}\"",
            random.u64(1..2_000_000),
            25 - row / 100,
            random.u32(..999_999)
        )
    });
    column("filingDate", &mut |row| format!("\"{}\"", days[row]));
    column("reportDate", &mut |row| format!("\"{}\"", days[row]));
    column("acceptanceDateTime", &mut |row| {
        format!(
            "\"{}T{:02}:{:02}:{:02}.000Z\"",
            days[row],
            random.u8(6..22),
            random.u8(..60),
            random.u8(..60)
        )
    });
    column("act", &mut |_| "\"34\"".to_owned());
    column("form", &mut |_| {
        format!("\"{}\"", forms[random.usize(..forms.len())])
    });
    column("fileNumber", &mut |_| {
        format!("\"001-{:05}\"", random.u32(..99_999))
    });
    column("filmNumber", &mut |_| {
        format!("\"{}\"", random.u32(1_000_000..99_999_999))
    });
    column("items", &mut |_| "\"\"".to_owned());
    column("core_type", &mut |_| "\"4\"".to_owned());
    column("size", &mut |_| random.u32(3000..9_000_000).to_string());
    column("isXBRL", &mut |_| random.u8(..2).to_string());
    column("isInlineXBRL", &mut |_| random.u8(..2).to_string());
    column("primaryDocument", &mut |_| {
        format!("\"xslF345X05/wk-form4_{}.xml\"", random.u32(1_000_000..))
    });
    column("primaryDocDescription", &mut |_| "\"FORM 4\"".to_owned());
    text.pop();
    text.push_str("},\"files\":[]}}");
    text
}

fn bulk(criterion: &mut Criterion) {
    let (file, wanted) = archive();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .expect("two threads");
    let forms = FormFilter::default();
    let dates = DateRange::new(date(2022, 8, 1), date(2025, 8, 1)).expect("in order");
    let discover = |archive: &Archive, cik: Cik| {
        let bytes = archive.document(cik).expect("a good member");
        let document = submissions::parse(&bytes).expect("a good document");
        let wanted = |row: &submissions::SubmissionsRow<'_>| {
            forms.wants(row.form) && dates.contains(row.filed_on)
        };
        document
            .rows
            .iter()
            .flatten()
            .filter(wanted)
            .map(|row| black_box(row.to_filing()).accession)
            .fold(0, |count, _| count + 1)
    };
    let mut group = criterion.benchmark_group("bulk");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(COMPANIES));
    group.bench_function("companies", |bench| {
        bench.iter(|| {
            let archive = Archive::open(file.path(), &wanted).expect("a good archive");
            pool.install(|| {
                wanted
                    .par_iter()
                    .map(|cik| discover(&archive, *cik))
                    .sum::<usize>()
            })
        });
    });
    group.throughput(Throughput::Elements(COMPANIES + STRANGERS));
    group.bench_function("directory", |bench| {
        bench.iter(|| {
            black_box(
                Archive::open(file.path(), &wanted)
                    .expect("a good archive")
                    .len(),
            )
        });
    });
    group.finish();
}

criterion_group!(benches, bulk);
criterion_main!(benches);
