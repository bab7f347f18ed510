//! The operations that matter most as a bar chart in SVG, for light and dark pages alike.

use std::fmt::Write as _;

use crate::results::{Measured, Results, Sample};

const WIDTH: f64 = 760.0;
/// Where the bars begin; names stand before them.
const LEFT: f64 = 210.0;
/// How long the bar of the slowest contestant that is drawn whole is.
const FULL: f64 = 430.0;
const BAR: f64 = 14.0;
const GAP: f64 = 4.0;
const TITLE: f64 = 26.0;
const FOOT: f64 = 30.0;

/// Peers beside ours in each group.
const PEERS: usize = 3;

/// Bars end at this many times the best peer's time, so that one slow peer does not flatten all.
const CAP: f64 = 3.0;

/// Middle grey and two hues that stand out from white and from black.
const TEXT: &str = "#7d8590";
const OURS: &str = "#d9822b";
const THEIRS: &str = "#8b95a1";

/// A group of bars for each operation: ours, then the fastest peers, as times of the best peer's.
pub(crate) fn svg(results: &Results) -> String {
    let mut body = String::new();
    let mut y = 0.0;
    for measured in results.0.iter().filter(|measured| measured.row.in_chart) {
        let Some(best) = measured.best_peer() else { continue };
        y += TITLE;
        let top = y;
        text(&mut body, LEFT, y - 8.0, "start", "font-weight=\"bold\" ", measured.row.operation);
        for sample in drawn(measured) {
            let (ratio, _) = sample.ratio(best);
            let width = ratio.min(CAP) / CAP * FULL;
            let colour = if sample.is_ours() { OURS } else { THEIRS };
            text(&mut body, LEFT - 8.0, y + 11.0, "end", "", &sample.contestant);
            let _ = writeln!(
                body,
                r#"<rect x="{LEFT}" y="{y}" width="{width:.1}" height="{BAR}" rx="2" fill="{colour}"/>"#
            );
            let told = if ratio > CAP { format!("{ratio:.2} →") } else { format!("{ratio:.2}") };
            text(&mut body, LEFT + width + 6.0, y + 11.0, "start", "", &told);
            y += BAR + GAP;
        }
        // The best peer, across all bars of the group.
        let (x, end) = (LEFT + FULL / CAP, y - GAP);
        let _ =
            writeln!(body, r#"<path d="M{x:.1} {top}V{end}" stroke="{TEXT}" stroke-dasharray="2 3"/>"#);
        y += GAP;
    }
    y += FOOT;
    text(&mut body, LEFT, y - 10.0, "start", "", "time of a token, best peer = 1: shorter is faster");
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="time of a token, symbolon and its peers">
{body}</svg>
"#
    )
}

/// Both of ours and the best peers, the fastest first.
fn drawn(measured: &Measured) -> impl Iterator<Item = &Sample> {
    let mut peers = 0;
    measured.samples.iter().filter(move |sample| {
        peers += usize::from(sample.is_peer());
        sample.is_ours() || sample.is_peer() && peers <= PEERS
    })
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, style: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" {style}fill="{TEXT}">{content}</text>"#
    );
}
