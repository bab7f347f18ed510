//! Refusing costs no more than accepting.

use std::hint::black_box;

use criterion::Criterion;
use symbolon::{ErrorKind, JwsAlg, JwsCodec, Signer, TokenCodecExt};

use super::{Session, claims};

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("refuse");
    let codec = JwsCodec::new(Signer::generate(JwsAlg::ES256).unwrap());
    let token = codec.encode(&claims()).unwrap();
    let mut forged = token.clone();
    let place = token.len() - 10..token.len() - 9;
    forged.replace_range(place.clone(), if &token[place] == "A" { "B" } else { "A" });
    let dots = ".".repeat(100_000);
    let unknown = JwsCodec::hs256([7; 32]).unwrap().encode(&claims()).unwrap();
    for (name, token) in [("forged", forged), ("dots", dots), ("another algorithm", unknown)] {
        assert!(codec.decode::<Session>(&token).is_err_and(|error| error.kind() != ErrorKind::Expired));
        group.bench_function(name, |b| b.iter(|| codec.decode::<Session>(black_box(&token))));
    }
    group.finish();
}
