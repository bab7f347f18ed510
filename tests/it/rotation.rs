//! Keys that rotate by a policy, in any store: what signs, verifies and is published at each moment, and
//! what becomes of the ring when the store fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use symbolon::rotation::{
    KeyEvent, KeyKind, KeySchedule, KeyStore, MemoryStore, Replaced, RotationPolicy, Rotator,
    RotatorBuilder, StoreVersion, Stored,
};
use symbolon::{
    Clock, Error, ErrorKind, Fault, Jwk, JwsAlg, JwsCodec, KeyId, KidPolicy, NoCustom, Signer, Tokens,
};
use time::{Duration, OffsetDateTime};

use crate::support::{NOW, at, base64url, damaged, kind, sha256};

/// A clock that tests set.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    pub(crate) fn set(&self, now: i64) {
        self.0.store(now, Ordering::Relaxed);
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn unix(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        at(self.unix())
    }
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A new key every ten days, published a day ahead, kept for two hours.
fn ten_days() -> RotationPolicy {
    RotationPolicy::every(Duration::days(10))
        .publish_ahead(Duration::days(1))
        .keep_for(Duration::hours(2))
}

fn eddsa(policy: RotationPolicy, clock: &TestClock) -> RotatorBuilder<JwsAlg> {
    Rotator::builder(JwsAlg::EDDSA, policy).clock(clock.clone())
}

fn opened(policy: RotationPolicy, clock: &TestClock, store: impl KeyStore + 'static) -> Rotator {
    eddsa(policy, clock).open(store).unwrap()
}

/// What issues and verifies with the rotator's ring, by its clock.
fn tokens(rotator: &Rotator, clock: &TestClock, lifetime: i64) -> Tokens<NoCustom> {
    Tokens::builder(JwsCodec::new(rotator.keys()))
        .lifetime(Duration::seconds(lifetime))
        .clock(clock.clone())
        .build()
        .unwrap()
}

fn issue(tokens: &Tokens<NoCustom>) -> String {
    tokens.issue(&NoCustom::default()).unwrap()
}

fn primary<K: KeyKind>(rotator: &Rotator<K>) -> KeyId {
    use symbolon::RingKey;
    rotator.keys().load().primary().unwrap().kid().unwrap().clone()
}

fn published(rotator: &Rotator) -> Vec<String> {
    let set = rotator.published().unwrap();
    set.iter().map(|key| key.kid().unwrap().to_string()).collect()
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let every = RotationPolicy::every;
    let hour = Duration::HOUR;
    for (policy, is_fine) in [
        (every(Duration::DAY).keep_for(hour), true),
        (every(Duration::DAY).keep_newest(3), true),
        (every(Duration::SECOND).publish_ahead(Duration::SECOND).keep_for(Duration::ZERO), true),
        (every(Duration::DAY), false),
        (every(Duration::ZERO).keep_for(hour), false),
        (every(Duration::milliseconds(999)).keep_for(hour), false),
        (every(-Duration::DAY).keep_for(hour), false),
        (every(Duration::DAY).keep_for(-hour), false),
        (every(Duration::DAY).publish_ahead(-hour).keep_for(hour), false),
        (every(Duration::DAY).publish_ahead(Duration::DAY).keep_for(hour), true),
        (every(Duration::DAY).publish_ahead(Duration::DAY + Duration::NANOSECOND).keep_for(hour), false),
        // Two old keys of an hour each cover two hours, not three.
        (every(hour).keep_for(hour * 2).keep_newest(2), true),
        (every(hour).keep_for(hour * 3).keep_newest(2), false),
        (every(hour).keep_for(hour * 96), true),
        (every(hour).keep_for(hour * 98), false),
        (every(Duration::DAY).keep_newest(98), true),
        (every(Duration::DAY).keep_newest(99), false),
        (every(Duration::MAX).publish_ahead(Duration::MAX).keep_for(Duration::MAX), true),
    ] {
        let store = MemoryStore::new();
        let opened = eddsa(policy, &TestClock::new(NOW)).open(store.clone());
        let due = (!is_fine).then_some(ErrorKind::InvalidSetting);
        assert_eq!(opened.as_ref().err().map(Error::kind), due, "{policy:?}");
        assert_eq!(store.load().unwrap().is_some(), is_fine, "{policy:?}");
    }
    let hasty = eddsa(ten_days(), &TestClock::new(NOW)).reload_every(Duration::ZERO);
    assert_eq!(kind(hasty.open(MemoryStore::new())), Some(ErrorKind::InvalidSetting));
}

#[test]
fn a_key_is_published_then_signs_then_verifies_then_is_gone() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    let first = primary(&rotator);
    assert_eq!(published(&rotator), [first.as_str()]);
    assert_eq!(rotator.tick().unwrap(), []);

    clock.set(NOW + 9 * DAY - 1);
    assert_eq!(rotator.tick().unwrap(), []);
    assert_eq!(rotator.next_tick(), at(NOW + 9 * DAY));

    // Made and published, and it verifies: another process's clock may run ahead.
    clock.pass(1);
    let events = rotator.tick().unwrap();
    let [KeyEvent::Added(second)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(published(&rotator), [first.as_str(), second.as_str()]);
    assert_eq!((primary(&rotator), rotator.keys().load().len()), (first.clone(), 2));

    clock.set(NOW + 10 * DAY - 1);
    let last = issue(&tokens(&rotator, &clock, 2 * HOUR));
    assert_eq!(rotator.tick().unwrap(), []);
    clock.pass(1);
    assert_eq!(rotator.tick().unwrap(), [KeyEvent::Signs(second.clone())]);
    assert_eq!(published(&rotator), [second.as_str(), first.as_str()]);
    assert_eq!(&primary(&rotator), second);

    // As long as its last token lives, and two hours in all.
    let tokens = tokens(&rotator, &clock, HOUR);
    clock.set(NOW + 10 * DAY + 2 * HOUR - 2);
    assert_eq!(rotator.tick().unwrap(), []);
    assert!(tokens.verify(&last).is_ok());
    clock.pass(2);
    assert_eq!(rotator.tick().unwrap(), []);
    assert_eq!(published(&rotator).len(), 2);
    clock.pass(1);
    assert_eq!(rotator.tick().unwrap(), [KeyEvent::Dropped(first.clone())]);
    assert_eq!(published(&rotator), [second.as_str()]);

    let schedule = rotator.schedule();
    let [record] = schedule.records() else { panic!("{schedule:?}") };
    assert_eq!(record.created(), at(NOW + 9 * DAY));
    assert_eq!(record.not_before(), at(NOW + 10 * DAY));
    assert_eq!((record.expires(), record.kid()), (None, second));
    for event in
        [KeyEvent::Added(first.clone()), KeyEvent::Signs(first.clone()), KeyEvent::Dropped(first)]
    {
        assert!(!event.to_string().is_empty());
    }
}

/// Ticks through two years by `step`, and holds the rules at each moment.
fn live(policy: RotationPolicy, period: i64, ahead: i64, lifetime: i64, step: i64) {
    let clock = TestClock::new(NOW);
    // The quickest: the rules are the same for all.
    let rotator = Rotator::builder(JwsAlg::HS256, policy).clock(clock.clone());
    let rotator = rotator.open(MemoryStore::new()).unwrap();
    let tokens = tokens(&rotator, &clock, lifetime);
    let mut alive: Vec<(i64, String)> = Vec::new();
    let mut known_since = BTreeMap::new();
    let (mut verified, mut steps, mut signed) = (0, 0, Vec::new());
    while clock.unix() < NOW + 730 * DAY {
        rotator.tick().unwrap();
        let now = clock.unix();
        alive.retain(|(expires, _)| now < *expires);
        for (_, token) in &alive {
            tokens.verify(token).unwrap();
            verified += 1;
        }
        for record in rotator.schedule().verifying(at(now)) {
            known_since.entry(record.kid().to_string()).or_insert(now);
        }
        let kid = primary(&rotator).to_string();
        if signed.last() != Some(&kid) {
            assert!(signed.is_empty() || now - known_since[&kid] >= ahead, "it signs unknown to others");
            signed.push(kid);
        }
        // A dozen at a time, so that each age is among them sooner or later.
        steps += 1;
        if steps % (lifetime / step / 12 + 1) == 0 {
            alive.push((now + lifetime, issue(&tokens)));
        }
        let most = lifetime / period + 4;
        assert!(rotator.keys().load().len() as i64 <= most, "{:?}", rotator.keys());
        clock.pass(step);
    }
    let periods = 730 * DAY / period;
    println!("{periods} periods: {} keys signed, tokens verified {verified} times", signed.len());
    assert!(verified > 1000);
    // A tick that comes late moves a rotation by as much.
    assert!(signed.len() as i64 >= periods * period / (period + step), "{}", signed.len());
    assert!(signed.len() as i64 <= periods + 1, "{}", signed.len());
    let unique: BTreeSet<_> = signed.iter().collect();
    assert_eq!(unique.len(), signed.len(), "a key that was old signs again");
}

#[test]
fn no_valid_token_is_refused_in_two_years_of_rotation() {
    live(ten_days(), 10 * DAY, DAY, 2 * HOUR - 60, HOUR);
    let long = RotationPolicy::every(Duration::days(7)).keep_for(Duration::days(30));
    live(long.publish_ahead(Duration::days(7)), 7 * DAY, 7 * DAY, 30 * DAY - 1, DAY / 2 + 7);
    let counted = RotationPolicy::every(Duration::days(2)).keep_newest(3);
    live(counted.publish_ahead(Duration::HOUR), 2 * DAY, HOUR, 6 * DAY - 1, 5 * HOUR);
}

#[test]
fn a_service_that_slept_signs_on_until_its_next_key_was_published() {
    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    let first = primary(&opened(ten_days(), &clock, store.clone()));
    clock.pass(400 * DAY);
    let rotator = opened(ten_days(), &clock, store);
    assert_eq!((primary(&rotator), published(&rotator).len()), (first.clone(), 2));
    clock.pass(DAY - 1);
    rotator.tick().unwrap();
    assert_eq!(primary(&rotator), first);
    clock.pass(1);
    rotator.tick().unwrap();
    assert_ne!(primary(&rotator), first);
}

#[test]
fn rotation_out_of_turn_refuses_no_token() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    let tokens = tokens(&rotator, &clock, HOUR);
    let (first, token) = (primary(&rotator), issue(&tokens));

    // Nothing is there yet: it is made, and signs a day later.
    let events = rotator.rotate().unwrap();
    let [KeyEvent::Added(second)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(primary(&rotator), first);
    // Asked twice it is not rotated twice.
    assert_eq!(rotator.rotate().unwrap(), []);
    assert!(tokens.verify(&token).is_ok());
    clock.pass(DAY);
    assert_eq!(rotator.tick().unwrap(), [KeyEvent::Signs(second.clone())]);
    let end = rotator.schedule().records()[0].expires();
    assert_eq!(end, Some(at(NOW + DAY + 2 * HOUR)), "the end of the first key came nearer, too");

    // One that is published for long enough signs at once, before its turn.
    clock.pass(9 * DAY);
    let ahead = RotationPolicy::every(Duration::days(10)).publish_ahead(Duration::days(10));
    let standby = opened(ahead.keep_for(Duration::HOUR), &clock, MemoryStore::new());
    clock.pass(DAY);
    standby.tick().unwrap();
    let next = published(&standby)[1].clone();
    clock.pass(10 * DAY);
    standby.tick().unwrap();
    assert_eq!(primary(&standby).as_str(), next);
    // The one after it was made just now, so it waits for its ten days.
    standby.rotate().unwrap();
    assert_eq!(primary(&standby).as_str(), next);
}

#[test]
fn a_key_that_leaked_is_gone_at_once_and_the_published_one_signs() {
    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    let policy = ten_days().publish_ahead(Duration::days(10));
    let rotator = opened(policy, &clock, store.clone());
    let other = opened(policy, &clock, store);
    let (leaked, next) = (primary(&rotator), published(&rotator)[1].clone());
    let token = issue(&tokens(&rotator, &clock, HOUR));

    let events = rotator.remove(&leaked).unwrap();
    assert!(events.contains(&KeyEvent::Dropped(leaked.clone())), "{events:?}");
    assert!(events.contains(&KeyEvent::Signs(KeyId::new(&next).unwrap())), "{events:?}");
    assert_eq!(kind(tokens(&rotator, &clock, HOUR).verify(&token)), Some(ErrorKind::UnknownKey));
    assert_eq!(published(&rotator)[0], next);
    assert!(!published(&rotator).contains(&leaked.to_string()));

    // Another process learns of it within a minute, or when it is told to look.
    assert_eq!(other.tick().unwrap(), []);
    assert!(tokens(&other, &clock, HOUR).verify(&token).is_ok());
    clock.pass(60);
    assert!(other.tick().unwrap().contains(&KeyEvent::Dropped(leaked.clone())));
    assert_eq!(kind(tokens(&other, &clock, HOUR).verify(&token)), Some(ErrorKind::UnknownKey));
    assert_eq!(primary(&other), primary(&rotator));

    assert_eq!(kind(rotator.remove(&leaked)), Some(ErrorKind::NoKey));
}

#[test]
fn a_key_that_leaked_without_a_next_one_gives_way_to_a_fresh_one() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    let leaked = primary(&rotator);
    rotator.remove(&leaked).unwrap();
    assert_ne!(primary(&rotator), leaked);
    assert_eq!(published(&rotator), [primary(&rotator).as_str()]);
    assert_eq!(rotator.schedule().records()[0].not_before(), at(NOW));
}

#[test]
fn a_next_key_that_leaked_is_made_anew_and_the_present_one_signs_on() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    clock.set(NOW + 9 * DAY + HOUR);
    rotator.tick().unwrap();
    let (present, leaked) = (primary(&rotator), KeyId::new(&published(&rotator)[1]).unwrap());
    rotator.remove(&leaked).unwrap();
    assert_eq!(primary(&rotator), present);
    let now = published(&rotator);
    assert_eq!((now.len(), now.contains(&leaked.to_string())), (2, false));
    // It is published for a day before it signs, as any: so the present one signs an hour longer, and
    // its end is an hour later.
    let schedule = rotator.schedule();
    assert_eq!(schedule.records()[1].not_before(), at(NOW + 10 * DAY + HOUR));
    assert_eq!(schedule.records()[0].expires(), Some(at(NOW + 10 * DAY + 3 * HOUR)));
}

#[test]
fn an_old_key_that_leaked_leaves_the_others_as_they_are() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days().keep_for(Duration::days(15)), &clock, MemoryStore::new());
    let oldest = primary(&rotator);
    for _ in 0..22 * 24 {
        clock.pass(HOUR);
        rotator.tick().unwrap();
    }
    let before = rotator.schedule();
    assert_eq!(before.records().len(), 3);
    rotator.remove(&oldest).unwrap();
    assert_eq!(rotator.schedule().records(), &before.records()[1..]);
}

#[test]
fn a_run_of_rotations_leaves_no_more_than_the_newest_keys() {
    let clock = TestClock::new(NOW);
    let policy = RotationPolicy::every(Duration::days(10)).publish_ahead(Duration::ZERO);
    let rotator = opened(policy.keep_newest(2), &clock, MemoryStore::new());
    let mut signed = vec![primary(&rotator)];
    for _ in 0..10 {
        clock.pass(1);
        rotator.rotate().unwrap();
        signed.push(primary(&rotator));
        let due: Vec<_> = signed.iter().rev().take(3).map(ToString::to_string).collect();
        assert_eq!(published(&rotator), due);
    }
    // By time alone they would all stay, and there is an end to that.
    let rotator = opened(policy.keep_for(Duration::DAY), &clock, MemoryStore::new());
    let failed = (0..200).find_map(|_| {
        clock.pass(1);
        rotator.rotate().err()
    });
    assert_eq!(failed.unwrap().kind(), ErrorKind::InvalidSetting);
    assert_eq!(rotator.schedule().records().len(), 100);
    assert_eq!(rotator.keys().load().len(), 100);
}

#[test]
fn a_longer_keep_for_lengthens_the_end_of_the_present_key_alone() {
    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    opened(ten_days(), &clock, store.clone());
    clock.pass(9 * DAY);
    let short = opened(ten_days(), &clock, store.clone());
    let end = |rotator: &Rotator| rotator.schedule().records()[0].expires();
    assert_eq!(end(&short), Some(at(NOW + 10 * DAY + 2 * HOUR)));
    let long = opened(ten_days().keep_for(Duration::hours(8)), &clock, store.clone());
    assert_eq!(end(&long), Some(at(NOW + 10 * DAY + 8 * HOUR)));
    // What tokens were promised is not taken back.
    let short = opened(ten_days(), &clock, store.clone());
    assert_eq!(end(&short), Some(at(NOW + 10 * DAY + 8 * HOUR)));
    clock.pass(DAY);
    let longer = opened(ten_days().keep_for(Duration::days(1)), &clock, store);
    assert_eq!(end(&longer), Some(at(NOW + 10 * DAY + 8 * HOUR)), "its tokens are not made longer now");
}

#[test]
fn processes_agree_though_their_clocks_differ() {
    let store = MemoryStore::new();
    let clocks = [-30, 0, 30].map(|skew| TestClock::new(NOW + skew));
    let rotators: Vec<_> = clocks.iter().map(|clock| opened(ten_days(), clock, store.clone())).collect();
    let mut keys = BTreeMap::new();
    let mut turn = 0;
    while clocks[1].unix() < NOW + 40 * DAY {
        // By small steps where something may happen.
        let hour = (clocks[1].unix() - NOW) % DAY;
        let step = if (180..DAY - 180).contains(&hour) { 600.min(DAY - 180 - hour) } else { 10 };
        for clock in &clocks {
            clock.pass(step);
        }
        // Whoever comes first makes the key; all take part.
        turn += 1;
        for index in 0..3 {
            let rotator = &rotators[(index + turn) % 3];
            rotator.refresh().unwrap();
            for record in rotator.schedule().records() {
                let begin = keys.insert(record.kid().to_string(), record.not_before());
                assert!(begin.is_none_or(|begin| begin == record.not_before()));
            }
        }
        // What one signs the others verify, whoever's clock runs ahead.
        if step == 10 {
            let token = issue(&tokens(&rotators[turn % 3], &clocks[1], HOUR));
            for rotator in &rotators {
                tokens(rotator, &clocks[1], HOUR).verify(&token).unwrap();
            }
        }
    }
    let mut begins: Vec<_> = keys.values().copied().collect();
    begins.sort_unstable();
    assert_eq!(begins.len(), 5, "a key for each period, and no other");
    assert!(begins.windows(2).all(|pair| pair[1] - pair[0] == Duration::days(10)), "{begins:?}");
}

/// A store that can be told to fail, and says how often it was asked.
#[derive(Clone, Default)]
struct Moody {
    inner: MemoryStore,
    fails: Arc<AtomicBool>,
    is_gone: Arc<AtomicBool>,
    conflicts: Arc<AtomicUsize>,
    loads: Arc<AtomicUsize>,
    replaces: Arc<AtomicUsize>,
}

impl KeyStore for Moody {
    fn load(&self) -> Result<Option<Stored>, Error> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::KeyStore, "the cable is out"));
        }
        if self.is_gone.load(Ordering::Relaxed) { Ok(None) } else { self.inner.load() }
    }

    fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced, Error> {
        self.replaces.fetch_add(1, Ordering::Relaxed);
        let left = self
            .conflicts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() { Ok(Replaced::Conflict) } else { self.inner.replace(text, expected) }
    }
}

#[test]
fn a_store_that_fails_or_is_gone_leaves_the_ring_as_it_is() {
    let clock = TestClock::new(NOW);
    let store = Moody::default();
    let rotator = opened(ten_days(), &clock, store.clone());
    let (first, token) = (primary(&rotator), issue(&tokens(&rotator, &clock, HOUR)));
    for switch in [&store.fails, &store.is_gone] {
        switch.store(true, Ordering::Relaxed);
        clock.pass(120);
        let error = rotator.tick().unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::KeyStore, Fault::Environment));
        assert!(
            rotator.refresh().is_err() && rotator.rotate().is_err() && rotator.remove(&first).is_err()
        );
        assert_eq!((primary(&rotator), published(&rotator).len()), (first.clone(), 1));
        assert!(tokens(&rotator, &clock, HOUR).verify(&token).is_ok());
        assert!(!store.inner.load().unwrap().unwrap().text().is_empty());

        // It is asked again after a minute, not by each signature.
        let asked = store.loads.load(Ordering::Relaxed);
        for _ in 0..100 {
            assert_eq!(rotator.tick().unwrap(), []);
        }
        assert_eq!(store.loads.load(Ordering::Relaxed), asked);
        clock.pass(60);
        assert!(rotator.tick().is_err());
        switch.store(false, Ordering::Relaxed);
        clock.pass(60);
        assert_eq!(rotator.tick().unwrap(), []);
    }
    // A fresh service is not let begin with nothing where the store cannot be read.
    store.fails.store(true, Ordering::Relaxed);
    assert_eq!(kind(eddsa(ten_days(), &clock).open(store)), Some(ErrorKind::KeyStore));
}

/// Signers, and how many were made and prepared.
#[derive(Clone, Default)]
struct Counting {
    made: Arc<AtomicUsize>,
    prepared: Arc<AtomicUsize>,
}

impl KeyKind for Counting {
    type Key = Signer;

    fn generate(&self) -> Result<Jwk, Error> {
        self.made.fetch_add(1, Ordering::Relaxed);
        JwsAlg::EDDSA.generate()
    }

    fn prepare(&self, jwk: &Jwk) -> Result<Signer, Error> {
        self.prepared.fetch_add(1, Ordering::Relaxed);
        JwsAlg::EDDSA.prepare(jwk)
    }
}

#[test]
fn who_was_slower_takes_what_the_faster_one_has_made() {
    let counting = Counting::default();
    let store = Moody::default();
    store.conflicts.store(5, Ordering::Relaxed);
    let open = || Rotator::builder(counting.clone(), ten_days()).open(store.clone());
    let rotator = open().unwrap();
    assert_eq!(store.replaces.load(Ordering::Relaxed), 6);
    assert_eq!(counting.made.load(Ordering::Relaxed), 1, "a try that was lost makes no second key");

    let other = open().unwrap();
    assert_eq!(primary(&other), primary(&rotator));
    assert_eq!(counting.made.load(Ordering::Relaxed), 1);

    // There is an end to trying.
    store.conflicts.store(usize::MAX, Ordering::Relaxed);
    let before = store.replaces.load(Ordering::Relaxed);
    assert_eq!(kind(rotator.rotate()), Some(ErrorKind::KeyStore));
    assert!(store.replaces.load(Ordering::Relaxed) - before <= 100);
    assert_eq!(rotator.keys().load().len(), 1);
}

#[test]
fn a_tick_costs_nothing_until_something_is_due() {
    let clock = TestClock::new(NOW);
    let store = Moody::default();
    let rotator = eddsa(ten_days(), &clock).reload_every(Duration::HOUR).open(store.clone()).unwrap();
    for _ in 0..1000 {
        rotator.tick().unwrap();
        clock.pass(3);
    }
    assert_eq!(store.loads.load(Ordering::Relaxed), 1);
    clock.pass(601);
    rotator.tick().unwrap();
    assert_eq!(store.loads.load(Ordering::Relaxed), 2);
    assert_eq!(store.replaces.load(Ordering::Relaxed), 1, "nothing changed, nothing is written");
}

#[test]
fn a_clock_that_was_wrong_for_a_while_does_not_stop_the_ticks() {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    let first = primary(&rotator);
    // Long ago: the first key signs all the same.
    clock.set(0);
    rotator.tick().unwrap();
    assert_eq!(primary(&rotator), first);
    // Far ahead: a next key is made, for then.
    clock.set(NOW + 20_000 * DAY);
    rotator.tick().unwrap();
    assert_eq!(published(&rotator).len(), 2);
    clock.set(NOW + DAY);
    rotator.tick().unwrap();
    assert_eq!(primary(&rotator), first);
    assert_eq!(rotator.next_tick(), at(NOW + DAY + 60));
    // Rotating by hand brings it into this century.
    rotator.rotate().unwrap();
    clock.pass(DAY);
    rotator.tick().unwrap();
    assert_ne!(primary(&rotator), first);
}

/// Text of a schedule as someone else would have written it, its checksum right.
fn text(keys: &str) -> String {
    let sum = base64url(sha256(keys.as_bytes()));
    format!(r#"{{"format":"symbolon-keys","version":1,"keys":{keys},"sha256":"{sum}"}}"#)
}

fn schedule_text() -> String {
    let clock = TestClock::new(NOW);
    let rotator = opened(ten_days(), &clock, MemoryStore::new());
    clock.pass(9 * DAY);
    rotator.tick().unwrap();
    rotator.schedule().danger_to_secret_json().as_str().to_owned()
}

#[test]
fn a_schedule_is_read_as_it_was_written() {
    let text = schedule_text();
    let read = KeySchedule::from_json(&text).unwrap();
    assert_eq!(read.records().len(), 2);
    assert_eq!(read.danger_to_secret_json().as_str(), text);
    assert!(!format!("{read:?}").contains(r#""d""#));
    assert_eq!(read.signing(at(NOW)).unwrap().kid(), read.records()[0].kid());
    assert_eq!(read.verifying(at(NOW)).count(), 2);
    assert!(KeySchedule::default().signing(at(NOW)).is_none());
    assert_eq!(KeySchedule::default().verifying(at(NOW)).count(), 0);
    assert_eq!(KeySchedule::default().next_event(&ten_days(), at(NOW)), at(NOW));
}

#[test]
fn a_damaged_text_is_an_error_wherever_it_is_damaged() {
    let text = schedule_text();
    let mut run = 0;
    for damaged in damaged(text.as_bytes()) {
        let error = KeySchedule::from_json(&damaged).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DamagedKeyStore, "{}", String::from_utf8_lossy(&damaged));
        run += 1;
    }
    println!("damaged texts: {run} run");
    assert!(run > 4000);
}

#[test]
fn a_text_that_says_something_else_is_damaged() {
    let key = |kid: &str| {
        let jwk = Jwk::generate(JwsAlg::EDDSA).unwrap().with_kid(kid).unwrap();
        let jwk = jwk.danger_to_secret_json();
        format!(r#"{{"created":1,"not_before":2,"expires":3,"key":{}}}"#, jwk.as_str())
    };
    let good = text(&format!("[{},{}]", key("a"), key("b")));
    assert_eq!(KeySchedule::from_json(&good).unwrap().records().len(), 2);

    let one = |from: &str, to: &str| text(&format!("[{}]", key("a").replacen(from, to, 1)));
    let many: Vec<_> = (0..101).map(|n| key(&n.to_string())).collect();
    for (wrong, why) in [
        (text(&format!("[{},{}]", key("a"), key("a"))), "one kid"),
        (text("[]"), "1 to 100 keys"),
        (text(&format!("[{}]", many.join(","))), "1 to 100 keys"),
        (text("{}"), "not an array"),
        (text("[1]"), "not an object"),
        (text(r#"["a"]"#), "not an object"),
        (one(r#""created":1"#, r#""created":-1"#), "a time"),
        (one(r#""created":1"#, r#""created":1.5"#), "a time"),
        (one(r#""created":1"#, r#""created":"1""#), "a time"),
        (one(r#""created":1,"#, ""), "a time"),
        (one(r#""not_before":2"#, r#""not_before":999999999999"#), "a time"),
        (one(r#""expires":3"#, r#""expires":null"#), "a time"),
        (one(r#""kid":"a""#, r#""kind":"a""#), "no kid"),
        (one(r#""kid":"a""#, r#""kid":"""#), "cannot be read"),
        (one(r#""kty":"OKP""#, r#""kty":"EC""#), "cannot be read"),
        (one(r#""crv":"Ed25519""#, r#""crv":"Ed448""#), "cannot be read"),
        (one(r#""key":"#, r#""keys":"#), "`key`"),
        (good.replacen(r#""version":1"#, r#""version":2"#, 1), "version"),
        (good.replacen("symbolon-keys", "symbolon-locks", 1), "format"),
        (good.replacen(r#""sha256":"#, r#""sha512":"#, 1), "checksum"),
        (format!("{good} x"), "not well-formed"),
        (format!("{}{good}", " ".repeat(KeySchedule::MAX_LEN)), "1 MiB"),
        (String::new(), "not well-formed"),
        ("garbage".into(), "not well-formed"),
        ("[]".into(), "not an object"),
        (r#"{"keys":[]}"#.into(), "format"),
    ] {
        let error = KeySchedule::from_json(&wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DamagedKeyStore, "{why}");
        assert!(error.to_string().contains(why), "{error}: {why}");
    }
}

#[test]
fn a_damaged_store_leaves_the_ring_as_it_is() {
    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    let rotator = opened(ten_days(), &clock, store.clone());
    let (first, good) = (primary(&rotator), store.load().unwrap().unwrap());
    let other = schedule_text();
    for wrong in ["", "garbage", "{}", &good.text()[1..], &good.text()[..200], &other[..other.len() - 1]]
    {
        let version = store.load().unwrap().map(|stored| stored.version().clone());
        store.replace(wrong, version.as_ref()).unwrap();
        clock.pass(60);
        for error in [rotator.tick(), rotator.refresh(), rotator.rotate(), rotator.remove(&first)] {
            assert_eq!(kind(error), Some(ErrorKind::DamagedKeyStore));
        }
        assert_eq!(
            kind(eddsa(ten_days(), &clock).open(store.clone())),
            Some(ErrorKind::DamagedKeyStore)
        );
        assert_eq!((primary(&rotator), rotator.keys().load().len()), (first.clone(), 1));
        assert_eq!(store.load().unwrap().unwrap().text(), wrong, "it is left for whoever mends it");
    }
}

#[test]
fn a_key_from_before_rotation_signs_first() {
    let clock = TestClock::new(NOW);
    let own = Jwk::generate(JwsAlg::EDDSA).unwrap();
    let store = MemoryStore::new();
    let old = issue(
        &Tokens::builder(JwsCodec::new(Signer::from_jwk(&own).unwrap()))
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    let open = |key: &Jwk| eddsa(ten_days(), &clock).first_key(key.clone()).open(store.clone()).unwrap();
    let rotator = open(&own);
    assert_eq!(rotator.schedule().records()[0].jwk().material(), own.material());
    // It was given a name; its older tokens have none, and are read while they can be told apart.
    assert!(tokens(&rotator, &clock, HOUR).verify(&old).is_ok());
    // The store is not empty any more: what is there holds.
    let again = open(&Jwk::generate(JwsAlg::EDDSA).unwrap());
    assert_eq!(primary(&again), primary(&rotator));

    let lenient = eddsa(ten_days(), &clock).kid_policy(KidPolicy::TryAll).open(store.clone()).unwrap();
    clock.pass(9 * DAY);
    lenient.tick().unwrap();
    assert_eq!(lenient.keys().load().len(), 2);
    clock.pass(-9 * DAY);
    assert!(tokens(&lenient, &clock, HOUR).verify(&old).is_ok());
    let crowded = RotationPolicy::every(Duration::HOUR).keep_for(Duration::hours(2));
    let crowded = eddsa(crowded, &clock).kid_policy(KidPolicy::TryAll).open(MemoryStore::new());
    assert_eq!(kind(crowded), Some(ErrorKind::InvalidSetting));

    let named = own.with_kid("mine").unwrap();
    let rotator = eddsa(ten_days(), &clock).first_key(named).open(MemoryStore::new()).unwrap();
    assert_eq!(primary(&rotator).as_str(), "mine");
    // A key of no use is found out before it is stored.
    let store = MemoryStore::new();
    let public = Jwk::generate(JwsAlg::EDDSA).unwrap().to_public().unwrap();
    let opened = eddsa(ten_days(), &clock).first_key(public).open(store.clone());
    assert_eq!(kind(opened), Some(ErrorKind::KeyMismatch));
    assert!(store.load().unwrap().is_none());
}

#[test]
fn another_algorithm_begins_with_the_next_key() {
    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    let old = opened(ten_days(), &clock, store.clone());
    let token = issue(&tokens(&old, &clock, HOUR));
    let rotator = Rotator::builder(JwsAlg::HS256, ten_days()).clock(clock.clone()).open(store).unwrap();
    assert_eq!(rotator.keys().load().primary().unwrap().alg(), JwsAlg::EDDSA);
    let first = published(&rotator);
    rotator.rotate().unwrap();
    assert_eq!(published(&rotator), first, "a symmetric key is never published, and hinders no other");
    clock.pass(DAY);
    rotator.tick().unwrap();
    assert_eq!(rotator.keys().load().primary().unwrap().alg(), JwsAlg::HS256);
    assert_eq!(published(&rotator), first);
    clock.pass(-DAY);
    assert!(tokens(&rotator, &clock, HOUR).verify(&token).is_ok());
    clock.pass(DAY + 3 * HOUR);
    rotator.tick().unwrap();
    assert_eq!(kind(rotator.published()), Some(ErrorKind::KeyMismatch));
}

#[test]
fn only_public_halves_are_published() {
    let rotator = opened(ten_days(), &TestClock::new(NOW), MemoryStore::new());
    rotator.rotate().unwrap();
    let json = rotator.published().unwrap().to_json().unwrap();
    assert!(!json.contains(r#""d":"#), "{json}");
    assert_eq!(json.matches(r#""use":"sig""#).count(), 2, "{json}");
}

#[test]
fn a_key_is_prepared_once() {
    let (clock, counting) = (TestClock::new(NOW), Counting::default());
    let rotator = Rotator::builder(counting.clone(), ten_days())
        .clock(clock.clone())
        .open(MemoryStore::new())
        .unwrap();
    for _ in 0..12 * 24 {
        clock.pass(HOUR);
        rotator.tick().unwrap();
    }
    assert_eq!(counting.prepared.load(Ordering::Relaxed), 2);
}

#[test]
fn threads_tick_while_others_sign_and_verify() {
    const THREADS: usize = 3;
    let clock = TestClock::new(NOW);
    let policy = RotationPolicy::every(Duration::seconds(20)).keep_for(Duration::seconds(12));
    let rotator = eddsa(policy, &clock).reload_every(Duration::SECOND).open(MemoryStore::new()).unwrap();
    let together = Barrier::new(THREADS);
    let verified = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let tokens = tokens(&rotator, &clock, 10);
                let mut alive = VecDeque::new();
                for _ in 0..200 {
                    // All at once; whoever does not get to tick goes on with the ring as it is.
                    rotator.tick().unwrap();
                    alive.push_back(issue(&tokens));
                    for token in &alive {
                        tokens.verify(token).unwrap();
                        verified.fetch_add(1, Ordering::Relaxed);
                    }
                    if alive.len() == 10 {
                        alive.pop_front();
                    }
                    if together.wait().is_leader() {
                        clock.pass(1);
                    }
                    together.wait();
                }
            });
        }
    });
    let verified = verified.into_inner();
    println!("tokens verified {verified} times in {} periods", (clock.unix() - NOW) / 20);
    assert_eq!(verified, THREADS * (10 * 200 - 45));
}

#[cfg(feature = "jwe")]
mod encrypted {
    use symbolon::{Encrypter, JweAlg, JweEnc, Keyring, OctKey, OkpCurve, OkpPrivateKey};

    use super::*;
    use crate::support::lacks_feature;

    fn master(byte: u8) -> Encrypter {
        let key = OctKey::new(vec![byte; 32]).unwrap().into();
        Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap().with_kid(byte.to_string()).unwrap()
    }

    fn open(
        store: &MemoryStore,
        set: impl FnOnce(RotatorBuilder<JwsAlg>) -> RotatorBuilder<JwsAlg>,
    ) -> Result<Rotator, Error> {
        set(eddsa(ten_days(), &TestClock::new(NOW))).open(store.clone())
    }

    fn stored(store: &MemoryStore) -> String {
        store.load().unwrap().unwrap().text().to_owned()
    }

    #[test]
    fn a_store_encrypted_with_a_master_key_opens_with_that_alone() {
        let store = MemoryStore::new();
        let rotator = open(&store, |builder| builder.encrypted_with(master(1))).unwrap();
        let text = stored(&store);
        assert!(text.starts_with("ey") && !text.contains("symbolon-keys"), "{text}");
        let again = open(&store, |builder| builder.encrypted_with(master(1))).unwrap();
        assert_eq!(again.schedule(), rotator.schedule());

        let other = OctKey::new(vec![2; 32]).unwrap().into();
        let other = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &other).unwrap().with_kid("1").unwrap();
        for wrong in [other, master(2)] {
            let error = open(&store, |builder| builder.encrypted_with(wrong)).unwrap_err();
            assert_eq!((error.kind(), error.fault()), (ErrorKind::DamagedKeyStore, Fault::Environment));
        }
        assert_eq!(kind(open(&store, |builder| builder)), Some(ErrorKind::InvalidSetting));
        assert_eq!(stored(&store), text);
    }

    #[test]
    fn an_encrypted_text_that_is_damaged_is_an_error_wherever_it_is() {
        let store = MemoryStore::new();
        open(&store, |builder| builder.encrypted_with(master(1))).unwrap();
        let text = stored(&store);
        let mut run = 0;
        for damaged in damaged(text.as_bytes()) {
            // What is not UTF-8 no store can hold.
            let Ok(damaged) = String::from_utf8(damaged) else { continue };
            let store = MemoryStore::new();
            store.replace(&damaged, None).unwrap();
            let error = open(&store, |builder| builder.encrypted_with(master(1))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DamagedKeyStore, "{error}: {damaged}");
            run += 1;
        }
        println!("damaged encrypted texts: {run} run");
        assert!(run > 4000);
    }

    #[test]
    fn a_passphrase_opens_what_it_closed() {
        let store = MemoryStore::new();
        let phrase = "a long passphrase, drawn by dice";
        let rotator = match open(&store, |builder| builder.passphrase(phrase)) {
            opened if lacks_feature(&opened) => return println!("skipped: no backend wraps with AES"),
            opened => opened.unwrap(),
        };
        let again = open(&store, |builder| builder.passphrase(phrase)).unwrap();
        assert_eq!(again.schedule(), rotator.schedule());
        let wrong = open(&store, |builder| builder.passphrase("another passphrase, drawn by dice"));
        assert_eq!(kind(wrong), Some(ErrorKind::DamagedKeyStore));
        let empty = open(&store, |builder| builder.passphrase(""));
        assert_eq!(kind(empty), Some(ErrorKind::WeakKey));
    }

    #[test]
    fn a_plain_store_is_refused_until_the_move_is_asked_for() {
        let store = MemoryStore::new();
        let plain = open(&store, |builder| builder).unwrap();
        let refused = open(&store, |builder| builder.encrypted_with(master(1)));
        assert_eq!(kind(refused), Some(ErrorKind::DamagedKeyStore));
        let moved = open(&store, |builder| builder.encrypted_with(master(1)).accept_plain()).unwrap();
        assert_eq!(moved.schedule(), plain.schedule());
        assert!(stored(&store).starts_with("ey"), "it is encrypted at once");
        open(&store, |builder| builder.encrypted_with(master(1))).unwrap();
        // The one that was not told of the move goes on with its ring, and says so.
        assert_eq!(kind(plain.refresh()), Some(ErrorKind::InvalidSetting));
        assert_eq!(plain.keys().load().len(), 1);
    }

    #[test]
    fn the_master_key_itself_can_be_exchanged() {
        let store = MemoryStore::new();
        let first = open(&store, |builder| builder.encrypted_with(master(1))).unwrap();
        let both = Keyring::new(master(1)).rotated(master(2), None).unwrap();
        let moving = open(&store, |builder| builder.encrypted_with(both)).unwrap();
        assert_eq!(moving.schedule(), first.schedule());
        moving.rotate().unwrap();
        let last = open(&store, |builder| builder.encrypted_with(master(2))).unwrap();
        assert_eq!(last.schedule(), moving.schedule());
    }

    #[test]
    fn a_store_is_not_encrypted_to_a_public_key() {
        let pair = OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into();
        let Ok(encrypter) = Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &pair) else {
            return println!("skipped: no backend agrees on keys");
        };
        let store = MemoryStore::new();
        let refused = open(&store, |builder| builder.encrypted_with(encrypter.clone()));
        assert_eq!(kind(refused), Some(ErrorKind::InvalidSetting));
        let ring = Keyring::new(encrypter).rotated(master(1), None).unwrap();
        assert_eq!(
            kind(open(&store, |builder| builder.encrypted_with(ring))),
            Some(ErrorKind::InvalidSetting)
        );
        assert_eq!(
            kind(open(&store, |builder| builder.encrypted_with(Keyring::read_only()))),
            Some(ErrorKind::NoKey)
        );
        assert!(store.load().unwrap().is_none());
    }

    #[test]
    fn encrypters_rotate_and_the_present_one_alone_is_published() {
        use symbolon::{JweCodec, Provenance, TokenCodec};

        let mut run = 0;
        for alg in JweAlg::all().filter(|alg| !alg.name().starts_with("RSA")) {
            let (clock, store) = (TestClock::new(NOW), MemoryStore::new());
            let opened =
                Rotator::builder((alg, JweEnc::A256GCM), ten_days()).clock(clock.clone()).open(store);
            if lacks_feature(&opened) {
                println!("skipped: {alg}: {}", opened.unwrap_err());
                continue;
            }
            let rotator = opened.unwrap();
            let codec = JweCodec::new(rotator.keys());
            let is_shared = codec.provenance() == Provenance::SharedKey;
            let tokens =
                Tokens::<NoCustom>::builder(codec).allow_anonymous_issuer().clock(clock.clone());
            let tokens = tokens.build().unwrap();
            let token = issue(&tokens);
            rotator.rotate().unwrap();
            clock.pass(DAY);
            rotator.tick().unwrap();
            clock.pass(-DAY);
            assert!(tokens.verify(&token).is_ok(), "{alg}");
            assert_eq!(rotator.keys().load().len(), 2);
            match rotator.published() {
                Ok(set) => {
                    assert!(!is_shared);
                    let [key] = set.keys() else { panic!("{set:?}") };
                    assert_eq!((key.alg(), key.key_use()), (Some(alg.name()), Some("enc")));
                    assert!(!key.material().is_secret());
                }
                Err(error) => assert_eq!((error.kind(), is_shared), (ErrorKind::KeyMismatch, true)),
            }
            run += 1;
        }
        println!("kinds of encrypters: {run} run");
        assert!(run > 0);
    }
}

#[cfg(feature = "sealed")]
#[test]
fn keys_of_sealed_tokens_rotate() {
    use symbolon::SealedCodec;
    use symbolon::rotation::SealedKeys;

    let clock = TestClock::new(NOW);
    let store = MemoryStore::new();
    let rotator =
        Rotator::builder(SealedKeys, ten_days()).clock(clock.clone()).open(store.clone()).unwrap();
    let build = |rotator: &Rotator<SealedKeys>| {
        let tokens = Tokens::<NoCustom>::builder(SealedCodec::new(rotator.keys()));
        tokens.clock(clock.clone()).build().unwrap()
    };
    let token = issue(&build(&rotator));
    clock.pass(9 * DAY);
    rotator.tick().unwrap();
    let next = primary(&rotator);
    clock.pass(DAY);
    rotator.tick().unwrap();
    assert_ne!(primary(&rotator), next);
    clock.set(NOW);
    let again = Rotator::builder(SealedKeys, ten_days()).clock(clock.clone()).open(store).unwrap();
    assert!(build(&again).verify(&token).is_ok());
    assert_eq!(kind(rotator.published()), Some(ErrorKind::KeyMismatch));
}

#[cfg(feature = "amora")]
#[test]
fn keys_of_amora_rotate_and_never_more_than_four() {
    use symbolon::AmoraCodec;
    use symbolon::amora::AmoraVersion;

    for version in [AmoraVersion::Zero, AmoraVersion::One] {
        let clock = TestClock::new(NOW);
        let policy = RotationPolicy::every(Duration::DAY).publish_ahead(Duration::DAY);
        let builder = |policy| Rotator::builder(version, policy).clock(clock.clone());
        let rotator = builder(policy.keep_for(Duration::hours(47))).open(MemoryStore::new()).unwrap();
        let tokens =
            Tokens::<NoCustom>::builder(AmoraCodec::new(rotator.keys())).allow_anonymous_issuer();
        let tokens = tokens.lifetime(Duration::hours(46)).clock(clock.clone()).build().unwrap();
        let mut alive: Vec<(i64, String)> = Vec::new();
        let mut most = 0;
        for _ in 0..20 * 24 {
            rotator.tick().unwrap();
            alive.retain(|(expires, _)| clock.unix() < *expires);
            alive.iter().for_each(|(_, token)| drop(tokens.verify(token).unwrap()));
            if clock.unix() % (8 * HOUR) == 0 {
                alive.push((clock.unix() + 46 * HOUR, issue(&tokens)));
            }
            most = most.max(rotator.keys().load().len());
            clock.pass(HOUR);
        }
        assert_eq!(most, 4);
        match version {
            AmoraVersion::Zero => assert!(rotator.published().is_err()),
            _ => assert_eq!(rotator.published().unwrap().keys().len(), 1),
        }
        // A policy that would need a fifth key is refused before anything is stored.
        let store = MemoryStore::new();
        let refused = builder(policy.keep_for(Duration::hours(48))).open(store.clone());
        assert_eq!(kind(refused), Some(ErrorKind::InvalidSetting));
        assert!(store.load().unwrap().is_none());
        // So is a fifth by rotations out of turn: the ring stays, and what is stored.
        let store = MemoryStore::new();
        let at_once = policy.publish_ahead(Duration::ZERO).keep_for(Duration::hours(24));
        let rotator = builder(at_once).open(store.clone()).unwrap();
        for keys in 2..=4 {
            rotator.rotate().unwrap();
            assert_eq!(rotator.keys().load().len(), keys);
        }
        let before = store.load().unwrap().unwrap();
        assert_eq!(kind(rotator.rotate()), Some(ErrorKind::InvalidSetting));
        assert_eq!(store.load().unwrap().unwrap().version(), before.version());
        assert_eq!(rotator.keys().load().len(), 4);
        clock.pass(25 * HOUR);
        rotator.tick().unwrap();
        assert!(rotator.keys().load().len() <= 3);
    }
}
