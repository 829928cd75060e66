//! Reports of failures: JSON, Prometheus, a monitoring service, the journal, and the last line.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use filing_etl::internals::{Cancel, RunLock, spawn};
use filing_etl::sim::Simulator;
use serde_json::Value;

use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, after, faults, simulated};

fn sim() -> Simulator {
    simulated::start(simulated::small())
}

const FEW: [&str; 4] = ["--limit", "4", "--preset", "sequential"];

fn few(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Command {
    sandbox.backfill(sim, &[&FEW, args].concat())
}

/// A monitoring service on loopback that records its requests.
struct Service {
    address: std::net::SocketAddr,
    told: Arc<Mutex<Vec<(String, String)>>>,
    stop: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// A service that gives this response to every request.
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Cancel::default());
        let (log, stopped) = (Arc::clone(&told), stop.clone());
        let thread = spawn("service", &Cancel::default(), move || {
            for stream in listener.incoming() {
                if stopped.is_set() {
                    return;
                }
                let mut stream = stream.unwrap();
                if let Some(request) = request(&stream) {
                    log.lock().unwrap().push(request);
                    let head = "Content-Length: 0\r\nConnection: close";
                    let _ = write!(stream, "HTTP/1.1 {answer}\r\n{head}\r\n\r\n");
                }
            }
        });
        Self {
            address,
            told,
            stop,
            thread: Some(thread.unwrap()),
        }
    }

    fn url(&self) -> String {
        format!("http://{}/ping/secret-uuid", self.address)
    }

    /// The requests since the last call: method and path, and body.
    fn told(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// The same without the bodies.
    fn steps(&self) -> Vec<String> {
        self.told().into_iter().map(|(step, _)| step).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.set();
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Method and path of a request, and its body.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let step = line.rsplit_once(' ')?.0.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        // The user agent for EDGAR is not sent to the service.
        assert!(!header.contains("tests@example.com"), "{header}");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((step, String::from_utf8(body).unwrap()))
}

#[test]
fn a_monitoring_service_is_told_of_every_beginning_and_end() {
    let (sandbox, sim, service) = (Sandbox::new(), sim(), Service::start("200 OK"));
    let url = service.url();
    let with_ping = |mut command: Command| {
        command.env("FILING_ETL_PING_URL", &url);
        Output::of(command)
    };
    let _ = with_ping(few(&sandbox, &sim, &["--no-download"])).code(0);
    let told = service.told();
    let steps: Vec<_> = told.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(
        steps,
        ["POST /ping/secret-uuid/start", "POST /ping/secret-uuid"]
    );
    assert!(told[1].1.contains("backfill completed in"), "{}", told[1].1);

    sim.set_faults(faults(&["404@documents#1"]));
    let _ = with_ping(sandbox.command_against(&sim, &["download"])).code(3);
    let told = service.told();
    assert_eq!(told[1].0, "POST /ping/secret-uuid/3");
    assert!(
        told[1].1.starts_with("1 artifact failed; "),
        "{}",
        told[1].1
    );

    // A dry run is not reported; an error before the start of a run is.
    let _ = with_ping(few(&sandbox, &sim, &["--dry-run"])).code(0);
    assert_eq!(service.steps(), [] as [&str; 0]);
    let _ = with_ping(few(&sandbox, &sim, &["--companies-file", "none"])).code(2);
    let told = service.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "POST /ping/secret-uuid/2");
    assert!(told[0].1.contains("none cannot be read"), "{}", told[0].1);

    // The other run reports its own end.
    let lock = RunLock::acquire(&sandbox.path("filings.db")).unwrap();
    let _ = with_ping(few(&sandbox, &sim, &[])).code(75);
    assert_eq!(service.steps(), ["POST /ping/secret-uuid/log"]);
    drop(lock);
}

#[test]
fn a_service_that_does_not_answer_changes_nothing_and_its_address_stays_secret() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let service = Service::start("404 Not Found");
    let args = ["--no-download", "--ping-url", &service.url()];
    let output = Output::of(few(&sandbox, &sim, &args)).code(0);
    assert!(!output.stderr.contains("secret-uuid"), "{}", output.stderr);
    let _ = output
        .says("warn: the start of the run could not be sent to 127.0.0.1: HTTP 404")
        .says("warn: the result of the run could not be sent to 127.0.0.1: HTTP 404");
    assert_eq!(service.steps().len(), 4); // the end is sent three times
    drop(service);
    let output = Output::of(few(&sandbox, &sim, &args)).code(0);
    let _ = output.says("connection refused");
    let mut command = few(&sandbox, &sim, &[]);
    command.env("FILING_ETL_PING_URL", "ftp://example.com/secret-uuid");
    let output = Output::of(command).code(2);
    assert!(!output.stderr.contains("secret-uuid"), "{}", output.stderr);
}

/// The value of a sample of the metrics file.
fn value(text: &str, sample: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(sample))?;
    line[sample.len()..].trim().parse().ok()
}

#[test]
fn the_metrics_file_tells_of_the_last_run_and_keeps_the_last_success() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let path = sandbox.path("edgar.prom");
    let run = |now: &str, args: &[&str]| {
        let mut command = few(&sandbox, &sim, args);
        command
            .env("FILING_ETL_METRICS_FILE", &path)
            .env("FILING_ETL_NOW", now);
        let output = Output::of(command);
        (output, fs::read_to_string(&path).unwrap())
    };
    let success = "filing_etl_last_success_timestamp_seconds{command=\"backfill\"}";
    let code = "filing_etl_last_run_exit_code{command=\"backfill\"}";
    let (output, first) = run("2025-07-01T12:00:00Z", &["--no-download"]);
    let _ = output.code(0);
    let began = value(&first, success).unwrap();
    assert!(
        (1_751_371_200.0..1_751_371_500.0).contains(&began),
        "{first}"
    );
    assert_eq!(value(&first, code), Some(0.0));
    let queued = value(&first, "filing_etl_queue_artifacts").unwrap();
    assert!(queued > 0.0, "{first}");
    assert_eq!(
        value(
            &first,
            "filing_etl_last_run_companies{command=\"backfill\",state=\"done\"}"
        ),
        Some(4.0)
    );
    assert!(value(&first, "filing_etl_through_timestamp_seconds").is_none());

    sim.set_faults(faults(&["404@documents#1"]));
    let (output, second) = run("2025-07-02T12:00:00Z", &[]);
    let _ = output.code(3);
    assert_eq!(value(&second, success), Some(began));
    assert_eq!(value(&second, code), Some(3.0));
    assert_eq!(
        value(
            &second,
            "filing_etl_last_run_errors{command=\"backfill\",kind=\"not_found\"}"
        ),
        Some(1.0),
        "{second}"
    );

    // A run that ended early has metrics, too, and the values of the database stay.
    let (output, third) = run("2025-07-03T12:00:00Z", &["--ticker", "NOSUCH"]);
    let _ = output.code(2);
    assert_eq!(value(&third, success), Some(began));
    assert_eq!(value(&third, code), Some(2.0));
    assert_eq!(value(&third, "filing_etl_queue_artifacts"), Some(1.0));

    // Another run is active, and writes the file at its end.
    let lock = RunLock::acquire(&sandbox.path("filings.db")).unwrap();
    let (output, fourth) = run("2025-07-04T12:00:00Z", &[]);
    let _ = output.code(75);
    assert_eq!(fourth, third);
    drop(lock);

    // A file that cannot be written is reported, and does not change the exit code.
    let args = [
        "--limit=1",
        "--no-download",
        "--metrics-file",
        "none/edgar.prom",
        "-q",
    ];
    let output = Output::of(sandbox.backfill(&sim, &args)).code(0);
    let _ = output.says("none/edgar.prom cannot be written");
}

#[test]
fn a_metrics_file_replaces_no_file_of_something_else() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let refused = |path: &str, why: &str| {
        let path = format!("--metrics-file={path}");
        let output = Output::of(few(&sandbox, &sim, &["--no-download", "-q", &path])).code(0);
        let _ = output
            .says(why)
            .says("name another one with --metrics-file");
    };
    let notes: &[u8] = b"temperature 21\n\xff";
    fs::write(sandbox.path("notes"), notes).unwrap();
    refused(
        "notes",
        "notes cannot be written: it is a file of something else",
    );
    refused("filings.db", "it is a file of something else");
    assert_eq!(fs::read(sandbox.path("notes")).unwrap(), notes);
    refused(".", "it is not a file");
    // As a device such as /dev/null, which a failing test must not replace.
    #[cfg(unix)]
    {
        let _socket = std::os::unix::net::UnixListener::bind(sandbox.path("socket")).unwrap();
        refused("socket", "it is not a file");
        assert!(!fs::metadata(sandbox.path("socket")).unwrap().is_file());
    }
}

#[cfg(unix)]
#[test]
fn the_metrics_file_is_readable_by_all_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let (sandbox, sim) = (Sandbox::new(), sim());
    let ours = few(
        &sandbox,
        &sim,
        &["--no-download", "--metrics-file=edgar.prom"],
    );
    let _ = Output::of(after("umask 077", &ours)).code(0);
    let mode = |name| {
        fs::metadata(sandbox.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("edgar.prom"), 0o644);
    assert_eq!(mode("filings.db"), 0o600);
    let left = fs::read_dir(sandbox.path("")).unwrap();
    let temporary = left.filter(|e| {
        let name = e.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".tmp")
    });
    assert_eq!(temporary.count(), 0);
}

/// The metrics that the real collector of Prometheus reads from the file, if it is installed.
#[cfg(target_os = "linux")]
#[test]
fn node_exporter_reads_the_metrics_file() {
    let program = "prometheus-node-exporter";
    if Command::new(program).arg("--version").output().is_err() {
        return;
    }
    let (sandbox, sim) = (Sandbox::new(), sim());
    fs::create_dir(sandbox.path("metrics")).unwrap();
    sim.set_faults(faults(&["404@documents#1"]));
    let args = ["--metrics-file=metrics/edgar.prom"];
    let _ = Output::of(few(&sandbox, &sim, &args)).code(3);
    // A port that is free now, and stays so: all other tests listen at 127.0.0.1.
    let port = TcpListener::bind("127.0.0.2:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = Command::new(program);
    command
        .arg(format!("--web.listen-address={port}"))
        .arg("--collector.disable-defaults")
        .arg("--collector.textfile")
        .arg("--collector.textfile.directory")
        .arg(sandbox.path("metrics"));
    let mut exporter = Running::start(command);
    let page = Mutex::new(String::new());
    let answers = exporter.until(|| {
        let Ok(mut stream) = TcpStream::connect(port) else {
            return false;
        };
        let _ = stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n");
        let mut text = String::new();
        let is_read = stream.read_to_string(&mut text).is_ok();
        *page.lock().unwrap() = text;
        is_read
    });
    assert!(answers);
    let page = page.into_inner().unwrap();
    assert_eq!(
        value(&page, "node_textfile_scrape_error"),
        Some(0.0),
        "{page}"
    );
    let ours = fs::read_to_string(sandbox.path("metrics/edgar.prom")).unwrap();
    for line in ours.lines().filter(|line| !line.starts_with('#')) {
        let (sample, expected) = line.rsplit_once(' ').unwrap();
        let expected: f64 = expected.parse().unwrap();
        assert_eq!(value(&page, sample), Some(expected), "{sample}: {page}");
    }
    let _ = exporter.kill();
}

#[test]
fn quietly_a_run_that_lacks_something_says_why_in_one_line() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(faults(&["404@documents#1", "404@discovery#2"]));
    let output = Output::of(few(&sandbox, &sim, &["-q"])).code(3);
    assert_eq!(
        output.stderr,
        "error: run 1 (backfill) ended with exit code 3: 1 company failed, 1 artifact failed; the next \
         run tries again\n"
    );
    let output = Output::of(few(&sandbox, &sim, &["-q", "--max-bytes", "1"])).code(3);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    let _ =
        output.says("error: run 2 (backfill) ended with exit code 3: the run ended early because");
    sim.set_faults(Vec::new());
    let output = Output::of(few(&sandbox, &sim, &["-q"])).code(0);
    assert_eq!(output.stderr, "");
    let output = Output::of(few(&sandbox, &sim, &["-q", "--ticker", "NOSUCH"])).code(2);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);

    sim.set_faults(faults(&["stall=3600@discovery#1"]));
    let mut run = Running::start(few(&sandbox, &sim, &["-q", "--json"]));
    let asks = run.until(|| sandbox.rows("SELECT max(run_id) FROM v_runs") == ["4"]);
    assert!(asks);
    run.signal("TERM");
    let output = run.end().code(143);
    assert_eq!(
        output.stderr,
        "error: run 4 (backfill) ended with exit code 143: the run was interrupted by SIGTERM: the same \
         command continues it\n"
    );
    assert_eq!(output.json()["status"], "interrupted");
}

/// The one JSON document of a run that ended early.
#[track_caller]
fn ended_early(output: &Output, status: &str, error: &str) {
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    let json = output.json();
    assert_eq!(json["status"], status);
    let told = json["error"].as_str().unwrap();
    assert!(told.contains(error), "{told}");
    assert!(output.stderr.contains(told), "{}", output.stderr);
    assert!(json["elapsed_s"].is_number());
}

#[test]
fn a_run_that_ends_early_prints_one_line_of_json_with_its_error() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let json = |args: &[&str]| Output::of(few(&sandbox, &sim, &[&["--json"], args].concat()));
    let output = sandbox.run_against(&sim, &["download", "--json"]).code(1);
    ended_early(&output, "failed", "there is no database");
    sim.set_faults(faults(&["404@companies"]));
    ended_early(&json(&[]).code(1), "failed", "not found");
    sim.set_faults(Vec::new());
    ended_early(&json(&["--form", "no form!"]).code(2), "failed", "no form!");
    ended_early(&json(&["--ticker", "NOSUCH"]).code(2), "failed", "NOSUCH");
    let output = sandbox.run_against(&sim, &["update", "--json"]).code(2);
    ended_early(&output, "failed", "filing-etl backfill");
    let lock = RunLock::acquire(&sandbox.path("filings.db")).unwrap();
    let busy = json(&[]).code(75);
    ended_early(&busy, "busy", "another command, process ");
    assert_eq!(busy.json()["run_id"], Value::Null);
    drop(lock);
    // A run that has begun has an ID and its counts.
    sim.set_faults(faults(&["undeclared@documents"]));
    let output = json(&[]).code(1);
    ended_early(&output, "failed", "");
    assert_eq!(output.json()["run_id"], 1);
    assert_eq!(output.json()["companies"]["total"], 4);
}

#[test]
fn errors_are_counted_by_kind() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(faults(&[
        "404@documents#1",
        "404@documents#2",
        "404@discovery#1",
    ]));
    let output = Output::of(few(&sandbox, &sim, &["--json"])).code(3).json();
    assert_eq!(output["errors"], serde_json::json!({"not_found": 3}));
    let look = sandbox.run(&["monitor", "--once", "--json"]).code(0).json();
    assert_eq!(look["run"]["errors"], output["errors"]);
}

#[test]
fn a_second_run_is_told_which_one_is_at_work() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(faults(&["stall=3600@discovery#1"]));
    let mut run = Running::start(few(&sandbox, &sim, &[]));
    let path = sandbox.path("filings.db");
    let asks = run.until(|| {
        path.exists() && {
            let look = sandbox.run(&["monitor", "--once", "--json"]);
            look.status.success() && look.json()["state"] == "running"
        }
    });
    assert!(asks);
    let output = sandbox.run_against(&sim, &["download"]).code(75);
    let started = sandbox.rows("SELECT started_at FROM v_runs").remove(0);
    let since = format!("since {}Z)", started.split('.').next().unwrap());
    let process = format!("another run, 1 (backfill, process {}, ", run.id());
    let _ = output
        .says(&process)
        .says(&since)
        .says("`filing-etl monitor`");
}

/// Runs a command whose standard error is a file. `JOURNAL_STREAM` names this file as the stream of the journal,
/// or another one. Returns the content of the file.
#[cfg(unix)]
fn journalled(sandbox: &Sandbox, mut command: Command, is_journal: bool) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let log = sandbox.path("log");
    let file = fs::File::create(&log).unwrap();
    let found = file.metadata().unwrap();
    let inode = found.ino() + u64::from(!is_journal);
    command
        .env("JOURNAL_STREAM", format!("{}:{inode}", found.dev()))
        .stdout(Stdio::null())
        .stderr(file);
    let _ = command.status().unwrap();
    fs::read_to_string(log).unwrap()
}

#[cfg(unix)]
#[test]
fn lines_for_the_journal_begin_with_their_level() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let journal = |args: &[&str], is_journal| {
        sim.set_faults(faults(&["404@documents#1"]));
        journalled(&sandbox, few(&sandbox, &sim, args), is_journal)
    };
    let text = journal(&["-vv"], true);
    for (prefix, begin) in [
        ("<4>", "warn: "),
        ("<6>", "info: "),
        ("<6>", "Companies 4/4"),
    ] {
        let all = text.lines().filter(|line| line.contains(begin));
        let mut all = all.peekable();
        assert!(all.peek().is_some(), "{begin}: {text}");
        assert!(
            all.all(|line| line.starts_with(&format!("{prefix}{begin}"))),
            "{text}"
        );
    }
    let levels = ["<3>", "<4>", "<6>", "<7>"];
    let has_level = |line: &str| levels.iter().any(|level| line.starts_with(level));
    assert!(text.lines().all(has_level), "{text}");
    let error = journal(&["--ticker", "NOSUCH"], true);
    assert!(
        error.lines().last().unwrap().starts_with("<3>error: "),
        "{error}"
    );
    let json = journal(&["--log-format", "json"], true);
    for line in json.lines() {
        let record: Value = serde_json::from_str(&line[3..]).unwrap();
        assert!(has_level(line) && record["message"].is_string(), "{line}");
    }
    let elsewhere = journal(&["-v"], false);
    assert!(!elsewhere.lines().any(has_level), "{elsewhere}");
}

#[test]
fn more_words_say_what_a_run_is_about_and_how_everything_went() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(faults(&["404@documents#1"]));
    let output = Output::of(few(&sandbox, &sim, &["-v", "--progress=none"])).code(3);
    let about = output
        .stderr
        .lines()
        .find(|line| line.starts_with("info: run 1 (backfill): "))
        .unwrap();
    for part in [
        "4 companies to visit",
        "no rate limit",
        "database filings.db",
        "data dir filings",
        "selection 1: companies [",
        "primary since ",
    ] {
        assert!(about.contains(part), "{part}: {about}");
    }
    let count = |text: &str| output.stderr.lines().filter(|l| l.contains(text)).count();
    assert_eq!(count(" new") - count("artifacts"), 4, "{}", output.stderr);
    let stored = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'");
    let files = output.stderr.lines().filter(|line| {
        line.starts_with("info: ")
            && (line.ends_with(" kB") || line.ends_with(" B") || line.ends_with(" MB"))
    });
    assert_eq!(
        i64::try_from(files.count()).unwrap(),
        stored,
        "{}",
        output.stderr
    );
    let _ = output.says("info: run 1 (backfill) ended with exit code 3");
}

#[test]
fn json_log_lines_have_fields_with_numbers_as_numbers() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(faults(&["404@documents#1", "404@discovery#1"]));
    let args = ["-v", "--log-format", "json"];
    let output = Output::of(few(&sandbox, &sim, &args)).code(3);
    let lines: Vec<Value> = output
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| {
        let found = lines.iter().find(|line| line["event"] == event);
        found.unwrap_or_else(|| panic!("no {event}: {}", output.stderr))
    };
    let has = |event: &str, numbers: &[&str], texts: &[&str]| {
        for name in numbers {
            assert!(of(event)[name].is_number(), "{event} {name}: {}", of(event));
        }
        for name in texts {
            assert!(of(event)[name].is_string(), "{event} {name}: {}", of(event));
        }
    };
    has(
        "run_started",
        &["run_id", "companies"],
        &["command", "db", "data_dir"],
    );
    has("company_checked", &["cik", "filings", "filings_new"], &[]);
    has("company_failed", &["run_id", "cik"], &["kind", "url"]);
    has("artifact_stored", &["bytes"], &["accession", "name"]);
    has(
        "artifact_failed",
        &["run_id", "cik"],
        &["kind", "accession", "url"],
    );
    has(
        "progress",
        &["elapsed_s", "companies_done", "downloaded"],
        &[],
    );
    has(
        "run_ended",
        &["run_id", "exit_code", "elapsed_s"],
        &["status"],
    );
    assert_eq!(of("run_ended")["exit_code"], 3);
    assert_eq!(of("artifact_failed")["kind"], "not_found");
    let output = Output::of(few(
        &sandbox,
        &sim,
        &["--log-format=json", "--ticker=NOSUCH"],
    ));
    let line: Value = serde_json::from_str(output.code(2).stderr.lines().last().unwrap()).unwrap();
    assert_eq!(line["event"], "error");
}
