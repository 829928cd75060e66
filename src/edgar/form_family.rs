//! Families of form types, renamed types, and suggestions for misspelt types.
//!
//! The names are those of EDGAR's indexes from 1993 to 2025. A family includes the amendments (`/A`).

/// Each family with its types. A renamed type is listed with all its names.
pub const FAMILIES: [(&str, &[&str]); 6] = [
    (
        "annual",
        &[
            "10-K", "10-KT", "10-K405", "10-KT405", "10-KSB", "10-KSB40", "10KSB", "10KSB40",
            "10KT405", "10KTSB", "20-F", "40-F",
        ],
    ),
    ("quarterly", &["10-Q", "10-QT", "10-QSB", "10QSB", "10QTSB"]),
    ("current", &["8-K", "8-K12B", "8-K12G3", "8-K15D5", "6-K"]),
    ("insider", &["3", "4", "5"]),
    (
        "ownership",
        &["SC 13D", "SC 13G", "SCHEDULE 13D", "SCHEDULE 13G"],
    ),
    (
        "proxy",
        &[
            "DEF 14A", "DEFA14A", "DEFC14A", "DEFM14A", "DEFN14A", "DEFR14A", "DEFS14A", "DEF 14C",
            "DEFA14C", "DEFC14C", "DEFM14C", "DEFR14C", "DEFS14C", "PRE 14A", "PREA14A", "PREC14A",
            "PREM14A", "PREN14A", "PRER14A", "PRES14A", "PRRN14A", "PRE 14C", "PREC14C", "PREM14C",
            "PRER14C", "PRES14C",
        ],
    ),
];

/// The types of the family with this name, in any case.
pub fn family(name: &str) -> Option<&'static [&'static str]> {
    let families = FAMILIES.iter();
    let mut found = families.filter(|(family, _)| family.eq_ignore_ascii_case(name));
    found.next().map(|(_, types)| *types)
}

/// A form type that EDGAR has renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    pub old: &'static str,
    pub new: &'static str,
    /// The family that includes both names.
    pub family: &'static str,
    /// The month of the change.
    pub since: &'static str,
}

const RENAMED: [Renamed; 2] = [
    Renamed {
        old: "SC 13D",
        new: "SCHEDULE 13D",
        family: "ownership",
        since: "December 2024",
    },
    Renamed {
        old: "SC 13G",
        new: "SCHEDULE 13G",
        family: "ownership",
        since: "December 2024",
    },
];

/// The renaming of a type or of its amendment; `None` if EDGAR has not renamed it.
pub fn renamed(form: &str) -> Option<Renamed> {
    let base = form.strip_suffix("/A").unwrap_or(form);
    RENAMED.into_iter().find(|renamed| renamed.old == base)
}

/// The maximum number of suggestions.
const NEAR: usize = 5;

/// Suggestions for a misspelt form, from the types on record with their numbers of filings: the types with
/// the same letters and digits, else those with this prefix, else those that contain it. Most frequent
/// first.
pub fn near<'a>(form: &str, seen: &'a [(String, u64)]) -> Vec<&'a (String, u64)> {
    let asked = letters(form);
    let asked = asked.strip_prefix("FORM").unwrap_or(&asked);
    let tests: [fn(&str, &str) -> bool; 3] = [
        |seen, asked| seen == asked,
        |seen, asked| asked.len() > 1 && seen.starts_with(asked),
        |seen, asked| asked.len() > 2 && seen.contains(asked),
    ];
    for test in tests {
        let found = seen.iter().filter(|(form, _)| test(&letters(form), asked));
        let mut found: Vec<_> = found.collect();
        if !found.is_empty() {
            found.sort_by_key(|(_, filings)| std::cmp::Reverse(*filings));
            found.truncate(NEAR);
            return found;
        }
    }
    Vec::new()
}

/// The letters and digits of a type, in upper case.
fn letters(form: &str) -> String {
    form.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_each_type_once_and_its_new_name() {
        let all: Vec<_> = FAMILIES.iter().flat_map(|(_, types)| *types).collect();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len());
        for Renamed {
            old,
            new,
            family: name,
            ..
        } in RENAMED
        {
            let types = family(name).unwrap();
            assert!(types.contains(&old) && types.contains(&new));
        }
        assert_eq!(family("Annual").unwrap()[0], "10-K");
        assert_eq!(family("monthly"), None);
        assert_eq!(renamed("SC 13G/A").unwrap().new, "SCHEDULE 13G");
        assert_eq!(renamed("SCHEDULE 13G"), None);
    }

    #[test]
    fn misspelt_types_are_near_to_those_that_were_meant() {
        let seen: Vec<_> = [
            ("DEF 14A", 12),
            ("DEFA14A", 30),
            ("SC 13G", 3),
            ("SC 13G/A", 5),
            ("13F-HR", 8),
            ("13F-NT", 1),
            ("NPORT-P", 4),
            ("4", 99),
            ("424B2", 70),
            ("10-K", 9),
        ]
        .map(|(form, filings)| (form.to_owned(), filings))
        .into();
        for (form, meant) in [
            ("DEF14A", &["DEF 14A"][..]),
            ("def 14a", &["DEF 14A"]),
            ("SC13G", &["SC 13G"]),
            ("13F", &["13F-HR", "13F-NT"]),
            ("N-PORT", &["NPORT-P"]),
            ("FORM 4", &["4"]),
            ("14A", &["DEFA14A", "DEF 14A"]),
            ("9", &[]),
            ("S-1", &[]),
            ("", &[]),
        ] {
            let near: Vec<_> = near(form, &seen).iter().map(|(f, _)| f.as_str()).collect();
            assert_eq!(near, meant, "{form}");
        }
    }
}
