//! Keys that rotate while tokens are verified on other threads.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use symbolon::KeyId;
use symbolon::prelude::*;
use time::OffsetDateTime;

const HELP: &str = "\
Rotates signing keys while other threads verify; no token is refused before its key retires.

Usage: key_rotation [--seconds S] [--threads N]

  --seconds S   how long to go on; 2 unless said, 3600 at most
  --threads N   how many threads verify; 2 unless said, 64 at most

Then one key is withdrawn at once, as after a leak, and its tokens are refused from then on.";

#[derive(Serialize, Deserialize)]
struct Session {
    user: u64,
}

fn arguments() -> Result<Option<(u64, u64)>, String> {
    let (mut seconds, mut threads) = (2, 2);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let (place, most) = match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => (&mut seconds, 3600),
            "--threads" => (&mut threads, 64),
            other => return Err(format!("there is no argument {other}")),
        };
        let value = given.next().and_then(|value| value.parse().ok());
        *place = value
            .filter(|value| (1..=most).contains(value))
            .ok_or_else(|| format!("{argument} needs a number from 1 to {most}"))?;
    }
    Ok(Some((seconds, threads)))
}

fn signer(number: u64) -> Result<Signer, Error> {
    // Any algorithm may follow any other: a key brings its own.
    let alg = if number.is_multiple_of(2) { JwsAlg::ES256 } else { JwsAlg::EDDSA };
    Signer::generate(alg)?.with_kid(format!("key-{number}"))
}

fn main() -> Result<(), Error> {
    let (seconds, threads) = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return Ok(());
        }
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            std::process::exit(2);
        }
    };
    let keys = SharedKeyring::new(signer(0)?);
    let tokens =
        Tokens::<Session>::builder(JwsCodec::new(&keys)).issuer("https://id.example").build()?;
    let (verified, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    let mut rotations = 0;

    std::thread::scope(|scope| -> Result<(), Error> {
        for user in 0..threads {
            let (tokens, done, verified, refused) = (&tokens, &done, &verified, &refused);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let good = tokens.issue(&Session { user }).and_then(|token| {
                        // The key that signed this may be an old one by the time it is verified.
                        std::thread::sleep(Duration::from_millis(1));
                        tokens.verify(&token)
                    });
                    let counter = if good.is_ok() { verified } else { refused };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
            rotations += 1;
            // What the old key signed stays good for as long as a token lives; then it is dropped.
            let old_until = OffsetDateTime::now_utc() + time::Duration::minutes(15);
            let rotated = signer(rotations)
                .and_then(|new| keys.rotate(new, Some(old_until)))
                .and_then(|()| keys.update(|ring| Ok(ring.pruned(OffsetDateTime::now_utc()))));
            if let Err(error) = rotated {
                done.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        done.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    println!(
        "{rotations} rotations, {} tokens verified meanwhile, {} refused; {} keys read by now",
        verified.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
        keys.load().len(),
    );

    let token = tokens.issue(&Session { user: 7 })?;
    let leaked = KeyId::new(format!("key-{rotations}"))?;
    keys.rotate(signer(rotations + 1)?, None)?;
    println!("after a rotation, an older token: {}", answer(&tokens, &token));
    keys.remove(&leaked);
    println!("after its key was withdrawn:      {}", answer(&tokens, &token));

    if refused.load(Ordering::Relaxed) > 0 {
        eprintln!("a token was refused before its key retired");
        std::process::exit(1);
    }
    Ok(())
}

fn answer(tokens: &Tokens<Session>, token: &str) -> &'static str {
    tokens.verify(token).map_or_else(|error| error.code(), |_| "good")
}
