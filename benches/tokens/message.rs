//! The layers below the codecs, by size of the payload: what base64, hash and cipher cost beside the
//! key's own operation.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use symbolon::jws::compact::{self, Parameters};
use symbolon::{JwsAlg, Keyring, Limits, Signer};
use time::OffsetDateTime;

const LENGTHS: [usize; 5] = [156, 1024, 4096, 65_536, 524_288];

pub(crate) fn bench(c: &mut Criterion) {
    sign_and_verify(c);
    #[cfg(feature = "jwe")]
    encrypt_and_decrypt(c);
}

fn sign_and_verify(c: &mut Criterion) {
    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    for alg in [JwsAlg::HS256, JwsAlg::HS512, JwsAlg::ES256, JwsAlg::EDDSA] {
        let signer = Signer::generate(alg).unwrap();
        let ring = Keyring::new(signer.clone());
        let mut group = c.benchmark_group(format!("jws/{alg}"));
        for len in LENGTHS {
            let payload = vec![b'x'; len];
            let token = compact::sign(&payload, &Parameters::new(), &(), &signer).unwrap();
            group.throughput(Throughput::Bytes(len as u64));
            group.bench_function(format!("sign/{len}"), |b| {
                b.iter(|| compact::sign(black_box(&payload), &Parameters::new(), &(), &signer));
            });
            group.bench_function(format!("verify/{len}"), |b| {
                b.iter(|| compact::verify(black_box(&token), &ring, &limits, now));
            });
        }
        group.finish();
    }
}

#[cfg(feature = "jwe")]
fn encrypt_and_decrypt(c: &mut Criterion) {
    use symbolon::jwe::{Content, compact};
    use symbolon::{Encrypter, JweAlg};

    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    for (alg, enc, key) in super::encrypting_keys() {
        // Of the other algorithms the content is no different.
        let Ok(encrypter) = Encrypter::new(alg, enc, &key) else { continue };
        let lengths = if alg == JweAlg::DIR { &LENGTHS[..] } else { &[156] };
        let ring = Keyring::new(encrypter.clone());
        let mut group = c.benchmark_group(format!("jwe/{}", super::way(alg, enc, &key)));
        for len in lengths {
            let payload = vec![b'x'; *len];
            let content = Content::new(&payload);
            group.throughput(Throughput::Bytes(*len as u64));
            group.bench_function(format!("encrypt/{len}"), |b| {
                b.iter(|| compact::encrypt(black_box(&content), &(), &encrypter));
            });
            if ring.is_empty() {
                continue;
            }
            let token = compact::encrypt(&content, &(), &encrypter).unwrap();
            group.bench_function(format!("decrypt/{len}"), |b| {
                b.iter(|| compact::decrypt(black_box(&token), &ring, &limits, now));
            });
        }
        group.finish();
    }
}
