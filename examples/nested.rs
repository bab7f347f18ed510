//! Signed, then encrypted: only the recipient can read it, and it can tell who issued it.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use symbolon::prelude::*;
use symbolon::{Encrypter, JweAlg, JweCodec, JweEnc, KeyMaterial, Nested, OkpCurve, OkpPrivateKey};
use time::Duration;

const HELP: &str = "\
Issues tokens that are signed, then encrypted, and shows who can have written one.

Usage: nested [--help]

An issuer signs a token and encrypts it to a clinic's public key; the clinic opens it and verifies the
signature. Then a stranger, who has the clinic's public key as anyone may, tries the same: with a
signature of its own, with none, and with the issuer's token encrypted again.";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Finding {
    patient: u64,
    says: String,
}

type Codec = Nested<JweCodec, JwsCodec>;

/// `ECDH-ES` with X25519; of a private key, or of the public half alone.
fn encrypting(key: &KeyMaterial) -> Result<JweCodec, Error> {
    Ok(JweCodec::new(Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, key)?.with_kid("clinic")?))
}

fn tokens(codec: impl TokenCodec + 'static) -> Result<Tokens<Finding>, Error> {
    Tokens::builder(codec)
        .issuer("https://laboratory.example")
        .audience("clinic")
        .lifetime(Duration::minutes(15))
        .build()
}

fn refuse(case: &str, result: Result<Verified<Finding>, Error>) {
    match result {
        Ok(_) => {
            eprintln!("{case}: ACCEPTED, which must not be");
            std::process::exit(1);
        }
        Err(error) => println!("  {case}: {} ({error})", error.code()),
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
    // The clinic's key: its private half stays there, anyone may have the public one.
    let private = KeyMaterial::from(OkpPrivateKey::generate(OkpCurve::X25519)?);
    let public = private.to_public().ok_or(ErrorKind::KeyMismatch)?;
    // The laboratory's key: its private half stays there.
    let signer = Signer::generate(JwsAlg::ES256)?.with_kid("laboratory")?;
    let verifiers = || Keyring::read_only().with_reader(signer.verifier());

    let laboratory = tokens(Codec::new(encrypting(&public)?, JwsCodec::new(signer.clone())))?;
    let clinic_codec = Codec::new(encrypting(&private)?, JwsCodec::new(verifiers()?));
    println!("Who can have written what the clinic accepts:");
    println!("  encrypted alone: {:?}", encrypting(&private)?.provenance());
    println!("  signed, then encrypted: {:?}\n", clinic_codec.provenance());
    let clinic = tokens(clinic_codec)?;

    println!("A token of the laboratory's:");
    let finding = Finding { patient: 7, says: "all is well".into() };
    let token = laboratory.issue(&finding)?;
    println!("  {token}");
    let verified = clinic.verify(&token)?;
    assert_eq!(verified.custom(), &finding);
    println!(
        "  -> {:?}, from {}, by {} ({:?})\n",
        verified.custom(),
        verified.registered().issuer().unwrap_or("nobody"),
        verified.envelope().alg(),
        verified.envelope().provenance(),
    );

    println!("Refused:");
    let false_finding = Finding { patient: 7, says: "sell everything".into() };
    // The stranger's own signature, under the laboratory's name and its key's.
    let own = Signer::generate(JwsAlg::ES256)?.with_kid("laboratory")?;
    let stranger = tokens(Codec::new(encrypting(&public)?, JwsCodec::new(own)))?;
    refuse("signed by a stranger", clinic.verify(&stranger.issue(&false_finding)?));

    // Encrypted and not signed at all: no token inside.
    let unsigned = Tokens::<Finding>::builder(encrypting(&public)?)
        .issuer("https://laboratory.example")
        .audience("clinic")
        .lifetime(Duration::minutes(15))
        .allow_anonymous_issuer()
        .build()?;
    refuse("signed by nobody", clinic.verify(&unsigned.issue(&false_finding)?));

    // The laboratory's signature over a token that is not encrypted.
    let bare = tokens(JwsCodec::new(signer.clone()))?;
    refuse("signed, and not encrypted", clinic.verify(&bare.issue(&finding)?));

    // The laboratory's token for another audience, which its reader encrypts to the clinic.
    let elsewhere = Tokens::<Finding>::builder(Codec::new(encrypting(&public)?, JwsCodec::new(signer)))
        .issuer("https://laboratory.example")
        .audience("insurance")
        .lifetime(Duration::minutes(15))
        .build()?;
    refuse("signed for another, encrypted again", clinic.verify(&elsewhere.issue(&finding)?));
    Ok(())
}
