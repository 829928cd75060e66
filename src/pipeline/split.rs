//! From a complete submission on disk to the files of its documents.
//!
//! The text is read in small pieces and written to the files of an [`archive::Bundle`] as it is
//! split, so that neither a submission nor a document has to fit into memory. Nothing is seen
//! under a final name unless the whole submission turned out well.
//!
//! [`archive::Bundle`]: crate::archive::Bundle

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};

use jiff::civil::Date;

use crate::archive::{Archive, Bundle, Incoming, checked_name};
use crate::edgar::submission::{
    DocumentHead, DotScan, Problem as Oddity, Sink, SplitError, Splitter,
};
use crate::edgar::{Accession, Artifact};
use crate::fingerprint::Fingerprint;
use crate::store::{Document, Failure};

/// As much of a submission as is in memory at a time, but for what the splitter keeps.
const CHUNK: usize = 64 * 1024;

/// A complete submission on its way to a temporary file.
pub(super) struct Text<'a> {
    file: Incoming<'a>,
    dots: DotScan,
}

impl<'a> Text<'a> {
    pub(super) fn begin(archive: &'a Archive) -> io::Result<Self> {
        Ok(Self {
            file: archive.begin()?,
            dots: DotScan::default(),
        })
    }
}

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.dots.write(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What a submission came to.
#[derive(Debug)]
pub(super) struct Split {
    /// The submission itself, which is not kept.
    pub submission: Fingerprint,
    /// Its documents in their order, stored or given up.
    pub documents: Vec<Document>,
    /// What was odd: one word for the sort, and the message.
    pub problems: Vec<(&'static str, String)>,
}

/// Why a submission could not be split and stored.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is cut short, or no submission of this filing. Asking again may help.
    Damaged(String),
    /// The disk does not take the documents.
    Disk(anyhow::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.into())
    }
}

/// Splits a submission and stores all its documents, durably.
pub(super) fn store(
    artifact: &Artifact,
    text: Text<'_>,
    archive: &Archive,
) -> Result<Split, Trouble> {
    let (mut file, submission) = text.file.into_reader()?;
    let dots = text.dots.finish(filed_on(&mut file)?);
    let mut files = Files {
        accession: artifact.accession,
        bundle: archive.begin_bundle()?,
        current: None,
        documents: Vec::new(),
        problems: Vec::new(),
    };
    let mut splitter = Splitter::new(artifact.accession, dots, &mut files);
    let summary = feed(&mut file, &mut splitter)
        .and_then(|()| splitter.finish())
        .map_err(|error| match error {
            SplitError::Sink(error) => error.into(),
            error => Trouble::Damaged(error.to_string()),
        })?;
    if let Some(other) = summary.accession.filter(|a| *a != artifact.accession) {
        return Err(Trouble::Damaged(format!("it is the submission {other}")));
    }
    if summary.documents == 0 {
        files.problem("no_documents", "the submission", &"it holds no document");
    }
    files.bundle.keep(artifact).map_err(Trouble::Disk)?;
    Ok(Split {
        submission,
        documents: files.documents,
        problems: files.problems,
    })
}

/// The filing date as the submission's header has it, if it does.
fn filed_on(file: &mut File) -> io::Result<Option<Date>> {
    const TAG: &[u8] = b"FILED AS OF DATE:";
    let mut head = Vec::new();
    file.take(CHUNK as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let date = || {
        let at = head.windows(TAG.len()).position(|w| w == TAG)? + TAG.len();
        let digits = head[at..].trim_ascii_start().get(..8)?;
        Date::strptime("%Y%m%d", digits).ok()
    };
    Ok(date())
}

fn feed<S: Sink>(file: &mut File, splitter: &mut Splitter<S>) -> Result<(), SplitError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => splitter.write(&chunk[..read])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Writes each document to a file of its own.
struct Files<'a> {
    accession: Accession,
    bundle: Bundle<'a>,
    current: Option<Current>,
    documents: Vec<Document>,
    problems: Vec<(&'static str, String)>,
}

/// The document being written.
struct Current {
    /// Given up so far.
    document: Document,
    /// Whether its name can be a file's.
    stored: bool,
}

impl Files<'_> {
    fn problem(&mut self, kind: &'static str, name: &str, cause: &dyn Display) {
        let accession = self.accession;
        let name: String = name.chars().take(80).collect();
        self.problems
            .push((kind, format!("{accession} {name}: {cause}")));
    }
}

impl Sink for Files<'_> {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        let name = head.name.to_owned();
        let refused = checked_name(&name).err();
        if let Some(why) = &refused {
            self.problem("unsafe_name", &name, why);
        } else {
            self.bundle.begin(&name)?;
        }
        self.current = Some(Current {
            stored: refused.is_none(),
            document: Document {
                name,
                kind: head.kind.into(),
                type_: Some(head.type_.to_owned()).filter(|t| !t.is_empty()),
                sequence: head.sequence,
                description: head.description.map(str::to_owned),
                outcome: Err(Failure {
                    kind: "unsafe_name",
                    message: refused.map_or_else(String::new, |why| why.to_string()),
                }),
            },
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.current {
            Some(current) if current.stored => self.bundle.write(bytes),
            _ => Ok(()),
        }
    }

    fn end(&mut self, oddities: &[Oddity]) -> io::Result<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let document = &mut current.document;
        for oddity in oddities {
            let kind = match oddity {
                Oddity::NameTaken => "name_taken",
                Oddity::HeadChanged => "odd_document",
                _ => "damaged",
            };
            self.problem(kind, &document.name, oddity);
        }
        if current.stored {
            document.outcome = match oddities.iter().find(|o| o.is_damage()) {
                Some(damage) => Err(Failure {
                    kind: "damaged",
                    message: damage.to_string(),
                }),
                None => Ok(self.bundle.end()?),
            };
        }
        self.documents.push(current.document);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::{ALL_DOCUMENTS, ArtifactKind, Cik};
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    const ACCESSION: &str = "0000320193-23-000106";

    fn all_of(accession: &str) -> Artifact {
        Artifact {
            accession: accession.parse().unwrap(),
            cik: Cik::new(320_193).unwrap(),
            kind: ArtifactKind::Documents,
            name: ALL_DOCUMENTS.to_owned(),
            submission_size: None,
        }
    }

    fn store_text(dir: &Path, accession: &str, bytes: &[u8]) -> Result<Split, Trouble> {
        let archive = Archive::open(dir).unwrap();
        let mut text = Text::begin(&archive).unwrap();
        text.write_all(bytes).unwrap();
        store(&all_of(accession), text, &archive)
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
    fn hostile_names_cost_their_documents_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let long = "x".repeat(300);
        let whole = format!("{ACCESSION}.txt");
        let names = [
            "a.htm", "../../x", "a/b", "con", &long, "A.HTM", &whole, "z.htm",
        ];
        let split = store_text(dir.path(), ACCESSION, submission(&names).as_bytes()).unwrap();
        let files = stored(dir.path(), ACCESSION);
        let expected = [
            ("0000320193-23-000106-6.HTM", "text 6\n"),
            ("0000320193-23-000106-7.txt", "text 7\n"),
            ("a.htm", "text 1\n"),
            ("z.htm", "text 8\n"),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        assert_eq!(files, BTreeMap::from(expected));
        assert_eq!(split.documents.len(), names.len());
        let failed = split.documents.iter().filter(|d| d.outcome.is_err());
        assert_eq!(failed.count(), 4);
        let kinds: Vec<_> = split.problems.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(
            kinds,
            [
                "unsafe_name",
                "unsafe_name",
                "unsafe_name",
                "unsafe_name",
                "name_taken",
                "name_taken"
            ]
        );
    }

    #[test]
    fn a_submission_that_is_cut_short_or_another_filings_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let text = submission(&["a.htm", "b.htm"]);
        for cut in [10, text.len() / 2, text.len() - 20] {
            let result = store_text(dir.path(), ACCESSION, &text.as_bytes()[..cut]);
            assert!(matches!(result, Err(Trouble::Damaged(_))), "{cut}");
        }
        assert_eq!(stored(dir.path(), ACCESSION), BTreeMap::new());
        let incoming = fs::read_dir(dir.path().join(".incoming")).unwrap();
        assert_eq!(incoming.count(), 1, "the lock alone");
    }

    /// The folder of real captures beside the repository, where there is one.
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
                let content = &files[&document.name];
                assert_eq!(saved.bytes, content.len() as u64);
                assert_eq!(saved.sha256, <[u8; 32]>::from(Sha256::digest(content)));
                let single = data.join("docs").join(accession).join(&document.name);
                if let Ok(single) = fs::read(single) {
                    assert!(*content == single, "{accession} {}", document.name);
                    pairs += 1;
                }
            }
            submissions += 1;
            documents += split.documents.len();
            problems += split.problems.len();
        }
        // And the documents that were also captured by themselves.
        assert_eq!((submissions, documents, problems, pairs), (71, 259, 0, 8));
    }
}
