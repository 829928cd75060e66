//! The filings of one company in one year: forms, dates, sizes and names.

use jiff::civil::{Date, date};

use crate::edgar::Accession;

use super::alter;
use super::calendar::{business_day, plus_days};
use super::rng::SimRng;
use super::style::{DocumentStyle, LEAST_SIZE, NAMED_SINCE, ROOM_FOR_EXHIBITS, style};
use super::universe::{AGENTS, AsFiled, SimCompanyKind, SimFiling, SimUniverse, kind_of};

/// From this year on, reports have XBRL.
const XBRL_SINCE: Date = date(2010, 7, 1);
/// From this date on, SC 13G is SCHEDULE 13G, in XML.
const SCHEDULES_SINCE: Date = date(2024, 12, 18);

/// A filing of which only form, day and company are determined.
struct Draft {
    filed_on: Date,
    form: &'static str,
    period: Option<Date>,
    /// The number of companies after this one that file jointly.
    joint: u32,
}

/// The parents whose joint filings may include a company.
pub(crate) fn parents_of(universe: &SimUniverse, number: u32) -> impl Iterator<Item = u32> {
    let farthest = universe.joint_filers.saturating_sub(1).max(2);
    (number.saturating_sub(farthest)..number)
        .filter(|parent| kind_of(*parent) == SimCompanyKind::Parent)
}

/// The filings under a company's CIK in one year, oldest first, with all changes applied. They include future
/// ones, which the caller leaves out.
pub(crate) fn year(universe: &SimUniverse, number: u32, year: i16) -> Vec<SimFiling> {
    let mut filings = own(universe, number, year);
    for parent in parents_of(universe, number) {
        let place = number - parent;
        filings.extend(
            own(universe, parent, year)
                .into_iter()
                .filter(|filing| filing.joint >= place),
        );
    }
    filings.sort_by_key(|filing| filing.filed_on);
    alter::apply(universe, &mut filings);
    filings
}

/// The filings that the company itself filed in one year, oldest first.
fn own(universe: &SimUniverse, number: u32, year: i16) -> Vec<SimFiling> {
    if year < universe.first_year(number) || !(1993..=2089).contains(&year) {
        return Vec::new();
    }
    let kind = kind_of(number);
    let mut rng = SimRng::of(&[
        universe.seed,
        u64::from(number),
        u64::from(year.unsigned_abs()),
        0xF11E,
    ]);
    let mut drafts = Vec::new();
    let subsidiaries = match kind {
        SimCompanyKind::Parent => universe.subsidiaries(number),
        _ => 0,
    };
    periodic(kind, number, year, subsidiaries, &mut rng, &mut drafts);
    if kind == SimCompanyKind::Parent {
        let after = universe.len() - number - 1;
        for draft in drafts.iter_mut().filter(|draft| draft.form == "10-K") {
            let more = universe.joint_filers.saturating_sub(1).min(after);
            draft.joint = draft.joint.max(more);
        }
    }
    if kind == SimCompanyKind::NewlyListed {
        registration(universe, year, &mut rng, &mut drafts);
    }
    for _ in 0..extras(universe, number, kind, &mut rng) {
        let filed_on = business_day(year, rng.between(1, 355));
        let form = modern(other_form(kind, &mut rng), filed_on);
        // Half of a parent's current reports are joint filings with the first subsidiary.
        let joint = u32::from(subsidiaries > 0 && form == "8-K" && rng.chance(1, 2));
        drafts.push(Draft {
            filed_on,
            form,
            period: None,
            joint,
        });
    }
    drafts.sort_by_key(|draft| draft.filed_on);
    // An agent reserves a thousand sequence numbers a year for each company.
    drafts.truncate(990);
    drafts
        .into_iter()
        .enumerate()
        .map(|(index, draft)| finished(universe, number, index as u64, &draft, &mut rng))
        .collect()
}

/// The number of filings other than the periodic ones.
fn extras(universe: &SimUniverse, number: u32, kind: SimCompanyKind, rng: &mut SimRng) -> u64 {
    let mean = u64::from(universe.filings_per_year);
    let size = [1, 2, 6][(number % 3) as usize];
    match kind {
        SimCompanyKind::Giant => (mean * 25).min(900) * rng.between(80, 105) / 100,
        SimCompanyKind::Silent | SimCompanyKind::NewlyListed => 0,
        SimCompanyKind::FilesUnderParent => 2,
        // The median company has the given number; the average is one and a half times as much.
        _ => (mean * size * rng.between(60, 140) / 200).min(900),
    }
}

/// The annual and quarterly reports, with their amendments and proxy statements.
fn periodic(
    kind: SimCompanyKind,
    number: u32,
    year: i16,
    subsidiaries: u32,
    rng: &mut SimRng,
    drafts: &mut Vec<Draft>,
) {
    let mut file = |form, day, period, joint| {
        drafts.push(Draft {
            filed_on: business_day(year, day),
            form,
            period,
            joint,
        });
    };
    // Quarter ends, with the days of the year on which their reports are filed.
    let quarter = |end: u64| match end {
        0 => (45, date(year - 1, 12, 31)),
        1 => (122, date(year, 3, 31)),
        2 => (213, date(year, 6, 30)),
        _ => (304, date(year, 9, 30)),
    };
    match kind {
        SimCompanyKind::Domestic | SimCompanyKind::Giant | SimCompanyKind::Parent => {
            // Three of four companies have a fiscal year that ends in December.
            let annual = [0, 0, 0, 2][(number % 4) as usize];
            for end in 0..4 {
                let (day, period) = quarter(end);
                let day = day + rng.below(14);
                if end == annual {
                    let form = if rng.chance(1, 60) { "10-KT" } else { "10-K" };
                    file(form, day + 8, Some(period), subsidiaries);
                    file("DEF 14A", day + 40, Some(plus_days(period, 140)), 0);
                    if rng.chance(1, 8) {
                        file("10-K/A", day + 50, Some(period), subsidiaries);
                    }
                    if rng.chance(1, 30) {
                        file("NT 10-K", day, Some(period), 0);
                    }
                } else {
                    let form = if rng.chance(1, 200) { "10-QT" } else { "10-Q" };
                    file(form, day, Some(period), subsidiaries);
                    if rng.chance(1, 40) {
                        file("10-Q/A", day + 20, Some(period), subsidiaries);
                    }
                }
            }
        }
        SimCompanyKind::Foreign | SimCompanyKind::Canadian => {
            let (form, day) = match kind {
                SimCompanyKind::Foreign => ("20-F", 95 + rng.below(25)),
                _ => ("40-F", 70 + rng.below(20)),
            };
            file(form, day, Some(date(year - 1, 12, 31)), 0);
            if kind == SimCompanyKind::Foreign && rng.chance(1, 10) {
                file("20-F/A", day + 60, Some(date(year - 1, 12, 31)), 0);
            }
        }
        SimCompanyKind::Fund => {
            file("N-CSR", 60 + rng.below(8), Some(date(year - 1, 12, 31)), 0);
            file("N-CSRS", 240 + rng.below(8), Some(date(year, 6, 30)), 0);
            file("N-CEN", 75, Some(date(year - 1, 12, 31)), 0);
        }
        SimCompanyKind::Subsidiary
        | SimCompanyKind::FilesUnderParent
        | SimCompanyKind::NewlyListed
        | SimCompanyKind::Silent => {}
    }
}

/// The filings of a company before its listing, in the five months before the universe began.
fn registration(universe: &SimUniverse, year: i16, rng: &mut SimRng, drafts: &mut Vec<Draft>) {
    let forms = [
        (140, "DRS"),
        (100, "S-1"),
        (70, "S-1/A"),
        (60, "CORRESP"),
        (40, "S-1/A"),
        (32, "8-A12B"),
        (30, "EFFECT"),
        (28, "424B4"),
        (28, "3"),
        (27, "3"),
        (20, "8-K"),
        (9, "SC 13G"),
    ];
    for (ago, form) in forms {
        let day = plus_days(universe.began, -(ago + i64::from(rng.chance(1, 2))));
        let filed_on = business_day(day.year(), u64::from(day.day_of_year().unsigned_abs()));
        if day.year() == year {
            drafts.push(Draft {
                filed_on,
                form: modern(form, filed_on),
                period: None,
                joint: 0,
            });
        }
    }
}

/// A form that is filed at irregular times.
fn other_form(kind: SimCompanyKind, rng: &mut SimRng) -> &'static str {
    match kind {
        SimCompanyKind::Giant => rng.weighted(&[
            (70, "424B2"),
            (12, "FWP"),
            (9, "4"),
            (4, "8-K"),
            (2, "13F-HR"),
            (2, "SC 13G/A"),
            (1, "UPLOAD"),
        ]),
        SimCompanyKind::Foreign | SimCompanyKind::Canadian => rng.weighted(&[
            (70, "6-K"),
            (8, "SC 13G/A"),
            (5, "144"),
            (5, "424B5"),
            (4, "F-3"),
            (4, "CORRESP"),
            (4, "6-K/A"),
        ]),
        SimCompanyKind::Fund => rng.weighted(&[
            (40, "NPORT-P"),
            (20, "497"),
            (12, "40-17G"),
            (10, "N-PX"),
            (10, "DEF 14A"),
            (8, "4"),
        ]),
        SimCompanyKind::FilesUnderParent => {
            rng.weighted(&[(5, "424B2"), (3, "8-A12B"), (2, "CERT")])
        }
        SimCompanyKind::Subsidiary => {
            rng.weighted(&[(60, "8-K"), (20, "424B2"), (10, "4"), (10, "EFFECT")])
        }
        _ => rng.weighted(&[
            (450, "4"),
            (190, "8-K"),
            (40, "3"),
            (6, "8-K/A"),
            (60, "SC 13G/A"),
            (25, "SC 13G"),
            (20, "SC 13D/A"),
            (60, "144"),
            (30, "DEFA14A"),
            (14, "4/A"),
            (12, "5"),
            (12, "S-8"),
            (15, "424B5"),
            (25, "CORRESP"),
            (25, "UPLOAD"),
            (12, "EFFECT"),
            (10, "S-3"),
            (10, "ARS"),
            (6, "11-K"),
        ]),
    }
}

/// The name that a form has on a day, if it was renamed.
fn modern(form: &'static str, filed_on: Date) -> &'static str {
    match form {
        "SC 13G" if filed_on >= SCHEDULES_SINCE => "SCHEDULE 13G",
        "SC 13G/A" if filed_on >= SCHEDULES_SINCE => "SCHEDULE 13G/A",
        "SC 13D/A" if filed_on >= SCHEDULES_SINCE => "SCHEDULE 13D/A",
        form => form,
    }
}

/// The approximate length of a complete submission in bytes: the median of this form in 2024 and 2025.
fn middle_size(form: &str, style: DocumentStyle) -> u64 {
    match (form, style) {
        ("10-K" | "10-K/A" | "10-KT" | "20-F" | "20-F/A" | "40-F", DocumentStyle::Inline) => {
            8_000_000
        }
        ("10-K" | "10-K/A" | "10-KT" | "20-F" | "20-F/A" | "40-F", _) => 1_200_000,
        ("10-Q" | "10-Q/A" | "10-QT", DocumentStyle::Inline) => 4_200_000,
        ("10-Q" | "10-Q/A" | "10-QT", _) => 300_000,
        (_, DocumentStyle::Xml("xslFormNPORT-P_X01")) => 900_000,
        (_, DocumentStyle::Xml(_)) => 7_000,
        (_, DocumentStyle::Paper) => 1_500,
        (_, DocumentStyle::Letter) => 90_000,
        ("DEF 14A" | "N-CSR" | "N-CSRS" | "ARS" | "S-1" | "S-1/A" | "424B4", _) => 1_700_000,
        ("8-K" | "8-K/A", _) => 190_000,
        ("6-K" | "6-K/A", _) => 120_000,
        _ => 45_000,
    }
}

/// Completes a draft.
fn finished(
    universe: &SimUniverse,
    number: u32,
    index: u64,
    draft: &Draft,
    rng: &mut SimRng,
) -> SimFiling {
    let Draft {
        filed_on,
        form,
        period,
        joint,
    } = *draft;
    let accession = accession(universe, number, index, filed_on, form);
    let style = style(form, filed_on);
    let is_xbrl = match style {
        DocumentStyle::Inline => true,
        DocumentStyle::Html => {
            filed_on >= XBRL_SINCE && (form.starts_with("10-") || form == "20-F")
        }
        _ => false,
    };
    let primary_document = if filed_on < NAMED_SINCE || nameless(form, rng) {
        String::new()
    } else {
        primary_name(universe, number, accession, form, filed_on, style, rng)
    };
    let report_date = report_date(form, filed_on, period, rng);
    let accepted = u32::try_from(rng.between(6 * 3600, 17 * 3600 + 1800)).unwrap_or(0);
    let items = items(form, filed_on, rng);
    let size = size(universe, middle_size(form, style), joint, rng);
    SimFiling {
        accession,
        company: number,
        joint,
        as_filed: AsFiled {
            form,
            filed_on,
            size,
        },
        form,
        filed_on,
        report_date,
        accepted,
        primary_document,
        items,
        size,
        is_xbrl,
    }
}

/// Whether the primary document has no name. EDGAR has five of these after 2000; here they are frequent enough
/// that every universe has some among the wanted forms.
fn nameless(form: &str, rng: &mut SimRng) -> bool {
    form.starts_with("10-") && rng.chance(1, 70)
}

/// The accession of a filing. The company itself submits one in five filings, an agent the others. Paper
/// filings and letters of the staff have separate numbers.
fn accession(
    universe: &SimUniverse,
    number: u32,
    index: u64,
    filed_on: Date,
    form: &str,
) -> Accession {
    let (slot, block) = (u64::from(number % 1000), (number / 1000) as usize);
    let (submitter, sequence) = match form {
        // Ten thousand companies share one prefix, which stands for an invented submitter.
        "EFFECT" if block == 0 => (9_999_999_995, slot * 1000 + index),
        "UPLOAD" if block == 0 => (0, slot * 1000 + index),
        "144" if block == 0 && filed_on.year() < 2023 => (9_999_999_997, slot * 1000 + index),
        _ if number % 5 == 2 => (universe.cik(number).get(), index + 1),
        _ => (AGENTS[block % AGENTS.len()], slot * 1000 + index),
    };
    let year = u64::from(filed_on.year().unsigned_abs() % 100);
    Accession::new(submitter * 100_000_000 + year * 1_000_000 + sequence)
        .expect("submitter, year and sequence have their digits")
}

fn report_date(form: &str, filed_on: Date, period: Option<Date>, rng: &mut SimRng) -> Option<Date> {
    match (period, form) {
        // Report dates after the filing date and absurd ones both occur at EDGAR.
        (Some(_), _) if rng.chance(1, 400) => Some(date(2039, 12, 31)),
        (Some(period), _) => Some(period),
        (None, "3" | "4" | "5" | "4/A" | "8-K" | "8-K/A" | "6-K") => Some(plus_days(
            filed_on,
            -i64::try_from(rng.below(4)).unwrap_or(0),
        )),
        (None, _) => None,
    }
}

fn items(form: &str, filed_on: Date, rng: &mut SimRng) -> &'static str {
    match form {
        // Items were renumbered in August 2004.
        "8-K" | "8-K/A" if filed_on < date(2004, 8, 23) => rng.pick(&["5", "7,12", "5,7", "2,7"]),
        "8-K" | "8-K/A" => rng.pick(&[
            "2.02,9.01",
            "5.02",
            "8.01,9.01",
            "7.01,9.01",
            "1.01,2.03,9.01",
            "5.07",
            "5.02,5.03,9.01",
        ]),
        _ => "",
    }
}

fn size(universe: &SimUniverse, middle: u64, joint: u32, rng: &mut SimRng) -> u64 {
    // From a third to three times the median, as often below it as above.
    let percent = if rng.chance(1, 2) {
        rng.between(33, 100)
    } else {
        rng.between(100, 300)
    };
    let bytes = middle * percent / 100;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are far below 2^52, and the cast saturates"
    )]
    let scaled = (bytes as f64 * universe.document_scale) as u64;
    let least = match joint {
        0 => LEAST_SIZE,
        // The header has more than half a kilobyte for each filer.
        _ => ROOM_FOR_EXHIBITS + 1200 * u64::from(joint.saturating_sub(2)),
    };
    // Sizes that would be below the minimum still differ.
    scaled.min(200_000_000).max(least + bytes % 1024)
}

fn primary_name(
    universe: &SimUniverse,
    number: u32,
    accession: Accession,
    form: &str,
    filed_on: Date,
    style: DocumentStyle,
    rng: &mut SimRng,
) -> String {
    let day = || filed_on.strftime("%Y%m%d").to_string();
    let name: String = form
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let tag = rng.below(900_000) + 1000;
    match style {
        DocumentStyle::Xml(prefix) => {
            let name = match form {
                "3" | "4" | "5" | "4/A" => rng.pick(&["form4.xml", "doc4.xml", "edgardoc.xml"]),
                _ => "primary_doc.xml",
            };
            format!("{prefix}/{name}")
        }
        DocumentStyle::Paper => format!("{accession}.paper"),
        DocumentStyle::Letter => "filename1.pdf".to_owned(),
        DocumentStyle::Pdf => format!("d{tag}dars.pdf"),
        DocumentStyle::Inline => {
            let ticker = universe.root(number).to_lowercase();
            format!("{ticker}-{}.htm", day())
        }
        DocumentStyle::Html if form == "CORRESP" => "filename1.htm".to_owned(),
        DocumentStyle::Html if rng.chance(1, 30) => {
            format!("FORM_{}-{tag}.HTM", name.to_uppercase())
        }
        DocumentStyle::Html => format!("d{tag}d{name}.htm"),
        DocumentStyle::Text if filed_on.year() == 2000 => "0001.txt".to_owned(),
        DocumentStyle::Text => format!("a{tag}{name}.txt"),
    }
}
