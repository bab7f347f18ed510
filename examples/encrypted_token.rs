//! Encrypted tokens: for one recipient, then one message for three; who may open it, and who not.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use symbolon::jwe::{Content, json};
use symbolon::prelude::*;
use symbolon::{
    EcCurve, EcPrivateKey, Encrypter, JweAlg, JweCodec, JweEnc, KeyMaterial, Limits, OctKey, OkpCurve,
    OkpPrivateKey,
};
use time::{Duration, OffsetDateTime};

const HELP: &str = "\
Encrypts a token for one recipient, then one message for three.

Usage: encrypted_token [--help]

The first is a JWE in compact serialization, encrypted to a public key. The second is one in general
JSON: each of its three recipients opens it with a key of their own (X25519, P-256, a shared secret).
A fourth, who is none of them, is refused, also under the name of one of them.";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    article: String,
    pieces: u32,
}

/// One who receives: the private key stays here, the encrypter is made of its public half.
struct Recipient {
    name: &'static str,
    alg: JweAlg,
    key: KeyMaterial,
}

impl Recipient {
    fn new(name: &'static str, alg: JweAlg, key: impl Into<KeyMaterial>) -> Self {
        Self { name, alg, key: key.into() }
    }

    /// What the sender has. Of a private key just the public half goes in: it writes, but cannot read.
    fn encrypter(&self) -> Result<Encrypter, Error> {
        let public = self.key.to_public();
        let key = public.as_ref().unwrap_or(&self.key);
        Encrypter::new(self.alg, JweEnc::A256GCM, key)?.with_kid(self.name)
    }

    /// What the recipient has.
    fn ring(&self) -> Result<Keyring<Encrypter>, Error> {
        let key = Encrypter::new(self.alg, JweEnc::A256GCM, &self.key)?.with_kid(self.name)?;
        Ok(Keyring::new(key))
    }

    fn open(&self, message: &str) -> Result<Vec<u8>, Error> {
        let now = OffsetDateTime::now_utc();
        let opened = json::decrypt(message, &self.ring()?, &Limits::default(), now)?;
        Ok(opened.payload().to_vec())
    }
}

fn refuse(case: &str, result: Result<Vec<u8>, Error>) {
    match result {
        Ok(_) => {
            eprintln!("{case}: OPENED, which must not be");
            std::process::exit(1);
        }
        Err(error) => println!("  {case}: {} ({error})", error.code()),
    }
}

fn one() -> Result<(), Error> {
    println!("For one recipient, with a public key (compact):");
    let shop = Recipient::new("shop", JweAlg::ECDH_ES, OkpPrivateKey::generate(OkpCurve::X25519)?);

    // A customer writes with the shop's public key. So can anyone: that is why it takes a word more.
    let customer = Tokens::<Order>::builder(JweCodec::new(shop.encrypter()?))
        .audience("shop")
        .lifetime(Duration::minutes(5))
        .allow_anonymous_issuer()
        .build()?;
    let token = customer.issue(&Order { article: "lamp".into(), pieces: 2 })?;
    println!("  {token}");

    let reader = Tokens::<Order>::builder(JweCodec::new(shop.ring()?))
        .audience("shop")
        .allow_anonymous_issuer()
        .build()?;
    let order = reader.verify(&token)?;
    let envelope = order.envelope();
    println!("  -> {:?}, by {}, from {:?}", order.custom(), envelope.alg(), envelope.provenance());
    // The public half alone reads nothing, not even what it wrote.
    refuse("the customer", customer.verify(&token).map(|_| Vec::new()));
    println!();
    Ok(())
}

fn three() -> Result<(), Error> {
    println!("One message for three (general JSON):");
    let recipients = [
        Recipient::new("shop", JweAlg::ECDH_ES_A256KW, OkpPrivateKey::generate(OkpCurve::X25519)?),
        Recipient::new("bank", JweAlg::ECDH_ES_A128KW, EcPrivateKey::generate(EcCurve::P256)?),
        Recipient::new("archive", JweAlg::A256KW, OctKey::generate(32)?),
    ];
    let encrypters: Result<Vec<_>, Error> = recipients.iter().map(Recipient::encrypter).collect();
    let text = br#"{"article":"lamp","pieces":2}"#;
    let content = Content::new(text).content_type("json").additional_data(b"order 17, readable by all");
    let message = json::encrypt_general(&content, &(), &(), &encrypters?)?;
    println!("  {message}");

    for recipient in &recipients {
        let payload = recipient.open(&message)?;
        assert_eq!(payload, text);
        println!("  {} ({}) -> {}", recipient.name, recipient.alg, String::from_utf8_lossy(&payload));
    }
    let fourth = OkpPrivateKey::generate(OkpCurve::X25519)?;
    let stranger = Recipient::new("stranger", JweAlg::ECDH_ES_A256KW, fourth.clone());
    refuse("a fourth", stranger.open(&message));
    let impostor = Recipient::new("shop", JweAlg::ECDH_ES_A256KW, fourth);
    refuse("a fourth under the shop's name", impostor.open(&message));
    Ok(())
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
    one()?;
    three()
}
