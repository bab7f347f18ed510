//! symbolon and its peers, measured in turns.
//!
//! Every contestant is a program of its own that is built by itself, so that none of them gets the
//! features of another; `cargo run --release` builds them first. One that cannot be built (jwt-simple
//! wants cmake and libclang, josekit OpenSSL's headers) is named and left out. For each operation all
//! contestants take turns, a couple of milliseconds each, until each had its share of the time: what
//! else happens on the machine then befalls all alike, and ratios hold where absolute times do not.

mod build;
mod chart;
mod options;
mod report;
mod results;
mod rows;
mod turns;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use options::{Asked, Options};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let options = match options::parse(std::env::args().skip(1))? {
        Asked::Run(options) => options,
        Asked::Help => {
            print!("{}", options::HELP);
            return Ok(());
        }
    };
    if cfg!(debug_assertions) {
        return Err("measured is what is optimised: add --release".into());
    }
    let Options { json, markdown, svg, filters, time } = options;
    let mut programs = turns::start(build::all()?)?;
    let results = turns::take(&mut programs, time, |row| {
        filters.is_empty() || filters.iter().any(|filter| row.contains(&**filter))
    })?;
    print!("{}", report::text(&results));
    for (file, content) in
        [(json, results.to_json()?), (markdown, report::markdown(&results)), (svg, chart::svg(&results))]
    {
        if let Some(file) = file {
            fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(())
}
