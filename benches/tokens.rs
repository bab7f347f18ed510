//! What a service does over and over: sign and verify, seal and open, read keys and claims.
//!
//! `cargo bench` runs all; `cargo bench -- decode/ES256` what matches.

#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use symbolon::jws::compact::{self, Parameters};
use symbolon::{
    Claims, ErrorKind, Jwk, JwkSet, JwsAlg, JwsCodec, Keyring, Limits, Signer, TokenCodec,
    TokenCodecExt, Validator, Verified, Verifier,
};
use time::{Duration, OffsetDateTime};

/// Some 200 bytes of claims, as a session has.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    user: u64,
    name: String,
    roles: Vec<String>,
}

fn claims() -> Claims<Session> {
    let now = OffsetDateTime::now_utc();
    let roles = ["admin", "editor"].map(str::to_owned).to_vec();
    Claims::new(Session { user: 7, name: "Zoë Example".to_owned(), roles })
        .with_issuer("https://id.example")
        .with_subject("7")
        .with_audience("api")
        .with_issued_at(now)
        .with_expiry(now + Duration::hours(24))
}

fn validator() -> Validator {
    Validator::new().issuer("https://id.example").audience("api")
}

fn keys() -> Vec<Jwk> {
    let fresh = |alg| Jwk::generate(alg).and_then(|key| key.with_kid("2026-11"));
    JwsAlg::all().filter_map(|alg| fresh(alg).ok()).collect()
}

/// A token from claims, and claims from a token: all that the codec and the validator do.
fn round(c: &mut Criterion, name: &str, codec: &dyn TokenCodec) {
    let (claims, validator) = (claims(), validator());
    // A backend may verify what it cannot sign.
    let Ok(token) = codec.encode(&claims) else { return };
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| codec.encode(black_box(&claims))));
    group.finish();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| {
        b.iter(|| -> symbolon::Result<Verified<Session>> {
            codec.decode(black_box(&token))?.validate(&validator)
        });
    });
    group.finish();
}

fn codecs(c: &mut Criterion) {
    for key in keys() {
        if let Ok(signer) = Signer::from_jwk(&key) {
            round(c, signer.alg().name(), &JwsCodec::new(signer));
        }
    }
    #[cfg(feature = "amora")]
    {
        round(c, "Amora zero", &symbolon::AmoraCodec::zero(&[7; 32]));
        round(c, "Amora one", &symbolon::AmoraCodec::one(&[7; 32]));
    }
    #[cfg(feature = "sealed")]
    for cipher in [symbolon::SealedCipher::Aes256Gcm, symbolon::SealedCipher::XChaCha20Poly1305] {
        let sealed = symbolon::SealedCodec::from_master([7; 32]).unwrap().cipher(cipher);
        round(c, &format!("sealed {cipher}"), &sealed);
        let headerless = symbolon::HeaderlessSealedCodec::from_master([7; 32]).unwrap().cipher(cipher);
        round(c, &format!("sealed headerless {cipher}"), &headerless);
    }
}

/// The layer below, by size of the payload: what base64 and the hash cost beside the signature.
fn payloads(c: &mut Criterion) {
    let now = OffsetDateTime::now_utc();
    for alg in [JwsAlg::HS256, JwsAlg::EDDSA] {
        let signer = Signer::generate(alg).unwrap();
        let ring = Keyring::new(signer.clone());
        for len in [64, 1024, 16_384] {
            let payload = vec![b'x'; len];
            let token = compact::sign(&payload, &Parameters::new(), &(), &signer).unwrap();
            let mut group = c.benchmark_group(format!("compact/{alg}"));
            group.throughput(Throughput::Bytes(len as u64));
            group.bench_function(format!("sign/{len}"), |b| {
                b.iter(|| compact::sign(black_box(&payload), &Parameters::new(), &(), &signer));
            });
            group.bench_function(format!("verify/{len}"), |b| {
                b.iter(|| compact::verify(black_box(&token), &ring, &Limits::default(), now));
            });
            group.finish();
        }
    }
}

/// What is done once a key.
fn preparation(c: &mut Criterion) {
    let mut group = c.benchmark_group("prepare");
    for key in keys() {
        let alg = key.alg().unwrap().to_owned();
        if Signer::from_jwk(&key).is_ok() {
            group.bench_function(format!("signer/{alg}"), |b| {
                b.iter(|| Signer::from_jwk(black_box(&key)))
            });
        }
        group.bench_function(format!("verifier/{alg}"), |b| {
            b.iter(|| Verifier::from_jwk(black_box(&key)))
        });
    }
    group.finish();

    let mut group = c.benchmark_group("jwks");
    let publish = |len| -> String {
        let algs = [JwsAlg::ES256, JwsAlg::EDDSA].into_iter().cycle();
        let key = |(number, alg)| {
            Jwk::generate(alg).and_then(|key| key.to_public()?.with_kid(format!("key-{number}")))
        };
        let keys = (0..len).zip(algs).map(key).collect::<symbolon::Result<Vec<Jwk>>>().unwrap();
        JwkSet::from_iter(keys).to_json().unwrap()
    };
    for len in [1_u64, 100] {
        let text = publish(len);
        group.throughput(Throughput::Elements(len));
        group.bench_function(format!("parse/{len}"), |b| b.iter(|| JwkSet::from_json(black_box(&text))));
        group.bench_function(format!("parse and prepare/{len}"), |b| {
            b.iter(|| JwkSet::from_json(black_box(&text)).map(|set| Keyring::from_jwk_set(&set)));
        });
    }
    group.finish();
}

/// Refusing costs no more than accepting.
fn refusals(c: &mut Criterion) {
    let mut group = c.benchmark_group("refuse");
    let codec = JwsCodec::new(Signer::generate(JwsAlg::ES256).unwrap());
    let token = codec.encode(&claims()).unwrap();
    let mut forged = token.clone();
    forged
        .replace_range(token.len() - 10..token.len() - 9, if token.ends_with('A') { "B" } else { "A" });
    let dots = ".".repeat(100_000);
    let unknown = JwsCodec::hs256(vec![7; 32]).unwrap().encode(&claims()).unwrap();
    for (name, token) in [("forged", forged), ("dots", dots), ("another algorithm", unknown)] {
        assert!(codec.decode::<Session>(&token).is_err_and(|error| error.kind() != ErrorKind::Expired));
        group.bench_function(name, |b| b.iter(|| codec.decode::<Session>(black_box(&token))));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2));
    targets = codecs, payloads, preparation, refusals
}
criterion_main!(benches);
