//! Claims to JSON and back, and the policy: all that is left of a token without its cryptography.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use symbolon::{
    Body, Envelope, Format, Provenance, RawToken, Result, TokenCodec, TokenCodecExt, Verified,
};

use super::{Session, claims, validator};

/// A format that is its payload, and believes whatever it reads.
struct Plain;

impl TokenCodec for Plain {
    fn recognizes(&self, _: &RawToken<'_>) -> bool {
        true
    }

    fn provenance(&self) -> Provenance {
        Provenance::Anyone
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        out.push_str(str::from_utf8(body.payload()).unwrap_or_default());
        Ok(())
    }

    fn decode_into(&self, token: &RawToken<'_>, _: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        out.extend_from_slice(token.as_str().as_bytes());
        Ok(Envelope::new(Format::Other("plain"), "plain", Provenance::Anyone))
    }
}

pub(crate) fn bench(c: &mut Criterion) {
    let (claims, validator) = (claims(), validator());
    let json = Plain.encode(&claims).unwrap();
    let mut group = c.benchmark_group("claims");
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("write", |b| b.iter(|| Plain.encode(black_box(&claims))));
    group.bench_function("read and validate", |b| {
        b.iter(|| -> Result<Verified<Session>> { Plain.decode(black_box(&json))?.validate(&validator) });
    });
    group.finish();
}
