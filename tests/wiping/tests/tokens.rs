//! Keys that encrypt, what is derived from them for one token, and payloads where it is said that
//! they are wiped.

mod support;

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use support::{Bytes, WatchExt, judge, judge_with, random};
use symbolon::amora::{AmoraKeyPair, AmoraOpener, AmoraSealer};
use symbolon::jwe::{Content, compact, json};
use symbolon::{
    Cached, Decrypter, EcCurve, EcPrivateKey, Encrypter, HeaderlessKey, JweAlg, JweCodec, JweEnc, Jwk,
    JwsAlg, JwsCodec, KeyMaterial, Keyring, Limits, Nested, NoCustom, OctKey, OkpCurve, OkpPrivateKey,
    RemoteUnwrap, SealedCipher, SealedKey, Signer, TokenCodecExt, Tokens,
};
use symbolon_wiping::{Watch, also_for_secret};
use time::OffsetDateTime;
use zeroize::{Zeroize, Zeroizing};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn hmac_sha256(key: &[u8], message: &[u8]) -> Bytes {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("a key").chain_update(message);
    let mut tag = mac.finalize().into_bytes();
    let bytes = Zeroizing::new(tag.to_vec());
    tag.as_mut_slice().zeroize();
    bytes
}

/// Encrypts with `key`, decrypts, and fails to decrypt what was tampered with.
fn used(alg: JweAlg, enc: JweEnc, key: &KeyMaterial) {
    let public = key.to_public().unwrap_or_else(|| key.clone());
    let encrypter = Encrypter::new(alg, enc, &public).unwrap();
    let token = compact::encrypt(&Content::new(b"payload"), &(), &encrypter).unwrap();
    let ring = Keyring::read_only().with_reader(Decrypter::new(alg, enc, key).unwrap()).unwrap();
    let decrypted = compact::decrypt(&token, &ring, &Limits::default(), NOW).unwrap();
    assert_eq!(decrypted.payload(), b"payload");
    let last = if token.ends_with('A') { "B" } else { "A" };
    let tampered = format!("{}{last}{}", &token[..token.len() - 5], &token[token.len() - 4..]);
    if tampered != token {
        compact::decrypt(&tampered, &ring, &Limits::default(), NOW).unwrap_err();
    }
}

#[test]
fn shared_keys_of_encryption() {
    for (alg, enc, len) in [
        (JweAlg::DIR, JweEnc::A128GCM, 16),
        (JweAlg::DIR, JweEnc::A192GCM, 24),
        (JweAlg::DIR, JweEnc::A256GCM, 32),
        (JweAlg::DIR, JweEnc::A128CBC_HS256, 32),
        (JweAlg::DIR, JweEnc::A256CBC_HS512, 64),
        (JweAlg::DIR, JweEnc::XC20P, 32),
        (JweAlg::A128KW, JweEnc::A256GCM, 16),
        (JweAlg::A256KW, JweEnc::A256GCM, 32),
        (JweAlg::A128GCMKW, JweEnc::A256GCM, 16),
        (JweAlg::A192GCMKW, JweEnc::A256GCM, 24),
        (JweAlg::A256GCMKW, JweEnc::A256GCM, 32),
        (JweAlg::PBES2_HS256_A128KW, JweEnc::A256GCM, 24),
        (JweAlg::PBES2_HS512_A256KW, JweEnc::A256GCM, 40),
    ] {
        let key = random(len);
        let found = Watch::new().for_secret("key", &key).during(move || {
            used(alg, enc, &OctKey::new(key.to_vec()).unwrap().into());
        });
        // ring expands the key in a type of its own, whose first round keys are the key.
        let expanded = [JweEnc::A128GCM, JweEnc::A256GCM].contains(&enc) && alg == JweAlg::DIR
            || [JweAlg::A128GCMKW, JweAlg::A256GCMKW].contains(&alg);
        let known: &[&str] = if expanded { &["key"] } else { &[] };
        judge(&format!("{alg} {enc:?}"), &found, known);
    }
}

#[test]
fn keys_that_agree_and_that_decrypt() {
    let keys: [(&str, fn() -> KeyMaterial); 4] = [
        ("X25519", || OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into()),
        ("P-256", || EcPrivateKey::generate(EcCurve::P256).unwrap().into()),
        ("P-384", || EcPrivateKey::generate(EcCurve::P384).unwrap().into()),
        ("P-521", || EcPrivateKey::generate(EcCurve::P521).unwrap().into()),
    ];
    for (name, generate) in keys {
        let found = Watch::new().during(move || {
            let key = generate();
            match &key {
                KeyMaterial::EcPrivate(key) => also_for_secret("d", key.d()),
                KeyMaterial::OkpPrivate(key) => also_for_secret("d", key.d()),
                other => panic!("{other:?}"),
            }
            used(JweAlg::ECDH_ES, JweEnc::A256GCM, &key);
        });
        judge(name, &found, &[]);
    }
}

// RFC 7516 §A.3: the content key, under a key that wraps it.
#[test]
fn content_keys_that_were_wrapped() {
    const TOKEN: &str = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    // Masked, so that the compiled text is not what is found: 0x55.
    const CEK: [u8; 32] = [
        0x51, 0x86, 0x4a, 0x90, 0x01, 0xc8, 0xa9, 0xab, 0x5e, 0x31, 0xc8, 0xaf, 0x6a, 0xff, 0x3f, 0x9b,
        0x3e, 0x29, 0x81, 0x78, 0x3a, 0x3e, 0x5c, 0x8e, 0x9d, 0xe4, 0x55, 0xa5, 0xda, 0xc9, 0x79, 0x9a,
    ];
    const KEK: [u8; 16] =
        [0x4c, 0xf9, 0x75, 0xd7, 0xb4, 0x27, 0x4f, 0xe0, 0xdf, 0x3f, 0xab, 0x95, 0x0a, 0xd0, 0x1f, 0x07];
    let unmask =
        |masked: &[u8]| -> Bytes { Zeroizing::new(masked.iter().map(|byte| byte ^ 0x55).collect()) };
    struct Place(Bytes);
    impl RemoteUnwrap for Place {
        fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, symbolon::Error> {
            Ok(self.0.to_vec())
        }
    }

    let (cek, kek) = (unmask(&CEK), unmask(&KEK));
    let found = Watch::new().for_secret("cek", &cek).for_secret("kek", &kek).during(move || {
        let key = OctKey::new(kek.to_vec()).unwrap().into();
        let local = Decrypter::new(JweAlg::A128KW, JweEnc::A128CBC_HS256, &key).unwrap();
        let remote = Decrypter::remote(JweAlg::A128KW, JweEnc::A128CBC_HS256, Place(cek)).unwrap();
        for decrypter in [local, remote] {
            let ring = Keyring::read_only().with_reader(decrypter).unwrap();
            let decrypted = compact::decrypt(TOKEN, &ring, &Limits::default(), NOW).unwrap();
            assert_eq!(decrypted.payload(), b"Live long and prosper.");
        }
    });
    judge("a wrapped content key", &found, &[]);
}

#[test]
fn master_keys_of_sealed_tokens() {
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let master = random(32);
        let prk = hmac_sha256(b"symbolon sealed", &master);
        let watch = Watch::new().for_secret("master", &master).for_hmac_key("prk", &prk);
        let found = watch.during(move || {
            let key = SealedKey::new(&master[..]).unwrap().with_kid("a").unwrap();
            let token = key.seal(b"payload", cipher).unwrap();
            // HKDF-Expand over the header and the salt: the key of this token.
            let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
            let header = 3 + 1;
            let info = [&bytes[..header + 24], &[1]].concat();
            let derived = hmac_sha256(&prk, &info);
            also_for_secret("token key", &derived);
            assert_eq!(key.open(&token).unwrap(), b"payload");
            key.seal(b"another", cipher).unwrap();
            let wrong = SealedKey::new([7; 32]).unwrap();
            wrong.open(&token).unwrap_err();
        });
        judge(&format!("{cipher}"), &found, &[]);
    }
}

#[test]
fn headerless_keys() {
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let master = random(32);
        let found = Watch::new().for_secret("master", &master).during(move || {
            let key = HeaderlessKey::new(&master[..]).unwrap();
            let token = key.seal(b"payload", cipher).unwrap();
            let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
            let prk = hmac_sha256(&bytes[..16], &master);
            also_for_secret("prk", &prk);
            let derived = hmac_sha256(&prk, b"JWT_Encryption\x01");
            also_for_secret("token key", &derived);
            assert_eq!(key.open(&token).unwrap(), b"payload");
        });
        judge(&format!("headerless, {cipher}"), &found, &[]);
    }
}

#[test]
fn keys_of_amora() {
    let key = random(32);
    let found = Watch::new().for_secret("key", &key).during(move || {
        let array: &[u8; 32] = key.as_slice().try_into().unwrap();
        let zero = AmoraOpener::zero(array);
        let token = zero.sealer().seal(b"payload", 60, NOW).unwrap();
        assert_eq!(zero.open(&token, NOW).unwrap().payload(), b"payload");
        AmoraSealer::zero(array).seal(b"payload", 60, NOW).unwrap();
        let mut hex = Zeroizing::new(String::with_capacity(64));
        key.iter().for_each(|byte| {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap());
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap());
        });
        AmoraOpener::zero_from_hex(&hex).unwrap().open(&token, NOW).unwrap();
        let one = AmoraOpener::one(array);
        let token = one.sealer().seal(b"payload", 60, NOW).unwrap();
        AmoraOpener::one_from_hex(&hex).unwrap().open(&token, NOW).unwrap();
        let _ = symbolon::AmoraCodec::zero(array);
        let _ = symbolon::AmoraCodec::one(array);
    });
    judge("Amora", &found, &[]);

    let found = Watch::new().during(|| {
        let pair = AmoraKeyPair::generate().unwrap();
        also_for_secret("secret", pair.secret());
        let token = AmoraSealer::one(pair.public()).unwrap().seal(b"payload", 60, NOW).unwrap();
        assert_eq!(pair.opener().open(&token, NOW).unwrap().payload(), b"payload");
    });
    judge("AmoraKeyPair", &found, &[]);
}

/// `Decrypted` says that its payload is wiped: short and long, in each serialization, whole or not.
#[test]
fn decrypted_payloads() {
    for (len, zip) in [(24, false), (20_000, false), (3_000, true), (40_000, true)] {
        for enc in [JweEnc::A256GCM, JweEnc::A128CBC_HS256, JweEnc::XC20P] {
            // Letters alone, so that it is worth compressing.
            let payload: Bytes =
                Zeroizing::new(random(len).iter().map(|byte| b'a' + byte % 16).collect());
            let key = OctKey::generate(32).unwrap().into();
            let encrypter = Encrypter::new(JweAlg::DIR, enc, &key).unwrap();
            let content = Content::new(&payload);
            let content = if zip { content.danger_compressed() } else { content };
            let token = compact::encrypt(&content, &(), &encrypter).unwrap();
            let flat = json::encrypt_flattened(&content, &(), &(), &encrypter).unwrap();
            let mut watch = Watch::new();
            for (name, place) in [("start", 0), ("middle", len / 2), ("end", len.saturating_sub(96))] {
                if place + 16 <= len {
                    watch = watch.for_secret(name, &payload[place..len.min(place + 96)]);
                }
            }
            let found = watch.during(move || {
                drop(payload);
                let ring = Keyring::new(encrypter);
                let limits = Limits::default().inflated_len(50_000).inflated_ratio(100);
                let decrypted = compact::decrypt(&token, &ring, &limits, NOW).unwrap();
                assert_eq!(decrypted.payload().len(), len);
                drop(decrypted);
                drop(json::decrypt(&flat, &ring, &limits, NOW).unwrap());
                // Too long by what is allowed, which shows once some of it is inflated.
                if zip {
                    let less = Limits::default().inflated_len(len - 1).inflated_ratio(100);
                    compact::decrypt(&token, &ring, &less, NOW).unwrap_err();
                }
                let dot = token.rfind('.').unwrap();
                let flipped = if token.as_bytes()[dot + 1] == b'A' { "B" } else { "A" };
                let tampered = format!("{}.{flipped}{}", &token[..dot], &token[dot + 2..]);
                compact::decrypt(&tampered, &ring, &limits, NOW).unwrap_err();
            });
            // What compressed it, outside of this watch, has its own memory, which is not wiped.
            let may: &[&str] = if zip { &["start", "middle", "end"] } else { &[] };
            assert!(found.freed.is_empty(), "{len} bytes, {enc:?}, zip: {zip}: {:?}", found.freed);
            judge_with(&format!("{len} bytes, {enc:?}, zip: {zip}"), &found, &[], may);
        }
    }
}

#[test]
fn keys_that_were_encrypted() {
    let found = Watch::new().during(|| {
        let key = OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap();
        also_for_secret("d", key.d());
        let jwk = Jwk::from(KeyMaterial::from(key));
        let encrypter =
            Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &OctKey::generate(32).unwrap().into()).unwrap();
        let text = symbolon::jwe::encrypt_jwk(&jwk, &encrypter).unwrap();
        let ring = Keyring::new(encrypter);
        assert_eq!(symbolon::jwe::decrypt_jwk(&text, &ring, &Limits::default(), NOW).unwrap(), jwk);
    });
    judge("an encrypted JWK", &found, &[]);
}

/// The inner token of a nested one goes no further, and whoever has it can use it.
#[test]
fn inner_tokens_and_cached_ones() {
    let found = Watch::new().during(|| {
        let inner = JwsCodec::new(Signer::generate(JwsAlg::HS256).unwrap());
        let key = OctKey::generate(32).unwrap().into();
        let outer = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap();
        let nested = Nested::new(JweCodec::new(outer.clone()), inner);
        let token = nested.encode(&symbolon::Claims::new(NoCustom::default())).unwrap();
        let decrypted = compact::decrypt(&token, &Keyring::new(outer), &Limits::default(), NOW).unwrap();
        let signature = decrypted.payload().rsplit(|byte| *byte == b'.').next().unwrap();
        also_for_secret("the inner signature", signature);
        drop(decrypted);
        let _ = nested.decode::<NoCustom>(&token).unwrap();
    });
    judge("Nested", &found, &[]);

    let codec = JwsCodec::new(Signer::generate(JwsAlg::HS256).unwrap());
    let found = Watch::new().during(move || {
        let tokens =
            Tokens::<NoCustom>::builder(codec).lifetime(time::Duration::MINUTE).build().unwrap();
        let token = Zeroizing::new(tokens.issue(&NoCustom::default()).unwrap());
        // The header is every token's, and stands with the key.
        also_for_secret("token", token.split_once('.').unwrap().1.as_bytes());
        let cached = Cached::new(tokens, 16);
        for _ in 0..4 {
            drop::<Arc<_>>(cached.verify(&token).unwrap());
        }
        cached.clear();
    });
    judge("Cached", &found, &[]);
}
