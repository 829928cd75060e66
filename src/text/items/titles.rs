//! The items of each form, and the beginnings of their titles.

/// A form that has items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Annual,
    Quarterly,
    Current,
}

impl Edition {
    /// The edition of a form type. Amendments and transition reports have the items of their form.
    pub(super) fn of(form: &str) -> Option<Self> {
        let form = form.split('/').next().unwrap_or_default();
        match form {
            "10-K" | "10-K405" | "10-KT" | "10-KSB" | "10-KSB40" => Some(Self::Annual),
            "10-Q" | "10-QT" | "10-QSB" => Some(Self::Quarterly),
            "8-K" | "8-K12B" | "8-K12G3" | "8-K15D5" => Some(Self::Current),
            _ => None,
        }
    }
}

/// An item, in the order of its form: part, number, and letter or second number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemKey {
    /// The part of a 10-Q; 0 for other forms.
    pub(super) part: u8,
    pub(super) number: u8,
    /// 1 for A. For an 8-K since 2004, 100 plus the number after the point.
    pub(super) detail: u8,
}

/// Item 4 of a 10-K, which a section about the executive officers may follow.
pub(super) const BEFORE_OFFICERS: ItemKey = key(0, 4, 0);

/// Item 16 of a 10-K.
pub(super) const SUMMARY: ItemKey = key(0, 16, 0);

impl ItemKey {
    /// `1A`, `II-1A`, `2.02`.
    pub(super) fn name(self) -> String {
        let number = self.number;
        let item = match self.detail {
            0 => number.to_string(),
            100.. => format!("{number}.{:02}", self.detail - 100),
            letter => format!("{number}{}", char::from(b'A' + letter - 1)),
        };
        match self.part {
            1 => format!("I-{item}"),
            2 => format!("II-{item}"),
            _ => item,
        }
    }

    /// The number and the detail, without the part.
    pub(super) fn number(self) -> (u8, u8) {
        (self.number, self.detail)
    }

    /// Whether an item that every document of the form has is between the two.
    pub(super) fn skips(self, next: Self) -> bool {
        let always = match (self.part, next.part) {
            (0, 0) => [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14].as_slice(),
            (1, 1 | 2) => &[1, 2, 3, 4],
            _ => &[],
        };
        let part = self.part;
        always.iter().any(|&number| {
            let item = Self {
                part,
                number,
                detail: 0,
            };
            self < item && item < next
        })
    }
}

/// An item, and the possible beginnings of its title, in lower case without punctuation.
type Titles = (ItemKey, &'static [&'static str]);

const fn key(part: u8, number: u8, detail: u8) -> ItemKey {
    ItemKey {
        part,
        number,
        detail,
    }
}

/// The item with a number and a title; `None` if the form has no such item.
pub(super) fn item(edition: Edition, number: u8, detail: u8, title: &str) -> Option<ItemKey> {
    let title = normalized(title);
    let items = match edition {
        Edition::Annual => ANNUAL,
        Edition::Quarterly => QUARTERLY,
        Edition::Current => CURRENT,
    };
    let is_it = |(key, starts): &&Titles| {
        key.number() == (number, detail) && starts.iter().any(|start| title.starts_with(start))
    };
    items.iter().find(is_it).map(|(key, _)| *key)
}

/// The words in lower case, separated by blanks, without punctuation.
pub(super) fn normalized(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !matches!(c, '’' | '\'' | '‘' | '`' | '´')
            && !out.is_empty()
            && !out.ends_with(' ')
        {
            out.push(' ');
        }
    }
    out
}

/// The items of a 10-K, including those of earlier years, and the beginnings of their titles.
#[rustfmt::skip]
const ANNUAL: &[Titles] = &[
    (key(0, 1, 0), &["business", "description of business", "general", "our business"]),
    (key(0, 1, 1), &["risk factors"]),
    (key(0, 1, 2), &["unresolved staff"]),
    (key(0, 1, 3), &["cybersecurity", "cyber security"]),
    (key(0, 2, 0), &["propert", "description of propert", "facilities"]),
    (key(0, 3, 0), &["legal proceeding", "legal matter", "pending legal"]),
    (key(0, 4, 0), &["mine safety", "submission of matter", "reserved", "removed", "no matters", "not applicable"]),
    (key(0, 5, 0), &["market for", "market price", "market of", "markets for"]),
    (key(0, 6, 0), &["selected", "reserved", "removed", "not applicable", "consolidated selected", "management"]),
    (key(0, 7, 0), &["management", "financial statements"]),
    (key(0, 7, 1), &["quantitative and qualitative", "qualitative and quantitative", "quantitative qualitative", "quantitative disclosure", "market risk"]),
    (key(0, 8, 0), &["financial statements", "consolidated financial", "financial information", "changes in and", "index to"]),
    (key(0, 8, 1), &["controls and", "control and"]),
    (key(0, 9, 0), &["change in and", "changes in and", "changes in accountants", "changes in or", "disagreement", "directors"]),
    (key(0, 9, 1), &["controls and", "control and", "t controls and"]),
    (key(0, 9, 2), &["other information"]),
    (key(0, 9, 3), &["disclosure regarding foreign", "disclosures regarding foreign"]),
    (key(0, 10, 0), &["director", "executive", "information about our", "information regarding directors"]),
    (key(0, 11, 0), &["executive compensation", "executive officer compensation", "compensation of", "security ownership", "management compensation", "remuneration"]),
    (key(0, 12, 0), &["security ownership", "securities ownership", "certain relationships", "share ownership", "stock ownership"]),
    (key(0, 13, 0), &["certain relationships", "certain relationship", "relationships and related", "certain transactions", "exhibit"]),
    (key(0, 14, 0), &["principal account", "principal auditor", "principal independent", "exhibit", "financial statement", "controls and", "independent"]),
    (key(0, 15, 0), &["exhibit", "financial statement", "financial statements and"]),
    (key(0, 16, 0), &["form 10 k summary", "10 k summary", "summary", "form 10k summary"]),
];

/// The items of a 10-Q.
#[rustfmt::skip]
const QUARTERLY: &[Titles] = &[
    (key(1, 1, 0), &["financial statement", "consolidated financial", "condensed", "interim", "unaudited", "consolidated condensed", "index to", "consolidated balance"]),
    (key(1, 2, 0), &["management"]),
    (key(1, 3, 0), &["quantitative and qualitative", "qualitative and quantitative", "quantitative disclosure"]),
    (key(1, 4, 0), &["controls and", "control and", "disclosure controls"]),
    (key(2, 1, 0), &["legal proceeding", "legal matter"]),
    (key(2, 1, 1), &["risk factors"]),
    (key(2, 2, 0), &["unregistered", "changes in securities", "issuer purchases", "purchases of equity", "repurchases", "change in securities", "sales of unregistered", "share repurchase", "recent sales", "issuer repurchases"]),
    (key(2, 3, 0), &["default"]),
    (key(2, 4, 0), &["mine safety", "submission of matter", "reserved", "removed"]),
    (key(2, 5, 0), &["other information", "other matters", "other events"]),
    (key(2, 6, 0), &["exhibit"]),
];

/// The items of an 8-K: those since 23 August 2004, then the earlier ones, which have a single number.
#[rustfmt::skip]
const CURRENT: &[Titles] = &[
    (key(0, 1, 101), &["entry into", "entry in", "material definitive", "amendment of a material"]),
    (key(0, 1, 102), &["termination"]),
    (key(0, 1, 103), &["bankruptcy"]),
    (key(0, 1, 104), &["mine safety"]),
    (key(0, 1, 105), &["material cyber", "cyber"]),
    (key(0, 2, 101), &["completion of", "acquisition or"]),
    (key(0, 2, 102), &["results of", "disclosure of results", "result of"]),
    (key(0, 2, 103), &["creation of"]),
    (key(0, 2, 104), &["triggering"]),
    (key(0, 2, 105), &["cost", "costs associated"]),
    (key(0, 2, 106), &["material impairment"]),
    (key(0, 3, 101), &["notice of", "delisting"]),
    (key(0, 3, 102), &["unregistered"]),
    (key(0, 3, 103), &["material modification"]),
    (key(0, 4, 101), &["change"]),
    (key(0, 4, 102), &["non reliance", "nonreliance"]),
    (key(0, 5, 101), &["change"]),
    (key(0, 5, 102), &["departure", "election", "appointment", "compensatory", "resignation"]),
    (key(0, 5, 103), &["amendment", "change in fiscal"]),
    (key(0, 5, 104), &["temporary suspension"]),
    (key(0, 5, 105), &["amendment"]),
    (key(0, 5, 106), &["change in shell"]),
    (key(0, 5, 107), &["submission of matters", "submission of a", "results of vote"]),
    (key(0, 5, 108), &["shareholder", "stockholder"]),
    (key(0, 6, 101), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 102), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 103), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 104), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 105), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 106), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 107), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 108), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 109), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 6, 110), &["abs", "change of", "credit", "failure", "securities act", "static", "alternative"]),
    (key(0, 7, 101), &["regulation fd", "reg fd", "regulation f d"]),
    (key(0, 8, 101), &["other event"]),
    (key(0, 9, 101), &["financial statement", "exhibit", "financial information"]),
    (key(0, 1, 0), &["change in control", "changes in control"]),
    (key(0, 2, 0), &["acquisition or"]),
    (key(0, 3, 0), &["bankruptcy"]),
    (key(0, 4, 0), &["change in", "changes in"]),
    (key(0, 5, 0), &["other event", "other material", "other item"]),
    (key(0, 6, 0), &["resignation"]),
    (key(0, 7, 0), &["financial statement", "exhibit", "financial information"]),
    (key(0, 8, 0), &["change in fiscal"]),
    (key(0, 9, 0), &["regulation fd", "sale"]),
    (key(0, 10, 0), &["amendment"]),
    (key(0, 11, 0), &["temporary suspension"]),
    (key(0, 12, 0), &["results of", "disclosure of results"]),
];
