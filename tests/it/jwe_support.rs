//! What the tests of encrypted tokens share.

use serde_json::{Value, json};
use symbolon::jwe::{Content, compact, json as jwe_json};
use symbolon::{
    Decrypter, EcCurve, EcPrivateKey, Encrypter, Error, ErrorKind, Fault, JweAlg, JweCodec, JweEnc, Jwk,
    KeyMaterial, Keyring, Limits, OctKey, OkpCurve, OkpPrivateKey, RawToken, RemoteUnwrap, TokenCodec,
    TokenCodecExt,
};
use time::OffsetDateTime;

use crate::support::{Miss, base64url, from_base64url, tally};

pub(crate) type Ring = Keyring<Encrypter>;

/// Why vectors of RSA1_5 do not count as passed.
pub(crate) const RSA1_5: &str = "RSA1_5 is refused on purpose: its padding is an oracle";

/// As [`tally`], for sets of which a backend may lack all.
pub(crate) fn tally_or_skip<C>(source: &str, cases: Vec<C>, judge: impl Fn(C) -> Result<(), Miss>) {
    let judged: Vec<_> = cases.into_iter().map(judge).collect();
    let skipped = judged.iter().all(|judged| matches!(judged, Err(Miss::Skipped(_))));
    match judged.first() {
        Some(Err(Miss::Skipped(why))) if skipped => {
            println!("{source}: 0 run, {} skipped ({why}, …)", judged.len());
        }
        _ => tally(source, judged, |judged| judged),
    }
}

/// A ring that only reads.
pub(crate) fn ring_of(key: Decrypter) -> Ring {
    Keyring::read_only().with_reader(key).unwrap()
}

/// The payload of a message in any serialization; of a compact one by both ways there are, which
/// must agree. Whatever is refused is the sender's fault.
pub(crate) fn open(message: &str, ring: &Ring, limits: &Limits) -> Result<Vec<u8>, Error> {
    let now = OffsetDateTime::UNIX_EPOCH;
    let codec = JweCodec::new(ring.clone()).limits(*limits);
    let _shape = codec.recognizes(&RawToken::new(message));
    let opened = if message.trim_start().starts_with('{') {
        jwe_json::decrypt(message, ring, limits, now).map(|opened| opened.payload().to_vec())
    } else {
        let one = compact::decrypt(message, ring, limits, now);
        match (one, codec.open_at(message, now)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one.payload(), other.payload_unvalidated());
                assert_eq!(one.key().alg().name(), other.envelope().alg());
                assert!(codec.recognizes(&RawToken::new(message)));
                Ok(one.payload().to_vec())
            }
            (Err(one), Err(other)) => {
                assert_eq!(one.to_string(), other.to_string());
                Err(one)
            }
            (one, other) => panic!("{:?} but {:?}", one.map(|_| ()), other.map(|_| ())),
        }
    };
    if let Err(error) = &opened {
        assert_eq!(error.fault(), Fault::Token, "{error}");
    }
    opened
}

/// Why `message` is refused, by the usual limits.
pub(crate) fn refused(message: &str, ring: &Ring) -> Option<ErrorKind> {
    open(message, ring, &Limits::default()).err().map(|error| error.kind())
}

/// The three serializations of `content` to `encrypter`.
pub(crate) fn all_forms(
    content: &Content<'_>,
    encrypter: &Encrypter,
) -> Result<[(&'static str, String); 3], Error> {
    let general = jwe_json::encrypt_general(content, &(), &(), std::slice::from_ref(encrypter))?;
    Ok([
        ("compact", compact::encrypt(content, &(), encrypter)?),
        ("flattened", jwe_json::encrypt_flattened(content, &(), &(), encrypter)?),
        ("general", general),
    ])
}

/// Whether the recipient's key, or an agreed one, is the content key.
pub(crate) fn is_direct(alg: JweAlg) -> bool {
    [JweAlg::DIR, JweAlg::ECDH_ES].contains(&alg)
}

/// Judges an example: its key opens each message, and what the same key encrypts anew in each
/// serialization as well. RSA1_5 must be refused, and is told as skipped.
pub(crate) fn judge_example(
    jwk: &str,
    alg: &str,
    enc: &str,
    message: &str,
    payload: &[u8],
) -> Result<(), Miss> {
    let fault = |error: Error| Miss::of(alg, &error);
    let jwk = Jwk::from_json(jwk).map_err(fault)?;
    let enc = JweEnc::from_name(enc).ok_or_else(|| Miss::wrong(format!("{enc} is unknown")))?;
    if alg == "RSA1_5" {
        return Err(refuses_rsa1_5(&jwk, enc, message));
    }
    let alg_named = JweAlg::from_name(alg).ok_or_else(|| Miss::wrong(format!("{alg} is unknown")))?;
    let decrypter = Decrypter::from_jwk_as(&jwk, alg_named, enc).map_err(fault)?;
    let ring = ring_of(decrypter);
    let limits = Limits::default();
    #[cfg(feature = "deflate")]
    let limits = limits.inflated_len(1 << 16);
    let judge = |what: &str, message: &str| match open(message, &ring, &limits) {
        Ok(read) if read == payload => Ok(()),
        Ok(_) => Err(Miss::wrong(format!("{alg} {what}: another payload"))),
        Err(error) if error.kind() == ErrorKind::UnsupportedHeader && !cfg!(feature = "deflate") => {
            Err(Miss::skipped(format!("{alg}: {error}")))
        }
        Err(error) => Err(Miss::of(&format!("{alg} {what}"), &error)),
    };
    judge("as it stands", message)?;
    let encrypter = Encrypter::from_jwk_as(&jwk, alg_named, enc).map_err(fault)?;
    for (form, again) in all_forms(&Content::new(payload), &encrypter).map_err(fault)? {
        judge(form, &again)?;
    }
    Ok(())
}

/// RSA1_5 has no row: no key is made for it, and a token that names it fits none.
pub(crate) fn refuses_rsa1_5(jwk: &Jwk, enc: JweEnc, message: &str) -> Miss {
    /// Would have what it needs.
    struct Opens;
    impl RemoteUnwrap for Opens {
        fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
            panic!("RSA1_5 reached a key")
        }
    }
    let oaep = Decrypter::remote(JweAlg::RSA_OAEP, JweEnc::A256GCM, Opens).unwrap();
    let ring = ring_of(match jwk.kid() {
        Some(kid) => oaep.with_kid(kid.clone()).unwrap(),
        None => oaep,
    });
    let named = jwk.alg().is_none_or(|alg| alg != "RSA1_5")
        || Decrypter::from_jwk(jwk, enc).unwrap_err().kind() == ErrorKind::UnsupportedAlgorithm;
    match refused(message, &ring) {
        Some(ErrorKind::AlgorithmMismatch) if named && JweAlg::from_name("RSA1_5").is_none() => {
            Miss::skipped(RSA1_5)
        }
        other => Miss::wrong(format!("RSA1_5: {other:?}")),
    }
}

/// A recipient of each kind there is, and what one says it is.
pub(crate) fn recipients(enc: JweEnc) -> Vec<(String, JweAlg, Result<KeyMaterial, Error>)> {
    let mut all = Vec::new();
    for alg in JweAlg::all() {
        let name = alg.name();
        if name.starts_with("RSA") {
            all.push((name.to_owned(), alg, Ok(rsa_key())));
        } else if name.starts_with("ECDH") {
            for curve in [EcCurve::P256, EcCurve::P384, EcCurve::P521] {
                let key = EcPrivateKey::generate(curve).map(Into::into);
                all.push((format!("{name} on {}", curve.name()), alg, key));
            }
            let key = OkpPrivateKey::generate(OkpCurve::X25519).map(Into::into);
            all.push((format!("{name} on X25519"), alg, key));
        } else {
            let len = match name {
                "dir" => enc.key_len(),
                name if name.starts_with("A128") => 16,
                name if name.starts_with("A192") => 24,
                name if name.starts_with("A256") => 32,
                _ => 20,
            };
            all.push((name.to_owned(), alg, OctKey::generate(len).map(Into::into)));
        }
    }
    all
}

/// A private RSA key: the one of RFC 7515 A.2.
pub(crate) fn rsa_key() -> KeyMaterial {
    Jwk::from_json(crate::rfc7515::A_2_KEY).unwrap().into_material()
}

/// Few rounds, where the number is not what is tested.
pub(crate) fn encrypter(alg: JweAlg, enc: JweEnc, key: &KeyMaterial) -> Result<Encrypter, Error> {
    Encrypter::new(alg, enc, key)?.with_pbkdf2_rounds(1000)
}

pub(crate) fn oct(len: usize) -> KeyMaterial {
    OctKey::new(vec![7; len]).unwrap().into()
}

/// `dir` with A256GCM, a key of sevens, and the ring that reads it.
pub(crate) fn dir() -> Ring {
    Keyring::new(Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &oct(32)).unwrap())
}

pub(crate) const IV: [u8; 12] = [9; 12];

/// AES-GCM, not by way of this crate: for messages that it would not write. Ciphertext and tag.
pub(crate) fn gcm(key: &[u8], aad: &[u8], payload: &[u8]) -> (Vec<u8>, [u8; 16]) {
    let mut bytes = payload.to_vec();
    use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let alg = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let key = LessSafeKey::new(UnboundKey::new(alg, key).unwrap());
    let nonce = Nonce::assume_unique_for_key(IV);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut bytes).unwrap();
    let tag = tag.as_ref().try_into().unwrap();
    (bytes, tag)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// The content key of ECDH-ES with A128GCM that follows from the secret `z` (RFC 7518 §4.6.2).
pub(crate) fn agreed_a128gcm(z: &[u8]) -> Vec<u8> {
    let counted = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let round = [
        &1_u32.to_be_bytes()[..],
        z,
        &counted("A128GCM"),
        &counted(""),
        &counted(""),
        &128_u32.to_be_bytes(),
    ];
    sha256(&round.concat())[..16].to_vec()
}

/// A compact message with just this header and encrypted key, whose tag is good.
pub(crate) fn forge(header: &str, encrypted_key: &[u8], cek: &[u8], payload: &[u8]) -> String {
    let header = base64url(header);
    let (bytes, tag) = gcm(cek, header.as_bytes(), payload);
    format!(
        "{header}.{}.{}.{}.{}",
        base64url(encrypted_key),
        base64url(IV),
        base64url(bytes),
        base64url(tag)
    )
}

/// A flattened message with just these headers, whose tag is good.
pub(crate) fn forge_json(protected: &str, unprotected: Value, cek: &[u8], payload: &[u8]) -> Value {
    let protected = base64url(protected);
    let (bytes, tag) = gcm(cek, protected.as_bytes(), payload);
    let mut message = json!({
        "protected": protected,
        "iv": base64url(IV),
        "ciphertext": base64url(bytes),
        "tag": base64url(tag),
    });
    for (name, value) in unprotected.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

/// The parts of a compact message.
pub(crate) fn parts(token: &str) -> [String; 5] {
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

/// `text` in base64url with one bit of its bytes flipped.
pub(crate) fn bent(text: &str) -> String {
    let mut bytes = from_base64url(text);
    *bytes.last_mut().unwrap() ^= 1;
    base64url(bytes)
}

/// A place far away that unwraps each encrypted key to the same.
pub(crate) struct Fixed(pub(crate) Vec<u8>);

impl RemoteUnwrap for Fixed {
    fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.clone())
    }
}
