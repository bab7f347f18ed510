//! Signing with a key that never leaves its place: draft, sign elsewhere, attach.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use symbolon::prelude::*;
use symbolon::{Draft, RemoteSigner};
use time::{Duration, OffsetDateTime};

const HELP: &str = "\
Signs tokens with a key that lies elsewhere, such as a KMS or an HSM.

Usage: kms_signing [--help]

First with a place that answers later (draft, sign elsewhere, attach), then with one that answers
at once (RemoteSigner), then with one that uses a wrong key, which is noticed.";

/// Stands for a KMS client: it has the private key, we have not.
struct Kms(Signer);

impl Kms {
    /// A real client would be async; nothing of symbolon waits here.
    fn sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, Error> {
        println!("  the KMS signs {} bytes with {key}", message.len());
        self.0.sign(message)
    }
}

/// Stands for a PKCS#11 session, which answers at once.
struct Hsm(Signer);

impl RemoteSigner for Hsm {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        println!("  the HSM signs {} bytes", message.len());
        self.0.sign(message)
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
    let kms = Kms(Signer::generate(JwsAlg::ES256)?.with_kid("arn-like-name/1")?);
    // What the service has of it: the public half, with the name.
    let public = kms.0.verifier();

    println!("A place that answers later:");
    let codec = JwsCodec::new(Signer::elsewhere(public.clone()));
    let claims = || {
        Claims::new(NoCustom::default())
            .with_subject("7")
            .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(5))
    };
    let draft: Draft = codec.draft(&claims())?;
    let key = draft.kid().map_or("", |kid| kid.as_str()).to_owned();
    let signature = kms.sign(&key, draft.signing_input())?;
    let token = draft.attach(signature)?;
    println!("  {token}");
    let verified: Verified = codec.decode(&token)?.validate(&Validator::new())?;
    println!("  -> subject {}\n", verified.registered().subject().unwrap_or("none"));

    println!("A place that answers at once:");
    let hsm = Signer::remote(public.clone(), Hsm(kms.0.clone()));
    let token = JwsCodec::new(hsm).encode(&claims())?;
    println!("  {token}\n");

    println!("A place that uses a wrong key:");
    let stranger = Signer::generate(JwsAlg::ES256)?;
    let draft = codec.draft(&claims())?;
    let signature = stranger.sign(draft.signing_input())?;
    match draft.attach(signature) {
        Ok(_) => println!("  was NOT noticed, which must not be"),
        Err(error) => println!("  {}: {error}", error.code()),
    }
    Ok(())
}
