//! What tests share.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::ProptestConfig;
use symbolon::jws::{Unverified, compact};
use symbolon::{
    Error, ErrorKind, Fault, HmacAlg, Jwk, JwsAlg, JwsCodec, KeyMaterial, KeyType, Keyring, Limits,
    OctKey, RawToken, Signer, TokenCodec, TokenCodecExt, Verifier,
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

/// So many cases where `PROPTEST_CASES` says nothing; it says how many 256 of them shall be.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = (u64::from(cases) * u64::from(usual.cases)).div_ceil(256);
    ProptestConfig { cases: cases.try_into().unwrap(), failure_persistence: None, ..usual }
}

/// How deep JSON may be nested, the outermost object included: as deep as serde_json reads.
pub(crate) const MAX_DEPTH: usize = 127;

/// The present of all tests whose time stands still: 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// The kind of the error, or none.
pub(crate) fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// The header a signer would write.
pub(crate) fn header_of(signer: &Signer) -> String {
    match signer.kid() {
        Some(kid) => format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, signer.alg()),
        None => format!(r#"{{"alg":"{}"}}"#, signer.alg()),
    }
}

/// A signer that all tests may share: HS256, without a kid.
pub(crate) fn hs256() -> Signer {
    OctKey::new(vec![7; 32]).unwrap().signer(HmacAlg::Hs256).unwrap()
}

/// A private or symmetric key for `alg`; none where the backend makes no such keys.
pub(crate) fn key(alg: JwsAlg) -> Option<KeyMaterial> {
    if alg.key_type() == KeyType::Rsa {
        // One key for all, since making one takes long and needs a feature.
        static RSA: OnceLock<KeyMaterial> = OnceLock::new();
        let key = RSA.get_or_init(|| Jwk::from_json(crate::jwk::RSA_PRIVATE).unwrap().into_material());
        return Some(key.clone());
    }
    let key = Jwk::generate(alg);
    if lacks_feature(&key) { None } else { Some(key.unwrap().into_material()) }
}

/// A key and its signer for each algorithm that this build signs with; the others are named on
/// stdout.
pub(crate) fn signers() -> &'static [(KeyMaterial, Signer)] {
    type Made = (Vec<(KeyMaterial, Signer)>, Vec<String>);
    static SIGNERS: OnceLock<Made> = OnceLock::new();
    let (signers, lacking) = SIGNERS.get_or_init(|| {
        let (mut signers, mut lacking) = (Vec::new(), Vec::new());
        for alg in JwsAlg::all() {
            let made = key(alg).map(|key| (Signer::new(alg, &key), key));
            match made {
                Some((Ok(signer), key)) => signers.push((key, signer)),
                Some((Err(error), _)) if error.kind() != ErrorKind::MissingFeature => {
                    panic!("{alg}: {error}")
                }
                _ => lacking.push(alg.to_string()),
            }
        }
        (signers, lacking)
    });
    if !lacking.is_empty() {
        println!("skipped: {}: this build lacks a feature for them", lacking.join(", "));
    }
    signers
}

/// The signer of `alg`; none where this build lacks it.
pub(crate) fn signer(alg: JwsAlg) -> Option<Signer> {
    signers().iter().find(|(_, signer)| signer.alg() == alg).map(|(_, signer)| signer.clone())
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// RFC 2104 by hand, for keys that this crate would not take.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { sha256(key) } else { key.to_vec() };
    block.resize(64, 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut bytes: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        bytes.extend_from_slice(rest);
        sha256(&bytes)
    };
    padded(0x5c, &padded(0x36, message))
}

/// Drives one future without a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
