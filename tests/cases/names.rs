//! One word for one idea: no two types of the program have the same name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All source files except those that contain only tests.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if !path.ends_with("tests.rs") && !path.ends_with("testing.rs") {
            files.push(path);
        }
    }
}

/// The name of the type that a line declares at the top level of its module.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").unwrap_or(line);
    let line = match line.strip_prefix('(') {
        Some(scoped) => scoped.split_once(')')?.1,
        None => line,
    };
    let (keyword, rest) = line.trim_start().split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "type"].contains(&keyword);
    let end = rest.find(|c: char| !c.is_alphanumeric())?;
    is_type.then_some(&rest[..end])
}

#[test]
fn no_two_types_have_one_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for name in text
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(declared)
        {
            places
                .entry(name.to_owned())
                .or_default()
                .push(file.clone());
        }
    }
    assert!(
        places.len() > 300,
        "the declarations are found: {}",
        places.len()
    );
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn a_declaration_is_recognised_by_its_keyword() {
    assert_eq!(declared("pub(super) struct Batch<'w> {"), Some("Batch"));
    assert_eq!(declared("enum State {"), Some("State"));
    assert_eq!(
        declared("pub struct Aborted(OnceLock<String>);"),
        Some("Aborted")
    );
    assert_eq!(declared("pub type Result<T> = ();"), Some("Result"));
    assert_eq!(declared("pub fn struct_of() {"), None);
}
