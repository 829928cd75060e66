//! Measures how fast text is extracted from a document, and the memory for it.
//!
//! Uses generated documents of 8 MB of each kind, and the HTML of real captures if their folder exists. With
//! `--write plain|markdown DIR FILE...`, the bench writes the text of each file to DIR, under the name of the file
//! with `.txt`, for comparisons with other programs. It then prints a line with name and seconds of CPU time for each file.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group};
use filing_etl::internals::{TextFormat, extract_text as extract};

/// The length of a generated document.
const LENGTH: usize = 8 << 20;

fn main() -> io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "--write") {
        return write(args);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
    Ok(())
}

fn write(mut args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let usage = || io::Error::other("usage: --write plain|markdown DIR FILE...");
    let format = match args.next().ok_or_else(usage)?.to_str() {
        Some("plain") => TextFormat::Plain,
        Some("markdown") => TextFormat::Markdown,
        _ => return Err(usage()),
    };
    let folder = PathBuf::from(args.next().ok_or_else(usage)?);
    let mut out = io::stdout().lock();
    for file in args.map(PathBuf::from) {
        let bytes = fs::read(&file)?;
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let began = cpu_seconds();
        let text = extract(&name, &bytes, format);
        let seconds = cpu_seconds() - began;
        if let Some(text) = text {
            fs::write(folder.join(format!("{name}.txt")), text.text)?;
            writeln!(out, "{name}\t{seconds}")?;
        }
    }
    Ok(())
}

/// The CPU time of this thread, which other processes on the machine do not change.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
    .as_secs_f64()
}

/// A document with many table rows, as in inline XBRL.
fn tables() -> String {
    let mut html = String::from("<html><body>");
    while html.len() < LENGTH {
        html.push_str("<div style=\"margin-top:9pt\"><span style=\"font-family:'Times New Roman';font-size:10pt;font-weight:700\">Consolidated Statements</span></div><table style=\"border-collapse:collapse;width:100%\">");
        for row in 0..30 {
            write!(html, "<tr><td colspan=\"3\" style=\"padding:2px 1pt;text-align:left\"><span style=\"font-size:9pt\">Net sales &#8212; segment {row}</span></td><td style=\"border-top:1pt solid #000000\"><span>$</span></td><td><ix:nonFraction unitRef=\"usd\" contextRef=\"c-{row}\" decimals=\"-6\" name=\"us-gaap:Revenues\" scale=\"6\">{row}83,285</ix:nonFraction></td><td>&#160;</td></tr>").expect("a string takes all");
        }
        html.push_str("</table>");
    }
    html + "</body></html>"
}

fn paragraphs() -> String {
    let mut html = String::from("<html><body>");
    while html.len() < LENGTH {
        html.push_str("<p style=\"font-family:times;font-size:10pt\">The Company&#146;s net sales <b>increased</b> during the year ended December&nbsp;31, primarily due to higher sales of its products and services, as described under <i>Results of Operations</i>.</p>\n");
    }
    html + "</body></html>"
}

fn ascii() -> String {
    "     of the Registrant's Common Stock, as reported on the New York Stock\n\n<PAGE>\n<TABLE>\n<S>      <C>\nNet sales     $  383,285\n</TABLE>\n"
        .repeat(LENGTH / 130)
}

fn form() -> String {
    let row = "<infoTable><nameOfIssuer>APPLE INC</nameOfIssuer><cusip>037833100</cusip><value>1000</value><shrsOrPrnAmt><sshPrnamt>10</sshPrnamt></shrsOrPrnAmt></infoTable>\n";
    format!(
        "<informationTable>\n{}</informationTable>\n",
        row.repeat(LENGTH / row.len())
    )
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("text");
    group.sample_size(10);
    for (name, file, document) in [
        ("tables", "a.htm", tables()),
        ("paragraphs", "a.htm", paragraphs()),
        ("plain text", "a.txt", ascii()),
        ("XML", "a.xml", form()),
    ] {
        group.throughput(Throughput::Bytes(document.len() as u64));
        for format in [TextFormat::Plain, TextFormat::Markdown] {
            group.bench_function(format!("{name}, {}", format.name()), |b| {
                b.iter(|| extract(black_box(file), document.as_bytes(), format));
            });
        }
    }
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/docs");
    let documents: Vec<Vec<u8>> = fs::read_dir(captures)
        .into_iter()
        .flatten()
        .filter_map(|folder| fs::read_dir(folder.ok()?.path()).ok())
        .flatten()
        .filter_map(|file| file.ok().map(|file| file.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "htm"))
        .filter_map(|path| fs::read(path).ok())
        .collect();
    if !documents.is_empty() {
        group.throughput(Throughput::Bytes(
            documents.iter().map(|d| d.len() as u64).sum(),
        ));
        group.bench_function("real captures, markdown", |b| {
            b.iter(|| {
                let texts = documents
                    .iter()
                    .filter_map(|d| extract("a.htm", d, TextFormat::Markdown));
                texts.map(|text| text.text.len()).sum::<usize>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
