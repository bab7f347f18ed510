//! What a fleet sees: three processes that sign by one store, a hundred services that verify by the JWKS
//! they publish, clocks that differ, a cache between them, an outage, a key that leaks, and tokens that are
//! revoked. In simulated time. `cargo test --test it fleet -- --nocapture` prints the figures of
//! docs/cookbook.md.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use symbolon::rotation::{MemoryStore, RotationPolicy, Rotator};
use symbolon::{
    Claims, Error, ErrorKind, JwkSet, JwsAlg, JwsCodec, KeyId, Keyring, MemoryRevocations, NoCustom,
    RevocationKey, RevocationStore, Revocations, TokenCodecExt, Tokens, Validator,
};
use time::{Duration, OffsetDateTime};

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
        "keys: 3 signers and 100 verifiers for {DAYS} days, an outage of 6 hours: {issued} tokens of {} keys \
         verified {verified} times, 0 valid ones refused",
        kids.len(),
    );
    println!("keys: the last verifier let go of a leaked key after {} s", slowest + MINUTE);
    println!("keys: {} fetches per issuer per hour", fetches as i64 / (DAYS * 24));
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
    println!("keys: without notice of the next key {refused} valid tokens were refused at one rotation");
    assert!(refused > 100);
}

/// From when on it is known, what is revoked, its mark, and until when.
type Mark = (i64, RevocationKey, i64, Option<OffsetDateTime>);

/// What was revoked, for those who ask.
#[derive(Clone)]
struct Feed {
    now: TestClock,
    marks: Arc<Mutex<Vec<Mark>>>,
}

impl RevocationStore for Feed {
    fn mark(&self, key: &RevocationKey, mark: i64, until: Option<OffsetDateTime>) -> Result<(), Error> {
        self.marks.lock().unwrap().push((self.now.unix() + LAG, key.clone(), mark, until));
        Ok(())
    }

    fn mark_once(&self, _: &RevocationKey, _: Option<OffsetDateTime>) -> Result<bool, Error> {
        Err(Error::new(ErrorKind::RevocationUnknown, "a feed cannot tell"))
    }

    fn marks(&self, _: &[RevocationKey]) -> Result<Vec<Option<i64>>, Error> {
        Err(Error::new(ErrorKind::RevocationUnknown, "a feed cannot tell"))
    }
}

/// How late the feed tells.
const LAG: i64 = 2;
/// How often a verifier asks it.
const PULL: i64 = 10;
/// How far ahead the moment of a revocation is, by the clock of who revokes: he may be behind, a signer
/// ahead, and what was issued at that very second is not before it.
const AHEAD: i64 = 2 * SKEW + 1;

/// For how long a revoked token is shown to all.
const WATCHED: i64 = PULL + LAG + 5;

/// Where what is revoked is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// In one place that all ask of each token, such as Redis.
    Together,
    /// In the memory of each, which asks a feed every [`PULL`] seconds.
    Apart,
}

/// Who asks whether a token is good, with a store and a clock of its own.
struct Asker {
    clock: TestClock,
    phase: i64,
    validator: Validator,
    store: Arc<MemoryRevocations>,
    /// How much of the feed it has read.
    read: usize,
}

impl Asker {
    fn pull(&mut self, feed: &Feed) {
        let marks = feed.marks.lock().unwrap();
        for (known, key, mark, until) in &marks[self.read..] {
            if *known > feed.now.unix() {
                break;
            }
            self.store.mark(key, *mark, *until).unwrap();
            self.read += 1;
        }
    }
}

/// What is to be refused once it is known: since when, how a token of it reads, and who takes it still.
struct Revoked {
    since: i64,
    token: String,
    taking: Vec<bool>,
}

#[test]
fn a_fleet_refuses_what_is_revoked_in_time_and_nothing_else() {
    for kept in [Kept::Together, Kept::Apart] {
        let (slowest, fresh) = revoke_in_a_fleet(kept);
        match kept {
            Kept::Together => assert_eq!(slowest, 0),
            Kept::Apart => assert!((PULL..=PULL + LAG).contains(&slowest), "{slowest}"),
        }
        // Until then what is issued after a log-out everywhere looks as if it were from before.
        assert!((1..=AHEAD + SKEW).contains(&fresh), "{fresh}");
    }
}

/// The slowest time to effect, and for how long at most a user who was logged out everywhere could not
/// log in again.
fn revoke_in_a_fleet(kept: Kept) -> (i64, i64) {
    const ISSUER: &str = "https://id.example";
    let time = TestClock::new(NOW);
    let codec = JwsCodec::new(symbolon::Signer::generate(JwsAlg::EDDSA).unwrap());
    let signers = [-SKEW, 0, SKEW].map(|skew| {
        let clock = TestClock::new(NOW + skew);
        let tokens = Tokens::<NoCustom>::builder(codec.clone()).issuer(ISSUER).random_ids();
        let tokens = tokens.lifetime(Duration::seconds(LIFETIME)).clock(clock.clone()).build();
        (clock, tokens.unwrap())
    });
    let feed = Feed { now: time.clone(), marks: Arc::default() };
    let together = Arc::new(MemoryRevocations::new().clock(time.clone()));
    let random = noise(11, 200);
    let mut askers: Vec<Asker> = random
        .chunks(2)
        .map(|random| {
            let clock = TestClock::new(NOW + i64::from(random[0]) * 2 * SKEW / 255 - SKEW);
            let store = match kept {
                Kept::Together => Arc::clone(&together),
                Kept::Apart => Arc::new(MemoryRevocations::new().clock(clock.clone())),
            };
            let revocations = Revocations::new(Arc::clone(&store));
            let validator = Validator::new().issuer(ISSUER).unless_revoked(&revocations);
            let validator = validator.clock(clock.clone());
            Asker { clock, phase: i64::from(random[1]) % PULL, validator, store, read: 0 }
        })
        .collect();
    let revocations = match kept {
        Kept::Together => Revocations::new(Arc::clone(&together)),
        Kept::Apart => Revocations::new(feed.clone()),
    };
    let judge = |asker: &Asker, token: &str| {
        let now = at(asker.clock.unix());
        let read = codec.decode_at::<NoCustom>(token, now).unwrap();
        read.validate_at(&asker.validator, now).map(drop).map_err(|error| error.kind())
    };
    let claims = |token: &str| -> Claims<NoCustom> {
        codec.decode::<NoCustom>(token).unwrap().claims_unvalidated().unwrap()
    };

    let random = noise(13, 1 << 16);
    let mut dice = random.iter().cycle().map(|byte| usize::from(*byte));
    let mut roll = |sides: usize| (dice.next().unwrap() * 256 + dice.next().unwrap()) % sides;
    // Good ones, with the number of their user.
    let mut good: Vec<(usize, String)> = Vec::new();
    let mut revoked: Vec<Revoked> = Vec::new();
    // Users who were logged out everywhere, and are not back yet.
    let mut away: BTreeMap<usize, i64> = BTreeMap::new();
    let (mut verified, mut by_id, mut by_user, mut slowest, mut fresh) = (0, 0, 0, 0, 0);
    for second in 0..LIFETIME / 2 {
        time.pass(1);
        signers.iter().for_each(|(clock, _)| clock.pass(1));
        for asker in &mut askers {
            asker.clock.pass(1);
            if kept == Kept::Apart && second % PULL == asker.phase {
                asker.pull(&feed);
            }
        }
        let issue = |signer: usize, user: usize| {
            signers[signer].1.issue_for(&format!("user-{user}"), &NoCustom::default()).unwrap()
        };
        let user = roll(1_000);
        good.push((user, issue(roll(3), user)));
        // Whoever was logged out everywhere tries each second, and is back once every signer's is good.
        let asker = &askers[roll(100)];
        away.retain(|user, since| {
            let tokens = [0, 1, 2].map(|signer| issue(signer, *user));
            let is_back = time.unix() > *since + PULL + LAG
                && tokens.iter().all(|token| judge(asker, token).is_ok());
            if is_back {
                fresh = fresh.max(time.unix() - *since);
                good.extend(tokens.map(|token| (*user, token)));
            }
            !is_back
        });
        for _ in 0..5 {
            let (_, token) = &good[roll(good.len())];
            assert_eq!(judge(&askers[roll(100)], token), Ok(()), "{kept:?}, at {second} s");
            verified += 1;
        }
        if second % 60 == 59 {
            let (_, token) = good.swap_remove(roll(good.len()));
            let claims = claims(&token);
            let claims = claims.registered();
            revocations.revoke(claims.issuer(), claims.id().unwrap(), claims.expires_at()).unwrap();
            revoked.push(Revoked { since: time.unix(), token, taking: vec![true; 100] });
            by_id += 1;
        }
        if second % 300 == 299 {
            // One that was just issued, where the clock is ahead: by the moment alone it would escape.
            let user = 1_000 + by_user;
            let token = issue(2, user);
            // By a clock that is behind.
            let moment = at(time.unix() - SKEW + AHEAD);
            let last = moment + Duration::seconds(LIFETIME + 2 * SKEW);
            revocations
                .revoke_subject(Some(ISSUER), &format!("user-{user}"), moment, Some(last))
                .unwrap();
            revoked.push(Revoked { since: time.unix(), token, taking: vec![true; 100] });
            away.insert(user, time.unix());
            by_user += 1;
        }
        for revoked in &mut revoked {
            if time.unix() > revoked.since + WATCHED {
                continue;
            }
            for (asker, taking) in askers.iter().zip(&mut revoked.taking) {
                match judge(asker, &revoked.token) {
                    Ok(()) => {
                        assert!(*taking, "{kept:?}: it was refused before");
                        slowest = slowest.max(time.unix() + 1 - revoked.since);
                    }
                    Err(kind) => {
                        assert_eq!(kind, ErrorKind::Revoked);
                        *taking = false;
                    }
                }
            }
        }
    }
    assert!(
        revoked
            .iter()
            .filter(|one| one.since + WATCHED < time.unix())
            .all(|one| !one.taking.contains(&true))
    );
    println!(
        "revocations kept {}: {by_id} tokens and {by_user} users revoked, {verified} good tokens asked of, 0 \
         refused; effective everywhere after {slowest} s; a new log-in is good after {fresh} s",
        match kept {
            Kept::Together => "together (one store)".to_owned(),
            Kept::Apart => format!("apart (each asks a feed every {PULL} s, which lags {LAG} s)"),
        }
    );
    assert!(verified > 8_000 && by_id > 20 && by_user > 4);
    (slowest, fresh)
}
