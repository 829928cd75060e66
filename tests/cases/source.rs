//! The source code: licences and origins of the dependencies, and SQL only in files.
//!
//! Known vulnerabilities are not checked, because their list is a git repository and a test has no network.
//! `cargo audit` checks them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// The permitted licences of dependencies.
const LICENCES: [&str; 9] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0", // no rights reserved
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All packages, including those for other systems if they are on this machine (after `cargo fetch`).
/// Otherwise those that the tests were built with.
fn packages() -> Vec<Value> {
    let metadata = |more: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        let args = ["metadata", "--locked", "--offline", "--format-version=1"];
        cargo
            .args(args)
            .args(more)
            .current_dir(ROOT)
            .output()
            .unwrap()
    };
    let mut output = metadata(&[]);
    if !output.status.success() {
        let version = Command::new(env!("CARGO"))
            .arg("-vV")
            .output()
            .unwrap()
            .stdout;
        let version = String::from_utf8(version).unwrap();
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        output = metadata(&["--filter-platform", host.unwrap()]);
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().clone();
    let (ours, others): (Vec<_>, Vec<_>) = packages
        .into_iter()
        .partition(|package| package["name"] == "filing-etl");
    assert_eq!(ours.len(), 1);
    assert!(others.len() > 100, "{}", others.len());
    others
}

#[test]
fn every_dependency_has_a_licence_that_we_take_and_none_is_taken_in_vain() {
    let mut needed = BTreeSet::new();
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or("none");
        let name = &package["name"];
        let expression = Expression::parse_mode(licence, ParseMode::LAX)
            .unwrap_or_else(|e| panic!("{name}: the licence {licence:?} cannot be read: {e}"));
        let may = |without: &str| {
            expression.evaluate(|licence| {
                let wanted = licence.to_string();
                wanted != without && LICENCES.contains(&wanted.as_str())
            })
        };
        assert!(
            may(""),
            "{name} is under {licence}, which is none of {LICENCES:?}"
        );
        needed.extend(LICENCES.into_iter().filter(|licence| !may(licence)));
    }
    // Most packages have a choice of these two licences, so they are left out.
    let both = ["Apache-2.0", "MIT"];
    needed.extend(both);
    assert_eq!(needed, BTreeSet::from(LICENCES));
}

#[test]
fn every_dependency_comes_from_crates_io() {
    for package in packages() {
        assert_eq!(package["source"], CRATES_IO, "{}", package["name"]);
    }
    // The lock file also lists packages for other systems, with their checksums.
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    let count = |text: &str| lock.lines().filter(|line| line.starts_with(text)).count();
    let sources = count(&format!("source = \"{CRATES_IO}\""));
    assert_eq!(sources, count("[[package]]") - 1, "all but ours");
    assert_eq!(sources, count("checksum = "));
}

#[test]
fn no_code_of_ours_is_unsafe() {
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\nunsafe_code = \"forbid\"\n"));
}

/// Every source file, without its unit tests.
fn sources() -> Vec<(String, String)> {
    let (mut folders, mut found) = (vec![PathBuf::from(ROOT).join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(ROOT).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !name.ends_with("tests.rs") && !name.ends_with("testing.rs") {
                let text = fs::read_to_string(path).unwrap();
                let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
                found.push((name, code.to_owned()));
            }
        }
    }
    found
}

/// SQL is never built from data: statements are separate files, and the functions that run them take no
/// strings that were made at run time.
#[test]
fn no_sql_is_built() {
    const VERBS: [&str; 9] = [
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM",
        "CREATE ",
        "DROP ",
        "ALTER ",
        "ATTACH ",
        "REPLACE INTO",
    ];
    let mut takers = 0;
    for (name, code) in sources() {
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let statement = VERBS.iter().any(|verb| line.contains(verb));
            // The statement that the demo suggests is only printed.
            let shown = name == "src/commands/demo.rs" && line.contains("sqlite3");
            // The list of the statement files.
            let named = name == "src/store/queries.rs" && line.contains(" = \"");
            assert!(!statement || shown || named, "{name} holds SQL: {line}");
            if let Some((_, kind)) = line.split_once("sql: ") {
                assert!(kind.starts_with("&'static str"), "{name}: {line}");
                takers += 1;
            }
        }
    }
    assert!(takers >= 3, "the functions that run statements: {takers}");
}
