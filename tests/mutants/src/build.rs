//! Builds the copy's tests. A mutant that does not compile is none, and is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::Result;
use crate::find::{Found, Written};
use crate::tree::Tree;

/// Features that are built together.
pub struct Build {
    pub name: &'static str,
    arguments: &'static [&'static str],
}

pub const BUILDS: [Build; 5] = [
    Build { name: "all", arguments: &["--all-features"] },
    Build {
        name: "ring",
        arguments: &["--no-default-features", "--features", "ring,jwe,deflate,amora,sealed,pem"],
    },
    Build {
        name: "rustcrypto",
        arguments: &["--no-default-features", "--features", "rustcrypto,jwe,deflate,amora,sealed,pem"],
    },
    Build {
        name: "graviola",
        arguments: &[
            "--no-default-features",
            "--features",
            "rustcrypto,graviola,jwe,deflate,amora,sealed,pem",
        ],
    },
    Build {
        name: "aws-lc-rs",
        arguments: &["--no-default-features", "--features", "aws-lc-rs,jwe,deflate,amora,sealed,pem"],
    },
];

pub fn by_name(name: &str) -> Result<&'static Build> {
    BUILDS.iter().find(|build| build.name == name).ok_or_else(|| format!("no build {name}").into())
}

impl Build {
    /// The features that are on.
    pub fn features(&self, root: &Path) -> Result<BTreeSet<String>> {
        let mut on = BTreeSet::from(["__backend".to_owned()]);
        if let [_, _, features] = self.arguments {
            on.extend(features.split(',').map(str::to_owned));
        } else {
            let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
            let table = manifest.split("\n[").find_map(|table| table.strip_prefix("features]"));
            let lines = table.ok_or("Cargo.toml has no features")?.lines();
            on.extend(lines.filter_map(|line| line.split_once(" = [")).map(|(name, _)| name.to_owned()));
        }
        Ok(on)
    }
}

/// What was built.
pub struct Programs {
    pub all: Vec<PathBuf>,
    /// As of [`Copied`](crate::tree::Copied).
    pub source: u64,
}

pub fn build(tree: &Tree, build: &Build, target: &Path, found: &mut Found) -> Result<Programs> {
    let known = tree.work.join("unviable.txt");
    recall(&known, found)?;
    let start = Instant::now();
    let mut round = 0;
    loop {
        let copied = tree.write(found)?;
        // The library first, which takes no time until it compiles.
        let mut built = cargo(tree, build, target, &["--lib"])?;
        if built.errors.is_empty() {
            built = cargo(tree, build, target, &["--lib", "--test", "it"])?;
        }
        round += 1;
        let off = (0..found.mutants.len()).filter(|number| found.is_off(*number)).count();
        if built.errors.is_empty() {
            println!(
                "built in {} s: {} mutants, and {off} that do not compile or stand in constants",
                start.elapsed().as_secs(),
                found.mutants.len() - off,
            );
            return Ok(Programs { all: built.programs, source: copied.source });
        }
        println!("round {round}: {} errors", built.errors.len());
        if !drop_those(&built.errors, &copied.files, found) {
            let all = built.errors.iter().map(|error| error["rendered"].as_str().unwrap_or_default());
            return Err(format!("the copy does not compile:\n{}", all.collect::<String>()).into());
        }
        let off = found.mutants.iter().enumerate().filter(|(number, _)| found.is_off(*number));
        let lines = off.map(|(_, mutant)| format!("{}\n", mutant.id())).collect::<String>();
        fs::write(&known, lines)?;
    }
}

/// Leaves out what did not compile before.
fn recall(known: &Path, found: &mut Found) -> Result<()> {
    if !known.exists() {
        return Ok(());
    }
    let known = fs::read_to_string(known)?;
    let known = known.lines().collect::<BTreeSet<_>>();
    for number in 0..found.mutants.len() {
        if known.contains(found.mutants[number].id().as_str()) {
            found.switch_off(number);
        }
    }
    Ok(())
}

struct Built {
    errors: Vec<Value>,
    programs: Vec<PathBuf>,
}

fn cargo(tree: &Tree, build: &Build, target: &Path, what: &[&str]) -> Result<Built> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--no-run", "--quiet", "--message-format=json", "--target-dir"])
        .arg(target)
        .args(build.arguments)
        .args(what)
        .current_dir(&tree.copy)
        .stderr(Stdio::piped())
        .output()?;
    let (mut errors, mut programs) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(mut line) = serde_json::from_str::<Value>(line) else { continue };
        match line["reason"].as_str() {
            Some("compiler-message")
                if line["message"]["level"] == "error"
                    && line["message"]["spans"].as_array().is_some_and(|all| !all.is_empty()) =>
            {
                errors.push(line["message"].take());
            }
            Some("compiler-artifact") => {
                programs.extend(line["executable"].as_str().map(PathBuf::from));
            }
            _ => {}
        }
    }
    if errors.is_empty() && !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(Built { errors, programs })
}

/// Leaves out the mutants that errors are about; says whether there was any.
fn drop_those(errors: &[Value], written: &[(String, Vec<Written>)], found: &mut Found) -> bool {
    let mut any = false;
    for error in errors {
        // A constant calls a function that was made to read its switch.
        let message = error["message"].as_str().unwrap_or_default();
        if error["code"]["code"] == "E0015"
            && let Some(path) = message.split('`').nth(1)
        {
            any |= found.keep_constant(path);
            continue;
        }
        let mut spans = error["spans"].as_array().cloned().unwrap_or_default();
        spans.sort_by_key(|span| span["is_primary"] != true);
        let owner = spans.iter().find_map(|span| owner(span, written));
        if let Some(number) = owner {
            found.switch_off(number);
            any = true;
        }
    }
    any
}

/// The mutant that a place of the copy belongs to.
fn owner(span: &Value, written: &[(String, Vec<Written>)]) -> Option<usize> {
    let file = span["file_name"].as_str()?;
    let (_, all) = written.iter().find(|(name, _)| name == file)?;
    let start = span["byte_start"].as_u64()? as usize;
    let end = span["byte_end"].as_u64()? as usize;
    let holds = |range: &std::ops::Range<usize>| range.start <= start && end <= range.end;
    let changed = all.iter().filter(|one| holds(&one.change)).min_by_key(|one| one.change.len());
    let around = all.iter().filter(|one| holds(&one.whole)).min_by_key(|one| one.whole.len());
    changed.or(around).map(|one| one.number)
}
