//! Each crate that a build may bring is named, and accounted for, in docs/DEPENDENCIES.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The crates that a table of the manifest names.
fn direct(manifest: &str, table: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            // A packaged manifest gives each crate a table of its own.
            let name = line.trim_matches(['[', ']']);
            // Those of some targets alone count as all others.
            let name = name.rsplit_once("'.").map_or(name, |(_, table)| table);
            inside = name == table;
            let own = name.strip_prefix(table).and_then(|name| name.strip_prefix('.'));
            found.extend(own.map(|name| name.split('.').next().unwrap().to_owned()));
        } else if let Some((name, _)) = line.split_once(" = ")
            && inside
            && !line.starts_with('#')
        {
            found.insert(name.to_owned());
        }
    }
    found
}

/// What each crate of the lock file depends on, versions left out.
fn locked(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut crates = BTreeMap::<String, BTreeSet<String>>::new();
    let mut name = String::new();
    for line in lock.lines() {
        if let Some(found) = line.strip_prefix("name = ") {
            name = found.trim_matches('"').to_owned();
            crates.entry(name.clone()).or_default();
        } else if let Some(found) = line.strip_prefix(" \"") {
            let found = found.split(['"', ' ']).next().unwrap();
            crates.entry(name.clone()).or_default().insert(found.to_owned());
        }
    }
    crates
}

fn words(document: &str) -> BTreeSet<&str> {
    document.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect()
}

#[test]
fn each_crate_of_the_manifest_is_accounted_for_and_no_other() {
    let (manifest, document) = (text("Cargo.toml"), text("docs/DEPENDENCIES.md"));
    let rows: BTreeSet<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(_, rest)| rest.matches(" | ").count() >= 4)
        .map(|(name, rest)| {
            assert!(rest.split(" | ").all(|cell| !cell.trim().is_empty()), "{name}");
            name.to_owned()
        })
        .collect();
    let direct_ones = direct(&manifest, "dependencies");
    assert!(direct_ones.len() > 30, "the test has lost its eyes: {direct_ones:?}");
    assert_eq!(rows, direct_ones);

    let for_tests = direct(&manifest, "dev-dependencies");
    assert!(for_tests.contains("proptest"), "{for_tests:?}");
    let unnamed: Vec<_> =
        for_tests.iter().filter(|name| !document.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "docs/DEPENDENCIES.md does not name {unnamed:?}");
    println!("direct dependencies: {} run, {} of tests", direct_ones.len(), for_tests.len());
}

#[test]
fn each_crate_that_those_bring_is_named() {
    let (manifest, document) = (text("Cargo.toml"), text("docs/DEPENDENCIES.md"));
    let crates = locked(&text("Cargo.lock"));
    let mut brought = BTreeSet::new();
    let mut next: Vec<String> = direct(&manifest, "dependencies").into_iter().collect();
    while let Some(name) = next.pop() {
        let depends = crates.get(&name).unwrap_or_else(|| panic!("{name} is not in the lock file"));
        if brought.insert(name) {
            next.extend(depends.iter().cloned());
        }
    }
    assert!(brought.len() > 100, "only {} crates: the test has lost its eyes", brought.len());
    let words = words(&document);
    let unnamed: Vec<_> = brought.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(unnamed.is_empty(), "docs/DEPENDENCIES.md does not name {unnamed:?}");
    println!("crates that are brought: {} run", brought.len());
}
