//! The peers of the formats beside JOSE. They carry bytes: the claims are the service's part.

mod sealed;

use std::cell::RefCell;
use std::io;

use amora_rs::Amora;
use branca::Branca;
use contestant::keys::{SECRET, X25519};
use contestant::{Claims, Entries};
use pasetors::keys::SymmetricKey;
use pasetors::token::UntrustedToken;
use pasetors::version4::{LocalToken, V4};

/// How long the tokens are good for, in seconds, where the format says so.
const LIFETIME: u32 = 86_400;

fn main() -> io::Result<()> {
    let mut entries = Entries::default();
    amora(&mut entries);
    others_than_amora(&mut entries);
    sealed::enter(&mut entries);
    entries.take_turns()
}

fn amora(entries: &mut Entries) {
    let zero = || Amora::amora_zero(&SECRET).expect("the key serves");
    let one = || {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (secret, public) = (hex(X25519.private_end()), hex(X25519.public_end()));
        Amora::amora_one_from_str(Some(&secret), Some(&public)).expect("the keys serve")
    };
    for (operations, writer, reader) in [
        (["Amora zero encode", "Amora zero decode"], zero(), zero()),
        (["Amora one encode", "Amora one decode"], one(), one()),
    ] {
        entries.pair(
            "amora-rs",
            operations,
            Claims::clone,
            move |claims| writer.encode(&claims.to_json(), LIFETIME).expect("it encodes"),
            move |token| Claims::accept(&reader.decode(token, true).ok()?),
        );
    }
}

/// Formats of the same purpose as Amora zero.
fn others_than_amora(entries: &mut Entries) {
    let operations = ["Amora zero encode", "Amora zero decode"];

    let key = || SymmetricKey::<V4>::from(&SECRET).expect("the key serves");
    let (encrypting, decrypting) = (key(), key());
    entries.pair(
        "pasetors (v4.local)",
        operations,
        Claims::clone,
        move |claims| {
            LocalToken::encrypt(&encrypting, &claims.to_json(), None, None).expect("it encrypts")
        },
        move |token| {
            let token = UntrustedToken::try_from(token).ok()?;
            let trusted = LocalToken::decrypt(&decrypting, &token, None, None).ok()?;
            Claims::accept(trusted.payload().as_bytes())
        },
    );

    let key = || Branca::new(&SECRET).expect("the key serves");
    let (writer, reader) = (RefCell::new(key()), key());
    entries.pair(
        "branca",
        operations,
        Claims::clone,
        move |claims| writer.borrow_mut().encode(&claims.to_json()).expect("it encodes"),
        move |token| Claims::accept(&reader.decode(token, LIFETIME).ok()?),
    );
}
