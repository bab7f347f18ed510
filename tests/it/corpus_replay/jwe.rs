//! Encrypted tokens in all serializations.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use symbolon::jwe::{self, Content, Decrypted, compact, json as jwe_json};
use symbolon::{
    Decrypter, Encrypter, Error, ErrorKind, Fault, JweAlg, JweCodec, JweEnc, KeyMaterial, Keyring,
    KidPolicy, Limits, OctKey, RawToken, TokenCodec, TokenCodecExt,
};

use super::choices::{Choices, damage_json, damaged};
use super::{good, now, served, text};

type Ring = Keyring<Encrypter>;

/// A key for `alg`, and for `dir` as long as `enc` wants: of ECDH-ES one on each curve.
fn keys(alg: JweAlg, enc: JweEnc) -> Vec<KeyMaterial> {
    let pem = |pem: &str| served(KeyMaterial::from_pem(pem));
    let name = alg.name();
    let len = match name {
        "dir" => enc.key_len(),
        name if name.starts_with("A128") => 16,
        name if name.starts_with("A192") => 24,
        _ => 32,
    };
    if name.starts_with("RSA") {
        pem(include_str!("../pem/rsa.pkcs8.pem")).into_iter().collect()
    } else if name.starts_with("ECDH") {
        [
            include_str!("../pem/p256.pkcs8.pem"),
            include_str!("../pem/p384.pkcs8.pem"),
            include_str!("../pem/p521.pkcs8.pem"),
            include_str!("../pem/x25519.pkcs8.pem"),
        ]
        .into_iter()
        .filter_map(pem)
        .collect()
    } else {
        vec![good(OctKey::new(vec![7; len])).into()]
    }
}

/// Every way to encrypt that this build has, with the key that reads it.
pub fn recipients() -> &'static [(Encrypter, Decrypter)] {
    static RECIPIENTS: OnceLock<Vec<(Encrypter, Decrypter)>> = OnceLock::new();
    RECIPIENTS.get_or_init(|| {
        let mut recipients = Vec::new();
        for (enc, alg) in JweEnc::all().flat_map(|enc| JweAlg::all().map(move |alg| (enc, alg))) {
            for key in keys(alg, enc) {
                let made = Encrypter::new(alg, enc, &key)
                    .and_then(|encrypter| encrypter.with_pbkdf2_rounds(1000))
                    .and_then(|encrypter| Ok((encrypter, Decrypter::new(alg, enc, &key)?)));
                recipients.extend(served(made));
            }
        }
        recipients
    })
}

/// The keys of all recipients, each under a name that says what it is for. A message that names none is
/// tried with all that fit.
fn ring() -> &'static Ring {
    static RING: OnceLock<Ring> = OnceLock::new();
    RING.get_or_init(|| {
        let mut ring = Keyring::read_only();
        for (_, key) in recipients() {
            let (alg, enc) = (key.alg(), key.enc());
            // One key reads all content encryptions; of `dir`, which cannot, there are four keys.
            let mut key = good(key.clone().with_kid(format!("{alg}+{enc}").as_str()));
            let dir = [JweEnc::A128GCM, JweEnc::A256GCM, JweEnc::A128CBC_HS256, JweEnc::XC20P];
            if alg == JweAlg::DIR {
                if !dir.contains(&enc) {
                    continue;
                }
            } else if enc == JweEnc::A256GCM {
                let served = |enc: &JweEnc| key.clone().also_reading([*enc]).is_ok();
                let encs: Vec<_> = JweEnc::all().filter(served).collect();
                key = good(key.also_reading(encs));
            } else {
                continue;
            }
            ring = good(ring.with_reader(key));
        }
        good(ring.with_policy(KidPolicy::TryAll))
    })
}

fn limits() -> Limits {
    let limits = Limits::default().pbkdf2_rounds(2000);
    #[cfg(feature = "deflate")]
    let limits = limits.inflated_len(1 << 16);
    limits
}

fn codec() -> &'static JweCodec {
    static CODEC: OnceLock<JweCodec> = OnceLock::new();
    CODEC.get_or_init(|| JweCodec::new(ring().clone()).limits(limits()))
}

/// The payload, or why there is none: which must be the token's own fault.
fn told<T>(result: Result<T, Error>, payload: impl Fn(&T) -> &[u8]) -> Result<Vec<u8>, ErrorKind> {
    result.map(|opened| payload(&opened).to_vec()).map_err(|error| {
        assert_eq!(error.fault(), Fault::Token, "{error}");
        error.kind()
    })
}

/// A compact message against fixed keys.
pub fn jwe_compact(data: &[u8]) {
    let Some(token) = text(data) else { return };
    let read = told(compact::decrypt(token, ring(), &limits(), now()), Decrypted::payload);
    let opened = told(codec().open_at(token, now()), |opened| opened.payload_unvalidated());
    assert_eq!(read, opened, "both layers judge alike: {token}");
    // White space in front of a header's `{` is legal, but no shape to know a token by.
    let recognized = codec().recognizes(&RawToken::new(token)) || !token.starts_with('e');
    assert!(read.is_err() || recognized, "{token}");
    let _ = jwe::decrypt_jwk(token, ring(), &limits(), now());
    let _ = jwe::decrypt_jwk_set(token, ring(), &limits(), now());

    // The same parts in flattened JSON fare alike.
    let parts: Vec<&str> = token.split('.').collect();
    let &[protected, encrypted_key, iv, ciphertext, tag] = &*parts else { return };
    let json = json!({
        "protected": protected,
        "encrypted_key": encrypted_key,
        "iv": iv,
        "ciphertext": ciphertext,
        "tag": tag,
    })
    .to_string();
    let flattened = jwe_json::decrypt(&json, ring(), &limits(), now());
    assert_eq!(told(flattened, Decrypted::payload), read, "{json}");
}

/// A message in either JSON serialization against fixed keys.
pub fn jwe_json(data: &[u8]) {
    let Some(message) = text(data) else { return };
    let read = jwe_json::decrypt(message, ring(), &limits(), now());
    let aad = read.as_ref().ok().and_then(Decrypted::additional_data).map(<[u8]>::to_vec);
    let read = told(read, Decrypted::payload);
    let _ = jwe::decrypt_jwk(message, ring(), &limits(), now());

    // Where all of it is protected, the same parts in the compact serialization fare alike.
    let (Ok(payload), Ok(json)) = (read, serde_json::from_str::<Value>(message)) else { return };
    let part = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    assert_eq!(aad.unwrap_or_default(), URL_SAFE_NO_PAD.decode(part("aad")).unwrap_or_default());
    if ["unprotected", "header", "recipients", "aad"].iter().all(|name| json.get(name).is_none()) {
        let parts = ["protected", "encrypted_key", "iv", "ciphertext", "tag"].map(part);
        let compact = compact::decrypt(&parts.join("."), ring(), &limits(), now());
        assert_eq!(told(compact, Decrypted::payload), Ok(payload), "{message}");
    }
}

/// Encrypts as the input asks, reads what was encrypted, changes one thing, and demands that it is
/// refused. The input: recipients, what is said of the content, serialization, change, payload.
pub fn jwe_structured(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (form, says) = (choices.byte() % 3, choices.byte());
    let says = |bit: u8| says >> bit & 1 == 1;
    let own = choices.pick(recipients()).clone();
    // Others whom the same message may be encrypted to.
    let direct = ["dir", "ECDH-ES"];
    let fits = |other: &&Encrypter| other.enc() == own.0.enc() && !direct.contains(&other.alg().name());
    let fitting: Vec<_> = recipients().iter().map(|(other, _)| other).filter(fits).collect();
    let others: Vec<Encrypter> =
        (0..choices.byte() % 3).map(|_| (*choices.pick(&fitting)).clone()).collect();
    let place = choices.place(others.len() + 1);
    let (apu, apv, aad) = (choices.bytes(), choices.bytes(), choices.bytes());
    let mut change = Choices::of(choices.bytes());
    let payload = choices.rest();

    let (mut encrypter, mut decrypter) = (own.0.with_parties(apu, apv), own.1);
    if says(0) {
        encrypter = good(encrypter.with_kid("own"));
        decrypter = good(decrypter.with_kid("own"));
    }
    // What names no key is read with the one there is; what may name one must.
    let policy = if says(0) { KidPolicy::Required } else { KidPolicy::SoleKey };
    let ring =
        good(Keyring::read_only().with_reader(decrypter).and_then(|ring| ring.with_policy(policy)));

    let mut content = Content::new(payload);
    if says(1) {
        content = content.typ("example");
    }
    if says(2) {
        content = content.content_type("octet-stream");
    }
    if says(3) && form != 0 {
        content = content.additional_data(aad);
    }
    // Nothing so short becomes so much longer that the ratio refuses it, but a repeated byte may.
    let limits = limits().recipients(3).pbkdf2_rounds(4000).inflated_ratio(2000);
    #[cfg(feature = "deflate")]
    if says(4) {
        content = content.danger_compressed();
    }

    let custom = json!({ "tenant": 7 });
    let message = match form {
        0 => compact::encrypt(&content, &custom, &encrypter),
        1 => jwe_json::encrypt_flattened(&content, &custom, &(), &encrypter),
        _ => {
            let mut all = others.clone();
            if says(5) {
                all = all.into_iter().map(|other| good(other.with_kid("other"))).collect();
            }
            all.insert(place, encrypter.clone());
            jwe_json::encrypt_general(&content, &custom, &(), &all)
        }
    };
    let message = match message {
        Ok(message) => message,
        Err(error) => {
            assert!(form == 2 && error.kind() == ErrorKind::InvalidSetting, "{error}");
            return;
        }
    };
    let read = |message: &str| match form {
        0 => told(compact::decrypt(message, &ring, &limits, now()), Decrypted::payload),
        _ => told(jwe_json::decrypt(message, &ring, &limits, now()), Decrypted::payload),
    };
    assert_eq!(read(&message).as_deref(), Ok(payload), "{message}");

    if form == 0 {
        let mut parts: Vec<&str> = message.split('.').collect();
        let place = change.place(parts.len());
        let Some(part) = damaged(parts[place], &mut change) else { return };
        parts[place] = &part;
        let changed = parts.join(".");
        assert!(read(&changed).is_err(), "{message} {changed}");
        return;
    }
    let mut json: Value =
        serde_json::from_str(&message).unwrap_or_else(|error| panic!("{error}: {message}"));
    let Some(place) = damage_json(&mut json, &mut change) else { return };
    let changed = json.to_string();
    // Each recipient's part is its own affair; and X25519 passes over a bit (RFC 7748 §5).
    let is_free = place.starts_with("/recipients/") && (!others.is_empty() || place.ends_with("/epk/x"));
    match read(&changed) {
        Ok(again) if is_free => assert_eq!(again, payload, "{message} {changed}"),
        read => assert!(read.is_err(), "{place}: {message} {changed}"),
    }
}

/// Content that an authentic message says is compressed. The input: the most bytes (two) and times
/// that it may grow to, and what is to be inflated.
#[cfg(feature = "deflate")]
pub fn zip(data: &[u8]) {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    let Some((&[high, low, ratio], compressed)) = data.split_first_chunk() else { return };
    let key = || UnboundKey::new(&AES_256_GCM, &[7; 32]).map(LessSafeKey::new);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#);
    let mut bytes = compressed.to_vec();
    let tag = key().and_then(|key| {
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        key.seal_in_place_separate_tag(nonce, Aad::from(&header), &mut bytes)
    });
    let tag = tag.unwrap_or_else(|_| panic!("the fixed set-up"));
    let [bytes, iv, tag] = [&bytes, &[0; 12][..], tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = format!("{header}..{iv}.{bytes}.{tag}");
    static RING: OnceLock<Ring> = OnceLock::new();
    let ring = RING.get_or_init(|| {
        let key = good(OctKey::new([7; 32])).into();
        good(
            Decrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key)
                .and_then(|key| Ring::read_only().with_reader(key)),
        )
    });
    let read = |most: usize, ratio: usize| {
        let limits = Limits::default().inflated_len(most).inflated_ratio(ratio);
        told(compact::decrypt(&message, ring, &limits, now()), Decrypted::payload)
    };

    let whole = read(1 << 20, 2000);
    let most = usize::from(u16::from_be_bytes([high, low]));
    let bounded = read(most, ratio.into());
    let most = most.min(compressed.len().saturating_mul(ratio.into()));
    match whole {
        Ok(payload) if payload.len() <= most => assert_eq!(bounded, Ok(payload)),
        Ok(_) => assert_eq!(bounded, Err(ErrorKind::TooLarge)),
        // How far it gets until the fault shows is nobody's business.
        Err(kind) => {
            assert!(bounded.is_err_and(|bounded| bounded == kind || bounded == ErrorKind::TooLarge))
        }
    }
}
