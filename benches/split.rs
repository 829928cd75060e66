//! Measures how fast a complete submission is split into its documents.
//!
//! Uses generated submissions of 16 MB, one for each kind of text, and real captures if their folder exists.
//! The sink only counts, so the bench measures the splitter alone.

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use filing_etl::internals::Accession;
use filing_etl::internals::{DocumentHead, DocumentProblem, DocumentSink, DotScan, Dots, Splitter};

/// The chunk size of a buffered reader.
const CHUNK: usize = 64 * 1024;

/// The length of a generated submission.
const LENGTH: usize = 16 << 20;

#[derive(Default)]
struct Count {
    documents: usize,
    bytes: usize,
}

impl DocumentSink for Count {
    fn begin(&mut self, _: &DocumentHead<'_>) -> io::Result<()> {
        self.documents += 1;
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += black_box(bytes).len();
        Ok(())
    }

    fn end(&mut self, _: &[DocumentProblem]) -> io::Result<()> {
        Ok(())
    }
}

fn split(accession: Accession, text: &[u8]) -> Count {
    let mut count = Count::default();
    let mut splitter = Splitter::new(accession, Dots::Doubled, &[], &mut count);
    for chunk in text.chunks(CHUNK) {
        splitter.write(chunk).expect("a whole submission");
    }
    splitter.finish().expect("a whole submission");
    count
}

/// A submission of documents with this body, each about 200 KB.
fn submission(type_: &str, body: impl Fn(&mut String)) -> String {
    let mut text =
        String::from("<SEC-DOCUMENT>0000320193-23-000106.txt : 20231103\n</SEC-HEADER>\n");
    let mut name = 0;
    while text.len() < LENGTH {
        name += 1;
        write!(
            text,
            "<DOCUMENT>\n<TYPE>{type_}\n<SEQUENCE>{name}\n<FILENAME>{name}.x\n<TEXT>\n"
        )
        .expect("a string takes all");
        let end = text.len() + 200_000;
        while text.len() < end {
            body(&mut text);
        }
        if type_ == "GRAPHIC" {
            text.push_str("\nend\n");
        }
        text.push_str("</TEXT>\n</DOCUMENT>\n");
    }
    text + "</SEC-DOCUMENT>\n"
}

fn bench(c: &mut Criterion) {
    let accession: Accession = "0000320193-23-000106".parse().expect("it is one");
    let mut group = c.benchmark_group("split");
    group.sample_size(20);

    let plain = submission("10-K", |text| {
        text.push_str("     of the Registrant's Common Stock, as reported on the New York Stock\n");
        text.push_str("\n<PAGE>\n- ----------------------------------------------------------\n");
    });
    let pem = format!(
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n\n{plain}-----END PRIVACY-ENHANCED MESSAGE-----\n"
    );
    let html = submission("10-K", |text| {
        for _ in 0..8 {
            text.push_str(
                "<tr><td style=\"font-family:'Times New Roman'\">Net sales</td><td>383,285</td>",
            );
        }
        text.push_str("</tr>\n</table>\n<div>\n<p>\n");
    });
    let pictures = submission("GRAPHIC", |text| {
        if text.ends_with("<TEXT>\n") {
            text.push_str("begin 644 a.jpg\n");
        }
        text.push_str("M_]C_X  02D9)1@ ! 0   0 !  #_VP!#  @&!@<&!0@'!P<)\"0@*#!0-# L+\n");
    });
    for (name, text) in [
        ("text", plain),
        ("text in PEM", pem),
        ("html", html),
        ("pictures", pictures),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| split(accession, text.as_bytes())));
    }

    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/filings");
    if let Ok(files) = fs::read_dir(captures) {
        let texts: Vec<_> = files
            .filter_map(|file| fs::read(file.ok()?.path()).ok())
            .collect();
        group.throughput(Throughput::Bytes(
            texts.iter().map(|t| t.len() as u64).sum(),
        ));
        group.bench_function("real captures", |b| {
            b.iter(|| {
                texts
                    .iter()
                    .map(|text| split(accession, text).bytes)
                    .sum::<usize>()
            });
        });
    }
    group.throughput(Throughput::Bytes(LENGTH as u64));
    let text = "     of the Registrant's Common Stock, as reported on the New York Stock\n"
        .repeat(LENGTH / 73);
    group.bench_function("looking for dots", |b| {
        b.iter(|| {
            let mut scan = DotScan::default();
            text.as_bytes()
                .chunks(CHUNK)
                .for_each(|chunk| scan.write(chunk));
            scan.finish(None)
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
