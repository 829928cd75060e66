//! Parses a companies file: one ticker or CIK per line with `#` comments, or a table with a header and a column
//! `ticker` or `cik`, as spreadsheets write it. The encoding is UTF-8, UTF-16 or Latin-1.

/// The columns that identify a company, the more reliable one first.
const COLUMNS: [&str; 2] = ["cik", "ticker"];

/// The delimiters of fields in a table.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// Each name in the bytes of a companies file, with the number of its line from 1.
///
/// # Errors
///
/// Why it names no company: it is no text, or a table without such a column.
pub fn names(bytes: &[u8]) -> Result<Vec<(u64, String)>, String> {
    let text = text(bytes);
    if text.contains('\0') {
        return Err("is no text".to_owned());
    }
    if let Some(names) = table(&text) {
        return Ok(names);
    }
    let lines = lines(&text);
    let is_row = |(_, line): &(u64, String)| line.bytes().any(|byte| DELIMITERS.contains(&byte));
    if let Some((_, first)) = lines.first()
        && lines.iter().all(is_row)
    {
        let first: String = first.chars().take(80).collect();
        return Err(format!(
            "is a table, and its first line has no column `ticker` or `cik`: {first}"
        ));
    }
    Ok(lines)
}

/// Decodes a file in one of the encodings that editors and spreadsheets write, and removes a byte order mark.
/// Bytes that are invalid in UTF-8 become characters that occur in no name.
fn text(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // UTF-16 without a byte order mark: names are ASCII, so every second byte is NUL.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => {
            let text = String::from_utf8_lossy(bytes);
            text.trim_start_matches('\u{feff}').to_owned()
        }
    };
    // Old spreadsheets end lines with CR alone.
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn lines(text: &str) -> Vec<(u64, String)> {
    let names = (1..).zip(text.lines().map(|line| without_comment(line).to_owned()));
    names.filter(|(_, name)| !name.is_empty()).collect()
}

fn without_comment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default().trim()
}

/// The names in a table; `None` where the text is none with such a column.
fn table(text: &str) -> Option<Vec<(u64, String)>> {
    let header = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let times = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    let delimiter = DELIMITERS.into_iter().max_by_key(times)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns: Vec<usize> = {
        let headers = reader.headers().ok()?;
        let place = |name: &&str| {
            headers
                .iter()
                .position(|head| head.eq_ignore_ascii_case(name))
        };
        COLUMNS.iter().filter_map(place).collect()
    };
    if columns.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    // Reading rows of any length from a text in memory cannot fail.
    for row in reader.records().map_while(Result::ok) {
        let line = row.position().map_or(0, csv::Position::line);
        let fields = columns.iter().filter_map(|column| row.get(*column));
        let name = fields.map(without_comment).find(|field| !field.is_empty());
        // A row that ends before the columns is reported: an open quote may have swallowed the rows behind it.
        let is_short = columns.iter().all(|column| row.get(*column).is_none());
        let name = name.or_else(|| row.iter().find(|field| is_short && !field.is_empty()));
        names.extend(name.map(|name| (line, name.to_owned())));
    }
    // A fund has the ticker CIK. So a single column with that header and tickers below is a list of tickers.
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    if header.eq_ignore_ascii_case("cik") && !names.iter().all(|(_, name)| is_number(name)) {
        return None;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<(u64, String)> {
        names(bytes).unwrap()
    }

    fn of(names: &[(u64, &str)]) -> Vec<(u64, String)> {
        let names = names.iter();
        names
            .map(|(line, name)| (*line, (*name).to_owned()))
            .collect()
    }

    #[test]
    fn a_line_is_a_name_and_comments_are_none_in_any_encoding() {
        let expected = of(&[(2, "AAPL"), (4, "0000789019")]);
        let text = "# ours, f\u{fc}r uns\r\nAAPL # \u{c4}pfel\r\n\r\n0000789019\r\n";
        assert_eq!(read(text.as_bytes()), expected);
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()), expected);
        let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        assert!(str::from_utf8(&latin1).is_err());
        assert_eq!(read(&latin1), expected);
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            assert_eq!(read(&utf16), expected);
            let mark = unit(0xfeff).to_vec();
            assert_eq!(read(&[mark, utf16].concat()), expected);
        }
    }

    #[test]
    fn a_table_names_companies_in_its_column() {
        for (text, names) in [
            ("ticker\nAAPL\nMSFT\n", &[(2, "AAPL"), (3, "MSFT")][..]),
            ("cik\n320193\n", &[(2, "320193")]),
            ("CIK\nAAPL\n", &[(1, "CIK"), (2, "AAPL")]),
            (
                "name,Ticker,weight\n\"Apple, Inc.\",AAPL,0.5\n\"One\nTwo\",MSFT\nNone,,\n",
                &[(2, "AAPL"), (3, "MSFT")],
            ),
            (
                "# mine\n\nTicker;Cik\nAAPL;320193\nMSFT;\n",
                &[(4, "320193"), (5, "MSFT")],
            ),
            (
                "\"cik\"\t\"name\"\n\"320193\"\t\"Apple\"\n",
                &[(2, "320193")],
            ),
            (
                "name,ticker\n\"Apple, Inc.,AAPL\nOne,MSFT\n",
                &[(2, "Apple, Inc.,AAPL\nOne,MSFT")],
            ),
            ("ticker\nAAPL # ours\n", &[(2, "AAPL")]),
            (
                "name,weight,ticker\n,\nOne,1,AAPL\n,\"Two,2,MSFT\n",
                &[(3, "AAPL"), (4, "Two,2,MSFT")],
            ),
            ("AAPL,Apple\nMSFT\n", &[(1, "AAPL,Apple"), (2, "MSFT")]),
            ("AAPL\rMSFT\r", &[(1, "AAPL"), (2, "MSFT")]),
        ] {
            assert_eq!(read(text.as_bytes()), of(names), "{text}");
        }
    }

    #[test]
    fn what_cannot_name_companies_is_told() {
        for (bytes, why) in [
            (&b"CIK Number;Name\n320193;Apple\n"[..], "is a table"),
            (b"AAPL,Apple\nMSFT,Microsoft\n", "is a table"),
            (b"PK\x03\x04\0\0\0\0", "is no text"),
        ] {
            let told = names(bytes).unwrap_err();
            assert!(told.starts_with(why), "{told}");
        }
        assert!(read(b"").is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in any::<Vec<u8>>()) {
            let _ = names(&bytes);
        }
    }
}
