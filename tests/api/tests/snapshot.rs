//! The crate's public items, with all features, are those in `api.txt`.
//!
//! Whoever changes them writes the list anew, and the change is read with the code's:
//! `SYMBOLON_WRITE=1 cargo test --manifest-path tests/api/Cargo.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The format of rustdoc's JSON that the crate public-api reads.
const FORMAT: u64 = 57;

/// Traits that every type has or has not, which nobody asks of these.
const BESIDE_THE_POINT: [&str; 6] = [
    "core::marker::Freeze for ",
    "core::marker::StructuralPartialEq for ",
    "core::marker::Unpin for ",
    "core::marker::UnsafeUnpin for ",
    "core::panic::unwind_safe::RefUnwindSafe for ",
    "core::panic::unwind_safe::UnwindSafe for ",
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What rustdoc says of the crate, as JSON.
fn documented() -> PathBuf {
    // Where this test was built, so that nothing is built twice.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above");
    let status = Command::new(std::env::var_os("CARGO").expect("cargo runs its tests"))
        .args(["rustdoc", "--quiet", "--lib", "--all-features", "--locked", "--target-dir"])
        .arg(target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .current_dir(here().join("../.."))
        .env("RUSTDOC", here().join("rustdoc"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "rustdoc: {status}");
    target.join("doc/symbolon.json")
}

fn difference<'a>(of: &'a str, to: &'a str) -> Vec<&'a str> {
    let to: BTreeSet<&str> = to.lines().collect();
    of.lines().filter(|line| !to.contains(line)).collect()
}

#[test]
fn public_items_are_those_in_the_list() {
    let json = documented();
    let text = std::fs::read(&json).expect("what rustdoc wrote");
    let value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let format = value.get("format_version").and_then(serde_json::Value::as_u64);
    if format != Some(FORMAT) {
        println!(
            "skipped: the list of public items: this rustdoc writes format {format:?}, not {FORMAT}"
        );
        return;
    }
    let api = public_api::Builder::from_rustdoc_json(json).omit_blanket_impls(true).build();
    let mut items = String::new();
    for item in api.expect("public items").items() {
        let item = item.to_string();
        if !BESIDE_THE_POINT.iter().any(|words| item.contains(words)) {
            items.push_str(&item);
            items.push('\n');
        }
    }
    assert!(items.lines().count() > 1000, "the list is too short to be all");

    let path = here().join("api.txt");
    if std::env::var_os("SYMBOLON_WRITE").is_some() {
        std::fs::write(&path, items).expect("the list is written");
        return;
    }
    let listed = std::fs::read_to_string(path).expect("the list");
    let (new, gone) = (difference(&items, &listed), difference(&listed, &items));
    println!("public items: {} run, {} new, {} gone", items.lines().count(), new.len(), gone.len());
    assert!(
        items == listed,
        "the public items are not those in tests/api/api.txt.\nnew: {new:#?}\ngone: {gone:#?}\n\
         If that is meant, write it with SYMBOLON_WRITE=1."
    );
}
