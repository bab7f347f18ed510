//! Issues and verifies tokens of several formats on all cores, at a bounded rate, for as long as it is
//! told; says how fast that was, and whether memory grew.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use symbolon::prelude::*;
use symbolon::{AmoraOpener, OctKey, OkpCurve, OkpPrivateKey, SealedKey};
use time::OffsetDateTime;

const HELP: &str = "\
Issues and verifies tokens of mixed formats on all cores at a bounded rate. One operation issues a
token, or verifies one, or sees that one which was tampered with is refused.

Usage: soak [--seconds S] [--rate N] [--threads N]

  --seconds S    how long to go on; 10 unless said, 604800 at most
  --rate N       operations a second, over all threads; 10000 unless said, 10000000 at most
  --threads N    as many as there are cores unless said, 256 at most

What an operation took is told beside its delay: the time from when it was due until it was done, in
which a stall shows for all that it held up.
The exit status is 1 where anything failed that should not, or passed that should not.";

#[derive(Serialize, Deserialize, PartialEq)]
struct Session {
    user: u64,
    role: String,
}

struct Arguments {
    seconds: u64,
    rate: u64,
    threads: u64,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let mut found = Arguments { seconds: 10, rate: 10_000, threads: cores.min(256) };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let (place, most) = match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => (&mut found.seconds, 604_800),
            "--rate" => (&mut found.rate, 10_000_000),
            "--threads" => (&mut found.threads, 256),
            other => return Err(format!("there is no argument {other}")),
        };
        let value = given.next().and_then(|value| value.parse().ok());
        *place = value
            .filter(|value| (1..=most).contains(value))
            .ok_or_else(|| format!("{argument} needs a number from 1 to {most}"))?;
    }
    Ok(Some(found))
}

/// A service for each format.
fn services() -> Result<Vec<(&'static str, Tokens<Session>)>, Error> {
    fn service(codec: impl TokenCodec + 'static) -> Result<Tokens<Session>, Error> {
        Tokens::builder(codec)
            .issuer("https://id.example")
            .audience("api")
            .lifetime(time::Duration::minutes(15))
            .allow_anonymous_issuer()
            .build()
    }
    let shared = || -> Result<JweCodec, Error> {
        Ok(JweCodec::new(Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &OctKey::generate(32)?.into())?))
    };
    let agreed = OkpPrivateKey::generate(OkpCurve::X25519)?.into();
    let signed = |alg: JwsAlg| Ok::<_, Error>(JwsCodec::new(Signer::generate(alg)?.with_kid("a")?));
    Ok(vec![
        ("JWS HS256", service(signed(JwsAlg::HS256)?)?),
        ("JWS ES256", service(signed(JwsAlg::ES256)?)?),
        ("JWS EdDSA", service(signed(JwsAlg::EDDSA)?)?),
        ("JWE dir A256GCM", service(shared()?)?),
        (
            "JWE ECDH-ES X25519",
            service(JweCodec::new(Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &agreed)?))?,
        ),
        ("JWS in JWE", service(Nested::new(shared()?, signed(JwsAlg::ES256)?))?),
        ("sealed", service(SealedCodec::new(SealedKey::generate()?.with_kid("a")?))?),
        ("Amora zero", service(AmoraCodec::new(AmoraOpener::generate_zero()?.sealer()))?),
        ("Amora one", service(AmoraCodec::new(AmoraOpener::generate_one()?.sealer()))?),
    ])
}

/// Times by powers of two, each in 16 parts: at most 6 % off.
struct Histogram {
    counts: Vec<u64>,
    longest: Duration,
}

impl Histogram {
    fn new() -> Self {
        Self { counts: vec![0; 64 * 16], longest: Duration::ZERO }
    }

    fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(16);
        let power = nanos.ilog2();
        let part = (nanos >> (power - 4)) & 15;
        let place = usize::try_from(u64::from(power) * 16 + part).unwrap_or_default();
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.longest = self.longest.max(time);
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(to, from)| *to += from);
        self.longest = self.longest.max(other.longest);
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that `per_mille` of a thousand stay below, in microseconds.
    fn quantile(&self, per_mille: u64) -> f64 {
        let rank = (self.total() * per_mille).div_ceil(1000);
        let mut seen = 0;
        for (place, count) in (0u32..).zip(&self.counts) {
            seen += count;
            if seen >= rank {
                return f64::from(16 + place % 16 + 1) * 2f64.powi((place / 16) as i32 - 4) / 1000.0;
            }
        }
        0.0
    }
}

/// What a thread has seen.
struct Seen {
    issuing: Histogram,
    verifying: Histogram,
    refusing: Histogram,
    delay: Histogram,
    errors: Vec<String>,
}

impl Seen {
    fn new() -> Self {
        Self {
            issuing: Histogram::new(),
            verifying: Histogram::new(),
            refusing: Histogram::new(),
            delay: Histogram::new(),
            errors: Vec::new(),
        }
    }

    fn error(&mut self, name: &str, what: impl Into<String>) {
        // Every one counts, but not every one need be told.
        self.errors.push(format!("{name}: {}", what.into()));
    }
}

fn tampered(token: &str) -> String {
    let mut text = token.to_owned();
    // The first of the last eight characters: it has no bits that are left unused.
    let place = text.len().saturating_sub(8);
    let other = if text.get(place..=place) == Some("A") { "B" } else { "A" };
    text.replace_range(place..=place, other);
    text
}

/// Every `threads`th operation, from the `thread`th on, each when it is due.
fn work(
    thread: u64,
    arguments: &Arguments,
    services: &[(&'static str, Tokens<Session>)],
    began: Instant,
    errors: &AtomicU64,
) -> Seen {
    let mut seen = Seen::new();
    let mut issued: Vec<(u64, String)> = services.iter().map(|_| (0, String::new())).collect();
    let end = Duration::from_secs(arguments.seconds);
    for turn in (thread..).step_by(usize::try_from(arguments.threads).unwrap_or(1)) {
        let due = Duration::from_nanos(
            u64::try_from(u128::from(turn) * 1_000_000_000 / u128::from(arguments.rate))
                .unwrap_or(u64::MAX),
        );
        if due >= end {
            break;
        }
        if let Some(early) = due.checked_sub(began.elapsed()) {
            std::thread::sleep(early);
        } else if began.elapsed() >= end {
            break;
        }
        let round = turn / arguments.threads;
        let count = services.len() as u64;
        let index = usize::try_from(round % count).unwrap_or_default();
        let (Some((name, tokens)), Some(last)) = (services.get(index), issued.get_mut(index)) else {
            continue;
        };
        let step = round / count % 4;
        let (before, start) = (seen.errors.len(), Instant::now());
        match (step, last.1.is_empty()) {
            (0, _) | (_, true) => {
                let session = Session { user: turn, role: "admin".into() };
                match tokens.issue(&session) {
                    Ok(token) => *last = (turn, token),
                    Err(error) => seen.error(name, error.to_string()),
                }
                seen.issuing.add(start.elapsed());
            }
            (3, false) => {
                match tokens.verify(&tampered(&last.1)) {
                    Err(error) if error.kind() == ErrorKind::Unauthentic => {}
                    Err(error) => seen.error(name, format!("a forged token: {error}")),
                    Ok(_) => seen.error(name, "a forged token was accepted"),
                }
                seen.refusing.add(start.elapsed());
            }
            _ => {
                match tokens.verify(&last.1) {
                    Ok(verified) if verified.custom().user == last.0 => {}
                    Ok(_) => seen.error(name, "another token's claims"),
                    Err(error) => seen.error(name, error.to_string()),
                }
                seen.verifying.add(start.elapsed());
            }
        }
        seen.delay.add(began.elapsed().saturating_sub(due));
        errors.fetch_add((seen.errors.len() - before) as u64, Ordering::Relaxed);
        seen.errors.truncate(10);
    }
    seen
}

/// The memory that is resident, in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn tell(what: &str, histogram: &Histogram) {
    println!(
        "{what:>9}: {:>10} operations, p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, longest {:.1} ms",
        histogram.total(),
        histogram.quantile(500),
        histogram.quantile(990),
        histogram.quantile(999),
        histogram.longest.as_secs_f64() * 1000.0,
    );
}

fn run(arguments: &Arguments) -> Result<bool, Error> {
    let services = services()?;
    // Once through all of them, so that what is loaded and grown once is not taken for a leak.
    for (name, tokens) in &services {
        let token = tokens.issue(&Session { user: 0, role: "admin".into() })?;
        tokens.verify(&token)?;
        println!("{name}: {} characters", token.len());
    }
    let errors = AtomicU64::new(0);
    let (mut all, mut first) = (Seen::new(), None);
    let (began, at) = (Instant::now(), OffsetDateTime::now_utc());
    std::thread::scope(|scope| {
        let (services, errors) = (&services, &errors);
        let threads: Vec<_> = (0..arguments.threads)
            .map(|thread| scope.spawn(move || work(thread, arguments, services, began, errors)))
            .collect();
        // Once the threads have their stacks and histograms.
        std::thread::sleep(Duration::from_millis(500).min(Duration::from_secs(arguments.seconds) / 2));
        first = resident();
        for thread in threads {
            match thread.join() {
                Ok(seen) => {
                    all.issuing.merge(&seen.issuing);
                    all.verifying.merge(&seen.verifying);
                    all.refusing.merge(&seen.refusing);
                    all.delay.merge(&seen.delay);
                    all.errors.extend(seen.errors);
                }
                Err(_) => {
                    errors.fetch_add(1, Ordering::Relaxed);
                    all.errors.push("a thread panicked".into());
                }
            }
        }
    });
    let took = began.elapsed().as_secs_f64();
    let total = all.issuing.total() + all.verifying.total() + all.refusing.total();
    println!("begun {at}, {} threads, {took:.1} s", arguments.threads);
    tell("issued", &all.issuing);
    tell("verified", &all.verifying);
    tell("refused", &all.refusing);
    tell("delay", &all.delay);
    let asked = arguments.rate;
    println!("throughput: {:.0} operations a second, {asked} asked for", total as f64 / took);
    if let (Some(first), Some(last)) = (first, resident()) {
        println!("resident memory: {first} KiB at the start, {last} KiB at the end");
    }
    let errors = errors.into_inner();
    println!("errors: {errors}");
    all.errors.iter().take(20).for_each(|error| println!("  {error}"));
    Ok(errors == 0 && total > 0)
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
