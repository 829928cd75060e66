//! The format of a primary document on a day, and the sizes from which a submission has further documents.

use jiff::civil::{Date, date};

/// The first day from which every filing names its primary document, and every document in the
/// complete submission has a file name (measured on four million rows).
pub(crate) const NAMED_SINCE: Date = date(2000, 6, 1);
/// From this date on, reports are inline XBRL.
const INLINE_SINCE: Date = date(2019, 7, 1);
/// From this date on, ownership forms are XML.
const OWNERSHIP_XML_SINCE: Date = date(2003, 7, 1);

/// The minimum size of a submission with more than its primary document.
pub(crate) const ROOM_FOR_EXHIBITS: u64 = 16_000;
/// The minimum size of a submission. Header and wrappers take up to 4 KB of it.
pub(crate) const LEAST_SIZE: u64 = 6_000;

/// The format of a form's primary document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentStyle {
    /// HTML in its `<DOCUMENT>` wrapper.
    Html,
    /// Inline XBRL, served without a wrapper.
    Inline,
    /// Plain text in its wrapper.
    Text,
    /// XML with EDGAR's rendering under a prefix.
    Xml(&'static str),
    /// A PDF.
    Pdf,
    /// A letter of the staff: a PDF and its text.
    Letter,
    /// A placeholder for a filing on paper.
    Paper,
}

/// The format of a form's primary document on a day.
pub(crate) fn style(form: &str, filed_on: Date) -> DocumentStyle {
    let year = filed_on.year();
    match form {
        "3" | "4" | "5" | "4/A" if filed_on >= OWNERSHIP_XML_SINCE => {
            DocumentStyle::Xml(match year {
                ..2008 => "xslF345X02",
                2008..2023 => "xslF345X03",
                2023 => "xslF345X04",
                _ => "xslF345X05",
            })
        }
        "144" if year >= 2023 => DocumentStyle::Xml("xsl144X01"),
        "144" => DocumentStyle::Paper,
        "EFFECT" if year >= 2006 => DocumentStyle::Xml("xslEFFECTX01"),
        "SCHEDULE 13G" | "SCHEDULE 13G/A" => DocumentStyle::Xml("xslSCHEDULE_13G_X01"),
        "SCHEDULE 13D/A" => DocumentStyle::Xml("xslSCHEDULE_13D_X01"),
        "NPORT-P" if year >= 2019 => DocumentStyle::Xml("xslFormNPORT-P_X01"),
        "N-CEN" if year >= 2018 => DocumentStyle::Xml("xslFormN-CEN_X01"),
        "13F-HR" if year >= 2013 => DocumentStyle::Xml("xslForm13F_X02"),
        "ARS" => DocumentStyle::Pdf,
        "UPLOAD" if year >= 2005 => DocumentStyle::Letter,
        _ if year < 2001 => DocumentStyle::Text,
        _ if year < 2004 && form.len().is_multiple_of(2) => DocumentStyle::Text,
        "10-K" | "10-Q" | "10-K/A" | "10-Q/A" | "10-KT" | "10-QT" | "8-K" | "8-K/A" | "20-F"
        | "20-F/A" | "40-F"
            if filed_on >= INLINE_SINCE =>
        {
            DocumentStyle::Inline
        }
        _ => DocumentStyle::Html,
    }
}
