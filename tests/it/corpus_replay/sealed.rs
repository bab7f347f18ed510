//! Sealed tokens.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use symbolon::{
    ErrorKind, HeaderlessKey, HeaderlessSealedCodec, Keyring, KidPolicy, RawToken, SealedCipher,
    SealedCodec, SealedKey, TokenCodec, TokenCodecExt,
};

use super::choices::{Choices, damaged};
use super::{SECRET, good, now, text, validators};

const CIPHERS: [SealedCipher; 2] = [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305];

/// A sealed token of either layout, as text and as the bytes behind it.
pub fn sealed(data: &[u8]) {
    static CODECS: OnceLock<[Box<dyn TokenCodec>; 2]> = OnceLock::new();

    fn all(token: &str) {
        for codec in CODECS.get_or_init(|| {
            [
                Box::new(good(SealedCodec::from_master(SECRET))),
                Box::new(good(HeaderlessSealedCodec::from_master(SECRET))),
            ]
        }) {
            if codec.open_at(token, now()).is_ok() {
                assert!(codec.recognizes(&RawToken::new(token)));
            }
            let _ = codec.decode_at::<Value>(token, now()).map(|token| token.validate(&validators()[0]));
        }
    }
    text(data).into_iter().for_each(all);
    let encoded = URL_SAFE_NO_PAD.encode(data);
    all(&encoded);
    all(&format!("se{encoded}"));
}

/// Seals with any kid, reads with a ring of that key and others, changes one thing, and demands that
/// it is refused. The input: cipher, kid, which of the keys, change, payload.
pub fn sealed_structured(data: &[u8]) {
    let mut choices = Choices::of(data);
    let cipher = *choices.pick(&CIPHERS);
    let says = choices.byte();
    let says = |bit: u8| says >> bit & 1 == 1;
    // Up to 257 bytes: beyond what the wire holds, and beyond what a kid may have.
    let kid = String::from_utf8_lossy(choices.bytes()).repeat(1 + choices.place(2));
    let mut change = Choices::of(choices.bytes());
    let payload = choices.rest();
    let master = |byte: u8| good(SealedKey::new([byte; 32]));

    let own = if says(0) {
        match master(0).with_kid(kid.as_str()) {
            Ok(own) => own,
            Err(error) => {
                let too_long = kid.is_empty() || kid.len() > 255;
                return assert!(too_long && error.kind() == ErrorKind::InvalidKey, "{error}: {kid:?}");
            }
        }
    } else {
        master(0)
    };
    let mut ring = Keyring::new(own.clone());
    // Others: one without a name, one of the same name, one of another.
    if says(1) {
        ring = good(ring.with_reader(master(1)));
    }
    if says(2) && says(0) {
        ring = good(ring.with_reader(good(master(2).with_kid(kid.as_str()))));
    }
    if says(3) {
        ring = good(ring.with_reader(good(master(3).with_kid("another's"))));
    }
    let ring = good(ring.with_policy(KidPolicy::TryAll));
    let codec = SealedCodec::new(ring.clone()).cipher(cipher);

    let token = good(own.seal(payload, cipher));
    assert_eq!(own.open(&token).ok().as_deref(), Some(payload), "{token}");
    let opened = good(codec.open_at(&token, now()));
    assert_eq!(opened.payload_unvalidated(), payload, "{token}");
    assert_eq!((opened.envelope().kid(), opened.envelope().alg()), (own.kid(), cipher.name()));
    assert!(codec.recognizes(&RawToken::new(&token)));
    // Without its key, the same ring reads nothing of it.
    let mut without = Keyring::<SealedKey>::read_only();
    for other in ring.readers().skip(1) {
        without = good(without.with_reader(other.clone()));
    }
    let without = SealedCodec::new(good(without.with_policy(KidPolicy::TryAll)));
    let refused = without.open_at(&token, now()).map(drop).map_err(|error| error.kind());
    assert!(matches!(refused, Err(ErrorKind::UnknownKey | ErrorKind::Unauthentic)), "{refused:?}");
    if let Some(changed) = damaged(&token, &mut change) {
        assert!(own.open(&changed).is_err(), "{token} {changed}");
        assert!(codec.open_at(&changed, now()).is_err(), "{token} {changed}");
    }

    let headerless = good(HeaderlessKey::new([9; 32]));
    let token = good(headerless.seal(payload, cipher));
    assert_eq!(headerless.open(&token).ok().as_deref(), Some(payload), "{token}");
    if let Some(changed) = damaged(&token, &mut change) {
        assert!(headerless.open(&changed).is_err(), "{token} {changed}");
    }
}
