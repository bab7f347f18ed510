//! How cost grows: with threads, with the payload, with the keys of a ring and of a published set.
//!
//! `cargo bench --bench scaling` prints a table of what is owed and whether it is met. (What a prepared
//! key holds on the heap, and how often tokens ask for it, `tests/allocations.rs` counts.)

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use symbolon::{
    Body, Cached, Claims, Jwk, JwkSet, JwsAlg, JwsCodec, Keyring, Limits, NoCustom, RawToken, Signer,
    TokenCodec, TokenCodecExt, Tokens,
};
use time::OffsetDateTime;

/// How long one figure is measured.
const TIME: Duration = Duration::from_millis(300);

fn main() {
    threads();
    payloads();
    rings();
    published_sets();
    misses();
}

/// Threads share codec and keys, and nothing in them is locked: two do nearly twice the work of one.
/// What the machine gives two threads is not always that, so that two which share nothing run as well.
fn threads() {
    const OWED: f64 = 1.9;
    const OF_APART: f64 = 0.95;

    println!(
        "verified a second                       1 thread    2 threads   nothing shared   (≥ {OWED} times)"
    );
    for ((name, codec), (_, other)) in codecs().into_iter().zip(codecs()) {
        let [ours, theirs] = [codec, other].map(|codec| {
            let tokens = Tokens::<NoCustom>::builder(codec).build().unwrap();
            let token = tokens.issue(&NoCustom::default()).unwrap();
            (tokens, token)
        });
        // By turns, and the best of each: what else runs here takes from all.
        let (mut one, mut two, mut apart) = (0.0_f64, 0.0_f64, 0.0_f64);
        for _ in 0..15 {
            one = one.max(verified(&[&ours]));
            two = two.max(verified(&[&ours, &ours]));
            apart = apart.max(verified(&[&ours, &theirs]));
        }
        let met = two / one >= OWED || two / apart >= OF_APART;
        println!(
            "  {name:32} {one:>12.0} {two:>12.0} {apart:>16.0}   {:.2} ({:.2} with nothing shared): {}",
            two / one,
            apart / one,
            told(met)
        );
    }
}

/// Tokens a second of all together, each in a thread of its own.
fn verified(each: &[&(Tokens<NoCustom>, String)]) -> f64 {
    let work = |(tokens, token): &(Tokens<NoCustom>, String)| {
        let (start, mut count) = (Instant::now(), 0_u64);
        while start.elapsed() < TIME / 5 {
            for _ in 0..16 {
                tokens.verify(black_box(token)).unwrap();
                count += 1;
            }
        }
        count as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let running: Vec<_> = each.iter().map(|one| scope.spawn(|| work(one))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Ten times the payload takes ten times as long, or less while something else weighs more.
fn payloads() {
    const OWED: f64 = 11.0;
    const LENGTHS: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

    print!("\ntime by payload, in bytes         ");
    LENGTHS.iter().for_each(|len| print!("{len:>12}"));
    println!("   (ten times it: ≤ {OWED} times)");
    for (name, codec) in codecs() {
        let now = OffsetDateTime::now_utc();
        let (mut written, mut read) = (String::new(), Vec::new());
        let (mut writing, mut reading) = (Vec::new(), Vec::new());
        for len in LENGTHS {
            let payload = vec![b'x'; len];
            let body = Body::new(&payload).issued_at(now).expires_at(now + time::Duration::DAY);
            writing.push(nanoseconds(|| {
                written.clear();
                codec.encode_into(black_box(&body), &mut written).unwrap();
            }));
            let token = RawToken::new(&written);
            reading.push(nanoseconds(|| {
                read.clear();
                codec.decode_into(black_box(&token), now.unix_timestamp(), &mut read).unwrap();
            }));
        }
        for (verb, times) in [("write", writing), ("read", reading)] {
            print!("  {:32}", format!("{name}, {verb}"));
            times.iter().for_each(|time| print!("{time:>12.0}"));
            let steps = times.iter().zip(times.iter().skip(1)).map(|(one, ten)| ten / one);
            let worst = steps.fold(0.0, f64::max);
            println!("   {worst:.1}: {}", told(worst <= OWED));
        }
    }
}

/// Finding a key takes as long among 100,000 as among 10, but for what the memory's caches hold.
fn rings() {
    const OWED: f64 = 1.5;

    println!("\nnanoseconds by keys in a ring          find       verify   (find: ≤ {OWED} times 10)");
    let signer = Signer::generate(JwsAlg::HS256).unwrap();
    let mut of_ten = f64::NAN;
    for len in [1_usize, 10, 100, 1_000, 10_000, 100_000] {
        let named = |number| signer.verifier().with_kid(format!("key-{number}")).unwrap();
        let ring = Keyring::<Signer>::read_only().with_readers((0..len).map(named)).unwrap();
        let kid = format!("key-{}", len / 2);
        let find = nanoseconds(|| {
            let mut keys = ring.candidates(black_box(Some(&kid)), "HS256", 0).unwrap();
            black_box(keys.next());
        });
        let claims = Claims::new(NoCustom::default());
        let writer = JwsCodec::new(signer.clone().with_kid(kid).unwrap());
        let token = writer.encode(&claims).unwrap();
        let reader = JwsCodec::new(ring);
        let verify = nanoseconds(|| drop(reader.decode::<NoCustom>(black_box(&token)).unwrap()));
        if len == 10 {
            of_ten = find;
        }
        let ratio = find / of_ten;
        let verdict =
            if len > 10 { format!("{ratio:.2}: {}", told(ratio <= OWED)) } else { String::new() };
        println!("  {len:>32} {find:>10.1} {verify:>12.0}   {verdict}");
    }
}

/// A set of 10,000 keys is read within a tenth of a second.
fn published_sets() {
    const OWED: f64 = 100.0;

    println!("\nmilliseconds by keys in a JWK Set      read   and prepare   (read 10,000: < {OWED})");
    for len in [1_u32, 100, 10_000] {
        let algs = [JwsAlg::ES256, JwsAlg::EDDSA].into_iter().cycle();
        let keys = (0..len).zip(algs).map(|(number, alg)| {
            let key = Jwk::generate(alg).unwrap().to_public().unwrap();
            key.with_kid(format!("key-{number}")).unwrap()
        });
        let text = JwkSet::from_iter(keys).to_json().unwrap();
        let read = nanoseconds(|| drop(JwkSet::from_json(black_box(&text)).unwrap())) / 1e6;
        let prepare = nanoseconds(|| {
            let set = JwkSet::from_json(black_box(&text)).unwrap();
            drop(Keyring::from_jwk_set(&set));
        }) / 1e6;
        let verdict = if len == 10_000 { told(read < OWED) } else { "" };
        println!("  {len:>32} {read:>10.3} {prepare:>13.3}   {verdict}");
    }
}

/// A token that the memory of [`Cached`] does not hold costs little more than without that memory.
fn misses() {
    const OWED: f64 = 5.0;
    const TOKENS: usize = 1_000;

    println!("\nnanoseconds of a miss           verified       by Cached   (more: < {OWED} %)");
    let tokens = || {
        let codec = JwsCodec::hs256([7; 32]).unwrap();
        Tokens::<NoCustom>::builder(codec).random_ids().build().unwrap()
    };
    let cached = Cached::new(tokens(), TOKENS / 4);
    let plain = cached.tokens();
    let each: Vec<String> = (0..TOKENS).map(|_| plain.issue(&NoCustom::default()).unwrap()).collect();
    // What is cheapest to verify, by turns and a thousand at a time, so that none is seen twice running.
    let (mut without, mut with) = (f64::INFINITY, f64::INFINITY);
    let start = Instant::now();
    while start.elapsed() < 4 * TIME {
        without =
            without.min(time_of(|| each.iter().for_each(|token| drop(plain.verify(token).unwrap()))));
        with = with.min(time_of(|| each.iter().for_each(|token| drop(cached.verify(token).unwrap()))));
    }
    let [without, with] = [without, with].map(|time| time / TOKENS as f64);
    let more = (with / without - 1.0) * 100.0;
    println!("  {:24} {without:>13.0} {with:>15.0}   {more:.1}: {}", "HS256", told(more < OWED));
}

/// How long `work` takes, once.
fn time_of(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

/// A format of each kind, with room for a payload of a megabyte.
#[expect(clippy::vec_init_then_push, reason = "which there are is for the features to say")]
fn codecs() -> Vec<(&'static str, Box<dyn TokenCodec>)> {
    let limits = Limits::default().token_len(4 << 20);
    let es256 = Signer::generate(JwsAlg::ES256).unwrap();
    let mut codecs: Vec<(&'static str, Box<dyn TokenCodec>)> = Vec::new();
    codecs.push(("HS256", Box::new(JwsCodec::hs256([7; 32]).unwrap().limits(limits))));
    codecs.push(("ES256", Box::new(JwsCodec::new(es256).limits(limits))));
    #[cfg(feature = "jwe")]
    codecs.push(("dir A256GCM", Box::new(symbolon::JweCodec::a256gcm([7; 32]).unwrap().limits(limits))));
    #[cfg(feature = "amora")]
    codecs.push(("Amora zero", Box::new(symbolon::AmoraCodec::zero(&[7; 32]).limits(limits))));
    #[cfg(feature = "sealed")]
    codecs
        .push(("sealed", Box::new(symbolon::SealedCodec::from_master([7; 32]).unwrap().limits(limits))));
    codecs
}

/// How long `work` takes: the best of some batches.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let batch = |times: u32, work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..times).for_each(|_| work());
        start.elapsed()
    };
    let mut times = 1;
    while times < 1 << 24 && batch(times, &mut work) < TIME / 100 {
        times *= 2;
    }
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < TIME {
        best = best.min(batch(times, &mut work).as_nanos() as f64 / f64::from(times));
    }
    best
}

const fn told(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
