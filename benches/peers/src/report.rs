//! The results as text for a terminal and as Markdown.

use std::fmt::Write as _;

use crate::results::{Measured, Results, Sample, Verdict};

/// For a terminal: a block for each operation, then what is owed and not met.
pub(crate) fn text(results: &Results) -> String {
    let mut out = String::new();
    for measured in &results.0 {
        let title = measured.row.operation;
        line(
            &mut out,
            format_args!("\n{title:34} {:>10} {:>10}   × best peer, min and median", "min", "median"),
        );
        for sample in &measured.samples {
            let (min, median) = (time(sample.min_ns), time(sample.median_ns));
            let [best, middle] = ratios(measured, sample);
            let owes = owes(measured, sample);
            line(
                &mut out,
                format_args!(
                    "  {:32} {min:>10} {median:>10} {best:>8} {middle:>6}   {owes}",
                    sample.contestant
                ),
            );
        }
        if measured.samples.is_empty() {
            line(&mut out, format_args!("  nobody does that"));
        }
    }
    line(&mut out, format_args!("\n{}", summary(results)));
    out
}

/// A table with a line for each operation and contestant.
pub(crate) fn markdown(results: &Results) -> String {
    let mut out = String::from(
        "| operation | contestant | min | median | × best peer (min) | (median) | owed |\n\
         | --- | --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for measured in &results.0 {
        let mut operation = measured.row.operation;
        for sample in &measured.samples {
            let (min, median) = (time(sample.min_ns), time(sample.median_ns));
            let [best, middle] = ratios(measured, sample);
            let owes = owes(measured, sample);
            let name = &sample.contestant;
            let name = if sample.is_ours() { format!("**{name}**") } else { name.clone() };
            line(
                &mut out,
                format_args!("| {operation} | {name} | {min} | {median} | {best} | {middle} | {owes} |"),
            );
            operation = "";
        }
    }
    line(&mut out, format_args!("\n{}", summary(results)));
    out
}

/// What the best peer's time is to the sample's, where there is a peer.
fn ratios(measured: &Measured, sample: &Sample) -> [String; 2] {
    measured.best_peer().map_or_else(Default::default, |peer| {
        let (min, median) = sample.ratio(peer);
        [min, median].map(|ratio| format!("{ratio:.2}"))
    })
}

/// What the contestant owes, and whether it does.
fn owes(measured: &Measured, sample: &Sample) -> String {
    let own = measured.verdicts().filter(|(owed, _)| owed.by == sample.contestant);
    own.map(|(owed, verdict)| format!("{}: {}", owed.bound, verdict.name())).collect()
}

/// How many of the debts are paid, and which are not.
fn summary(results: &Results) -> String {
    let verdicts = || {
        results.0.iter().flat_map(|measured| {
            measured.verdicts().map(|(owed, verdict)| (measured.row.operation, owed.by, verdict))
        })
    };
    let mut out = String::from("owed:");
    let mut between = " ";
    for verdict in [Verdict::Met, Verdict::Tie, Verdict::Missed, Verdict::NotMeasured] {
        let count = verdicts().filter(|(.., found)| *found == verdict).count();
        let _ = write!(out, "{between}{count} {}", verdict.name());
        between = ", ";
    }
    for verdict in [Verdict::Missed, Verdict::NotMeasured] {
        for (operation, by, _) in verdicts().filter(|(.., found)| *found == verdict) {
            let _ = write!(out, "\n- {}: {operation}, {by}", verdict.name());
        }
    }
    out
}

/// A time in three or more digits of the unit that fits.
fn time(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.*} µs", if ns < 1e4 { 2 } else { 1 }, ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}

fn line(out: &mut String, content: std::fmt::Arguments<'_>) {
    let start = out.len();
    let _ = out.write_fmt(content);
    out.truncate(start.max(out.trim_end().len()));
    out.push('\n');
}
