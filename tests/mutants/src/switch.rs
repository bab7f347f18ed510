//! Which mutant is on.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

struct Switch {
    on: usize,
    /// Where to note which mutants were reached.
    reached: Option<File>,
}

static SWITCH: OnceLock<Switch> = OnceLock::new();
static REACHED: [AtomicBool; MUTANTS] = [const { AtomicBool::new(false) }; MUTANTS];

fn read() -> Switch {
    let on = std::env::var("SYMBOLON_MUTANT").ok().and_then(|number| number.parse().ok());
    let reached = std::env::var_os("SYMBOLON_MUTANTS_REACHED");
    Switch {
        on: on.unwrap_or(usize::MAX),
        reached: reached.map(|path| OpenOptions::new().append(true).create(true).open(path).unwrap()),
    }
}

pub(crate) fn on(number: usize) -> bool {
    let switch = SWITCH.get_or_init(read);
    if let Some(mut file) = switch.reached.as_ref()
        && !REACHED[number].swap(true, Ordering::Relaxed)
    {
        file.write_all(format!("{number}\n").as_bytes()).unwrap();
    }
    switch.on == number
}

#[allow(dead_code)]
pub(crate) fn ended<I: Iterator>(number: usize, iterator: I) -> impl Iterator<Item = I::Item> {
    iterator.take(if on(number) { 0 } else { usize::MAX })
}
