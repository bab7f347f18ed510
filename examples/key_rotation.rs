//! Keys that rotate by themselves while tokens are issued and verified on other threads, and in other
//! processes.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use symbolon::prelude::*;
use symbolon::rotation::{FileStore, KeyStore, MemoryStore, RotationPolicy, Rotator};
use symbolon::{Secret, SecretEncoding};

const HELP: &str = "\
Rotates signing keys while other threads verify; no token is refused before its key retires.

Usage: key_rotation [--seconds S] [--threads N] [--every S] [--store FILE]

  --seconds S    how long to go on; 3 unless said, 3600 at most
  --threads N    how many threads issue and verify; 2 unless said, 64 at most
  --every S      how long each key signs; 1 unless said, 3600 at most
  --store FILE   keep the keys in FILE, which survives this process and which others may share: start two
                 side by side, kill one, start it again. Else they are kept in memory, and at the end one
                 is withdrawn at once, as after a leak

With KEY_PASSPHRASE, or KEY_PASSPHRASE_FILE, in the environment what is kept is encrypted.";

/// How long a token lives, in seconds.
const LIFETIME: i64 = 3;

#[derive(Serialize, Deserialize)]
struct Session {
    user: u64,
}

struct Arguments {
    seconds: u64,
    threads: u64,
    every: u64,
    store: Option<PathBuf>,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut found = Arguments { seconds: 3, threads: 2, every: 1, store: None };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let (place, most) = match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => (&mut found.seconds, 3600),
            "--threads" => (&mut found.threads, 64),
            "--every" => (&mut found.every, 3600),
            "--store" => {
                found.store = Some(given.next().ok_or("--store needs a file")?.into());
                continue;
            }
            other => return Err(format!("there is no argument {other}")),
        };
        let value = given.next().and_then(|value| value.parse().ok());
        *place = value
            .filter(|value| (1..=most).contains(value))
            .ok_or_else(|| format!("{argument} needs a number from 1 to {most}"))?;
    }
    Ok(Some(found))
}

fn open(arguments: &Arguments) -> Result<Rotator, Error> {
    let every = time::Duration::new(i64::try_from(arguments.every).unwrap_or(i64::MAX), 0);
    let policy = RotationPolicy::every(every)
        // The next key is always there, so that it can take over at any moment.
        .publish_ahead(every)
        // As long as a token lives, and what a tick may come late.
        .keep_for(time::Duration::seconds(LIFETIME + 5));
    let builder = Rotator::builder(JwsAlg::ES256, policy).reload_every(time::Duration::SECOND);
    let builder = match Secret::from_env("KEY_PASSPHRASE", SecretEncoding::Text, 16) {
        Err(error) if error.kind() == ErrorKind::MissingSecret => builder,
        Err(error) => return Err(error),
        #[cfg(feature = "jwe")]
        Ok(passphrase) => builder.passphrase(passphrase),
        #[cfg(not(feature = "jwe"))]
        Ok(_) => {
            return Err(Error::new(ErrorKind::MissingFeature, "to encrypt keys needs the feature jwe"));
        }
    };
    let store: Box<dyn KeyStore> = match &arguments.store {
        Some(path) => Box::new(FileStore::new(path)),
        None => Box::new(MemoryStore::new()),
    };
    builder.open(store)
}

fn main() {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return;
        }
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            std::process::exit(2);
        }
    };
    if let Err(error) = run(&arguments) {
        eprintln!("{}: {error}", error.code());
        std::process::exit(1);
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let rotator = open(arguments)?;
    let tokens = Tokens::<Session>::builder(JwsCodec::new(rotator.keys()))
        .issuer("https://id.example")
        .lifetime(time::Duration::seconds(LIFETIME))
        .build()?;
    let (verified, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(arguments.seconds);

    std::thread::scope(|scope| {
        for user in 0..arguments.threads {
            let (rotator, tokens, verified, refused) = (&rotator, &tokens, &verified, &refused);
            scope.spawn(move || {
                while Instant::now() < end {
                    // There is no other thread that would do it: whoever comes first does what is due.
                    match rotator.tick() {
                        Ok(events) => events.iter().for_each(|event| println!("{event}")),
                        Err(error) => eprintln!("{}: {error}: on with the keys there are", error.code()),
                    }
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
    });
    let refused = refused.into_inner();
    println!(
        "{} tokens verified, {refused} refused; {} keys verify and are published by now",
        verified.into_inner(),
        rotator.published()?.keys().len(),
    );
    if arguments.store.is_none() {
        leak(&rotator, &tokens)?;
    }
    if refused > 0 {
        return Err(Error::new(ErrorKind::Refused, "a token, before its key retired"));
    }
    Ok(())
}

/// What is done where a key may be in the wrong hands.
fn leak(rotator: &Rotator, tokens: &Tokens<Session>) -> Result<(), Error> {
    let token = tokens.issue(&Session { user: 7 })?;
    let leaked = rotator.keys().load().primary()?.kid().cloned();
    println!("a token, before its key leaked: {}", answer(tokens, &token));
    if let Some(leaked) = leaked {
        rotator.remove(&leaked)?.iter().for_each(|event| println!("{event}"));
    }
    println!("after its key was withdrawn:    {}", answer(tokens, &token));
    println!("a new one, by the next key:     {}", answer(tokens, &tokens.issue(&Session { user: 7 })?));
    Ok(())
}

fn answer(tokens: &Tokens<Session>, token: &str) -> &'static str {
    tokens.verify(token).map_or_else(|error| error.code(), |_| "good")
}
