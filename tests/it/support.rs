//! What tests share.

use std::path::Path;
use std::sync::OnceLock;

use symbolon::{Error, ErrorKind, Jwk, JwsAlg, KeyMaterial, KeyType, OctKey, Signer};
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
pub(crate) fn count<C>(source: &str, cases: impl IntoIterator<Item = C>, judge: impl Fn(C) -> Result<(), String>) {
    let (mut run, mut wrong) = (0, Vec::new());
    for case in cases {
        run += 1;
        wrong.extend(judge(case).err());
    }
    println!("{source}: {run} run, {} wrong", wrong.len());
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

/// The present of all tests whose time stands still: 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The kind of the error, or none.
pub(crate) fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// A token of just this header and payload, whatever they are, with a true signature.
pub(crate) fn forge(signer: &Signer, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_text(signer, format!("{}.{}", b64(header), b64(payload)))
}

/// A true signature behind `input`, whatever it is.
pub(crate) fn sign_text(signer: &Signer, input: String) -> String {
    let signature = signer.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", b64(signature))
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
    OctKey::new(vec![7; 32]).unwrap().signer(symbolon::HmacAlg::Hs256).unwrap()
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
    static SIGNERS: OnceLock<(Vec<(KeyMaterial, Signer)>, Vec<String>)> = OnceLock::new();
    let (signers, lacking) = SIGNERS.get_or_init(|| {
        let (mut signers, mut lacking) = (Vec::new(), Vec::new());
        for alg in JwsAlg::all() {
            let made = key(alg).map(|key| (Signer::new(alg, &key), key));
            match made {
                Some((Ok(signer), key)) => signers.push((key, signer)),
                Some((Err(error), _)) if error.kind() != ErrorKind::MissingFeature => panic!("{alg}: {error}"),
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

#[cfg(feature = "ring")]
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

#[cfg(not(feature = "ring"))]
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).to_vec()
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
