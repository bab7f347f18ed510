//! The counts, and whether all that survived may.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::Result;
use crate::accepted::{Accepted, BUILD, KINDS};
use crate::build::BUILDS;
use crate::find::Found;
use crate::run::Verdict;

/// Mutants by folder, and by what became of them.
#[derive(Default)]
struct Counts {
    folders: BTreeMap<String, Row>,
    kinds: BTreeMap<&'static str, usize>,
}

#[derive(Default)]
struct Row {
    mutants: usize,
    caught: usize,
    accepted: usize,
    open: usize,
}

impl Row {
    fn print(&self, name: &str) {
        let Self { mutants, caught, accepted, open } = self;
        println!("{name:16} {mutants:8} {caught:8} {accepted:8} {open:8}");
    }
}

pub fn of_one_build(
    work: &Path,
    found: &Found,
    verdicts: &[Verdict],
    accepted: &Accepted,
    has_all: bool,
) -> Result<ExitCode> {
    // What the builds' report is made of.
    let mut lines = String::new();
    for (mutant, verdict) in found.mutants.iter().zip(verdicts) {
        let word = match verdict {
            Verdict::None => continue,
            Verdict::Untried => "untried",
            Verdict::Unreached => "unreached",
            Verdict::Survived => "survived",
            Verdict::Caught(_) => "caught",
        };
        lines.push_str(&format!("{word}\t{}\t{}\n", mutant.line, mutant.id()));
    }
    fs::write(work.join("verdicts.txt"), &lines)?;
    judge(work, &lines, accepted, if has_all { Builds::AllFeatures } else { Builds::Other })
}

/// A mutant is caught if it is in any build, for in another nothing may differ.
pub fn of_all_builds(folder: &Path, everything: &Found, accepted: &Accepted) -> Result<ExitCode> {
    let mut best = BTreeMap::<String, &str>::new();
    let texts = BUILDS
        .iter()
        .filter_map(|build| fs::read_to_string(folder.join(build.name).join("verdicts.txt")).ok())
        .collect::<Vec<_>>();
    let rank =
        |word: &str| ["caught", "survived", "untried", "unreached"].iter().position(|all| *all == word);
    for line in texts.iter().flat_map(|text| text.lines()) {
        let Some((word, rest)) = line.split_once('\t') else { continue };
        let best = best.entry(rest.to_owned()).or_insert(word);
        if rank(word) < rank(best) {
            *best = word;
        }
    }
    let lines = best.iter().map(|(rest, word)| format!("{word}\t{rest}\n")).collect::<String>();
    let tried = best.keys().filter_map(|rest| rest.split_once('\t')).map(|(_, id)| id);
    let tried = tried.collect::<BTreeSet<_>>();
    let none = everything.mutants.iter().filter(|mutant| !tried.contains(mutant.id().as_str()));
    println!("{} are no mutants: they do not compile, or stand in constants", none.count());
    judge(folder, &lines, accepted, Builds::Together)
}

/// Which builds are judged: what is accepted because another build notices is noticed by none, by some
/// or by one of them at the least.
#[derive(PartialEq, Eq)]
enum Builds {
    AllFeatures,
    Other,
    Together,
}

fn judge(work: &Path, lines: &str, accepted: &Accepted, builds: Builds) -> Result<ExitCode> {
    let mut counts = Counts::default();
    let (mut survivors, mut needless, mut untried) = (String::new(), String::new(), 0);
    for line in lines.lines() {
        let [word, at, id] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let file = id.split(" | ").next().unwrap_or_default();
        let folder = file.split('/').take(2).collect::<Vec<_>>().join("/");
        let row = counts.folders.entry(folder).or_default();
        row.mutants += 1;
        let kind = KINDS.iter().find(|(kind, _)| accepted.kind(id) == Some(kind));
        match (word, kind) {
            ("untried", _) => untried += 1,
            ("caught", None) => row.caught += 1,
            ("caught", Some((kind, _))) if builds != Builds::AllFeatures && *kind == BUILD => {
                row.caught += 1;
            }
            ("caught", Some(_)) => {
                row.caught += 1;
                needless.push_str(&format!("    {id}\n"));
            }
            (_, Some((kind, _))) if !(builds == Builds::Together && *kind == BUILD) => {
                row.accepted += 1;
                *counts.kinds.entry(kind).or_default() += 1;
            }
            _ => {
                row.open += 1;
                survivors.push_str(&format!("{word} {file}:{at}\n    {id}\n"));
            }
        }
    }
    fs::write(work.join("survivors.txt"), &survivors)?;

    println!("\n{:16} {:>8} {:>8} {:>8} {:>8}", "", "mutants", "caught", "accepted", "open");
    let mut all = Row::default();
    for (folder, row) in &counts.folders {
        row.print(folder);
        all.mutants += row.mutants;
        all.caught += row.caught;
        all.accepted += row.accepted;
        all.open += row.open;
    }
    all.print("all");
    for (kind, what) in KINDS {
        if let Some(count) = counts.kinds.get(kind) {
            println!("accepted, {kind}: {count} ({what})");
        }
    }
    if untried > 0 {
        println!("{untried} are still to be tried: run this again");
        return Ok(ExitCode::from(3));
    }
    if !survivors.is_empty() {
        println!("\nsurvived, or no test reaches them:\n{survivors}");
    }
    if !needless.is_empty() {
        println!("\naccepted.txt accepts what a test notices by now:\n{needless}");
    }
    let is_good = survivors.is_empty() && needless.is_empty();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
