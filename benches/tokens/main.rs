//! What a service does over and over, and what it does once a key.
//!
//! `cargo bench --bench tokens` runs all; `cargo bench --bench tokens -- decode/ES256` what matches. How
//! symbolon stands to its peers `benches/peers/` measures, and how it grows `benches/scaling.rs`.

#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

mod claims;
mod codec;
mod key;
mod message;
mod refusal;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use symbolon::{Claims, Jwk, JwsAlg, Validator};
use time::OffsetDateTime;

/// Some 200 bytes of claims, as a session has.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    user: u64,
    name: String,
    roles: Vec<String>,
}

fn session() -> Session {
    let roles = ["admin", "editor"].map(str::to_owned).to_vec();
    Session { user: 7, name: "Zoë Example".to_owned(), roles }
}

fn claims() -> Claims<Session> {
    let now = OffsetDateTime::now_utc();
    Claims::new(session())
        .with_issuer("https://id.example")
        .with_subject("7")
        .with_audience("api")
        .with_issued_at(now)
        .with_expiry(now + time::Duration::hours(24))
}

fn validator() -> Validator {
    Validator::new().issuer("https://id.example").audience("api")
}

/// A key for each signature algorithm that a key can be made for in this build.
fn signing_keys() -> Vec<Jwk> {
    let fresh = |alg| Jwk::generate(alg).and_then(|key| key.with_kid("2026-11"));
    JwsAlg::all().filter_map(|alg| fresh(alg).ok()).collect()
}

/// Each way to encrypt to a key that has one: key management, content encryption, key.
#[cfg(feature = "jwe")]
fn encrypting_keys() -> Vec<(symbolon::JweAlg, symbolon::JweEnc, symbolon::KeyMaterial)> {
    use symbolon::{
        EcCurve, EcPrivateKey, JweAlg, JweEnc, KeyMaterial, OctKey, OkpCurve, OkpPrivateKey,
        RsaPrivateKey,
    };

    let oct = |len| OctKey::generate(len).map(KeyMaterial::from);
    let ec = |curve| EcPrivateKey::generate(curve).map(KeyMaterial::from);
    let x25519 = OkpPrivateKey::generate(OkpCurve::X25519).map(KeyMaterial::from);
    let rsa = RsaPrivateKey::generate(2048).map(KeyMaterial::from);
    // A backend may have no such keys.
    let of = |alg, enc, key: symbolon::Result<KeyMaterial>| key.ok().map(|key| (alg, enc, key));
    [
        of(JweAlg::DIR, JweEnc::A256GCM, oct(32)),
        of(JweAlg::DIR, JweEnc::A128CBC_HS256, oct(32)),
        of(JweAlg::DIR, JweEnc::XC20P, oct(32)),
        of(JweAlg::A256KW, JweEnc::A256GCM, oct(32)),
        of(JweAlg::A256KW, JweEnc::A128CBC_HS256, oct(32)),
        of(JweAlg::A256GCMKW, JweEnc::A256GCM, oct(32)),
        of(JweAlg::ECDH_ES, JweEnc::A256GCM, ec(EcCurve::P256)),
        of(JweAlg::ECDH_ES_A256KW, JweEnc::A256GCM, ec(EcCurve::P384)),
        of(JweAlg::ECDH_ES, JweEnc::A256GCM, x25519),
        of(JweAlg::RSA_OAEP_256, JweEnc::A256GCM, rsa),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Such a way by name, with the key's curve where it has one.
#[cfg(feature = "jwe")]
fn way(alg: symbolon::JweAlg, enc: symbolon::JweEnc, key: &symbolon::KeyMaterial) -> String {
    key.curve().map_or_else(|| format!("{alg} {enc}"), |curve| format!("{alg} {enc} {curve}"))
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = codec::bench, message::bench, claims::bench, key::bench, refusal::bench
}
criterion_main!(benches);
