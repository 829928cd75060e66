//! Conversions between this program's types and SQLite's column values, so that no other module
//! uses SQLite.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::criteria::CompanyCriteria;
use crate::edgar::{Accession, ArtifactChoice, ArtifactKind, Cik};
use crate::selection::Companies;

/// The status of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactStatus {
    /// It waits to be downloaded.
    Pending,
    /// It is on disk, complete and checked.
    Downloaded,
    /// The last attempt failed. A later run tries again.
    Failed,
    /// EDGAR did not have it on three days. It is requested again only if the user asks for that.
    Unavailable,
    /// The user took it off the queue.
    Dropped,
}

impl ArtifactStatus {
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Downloaded,
        Self::Failed,
        Self::Unavailable,
        Self::Dropped,
    ];

    /// The status as in `v_artifacts.status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Downloaded => "downloaded",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
            Self::Dropped => "dropped",
        }
    }

    /// Whether a run requests it.
    pub fn is_queued(self) -> bool {
        matches!(self, Self::Pending | Self::Failed)
    }

    /// Whether only a new or wider selection queues it again.
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Unavailable | Self::Dropped)
    }
}

/// The status of a complete submission whose documents are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubmissionStatus {
    /// It waits to be downloaded and split.
    Pending,
    /// Its documents are on record.
    Split,
    /// The last attempt failed. A later run tries again.
    Failed,
    /// EDGAR did not have it on three days. It is requested again only if the user asks for that.
    Unavailable,
    /// The user took it off the queue.
    Dropped,
}

impl SubmissionStatus {
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Split,
        Self::Failed,
        Self::Unavailable,
        Self::Dropped,
    ];

    /// The status as the database stores it.
    pub fn as_str(self) -> &'static str {
        self.as_artifact().map_or("split", ArtifactStatus::as_str)
    }

    /// How the submission counts among the files. A split submission does not count, because its
    /// documents do.
    pub fn as_artifact(self) -> Option<ArtifactStatus> {
        match self {
            Self::Pending => Some(ArtifactStatus::Pending),
            Self::Split => None,
            Self::Failed => Some(ArtifactStatus::Failed),
            Self::Unavailable => Some(ArtifactStatus::Unavailable),
            Self::Dropped => Some(ArtifactStatus::Dropped),
        }
    }

    /// Whether a run requests it.
    pub fn is_queued(self) -> bool {
        matches!(self, Self::Pending | Self::Failed)
    }

    /// Whether only a new or wider selection queues it again.
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Unavailable | Self::Dropped)
    }
}

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// The run has not ended.
    Running,
    /// Everything that the run was asked for is there.
    Completed,
    /// The run ended normally, but some items failed or a budget was used up.
    Partial,
    /// The run was aborted because of the database, the disk, the configuration or EDGAR.
    Failed,
    /// The run was stopped by a signal, or killed.
    Interrupted,
}

impl RunStatus {
    /// All statuses.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Completed,
        Self::Partial,
        Self::Failed,
        Self::Interrupted,
    ];

    /// The status as in `v_runs.status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The id of a run, as in `v_runs.run_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(super) i64);

impl RunId {
    /// The id as a number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Converts to a signed SQLite integer. No count here comes near the limit. A number from the
/// network might, and then becomes the largest signed integer.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time as the views show it: `2026-01-31T09:30:00.000Z`.
pub(super) fn time(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// A JSON list of numbers, for `json_each`.
pub(super) fn json_numbers(numbers: impl Iterator<Item = u64>) -> String {
    let mut list = String::from("[");
    for number in numbers {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&number.to_string());
    }
    list.push(']');
    list
}

/// A JSON list of CIKs, for `json_each`.
pub(super) fn json_ciks(ciks: &[Cik]) -> String {
    json_numbers(ciks.iter().map(|cik| cik.get()))
}

/// A JSON list of values, for `json_each`.
pub(super) fn json_texts(texts: &[impl serde::Serialize]) -> String {
    serde_json::to_string(texts).expect("a list of strings is always valid JSON")
}

impl ToSql for Cik {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(integer(self.get()).into())
    }
}

impl FromSql for Cik {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or(FromSqlError::OutOfRange(number))
    }
}

/// Text with dashes, as the views show it.
impl ToSql for Accession {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Accession {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

/// A JSON object.
impl ToSql for CompanyCriteria {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = serde_json::to_string(self);
        let json = json.map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
        Ok(json.into())
    }
}

impl FromSql for CompanyCriteria {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map_err(FromSqlError::other)
    }
}

/// Stores an enum as the word that users see. Any other word in a column is an error.
macro_rules! stored_as_word {
    ($($kind:ty),*) => {$(
        impl rusqlite::types::ToSql for $kind {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $kind {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::ALL
                    .into_iter()
                    .find(|value| value.as_str() == word)
                    .ok_or_else(|| $crate::store::values::unknown_word(word))
            }
        }
    )*};
}

stored_as_word!(
    ArtifactKind,
    ArtifactStatus,
    RunStatus,
    SubmissionStatus,
    ArtifactChoice
);

pub(super) use stored_as_word;

/// No version of this program writes such a word, so the database is damaged.
pub(super) fn unknown_word(word: &str) -> FromSqlError {
    FromSqlError::other(UnknownWord(word.to_owned()))
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is none of the known words")]
struct UnknownWord(String);

impl ToSql for RunId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

/// A time column. The wrapper is needed because the trait and jiff's type are both foreign.
pub(super) struct Time(pub(super) Timestamp);

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let parsed = value.as_str()?.parse();
        parsed.map(Self).map_err(FromSqlError::other)
    }
}

/// A date column.
pub(super) struct DateColumn(pub(super) Date);

impl FromSql for DateColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let parsed = value.as_str()?.parse();
        parsed.map(Self).map_err(FromSqlError::other)
    }
}

/// A date as text. It runs for every filing row, so it avoids the cost of general formatting.
pub(super) struct DayText([u8; 10]);

impl DayText {
    pub(super) fn new(date: Date) -> Self {
        let year = u16::try_from(date.year().clamp(0, 9999)).expect("clamped to what fits");
        let digit = |number: u16| b'0' + u8::try_from(number % 10).expect("one digit");
        let (month, day) = (
            u16::from(date.month().unsigned_abs()),
            u16::from(date.day().unsigned_abs()),
        );
        Self([
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ])
    }
}

impl ToSql for DayText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// A text of exactly this number of bytes, such as a day or an accession with dashes, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fixed<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> FromSql for Fixed<N> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_bytes()?;
        let other = |_| FromSqlError::InvalidBlobSize {
            expected_size: N,
            blob_size: text.len(),
        };
        text.try_into().map(Self).map_err(other)
    }
}

/// The exchanges and the CIKs as JSON lists; `None` is no condition.
pub(super) fn company_params(companies: &Companies) -> (Option<String>, Option<String>) {
    match companies {
        Companies::Listed(None) => (None, None),
        Companies::Listed(Some(exchanges)) => {
            let names: Vec<_> = exchanges.iter().map(|e| e.as_str()).collect();
            (Some(json_texts(&names)), None)
        }
        Companies::Named(ciks) => {
            let ciks: Vec<_> = ciks.iter().map(|cik| cik.get()).collect();
            (None, Some(json_texts(&ciks)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rusqlite::Connection;

    fn round_trip<T: ToSql + FromSql>(value: T) -> T {
        let db = Connection::open_in_memory().unwrap();
        db.query_row("SELECT ?1", [value], |row| row.get(0))
            .unwrap()
    }

    proptest! {
        #[test]
        fn identifiers_come_back_as_they_went_in(cik in 1..=9_999_999_999_u64, accession in 0..=999_999_999_999_999_999_u64) {
            let (cik, accession) = (Cik::new(cik).unwrap(), Accession::new(accession).unwrap());
            prop_assert_eq!(round_trip(cik), cik);
            prop_assert_eq!(round_trip(accession), accession);
        }

        #[test]
        fn days_are_written_as_their_display(days in 0..3_652_058_i32) {
            let day = date(0, 1, 1) + days.days();
            let text = String::from_utf8(DayText::new(day).0.to_vec()).unwrap();
            prop_assert_eq!(text, day.to_string());
        }

        #[test]
        fn times_keep_their_milliseconds(millis in 0..4_102_444_800_000_i64) {
            let instant = Timestamp::from_millisecond(millis).unwrap();
            let text = time(instant);
            prop_assert_eq!(text.len(), 24);
            let db = Connection::open_in_memory().unwrap();
            let back: Time = db.query_row("SELECT ?1", [text], |row| row.get(0)).unwrap();
            prop_assert_eq!(back.0, instant);
        }

        #[test]
        fn lists_are_json(texts in proptest::collection::vec(any::<String>(), 0..5), numbers in proptest::collection::vec(any::<u64>(), 0..5)) {
            prop_assert_eq!(&serde_json::from_str::<Vec<String>>(&json_texts(&texts)).unwrap(), &texts);
            let list = json_numbers(numbers.iter().copied());
            prop_assert_eq!(&serde_json::from_str::<Vec<u64>>(&list).unwrap(), &numbers);
        }
    }

    #[test]
    fn the_words_are_the_promised_ones() {
        let artifact = ArtifactStatus::ALL.map(ArtifactStatus::as_str);
        assert_eq!(
            artifact,
            ["pending", "downloaded", "failed", "unavailable", "dropped"]
        );
        let run = RunStatus::ALL.map(RunStatus::as_str);
        assert_eq!(
            run,
            ["running", "completed", "partial", "failed", "interrupted"]
        );
    }

    #[test]
    fn words_and_numbers_come_back_as_they_went_in() {
        for status in ArtifactStatus::ALL {
            assert_eq!(round_trip(status), status);
        }
        for status in RunStatus::ALL {
            assert_eq!(round_trip(status), status);
        }
        for status in SubmissionStatus::ALL {
            assert_eq!(round_trip(status), status);
        }
        for kind in ArtifactKind::ALL {
            assert_eq!(round_trip(kind), kind);
        }
        for wanted in ArtifactChoice::ALL {
            assert_eq!(round_trip(wanted), wanted);
        }
    }

    #[test]
    fn numbers_that_no_identifier_has_are_errors() {
        let db = Connection::open_in_memory().unwrap();
        for bad in [-1, 0, 10_000_000_000, i64::MAX] {
            assert!(
                db.query_row("SELECT ?1", [bad], |row| row.get::<_, Cik>(0))
                    .is_err()
            );
        }
        for bad in ["", "documents", "PRIMARY"] {
            assert!(
                db.query_row("SELECT ?1", [bad], |row| row.get::<_, Accession>(0))
                    .is_err()
            );
            assert!(
                db.query_row("SELECT ?1", [bad], |row| row.get::<_, ArtifactKind>(0))
                    .is_err()
            );
        }
    }
}
