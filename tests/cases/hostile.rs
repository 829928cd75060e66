//! A hostile EDGAR: nothing is written outside the data dir, no escape sequence reaches the terminal, memory
//! and disk use are limited, and other companies are downloaded.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::harness::scripted::{Scripted, response};
use crate::harness::{Output, Sandbox};

/// A job for everything that the hostile EDGAR serves.
fn job(extra: &[&'static str]) -> Vec<&'static str> {
    let job = [
        "backfill",
        "--exchange=all",
        "--form=10-K",
        "--since=2024-01-01",
    ];
    [&job[..], &["--until=2025-06-30"], extra].concat()
}

/// Escape sequences, a line break, a C1 control and a character that reverses the text direction.
const EVIL: &str = "Evil\u{1b}[2J\u{1b}]0;owned\u{7}\r\nerror: fake\u{9b}31m\u{202e}Corp";

/// An EDGAR with one company whose filings have these document names.
fn hostile(names: &[&str]) -> Scripted {
    let mut bodies = BTreeMap::new();
    let list = json!({
        "fields": ["cik", "name", "ticker", "exchange"],
        "data": [[7, EVIL, "EVIL", "Nasdaq"], [8, EVIL, format!("X{EVIL}"), EVIL], [EVIL, 9, 9, 9]],
    });
    let accession = |i| format!("0000000007-25-{i:06}");
    let column = |f: &dyn Fn(usize) -> Value| (0..names.len()).map(f).collect::<Vec<_>>();
    let submissions = json!({
        "cik": "0000000007", "name": EVIL,
        "filings": {
            "recent": {
                "accessionNumber": column(&|i| accession(i).into()),
                "filingDate": column(&|_| "2025-01-02".into()),
                "form": column(&|_| "10-K".into()),
                "primaryDocument": column(&|i| names[i].into()),
                "size": column(&|_| 10_000.into()),
            },
            "files": [{"name": format!("../../{EVIL}"), "filingCount": 1, "filingFrom": "2024-01-01", "filingTo": "2025-01-01"}],
        },
    });
    bodies.insert(
        "/files/company_tickers_exchange.json".to_owned(),
        list.to_string().into(),
    );
    bodies.insert(
        "/submissions/CIK0000000007.json".to_owned(),
        submissions.to_string().into(),
    );
    let empty = r#"{"cik":"8","name":"x","filings":{"recent":{"accessionNumber":["\u001b[31m"],"filingDate":["\u001b[31m"],"form":["\u001b[31m"]},"files":[]}}"#;
    bodies.insert("/submissions/CIK0000000008.json".to_owned(), empty.into());
    for i in 0..names.len() {
        let folder = accession(i).replace('-', "");
        for name in ["x", "passwd", "good.htm", "-rf"] {
            bodies.insert(
                format!("/Archives/edgar/data/7/{folder}/{name}"),
                format!("<p>document {i}</p>").into_bytes(),
            );
        }
    }
    Scripted::start(bodies)
}

/// Document names that leave the folder, have a special meaning, or attack the terminal.
const NAMES: [&str; 18] = [
    "good.htm",
    "../../x",
    "/etc/passwd",
    "..",
    "..\\..\\x",
    "C:\\x",
    "con.htm",
    "a\u{1b}[31mred.htm",
    "a\nerror: fake",
    "a\u{202e}mth.exe",
    "x\0y",
    "nul.txt",
    "dot.",
    "blank ",
    " ",
    ".hidden",
    LONG,
    "-rf",
];

/// Longer than any file system permits.
const LONG: &str = concat!(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
);

#[track_caller]
fn harmless(text: &str, what: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
    };
    assert!(!text.contains(bad), "{what}: {text:?}");
    let faked = |line: &str| line.starts_with("error: fake");
    assert!(!text.lines().any(faked), "{what}: {text:?}");
}

#[test]
fn nothing_from_the_network_reaches_the_terminal_raw() {
    let server = hostile(&NAMES);
    for args in [
        &["--progress=plain"][..],
        &["-vvv"],
        &["--log-format=json", "-vvv"],
        &["--json"],
        &["--dry-run"],
        &["--ticker=EVIL"],
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command_to(&server.url(), &job(args));
        command.env(
            "RUST_LOG",
            if args.contains(&"-vvv") {
                "trace"
            } else {
                "info"
            },
        );
        let output = Output::of(command);
        harmless(&output.stdout, &format!("{args:?}"));
        harmless(&output.stderr, &format!("{args:?}"));
        let _ = output.code(if args == ["--dry-run"] { 0 } else { 3 });
    }
    // The error that ends the run may quote the network as well.
    let list = r#"{"fields":["cik","name","ticker","exchange"],"data":"\u001b[31m\u009b"}"#;
    for body in [list, "{\"fields\":[\"\u{1b}[31m\"]}", "{\u{1b}[31m"] {
        let path = "/files/company_tickers_exchange.json".to_owned();
        let server = Scripted::start(BTreeMap::from([(path, body.into())]));
        let sandbox = Sandbox::new();
        let args = ["backfill", "--max-attempts=1", "--progress=none"];
        let output = Output::of(sandbox.command_to(&server.url(), &args)).code(1);
        harmless(&output.stderr, body);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    }
}

#[test]
fn nothing_on_record_reaches_the_terminal_raw_later() {
    let server = hostile(&NAMES);
    let sandbox = Sandbox::new();
    let _ = Output::of(sandbox.command_to(&server.url(), &job(&[]))).code(3);
    for command in [
        &["companies", "list", "--exchange=all"][..],
        &["stats"],
        &["monitor", "--once"],
        &["diagnose", "--exchange=all"],
        &["verify"],
        &["backfill", "--ticker=EVIL", "--dry-run"],
    ] {
        let text = Output::of(sandbox.command_to(&server.url(), command));
        harmless(&text.stdout, &format!("{command:?}"));
        harmless(&text.stderr, &format!("{command:?}"));
        let _ = text.code(0);
        if command.contains(&"--dry-run") {
            continue;
        }
        let args = [command, &["--json"]].concat();
        let output = Output::of(sandbox.command_to(&server.url(), &args)).code(0);
        harmless(&output.stdout, &format!("{args:?}"));
        if command[0] == "companies" {
            // The stored name is harmless and, apart from surrounding blanks, the one that was sent.
            let names = output.json()["companies"].clone();
            assert_eq!(names[0]["name"], EVIL);
        }
    }
}

#[test]
fn no_document_name_leads_out_of_its_folder() {
    let server = hostile(&NAMES);
    let sandbox = Sandbox::new();
    let _ = Output::of(sandbox.command_to(&server.url(), &job(&[]))).code(3);
    // The part after the last slash is a valid name; the others are not names.
    let files: Vec<_> = sandbox.files().into_keys().collect();
    let folder = |i| format!("edgar/data/7/0000000007250000{i:02}");
    let names = [
        folder(0) + "/good.htm",
        folder(1) + "/x",
        folder(2) + "/passwd",
        folder(17) + "/-rf",
    ];
    assert_eq!(files, names);
    let failed = "SELECT count(*) FROM v_artifacts WHERE status = 'failed'";
    assert_eq!(sandbox.number(failed), 14);
    let kinds = "SELECT DISTINCT kind FROM v_errors WHERE accession IS NOT NULL ORDER BY 1";
    assert_eq!(sandbox.rows(kinds), ["not_found", "unsafe_name"]);
    let mut made: Vec<_> = fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    made.sort();
    assert_eq!(made, ["filings", "filings.db", "filings.db.lock", "state"]);
    // No request used such a name either.
    for path in server.asked() {
        assert!(
            path.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/._-%".contains(&b)),
            "{path}"
        );
        assert!(!path.contains(".."), "{path}");
    }
}

/// The path of the first filing's document.
const DOCUMENT: &str = "/Archives/edgar/data/7/000000000725000000/good.htm";
/// The company's submissions.
const SUBMISSIONS: &str = "/submissions/CIK0000000007.json";
/// The list of companies.
const LIST: &str = "/files/company_tickers_exchange.json";

/// The lists of one company with one valid filing of this listed size, by path.
fn one_filing(size: u64) -> BTreeMap<String, Vec<u8>> {
    let list = json!({
        "fields": ["cik", "name", "ticker", "exchange"],
        "data": [[7, "Seven", "SEVN", "Nasdaq"]],
    });
    let submissions = json!({
        "cik": "0000000007", "name": "Seven",
        "filings": {
            "recent": {
                "accessionNumber": ["0000000007-25-000000"],
                "filingDate": ["2025-01-02"],
                "form": ["10-K"],
                "primaryDocument": ["good.htm"],
                "size": [size],
            },
            "files": [],
        },
    });
    [
        (LIST, list.to_string().into_bytes()),
        (SUBMISSIONS, submissions.to_string().into_bytes()),
        (DOCUMENT, b"<html>a document</html>".to_vec()),
        (
            "/dynamic/symdir/nasdaqlisted.txt",
            b"Symbol|Security Name|Test Issue|ETF\nSEVN|Seven|N|N\nFile Creation Time: 0102202512:11|||\n"
                .to_vec(),
        ),
        (
            "/dynamic/symdir/otherlisted.txt",
            b"ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Test Issue\nA|A|N|A|N|N\n\
              File Creation Time: 0102202512:11|||||\n"
                .to_vec(),
        ),
    ]
    .map(|(path, body)| (path.to_owned(), body))
    .into()
}

/// Serves one valid company, except at one path.
fn one_filing_but(
    path: &'static str,
    size: u64,
    answer: impl Fn(&mut dyn io::Write) -> io::Result<()> + Send + 'static,
) -> Scripted {
    let bodies = one_filing(size);
    Scripted::answering(move |asked, stream| match bodies.get(asked) {
        _ if asked == path => answer(stream),
        Some(body) => stream.write_all(&response("200 OK", "", body)),
        None => stream.write_all(&response("404 Not Found", "", b"nothing here")),
    })
}

#[test]
fn a_filing_that_is_listed_twice_is_fetched_once() {
    let mut bodies = one_filing(100);
    let mut twice: Value = serde_json::from_slice(&bodies[SUBMISSIONS]).unwrap();
    for (_, column) in twice["filings"]["recent"].as_object_mut().unwrap() {
        let values = column.as_array_mut().unwrap();
        values.extend(values.clone());
    }
    bodies.insert(SUBMISSIONS.to_owned(), twice.to_string().into_bytes());
    let server = Scripted::start(bodies);
    let sandbox = Sandbox::new();
    let _ = run(&sandbox, &server).code(0);
    let asked = server
        .asked()
        .iter()
        .filter(|path| *path == DOCUMENT)
        .count();
    assert_eq!(asked, 1);
    assert_eq!(
        sandbox.rows("SELECT status FROM v_artifacts"),
        ["downloaded"]
    );
}

/// Runs the job against it, with one attempt for each item.
fn run(sandbox: &Sandbox, server: &Scripted) -> Output {
    Output::of(sandbox.command_to(
        &server.url(),
        &job(&["--max-attempts=1", "--progress=none"]),
    ))
}

/// All files below a folder, by path.
fn below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(below(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_symlink_in_the_data_dir_leads_nothing_out() {
    let server = Scripted::start(one_filing(10_000));
    for (place, refused) in [
        ("edgar/data/7", true),
        ("edgar/data/7/000000000725000000", true),
        (".incoming", true),
        (".incoming/lock", true),
        ("edgar/data/7/000000000725000000/good.htm", false),
    ] {
        let (sandbox, outside) = (Sandbox::new(), Sandbox::new());
        // A file that a run would remove when it cleans up, and one that it would truncate when it opens it.
        fs::write(outside.path("mine.part"), "mine").unwrap();
        let is_file = place.contains("good") || place.contains("lock");
        let target = if is_file { "mine.part" } else { "" };
        let link = sandbox.path("filings").join(place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(outside.path(target), &link).unwrap();

        let output = run(&sandbox, &server).code(i32::from(refused));
        assert_eq!(
            output.stderr.contains("is a symlink"),
            refused,
            "{place}: {}",
            output.stderr
        );
        assert_eq!(
            output.stderr.lines().count(),
            usize::from(refused),
            "{place}"
        );
        // No file was written there, and none removed.
        let mine = outside.path("mine.part");
        assert_eq!(
            below(&outside.path("")),
            [mine.display().to_string()],
            "{place}"
        );
        assert_eq!(fs::read(&mine).unwrap(), b"mine", "{place}");
        if !refused {
            assert!(!link.is_symlink(), "the document replaces the link");
            assert_eq!(fs::read(&link).unwrap(), b"<html>a document</html>");
        }
    }
}

#[test]
fn a_redirect_off_the_site_or_off_the_web_is_not_followed() {
    let elsewhere = Scripted::start(BTreeMap::new());
    for (to, said) in [
        (elsewhere.url(), "a redirect to another site, 127.0.0.1"),
        (
            "http://me:secret@127.0.0.1/".to_owned(),
            "a redirect with a password in it, to 127.0.0.1",
        ),
        (
            "file:///etc/passwd".to_owned(),
            "a redirect to a URL that is not HTTP",
        ),
        (
            "//evil.example/x".to_owned(),
            "a redirect to another site, evil.example",
        ),
        (
            "gopher://x/".to_owned(),
            "a redirect to a URL that is not HTTP",
        ),
        (
            "http://".to_owned(),
            "a redirect to an invalid URL (empty host)",
        ),
    ] {
        let location = format!("Location: {to}\r\n");
        let server = one_filing_but(DOCUMENT, 10_000, move |stream| {
            stream.write_all(&response(
                "302 Found",
                &location,
                b"<html>over there</html>",
            ))
        });
        let sandbox = Sandbox::new();
        let output = run(&sandbox, &server).code(3);
        harmless(&output.stderr, &to);
        let rows = sandbox.rows("SELECT kind, message FROM v_errors");
        let [row] = &rows[..] else {
            panic!("{to}: {rows:?}")
        };
        assert!(
            row.starts_with("redirect|") && row.contains(said),
            "{to}: {row}"
        );
        assert!(!row.contains("secret"), "{row}");
        assert_eq!(sandbox.files().len(), 0);
    }
    assert_eq!(elsewhere.asked(), [""; 0]);
}

#[test]
fn absurd_json_costs_what_is_absurd_and_no_more() {
    let good = String::from_utf8(one_filing(10_000)[SUBMISSIONS].clone()).unwrap();
    let with = |member: &str| good.replacen('{', &format!("{{{member},"), 1);
    let instead = |what: &str, other: &str| {
        assert!(good.contains(what), "{good}");
        good.replacen(what, other, 1)
    };
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let deep_object = r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000);
    let large = "9".repeat(400);
    let many = format!("[{}1]", "1,".repeat(1_000_000));
    // Unused fields have no effect, an invalid entry is skipped, and an invalid document fails its company.
    for (what, body, code, files, errors) in [
        ("deep arrays", with(&format!(r#""x":{deep}"#)), 0, 1, 0),
        (
            "deep objects",
            with(&format!(r#""x":{deep_object}"#)),
            0,
            1,
            0,
        ),
        ("many values", with(&format!(r#""x":{many}"#)), 0, 1, 0),
        ("a large number", with(&format!(r#""x":{large}"#)), 0, 1, 0),
        (
            "escapes in a name",
            with(r#""\u0000\u001b[31m":"\u0000""#),
            0,
            1,
            0,
        ),
        ("a name of arrays", instead(r#""Seven""#, &deep), 0, 1, 0),
        (
            "a size for no file",
            instead("[10000]", "[9999999999999999999]"),
            0,
            1,
            0,
        ),
        (
            "many pages",
            instead(r#""files":[]"#, &format!(r#""files":{many}"#)),
            0,
            1,
            101,
        ),
        ("many forms", instead(r#"["10-K"]"#, &many), 0, 0, 101),
        (
            "a size of 400 digits",
            instead("[10000]", &format!("[{large}]")),
            3,
            0,
            1,
        ),
        (
            "a CIK of 400 digits",
            instead(r#""0000000007""#, "1e400"),
            3,
            0,
            1,
        ),
        ("nothing but arrays", deep.clone(), 3, 0, 1),
        ("nothing but values", many.clone(), 3, 0, 1),
    ] {
        let server = one_filing_but(SUBMISSIONS, 0, move |stream| {
            stream.write_all(&response("200 OK", "", body.as_bytes()))
        });
        let sandbox = Sandbox::new();
        let output = run(&sandbox, &server);
        harmless(&output.stderr, what);
        assert!(
            output.stderr.len() < 50_000,
            "{what}: {}",
            output.stderr.len()
        );
        let told =
            sandbox.rows("SELECT count(*), coalesce(max(length(message)), 0) < 400 FROM v_errors");
        assert_eq!(told, [format!("{errors}|1")], "{what}");
        assert_eq!(sandbox.files().len(), files, "{what}");
        let _ = output.code(code);
    }
}

/// Sends a body of this many bytes; the client most likely does not read all of them.
fn send(stream: &mut dyn io::Write, headers: &str, piece: &[u8], times: u64) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n"
    )?;
    for _ in 0..times {
        stream.write_all(piece)?;
    }
    Ok(())
}

const MB: u64 = 1_000_000;

#[test]
fn a_list_of_companies_without_an_end_is_not_read_to_it() {
    for headers in ["Content-Length: 500000000\r\n", ""] {
        let server = one_filing_but(LIST, 0, move |stream| {
            let rows = r#"[1,"x","X","NYSE"],"#.repeat(50_000);
            send(
                stream,
                headers,
                rows.as_bytes(),
                500 * MB / rows.len() as u64,
            )
        });
        let sandbox = Sandbox::new();
        let _ = run(&sandbox, &server)
            .code(1)
            .says("larger than the limit of 67108864 bytes");
        assert_eq!(server.asked(), [LIST], "it is asked for once");
    }
}

#[test]
fn endless_headers_end_the_request() {
    for line in [
        "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        "aaaaaaaaaaaaaaaa",
    ] {
        let server = one_filing_but(DOCUMENT, 10_000, move |stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            let piece = line.repeat(1000);
            (0..2000).try_for_each(|_| stream.write_all(piece.as_bytes()))
        });
        let sandbox = Sandbox::new();
        let _ = run(&sandbox, &server).code(3);
        let kinds = sandbox.rows("SELECT kind FROM v_errors");
        assert_eq!(
            kinds,
            ["network"],
            "{:?}",
            sandbox.rows("SELECT message FROM v_errors")
        );
    }
}

/// 10 MB that inflate to 10 GB.
fn bomb(stream: &mut dyn io::Write) -> io::Result<()> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![b' '; 16_000_000])?;
    let member = member.finish()?;
    assert!(member.len() < 17_000, "it is a bomb: {}", member.len());
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    // The beginning of a JSON document, and a filing document.
    let mut first = GzEncoder::new(Vec::new(), Compression::best());
    first.write_all(b"[")?;
    stream.write_all(&first.finish()?)?;
    (0..625).try_for_each(|_| stream.write_all(&member))
}

#[test]
fn a_gzip_bomb_is_measured_by_what_it_inflates_to() {
    for (path, code, limit) in [
        (LIST, 1, 64 << 20),
        (SUBMISSIONS, 3, 64 << 20),
        (DOCUMENT, 3, 10_000 + (1 << 20)),
    ] {
        let server = one_filing_but(path, 10_000, bomb);
        let sandbox = Sandbox::new();
        let output = run(&sandbox, &server).code(code);
        let said = match code {
            1 => output.stderr,
            _ => sandbox.rows("SELECT message FROM v_errors").join("\n"),
        };
        let expected = [
            format!("larger than the limit of {limit} bytes"),
            "longer than the 10000 bytes that EDGAR lists".to_owned(),
        ];
        assert!(expected.iter().any(|e| said.contains(e)), "{path}: {said}");
        assert!(!sandbox.path("filings").join("edgar").exists());
        assert!(sandbox.incoming().iter().all(|name| name == "lock"));
    }
}

#[test]
fn no_listed_size_lets_a_document_fill_the_disk() {
    let server = one_filing_but(DOCUMENT, u64::MAX / 2, |stream| {
        send(stream, "Content-Length: 9000000000000000000\r\n", b"x", 1)
    });
    let sandbox = Sandbox::new();
    let _ = run(&sandbox, &server).code(3);
    let rows = sandbox.rows("SELECT kind FROM v_errors");
    assert_eq!(
        rows,
        ["too_large"],
        "{:?}",
        sandbox.rows("SELECT message FROM v_errors")
    );
}

#[test]
fn an_index_with_a_line_of_100_mb_costs_that_line_alone() {
    const INDEX: &str = "/Archives/edgar/full-index/2025/QTR1/master.idx";
    let sandbox = Sandbox::new();
    let server = one_filing_but(INDEX, 10_000, |stream| {
        let head = "\nCIK|Company Name|Form Type|Date Filed|Filename\n-----------\n";
        let row = "7|Seven|10-K|2025-01-02|edgar/data/7/0000000007-25-000000.txt\n";
        let long = "x".repeat(100_000_000);
        stream.write_all(&response(
            "200 OK",
            "",
            [head, &long, "\n", row].concat().as_bytes(),
        ))
    });
    let _ = run(&sandbox, &server).code(0);
    let args = [
        "diagnose",
        "--reconcile",
        "--exchange=all",
        "--since=2025-01-01",
        "--until=2025-03-31",
    ];
    let output = Output::of(sandbox.command_to(&server.url(), &args));
    assert_eq!(server.asked().last().unwrap(), INDEX);
    harmless(&output.stdout, "reconcile");
    assert!(output.stdout.len() + output.stderr.len() < 10_000);
    let _ = output.code(3);
}
