//! What the fuzz targets call, a function each, and the replay of their corpus on stable.
//!
//! `fuzz/src/lib.rs` includes this file, so that a replayed input goes where the fuzzer found it. Each
//! function takes any bytes, must not panic, and asserts what holds of every input.

#![allow(unreachable_pub)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::OnceLock;

use serde_json::Value;
use symbolon::jws::{Unverified, compact};
use symbolon::{
    Body, FixedClock, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, Keyring, Limits, OctKey, RawToken,
    RingKey, Signer, TokenCodec, TokenCodecExt, Validator, Verifier,
};
use time::OffsetDateTime;

/// The moment of every call: 2026-11-01.
pub const NOW: i64 = 1_793_491_200;

/// RFC 7515 A.2.
const RSA: &str = r#"{"kty":"RSA","kid":"rs","alg":"RS256","e":"AQAB",
"n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;

/// RFC 7515 A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"es",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 8037 A.1.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

pub const SECRET: [u8; 32] = *b"a secret of exactly 32 bytes ...";

fn good<T>(result: symbolon::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the fixed set-up: {error}"))
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Keys that sign: a secret and two private keys.
pub fn signers() -> &'static [Signer; 3] {
    static SIGNERS: OnceLock<[Signer; 3]> = OnceLock::new();
    SIGNERS.get_or_init(|| {
        let hs = good(OctKey::new(SECRET).and_then(|key| key.signer(HmacAlg::Hs256)));
        let jwk = |json| good(Jwk::from_json(json).and_then(|jwk| Signer::from_jwk(&jwk)));
        [good(hs.with_kid("hs")), jwk(EC), jwk(ED)]
    })
}

fn ring() -> &'static Keyring {
    static RING: OnceLock<Keyring> = OnceLock::new();
    RING.get_or_init(|| {
        let [hs, es, ed] = signers();
        let rs = good(Jwk::from_json(RSA).and_then(|jwk| Verifier::from_jwk(&jwk)));
        good(Keyring::new(hs.clone()).with_readers([es.verifier(), ed.verifier(), rs]))
    })
}

fn codec() -> &'static JwsCodec {
    static CODEC: OnceLock<JwsCodec> = OnceLock::new();
    CODEC.get_or_init(|| JwsCodec::new(ring().clone()))
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

/// A compact token against fixed keys.
pub fn jws_compact(data: &[u8]) {
    let Some(token) = text(data) else { return };
    let peeked = Unverified::peek(token);
    let signed = compact::verify(token, ring(), &Limits::default(), now());
    let opened = codec().open_at(token, now());
    assert_eq!(signed.is_ok(), opened.is_ok(), "both layers judge alike");
    if let (Ok(signed), Ok(opened)) = (&signed, opened) {
        // White space in front of a header's `{` is legal, but no shape to know a token by.
        assert!(codec().recognizes(&RawToken::new(token)) || !token.starts_with('e'));
        assert_eq!(signed.payload(), opened.payload_unvalidated());
        assert!(peeked.is_ok_and(|peeked| peeked.payload_unverified() == signed.payload()));
    }
    judge(token);
}

/// All that becomes of a token's claims.
fn judge(token: &str) {
    for validator in validators() {
        if let Ok(token) = codec().decode_at::<Value>(token, now()) {
            let unvalidated = token.claims_unvalidated();
            if let Ok(verified) = token.validate(validator) {
                assert!(
                    verified
                        .registered()
                        .expires_at()
                        .is_some_and(|end| end > now() - time::Duration::MINUTE)
                );
                assert!(unvalidated.is_ok_and(|claims| claims.custom() == verified.custom()));
            }
        }
    }
}

/// The JSON of a header, under a good signature.
pub fn header(data: &[u8]) {
    let encoded = URL_SAFE_NO_PAD.encode(data);
    for signer in signers() {
        let mut token = format!("{encoded}.{}", URL_SAFE_NO_PAD.encode(r#"{"exp":4102444800}"#));
        let signature = good(signer.sign(token.as_bytes()));
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        if let Ok((token, header)) = codec().decode_with_header::<Value, Value>(&token) {
            // What is accepted names the key's algorithm, and no parameter that must be understood.
            let alg = header.get("alg").and_then(Value::as_str);
            assert!(alg.is_some_and(|alg| signer.verifier().fits(alg)));
            assert!(header.get("crit").is_none() && header.get("b64").is_none());
            assert_eq!(token.envelope().alg(), signer.alg().name());
        }
        jws_compact(token.as_bytes());
    }
}

/// The JSON of claims, under a good signature.
pub fn claims(data: &[u8]) {
    let [signer, ..] = signers();
    for parameters in [compact::Parameters::new(), compact::Parameters::new().typ("at+jwt")] {
        let token = good(compact::sign(data, &parameters, &(), signer));
        if let Ok(token) = codec().decode_at::<Value>(&token, now()) {
            // `Value` holds no number beyond f64; what it does hold is an object.
            assert!(token.claims_unvalidated().map_or(true, |claims| claims.custom().is_object()));
        }
        judge(&token);
    }
}

/// One key as JSON.
pub fn jwk(data: &[u8]) {
    let Ok(key) = Jwk::from_json(data) else { return };
    key_as_text(&key);
    let _ = key.thumbprint_uri();
    for alg in JwsAlg::all() {
        let _ = Verifier::from_jwk_as(&key, alg);
    }
    if let Ok(signer) = Signer::from_jwk(&key) {
        // Its public half need not be for verifying, by the key's own words.
        let signature = signer.sign(b"message");
        assert!(signature.is_ok_and(|signature| signer.verifier().verify(b"message", &signature)));
    }
}

/// What is written of a key is read back as that key.
fn key_as_text(key: &Jwk) {
    let written = key.danger_to_secret_json();
    assert!(Jwk::from_json(written.as_str()).is_ok_and(|read| read == *key), "{key:?}");
    if let Ok(public) = key.to_public() {
        let written = good(public.to_json());
        assert!(Jwk::from_json(written).is_ok_and(|read| read == public), "{key:?}");
    }
}

/// A set of keys as JSON.
pub fn jwks(data: &[u8]) {
    let Ok(set) = JwkSet::from_json(data) else { return };
    let ring = Keyring::from_jwk_set(&set);
    let _ = ring.candidates(None, "RS256", NOW).map(Iterator::count);
    for skipped in set.skipped() {
        let _ = skipped.error().to_string();
    }
    for key in set.iter() {
        key_as_text(key);
    }
}

/// A key as PEM, or as DER.
#[cfg(feature = "pem")]
pub fn pem(data: &[u8]) {
    use symbolon::KeyMaterial;

    for key in [KeyMaterial::from_pem(data), KeyMaterial::from_der(data)].into_iter().flatten() {
        key_as_text(&Jwk::from(key.clone()));
        if key.is_secret() {
            let written = good(key.to_pkcs8_pem());
            assert!(KeyMaterial::from_pem(written.as_str()).is_ok_and(|read| read == key), "{key:?}");
        }
        if let Some(public) = key.to_public() {
            let written = good(public.to_spki_pem());
            assert!(KeyMaterial::from_pem(&written).is_ok_and(|read| read == public), "{key:?}");
            let der = good(public.to_spki_der());
            assert!(KeyMaterial::from_der(&der).is_ok_and(|read| read == public), "{key:?}");
        }
    }
}

/// An Amora token, as text and as the bytes behind it.
#[cfg(feature = "amora")]
pub fn amora(data: &[u8]) {
    use symbolon::amora::peek;
    use symbolon::{AmoraCodec, AmoraOpener};

    static KEYS: OnceLock<[(AmoraOpener, AmoraCodec); 2]> = OnceLock::new();

    fn all(token: &str) {
        let peeked = peek(token);
        for (opener, codec) in KEYS.get_or_init(|| {
            [
                (AmoraOpener::zero(&SECRET), AmoraCodec::zero(&SECRET)),
                (AmoraOpener::one(&SECRET), AmoraCodec::one(&SECRET)),
            ]
        }) {
            let opened = opener.danger_open_expired(token);
            if let Ok(contents) = opener.open(token, now()) {
                let metadata = *contents.metadata();
                assert!(metadata.expires_at_unix() > NOW);
                assert!(peeked.as_ref().is_ok_and(|peeked| *peeked.unverified() == metadata));
                assert!(opened.is_ok_and(|opened| opened.payload() == contents.payload()));
            }
            let _ = codec.open_at(token, now()).map(|opened| opened.validate(&validators()[0]));
        }
    }
    text(data).into_iter().for_each(all);
    all(&URL_SAFE_NO_PAD.encode(data));
}

/// A sealed token of either layout, as text and as the bytes behind it.
#[cfg(feature = "sealed")]
pub fn sealed(data: &[u8]) {
    use symbolon::{HeaderlessSealedCodec, SealedCodec};

    static CODECS: OnceLock<[Box<dyn TokenCodec>; 2]> = OnceLock::new();

    fn all(token: &str) {
        for codec in CODECS.get_or_init(|| {
            [
                Box::new(good(SealedCodec::from_master(SECRET))),
                Box::new(good(HeaderlessSealedCodec::from_master(SECRET))),
            ]
        }) {
            if codec.open_at(token, now()).is_ok() {
                assert!(codec.recognizes(&RawToken::new(token)));
            }
            let _ = codec.decode_at::<Value>(token, now()).map(|token| token.validate(&validators()[0]));
        }
    }
    text(data).into_iter().for_each(all);
    let encoded = URL_SAFE_NO_PAD.encode(data);
    all(&encoded);
    all(&format!("se{encoded}"));
}

/// Issues a token, changes one of its bytes, and demands that it is refused. The input: which format,
/// which byte (two bytes), with what it is changed, and the payload.
pub fn one_changed_byte(data: &[u8]) {
    let Some((&[format, high, low, change], payload)) = data.split_first_chunk() else { return };
    if change == 0 {
        return;
    }
    let codecs = codecs();
    let codec = &*codecs[usize::from(format) % codecs.len()];
    // The headerless layout carries JSON objects alone.
    let json = serde_json::json!({ "exp": 4_102_444_800_i64, "data": URL_SAFE_NO_PAD.encode(payload) })
        .to_string();
    let body = Body::new(if format & 0x80 == 0 { payload } else { json.as_bytes() }).issued_at(now());
    let body = body.expires_at(now() + time::Duration::MINUTE);
    let Ok(token) = codec.seal(&body) else { return };
    assert!(codec.open_at(&token, now()).is_ok(), "what is issued is read");

    let mut changed = token.into_bytes();
    let at = usize::from(u16::from_be_bytes([high, low])) % changed.len();
    changed[at] ^= change;
    if let Some(token) = text(&changed) {
        assert!(
            codec.open_at(token, now()).is_err(),
            "format {format}, byte {at} changed by {change:#x}"
        );
    }
}

/// A codec of every format that is compiled in.
pub fn codecs() -> &'static [Box<dyn TokenCodec>] {
    static CODECS: OnceLock<Vec<Box<dyn TokenCodec>>> = OnceLock::new();
    CODECS.get_or_init(|| {
        let jws = signers()
            .iter()
            .cloned()
            .map(|signer| Box::new(JwsCodec::new(signer)) as Box<dyn TokenCodec>);
        #[allow(unused_mut)]
        let mut codecs: Vec<_> = jws.collect();
        #[cfg(feature = "amora")]
        {
            codecs.push(Box::new(symbolon::AmoraCodec::zero(&SECRET)));
            codecs.push(Box::new(symbolon::AmoraCodec::one(&SECRET)));
        }
        #[cfg(feature = "sealed")]
        for cipher in [symbolon::SealedCipher::Aes256Gcm, symbolon::SealedCipher::XChaCha20Poly1305] {
            codecs.push(Box::new(good(symbolon::SealedCodec::from_master(SECRET)).cipher(cipher)));
            codecs.push(Box::new(
                good(symbolon::HeaderlessSealedCodec::from_master(SECRET)).cipher(cipher),
            ));
        }
        codecs
    })
}

/// A target's name, which its folder in the corpus has too, and its function.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("jws_compact", jws_compact),
    ("header", header),
    ("claims", claims),
    ("jwk", jwk),
    ("jwks", jwks),
    #[cfg(feature = "pem")]
    ("pem", pem),
    #[cfg(feature = "amora")]
    ("amora", amora),
    #[cfg(feature = "sealed")]
    ("sealed", sealed),
    ("one_changed_byte", one_changed_byte),
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
