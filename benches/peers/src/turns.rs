//! Runs the contestants' programs and lets them take turns.

use std::collections::HashSet;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::build::Built;
use crate::results::{Measured, Results, Sample};
use crate::rows::ROWS;

/// How long a turn takes: long enough that a change of processes is nothing in it, short enough that
/// some turns fall between what else the machine does.
const TURN: Duration = Duration::from_millis(2);

/// The fewest turns of each contestant, however short the time.
const MIN_TURNS: usize = 5;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A running program, and what its contestants do.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    entries: Vec<Entry>,
}

struct Entry {
    operation: String,
    contestant: String,
}

/// Starts the programs; each tells what it does once its keys are prepared and its tokens made.
pub(crate) fn start(built: Vec<Built>) -> Fallible<Vec<Program>> {
    let programs: Vec<Program> = built.into_iter().map(Program::start).collect::<Fallible<_>>()?;
    let mut known = HashSet::new();
    for (program, entry) in programs.iter().flat_map(|program| {
        program.entries.iter().map(move |entry| (program.name, (&entry.operation, &entry.contestant)))
    }) {
        if !ROWS.iter().any(|row| row.operation == entry.0) {
            return Err(format!("{program} does {}, which is no operation", entry.0).into());
        }
        if !known.insert(entry) {
            return Err(format!("{} enters twice for {}", entry.1, entry.0).into());
        }
    }
    Ok(programs)
}

/// Measures every wanted operation, `time` for each contestant.
pub(crate) fn take(
    programs: &mut [Program],
    time: Duration,
    wanted: impl Fn(&str) -> bool,
) -> Fallible<Results> {
    let mut measured = Vec::new();
    for row in ROWS.iter().filter(|row| wanted(row.operation)) {
        eprintln!("measuring {}", row.operation);
        let mut contestants = Vec::new();
        for (program, its) in programs.iter_mut().enumerate() {
            for index in 0..its.entries.len() {
                if its.entries[index].operation == row.operation {
                    let times = its.times_in_a_turn(index)?;
                    contestants.push((program, index, times, Vec::new()));
                }
            }
        }
        let turns = (time.div_duration_f64(TURN) as usize).max(MIN_TURNS);
        for _ in 0..turns {
            for (program, index, times, turns) in &mut contestants {
                let taken = programs[*program].repeat(*index, *times)?;
                turns.push(taken.as_nanos() as f64 / *times as f64);
            }
        }
        let samples = contestants.into_iter().map(|(program, index, _, turns)| {
            Sample::of(programs[program].entries[index].contestant.clone(), turns)
        });
        measured.push(Measured::new(row, samples.collect()));
    }
    Ok(Results(measured))
}

impl Program {
    fn start(built: Built) -> Fallible<Self> {
        let Built { name, path, arguments } = built;
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let stdin = child.stdin.take().ok_or("a pipe is missing")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("a pipe is missing")?);
        let mut program = Self { name, child, stdin, stdout, entries: Vec::new() };
        loop {
            let line = program.line()?;
            if line.is_empty() {
                return Ok(program);
            }
            let (operation, contestant) = line.split_once('\t').ok_or("an entry has two parts")?;
            let (operation, contestant) = (operation.to_owned(), contestant.to_owned());
            program.entries.push(Entry { operation, contestant });
        }
    }

    /// How often the entry's operation fits into a turn.
    fn times_in_a_turn(&mut self, index: usize) -> Fallible<u64> {
        let mut times: u64 = 1;
        loop {
            let taken = self.repeat(index, times)?.max(Duration::from_nanos(1));
            // The first calls are slow: what they took says little yet.
            if taken >= TURN / 2 || times > 1 << 24 {
                let fitting = times as f64 * TURN.div_duration_f64(taken);
                return Ok((fitting as u64).max(1));
            }
            times *= 2;
        }
    }

    fn repeat(&mut self, index: usize, times: u64) -> Fallible<Duration> {
        writeln!(self.stdin, "{index} {times}").map_err(|error| self.gone(&error))?;
        Ok(Duration::from_nanos(self.line()?.parse()?))
    }

    fn line(&mut self) -> Fallible<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(0) => Err(self.gone(&"it ended").into()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(self.gone(&error).into()),
        }
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> String {
        format!("{}: {why}", self.name)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It would end by itself with its stdin, but not before it was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
