//! What the fuzz targets call, a function each, and the replay of their corpus on stable.
//!
//! `fuzz/src/lib.rs` includes this file, so that a replayed input goes where the fuzzer found it. Each
//! function takes any bytes, must not panic, and asserts what holds of every input. Those of structured
//! inputs build what they judge, so that the fuzzer gets behind signatures and tags.

#![allow(unreachable_pub)]

#[cfg(feature = "amora")]
mod amora;
pub mod any_of;
mod choices;
mod claims;
#[cfg(all(feature = "jwe", feature = "pem"))]
pub mod jwe;
pub mod jws;
mod keys;
#[cfg(feature = "sealed")]
mod sealed;

use std::sync::OnceLock;

use symbolon::{FixedClock, Validator};
use time::OffsetDateTime;

#[cfg(feature = "amora")]
pub use amora::{amora, amora_structured};
pub use any_of::{any_of, one_changed_byte};
pub use claims::{claims, claims_structured};
#[cfg(all(feature = "jwe", feature = "pem", feature = "deflate"))]
pub use jwe::zip;
#[cfg(all(feature = "jwe", feature = "pem"))]
pub use jwe::{jwe_compact, jwe_json, jwe_structured};
pub use jws::{header, jws_compact, jws_json, jws_structured};
#[cfg(feature = "pem")]
pub use keys::{encrypted_pkcs8, pem};
pub use keys::{jwk, jwks};
#[cfg(feature = "sealed")]
pub use sealed::{sealed, sealed_structured};

/// The moment of every call: 2026-11-01.
pub const NOW: i64 = 1_793_491_200;

pub const SECRET: [u8; 32] = *b"a secret of exactly 32 bytes ...";

fn good<T>(result: symbolon::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the fixed set-up: {error}"))
}

/// None where this build lacks a feature for it.
#[cfg(feature = "pem")]
fn served<T>(result: symbolon::Result<T>) -> Option<T> {
    match result {
        Err(error) if error.kind() == symbolon::ErrorKind::MissingFeature => None,
        result => Some(good(result)),
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The validators that a token meets: the usual one, and one that asks for all it can.
fn validators() -> &'static [Validator; 2] {
    static VALIDATORS: OnceLock<[Validator; 2]> = OnceLock::new();
    VALIDATORS.get_or_init(|| {
        let strict = Validator::new()
            .issuer("https://id.example")
            .audience("api")
            .subject("7")
            .id("1")
            .typ("at+jwt")
            .require("nbf")
            .max_age(time::Duration::hours(1))
            .leeway(time::Duration::minutes(1));
        [Validator::new(), strict].map(|validator| validator.clock(FixedClock::new(now())))
    })
}

/// A target's name, which its folder in the corpus has too, and its function.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("jws_compact", jws_compact),
    ("jws_json", jws_json),
    ("jws_structured", jws_structured),
    ("header", header),
    ("claims", claims),
    ("claims_structured", claims_structured),
    #[cfg(all(feature = "jwe", feature = "pem"))]
    ("jwe_compact", jwe_compact),
    #[cfg(all(feature = "jwe", feature = "pem"))]
    ("jwe_json", jwe_json),
    #[cfg(all(feature = "jwe", feature = "pem"))]
    ("jwe_structured", jwe_structured),
    #[cfg(all(feature = "jwe", feature = "pem", feature = "deflate"))]
    ("zip", zip),
    ("jwk", jwk),
    ("jwks", jwks),
    #[cfg(feature = "pem")]
    ("pem", pem),
    #[cfg(feature = "pem")]
    ("encrypted_pkcs8", encrypted_pkcs8),
    #[cfg(feature = "amora")]
    ("amora", amora),
    #[cfg(feature = "amora")]
    ("amora_structured", amora_structured),
    #[cfg(feature = "sealed")]
    ("sealed", sealed),
    #[cfg(feature = "sealed")]
    ("sealed_structured", sealed_structured),
    ("one_changed_byte", one_changed_byte),
    ("any_of", any_of),
];

#[cfg(test)]
mod replay {
    use std::path::Path;

    #[test]
    fn every_input_of_the_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        if !corpus.is_dir() {
            println!("skipped: every_input_of_the_corpus: the package has no folder fuzz/corpus");
            return;
        }
        for (name, target) in super::TARGETS {
            let files =
                std::fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut inputs = 0;
            for file in files {
                let input = file.and_then(|file| std::fs::read(file.path()));
                target(&input.unwrap_or_else(|error| panic!("{name}: {error}")));
                inputs += 1;
            }
            println!("corpus of {name}: {inputs} inputs replayed");
            assert!(inputs > 0, "{name}: the folder holds no input");
        }
    }

    #[test]
    fn no_short_input_panics() {
        for (_, target) in super::TARGETS {
            target(b"");
            (0..=u8::MAX).for_each(|byte| target(&[byte]));
        }
    }
}
