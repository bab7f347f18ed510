//! What a fleet sees: three processes that sign by one store, a hundred services that verify by the JWKS
//! they publish, clocks that differ, a cache between them, an outage, and a key that leaks. In simulated
//! time.

use std::collections::{BTreeMap, VecDeque};

use symbolon::rotation::{MemoryStore, RotationPolicy, Rotator};
use symbolon::{
    ErrorKind, JwkSet, JwsAlg, JwsCodec, KeyId, Keyring, NoCustom, TokenCodecExt, Tokens, Validator,
};
use time::Duration;

use crate::rotation::TestClock;
use crate::support::{NOW, at, noise};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const DAYS: i64 = 7;
const LIFETIME: i64 = HOUR;
/// What clocks differ from the true time at most.
const SKEW: i64 = 30;
/// How long a verifier holds on to a JWKS.
const MAX_AGE: i64 = 10 * MINUTE;
/// How old the JWKS is that a verifier fetches: there is a cache in front of the issuer.
const PROPAGATION: i64 = 2 * MINUTE;

struct Verifier {
    skew: i64,
    /// When it fetches, by its own phase.
    phase: i64,
    codec: JwsCodec,
    fetches: usize,
}

impl Verifier {
    fn verify(&self, token: &str, now: i64, validator: &Validator) -> Result<(), ErrorKind> {
        let now = at(now + self.skew);
        let read = self.codec.decode_at::<NoCustom>(token, now);
        let read = read.and_then(|token| token.validate_at(validator, now));
        read.map(drop).map_err(|error| error.kind())
    }
}

struct Fleet {
    signers: Vec<(TestClock, Rotator, Tokens<NoCustom>)>,
    verifiers: Vec<Verifier>,
    /// What the cache before the issuer holds, and what it will hold, each since a second.
    published: VecDeque<(i64, JwsCodec)>,
    last: Vec<KeyId>,
    now: i64,
}

impl Fleet {
    fn new(policy: RotationPolicy) -> Self {
        let store = MemoryStore::new();
        let signers = [-SKEW, 0, SKEW].map(|skew| {
            let clock = TestClock::new(NOW + skew);
            let rotator = Rotator::builder(JwsAlg::EDDSA, policy).clock(clock.clone());
            let rotator = rotator.open(store.clone()).unwrap();
            let tokens = Tokens::builder(JwsCodec::new(rotator.keys()))
                .issuer("https://id.example")
                .lifetime(Duration::seconds(LIFETIME))
                .clock(clock.clone())
                .build()
                .unwrap();
            (clock, rotator, tokens)
        });
        let random = noise(5, 200);
        let verifiers = random.chunks(2).map(|random| Verifier {
            skew: i64::from(random[0]) * 2 * SKEW / 255 - SKEW,
            phase: i64::from(random[1]) * MAX_AGE / 256 / MINUTE * MINUTE,
            codec: JwsCodec::new(Keyring::read_only()),
            fetches: 0,
        });
        let mut fleet = Self {
            signers: signers.into(),
            verifiers: verifiers.collect(),
            published: VecDeque::new(),
            last: Vec::new(),
            now: NOW,
        };
        fleet.publish();
        for verifier in &mut fleet.verifiers {
            verifier.codec = fleet.published[0].1.clone();
        }
        fleet
    }

    fn publish(&mut self) {
        let set = self.signers[1].1.published().unwrap();
        let kids: Vec<_> = set.iter().map(|key| key.kid().unwrap().clone()).collect();
        if kids != self.last {
            // As it goes over the wire.
            let set = JwkSet::from_json(set.to_json().unwrap()).unwrap();
            self.published.push_back((self.now, JwsCodec::new(Keyring::from_jwk_set(&set))));
            self.last = kids;
        }
        while self.published.get(1).is_some_and(|(since, _)| *since <= self.now - PROPAGATION) {
            self.published.pop_front();
        }
    }

    /// A minute passes: the signers tick, and whoever's turn it is fetches what the cache holds.
    fn pass_minute(&mut self, is_out: bool) {
        self.now += MINUTE;
        for (clock, rotator, _) in &self.signers {
            clock.pass(MINUTE);
            rotator.tick().unwrap();
        }
        self.publish();
        for verifier in &mut self.verifiers {
            if (self.now - NOW) % MAX_AGE == verifier.phase && !is_out {
                verifier.codec = self.published[0].1.clone();
                verifier.fetches += 1;
            }
        }
    }
}

#[test]
fn a_fleet_refuses_no_valid_token_through_rotations_an_outage_and_a_leak() {
    // The next key is always there and known to all: it can take over at any moment.
    let policy = RotationPolicy::every(Duration::DAY)
        .publish_ahead(Duration::DAY)
        .keep_for(Duration::seconds(LIFETIME + 4 * SKEW));
    let validator = Validator::new().issuer("https://id.example");
    let mut fleet = Fleet::new(policy);
    let random = noise(7, 1 << 16);
    let mut dice = random.iter().cycle().map(|byte| usize::from(*byte));

    // Six hours, a rotation in their midst.
    let outage = NOW + 2 * DAY - 3 * HOUR..NOW + 2 * DAY + 3 * HOUR;
    let leak = NOW + 5 * DAY + 7 * HOUR;
    let mut leaked: Option<KeyId> = None;
    let mut removed = Vec::new();
    let mut last_accepted = BTreeMap::new();
    let mut alive: VecDeque<(i64, String)> = VecDeque::new();
    let (mut issued, mut verified, mut kids) = (0, 0, std::collections::BTreeSet::new());

    while fleet.now < NOW + DAYS * DAY {
        fleet.pass_minute(outage.contains(&fleet.now));
        let now = fleet.now;
        if now == leak {
            let (_, rotator, _) = &fleet.signers[0];
            let kid = rotator.keys().load().primary().unwrap().kid().unwrap().clone();
            rotator.remove(&kid).unwrap();
            // Whatever it signed is not valid any more, and is to be refused soon.
            let of_it = |token: &String| {
                symbolon::jws::Unverified::peek(token).unwrap().kid() == Some(kid.as_str())
            };
            let (gone, good): (Vec<_>, Vec<_>) = alive.drain(..).partition(|(_, token)| of_it(token));
            alive = good.into();
            removed = gone.into_iter().map(|(_, token)| token).collect();
            leaked = Some(kid);
            assert!(!removed.is_empty());
        }
        if (now - NOW) % (5 * MINUTE) == 0 {
            for (_, rotator, tokens) in &fleet.signers {
                let kid = rotator.keys().load().primary().unwrap().kid().unwrap().clone();
                let token = tokens.issue(&NoCustom::default()).unwrap();
                issued += 1;
                for _ in 0..3 {
                    let verifier = &fleet.verifiers[dice.next().unwrap() % 100];
                    let judged = verifier.verify(&token, now, &validator);
                    // A signer that has not looked at the store since may still sign with it.
                    if Some(&kid) != leaked.as_ref() {
                        assert_eq!(judged, Ok(()), "at {} s, {kid}", now - NOW);
                        verified += 1;
                    }
                }
                kids.insert(kid.to_string());
                if Some(&kid) != leaked.as_ref() {
                    // As late as it is still good by every clock.
                    alive.push_back((now + LIFETIME - 2 * SKEW - MINUTE, token));
                }
            }
        }
        while alive.front().is_some_and(|(late, _)| *late <= now) {
            let (_, token) = alive.pop_front().unwrap();
            for _ in 0..3 {
                let verifier = &fleet.verifiers[dice.next().unwrap() % 100];
                assert_eq!(verifier.verify(&token, now, &validator), Ok(()), "late, at {} s", now - NOW);
                verified += 1;
            }
        }
        // Who still takes the leaked key's tokens, while they would be good?
        if let Some(token) = removed.last().filter(|_| now < leak + LIFETIME / 2) {
            for (index, verifier) in fleet.verifiers.iter().enumerate() {
                match verifier.verify(token, now, &validator) {
                    Ok(()) => drop(last_accepted.insert(index, now)),
                    Err(kind) => assert_eq!(kind, ErrorKind::UnknownKey),
                }
            }
        }
    }
    let slowest = last_accepted.values().max().unwrap() - leak;
    let fetches: usize = fleet.verifiers.iter().map(|verifier| verifier.fetches).sum();
    println!(
        "a fleet of 3 and 100 for {DAYS} days: {issued} tokens of {} keys verified {verified} times, none \
         refused; the last verifier let go of a leaked key after {} s; {} fetches per hour",
        kids.len(),
        slowest + MINUTE,
        fetches as i64 / (DAYS * 24),
    );
    assert_eq!(kids.len() as i64, DAYS + 1, "a key a day, and one in the place of the one that leaked");
    // The other processes look once a minute, the cache and the verifiers hold on for as long as said.
    assert!(slowest <= MINUTE + PROPAGATION + MAX_AGE, "{slowest}");
    assert!(slowest > MINUTE, "nobody held on to it: the simulation has no delay");
    assert!(verified > 30_000);
}

#[test]
fn a_fleet_with_too_short_a_notice_does_refuse() {
    // What the other test shows depends on the policy: with no notice, tokens of new keys are refused.
    let policy =
        RotationPolicy::every(Duration::DAY).publish_ahead(Duration::ZERO).keep_for(Duration::HOUR);
    let validator = Validator::new().issuer("https://id.example");
    let mut fleet = Fleet::new(policy);
    let mut refused = 0;
    while fleet.now < NOW + DAY + 30 * MINUTE {
        fleet.pass_minute(false);
        // All is well but around the rotation.
        if fleet.now < NOW + DAY - HOUR && (fleet.now - NOW) % HOUR > 0 {
            continue;
        }
        let token = fleet.signers[1].2.issue(&NoCustom::default()).unwrap();
        for verifier in &fleet.verifiers {
            match verifier.verify(&token, fleet.now, &validator) {
                Ok(()) => {}
                Err(kind) => {
                    assert_eq!(kind, ErrorKind::UnknownKey);
                    assert!(
                        fleet.now >= NOW + DAY
                            && fleet.now <= NOW + DAY + MAX_AGE + PROPAGATION + MINUTE
                    );
                    refused += 1;
                }
            }
        }
    }
    println!("without notice: {refused} refused");
    assert!(refused > 100);
}
