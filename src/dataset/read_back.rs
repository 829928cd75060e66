//! Reads some columns of a file of the dataset back, row by row, so that an export can keep rows that
//! are still true.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;
use jiff::civil::date;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::manifest::Format;

/// Rows that are decoded at once: a row can have a text of many megabytes.
const AT_ONCE: usize = 16;

/// The rows of a file in their order, each with the cells of the columns that were asked for, as a CSV
/// file has them.
pub struct ReadBack(Box<dyn Iterator<Item = Result<Vec<String>>> + Send>);

impl ReadBack {
    /// Opens a file. The columns are texts, integers or dates that have a value in every row, in the
    /// order of the table.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is of another format, or lacks one of the columns. A row that cannot be
    /// read is an error in its place, and the last one.
    pub fn open(path: &Path, format: Format, columns: &[&str]) -> Result<Self> {
        let file = File::open(path)?;
        Ok(Self(match format {
            Format::Parquet => Box::new(parquet_rows(file, columns)?),
            Format::Csv => Box::new(csv_rows(file, columns)?),
        }))
    }
}

impl Iterator for ReadBack {
    type Item = Result<Vec<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

fn parquet_rows(
    file: File,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<Vec<String>>> + Send + use<>> {
    let reader = SerializedFileReader::new(file)?;
    let schema = reader.metadata().file_metadata().schema();
    let field = |name: &&str| {
        let fields = schema.get_fields().iter();
        let field = fields.into_iter().find(|field| field.name() == *name);
        field.cloned().with_context(|| format!("no column {name}"))
    };
    let fields: Vec<Arc<Type>> = columns.iter().map(field).collect::<Result<_>>()?;
    let wanted = Type::group_type_builder(schema.name())
        .with_fields(fields)
        .build()?;
    let rows = RowIter::from_file_into(Box::new(reader))
        .project(Some(wanted))?
        .with_batch_size(AT_ONCE);
    Ok(rows.map(|row| {
        let cells = row?.into_columns().into_iter();
        cells.map(|(name, field)| cell(&name, field)).collect()
    }))
}

fn cell(name: &str, field: Field) -> Result<String> {
    Ok(match field {
        Field::Str(text) => text,
        Field::Long(number) => number.to_string(),
        Field::Date(days) => {
            (date(1970, 1, 1).checked_add(jiff::Span::new().days(days)))?.to_string()
        }
        other => bail!("{name} has {other}"),
    })
}

fn csv_rows(
    file: File,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<Vec<String>>> + Send + use<>> {
    // The checksum is at the end, and a row that was handed out cannot be taken back.
    let mut checked = MultiGzDecoder::new(BufReader::new(&file));
    io::copy(&mut checked, &mut io::sink())?;
    (&file).rewind()?;
    let mut reader = csv::Reader::from_reader(MultiGzDecoder::new(BufReader::new(file)));
    let headers = reader.headers()?.clone();
    let place = |name: &&str| {
        let place = headers.iter().position(|header| header == *name);
        place.with_context(|| format!("no column {name}"))
    };
    let places: Vec<usize> = columns.iter().map(place).collect::<Result<_>>()?;
    Ok(reader.into_records().map(move |record| {
        let record = record?;
        Ok(places.iter().map(|&at| record[at].to_owned()).collect())
    }))
}
