//! A service that moves from signed to sealed tokens without refusing anyone.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use symbolon::prelude::*;
use symbolon::{FixedClock, SealedKey};
use time::{Duration, OffsetDateTime};

const HELP: &str = "\
Moves a service from signed (JWS) to sealed tokens: both are read until the last old one has expired.

Usage: migrate [--help]

Prints what each stage of the move writes, and which tokens it accepts.";

#[derive(Debug, Serialize, Deserialize)]
struct Session {
    user: u64,
}

fn service(codec: impl TokenCodec + 'static, now: OffsetDateTime) -> Result<Tokens<Session>, Error> {
    Tokens::builder(codec)
        .issuer("https://id.example")
        .audience("api")
        .lifetime(Duration::days(7))
        .clock(FixedClock::new(now))
        .build()
}

fn main() -> Result<(), Error> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            println!("{HELP}");
            return Ok(());
        }
        Some(other) => {
            eprintln!("there is no argument {other}\n\n{HELP}");
            std::process::exit(2);
        }
    }
    let signed = JwsCodec::new(Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?);
    let sealed = SealedCodec::new(SealedKey::generate()?.with_kid("vault-1")?);
    let day = |days| OffsetDateTime::now_utc() + Duration::days(days);

    // Day 0: the service as it was.
    let before = service(signed.clone(), day(0))?;
    let old = before.issue(&Session { user: 7 })?;

    // Day 1: instances that can read both go out, and still write the old format, so that the
    // instances that are not yet replaced can read everything.
    let readers = service(AnyOf::new(signed.clone()).or(sealed.clone()), day(1))?;

    // Day 2: every instance reads both, so now the new format is written. The last old token expires
    // within a lifetime; from then on its format is no longer read.
    let last = day(2) + Duration::days(7);
    let writers = |now| service(AnyOf::new(sealed.clone()).or_until(signed.clone(), last), now);
    let new = writers(day(2))?.issue(&Session { user: 8 })?;

    // Day 8: the old codec and its key can leave the code.
    let after = service(sealed.clone(), day(8))?;

    println!("stage                     writes   old token            new token");
    for (stage, tokens) in [
        ("day 0, as it was", before),
        ("day 1, reads both", readers),
        ("day 2, writes sealed", writers(day(2))?),
        ("day 6, still reads both", writers(day(6))?),
        ("day 8, sealed alone", after),
    ] {
        let written = tokens.issue(&Session { user: 9 })?;
        let writes = if written.contains('.') { "signed" } else { "sealed" };
        println!("{stage:<25} {writes:<8} {:<20} {}", answer(&tokens, &old), answer(&tokens, &new));
    }
    Ok(())
}

fn answer(tokens: &Tokens<Session>, token: &str) -> &'static str {
    tokens.verify(token).map_or_else(|error| error.code(), |_| "good")
}
