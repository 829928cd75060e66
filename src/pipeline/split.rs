//! Splits a complete submission into the files of its documents.
//!
//! The text is read in pieces of 64 KiB and written to the files of a [`Bundle`] while it is split, so
//! that neither a submission nor a document has to fit into memory. No file gets its final name unless
//! the whole submission is good.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};

use jiff::civil::Date;

use super::existing::ExistingFile;
use crate::edgar::submission::{
    DocumentHead, DocumentProblem as Oddity, DocumentSink, DotScan, Dots, HEADER_BYTES, Header,
    SplitError, SplitSummary, Splitter, join_lines,
};
use crate::edgar::{Accession, ArtifactKind, Cik, FileName, QueueItem, submission_name};
use crate::files::{Bundle, DataDir, FilePath, Fingerprint, Fingerprinter, IncomingFile};
use crate::net::Received;
use crate::progress::format::counted;
use crate::store::{ArtifactStatus, Failure, OnRecord, SplitDocument};

/// How much of a submission is in memory at a time, besides what the splitter keeps.
const CHUNK: usize = 64 * 1024;

/// A complete submission that is being written to a temporary file.
pub(super) struct SubmissionText<'a> {
    file: IncomingFile<'a>,
    dots: DotScan,
    /// Whether more than the submission's own form shows that it is complete.
    is_proven: bool,
}

impl<'a> SubmissionText<'a> {
    pub(super) fn begin(data_dir: &'a DataDir) -> io::Result<Self> {
        Ok(Self {
            file: data_dir.begin()?,
            dots: DotScan::default(),
            is_proven: false,
        })
    }

    /// Records how the submission was received.
    pub(super) fn came(&mut self, received: Received) {
        self.is_proven = received.is_proven;
    }

    /// Reads a submission from the disk. Returns whether the file exists and has the expected content.
    pub(super) fn read_stored(
        &mut self,
        data_dir: &DataDir,
        place: &FilePath,
        expected: (u64, [u8; 32]),
    ) -> io::Result<bool> {
        let Ok(mut stored) = File::open(data_dir.root().join(place.path())) else {
            return Ok(false);
        };
        let mut print = Fingerprinter::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            match stored.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    print.update(&chunk[..read]);
                    self.write_all(&chunk[..read])?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(false),
            }
        }
        // It was checked when it was stored.
        self.is_proven = true;
        let (bytes, sha256) = expected;
        Ok(print.finish() == Fingerprint { bytes, sha256 })
    }
}

impl Write for SubmissionText<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.dots.write(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The result of splitting a submission.
#[derive(Debug)]
pub(super) struct SplitResult {
    /// The hash and size of the submission itself.
    pub submission: Fingerprint,
    /// Its documents in their order, stored or given up. Then the submission's own file, if it is kept.
    pub documents: Vec<SplitDocument>,
    /// How many documents it has.
    pub held: usize,
    /// How many bytes were stored.
    pub stored_bytes: u64,
    /// Problems: the kind in one word, and the message.
    pub problems: Vec<(&'static str, String)>,
}

/// Why a submission could not be split and stored.
#[derive(Debug)]
pub(crate) enum DocumentsError {
    /// The text is cut off, or is not a submission of this filing. A retry may help.
    Damaged(String),
    /// The documents cannot be written.
    Disk(anyhow::Error),
}

impl From<io::Error> for DocumentsError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.into())
    }
}

/// Splits a submission and durably stores those of its documents that are not on disk. With `keep`,
/// the submission is stored, too. A submission without documents is always stored, since EDGAR has
/// nothing else of the filing. Files that are on record as stored are not touched.
pub(super) fn store(
    item: &QueueItem,
    text: SubmissionText<'_>,
    keep: bool,
    on_record: Option<&OnRecord>,
    data_dir: &DataDir,
) -> Result<SplitResult, DocumentsError> {
    let accession = item.accession;
    let mut file = text.file.reader()?;
    let dots = text.dots.finish(filed_on(&mut file)?);
    let submission = text.file.print();
    let mut files = SplitFiles {
        accession,
        bundle: data_dir.begin_bundle()?,
        current: None,
        documents: Vec::new(),
        problems: Vec::new(),
    };
    let known = renamed(on_record);
    let is_listed = item.submission_size == Some(submission.bytes);
    let splitter = Splitter::new(accession, dots, &known, &mut files).known_whole(is_listed);
    let summary = judged(
        accession,
        text.is_proven || is_listed,
        split(&mut file, splitter),
    )?;
    files.report_outside_text(&summary);
    files.report_lacking(on_record);
    let places = Places {
        folder: item.folder,
        accession,
        data_dir,
        on_record,
    };
    let whole = files.check_existing(&places)?;
    let SplitFiles {
        bundle,
        mut documents,
        mut problems,
        ..
    } = files;
    let is_new = |name: &str| !places.is_stored(name) && !whole.iter().any(|kept| kept == name);
    let stored = documents.iter().filter(|d| is_new(&d.file.name));
    let mut stored_bytes = stored
        .filter_map(|d| d.outcome.as_ref().ok().map(|f| f.bytes))
        .sum();
    bundle
        .keep(item.folder, accession, is_new)
        .map_err(DocumentsError::Disk)?;
    let held = documents.len();
    let own_name = submission_name(accession);
    if keep || held == 0 && !places.is_stored(&own_name) {
        let existing = places.look(&own_name, &submission)?;
        if let Some((kind, cause)) = existing.problem() {
            problems.push((kind, format!("{accession} {own_name}: {cause}")));
        }
        let print = if let ExistingFile::Whole(found) = existing {
            found
        } else {
            let place = places.of(&own_name);
            let print = text.file.keep(&place).map_err(DocumentsError::Disk)?;
            stored_bytes += print.bytes;
            print
        };
        let file = FileName {
            kind: ArtifactKind::Submission,
            name: own_name,
            edgar_name: None,
        };
        documents.push(SplitDocument::single(file, print));
    }
    Ok(SplitResult {
        submission,
        documents,
        held,
        stored_bytes,
        problems,
    })
}

/// The folder of a filing, and what is on record of its files.
struct Places<'a> {
    folder: Cik,
    accession: Accession,
    data_dir: &'a DataDir,
    on_record: Option<&'a OnRecord>,
}

impl Places<'_> {
    fn of(&self, name: &str) -> FilePath {
        FilePath {
            folder: self.folder,
            accession: self.accession,
            name: name.to_owned(),
        }
    }

    fn is_stored(&self, name: &str) -> bool {
        let known = self.on_record.and_then(|known| known.file(name));
        known.is_some_and(|file| file.status == ArtifactStatus::Downloaded)
    }

    /// Checks for an existing file where a received file is to be stored.
    fn look(&self, name: &str, came: &Fingerprint) -> io::Result<ExistingFile> {
        let known = self.on_record.and_then(|known| known.file(name));
        let recorded = known.and_then(|file| file.stored);
        ExistingFile::look(self.data_dir, &self.of(name), came, recorded)
    }
}

/// Checks that a file is the complete submission of a filing, with the checks of a split but without
/// storing documents. `is_proven`: more than the submission's own form shows that it is complete.
///
/// # Errors
///
/// When the file is cut off, is something else, or cannot be read.
pub(crate) fn check_submission(
    accession: Accession,
    file: &mut File,
    is_proven: bool,
) -> Result<(), DocumentsError> {
    let splitter = Splitter::new(accession, Dots::Plain, &[], Nowhere);
    judged(accession, is_proven, split(file, splitter)).map(drop)
}

/// Checks the result of a split for the submission as a whole.
fn judged(
    accession: Accession,
    is_proven: bool,
    split: Result<SplitSummary, SplitError>,
) -> Result<SplitSummary, DocumentsError> {
    let summary = split.map_err(|error| match error {
        SplitError::Sink(error) => error.into(),
        error => DocumentsError::Damaged(error.to_string()),
    })?;
    if let Some(other) = summary.accession.filter(|a| *a != accession) {
        return Err(DocumentsError::Damaged(format!(
            "it is the submission of {other}"
        )));
    }
    if summary.documents == 0 && !is_proven {
        let cause = "it holds a header and no document, and neither a listed size nor a \
                     Content-Length or ETag shows that it is complete";
        return Err(DocumentsError::Damaged(cause.to_owned()));
    }
    Ok(summary)
}

/// A sink that drops everything.
struct Nowhere;

impl DocumentSink for Nowhere {
    fn begin(&mut self, _: &DocumentHead<'_>) -> io::Result<()> {
        Ok(())
    }

    fn data(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: &[Oddity]) -> io::Result<()> {
        Ok(())
    }
}

/// The files on record that have another name at EDGAR than on disk.
fn renamed(on_record: Option<&OnRecord>) -> Vec<FileName> {
    let files = on_record.iter().flat_map(|known| &known.files);
    let renamed = files.filter(|known| known.file.edgar_name.is_some());
    renamed.map(|known| known.file.clone()).collect()
}

/// The filing date in the submission's header, if there is one.
fn filed_on(file: &mut File) -> io::Result<Option<Date>> {
    let mut head = Vec::new();
    file.take(HEADER_BYTES).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(Header::parse(&head).filed_on)
}

fn split<S: DocumentSink>(
    file: &mut File,
    mut splitter: Splitter<'_, S>,
) -> Result<SplitSummary, SplitError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return splitter.finish(),
            Ok(read) => splitter.write(&chunk[..read])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Writes each document to a separate file.
struct SplitFiles<'a> {
    accession: Accession,
    bundle: Bundle<'a>,
    /// The document that is being written. It counts as failed until it ends.
    current: Option<SplitDocument>,
    documents: Vec<SplitDocument>,
    problems: Vec<(&'static str, String)>,
}

impl SplitFiles<'_> {
    /// Reports text that belongs to no document.
    fn report_outside_text(&mut self, summary: &SplitSummary) {
        let outside = summary.bytes.outside;
        if outside > 0 {
            let cause = format!(
                "{outside} bytes between its documents belong to no document; --artifacts submission \
                 stores them"
            );
            self.problem("outside_text", "the submission", &cause);
        }
    }

    /// Checks for existing files where the documents are to be stored. Returns the names of the documents
    /// whose existing files are kept.
    fn check_existing(&mut self, places: &Places<'_>) -> io::Result<Vec<String>> {
        let mut whole = Vec::new();
        for document in &mut self.documents {
            let name = &document.file.name;
            let came = document.outcome.as_mut().ok();
            let Some(print) = came.filter(|_| !places.is_stored(name)) else {
                continue;
            };
            let existing = places.look(name, print)?;
            if let Some((kind, cause)) = existing.problem() {
                let message = format!("{} {name}: {cause}", self.accession);
                self.problems.push((kind, message));
            }
            if let ExistingFile::Whole(found) = existing {
                *print = found;
                whole.push(name.clone());
            }
        }
        Ok(whole)
    }

    /// Reports documents that an earlier submission of this filing contained and this one does not.
    fn report_lacking(&mut self, on_record: Option<&OnRecord>) {
        let split_before = |known: &&OnRecord| known.files.iter().any(|f| f.sequence.is_some());
        let Some(known) = on_record.filter(split_before) else {
            return;
        };
        for file in known.files.iter().filter(|file| file.sequence.is_some()) {
            let name = &file.file.name;
            let is_here = |d: &SplitDocument| d.file.name.eq_ignore_ascii_case(name);
            if !self.documents.iter().any(is_here) {
                let cause =
                    "the submission fetched now does not contain it; the stored file is kept";
                self.problem("differs", name, &cause);
            }
        }
    }

    fn problem(&mut self, kind: &'static str, name: &str, cause: &dyn Display) {
        let accession = self.accession;
        let name: String = name.chars().take(80).collect();
        self.problems
            .push((kind, format!("{accession} {name}: {cause}")));
    }
}

impl DocumentSink for SplitFiles<'_> {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        self.bundle.begin(head.name)?;
        self.current = Some(SplitDocument {
            file: FileName {
                kind: head.kind.into(),
                name: head.name.to_owned(),
                edgar_name: head.edgar_name.map(str::to_owned),
            },
            type_: Some(head.type_.to_owned()).filter(|t| !t.is_empty()),
            sequence: head.sequence,
            description: head.description.map(str::to_owned),
            outcome: Err(Failure {
                kind: "damaged",
                message: String::new(),
                missing: false,
            }),
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bundle.write(bytes)
    }

    fn end(&mut self, oddities: &[Oddity]) -> io::Result<()> {
        let Some(mut document) = self.current.take() else {
            return Ok(());
        };
        for oddity in oddities {
            let kind = match oddity {
                Oddity::NameTaken => "name_taken",
                Oddity::HeadChanged => "odd_document",
                // Common in old texts. The document is requested by its name, or its lines are joined.
                Oddity::BrokenLines => continue,
                _ => "damaged",
            };
            self.problem(kind, &document.file.name, oddity);
        }
        let mut damages = oddities.iter().filter(|oddity| oddity.is_damage());
        let failure = |kind, damage: &Oddity| Failure {
            kind,
            message: damage.to_string(),
            missing: false,
        };
        document.outcome = match damages.find(|damage| **damage != Oddity::BrokenLines) {
            Some(damage) => Err(failure("damaged", damage)),
            None if !oddities.contains(&Oddity::BrokenLines) => Ok(self.bundle.end()?),
            None if document.file.is_served(self.accession) => {
                Err(failure("broken_lines", &Oddity::BrokenLines))
            }
            None => {
                let joined = self.bundle.rewrite(|from, to| join_lines(from, to))?;
                let cause = format!(
                    "{} that EDGAR broke in the submission {} joined, because the document cannot be \
                     requested under a name of its own",
                    counted(joined, ["line", "lines"]),
                    if joined == 1 { "was" } else { "were" },
                );
                self.problem("joined", &document.file.name, &cause);
                Ok(self.bundle.end()?)
            }
        };
        self.documents.push(document);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::Target;
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    const ACCESSION: &str = "0000320193-23-000106";

    fn all_of(accession: &str) -> QueueItem {
        QueueItem {
            accession: accession.parse().unwrap(),
            folder: Cik::new(320_193).unwrap(),
            target: Target::Documents,
            submission_size: None,
        }
    }

    fn store_text(
        dir: &Path,
        accession: &str,
        bytes: &[u8],
    ) -> Result<SplitResult, DocumentsError> {
        let data_dir = DataDir::open(dir).unwrap();
        let mut text = SubmissionText::begin(&data_dir).unwrap();
        text.write_all(bytes).unwrap();
        store(&all_of(accession), text, false, None, &data_dir)
    }

    /// Every file in the folder of a filing.
    fn stored(dir: &Path, accession: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = dir
            .join("edgar/data/320193")
            .join(accession.replace('-', ""));
        let Ok(entries) = fs::read_dir(folder) else {
            return BTreeMap::new();
        };
        entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read(path).unwrap())
            })
            .collect()
    }

    fn submission(names: &[&str]) -> String {
        let mut text = format!("<SEC-DOCUMENT>{ACCESSION}.txt : 20231103\n</SEC-HEADER>\n");
        for (i, name) in names.iter().enumerate() {
            let n = i + 1;
            let head = format!("<DOCUMENT>\n<TYPE>XML\n<SEQUENCE>{n}\n<FILENAME>{name}\n");
            let body = format!("<TEXT>\ntext {n}\n</TEXT>\n</DOCUMENT>\n");
            text.push_str(&head);
            text.push_str(&body);
        }
        text + "</SEC-DOCUMENT>\n"
    }

    #[test]
    fn hostile_names_become_names_of_ours() {
        let dir = tempfile::tempdir().unwrap();
        let long = "x".repeat(300);
        let whole = format!("{ACCESSION}.txt");
        let names = [
            "a.htm", "../../x", "a/b", "con", &long, "A.HTM", &whole, "z.htm",
        ];
        let split = store_text(dir.path(), ACCESSION, submission(&names).as_bytes()).unwrap();
        let files = stored(dir.path(), ACCESSION);
        let expected = [
            ("0000320193-23-000106-2", "text 2\n"),
            ("0000320193-23-000106-3", "text 3\n"),
            ("0000320193-23-000106-4", "text 4\n"),
            ("0000320193-23-000106-5", "text 5\n"),
            ("0000320193-23-000106-6.HTM", "text 6\n"),
            ("0000320193-23-000106-7.txt", "text 7\n"),
            ("a.htm", "text 1\n"),
            ("z.htm", "text 8\n"),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        assert_eq!(files, BTreeMap::from(expected));
        assert_eq!(split.documents.len(), names.len());
        let failed = split.documents.iter().filter(|d| d.outcome.is_err());
        assert_eq!(failed.count(), 0);
        let kinds: Vec<_> = split.problems.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["name_taken"]);
    }

    #[test]
    fn a_submission_that_is_cut_short_or_another_filings_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let text = submission(&["a.htm", "b.htm"]);
        for cut in [10, text.len() / 2, text.len() - 20] {
            let result = store_text(dir.path(), ACCESSION, &text.as_bytes()[..cut]);
            assert!(matches!(result, Err(DocumentsError::Damaged(_))), "{cut}");
        }
        assert_eq!(stored(dir.path(), ACCESSION), BTreeMap::new());
        let incoming = fs::read_dir(dir.path().join(".incoming")).unwrap();
        assert_eq!(incoming.count(), 1, "the lock alone");
    }

    /// Reads the real captures beside the repository, if they exist.
    #[test]
    fn every_real_capture_is_stored_in_all_its_documents() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
        let Ok(entries) = fs::read_dir(data.join("filings")) else {
            return;
        };
        let (mut submissions, mut documents, mut problems, mut pairs) = (0, 0, 0, 0);
        for entry in entries {
            let path = entry.unwrap().path();
            let accession = path.file_stem().unwrap().to_str().unwrap();
            let dir = tempfile::tempdir().unwrap();
            let bytes = fs::read(&path).unwrap();
            let split = store_text(dir.path(), accession, &bytes).unwrap();
            assert_eq!(split.submission.bytes, bytes.len() as u64);
            let files = stored(dir.path(), accession);
            assert_eq!(files.len(), split.documents.len(), "{accession}");
            for document in &split.documents {
                let saved = document.outcome.as_ref().unwrap();
                let content = &files[&document.file.name];
                assert_eq!(saved.bytes, content.len() as u64);
                assert_eq!(saved.sha256, <[u8; 32]>::from(Sha256::digest(content)));
                let single = data.join("docs").join(accession).join(&document.file.name);
                if let Ok(single) = fs::read(single) {
                    assert!(*content == single, "{accession} {}", document.file.name);
                    pairs += 1;
                }
            }
            submissions += 1;
            documents += split.documents.len();
            problems += split.problems.len();
        }
        // `pairs` counts the documents that were also captured by themselves.
        assert_eq!((submissions, documents, problems, pairs), (72, 261, 0, 8));
    }
}
