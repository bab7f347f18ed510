//! Whatever the text, what reads it comes to a typed error or to what it says: no decoder and no parser
//! panics, on arbitrary text and on good text that was damaged.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::IgnoredAny;
use serde_json::Value;
use symbolon::jws::{
    NewSignature, Signatures, Unverified, compact, detached, flattened, general, unencoded,
};
use symbolon::rotation::{KeySchedule, MemoryStore, RotationPolicy, Rotator};
use symbolon::{
    Body, Error, Fault, Jwk, JwkSet, JwsAlg, KeyId, Keyring, Limits, OctKey, RawToken, Secret,
    SecretEncoding, TokenCodecExt, Validator, bearer,
};
use time::Duration;

use crate::cells::{Cell, cells};
use crate::support::{NOW, at, base64url, config, hs256};

/// What reads texts, by name; each says whose fault a failure is.
type Reader = Box<dyn Fn(&str) -> Result<(), Error> + Send + Sync>;

struct Reads {
    name: String,
    /// Of tokens the sender is at fault, of keys and settings the caller.
    faults: &'static [Fault],
    read: Reader,
}

fn reads(
    name: impl Into<String>,
    faults: &'static [Fault],
    read: impl Fn(&str) -> Result<(), Error> + Send + Sync + 'static,
) -> Reads {
    Reads { name: name.into(), faults, read: Box::new(read) }
}

const SENDER: &[Fault] = &[Fault::Token];
const CALLER: &[Fault] = &[Fault::Caller];
/// A store's text, and what else stands in a file.
const NOT_SENDER: &[Fault] = &[Fault::Caller, Fault::Environment];

/// Whether a codec differs from the others in how it reads, and not just in its keys.
fn is_one_of_a_kind(cell: &Cell) -> bool {
    const JWE: [&str; 7] = [
        "dir",
        "A256KW",
        "A256GCMKW",
        "PBES2-HS256+A128KW",
        "ECDH-ES+A256KW on P-256",
        "ECDH-ES on X25519",
        "RSA-OAEP-256",
    ];
    match cell.name.split_once(" with ") {
        Some((alg, enc)) if !alg.contains(" in ") => {
            JWE.contains(&alg) && enc == "A256GCM" || cell.name == "dir with A128CBC-HS256"
        }
        _ => !matches!(&*cell.name, "HS384" | "HS512" | "RS384" | "RS512" | "PS384" | "PS512" | "ES384"),
    }
}

fn codecs() -> Vec<Reads> {
    let codecs = cells().iter().filter(|cell| is_one_of_a_kind(cell)).map(|cell| {
        reads(&cell.name, SENDER, |text| {
            let _shape = cell.codec.recognizes(&RawToken::new(text));
            let opened = cell.codec.open_at(text, at(NOW));
            let decoded = cell.codec.decode_at::<Value>(text, at(NOW));
            if let Ok(token) = &decoded {
                assert!(opened.is_ok() && !token.envelope().alg().is_empty());
            }
            let policy = Validator::new().audience("api");
            let read = decoded.and_then(|token| token.validate_at(&policy, at(NOW)));
            opened.and_then(|_| read.map(drop))
        })
    });
    codecs.collect()
}

/// What stands below the codecs.
fn serializations() -> Vec<Reads> {
    let ring = || Keyring::new(hs256());
    let (limits, now) = (Limits::default(), at(NOW));
    let mut all = vec![
        reads("peek", SENDER, |text| {
            let peeked = Unverified::peek(text)?;
            let _told = (peeked.alg(), peeked.kid(), peeked.typ());
            peeked.claims_unverified::<Value>().map(drop)
        }),
        reads("compact", SENDER, move |text| compact::verify(text, &ring(), &limits, now).map(drop)),
        reads("flattened", SENDER, move |text| {
            flattened::verify(text, &ring(), &limits, now)?
                .signature()
                .custom_header::<Value>()
                .map(drop)
        }),
        reads("unencoded", SENDER, move |text| unencoded::verify(text, &ring(), &limits, now).map(drop)),
        reads("detached", SENDER, move |text| {
            let compact = detached::verify(text, b"payload", &ring(), &limits, now);
            let flattened = detached::verify_flattened(text, b"payload", &ring(), &limits, now);
            compact.or(flattened).map(drop)
        }),
    ];
    for wanted in [Signatures::Any, Signatures::All] {
        all.push(reads("general", SENDER, move |text| {
            let general = general::verify(text, &ring(), &wanted, &limits, now).map(drop);
            let read = detached::verify_general(text, b"payload", &ring(), &wanted, &limits, now);
            let detached = read.map(drop);
            general.or(detached)
        }));
    }
    #[cfg(feature = "jwe")]
    {
        use symbolon::jwe::{self, json};
        let limits = limits.pbkdf2_rounds(1000);
        #[cfg(feature = "deflate")]
        let limits = limits.inflated_len(1 << 16);
        all.push(reads("JWE in JSON", SENDER, move |text| {
            json::decrypt(text, &crate::jwe_support::dir(), &limits, now)?
                .custom_header::<Value>()
                .map(drop)
        }));
        all.push(reads("encrypted JWK", &[Fault::Token, Fault::Caller], move |text| {
            let ring = crate::jwe_support::dir();
            let one = jwe::decrypt_jwk(text, &ring, &limits, now).map(drop);
            let set = jwe::decrypt_jwk_set(text, &ring, &limits, now).map(drop);
            one.or(set)
        }));
    }
    #[cfg(feature = "amora")]
    all.push(reads("Amora's openers", SENDER, |text| {
        use symbolon::{AmoraOpener, amora};
        let peeked = amora::peek(text).map(drop);
        for opener in [AmoraOpener::zero(&[7; 32]), AmoraOpener::one(&[7; 32])] {
            let _late = opener.danger_open_expired(text);
            let _now = opener.open(text, at(NOW));
        }
        peeked
    }));
    #[cfg(feature = "sealed")]
    all.push(reads("sealed keys", SENDER, |text| {
        let _headerless = symbolon::HeaderlessKey::new([7; 32])?.open(text);
        symbolon::SealedKey::new([7; 32])?.open(text).map(drop)
    }));
    all
}

/// Keys, secrets and settings.
fn keys() -> Vec<Reads> {
    let mut all = vec![
        reads("JWK", CALLER, |text| {
            let jwk = Jwk::from_json(text)?;
            let _told = (jwk.thumbprint(), jwk.to_public(), symbolon::Signer::from_jwk(&jwk).map(drop));
            Ok(())
        }),
        reads("JWK Set", CALLER, |text| {
            let set = JwkSet::from_json(text)?;
            let _ring = Keyring::from_jwk_set(&set);
            set.to_public().and_then(|set| set.to_json()).map(drop)
        }),
        reads("key's name", CALLER, |text| KeyId::new(text).map(drop)),
        reads("base64url", CALLER, |text| OctKey::from_base64url(text).map(drop)),
        reads("rotation's store", NOT_SENDER, |text| KeySchedule::from_json(text).map(drop)),
        reads("authorization header", SENDER, |text| {
            let _several = bearer::from_authorization([text, "Bearer x"]);
            bearer::from_authorization([text]).map(drop)
        }),
        reads("cookie", SENDER, |text| bearer::from_cookie([text], "token").map(drop)),
    ];
    for encoding in [SecretEncoding::Raw, SecretEncoding::Hex, SecretEncoding::Base64] {
        all.push(reads(format!("secret in {encoding:?}"), NOT_SENDER, move |text| {
            Secret::decode(text, encoding, 0).map(drop)
        }));
    }
    #[cfg(feature = "pem")]
    all.push(reads("PEM and DER", CALLER, |text| {
        use symbolon::{KeyMaterial, Verifier};
        let _der = KeyMaterial::from_der(text);
        let _encrypted = KeyMaterial::from_encrypted_pem(text, "password");
        let _verifier = Verifier::from_pem(text, JwsAlg::ES256);
        KeyMaterial::from_pem(text).map(drop)
    }));
    all
}

fn readers() -> &'static [Reads] {
    static READERS: OnceLock<Vec<Reads>> = OnceLock::new();
    READERS.get_or_init(|| [codecs(), serializations(), keys()].into_iter().flatten().collect())
}

/// A good text of each kind.
fn good() -> &'static [String] {
    static GOOD: OnceLock<Vec<String>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let body = Body::new(br#"{"exp":4102444800,"aud":["api"]}"#)
            .issued_at(at(NOW))
            .expires_at(at(NOW + 60));
        let tokens = cells().iter().filter(|cell| is_one_of_a_kind(cell));
        let mut good: Vec<String> = tokens.map(|cell| cell.codec.seal(&body).unwrap()).collect();
        let signer = hs256();
        let new = || NewSignature::by(&signer);
        good.extend([
            flattened::sign(b"payload", &new()).unwrap(),
            general::sign(b"payload", &[new(), new().typ("x")]).unwrap(),
            detached::sign(b"payload", &new().unencoded()).unwrap(),
            detached::sign_flattened(b"payload", &new()).unwrap(),
            detached::sign_general(b"payload", &[new()]).unwrap(),
            unencoded::sign("payload", &new()).unwrap(),
            format!("Bearer {}", good[0]),
            "07".repeat(32),
            "BwcHBwcHBwcHBwcHBwcHBwcHBwc=".into(),
            format!("a=b; token={}; c=d", good[0]),
        ]);
        #[cfg(feature = "jwe")]
        {
            use symbolon::jwe::{Content, json};
            let ring = crate::jwe_support::dir();
            let writer = ring.primary().unwrap();
            let content = Content::new(b"payload").additional_data(b"aad");
            good.push(json::encrypt_flattened(&content, &(), &(), writer).unwrap());
            good.push(json::encrypt_general(&content, &(), &(), std::slice::from_ref(writer)).unwrap());
            let jwk = Jwk::generate(JwsAlg::ES256).unwrap();
            good.push(symbolon::jwe::encrypt_jwk(&jwk, writer).unwrap());
        }
        for (key, _) in crate::support::signers() {
            let jwk = Jwk::from(key.clone()).with_kid("k").unwrap();
            let text = jwk.danger_to_secret_json().as_str().to_owned();
            good.extend([format!(r#"{{"keys":[{text}]}}"#), text]);
            #[cfg(feature = "pem")]
            if key.key_type() != symbolon::KeyType::Oct {
                good.push(key.to_pkcs8_pem().unwrap().as_str().to_owned());
                good.push(key.to_public().unwrap().to_spki_pem().unwrap());
            }
        }
        let policy = RotationPolicy::every(Duration::DAY).keep_for(Duration::HOUR);
        let rotator = Rotator::builder(JwsAlg::HS256, policy).open(MemoryStore::new()).unwrap();
        good.push(rotator.schedule().danger_to_secret_json().as_str().to_owned());
        good
    })
}

/// What is put in, or in another's place.
const BITS: [&str; 24] = [
    ".",
    "..",
    "=",
    "+",
    " ",
    "\n",
    "\0",
    "\"",
    "\\",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "é",
    "\u{feff}",
    "null",
    "1e999",
    "-1",
    "AAAA",
    "eyJhbGciOiJub25lIn0",
    "-----",
];

#[derive(Debug, Clone)]
enum Edit {
    Cut(Index),
    Remove(Index, Index),
    Insert(Index, &'static str),
    Replace(Index, &'static str),
    /// A stretch of another good text in the place of one of this.
    Splice(Index, Index, Index, Index),
    Swap(Index, Index),
    /// A bit of what a part spells, where it spells something.
    Flip(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    let bit = || prop::sample::select(BITS.to_vec());
    prop_oneof![
        1 => index().prop_map(Edit::Cut),
        2 => (index(), index()).prop_map(|(from, to)| Edit::Remove(from, to)),
        4 => (index(), bit()).prop_map(|(at, bit)| Edit::Insert(at, bit)),
        4 => (index(), bit()).prop_map(|(at, bit)| Edit::Replace(at, bit)),
        2 => (index(), index(), index(), index()).prop_map(|(a, b, c, d)| Edit::Splice(a, b, c, d)),
        1 => (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        3 => (index(), index()).prop_map(|(part, bit)| Edit::Flip(part, bit)),
    ]
}

/// A stretch of `text` between two places, on letters' boundaries.
fn stretch(text: &str, from: &Index, to: &Index) -> std::ops::Range<usize> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (from, to) = (places[from.index(places.len())], places[to.index(places.len())]);
    from.min(to)..from.max(to)
}

fn edited(mut text: String, edit: &Edit) -> String {
    match edit {
        Edit::Cut(at) => {
            let end = stretch(&text, at, at).end;
            text.truncate(end);
        }
        Edit::Remove(from, to) => text.replace_range(stretch(&text, from, to), ""),
        Edit::Insert(at, bit) => text.insert_str(stretch(&text, at, at).start, bit),
        Edit::Replace(at, bit) => {
            let start = stretch(&text, at, at).start;
            let end = text[start..].chars().next().map_or(start, |letter| start + letter.len_utf8());
            text.replace_range(start..end, bit);
        }
        Edit::Splice(from, to, other, end) => {
            let other = &good()[other.index(good().len())];
            text.replace_range(stretch(&text, from, to), &other[stretch(other, end, from)]);
        }
        Edit::Swap(one, other) => {
            let mut parts: Vec<&str> = text.split('.').collect();
            let (one, other) = (one.index(parts.len()), other.index(parts.len()));
            parts.swap(one, other);
            text = parts.join(".");
        }
        Edit::Flip(part, bit) => {
            let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            let part = part.index(parts.len());
            if let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(&parts[part])
                && !bytes.is_empty()
            {
                let bit = bit.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                parts[part] = base64url(bytes);
            }
            text = parts.join(".");
        }
    }
    text
}

fn text() -> impl Strategy<Value = String> {
    let good = any::<Index>().prop_map(|at| good()[at.index(good().len())].clone());
    let damaged = (good, prop::collection::vec(edit(), 1..5))
        .prop_map(|(text, edits)| edits.iter().fold(text, edited));
    prop_oneof![
        1 => any::<String>(),
        1 => "[A-Za-z0-9_.-]{0,120}",
        1 => "(eyJ[A-Za-z0-9_-]{0,40}\\.){0,5}[A-Za-z0-9_-]{0,60}",
        1 => "\\{[ -~]{0,80}\\}",
        1 => "-----BEGIN (PUBLIC|PRIVATE|EC PRIVATE|RSA PRIVATE|ENCRYPTED PRIVATE) KEY-----\n[A-Za-z0-9+/=\n]{0,120}",
        8 => damaged,
    ]
}

#[test]
fn every_good_text_is_read_by_what_it_is_for() {
    for text in good() {
        let readers = readers().iter().filter(|reader| (reader.read)(text).is_ok());
        assert_ne!(readers.count(), 0, "nothing reads {text}");
    }
    // And each reader reads one.
    for reader in readers() {
        let texts = good().iter().filter(|text| (reader.read)(text).is_ok()).count();
        assert_ne!(texts, 0, "{} reads none", reader.name);
    }
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn no_text_makes_a_reader_panic(text in text()) {
        for reader in readers() {
            if let Err(error) = (reader.read)(&text) {
                let fault = error.fault();
                prop_assert!(reader.faults.contains(&fault), "{}: {:?}: {}", reader.name, fault, error);
                // The sender's text is nowhere quoted.
                prop_assert!(text.len() < 12 || !error.to_string().contains(&text), "{}", error);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), good in any::<Index>(), place in any::<Index>()) {
        // Bytes in the place of some of a good text.
        let text = self::good()[good.index(self::good().len())].as_bytes();
        let place = place.index(text.len());
        let damaged = [&text[..place], &bytes, text.get(place + bytes.len()..).unwrap_or_default()].concat();
        for bytes in [&bytes, &damaged] {
            let _jwk = Jwk::from_json(bytes);
            let _set = JwkSet::from_json(bytes);
            let _key = OctKey::new(bytes.clone());
            let _schedule = KeySchedule::from_json(bytes);
            let _secret = Secret::decode(bytes, SecretEncoding::Base64, 0);
            let _header = bearer::from_authorization([&bytes[..]]);
            let _cookie = bearer::from_cookie([&bytes[..]], "token");
            #[cfg(feature = "pem")]
            {
                let _pem = symbolon::KeyMaterial::from_pem(bytes);
                let _der = symbolon::KeyMaterial::from_der(bytes);
                let _encrypted = symbolon::KeyMaterial::from_encrypted_der(bytes, "password");
            }
            // Authentic, and yet anything: claims of a service that is not to be trusted.
            for cell in cells().iter().filter(|cell| cell.is_quick) {
                let body = Body::new(bytes).issued_at(at(NOW)).expires_at(at(NOW + 60));
                let token = cell.codec.seal(&body).unwrap();
                if let Err(error) = cell.codec.decode_at::<IgnoredAny>(&token, at(NOW)) {
                    prop_assert_eq!(error.kind(), symbolon::ErrorKind::MalformedClaims, "{}", cell.name);
                }
            }
        }
    }
}
