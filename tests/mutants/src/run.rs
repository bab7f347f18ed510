//! Which tests reach which mutants, and what they say of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::build::Programs;
use crate::find::Found;
use crate::tree::Tree;

/// Tests that read the crate's source, and find there what was put in.
const OF_THE_SOURCE: [&str; 1] = ["layers::"];

/// Tests that take long, for they go through much that is damaged or made up, or through much time,
/// and have threads race. What none but they notice wants a plain test of its own.
const OF_CHANCE: [&str; 8] = [
    "concurrency::",
    "damage",
    "every_number_is_a_date",
    "fleet::",
    "noise",
    "odd_characters",
    "threads_",
    "two_years",
];

/// How many mutants are tried at a time.
const WORKERS: usize = 2;

/// A mutant may make a test ask for memory without end: KiB of addresses that it gets.
const MEMORY: &str = "4194304";

/// What tests that are run together may take, as it was counted for each alone.
const BATCH: Duration = Duration::from_secs(8);

/// Of a sample's tests, one that takes longer than this is asked only where no other has noticed.
const QUICK: Duration = Duration::from_millis(1_500);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does not compile, or stands in a constant function.
    None,
    /// There was no time for it.
    Untried,
    /// No test runs it.
    Unreached,
    Survived,
    /// By this test, or by that which its word says.
    Caught(String),
}

impl Verdict {
    fn too_long() -> Self {
        Self::Caught("the time limit".into())
    }
}

struct Test {
    program: PathBuf,
    name: String,
    time: Duration,
    reaches: Vec<usize>,
    /// Its line in the file of all tests, which only grows: those that are new come last.
    line: usize,
}

/// What is carried on from run to run, beside the tree.
struct Kept<'a> {
    tree: &'a Tree,
    until: Option<Instant>,
}

pub fn run(
    tree: &Tree,
    programs: &Programs,
    found: &Found,
    until: Option<Instant>,
) -> Result<Vec<Verdict>> {
    let kept = Kept { tree, until };
    let start = Instant::now();
    let Some(mut tests) = kept.reach(programs, found.mutants.len())? else {
        println!("there are tests left to be run without mutants");
        let all = 0..found.mutants.len();
        let verdict = |number| if found.is_off(number) { Verdict::None } else { Verdict::Untried };
        return Ok(all.map(verdict).collect());
    };
    tests.sort_by_key(|test| test.time);
    let alone = tests.iter().map(|test| test.time).sum::<Duration>();
    println!(
        "{} tests take {:.1} s, one by one ({} s)",
        tests.len(),
        alone.as_secs_f64(),
        start.elapsed().as_secs()
    );
    kept.try_all(&tests, programs.source, found)
}

impl Kept<'_> {
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Runs each test alone, without a mutant, and notes which it reaches. None if time ran out.
    fn reach(&self, programs: &Programs, mutants: usize) -> Result<Option<Vec<Test>>> {
        let path = self.tree.work.join("tests.txt");
        // A test that is changed keeps what it reached until `--fresh`; one that is new is run.
        let head = format!("{:016x}", programs.source);
        let old = fs::read_to_string(&path).unwrap_or_default();
        let mut lines = old.lines();
        let mut tests = Vec::new();
        if lines.next() == Some(&head) {
            tests.extend(lines.enumerate().filter_map(|(line, text)| Test::parse(line, text)));
        } else {
            fs::write(&path, format!("{head}\n"))?;
        }
        let known =
            tests.iter().map(|test| (test.program.clone(), test.name.clone())).collect::<BTreeSet<_>>();
        let (mut todo, mut there) = (Vec::new(), BTreeSet::new());
        for program in &programs.all {
            let output = Command::new(program).args(["--list", "--format", "terse"]).output()?;
            for line in String::from_utf8(output.stdout)?.lines() {
                let Some(name) = line.strip_suffix(": test") else { continue };
                if OF_THE_SOURCE.iter().chain(&OF_CHANCE).any(|part| name.contains(part)) {
                    continue;
                }
                there.insert((program.clone(), name.to_owned()));
                if !known.contains(&(program.clone(), name.to_owned())) {
                    todo.push((program, name.to_owned()));
                }
            }
        }
        let lines = AtomicUsize::new(tests.len());
        tests.retain(|test| there.contains(&(test.program.clone(), test.name.clone())));
        let file = Mutex::new(OpenOptions::new().append(true).open(&path)?);
        let results = each(&todo, |worker, (program, name)| {
            if self.is_over() {
                return Ok(None);
            }
            let reached = self.tree.work.join(format!("reached-{worker}.txt"));
            let limit = if self.tree.of_sample { QUICK } else { Duration::from_secs(300) };
            let (mut start, mut run) = (Instant::now(), Verdict::Untried);
            for _ in 0..3 {
                let _ = fs::remove_file(&reached);
                start = Instant::now();
                run = self.program(worker, program, &[name], limit, |command| {
                    command.env("SYMBOLON_MUTANTS_REACHED", &reached);
                })?;
                if run == Verdict::Survived || run == Verdict::too_long() {
                    break;
                }
                println!("{name} fails without a mutant");
            }
            let reaches = match run {
                Verdict::Survived => fs::read_to_string(&reached).unwrap_or_default(),
                // What it would have come to is not known: it may be anything.
                _ if self.tree.of_sample && run == Verdict::too_long() => {
                    (0..mutants).map(|number| format!("{number}\n")).collect()
                }
                _ => return Err("without mutants all tests must pass".into()),
            };
            let mut file = lock(&file);
            let test = Test {
                line: lines.fetch_add(1, Ordering::Relaxed),
                program: (*program).clone(),
                name: name.clone(),
                time: if run == Verdict::Survived { start.elapsed() } else { QUICK * 20 },
                reaches: reaches.lines().filter_map(|line| line.parse().ok()).collect(),
            };
            file.write_all(test.text().as_bytes())?;
            Ok(Some(test))
        })?;
        let complete = results.iter().all(Option::is_some);
        tests.extend(results.into_iter().flatten());
        Ok(complete.then_some(tests))
    }

    fn try_all(&self, tests: &[Test], source: u64, found: &Found) -> Result<Vec<Verdict>> {
        let path = self.tree.work.join("results.txt");
        let mut reached = vec![Vec::new(); found.mutants.len()];
        for (index, test) in tests.iter().enumerate() {
            for number in &test.reaches {
                reached[*number].push(index);
            }
        }
        let (known, asked) = known(&path, source, found);
        // What survived is asked of the tests that came since.
        for (number, mutant) in found.mutants.iter().enumerate() {
            if let Some(asked) = asked.get(&mutant.id()) {
                reached[number].retain(|test| tests[*test].line >= *asked);
            }
        }
        let mut verdicts = (0..found.mutants.len())
            .map(|number| {
                let id = found.mutants[number].id();
                match known.get(&id) {
                    _ if found.is_off(number) => Verdict::None,
                    Some(by) => Verdict::Caught(by.clone()),
                    None if !reached[number].is_empty() => Verdict::Untried,
                    None if asked.contains_key(&id) => Verdict::Survived,
                    None => Verdict::Unreached,
                }
            })
            .collect::<Vec<_>>();
        let todo = (0..verdicts.len())
            .filter(|number| verdicts[*number] == Verdict::Untried)
            .collect::<Vec<_>>();
        println!("{} mutants to try, {} caught before", todo.len(), known.len());
        let lines = tests.iter().map(|test| test.line + 1).max().unwrap_or_default();

        let file = Mutex::new(OpenOptions::new().append(true).create(true).open(&path)?);
        let catchers = Mutex::new(HashMap::<&str, Vec<usize>>::new());
        let done = AtomicUsize::new(0);
        let start = Instant::now();
        let results = each(&todo, |worker, number| {
            if self.is_over() {
                return Ok((*number, Verdict::Untried));
            }
            let mutant = &found.mutants[*number];
            // Whoever caught one of the same file is asked first.
            let first = lock(&catchers).get(mutant.file.as_str()).cloned().unwrap_or_default();
            let mut order = reached[*number].clone();
            order.sort_by_key(|test| !first.contains(test));
            let verdict = self.try_one(worker, *number, tests, &order)?;
            if let Verdict::Caught(by) = &verdict
                && let Some(by) = order.iter().find(|test| tests[**test].name == *by)
            {
                let mut catchers = lock(&catchers);
                let all = catchers.entry(&mutant.file).or_default();
                all.retain(|other| other != by);
                all.insert(0, *by);
                all.truncate(3);
            }
            let line = match &verdict {
                Verdict::Caught(by) => format!("{}\t{by}", digest(found.text(&mutant.file))),
                _ => format!("{source:016x}:{lines}\t"),
            };
            lock(&file).write_all(format!("{line}\t{}\n", mutant.id()).as_bytes())?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(100) {
                println!("{done} tried in {} s", start.elapsed().as_secs());
            }
            Ok((*number, verdict))
        })?;
        for (number, verdict) in results {
            verdicts[number] = verdict;
        }
        Ok(verdicts)
    }

    /// Runs the tests of one mutant in their order, in batches that grow, until one fails.
    fn try_one(&self, worker: usize, number: usize, tests: &[Test], order: &[usize]) -> Result<Verdict> {
        let mut rest = order;
        let mut size = 1;
        while !rest.is_empty() {
            // As many as take a while together, lest one that hangs be waited for too long.
            let mut time = Duration::ZERO;
            let few = rest.iter().take(size).take_while(|test| {
                time += tests[**test].time;
                time < BATCH
            });
            let (batch, behind) = rest.split_at(few.count().max(1));
            rest = behind;
            size *= 2;
            let mut by_program = BTreeMap::<&Path, Vec<&Test>>::new();
            for index in batch {
                by_program.entry(&tests[*index].program).or_default().push(&tests[*index]);
            }
            for (program, batch) in by_program {
                let time = batch.iter().map(|test| test.time).sum::<Duration>();
                let names = batch.iter().map(|test| test.name.as_str()).collect::<Vec<_>>();
                let limit = Duration::from_secs(10) + time * 8;
                let verdict = self.program(worker, program, &names, limit, |command| {
                    command.env("SYMBOLON_MUTANT", number.to_string());
                })?;
                // A test that fails now and then has caught nothing: it must fail again.
                let again = match &verdict {
                    Verdict::Caught(by) if names.contains(&by.as_str()) => {
                        self.program(worker, program, &[by], limit, |command| {
                            command.env("SYMBOLON_MUTANT", number.to_string());
                        })?
                    }
                    _ => verdict.clone(),
                };
                if again != Verdict::Survived {
                    return Ok(verdict);
                }
            }
        }
        Ok(Verdict::Survived)
    }

    /// Runs tests of one program, and says which failed, if any.
    fn program(
        &self,
        worker: usize,
        program: &Path,
        names: &[impl AsRef<str>],
        limit: Duration,
        set: impl FnOnce(&mut Command),
    ) -> Result<Verdict> {
        let out = self.tree.work.join(format!("out-{worker}.txt"));
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")])
            .arg(program)
            .args(["--exact", "--test-threads=2"])
            .args(names.iter().map(AsRef::as_ref))
            .current_dir(&self.tree.copy)
            .env("CARGO_MANIFEST_DIR", &self.tree.copy)
            .env("RUST_BACKTRACE", "0")
            .env("TMPDIR", &self.tree.scratch)
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(Stdio::null())
            .process_group(0);
        set(&mut command);
        let mut child = command.spawn()?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            let failed = failed(&out)?;
            if failed.is_some() || start.elapsed() > limit {
                // With all that the test has started.
                let group = format!("-{}", child.id());
                let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                child.wait()?;
                return Ok(failed.map_or_else(Verdict::too_long, Verdict::Caught));
            }
            thread::sleep(Duration::from_millis(2));
        };
        if status.success() {
            return Ok(Verdict::Survived);
        }
        Ok(Verdict::Caught(failed(&out)?.unwrap_or_else(|| "a crash".into())))
    }
}

/// The first test that failed, in what the program wrote up to now.
fn failed(out: &Path) -> Result<Option<String>> {
    let out = String::from_utf8_lossy(&fs::read(out)?).into_owned();
    let failed = out
        .lines()
        .find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(|name| name.split(" - should panic").next().unwrap_or_default().to_owned());
    Ok(failed)
}

impl Test {
    fn text(&self) -> String {
        let reaches = self.reaches.iter().map(|number| format!("{number} ")).collect::<String>();
        let (program, time) = (self.program.display(), self.time.as_micros());
        format!("{program}\t{}\t{time}\t{}\n", self.name, reaches.trim_end())
    }

    fn parse(line: usize, text: &str) -> Option<Self> {
        let [program, name, time, reaches] = text.split('\t').collect::<Vec<_>>().try_into().ok()?;
        Some(Self {
            line,
            program: program.into(),
            name: name.to_owned(),
            time: Duration::from_micros(time.parse().ok()?),
            reaches: reaches.split_whitespace().filter_map(|number| number.parse().ok()).collect(),
        })
    }
}

/// What earlier runs found that still holds: by whom mutants were caught, and of the others how many
/// of the tests were asked. A mutant stays caught while its file stays as it is, for tests are added
/// and not lost; one that survived, while the crate does.
type Known = (HashMap<String, String>, HashMap<String, usize>);

fn known(path: &Path, source: u64, found: &Found) -> Known {
    let files = found.mutants.iter().map(|mutant| mutant.file.as_str()).collect::<BTreeSet<_>>();
    let digests: HashMap<_, _> = files.iter().map(|file| (*file, digest(found.text(file)))).collect();
    let source = format!("{source:016x}");
    let (mut caught, mut asked) = (HashMap::new(), HashMap::new());
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        let [key, by, id] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let file = id.split(" | ").next().unwrap_or_default();
        match key.split_once(':') {
            Some((then, tests)) if then == source => {
                asked.extend(tests.parse().ok().map(|tests: usize| (id.to_owned(), tests)));
            }
            None if digests.get(file).is_some_and(|digest| digest == key) => {
                caught.insert(id.to_owned(), by.to_owned());
            }
            _ => {}
        }
    }
    (caught, asked)
}

fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Does the same for each, a few at a time; in order of their beginning.
fn each<T: Sync, R: Send>(all: &[T], work: impl Fn(usize, &T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (next, results, work) = (&next, &results, &work);
            scope.spawn(move || {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(worker, one);
                    let failed = result.is_err();
                    lock(results).push(result);
                    if failed {
                        next.store(all.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().collect()
}
