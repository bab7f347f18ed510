//! What tests share.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use symbolon::jws::{Unverified, compact};
use symbolon::{
    Error, ErrorKind, Fault, Jwk, JwsAlg, JwsCodec, Keyring, Limits, RawToken, Signer, TokenCodec,
    TokenCodecExt, Verifier,
};
use time::OffsetDateTime;

/// The JSON of a file of the vectors, such as `rfc7517/examples.json`; none, said on stdout, where
/// the variable `SYMBOLON_VECTORS` names no folder of them.
pub(crate) fn vectors(name: &str) -> Option<serde_json::Value> {
    let Some(folder) = std::env::var_os("SYMBOLON_VECTORS") else {
        let thread = std::thread::current();
        let test = thread.name().filter(|test| *test != "main").unwrap_or(name);
        println!("skipped: {test}: SYMBOLON_VECTORS is not set");
        return None;
    };
    let path = Path::new(&folder).join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Runs each case, prints how many ran, and fails where one was wrong.
pub(crate) fn count<C>(
    source: &str,
    cases: impl IntoIterator<Item = C>,
    judge: impl Fn(C) -> Result<(), String>,
) {
    tally(source, cases, |case| judge(case).map_err(Miss::Wrong));
}

/// Why a case does not count as passed.
#[derive(Debug)]
pub(crate) enum Miss {
    /// It was judged, and wrongly.
    Wrong(String),
    /// It could not be judged, for this reason.
    Skipped(String),
}

impl Miss {
    pub(crate) fn wrong(why: impl Into<String>) -> Self {
        Self::Wrong(why.into())
    }

    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }

    /// An error that should not be: a lack of a backend excuses it.
    pub(crate) fn of(what: &str, error: &Error) -> Self {
        match error.kind() {
            ErrorKind::MissingFeature => Self::Skipped(format!("{what}: {error}")),
            _ => Self::Wrong(format!("{what}: {error}")),
        }
    }
}

/// As [`count`], for sets some cases of which cannot be judged yet: those are counted by reason.
pub(crate) fn tally<C>(
    source: &str,
    cases: impl IntoIterator<Item = C>,
    judge: impl Fn(C) -> Result<(), Miss>,
) {
    let (mut run, mut wrong, mut skipped) = (0, Vec::new(), BTreeMap::<_, usize>::new());
    for case in cases {
        let judged = judge(case);
        if let Err(Miss::Skipped(why)) = judged {
            *skipped.entry(why).or_default() += 1;
            continue;
        }
        run += 1;
        if let Err(Miss::Wrong(why)) = judged {
            wrong.push(why);
        }
    }
    let skips: String =
        skipped.iter().map(|(why, count)| format!(", {count} skipped ({why})")).collect();
    println!("{source}: {run} run, {} wrong{skips}", wrong.len());
    assert!(run > 0, "{source}: no case ran");
    assert!(wrong.is_empty(), "{source}: {wrong:#?}");
}

/// Whether it failed just because a backend is not compiled in.
pub(crate) fn lacks_feature<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::MissingFeature)
}

/// `text` cut off at every byte, then with every single bit flipped.
pub(crate) fn damaged(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..text.len()).map(|end| text[..end].to_vec());
    let flipped = (0..text.len() * 8).map(|bit| {
        let mut text = text.to_vec();
        text[bit / 8] ^= 1 << (bit % 8);
        text
    });
    cut.chain(flipped)
}

/// Bytes without a pattern, the same in each run.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// A token of just this header, which this crate would perhaps not write, with a good signature.
pub(crate) fn signed_as(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, signer: &Signer) -> String {
    signed_input(&format!("{}.{}", base64url(header), base64url(payload)), signer)
}

/// The same of header and payload as they are spelled.
pub(crate) fn signed_input(input: &str, signer: &Signer) -> String {
    format!("{input}.{}", base64url(signer.sign(input.as_bytes()).unwrap()))
}

/// The payload of `token`, read with `ring` in both ways there are, which must agree; at the epoch,
/// since nothing here may depend on the time.
pub(crate) fn read(token: &str, ring: &Keyring, limits: &Limits) -> Result<Vec<u8>, Error> {
    let codec = JwsCodec::new(ring.clone()).limits(*limits);
    // Neither a look at it nor its shape may panic.
    let _shape = codec.recognizes(&RawToken::new(token));
    let _peeked = Unverified::peek(token);
    let opened = codec.open_at(token, OffsetDateTime::UNIX_EPOCH);
    match (compact::verify(token, ring, limits, OffsetDateTime::UNIX_EPOCH), opened) {
        (Ok(signed), Ok(opened)) => {
            assert_eq!(signed.payload(), opened.payload_unvalidated());
            assert_eq!(signed.key().alg().name(), opened.envelope().alg());
            Ok(signed.payload().to_vec())
        }
        (Err(one), Err(other)) => {
            assert_eq!(one.to_string(), other.to_string());
            assert_eq!(one.fault(), Fault::Token, "{one}");
            Err(one)
        }
        (one, other) => panic!("{:?} but {:?}", one.map(|_| ()), other.map(|_| ())),
    }
}

/// Why `token` is refused, by the usual limits.
pub(crate) fn refused(token: &str, ring: &Keyring) -> Option<ErrorKind> {
    read(token, ring, &Limits::default()).err().map(|error| error.kind())
}

/// Judges an example of a compact JWS: its key takes it, and of the same header and payload makes
/// the same token, or, where each signature differs (ECDSA, PSS), one that it takes as well.
pub(crate) fn judge_example(jwk: &str, alg: &str, token: &str, payload: &[u8]) -> Result<(), Miss> {
    let fault = |error| Miss::of(alg, &error);
    let jwk = Jwk::from_json(jwk).map_err(fault)?;
    let alg_named = JwsAlg::from_name(alg).ok_or_else(|| Miss::wrong(format!("{alg} is unknown")))?;
    let verifier = Verifier::from_jwk_as(&jwk, alg_named).map_err(fault)?;
    let ring = Keyring::read_only().with_reader(verifier).map_err(fault)?;
    let judge = |token: &str| match read(token, &ring, &Limits::default()) {
        Ok(read) if read == payload => Ok(()),
        Ok(_) => Err(Miss::wrong(format!("{alg}: another payload"))),
        Err(error) => Err(fault(error)),
    };
    judge(token)?;
    if !jwk.material().is_secret() {
        return Ok(());
    }
    let signer = match Signer::from_jwk_as(&jwk, alg_named) {
        Err(error) if error.kind() == ErrorKind::MissingFeature => {
            println!("verified, not signed: {alg}: {error}");
            return Ok(());
        }
        signer => signer.map_err(fault)?,
    };
    let again = signed_input(&token[..token.rfind('.').unwrap_or_default()], &signer);
    judge(&again)?;
    let deterministic = ["HS", "RS", "Ed"].iter().any(|family| alg.starts_with(family));
    if deterministic != (again == token) {
        return Err(Miss::wrong(format!("{alg}: signed again it is not what it should be")));
    }
    Ok(())
}
