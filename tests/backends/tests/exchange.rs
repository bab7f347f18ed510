//! What one backend's build writes, every other build reads, or says which feature it lacks.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// The features of each build: each backend alone, and all together.
const BUILDS: [&str; 4] = ["ring", "rustcrypto", "aws-lc-rs", "ring,rustcrypto,aws-lc-rs"];
const ALL: usize = 3;

#[test]
fn every_build_reads_what_another_writes_or_names_the_feature_it_lacks() {
    let programs = BUILDS.map(build);
    let written = programs.each_ref().map(|program| run(program, "write", String::new()));
    let kinds = written[ALL].len();
    for (features, written) in BUILDS.iter().zip(&written) {
        let tokens = written.values().filter(|line| line.get("token").is_some()).count();
        println!("{features} writes {tokens} of {kinds} kinds");
        assert_eq!(written.len(), kinds);
    }

    // Who can do what; and each refusal, with what was refused.
    let mut can = BTreeMap::<(&str, &str, &str), bool>::new();
    let mut refusals = Vec::new();
    for (writer, written) in BUILDS.iter().zip(&written) {
        for (kind, line) in written {
            can.insert((writer, "write", kind), line.get("token").is_some());
            if line.get("token").is_none() {
                refusals.push((*writer, "write", kind, line));
            }
        }
    }
    let mut read = Vec::new();
    for (writer, written) in BUILDS.iter().zip(&written) {
        let tokens: String = written
            .values()
            .filter(|line| line.get("token").is_some())
            .map(|line| format!("{line}\n"))
            .collect();
        for (reader, program) in BUILDS.iter().zip(&programs) {
            let lines = run(program, "read", tokens.clone());
            assert_eq!(lines.len(), tokens.lines().count(), "{reader} reads of {writer}");
            read.push((*writer, *reader, lines));
        }
    }
    for (writer, reader, lines) in &read {
        let mut same = 0;
        for (kind, line) in lines {
            let could = line.get("same").is_some();
            assert!(
                !could || line["same"] == true,
                "{reader} reads another payload of {writer}: {kind}"
            );
            same += usize::from(could);
            // What it lacks does not depend on who wrote.
            let before = can.insert((reader, "read", kind), could);
            assert!(
                before.is_none_or(|before| before == could),
                "{reader}, {kind}: {line}, of {writer}"
            );
            if !could {
                refusals.push((*reader, "read", kind, line));
            }
        }
        println!("{reader} reads {same} of {} that {writer} writes", lines.len());
        assert!(same > 0);
    }

    let mut lacking = BTreeMap::<(&str, &str, &str), Vec<&str>>::new();
    for (build, what, kind, line) in &refusals {
        // An algorithm that goes over its message twice takes no stream, whatever the build.
        if kind.starts_with("Ed") && kind.ends_with("Stream") {
            assert_eq!(line["code"], "unsupported_algorithm", "{line}");
            continue;
        }
        assert_eq!(line["code"], "missing_feature", "{build} cannot {what} {kind}: {line}");
        let why = line["why"].as_str().unwrap_or_default();
        let named = BUILDS[..ALL].iter().filter(|feature| why.contains(&format!("`{feature}`")));
        lacking.entry((*build, *what, kind.as_str())).or_default().extend(named);
    }
    for ((build, what, kind), named) in &lacking {
        let can = |build: &str| can.get(&(build, *what, *kind)).copied();
        // The feature that is named does it, or lacks in turn the one that does.
        let next =
            named.iter().flat_map(|build| lacking.get(&(*build, *what, *kind)).into_iter().flatten());
        let mut all = named.iter().chain(next);
        assert!(
            all.any(|build| can(build) == Some(true)),
            "{build} cannot {what} {kind}: needs {named:?}?"
        );
        assert_ne!(can(BUILDS[ALL]), Some(false), "nor do all together {what} {kind}");
    }
    println!("{} refusals that name what is lacking", lacking.len());
}

/// Builds the program with these features and puts it where the next build leaves it alone.
fn build(features: &str) -> PathBuf {
    let done = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--bin", "exchange", "--message-format=json", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("cargo: {error}"));
    assert!(done.status.success(), "it does not build with {features}");
    let lines = String::from_utf8_lossy(&done.stdout);
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(features.replace(',', "+"));
    std::fs::copy(built.unwrap_or_else(|| panic!("no program with {features}")), &place)
        .unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    place
}

/// What it prints, by the kind of token.
fn run(program: &Path, what: &str, input: String) -> BTreeMap<String, Value> {
    let mut child = Command::new(program)
        .arg(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().unwrap_or_else(|| panic!("no stdin"));
    let feed = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let done = child.wait_with_output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(done.status.success(), "{} {what}", program.display());
    feed.join().unwrap_or_else(|_| panic!("the input")).unwrap_or_else(|error| panic!("{error}"));
    String::from_utf8_lossy(&done.stdout)
        .lines()
        .map(|line| {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            (line["case"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned(), line)
        })
        .collect()
}
