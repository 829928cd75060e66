//! Writes a CSV file (RFC 4180) with a header, compressed with gzip.
//!
//! NULL is an empty field and the empty text is `""`, as readers that distinguish them expect, such as
//! PostgreSQL's COPY.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::rows::{RowGroup, RowReader};
use super::table::Table;

pub(super) struct CsvFile(GzEncoder<BufWriter<File>>);

impl CsvFile {
    pub(super) fn begin(file: File, table: &Table) -> Result<Self> {
        // The gzip header has no name and no time, so that equal rows give equal bytes.
        let mut out = GzEncoder::new(BufWriter::new(file), Compression::default());
        let names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self(out))
    }

    pub(super) fn write(&mut self, parts: &[RowGroup]) -> Result<()> {
        let mut line = String::new();
        for rows in parts {
            let mut by_row = RowReader::new(rows);
            while by_row.next_row(|cell| put(&mut line, cell))? {
                // Removes the comma after the last cell.
                line.pop();
                line.push('\n');
                self.0.write_all(line.as_bytes())?;
                line.clear();
            }
        }
        Ok(())
    }

    /// Writes the end of the file.
    pub(super) fn end(self) -> io::Result<File> {
        self.0
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }
}

fn put(line: &mut String, cell: Option<&str>) {
    match cell {
        None => {}
        Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) => {
            line.push('"');
            line.push_str(&text.replace('"', "\"\""));
            line.push('"');
        }
        Some(text) => line.push_str(text),
    }
    line.push(',');
}
