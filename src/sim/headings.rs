//! The headings of the items in the main document of a report.

/// The headings of a 10-K.
const ANNUAL: [&str; 20] = [
    "Item 1. Business",
    "Item 1A. Risk Factors",
    "Item 1B. Unresolved Staff Comments",
    "Item 2. Properties",
    "Item 3. Legal Proceedings",
    "Item 4. Mine Safety Disclosures",
    "Item 5. Market for Registrant's Common Equity",
    "Item 6. Selected Financial Data",
    "Item 7. Management's Discussion and Analysis",
    "Item 7A. Quantitative and Qualitative Disclosures About Market Risk",
    "Item 8. Financial Statements and Supplementary Data",
    "Item 9. Changes in and Disagreements With Accountants",
    "Item 9A. Controls and Procedures",
    "Item 9B. Other Information",
    "Item 10. Directors, Executive Officers and Corporate Governance",
    "Item 11. Executive Compensation",
    "Item 12. Security Ownership of Certain Beneficial Owners",
    "Item 13. Certain Relationships and Related Transactions",
    "Item 14. Principal Accountant Fees and Services",
    "Item 15. Exhibits and Financial Statement Schedules",
];

/// The headings of a 10-Q.
const QUARTERLY: [&str; 9] = [
    "Item 1. Financial Statements",
    "Item 2. Management's Discussion and Analysis",
    "Item 3. Quantitative and Qualitative Disclosures About Market Risk",
    "Item 4. Controls and Procedures",
    "Item 1. Legal Proceedings",
    "Item 1A. Risk Factors",
    "Item 2. Unregistered Sales of Equity Securities",
    "Item 5. Other Information",
    "Item 6. Exhibits",
];

/// Of an 8-K, with the items as EDGAR lists them.
const CURRENT: [(&str, &str); 13] = [
    (
        "1.01",
        "Item 1.01 Entry into a Material Definitive Agreement",
    ),
    (
        "2.02",
        "Item 2.02 Results of Operations and Financial Condition",
    ),
    (
        "2.03",
        "Item 2.03 Creation of a Direct Financial Obligation",
    ),
    (
        "5.02",
        "Item 5.02 Departure of Directors or Certain Officers",
    ),
    (
        "5.03",
        "Item 5.03 Amendments to Articles of Incorporation or Bylaws",
    ),
    (
        "5.07",
        "Item 5.07 Submission of Matters to a Vote of Security Holders",
    ),
    ("7.01", "Item 7.01 Regulation FD Disclosure"),
    ("8.01", "Item 8.01 Other Events"),
    ("9.01", "Item 9.01 Financial Statements and Exhibits"),
    ("2", "Item 2. Acquisition or Disposition of Assets"),
    ("5", "Item 5. Other Events"),
    (
        "12",
        "Item 12. Results of Operations and Financial Condition",
    ),
    ("7", "Item 7. Financial Statements and Exhibits"),
];

/// The headings of a report of this form, in order; none for other forms.
pub(super) fn headings(form: &str, items: &str) -> Vec<&'static str> {
    match form.trim_end_matches("/A") {
        "10-K" | "10-KT" => ANNUAL.to_vec(),
        "10-Q" | "10-QT" => QUARTERLY.to_vec(),
        "8-K" => {
            let of = |item| CURRENT.iter().find(|(listed, _)| *listed == item);
            let items = items.split(',').filter_map(of);
            items.map(|(_, heading)| *heading).collect()
        }
        _ => Vec::new(),
    }
}
