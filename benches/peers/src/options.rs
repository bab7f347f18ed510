//! The command line.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
Measures symbolon and its peers in turns, and prints how many times the best peer's time each takes.

Usage: cargo run --release --manifest-path benches/peers/Cargo.toml -- [options]

  --filter TEXT    only operations whose name contains TEXT; may be given again
  --secs S         how long each contestant is measured for each operation; 0.5 unless given
  --json FILE      writes the figures: operation, contestant, min_ns, median_ns
  --markdown FILE  writes the table
  --svg FILE       writes a bar chart of the operations that matter most
  --help           prints this
";

pub(crate) enum Asked {
    Run(Options),
    Help,
}

pub(crate) struct Options {
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) filters: Vec<String>,
    /// For each contestant and operation.
    pub(crate) time: Duration,
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let time = Duration::from_millis(500);
    let mut options = Options { json: None, markdown: None, svg: None, filters: Vec::new(), time };
    while let Some(name) = arguments.next() {
        if name == "--help" {
            return Ok(Asked::Help);
        }
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        match &*name {
            "--json" => options.json = Some(value()?.into()),
            "--markdown" => options.markdown = Some(value()?.into()),
            "--svg" => options.svg = Some(value()?.into()),
            "--filter" => options.filters.push(value()?),
            "--secs" => {
                let seconds = value()?;
                let time = seconds.parse().ok().and_then(|secs| Duration::try_from_secs_f64(secs).ok());
                options.time = time.ok_or_else(|| format!("{seconds} is no number of seconds"))?;
            }
            _ => return Err(format!("there is no option {name}; --help tells those there are")),
        }
    }
    Ok(Asked::Run(options))
}
