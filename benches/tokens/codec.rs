//! A token from claims, and claims from a token, in every format.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use symbolon::{JwsCodec, Result, Signer, TokenCodec, TokenCodecExt, Tokens, Verified};

use super::{Session, claims, session, signing_keys, validator};

pub(crate) fn bench(c: &mut Criterion) {
    for key in signing_keys() {
        // A backend may verify what it cannot sign.
        if let Ok(signer) = Signer::from_jwk(&key) {
            let name = signer.alg().name();
            round(c, name, JwsCodec::new(signer));
        }
    }
    #[cfg(feature = "jwe")]
    for (alg, enc, key) in super::encrypting_keys() {
        if let Some(codec) = decrypting(alg, enc, &key) {
            round(c, &super::way(alg, enc, &key), codec);
        }
    }
    #[cfg(feature = "jwe")]
    {
        let inner = JwsCodec::new(Signer::generate(symbolon::JwsAlg::ES256).unwrap());
        let outer = symbolon::JweCodec::a256gcm([7; 32]).unwrap();
        round(c, "nested ES256 in dir A256GCM", symbolon::Nested::new(outer, inner));
    }
    #[cfg(feature = "amora")]
    {
        round(c, "Amora zero", symbolon::AmoraCodec::zero(&[7; 32]));
        round(c, "Amora one", symbolon::AmoraCodec::one(&[7; 32]));
    }
    #[cfg(feature = "sealed")]
    for cipher in [symbolon::SealedCipher::Aes256Gcm, symbolon::SealedCipher::XChaCha20Poly1305] {
        let sealed = symbolon::SealedCodec::from_master([7; 32]).unwrap().cipher(cipher);
        round(c, &format!("sealed {cipher}"), sealed);
        let headerless = symbolon::HeaderlessSealedCodec::from_master([7; 32]).unwrap().cipher(cipher);
        round(c, &format!("sealed headerless {cipher}"), headerless);
    }
    // The second of two readers: what picking it by its shape costs.
    #[cfg(feature = "amora")]
    {
        let old = JwsCodec::hs256([7; 32]).unwrap();
        let token = old.encode(&claims()).unwrap();
        let codec = symbolon::AnyOf::new(symbolon::AmoraCodec::zero(&[7; 32])).or(old);
        read(c, "any of two, HS256 second", &codec, &token);
    }
}

/// A codec that reads what it writes; none where this build cannot decrypt so.
#[cfg(feature = "jwe")]
fn decrypting(
    alg: symbolon::JweAlg,
    enc: symbolon::JweEnc,
    key: &symbolon::KeyMaterial,
) -> Option<symbolon::JweCodec> {
    let codec = symbolon::JweCodec::new(symbolon::Encrypter::new(alg, enc, key).ok()?);
    (!codec.keys().load().is_empty()).then_some(codec)
}

/// By the codec and a validator, and by the service around both.
fn round(c: &mut Criterion, name: &str, codec: impl TokenCodec + Clone + 'static) {
    let claims = claims();
    let token = codec.encode(&claims).unwrap();
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| codec.encode(black_box(&claims))));
    group.finish();
    read(c, name, &codec, &token);

    let tokens = Tokens::<Session>::builder(codec)
        .issuer("https://id.example")
        .audience("api")
        .allow_anonymous_issuer()
        .build()
        .unwrap();
    let session = session();
    let token = tokens.issue(&session).unwrap();
    let mut group = c.benchmark_group("issue");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| tokens.issue(black_box(&session))));
    group.finish();
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| tokens.verify(black_box(&token))));
    group.finish();
}

fn read(c: &mut Criterion, name: &str, codec: &dyn TokenCodec, token: &str) {
    let validator = validator();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| {
        b.iter(|| -> Result<Verified<Session>> { codec.decode(black_box(token))?.validate(&validator) });
    });
    group.finish();
}
