//! Changes the crate in small ways, one at a time, and asks whether a test notices.
//!
//! The changes (mutants) are those of cargo-mutants and a few more. That program builds the crate
//! once per mutant; here all of them are compiled into one copy of the crate, each behind a switch
//! that an environment variable turns on, so that a mutant costs no more than the tests that reach it.
//! What survives must stand in `accepted.txt` with a reason.
//!
//! What is left out: `Debug`, whose words nobody relies on (that it shows no secret is tested); code
//! in macros; constants, and functions that a constant calls, which no switch can reach.

mod accepted;
mod build;
mod cfg;
mod find;
mod report;
mod run;
mod tree;
mod value;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use crate::build::{BUILDS, Build};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: symbolon-mutants [options]
  --list           only names the mutants
  --filter TEXT    only mutants whose line `file | function | change` holds TEXT; may be repeated
  --accepted KIND  only mutants that accepted.txt accepts as this, such as `build`
  --sample N       only N of them, at random
  --seed S         of that choice; else it is made up, and printed
  --build NAME     all (every feature), ring, rustcrypto, graviola or aws-lc-rs
  --minutes M      stops after M minutes; the next run goes on from there
  --fresh          forgets what earlier runs found
  --report         only judges what earlier runs found, those of all builds together
exit status: 0 all mutants were caught or are accepted, 1 not so, 2 a fault, 3 there are more to try";

/// What is mutated: all that stands between a token, or a key, and a verdict.
const FOLDERS: [&str; 12] = [
    "src/amora",
    "src/base",
    "src/codec",
    "src/crypto",
    "src/jose.rs",
    "src/jwa",
    "src/jwe",
    "src/jwk",
    "src/jws",
    "src/jwt",
    "src/keys",
    "src/sealed",
];

struct Options {
    list: bool,
    filter: Vec<String>,
    accepted: Option<String>,
    sample: Option<usize>,
    seed: u64,
    build: &'static Build,
    until: Option<Instant>,
    fresh: bool,
    report: bool,
}

fn options() -> Result<Options> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut options = Options {
        list: false,
        filter: Vec::new(),
        accepted: None,
        sample: None,
        seed: now.as_secs(),
        build: &BUILDS[0],
        until: None,
        fresh: false,
        report: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} wants a value\n{USAGE}"));
        match word.as_str() {
            "--list" => options.list = true,
            "--fresh" => options.fresh = true,
            "--report" => options.report = true,
            "--filter" => options.filter.push(value()?),
            "--accepted" => options.accepted = Some(value()?),
            "--sample" => options.sample = Some(value()?.parse()?),
            "--seed" => options.seed = value()?.parse()?,
            "--build" => options.build = build::by_name(&value()?)?,
            "--minutes" => {
                let minutes: f64 = value()?.parse()?;
                options.until = Some(Instant::now() + Duration::from_secs_f64(minutes * 60.0));
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match work() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn work() -> Result<ExitCode> {
    let options = options()?;
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("mutants");

    let accepted = accepted::read(&root.join("tests/mutants/accepted.txt"))?;
    // Entries for another build's code are none that have lost their mutant.
    let everything = find::find(&root, &FOLDERS, None)?;
    accepted.each_has_a_mutant(&everything)?;
    if options.report {
        return report::of_all_builds(&folder, &everything, &accepted);
    }

    let mut found = find::find(&root, &FOLDERS, Some(&options.build.features(&root)?))?;
    if !options.filter.is_empty() {
        found.keep(|mutant| options.filter.iter().any(|text| mutant.id().contains(text)));
    }
    if let Some(kind) = &options.accepted {
        found.keep(|mutant| accepted.kind(&mutant.id()) == Some(kind));
    }
    let mut work = folder.join(options.build.name);
    if let Some(count) = options.sample {
        // What is accepted is for the whole run to judge.
        found.keep(|mutant| accepted.kind(&mutant.id()).is_none());
        println!("a sample of {count} of {} mutants; --seed {}", found.mutants.len(), options.seed);
        let chosen = sample(found.mutants.len(), count, options.seed);
        let mut index = 0;
        found.keep(|_| {
            index += 1;
            chosen.contains(&(index - 1))
        });
        work = folder.join("sample");
    }
    if options.list {
        for mutant in &found.mutants {
            println!("{}:{} | {}", mutant.file, mutant.line, mutant.id());
        }
        return Ok(ExitCode::SUCCESS);
    }

    let of_sample = options.sample.is_some();
    let tree = tree::Tree::new(&root, &work, options.fresh || of_sample, of_sample)?;
    let programs = build::build(&tree, options.build, &target, &mut found)?;
    let done = run::run(&tree, &programs, &found, options.until)?;
    report::of_one_build(&work, &found, &done, &accepted, options.build.name == BUILDS[0].name)
}

/// `count` of the numbers below `of`.
fn sample(of: usize, count: usize, seed: u64) -> BTreeSet<usize> {
    // SplitMix64: enough to draw lots.
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut chosen = BTreeSet::new();
    while chosen.len() < count.min(of) {
        chosen.insert((next() % of as u64) as usize);
    }
    chosen
}
