//! What was measured, and how it stands to what is owed.

use serde::Serialize;

use crate::rows::{Bound, Owed, Row, TIE};

/// All operations that were measured.
pub(crate) struct Results(pub(crate) Vec<Measured>);

/// All contestants of one operation, the fastest first.
pub(crate) struct Measured {
    pub(crate) row: &'static Row,
    pub(crate) samples: Vec<Sample>,
}

/// The times of one contestant: of its best turn, and of the one in the middle.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) contestant: String,
    pub(crate) min_ns: f64,
    pub(crate) median_ns: f64,
}

impl Sample {
    pub(crate) fn of(contestant: String, mut turns: Vec<f64>) -> Self {
        turns.sort_by(f64::total_cmp);
        let at = |index: usize| turns.get(index).copied().unwrap_or(f64::NAN);
        Self { contestant, min_ns: at(0), median_ns: at(turns.len() / 2) }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.contestant.starts_with("symbolon")
    }

    pub(crate) fn is_floor(&self) -> bool {
        self.contestant.starts_with("floor")
    }

    pub(crate) fn is_peer(&self) -> bool {
        !self.is_ours() && !self.is_floor()
    }

    /// How many times the other's time it takes: of the best turns, and of the middle ones.
    pub(crate) fn ratio(&self, other: &Self) -> (f64, f64) {
        (self.min_ns / other.min_ns, self.median_ns / other.median_ns)
    }
}

impl Measured {
    pub(crate) fn new(row: &'static Row, mut samples: Vec<Sample>) -> Self {
        samples.sort_by(|one, other| one.min_ns.total_cmp(&other.min_ns));
        Self { row, samples }
    }

    pub(crate) fn find(&self, contestant: &str) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.contestant == contestant)
    }

    pub(crate) fn best_peer(&self) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.is_peer())
    }

    /// How each of our builds stands to what it owes, by the best turns: they are what the machine can
    /// do, and move least.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = (&Owed, Verdict)> {
        self.row.owed.iter().map(|owed| (owed, self.verdict(owed)))
    }

    fn verdict(&self, owed: &Owed) -> Verdict {
        let Some(own) = self.find(owed.by) else { return Verdict::NotMeasured };
        let (other, times) = match owed.bound {
            Bound::Nanoseconds(limit) => return Verdict::met(own.min_ns <= limit),
            Bound::Times(times, contestant) => (self.find(contestant), times),
            Bound::TimesBestPeer(times) => (self.best_peer(), times),
            Bound::Ahead => (self.best_peer(), 1.0),
        };
        let Some(other) = other else { return Verdict::NotMeasured };
        let (ratio, _) = own.ratio(other);
        match owed.bound {
            Bound::Ahead if (ratio - 1.0).abs() < TIE => Verdict::Tie,
            _ => Verdict::met(ratio <= times),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Tie,
    Missed,
    /// The contestant or who it is compared with does not take part.
    NotMeasured,
}

impl Verdict {
    const fn met(is: bool) -> Self {
        if is { Self::Met } else { Self::Missed }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Tie => "tie",
            Self::Missed => "missed",
            Self::NotMeasured => "not measured",
        }
    }
}

/// One line of the figures.
#[derive(Serialize)]
struct Figure<'r> {
    operation: &'r str,
    contestant: &'r str,
    min_ns: f64,
    median_ns: f64,
}

impl Results {
    /// An array of `operation`, `contestant`, `min_ns` and `median_ns`.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let tenths = |ns: f64| (ns * 10.0).round() / 10.0;
        let figures = self.0.iter().flat_map(|measured| {
            measured.samples.iter().map(move |sample| Figure {
                operation: measured.row.operation,
                contestant: &sample.contestant,
                min_ns: tenths(sample.min_ns),
                median_ns: tenths(sample.median_ns),
            })
        });
        let mut json = serde_json::to_string_pretty(&figures.collect::<Vec<_>>())?;
        json.push('\n');
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{AWS_LC, DEFAULT, ROWS};

    fn measured(operation: &str, times: &[(&str, f64)]) -> Measured {
        let row = ROWS.iter().find(|row| row.operation == operation).unwrap();
        let sample = |&(contestant, ns): &(&str, f64)| Sample::of(contestant.to_owned(), vec![ns]);
        Measured::new(row, times.iter().map(sample).collect())
    }

    fn verdict(operation: &str, by: &str, times: &[(&str, f64)]) -> Verdict {
        let measured = measured(operation, times);
        measured.verdicts().find(|(owed, _)| owed.by == by).unwrap().1
    }

    #[test]
    fn a_sample_is_its_best_turn_and_the_one_in_the_middle() {
        let sample = Sample::of("biscuit".to_owned(), vec![9.0, 2.0, 4.0, 7.0, 3.0]);
        assert_eq!((sample.min_ns, sample.median_ns), (2.0, 4.0));
    }

    #[test]
    fn a_ratio_is_to_the_best_peer_and_not_to_a_floor_or_ourselves() {
        let times =
            [(DEFAULT, 40.0), (AWS_LC, 41.0), ("floor ring", 1.0), ("slow", 900.0), ("fast", 100.0)];
        assert_eq!(measured("HS256 verify", &times).best_peer().unwrap().contestant, "fast");
        assert_eq!(verdict("HS256 verify", DEFAULT, &times), Verdict::Met);
        assert_eq!(verdict("HS256 verify", AWS_LC, &times), Verdict::Missed);
    }

    #[test]
    fn within_five_per_cent_is_a_tie_where_ahead_is_owed() {
        for (ours, due) in
            [(94.0, Verdict::Met), (96.0, Verdict::Tie), (104.0, Verdict::Tie), (106.0, Verdict::Missed)]
        {
            assert_eq!(
                verdict("RS256 verify", AWS_LC, &[(AWS_LC, ours), ("fast", 100.0)]),
                due,
                "{ours}"
            );
        }
    }

    #[test]
    fn what_is_owed_to_a_floor_is_judged_by_that_floor() {
        let times = |ours| [(DEFAULT, ours), ("floor ring", 100.0), ("fast", 50.0)];
        assert_eq!(verdict("RS256 sign", DEFAULT, &times(101.0)), Verdict::Met);
        assert_eq!(verdict("RS256 sign", DEFAULT, &times(103.0)), Verdict::Missed);
    }

    #[test]
    fn nothing_is_judged_that_was_not_measured() {
        assert_eq!(verdict("RS256 verify", AWS_LC, &[("fast", 100.0)]), Verdict::NotMeasured);
        assert_eq!(verdict("RS256 verify", AWS_LC, &[(AWS_LC, 100.0)]), Verdict::NotMeasured);
        assert_eq!(verdict("cached verify", DEFAULT, &[(DEFAULT, 299.0)]), Verdict::Met);
    }
}
