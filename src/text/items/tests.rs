use proptest::prelude::*;

use super::{ItemMethod, items};

fn names(form: &str, text: &str, listed: &str) -> Vec<String> {
    let found = items(form, text, listed);
    found.items.into_iter().map(|item| item.item).collect()
}

const ANNUAL: &str = "FORM 10-K\n\
    Item 1. | Business | 4\nItem 1A. | Risk Factors | 9\nItem 2. | Properties | 20\n\n\
    PART I\n\n**Item 1. Business**\n\nWe make things.\n\nSee Item 1A, Risk Factors.\n\n\
    **ITEM 1A.**\n\n**RISK FACTORS**\n\nThings break — often.\n\nPART II\n\n\
    **Item 2.** **Properties**\n\nNone.\n\nSIGNATURES\n\nPursuant to";

#[test]
fn the_items_of_a_10_k_lie_between_its_headings() {
    let found = items("10-K", ANNUAL, "");
    assert_eq!(found.problem, None);
    let text: Vec<_> = found
        .items
        .iter()
        .map(|item| &ANNUAL[item.bytes.clone()])
        .collect();
    assert_eq!(
        text[0],
        "**Item 1. Business**\n\nWe make things.\n\nSee Item 1A, Risk Factors."
    );
    assert_eq!(
        text[1],
        "**ITEM 1A.**\n\n**RISK FACTORS**\n\nThings break — often."
    );
    assert_eq!(text[2], "**Item 2.** **Properties**\n\nNone.");
    assert_eq!(found.items[1].title, "RISK FACTORS");
    assert!(
        found
            .items
            .iter()
            .all(|item| item.method == ItemMethod::Contents)
    );
    let last = &found.items[2].characters;
    let characters: String = ANNUAL.chars().skip(last.start).take(last.len()).collect();
    assert_eq!(characters, text[2]);
}

#[test]
fn an_item_that_the_text_lacks_takes_the_one_before_it_along() {
    let text = ANNUAL.replace("**ITEM 1A.**\n\n", "");
    let found = items("10-K/A", &text, "");
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].item, "2");
    assert_eq!(
        found.problem.as_deref(),
        Some("Item 1A is in the table of contents and has no heading")
    );
}

#[test]
fn the_executive_officers_between_the_parts_are_no_part_of_item_4() {
    let before = "Item 4. Mine Safety Disclosures\n\nThe executive officers know of none.";
    let behind = "Item 5. Market for Registrant's Common Equity\n\nNone.";
    for caption in [
        "**INFORMATION ABOUT OUR EXECUTIVE OFFICERS**",
        "Executive officers of the registrant",
        "ITEM X. INFORMATION ABOUT OUR EXECUTIVE OFFICERS",
        "Supplementary Item. Executive Officers of the Company",
    ] {
        let text = format!("{before}\n\n{caption}\n\nJo Doe, 50\n\nPART II\n\n{behind}");
        let found = items("10-K", &text, "").items;
        let texts: Vec<_> = found.iter().map(|item| &text[item.bytes.clone()]).collect();
        assert_eq!(texts, [before, behind], "{caption}");
    }
}

#[test]
fn two_headings_of_an_item_leave_both_items_out() {
    let text = ANNUAL.replace("None.", "None.\n\nItem 1A. Risk Factors\n\nMore.");
    let found = items("10-K", &text, "");
    assert_eq!(
        found
            .items
            .iter()
            .map(|item| item.item.as_str())
            .collect::<Vec<_>>(),
        ["1"]
    );
    assert!(
        found
            .problem
            .unwrap()
            .contains("Item 1A has several headings")
    );
}

#[test]
fn running_heads_are_no_headings() {
    let text = ANNUAL.replace(
        "We make things.",
        "We make things.\n\nItem 1. Business (continued)\n\nItem 1. Business\n",
    );
    assert_eq!(names("10-K", &text, ""), ["1", "1A", "2"]);
}

/// The headings of a 10-K, each with a text.
fn annual(text_of: impl Fn(&str) -> String) -> String {
    let titles = [
        "1. Business",
        "1A. Risk Factors",
        "1B. Unresolved Staff Comments",
        "2. Properties",
        "3. Legal Proceedings",
        "5. Market for Registrant’s Common Equity",
        "7. Management’s Discussion",
        "8. Financial Statements",
        "9. Changes in and Disagreements",
        "10. Directors",
        "11. Executive Compensation",
        "12. Security Ownership",
        "13. Certain Relationships",
        "14. Principal Accountant Fees",
        "15. Exhibits",
    ];
    let items = titles.map(|title| format!("Item {title}\n\n{}", text_of(title)));
    items.concat()
}

const WITHOUT_CONTENTS: [&str; 15] = [
    "1", "1A", "1B", "2", "3", "5", "7", "8", "9", "10", "11", "12", "13", "14", "15",
];

#[test]
fn a_sentence_that_begins_like_a_heading_is_none() {
    for sentence in [
        "Item 1A. “Risk Factors” describes more.",
        "Item 1A, Risk Factors, describes more.",
        "Item 1A. Risk Factors of this Annual Report on Form 10-K describes more.",
        "Item 8. Financial Statements in this report has more.",
    ] {
        let text = annual(|title| match title {
            "1. Business" => format!("We make things.\n\n{sentence}\n\nMore business.\n\n"),
            _ => "Some text.\n\n".to_owned(),
        });
        let found = items("10-K", &text, "");
        let names: Vec<_> = found.items.iter().map(|item| item.item.as_str()).collect();
        assert_eq!(names, WITHOUT_CONTENTS, "{sentence}");
        assert!(text[found.items[0].bytes.clone()].ends_with("More business."));
    }
}

#[test]
fn a_heading_that_may_be_a_sentence_leaves_its_item_and_the_one_before_out() {
    let text = annual(|title| match title {
        "1. Business" => {
            "We make things.\n\nItem 1A. Risk Factors describes more.\n\nMore.\n\n".to_owned()
        }
        _ => "Some text.\n\n".to_owned(),
    });
    assert_eq!(names("10-K", &text, ""), WITHOUT_CONTENTS[2..]);
    // A running head has the same title, or ends like a title.
    for (title, head) in [
        ("Risk Factors.", "Risk Factors."),
        ("Risk Factors and More", "Risk Factors"),
    ] {
        let text = annual(|_| "Some text.\n\n".to_owned()).replace(
            "Risk Factors\n",
            &format!("{title}\n\nSome.\n\nItem 1A. {head}\n"),
        );
        assert_eq!(names("10-K", &text, ""), WITHOUT_CONTENTS);
    }
}

#[test]
fn the_lines_of_a_table_of_contents_are_no_items_where_the_text_has_no_headings() {
    let contents = annual(|_| String::new()).replace("\n\n", "\n");
    let text = format!("{contents}\nBusiness\n\nWe make things.\n\nRisk factors\n\nThey break.\n");
    let found = items("10-K", &text, "");
    assert_eq!(found.items, []);
    assert!(
        found
            .problem
            .unwrap()
            .contains("Item 1 stands in a list of items")
    );
    // With page numbers, in a table or behind the title.
    let pages = annual(|_| String::new()).replace("\n\n", " | 12 |\n");
    assert_eq!(items("10-K", &(pages + &text), "").items, []);
}

#[test]
fn an_index_at_the_end_hides_no_item_but_the_last() {
    let text = annual(|_| "Some text.\n\n".repeat(200));
    for end in ["\n", "  7\n", "\n\n4-5, 17\n\n"] {
        let index = annual(|_| String::new()).replace("\n\n", end);
        let found = items("10-K", &format!("{text}CROSS-REFERENCE\n\n{index}"), "");
        let names: Vec<_> = found.items.iter().map(|item| item.item.as_str()).collect();
        assert_eq!(names, WITHOUT_CONTENTS[..14], "{end:?}");
        let problem = found.problem.unwrap();
        assert!(
            problem.contains("Item 15 is followed by a list of items"),
            "{problem}"
        );
    }
}

#[test]
fn items_that_share_a_text_are_no_list() {
    let text = annual(|title| match title {
        "10. Directors" | "11. Executive Compensation" | "12. Security Ownership" => String::new(),
        "13. Certain Relationships" => "All of these are in the proxy statement.\n\n".to_owned(),
        _ => "Some text.\n\n".to_owned(),
    });
    assert_eq!(names("10-K", &text, ""), WITHOUT_CONTENTS);
}

#[test]
fn a_year_at_the_end_of_a_title_is_no_page() {
    let text = annual(|_| "Some text.\n\n".to_owned()).replace("Discussion\n", "Discussion 2023\n");
    let found = items("10-K", &text, "");
    assert_eq!(found.items.len(), WITHOUT_CONTENTS.len());
    assert_eq!(found.items[6].title, "Management’s Discussion 2023");
}

#[test]
fn an_item_that_shares_its_heading_is_left_out() {
    let text =
        "Items 1 and 2. Business and Properties\n\nx\n\nItem 3. Legal Proceedings\n\nNone.\n";
    let found = items("10-K", text, "");
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].item, "3");
    assert!(found.problem.unwrap().contains("Item 1 shares its heading"));
}

#[test]
fn the_parts_of_a_10_q_are_told_by_the_titles() {
    let text = "Item 1. Financial Statements\nx.\nItem 2. Management’s Discussion and Analysis\nx.\n\
        Item 3. Quantitative and Qualitative Disclosures\nx.\nItem 4. Controls and Procedures\nx.\n\
        PART II\nItem 1. Legal Proceedings\nx.\nItem 1A. Risk Factors\nx.\nItem 6. Exhibits\nx.\n";
    assert_eq!(
        names("10-Q", text, ""),
        ["I-1", "I-2", "I-3", "I-4", "II-1", "II-1A", "II-6"]
    );
}

const CURRENT: &str = "FORM 8-K\n\nItem 2.02. Results of Operations and Financial Condition.\n\nWe earned.\n\n\
    Item 9.01 Financial Statements and Exhibits\n\n(d) Exhibits\n\nSIGNATURE\n\nx";

#[test]
fn the_items_of_an_8_k_are_those_that_edgar_lists() {
    assert_eq!(names("8-K", CURRENT, "2.02,9.01"), ["2.02", "9.01"]);
    assert_eq!(names("8-K", CURRENT, ""), ["2.02", "9.01"]);
    let found = items("8-K", CURRENT, "2.02,8.01,9.01");
    assert_eq!(found.items, []);
    assert_eq!(found.problem.as_deref(), Some("Item 8.01 has no heading"));
    let first = &items("8-K", CURRENT, "2.02,9.01").items[0];
    assert!(CURRENT[first.bytes.clone()].ends_with("We earned."));
    assert_eq!(first.method, ItemMethod::Listed);
}

#[test]
fn an_item_of_an_8_k_that_ends_at_a_doubtful_heading_is_left_out() {
    let text = "Item 7.01 Regulation FD Disclosure\n\nSee\n\nItem 2.02 Results of Operations, as reported\n\nabove.\n\n\
        Item 9.01 Financial Statements and Exhibits\n\n(d)\n";
    assert_eq!(names("8-K", text, "7.01,9.01"), ["9.01"]);
    let found = items("8-K", text, "7.01,9.01");
    assert_eq!(
        found.problem.as_deref(),
        Some(
            "Item 7.01 ends at a heading that may be a reference; \
             Item 2.02 is not among the items that EDGAR lists"
        )
    );
    let twice = format!("Item 2.02 Results of Operations\n\nWe earned.\n\n{text}");
    assert_eq!(names("8-K", &twice, "2.02,7.01,9.01"), ["9.01"]);
    let incorporated = twice.replace(", as reported", " is incorporated by reference");
    assert_eq!(
        names("8-K", &incorporated, "2.02,7.01,9.01"),
        ["2.02", "7.01", "9.01"]
    );
}

#[test]
fn two_parts_of_an_item_of_an_8_k_are_not_taken_for_a_table_of_contents() {
    let text = "Item 5.02 Departure of Directors\n\nOne left.\n\nItem 5.02 Election of Directors\n\nOne came.\n\n\
        Item 9.01 Financial Statements and Exhibits\n\n(d)\n";
    assert_eq!(names("8-K", text, "5.02,9.01"), ["9.01"]);
    let contents = "Item 5.02 Departure of Directors\nItem 9.01 Financial Statements\nSignature\nEx-99.1\n\n\
        Item 5.02 Departure of Directors\n\nOne left.\n\nItem 9.01 Financial Statements and Exhibits\n\n(d)\n";
    assert_eq!(names("8-K", contents, ""), ["5.02", "9.01"]);
}

#[test]
fn an_8_k_of_before_2004_has_items_of_one_number() {
    let text = "Item 5. Other Events\n\nx\n\nItem 7. Financial Statements and Exhibits\n\ny\n";
    assert_eq!(names("8-K", text, "5,7"), ["5", "7"]);
}

#[test]
fn other_forms_and_texts_without_headings_have_no_items() {
    assert_eq!(items("DEF 14A", ANNUAL, "").problem, None);
    assert_eq!(
        items("10-K", "words", "").problem.as_deref(),
        Some("no heading of an item")
    );
}

proptest! {
    #[test]
    fn items_lie_in_the_text_one_after_the_other(
        lines in prop::collection::vec(prop::sample::select(vec![
            "Item 1. Business", "Item 1A. Risk Factors", "ITEM 2.", "Properties", "Item 7 (a)", "é — text", "",
            "| Item 3. | Legal Proceedings | 5 |", "PART II", "SIGNATURES", "Item 2.02 Results of", "\u{c}", "---",
            "Items 1 and 2. Business and Properties", "Item 4 Controls and Procedures", "Item", "Item 1", "Item 99",
        ]), 0..40),
        form in prop::sample::select(vec!["10-K", "10-Q", "8-K"]),
    ) {
        let text = lines.join("\n");
        let mut last = 0;
        for item in items(form, &text, "").items {
            prop_assert!(last <= item.bytes.start && item.bytes.start < item.bytes.end);
            last = item.bytes.end;
            prop_assert_eq!(text[item.bytes.clone()].chars().count(), item.characters.len());
            prop_assert_eq!(text[..item.bytes.start].chars().count(), item.characters.start);
        }
    }
}
