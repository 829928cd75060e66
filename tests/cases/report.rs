//! `report`: the page is valid HTML and has the values of the database, texts from outside are shown only as
//! text, and a browser renders it without an error.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use filing_etl::internals::{RunLock, Writer};
use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;
use sha2::{Digest as _, Sha256};

use crate::harness::html::{self, Element};
use crate::harness::{Output, Sandbox, after, faults};

/// A text that tries to become markup or script.
const HOSTILE: &str = "<img src=x onerror=alert(1)></style></title>\"'&amp;\u{1}\u{202e}";

/// A database after a run with failures and a run that was stopped early.
fn recorded() -> Sandbox {
    let sim = Simulator::start(Options {
        companies: 25,
        today: date(2026, 2, 27),
        filings_per_year: 4,
        document_scale: 0.001,
        faults: faults(&["500:30%@/Archives/edgar/data"]),
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let all = ["backfill", "--exchange", "all", "--since", "2024-01-01"];
    let now = "2026-02-27T22:00:00Z";
    let _ = sandbox.run_at(&sim, now, &[&all[..], &["--no-download"]].concat());
    let _ = sandbox.run_at(&sim, now, &all).code(3);
    sandbox
}

fn report(sandbox: &Sandbox) -> String {
    let output = sandbox.run(&["report", "--to", "report.html"]).code(0);
    assert!(output.stdout.starts_with("report.html: "), "{output:?}");
    fs::read_to_string(sandbox.path("report.html")).unwrap()
}

/// Fails if the page can run or load anything, even without its content security policy.
#[track_caller]
fn assert_inert(elements: &[Element]) {
    let known: BTreeSet<&str> = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "section",
        "h1",
        "h2",
        "p",
        "code",
        "dl",
        "div",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "ul",
        "li",
        "span",
        "svg",
        "g",
        "rect",
        "line",
        "text",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
    .into();
    let attributes: BTreeSet<&str> = [
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
        "class",
        "scope",
        "viewBox",
        "role",
        "aria-label",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "width",
        "height",
        "text-anchor",
    ]
    .into();
    for element in elements {
        assert!(known.contains(element.name.as_str()), "{element:?}");
        for (name, _) in &element.attributes {
            assert!(attributes.contains(name.as_str()), "{element:?}");
        }
    }
}

fn named<'a>(elements: &'a [Element], name: &str) -> Vec<&'a Element> {
    elements.iter().filter(|e| e.name == name).collect()
}

#[test]
fn the_page_says_what_the_database_says() {
    let sandbox = recorded();
    let page = html::elements(&report(&sandbox));
    assert_inert(&page);

    let months = html::table(&page, "Filings by month and form");
    let mut shown: Vec<String> = months[1..]
        .iter()
        .map(|row| format!("{}|{}", row[0], row.last().unwrap()))
        .filter(|row| !row.ends_with("|0"))
        .collect();
    shown.reverse();
    assert_eq!(
        shown,
        sandbox.rows(
            "SELECT substr(filed_on, 1, 7) AS month, count(DISTINCT accession) FROM v_filings
             GROUP BY month ORDER BY month"
        )
    );
    // All months between the first and the last are listed.
    let numbers: Vec<i64> = months[1..]
        .iter()
        .map(|row| number(&row[0][..4]) * 12 + number(&row[0][5..]))
        .collect();
    assert!(numbers.len() > 20);
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1));

    let runs = html::table(&page, "The last runs, newest first");
    let shown: Vec<_> = runs[1..]
        .iter()
        .map(|r| [&r[..3], &r[5..9]].concat().join("|").replace(',', ""))
        .collect();
    assert_eq!(
        shown,
        sandbox.rows(
            "SELECT run_id, command, status, requests, filings_new, downloaded,
                 failed + companies_failed
             FROM v_runs ORDER BY run_id DESC"
        )
    );

    let failures = html::table(&page, "Failures and remedies");
    let failed: i64 = failures[1..].iter().map(|row| number(&row[2])).sum();
    let sql = "SELECT count(*) FROM v_artifacts WHERE status = 'failed'";
    assert!(failed > 0);
    assert_eq!(failed, sandbox.number(sql));

    let queue = html::table(&page, "Files that are not on disk, by form");
    let queued: i64 = queue[1..]
        .iter()
        .map(|r| number(&r[1]) + number(&r[2]))
        .sum();
    let sql = "SELECT count(*) FROM v_artifacts WHERE status IN ('pending', 'failed')";
    assert_eq!(queued, sandbox.number(sql));

    let coverage = html::table(&page, "Coverage by exchange");
    let all = coverage.last().unwrap();
    assert_eq!(
        number(&all[1]),
        sandbox.number("SELECT companies_total FROM v_selections")
    );
    let selections = html::table(&page, "Recorded selections");
    assert_eq!(selections.len(), 2);
}

fn number(text: &str) -> i64 {
    text.replace(',', "").parse().unwrap()
}

#[test]
fn behind_every_picture_are_hover_texts_and_a_table() {
    let sandbox = recorded();
    let page = html::elements(&report(&sandbox));
    let pictures = named(&page, "svg");
    assert_eq!(pictures.len(), 10);
    for picture in &pictures {
        let label = picture.attribute("aria-label");
        assert!(label.is_some_and(|label| !label.is_empty()));
    }
    // Every group of shapes has a title, and every shape is in such a group.
    let groups = named(&page, "g");
    let in_groups = |name: &str| {
        let all = page.iter().filter(|e| e.name == name);
        all.filter(|e| e.within.last().is_some_and(|around| around == "g"))
            .count()
    };
    assert_eq!(in_groups("title"), groups.len());
    assert_eq!(in_groups("rect"), named(&page, "rect").len());
    for title in page.iter().filter(|e| e.name == "title") {
        assert!(!title.text.trim().is_empty());
    }
    // Each section with a chart has a table.
    let mut section = Vec::new();
    for element in &page {
        match element.name.as_str() {
            "section" => section = vec![],
            "figure" => section.push("figure"),
            "table" => section.retain(|seen| *seen != "figure"),
            "h2" => assert!(section.is_empty(), "{element:?}"),
            _ => {}
        }
    }
    assert!(section.is_empty());
}

#[test]
fn the_policy_lets_nothing_in_but_the_style_of_the_page() {
    let sandbox = recorded();
    let page = html::elements(&report(&sandbox));
    let [style] = named(&page, "style")[..] else {
        panic!("one style");
    };
    let engine = base64::engine::general_purpose::STANDARD;
    let hash = engine.encode(Sha256::digest(&style.text));
    let metas = named(&page, "meta").into_iter();
    let policies: Vec<_> = metas
        .filter(|m| m.attribute("http-equiv") == Some("Content-Security-Policy"))
        .map(|m| m.attribute("content").unwrap())
        .collect();
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    assert_eq!(policies, [expected]);
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}

/// Puts the hostile text in every place where the page shows a text from outside.
fn poison(sandbox: &Sandbox) {
    let db = sandbox.db();
    for sql in [
        "UPDATE filings SET form = form || ?1 WHERE id % 3 = 0",
        "UPDATE holdings SET form = form || ?1 WHERE pending + failed > 0",
        "UPDATE companies SET exchange = ?1, name = ?1 WHERE cik % 2 = 0",
        "UPDATE artifacts SET last_error = ?1, error_kind = ?1 WHERE status = 'failed'",
        "UPDATE company_facts SET error_kind = ?1 || 'x', error = ?1",
        "UPDATE runs SET command = ?1",
        "INSERT INTO errors (run_id, occurred_at, kind, message) VALUES (2, '', 'bad_row', ?1)",
        "UPDATE selections SET ciks = NULL, criteria = json_object('sic', json_array('73')) WHERE ?1 <> ''",
    ] {
        let changed = db.execute(sql, [HOSTILE]).unwrap();
        assert!(changed > 0, "{sql}");
    }
}

#[test]
fn a_name_from_outside_is_nothing_but_a_text() {
    let sandbox = recorded();
    poison(&sandbox);
    let text = report(&sandbox);
    assert!(!text.contains("<img"));
    let page = html::elements(&text);
    assert_inert(&page);
    // The text is shown unchanged, except for characters that HTML does not allow and that reverse the text
    // direction.
    let said = HOSTILE.replace(['\u{1}', '\u{202e}'], "?");
    for caption in [
        "The last runs, newest first",
        "Failures and remedies",
        "Coverage by exchange",
        "Files that are not on disk, by form",
    ] {
        let table = html::table(&page, caption).concat().join(" ");
        assert!(table.contains(&said), "{caption}: {table}");
    }
}

#[test]
fn an_empty_database_has_a_page_that_says_so() {
    let sandbox = Sandbox::new();
    Writer::open(&sandbox.path("filings.db"))
        .unwrap()
        .close()
        .unwrap();
    let page = html::elements(&report(&sandbox));
    assert_inert(&page);
    assert!(named(&page, "svg").is_empty());
    let body = &named(&page, "body")[0].text;
    for text in [
        "No list of companies has been loaded yet.",
        "No filing is on record.",
        "No run is on record.",
        "Nothing has failed.",
        "Nothing is queued.",
        "No selection is recorded.",
    ] {
        assert!(body.contains(text), "{text}: {body}");
    }
}

#[test]
fn without_a_database_there_is_no_page() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["report", "--to", "report.html"]).code(1);
    let _ = output.says("there is no database");
    assert!(!sandbox.path("report.html").exists());
}

#[test]
fn an_earlier_report_is_replaced_and_any_other_file_stays() {
    let sandbox = recorded();
    let first = report(&sandbox);
    fs::write(sandbox.path("report.html"), first.replace("Runs", "old")).unwrap();
    assert_eq!(report(&sandbox).len(), first.len());
    let before = fs::read(sandbox.path("filings.db")).unwrap();
    fs::write(sandbox.path("notes.html"), "<p>mine").unwrap();
    // As a device such as /dev/null, which a failing test must not replace.
    #[cfg(unix)]
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.path("socket")).unwrap();
    for (to, said) in [
        ("filings.db", "is not a report"),
        ("notes.html", "is not a report"),
        ("filings", "is a folder"),
        #[cfg(unix)]
        ("socket", "is not a file"),
    ] {
        let _ = sandbox.run(&["report", "--to", to]).code(2).says(said);
    }
    assert_eq!(fs::read(sandbox.path("filings.db")).unwrap(), before);
    assert_eq!(fs::read(sandbox.path("notes.html")).unwrap(), b"<p>mine");
    let _ = sandbox
        .run(&["report", "--to", "none/report.html"])
        .code(1)
        .says("failed to write the report to none/report.html");
    let _ = sandbox.run(&["report"]).code(2).says("--to <FILE.html>");
}

#[cfg(unix)]
#[test]
fn whoever_serves_the_folder_may_read_the_page() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = recorded();
    let command = sandbox.command(&["report", "--to", "report.html"]);
    let _ = Output::of(after("umask 022", &command)).code(0);
    let mode = fs::metadata(sandbox.path("report.html"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    // No temporary file is left.
    let names = fs::read_dir(sandbox.path("")).unwrap();
    for entry in names {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(".filing-etl-report-"), "{name}");
    }
}

#[test]
fn it_is_made_beside_a_run() {
    let sandbox = recorded();
    let _lock = RunLock::acquire(&sandbox.path("filings.db"))
        .unwrap()
        .unwrap();
    let _ = report(&sandbox);
}

/// Chromium, if it is installed.
#[expect(clippy::disallowed_methods, reason = "a tool of this machine")]
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// Renders a page in a browser and writes a screenshot to a file. Returns the errors of the browser.
fn browse(browser: &Path, folder: &Path, page: &Path, options: &[&str]) -> Vec<String> {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--enable-logging=stderr",
            "--window-size=1000,5200",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let complaints = said.lines().filter(|line| line.contains(":CONSOLE"));
    complaints.map(str::to_owned).collect()
}

/// The colour of the first pixel of a PNG with 8 bits per channel. The filter of the first row does not affect
/// it.
fn corner(png: &Path) -> [u8; 3] {
    use std::io::Read as _;
    let bytes = fs::read(png).unwrap();
    assert_eq!(bytes[24], 8, "bits a channel");
    let mut data = Vec::new();
    let mut at = 8;
    while at + 8 <= bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if &bytes[at + 4..at + 8] == b"IDAT" {
            data.extend_from_slice(&bytes[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut first = [0; 4];
    let mut pixels = flate2::read::ZlibDecoder::new(&data[..]);
    pixels.read_exact(&mut first).unwrap();
    first[1..].try_into().unwrap()
}

#[test]
#[expect(clippy::print_stderr, reason = "says that nothing was tested")]
fn a_browser_shows_it_light_dark_and_printed_without_a_complaint() {
    let Some(browser) = browser() else {
        eprintln!("SKIPPED: there is no Chromium");
        return;
    };
    let sandbox = recorded();
    poison(&sandbox);
    let _ = report(&sandbox);
    let (folder, page) = (sandbox.path(""), sandbox.path("report.html"));
    for (scheme, picture, is_dark) in [("1", "light.png", false), ("0", "dark.png", true)] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let complaints = browse(
            &browser,
            &folder,
            &page,
            &[&scheme, &format!("--screenshot={picture}")],
        );
        assert_eq!(complaints, [""; 0], "{picture}");
        let background = corner(&sandbox.path(picture));
        assert_eq!(
            background.iter().all(|c| *c < 60),
            is_dark,
            "{background:?}"
        );
        assert_eq!(
            background.iter().all(|c| *c > 200),
            !is_dark,
            "{background:?}"
        );
    }
    let complaints = browse(&browser, &folder, &page, &["--print-to-pdf=report.pdf"]);
    assert_eq!(complaints, [""; 0]);
    assert!(
        fs::read(sandbox.path("report.pdf"))
            .unwrap()
            .starts_with(b"%PDF")
    );
    // The check can fail: the browser refuses another style and reports an error.
    let text = fs::read_to_string(&page).unwrap();
    let other = sandbox.path("other.html");
    fs::write(
        &other,
        text.replace("<body>", "<body style=\"color: red\">"),
    )
    .unwrap();
    let complaints = browse(&browser, &folder, &other, &["--screenshot=other.png"]);
    assert!(
        complaints[0].contains("Content Security Policy"),
        "{complaints:?}"
    );
}
