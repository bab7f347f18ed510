//! The same hostile tokens read by four implementations: symbolon, jsonwebtoken, josekit, biscuit.
//!
//! Header, claims, spelling and damage come of fixed seeds; what is odd within header and claims has
//! the right signature or tag, so that what stands behind it is compared. Compared is whether a token
//! is accepted, and if so the claims. Every difference must be in the table of `known` ones, which says
//! why, and each of those must be seen.
//!
//! `SYMBOLON_SEEDS` says of how many seeds; 20 unless said.

mod base64url;
mod corpus;
mod dice;
mod facts;
mod key;
mod known;
mod readers;
mod recipe;
mod strict_json;
#[path = "../../../it/twice.rs"]
mod twice;
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use dice::Dice;
use facts::{Facts, Text};
use key::Key;
use known::{KNOWN, Outcome};
use readers::{Claims, PEERS, Peer, Verdict};
use recipe::{Recipe, at_random, each_by_itself};

/// How many seeds there are; each is a few hundred tokens.
pub(crate) fn seeds() -> u64 {
    std::env::var("SYMBOLON_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

/// What came of all tokens of a key.
#[derive(Debug, Default)]
struct Tally {
    tokens: usize,
    accepted: usize,
    alike: usize,
    differ: usize,
}

#[derive(Default)]
struct Report {
    /// How often each known difference was seen of each peer, and whether alone.
    seen: BTreeMap<(usize, Peer), usize>,
    alone: BTreeSet<(usize, Peer)>,
    unexplained: BTreeMap<(Peer, Outcome, String), (usize, String)>,
}

fn outcome(ours: &Result<Claims, symbolon::Error>, theirs: &Verdict) -> Option<Outcome> {
    match (ours, theirs) {
        (_, Verdict::Panics) => Some(Outcome::Panics),
        (Ok(ours), Verdict::Accepts(theirs)) => (ours != theirs).then_some(Outcome::ReadsOtherwise),
        (Ok(_), Verdict::Refuses) => Some(Outcome::Refuses),
        (Err(_), Verdict::Accepts(_)) => Some(Outcome::Accepts),
        (Err(_), Verdict::Refuses) => None,
    }
}

fn judge(key: &Key, recipe: &Recipe, dice: &mut Dice, tally: &mut Tally, report: &mut Report) {
    // jsonwebtoken asks the system for the time: all of it must happen within one second.
    let (case, moment, ours, theirs) = loop {
        let (moment, mut same) = (now(), dice.clone());
        let Some(case) = recipe.case(key, moment, &mut same) else { return };
        let ours = key.readers.ours(&case.token, moment);
        let theirs = PEERS.map(|peer| key.readers.theirs(peer, &case.token, moment));
        if now() == moment {
            *dice = same;
            break (case, moment, ours, theirs);
        }
    };
    tally.tokens += 1;
    tally.accepted += usize::from(ours.is_ok());
    let facts = Facts {
        header: Text::new(&case.header),
        claims: Text::new(&case.claims),
        token: &case.token,
        encrypted: key.encrypts(),
        now: moment,
        ours: ours.as_ref().err().map(symbolon::Error::kind),
    };
    for (peer, theirs) in PEERS.into_iter().zip(theirs) {
        let Some(theirs) = theirs else { continue };
        let Some(does) = outcome(&ours, &theirs) else {
            tally.alike += 1;
            continue;
        };
        tally.differ += 1;
        let reasons = KNOWN.iter().enumerate().filter(|(_, known)| {
            known.who.contains(&peer) && known.does == does && (known.holds)(&facts)
        });
        let reasons: Vec<usize> = reasons.map(|(place, _)| place).collect();
        for place in &reasons {
            *report.seen.entry((*place, peer)).or_default() += 1;
        }
        match reasons[..] {
            [] => {
                let kind = format!(
                    "{:?} {}",
                    facts.ours,
                    format!("{recipe:?}").chars().take(9).collect::<String>()
                );
                let (header, claims) =
                    (String::from_utf8_lossy(&case.header), String::from_utf8_lossy(&case.claims));
                let token: String = case.token.chars().take(900).collect();
                let example = format!(
                    "{} {recipe:.150?} {:?} {header:.300} {claims:.300} {token}",
                    key.name,
                    ours.as_ref().err().map(ToString::to_string),
                );
                let entry = report.unexplained.entry((peer, does, kind)).or_default();
                *entry = (entry.0 + 1, example);
            }
            [only] => drop(report.alone.insert((only, peer))),
            _ => {}
        }
    }
}

#[test]
fn every_difference_is_explained() {
    readers::silence_peers();
    let (keys, mut report) = (Key::all(), Report::default());
    let mut all = Tally::default();
    for key in &keys {
        let mut tally = Tally::default();
        let mut dice = Dice::new(0);
        for recipe in each_by_itself(key) {
            judge(key, &recipe, &mut dice, &mut tally, &mut report);
        }
        for seed in 1..=seeds() {
            let mut dice = Dice::new(seed);
            for recipe in at_random(key) {
                judge(key, &recipe, &mut dice, &mut tally, &mut report);
            }
        }
        println!("{}: {tally:?}", key.name);
        assert!(
            tally.accepted > 0 && tally.accepted < tally.tokens,
            "{}: nothing is compared",
            key.name
        );
        all.tokens += tally.tokens;
        all.accepted += tally.accepted;
        all.alike += tally.alike;
        all.differ += tally.differ;
    }
    println!("all: {all:?}");
    for ((place, peer), count) in &report.seen {
        let known = &KNOWN[*place];
        println!("{peer:?} {:?}: {} ({count}): {}", known.does, known.name, known.why);
    }
    for ((peer, does, kind), (count, example)) in &report.unexplained {
        println!("UNEXPLAINED {peer:?} {does:?} {kind} ({count}): {example}");
    }
    let kinds = report.unexplained.len();
    assert!(report.unexplained.is_empty(), "{kinds} kinds of difference are not explained");
    let due = KNOWN
        .iter()
        .enumerate()
        .flat_map(|(place, known)| known.who.iter().map(move |peer| (place, *peer)));
    let unseen: Vec<_> = due
        .filter(|due| !report.alone.contains(due))
        .map(|(place, peer)| (peer, KNOWN[place].does, KNOWN[place].name))
        .collect();
    assert!(unseen.is_empty(), "no token shows these by themselves: {unseen:#?}");
}
