//! Keys that change every millisecond under sixteen threads that issue and verify: no good token is
//! refused, none passes whose key's time is over.
//!
//! Each test takes two seconds, or as many as the environment's `SYMBOLON_SECONDS` says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration as Real, Instant};

use symbolon::{
    Cached, Clock, Error, ErrorKind, JwsAlg, JwsCodec, KeyId, NoCustom, SharedKeyring, Signer, Tokens,
    jws::Unverified,
};
use time::{Duration, OffsetDateTime};

const START: i64 = 1_800_000_000;
const THREADS: usize = 16;
/// How long a key reads on once another writes, in ticks of the clock.
const GRACE: i64 = 20;
/// One key in so many is withdrawn before its time.
const WITHDRAWN: usize = 7;

/// A second of this clock is one rotation, so that a key's last second comes round in milliseconds.
#[derive(Clone, Default)]
struct Ticks(Arc<AtomicI64>);

impl Ticks {
    fn read(&self) -> i64 {
        START + self.0.load(Ordering::SeqCst)
    }
}

impl Clock for Ticks {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.read()).unwrap()
    }
}

/// What is true of the key of that number.
struct Fate {
    /// Its last second, set before it stops to write.
    last: AtomicI64,
    /// Whether it may be withdrawn already, set before, and whether it has been, set after.
    going: AtomicBool,
    gone: AtomicBool,
}

impl Fate {
    fn unknown() -> Self {
        Self {
            last: AtomicI64::new(i64::MAX),
            going: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }
}

fn signer(number: usize) -> Signer {
    Signer::generate(JwsAlg::HS256).unwrap().with_kid(number.to_string()).unwrap()
}

fn number_of(token: &str) -> usize {
    Unverified::peek(token).unwrap().kid().unwrap().parse().unwrap()
}

#[derive(Default)]
struct Tally {
    issued: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    withdrawn: AtomicU64,
}

/// Rotates every millisecond for as long as the environment says, while threads issue tokens and
/// `verify` them with what `make` makes of the service: new ones, some whose keys' time is nearly over,
/// and some beyond.
fn run<T: Sync>(
    what: &str,
    make: impl FnOnce(Tokens<NoCustom>) -> T,
    verify: impl Fn(&T, &str) -> Result<(), Error> + Sync,
    tokens: impl Fn(&T) -> &Tokens<NoCustom> + Sync,
) {
    let seconds = std::env::var("SYMBOLON_SECONDS").ok().and_then(|text| text.parse().ok());
    let time = Real::from_secs(seconds.unwrap_or(2).clamp(1, 3600));
    let clock = Ticks::default();
    let keys = SharedKeyring::new(signer(0));
    let built = Tokens::builder(JwsCodec::new(&keys)).lifetime(Duration::days(365)).clock(clock.clone());
    let verifying = make(built.build().unwrap());
    let fates: Vec<Fate> = (0..time.as_millis() as usize + 2).map(|_| Fate::unknown()).collect();
    let (tally, done, rotations) = (Tally::default(), AtomicBool::new(false), AtomicUsize::new(0));

    let began = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tally, done, fates, clock) = (&tally, &done, &fates, &clock);
            let (verifying, verify, tokens) = (&verifying, &verify, &tokens);
            scope.spawn(move || {
                let mut own = VecDeque::new();
                let mut turn = thread;
                while !done.load(Ordering::SeqCst) {
                    let before = clock.read();
                    let token = tokens(verifying).issue(&NoCustom::default()).unwrap();
                    let number = number_of(&token);
                    // A key that wrote just now has all of its grace before it.
                    let last = fates[number].last.load(Ordering::SeqCst);
                    assert!(last >= before + GRACE, "key {number} wrote after its time");
                    tally.issued.fetch_add(1, Ordering::Relaxed);
                    own.push_back((number, token));
                    if own.len() > 256 {
                        own.pop_front();
                    }
                    for _ in 0..4 {
                        turn = turn.wrapping_mul(31).wrapping_add(17);
                        let (number, token) = &own[turn % own.len()];
                        judge(&fates[*number], *number, clock, tally, || verify(verifying, token));
                    }
                    // The newest, and again, as a cache wants it.
                    let (number, token) = own.back().unwrap();
                    for _ in 0..3 {
                        judge(&fates[*number], *number, clock, tally, || verify(verifying, token));
                    }
                    // Two cores for seventeen threads: the rotating one shall have its turn.
                    std::thread::sleep(Real::from_millis(1));
                }
            });
        }
        let (keys, clock, fates, rotations, done) = (&keys, &clock, &fates, &rotations, &done);
        scope.spawn(move || {
            let mut next = began;
            for number in 1..fates.len() {
                if began.elapsed() >= time {
                    break;
                }
                clock.0.fetch_add(1, Ordering::SeqCst);
                let last = clock.read() + GRACE;
                fates[number - 1].last.store(last, Ordering::SeqCst);
                let last = OffsetDateTime::from_unix_timestamp(last).unwrap();
                keys.rotate(signer(number), Some(last)).unwrap();
                if number % WITHDRAWN == 0 {
                    let withdrawn = number - 3;
                    fates[withdrawn].going.store(true, Ordering::SeqCst);
                    keys.remove(&KeyId::new(withdrawn.to_string()).unwrap());
                    fates[withdrawn].gone.store(true, Ordering::SeqCst);
                }
                if number % 8 == 0 {
                    keys.update(|ring| Ok(ring.pruned(clock.now()))).unwrap();
                }
                rotations.store(number, Ordering::SeqCst);
                next += Real::from_millis(1);
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            done.store(true, Ordering::SeqCst);
        });
    });

    let count = |of: &AtomicU64| of.load(Ordering::SeqCst);
    println!(
        "{what}: {THREADS} threads, {:.1} s: {} rotations, {} tokens issued, {} accepted, {} refused \
         after their key's last second, {} whose key was withdrawn; none wrongly",
        began.elapsed().as_secs_f64(),
        rotations.load(Ordering::SeqCst),
        count(&tally.issued),
        count(&tally.accepted),
        count(&tally.refused),
        count(&tally.withdrawn),
    );
    assert!(rotations.load(Ordering::SeqCst) > 2 * GRACE as usize, "there were too few rotations");
    for seen in [&tally.accepted, &tally.refused, &tally.withdrawn] {
        assert!(count(seen) > 0, "one side of the rule was never seen");
    }
}

/// One verification, between two looks at the clock.
fn judge(
    fate: &Fate,
    number: usize,
    clock: &Ticks,
    tally: &Tally,
    verify: impl FnOnce() -> Result<(), Error>,
) {
    let was_gone = fate.gone.load(Ordering::SeqCst);
    let before = clock.read();
    let result = verify();
    let after = clock.read();
    let last = fate.last.load(Ordering::SeqCst);
    let going = fate.going.load(Ordering::SeqCst);
    match result {
        Ok(()) => {
            assert!(!was_gone, "key {number} was accepted after it was withdrawn");
            assert!(before <= last, "key {number} was accepted {} s after its time", before - last);
            tally.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::UnknownKey, "{error}");
            assert!(going || after > last, "a good token of key {number} was refused");
            let count = if going { &tally.withdrawn } else { &tally.refused };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_shared_ring_refuses_no_good_token_and_accepts_no_retired_key() {
    run(
        "SharedKeyring",
        |tokens| tokens,
        |tokens, token| tokens.verify(token).map(drop),
        |tokens| tokens,
    );
}

#[test]
fn a_cache_refuses_no_good_token_and_accepts_no_retired_key() {
    run(
        "Cached",
        |tokens| Cached::new(tokens, 4096),
        |cached: &Cached<NoCustom>, token| cached.verify(token).map(drop),
        Cached::tokens,
    );
}
