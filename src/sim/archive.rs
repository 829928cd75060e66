//! The archives: `submissions.zip` with every company's submissions and older pages, and `companyfacts.zip`.
//! Each is made at the first request of a day.
//!
//! An archive is an unnamed temporary file. The members of `submissions.zip` have the same bytes as the API
//! responses. It has 64-bit end records, which EDGAR's archive with its 950,000 members must have.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

use super::http::HttpAnswer;
use super::routes::at;
use super::universe::SimUniverse;
use super::{error_pages, facts, render};

/// The archives, by path.
pub(crate) const PATHS: [&str; 2] = [
    "/Archives/edgar/daily-index/bulkdata/submissions.zip",
    "/Archives/edgar/daily-index/xbrl/companyfacts.zip",
];

/// The archives of the current day that were requested.
#[derive(Debug, Default)]
pub(crate) struct Archives([Mutex<Option<SimArchive>>; 2]);

#[derive(Debug)]
struct SimArchive {
    day: Date,
    file: File,
    length: u64,
}

impl Archives {
    /// The response to a GET of this archive with this `Range`; `header` returns other request headers.
    /// `None`: no archive has this path.
    pub(crate) fn answer<'a>(
        &self,
        path: &str,
        universe: &SimUniverse,
        range: Option<&str>,
        header: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<HttpAnswer> {
        let which = PATHS.iter().position(|known| *known == path)?;
        let mut kept = self.0[which].lock().unwrap_or_else(PoisonError::into_inner);
        let day = universe.today();
        if kept.as_ref().is_none_or(|archive| archive.day != day) {
            *kept = match which {
                0 => SimArchive::make(day, |add| submissions(universe, add)).ok(),
                _ => SimArchive::make(day, |add| company_facts(universe, add)).ok(),
            };
        }
        let Some(archive) = kept.as_mut() else {
            let body = error_pages::unavailable(universe.seed);
            return Some(HttpAnswer::new(500, "text/html", body));
        };
        let tag = format!("\"{day}-{:x}-{:x}\"", universe.seed, archive.length);
        let modified = at(day, 7 * 3600);
        let same = header("if-range").is_none_or(|version| version == tag || version == modified);
        let from = range.filter(|_| same).and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        });
        let total = archive.length;
        let answer = match from {
            Some(from) if from >= total => HttpAnswer::new(416, "text/html", Vec::new())
                .with("Content-Range", format!("bytes */{total}")),
            Some(from) => HttpAnswer::new(206, "application/zip", archive.read(from)).with(
                "Content-Range",
                format!("bytes {from}-{}/{total}", total - 1),
            ),
            None => HttpAnswer::new(200, "application/zip", archive.read(0)),
        };
        let answer = answer.plain().with("ETag", tag);
        Some(
            answer
                .with("Last-Modified", modified)
                .with("Accept-Ranges", "bytes"),
        )
    }
}

/// Receives the members of an archive.
type Add<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

fn submissions(universe: &SimUniverse, add: &mut Add<'_>) -> io::Result<()> {
    for company in universe.companies() {
        let cik = company.cik;
        if let Some(bytes) = render::submissions(universe, cik) {
            add(&format!("CIK{}.json", cik.padded()), &bytes)?;
        }
        for (name, bytes) in render::pages(universe, cik) {
            add(&name, &bytes)?;
        }
    }
    add("placeholder.txt", b"\n")
}

fn company_facts(universe: &SimUniverse, add: &mut Add<'_>) -> io::Result<()> {
    for company in universe.companies() {
        if let Some(bytes) = facts::document(universe, &company) {
            add(&format!("CIK{}.json", company.cik.padded()), &bytes)?;
        }
    }
    Ok(())
}

impl SimArchive {
    fn make(day: Date, members: impl Fn(&mut Add<'_>) -> io::Result<()>) -> io::Result<Self> {
        let mut zip = ZipWriter::new(io::BufWriter::new(tempfile::tempfile()?));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        zip.set_raw_zip64_extensible_data_sector(Box::default());
        members(&mut |name, bytes| {
            zip.start_file(name, options)?;
            zip.write_all(bytes)
        })?;
        let mut file = zip
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { day, file, length })
    }

    /// The file from a position on. Empty if the disk fails; a client does not mistake that for the archive.
    fn read(&mut self, from: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self
            .file
            .seek(SeekFrom::Start(from))
            .and_then(|_| self.file.read_to_end(&mut bytes));
        read.map_or_else(|_| Vec::new(), |_| bytes)
    }
}
