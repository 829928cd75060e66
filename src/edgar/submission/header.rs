//! The header of a complete submission, which describes the filing.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::lines::behind;
use crate::edgar::calendar::from_new_york;
use crate::edgar::{Accession, Filing};

/// The first bytes of a submission that contain all parsed fields: they come before the filers.
pub const HEADER_BYTES: u64 = 64 * 1024;

/// The labels of the accession number.
const ACCESSION: [&str; 2] = ["ACCESSION NUMBER:", "<ACCESSION-NUMBER>"];
/// The labels of the filing date.
const FILED_ON: [&str; 2] = ["FILED AS OF DATE:", "<FILING-DATE>"];

/// The fields of a header. Each may be missing: headers of the 1990s have fewer fields. Some texts, and all
/// files of the feed, have tags (`<FILING-DATE>19960212`) in place of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The accession number.
    pub accession: Option<Accession>,
    /// The exact form type.
    pub form: Option<String>,
    /// The filing date.
    pub filed_on: Option<Date>,
    /// The end of the reported period.
    pub report_date: Option<Date>,
    /// The time at which EDGAR accepted the filing.
    pub accepted_at: Option<Timestamp>,
}

impl Header {
    /// Parses the beginning of a submission. If a tag repeats, the first one counts.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut header = Self::default();
        for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if behind(line, "<DOCUMENT>").is_some() {
                break;
            }
            header.line(line);
        }
        header
    }

    fn line(&mut self, line: &[u8]) {
        let value = |labels: &[&str]| {
            let value = labels.iter().find_map(|label| behind(line, label))?;
            Some(str::from_utf8(value).ok()?.trim())
        };
        let day = |text: &str| Date::strptime("%Y%m%d", text).ok();
        if let Some(text) = value(&ACCESSION) {
            self.accession = self.accession.or_else(|| text.parse().ok());
        } else if let Some(text) = value(&["CONFORMED SUBMISSION TYPE:", "<TYPE>"]) {
            let form = Some(text).filter(|text| !text.is_empty());
            self.form = self.form.take().or_else(|| form.map(str::to_owned));
        } else if let Some(text) = value(&FILED_ON) {
            self.filed_on = self.filed_on.or_else(|| day(text.get(..8)?));
        } else if let Some(text) = value(&["CONFORMED PERIOD OF REPORT:", "<PERIOD>"]) {
            self.report_date = self.report_date.or_else(|| day(text));
        } else if let Some(text) = value(&["<ACCEPTANCE-DATETIME>"]) {
            let time = || DateTime::strptime("%Y%m%d%H%M%S", text).ok();
            let time = time().and_then(from_new_york);
            self.accepted_at = self.accepted_at.or(time);
        }
    }

    /// The filing of this header. `size` is the length of the submission in bytes. `form` and
    /// `filed_on`, from an index, are used if the header lacks them.
    pub fn into_filing(
        self,
        accession: Accession,
        form: &str,
        filed_on: Date,
        size: u64,
    ) -> Filing {
        Filing {
            accession,
            form: self.form.unwrap_or_else(|| form.to_owned()),
            filed_on: self.filed_on.unwrap_or(filed_on),
            report_date: self.report_date,
            accepted_at: self
                .accepted_at
                .map_or_else(String::new, |at| format!("{at:.3}")),
            primary_document: String::new(),
            items: String::new(),
            size: Some(size),
            is_xbrl: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const HEADER: &[u8] = b"<SEC-DOCUMENT>0000066740-24-000023.txt : 20240308
<SEC-HEADER>0000066740-24-000023.hdr.sgml : 20240308
<ACCEPTANCE-DATETIME>20240308120145
ACCESSION NUMBER:\t\t0000066740-24-000023
CONFORMED SUBMISSION TYPE:\t8-K
CONFORMED PERIOD OF REPORT:\t20240307
FILED AS OF DATE:\t\t20240308
\tFORM TYPE:\t\t8-K
</SEC-HEADER>
<DOCUMENT>
ACCESSION NUMBER:\t\t0000000000-24-000001
";

    #[test]
    fn a_header_tells_the_filing() {
        let header = Header::parse(HEADER);
        let accession = "0000066740-24-000023".parse().unwrap();
        assert_eq!(header.accession, Some(accession));
        let filing = header.into_filing(accession, "8-K/A", date(2024, 3, 9), 999);
        assert_eq!(
            (filing.form.as_str(), filing.filed_on, filing.report_date),
            ("8-K", date(2024, 3, 8), Some(date(2024, 3, 7)))
        );
        assert_eq!(filing.accepted_at, "2024-03-08T17:01:45.000Z");
        assert_eq!(
            (filing.size, filing.primary_document.as_str()),
            (Some(999), "")
        );
    }

    #[test]
    fn a_header_of_tags_tells_the_same_in_any_case() {
        let tags = "<SEC-HEADER>0000950123-96-000525.hdr.sgml : 19960213
<ACCESSION-NUMBER>0000950123-96-000525
<TYPE>SC 13G/A
<PERIOD>19951231
<FILING-DATE>19960212
</SEC-HEADER>
<DOCUMENT>
<TYPE>EX-1
";
        let lower = tags.to_ascii_lowercase().replace("sc 13g/a", "SC 13G/A");
        for text in [tags, &lower] {
            let header = Header::parse(text.as_bytes());
            let expected = Header {
                accession: "0000950123-96-000525".parse().ok(),
                form: Some("SC 13G/A".to_owned()),
                filed_on: Some(date(1996, 2, 12)),
                report_date: Some(date(1995, 12, 31)),
                accepted_at: None,
            };
            assert_eq!(header, expected);
        }
    }

    #[test]
    fn what_a_header_lacks_comes_from_the_index() {
        for bytes in [
            &b""[..],
            b"FILED AS OF DATE:\nCONFORMED SUBMISSION TYPE:\n\xff",
        ] {
            let header = Header::parse(bytes);
            assert_eq!(header, Header::default());
            let accession = "0000066740-24-000023".parse().unwrap();
            let filing = header.into_filing(accession, "10-K", date(2024, 3, 9), 1);
            assert_eq!(
                (filing.form.as_str(), filing.filed_on),
                ("10-K", date(2024, 3, 9))
            );
        }
    }
}
