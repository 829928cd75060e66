//! Converts common spellings of tickers to the SEC's spelling.
//!
//! The SEC separates root and suffix by a dash: `BRK-B` is a share class, `BAC-PL` a preferred share of
//! series L. Exchanges, data vendors and users also write `BRK.B`, `BRK/B`, `BRKB`, `BAC$L` and `BAC.PRL`.

use crate::listings::sec_ticker;

/// The possible tickers in the SEC's spelling for a text, most likely first. A company with
/// such a ticker need not exist.
pub fn spellings(text: &str) -> Vec<String> {
    let text = text.trim().to_ascii_uppercase();
    let dashed: String = text
        .chars()
        .map(|c| {
            if matches!(c, '.' | '/' | ' ' | '_') {
                '-'
            } else {
                c
            }
        })
        .collect();
    let mut spellings = vec![dashed.clone()];
    // Preferred shares: BAC-PRL, BAC-PR-L and BAC$L are BAC-PL; BAC-PR is BAC-P.
    if let Some((root, series)) = dashed.split_once("-PR") {
        spellings.push(format!("{root}-P{}", series.trim_start_matches('-')));
    }
    spellings.extend(sec_ticker(&text));
    let mut seen = Vec::new();
    spellings.retain(|spelling| {
        let is_new = !spelling.is_empty() && !seen.contains(spelling);
        seen.push(spelling.clone());
        is_new
    });
    spellings
}

/// A ticker without its dashes, such as `BRKB`.
pub fn without_dashes(ticker: &str) -> String {
    ticker.replace('-', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_common_spelling_leads_to_the_secs() {
        for (written, ticker) in [
            ("aapl", "AAPL"),
            ("BRK.B", "BRK-B"),
            ("BRK/B", "BRK-B"),
            ("brk b", "BRK-B"),
            ("BRK-B", "BRK-B"),
            ("BAC$L", "BAC-PL"),
            ("BAC-PL", "BAC-PL"),
            ("BAC.PRL", "BAC-PL"),
            ("BAC-PR-L", "BAC-PL"),
            ("EP.PRC", "EP-PC"),
            ("HWM$", "HWM-P"),
            ("HWM.PR", "HWM-P"),
            ("AAM.W", "AAM-WT"),
            ("AAM.U", "AAM-UN"),
        ] {
            let spellings = spellings(written);
            assert!(
                spellings.contains(&ticker.to_owned()),
                "{written}: {spellings:?}"
            );
        }
        assert_eq!(spellings("AAPL"), ["AAPL"]);
        assert!(spellings(" ").is_empty());
        assert_eq!(without_dashes("BRK-B"), "BRKB");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = spellings(&text);
        }
    }
}
