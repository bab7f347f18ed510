//! The operations that are measured, and what symbolon owes in each.

use std::fmt;

/// One operation.
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    pub(crate) owed: &'static [Owed],
    /// Whether it stands in the chart.
    pub(crate) in_chart: bool,
}

/// What one build of ours owes.
#[derive(Clone, Copy)]
pub(crate) struct Owed {
    /// The contestant.
    pub(crate) by: &'static str,
    pub(crate) bound: Bound,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// At most so many times the best peer's time.
    TimesBestPeer(f64),
    /// Less than the best peer's time; within 5 % of it is a tie.
    Ahead,
    /// At most so many times the time of that contestant.
    Times(f64, &'static str),
    /// At most so many nanoseconds.
    Nanoseconds(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimesBestPeer(times) => write!(f, "≤ {times} × best peer"),
            Self::Ahead => write!(f, "< best peer"),
            Self::Times(times, contestant) => write!(f, "≤ {times} × {contestant}"),
            Self::Nanoseconds(limit) => write!(f, "≤ {limit} ns"),
        }
    }
}

/// Gaps under 5 % are ties.
pub(crate) const TIE: f64 = 0.05;

pub(crate) const DEFAULT: &str = "symbolon (default)";
pub(crate) const AWS_LC: &str = "symbolon (aws-lc-rs)";

use Bound::{Ahead, Nanoseconds, Times, TimesBestPeer};

const EQUAL: Bound = TimesBestPeer(1.0 + TIE);

const fn default(bound: Bound) -> Owed {
    Owed { by: DEFAULT, bound }
}

const fn aws_lc(bound: Bound) -> Owed {
    Owed { by: AWS_LC, bound }
}

const fn row(operation: &'static str, owed: &'static [Owed]) -> Row {
    Row { operation, owed, in_chart: false }
}

const fn in_chart(row: Row) -> Row {
    Row { in_chart: true, ..row }
}

/// Both builds owe the same.
macro_rules! both {
    ($bound:expr) => {
        &[default($bound), aws_lc($bound)]
    };
}

pub(crate) const ROWS: &[Row] = &[
    row("HS256 sign", both!(TimesBestPeer(0.6))),
    in_chart(row("HS256 verify", both!(TimesBestPeer(0.4)))),
    row("HS256 verify 4 KiB", both!(TimesBestPeer(0.6))),
    row("HS256 verify 64 KiB", both!(TimesBestPeer(0.6))),
    // ring's own signature takes twice what aws-lc-rs's does: that is all that can be owed there.
    row("RS256 sign", &[default(Times(1.02, "floor ring")), aws_lc(EQUAL)]),
    in_chart(row("RS256 verify", &[aws_lc(Ahead)])),
    row("PS256 sign", &[aws_lc(EQUAL)]),
    row("PS256 verify", &[aws_lc(EQUAL)]),
    row("ES256 sign", both!(Ahead)),
    in_chart(row("ES256 verify", &[aws_lc(Ahead)])),
    row("ES384 sign", &[aws_lc(Ahead)]),
    row("ES384 verify", &[aws_lc(EQUAL)]),
    row("EdDSA sign", &[aws_lc(Ahead)]),
    in_chart(row("EdDSA verify", &[aws_lc(EQUAL)])),
    row("dir+A256GCM encrypt", both!(TimesBestPeer(0.6))),
    in_chart(row("dir+A256GCM decrypt", both!(TimesBestPeer(0.3)))),
    row("A256KW+A256GCM encrypt", both!(TimesBestPeer(0.6))),
    row("A256KW+A256GCM decrypt", both!(TimesBestPeer(0.6))),
    row("A256KW+A128CBC-HS256 encrypt", both!(TimesBestPeer(0.3))),
    row("A256KW+A128CBC-HS256 decrypt", both!(TimesBestPeer(0.3))),
    row("ECDH-ES P-256 encrypt", &[default(TimesBestPeer(0.9)), aws_lc(TimesBestPeer(0.35))]),
    row("ECDH-ES P-256 decrypt", &[default(TimesBestPeer(0.9)), aws_lc(TimesBestPeer(0.35))]),
    row("ECDH-ES X25519 encrypt", &[aws_lc(TimesBestPeer(0.55))]),
    in_chart(row("ECDH-ES X25519 decrypt", &[aws_lc(TimesBestPeer(0.55))])),
    // Without aws-lc-rs nothing here decrypts it.
    row("RSA-OAEP-256 encrypt", &[aws_lc(Ahead)]),
    row("RSA-OAEP-256 decrypt", &[aws_lc(Ahead)]),
    row("Amora zero encode", both!(TimesBestPeer(0.45))),
    in_chart(row("Amora zero decode", both!(TimesBestPeer(0.3)))),
    row("Amora one encode", &[default(Ahead), aws_lc(TimesBestPeer(0.55))]),
    row("Amora one decode", &[default(Ahead), aws_lc(TimesBestPeer(0.55))]),
    row("sealed AES-256-GCM encrypt", both!(TimesBestPeer(0.5))),
    in_chart(row("sealed AES-256-GCM decrypt", both!(TimesBestPeer(0.6)))),
    row("sealed XChaCha20-Poly1305 encrypt", both!(TimesBestPeer(0.4))),
    row("sealed XChaCha20-Poly1305 decrypt", both!(TimesBestPeer(0.4))),
    row("cached verify", both!(Nanoseconds(300.0))),
];
