//! One session, issued and verified in each format; then what is refused, and how.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use symbolon::prelude::*;
use symbolon::{AmoraOpener, FixedClock, HmacAlg, OctKey, SealedKey};
use time::{Duration, OffsetDateTime};

const HELP: &str = "\
Issues and verifies one session in each format, and shows what is refused.

Usage: quickstart [--help]

Prints each token and what came out of it, then an expired, a tampered and a wrong-audience token
with the codes they are refused with.";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    user: u64,
    role: String,
}

/// All that differs between the formats is the codec that comes in here.
fn tokens(codec: impl TokenCodec + 'static) -> Result<Tokens<Session>, Error> {
    Tokens::builder(codec)
        .issuer("https://id.example")
        .audience("api")
        .lifetime(Duration::minutes(15))
        .build()
}

fn show(format: &str, tokens: &Tokens<Session>, session: &Session) -> Result<(), Error> {
    let token = tokens.issue(session)?;
    let verified = tokens.verify(&token)?;
    assert_eq!(verified.custom(), session);
    println!("{format}\n  {token}");
    println!(
        "  -> {:?}, from {}, by {} ({:?})\n",
        verified.custom(),
        verified.registered().issuer().unwrap_or("nobody"),
        verified.envelope().alg(),
        verified.envelope().provenance(),
    );
    Ok(())
}

fn refuse(case: &str, result: Result<Verified<Session>, Error>) {
    match result {
        Ok(_) => {
            eprintln!("{case}: ACCEPTED, which must not be");
            std::process::exit(1);
        }
        Err(error) => {
            println!("{case}: {} ({error}), HTTP {}", error.code(), error.bearer().status());
        }
    }
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
    let session = Session { user: 7, role: "admin".into() };

    // Keys know their algorithm. Nothing else ever chooses one.
    let keys = SharedKeyring::new(Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?);
    let signed = tokens(JwsCodec::new(&keys))?;
    show("JWS, signed with ES256", &signed, &session)?;

    let secret = OctKey::generate(32)?.signer(HmacAlg::Hs256)?;
    show("JWS, with a shared secret", &tokens(JwsCodec::new(secret))?, &session)?;

    let amora = AmoraOpener::generate_zero()?.sealer();
    show("Amora zero, encrypted with a shared key", &tokens(AmoraCodec::new(amora))?, &session)?;

    // Amora one hides content but names no issuer: whoever has the public key can mint its tokens.
    // That is why it takes one more word than the others.
    let pair = AmoraOpener::generate_one()?;
    let ring = Keyring::new(pair.sealer()).with_reader(pair)?;
    let anonymous = Tokens::builder(AmoraCodec::new(ring))
        .issuer("https://id.example")
        .audience("api")
        .allow_anonymous_issuer()
        .build()?;
    show("Amora one, encrypted to a public key", &anonymous, &session)?;

    let master = SealedKey::generate()?.with_kid("vault-3")?;
    show("Sealed, with a key per token", &tokens(SealedCodec::new(master))?, &session)?;

    println!("Refused:");
    let token = signed.issue(&session)?;

    let in_an_hour = FixedClock::new(OffsetDateTime::now_utc() + Duration::hours(1));
    let later = Tokens::<Session>::builder(JwsCodec::new(&keys))
        .issuer("https://id.example")
        .audience("api")
        .clock(in_an_hour)
        .build()?;
    refuse("  expired", later.verify(&token));

    let middle = token.len() / 2;
    let other = if token.as_bytes().get(middle) == Some(&b'A') { "B" } else { "A" };
    let mut tampered = token.clone();
    tampered.replace_range(middle..=middle, other);
    refuse("  tampered", signed.verify(&tampered));

    let elsewhere = Tokens::<Session>::builder(JwsCodec::new(&keys))
        .issuer("https://id.example")
        .audience("billing")
        .build()?;
    refuse("  wrong audience", elsewhere.verify(&token));
    Ok(())
}
