//! What is done once a key, and finding a key among many.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use symbolon::{Jwk, JwkSet, JwsAlg, Keyring, Result, Signer, Verifier};

use super::signing_keys;

pub(crate) fn bench(c: &mut Criterion) {
    prepare(c);
    read_sets(c);
    look_up(c);
}

fn prepare(c: &mut Criterion) {
    let mut group = c.benchmark_group("prepare");
    for key in signing_keys() {
        let alg = key.alg().unwrap().to_owned();
        if Signer::from_jwk(&key).is_ok() {
            let name = format!("signer/{alg}");
            group.bench_function(name, |b| b.iter(|| Signer::from_jwk(black_box(&key))));
        }
        let public = key.to_public().unwrap_or_else(|_| key.clone());
        let name = format!("verifier/{alg}");
        group.bench_function(name, |b| b.iter(|| Verifier::from_jwk(black_box(&public))));
    }
    #[cfg(feature = "jwe")]
    for (alg, enc, key) in super::encrypting_keys() {
        use symbolon::{Decrypter, Encrypter};

        let public = key.to_public().unwrap_or_else(|| key.clone());
        let of = super::way(alg, enc, &key);
        if Encrypter::new(alg, enc, &public).is_ok() {
            group.bench_function(format!("encrypter/{of}"), |b| {
                b.iter(|| Encrypter::new(alg, enc, black_box(&public)));
            });
        }
        if Decrypter::new(alg, enc, &key).is_ok() {
            group.bench_function(format!("decrypter/{of}"), |b| {
                b.iter(|| Decrypter::new(alg, enc, black_box(&key)));
            });
        }
    }
    group.finish();
}

/// The text of an issuer's set, of two kinds of keys by turns.
fn published(len: u64) -> String {
    let algs = [JwsAlg::ES256, JwsAlg::EDDSA].into_iter().cycle();
    let key = |(number, alg)| {
        Jwk::generate(alg).and_then(|key| key.to_public()?.with_kid(format!("key-{number}")))
    };
    let keys = (0..len).zip(algs).map(key).collect::<Result<Vec<Jwk>>>().unwrap();
    JwkSet::from_iter(keys).to_json().unwrap()
}

fn read_sets(c: &mut Criterion) {
    let mut group = c.benchmark_group("jwks");
    group.sample_size(10);
    for len in [1, 100, 10_000] {
        let text = published(len);
        group.throughput(Throughput::Elements(len));
        group.bench_function(format!("parse/{len}"), |b| b.iter(|| JwkSet::from_json(black_box(&text))));
        group.bench_function(format!("parse and prepare/{len}"), |b| {
            b.iter(|| JwkSet::from_json(black_box(&text)).map(|set| Keyring::from_jwk_set(&set)));
        });
    }
    group.finish();
}

fn look_up(c: &mut Criterion) {
    let mut group = c.benchmark_group("keyring");
    let key = Signer::generate(JwsAlg::HS256).unwrap().verifier();
    for len in [1_usize, 10, 100, 1_000, 10_000, 100_000] {
        let named = |number| key.clone().with_kid(format!("key-{number}")).unwrap();
        let ring = Keyring::<Signer>::read_only().with_readers((0..len).map(named)).unwrap();
        let kid = format!("key-{}", len / 2);
        group.bench_function(format!("find/{len}"), |b| {
            b.iter(|| {
                ring.candidates(black_box(Some(&kid)), "HS256", 0).map(|mut keys| keys.next().is_some())
            });
        });
    }
    group.finish();
}
