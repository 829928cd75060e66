//! The text of a complete submission: the texts of its documents.

use std::io;

use jiff::civil::Date;

use super::decode::decode;
use super::{TextFormat, ascii, extract};
use crate::edgar::Accession;
use crate::edgar::submission::{
    DocumentHead, DocumentProblem, DocumentSink, DotScan, SplitError, Splitter, join_lines,
};

/// The texts of a submission's documents in their order, each on a page of its own. Documents without
/// a text, such as pictures, are left out; `None` if no document has one. Lines that an old submission broke
/// are joined. A submission that has only a header is shown as it is.
///
/// # Errors
///
/// If the bytes are not a complete submission.
pub fn submission(
    accession: Accession,
    filed_on: Date,
    bytes: &[u8],
    format: TextFormat,
) -> Result<Option<String>, SplitError> {
    let mut dots = DotScan::default();
    dots.write(bytes);
    let mut texts = SubmissionTexts {
        format,
        name: String::new(),
        document: Vec::new(),
        written: Vec::new(),
    };
    let mut splitter = Splitter::new(accession, dots.finish(Some(filed_on)), &[], &mut texts);
    splitter.write(bytes)?;
    if splitter.finish()?.documents == 0 {
        return Ok(Some(ascii::text(&decode(bytes), format)));
    }
    let page = match format {
        TextFormat::Plain => "\n\n\u{c}\n",
        TextFormat::Markdown => "\n\n---\n\n",
    };
    Ok((!texts.written.is_empty()).then(|| texts.written.join(page)))
}

struct SubmissionTexts {
    format: TextFormat,
    name: String,
    document: Vec<u8>,
    written: Vec<String>,
}

impl DocumentSink for SubmissionTexts {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        head.edgar_name
            .unwrap_or(head.name)
            .clone_into(&mut self.name);
        self.document.clear();
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.document.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()> {
        if problems.contains(&DocumentProblem::BrokenLines) {
            let mut joined = Vec::with_capacity(self.document.len());
            join_lines(&self.document[..], &mut joined)?;
            self.document = joined;
        }
        let text = extract(&self.name, &self.document, self.format);
        self.written
            .extend(text.map(|text| text.text).filter(|text| !text.is_empty()));
        Ok(())
    }
}
