//! No key is left in memory once it is dropped.

mod support;

use std::sync::Arc;

use support::{Bytes, WatchExt, judge, judge_with, montgomery, random};
use symbolon::{
    EcCurve, EcPrivateKey, EdAlg, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, KeyMaterial, NoCustom, OctKey,
    OkpCurve, OkpPrivateKey, RsaPrivateKey, RsaSigAlg, Secret, SecretEncoding, TokenCodecExt,
};
use symbolon_wiping::{Watch, also_for_secret};
use zeroize::Zeroizing;

/// The search finds what is there to be found, in each place.
#[test]
fn finds_what_is_not_wiped() {
    let secret = random(64);
    let found = Watch::new().for_secret("half", &secret).during(move || {
        drop(std::hint::black_box(secret[10..60].to_vec()));
        drop(secret);
    });
    assert!(found.freed.contains("half") && found.kept.contains("half"));

    let secret = random(32);
    let found = Watch::new().for_secret("text", &secret).during(move || {
        let text = base64_simd::STANDARD.encode_to_string([b"ab", &secret[..]].concat());
        let mut grows = String::with_capacity(text.len());
        grows.push_str(&text);
        grows.push_str(&text);
        // What `concat` made was freed, the text was, and what the longer one left behind.
        std::mem::forget(grows);
    });
    assert!(found.freed.contains("text") && found.kept.contains("text"));

    let secret = random(32);
    let found = Watch::new().for_secret("limbs", &secret).during(move || {
        let mut limbs: Vec<u8> = secret.iter().rev().copied().collect();
        drop(std::mem::take(&mut limbs));
    });
    assert!(found.freed.contains("limbs"));

    let secret = random(32);
    let found = Watch::new().for_secret("gone", &secret).during(move || drop(secret));
    assert_eq!(found, symbolon_wiping::Found::default());
}

#[test]
fn symmetric_keys() {
    let key = random(32);
    let found = Watch::new().for_secret("key", &key).during(move || {
        let from_vec = OctKey::new(key.to_vec()).unwrap();
        let from_slice = OctKey::new(&key[..]).unwrap();
        assert_eq!(from_vec.clone(), from_slice);
        let text = Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(&key[..]));
        assert_eq!(OctKey::from_base64url(&text).unwrap(), from_vec);
        let material = KeyMaterial::from(from_vec.clone());
        assert!(material.is_secret() && !format!("{material:?}").is_empty());
    });
    judge("OctKey", &found, &[]);
}

/// What is looked at more closely, for it begins as something else does, and is copied for that.
#[test]
fn symmetric_keys_that_look_like_something_else() {
    let looks: [&'static [u8]; 8] =
        [b"MIIB", b"M", b"\x30\x1e\x02\x01", b"{\"k\":\"", b"-----", b" \xef\xbb\xbf", b"ssh-e", b"eyJ"];
    for begin in looks {
        let text = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&random(40)[..]);
        let key: Bytes = Zeroizing::new([begin, text.as_bytes()].concat());
        let (start, text) = (begin.len(), Zeroizing::new(text));
        let watch = Watch::new().for_secret("key", &key[start..]).for_secret(
            "what its text spells",
            &Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text.as_bytes()).unwrap()),
        );
        drop(text);
        let found = watch.during(move || {
            let _ = OctKey::new(key.to_vec());
            let _ = OctKey::from_base64url(std::str::from_utf8(&key[start..]).unwrap());
            // The last character is none of the alphabet's: what was read before it is left.
            let mut broken = Zeroizing::new(key[start..].to_vec());
            *broken.last_mut().unwrap() = b'!';
            OctKey::from_base64url(std::str::from_utf8(&broken).unwrap()).unwrap_err();
            for encoding in [SecretEncoding::Base64Url, SecretEncoding::Base64, SecretEncoding::Hex] {
                Secret::decode(&*broken, encoding, 1).unwrap_err();
            }
            *broken.last_mut().unwrap() = b'=';
            Secret::decode(&*broken, SecretEncoding::Base64Url, 1).unwrap_err();
        });
        judge(&format!("a key that begins with {:?}", begin.escape_ascii().to_string()), &found, &[]);
    }
}

#[test]
fn secrets_that_were_given() {
    let key = random(48);
    let folder = std::env::temp_dir().join(format!("symbolon-wiping-{}", std::process::id()));
    std::fs::write(&folder, &key[..]).unwrap();
    let found = Watch::new().for_secret("key", &key).during(move || {
        let raw = Secret::from_file(&folder, SecretEncoding::Raw, 32).unwrap();
        assert_eq!(raw.as_bytes(), &key[..]);
        let hex: Zeroizing<String> = {
            let mut hex = Zeroizing::new(String::with_capacity(96));
            key.iter().for_each(|byte| {
                hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap());
                hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap());
            });
            hex
        };
        assert_eq!(Secret::decode(&*hex, SecretEncoding::Hex, 32).unwrap(), raw);
        let text = Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(&key[..]));
        assert_eq!(Secret::decode(&*text, SecretEncoding::Base64Url, 32).unwrap(), raw);
        assert_eq!(raw.as_array::<48>().unwrap(), &key[..]);
        let bytes: Vec<u8> = raw.clone().into();
        drop(OctKey::new(bytes).unwrap());
        drop(JwsCodec::hs256(raw).unwrap());
        // Refused: too short, and in hexadecimal digits that are none.
        Secret::decode(&*text, SecretEncoding::Base64Url, 64).unwrap_err();
        Secret::decode(&*text, SecretEncoding::Hex, 1).unwrap_err();
        std::fs::remove_file(folder).unwrap();
    });
    judge("Secret", &found, &[]);
}

#[test]
fn hmac_signers() {
    for (alg, len) in [(HmacAlg::Hs256, 32), (HmacAlg::Hs384, 48), (HmacAlg::Hs512, 64)] {
        let key = random(len);
        let found = Watch::new().for_hmac_key("key", &key).during(move || {
            let signer = OctKey::new(key.to_vec()).unwrap().signer(alg).unwrap().with_kid("a").unwrap();
            let verifier = signer.clone().verifier();
            let signature = signer.sign(b"message").unwrap();
            assert!(verifier.verify(b"message", &signature));
            let codec = JwsCodec::new(signer);
            let claims = symbolon::Claims::new(NoCustom::default()).with_subject("someone");
            let token = codec.encode(&claims).unwrap();
            let _ = codec.decode::<NoCustom>(&token).unwrap();
        });
        judge(&format!("{alg:?}"), &found, &[]);
    }
}

/// Everything that is done to a private key's text.
fn written_and_read(key: &KeyMaterial) {
    let jwk = Jwk::from(key.clone()).with_kid("a").unwrap();
    let text = jwk.danger_to_secret_json();
    assert_eq!(Jwk::from_json(text.as_str()).unwrap().material(), key);
    assert!(jwk.to_json().is_err() || !key.is_secret());
    let read: Jwk = serde_json::from_str(text.as_str()).unwrap();
    assert_eq!(read.material(), key);

    // Each letter of the secret escaped, as JSON allows.
    let mut escaped = Zeroizing::new(String::with_capacity(64 * 1024));
    let mut in_member = false;
    for piece in text.as_str().split_inclusive('"') {
        if in_member && piece.len() > 20 {
            for c in piece.trim_end_matches('"').bytes() {
                escaped.push_str("\\u00");
                escaped.push(char::from_digit(u32::from(c >> 4), 16).unwrap());
                escaped.push(char::from_digit(u32::from(c & 15), 16).unwrap());
            }
            escaped.push('"');
        } else {
            escaped.push_str(piece);
        }
        in_member = !in_member;
    }
    assert_eq!(Jwk::from_json(&*escaped).unwrap().material(), key);

    let set: JwkSet = [jwk].into_iter().collect();
    let text = set.danger_to_secret_json();
    assert_eq!(JwkSet::from_json(text.as_str()).unwrap().keys().len(), 1);
    // One that is cut off, and one of a kind that is unknown here.
    JwkSet::from_json(text.as_str().get(..text.as_str().len() - 1).unwrap()).unwrap_err();
    let mut unknown = Zeroizing::new(String::with_capacity(16 * 1024));
    for piece in text.as_str().split_inclusive("\"kty\":\"") {
        unknown.push_str(piece);
        if piece.ends_with("\"kty\":\"") {
            unknown.push_str("of tomorrow ");
        }
    }
    assert_eq!(JwkSet::from_json(&*unknown).unwrap().skipped().len(), 1);
    // Its secret is a member that is unknown, too, as `priv` of the type AKP is.
    for member in ["\"k\":", "\"d\":"] {
        if let Some(place) = unknown.find(member) {
            unknown.replace_range(place..place + member.len(), "\"priv\":");
        }
    }
    assert_eq!(JwkSet::from_json(&*unknown).unwrap().skipped().len(), 1);

    if !matches!(key, KeyMaterial::Oct(_)) {
        let der = key.to_pkcs8_der().unwrap();
        assert_eq!(KeyMaterial::from_der(der.as_bytes()).unwrap(), *key);
        let pem = key.to_pkcs8_pem().unwrap();
        assert_eq!(KeyMaterial::from_pem(pem.as_str()).unwrap(), *key);
        let mut cut = der.as_bytes().len() - 1;
        while cut > 8 {
            KeyMaterial::from_der(&der.as_bytes()[..cut]).unwrap_err();
            cut /= 2;
        }
    }
}

#[test]
fn keys_as_text() {
    let key = random(32);
    let found = Watch::new().for_secret("key", &key).during(move || {
        written_and_read(&OctKey::new(key.to_vec()).unwrap().into());
    });
    judge("a symmetric key as text", &found, &[]);
}

// FIPS 186-5, SP 800-186 §3.2.1.3 and §3.2.1.4: the orders of the groups.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

#[test]
fn keys_on_elliptic_curves() {
    for curve in EcCurve::ALL {
        let found = Watch::new().during(move || {
            let key = EcPrivateKey::generate(curve).unwrap();
            also_for_secret("d", key.d());
            let order: &[u8] = match curve {
                EcCurve::P256 => &P256_ORDER,
                EcCurve::P384 => &P384_ORDER,
                _ => &[],
            };
            if !order.is_empty() {
                also_for_secret("d in Montgomery's form", &montgomery(key.d(), order));
            }
            let again = EcPrivateKey::new(curve, key.d(), Some(key.public())).unwrap();
            assert_eq!(key, again.clone());
            written_and_read(&key.clone().into());
            let signer = key.signer().unwrap();
            let signature = signer.sign(b"message").unwrap();
            assert!(signer.verifier().verify(b"message", &signature));
            let another = EcPrivateKey::generate(curve).unwrap();
            EcPrivateKey::new(curve, key.d(), Some(another.public())).unwrap_err();
        });
        // ring keeps the scalar in its key, which it does not wipe; graviola wipes its own.
        let in_ring =
            curve == EcCurve::P256 || curve == EcCurve::P384 && !graviola::util::is_cpu_supported();
        let known: &[&str] = if in_ring { &["d in Montgomery's form"] } else { &[] };
        judge(&format!("{curve:?}"), &found, known);
    }
}

#[test]
fn keys_on_edwards_and_montgomery_curves() {
    for curve in [OkpCurve::Ed25519, OkpCurve::X25519] {
        let d = random(32);
        let found = Watch::new().for_secret("seed", &d).during(move || {
            // RFC 8032 §5.1.5: the scalar and the prefix are the halves of the seed's hash.
            {
                use sha2::{Digest, Sha512};
                let mut hash = Sha512::digest(&d[..]);
                hash[0] &= 0xf8;
                hash[31] = hash[31] & 0x7f | 0x40;
                also_for_secret("scalar", &hash[..32]);
                also_for_secret("prefix", &hash[32..]);
                zeroize::Zeroize::zeroize(hash.as_mut_slice());
            }
            let key = OkpPrivateKey::new(curve, &d, None).unwrap();
            assert_eq!(OkpPrivateKey::new(curve, key.d(), Some(key.public())).unwrap(), key);
            written_and_read(&key.clone().into());
            if curve == OkpCurve::Ed25519 {
                let signer = key.signer(EdAlg::EdDsa).unwrap();
                let signature = signer.sign(b"message").unwrap();
                assert!(signer.verifier().verify(b"message", &signature));
            }
        });
        judge(&format!("{curve:?}"), &found, &[]);
    }
}

#[test]
fn rsa_keys() {
    let found = Watch::new().during(|| {
        // From a file: what making a key leaves behind is another case.
        let pem = include_str!("../../it/pem/encrypted/rsa.aes256_sha256.pem");
        let jwk = Jwk::from_encrypted_pem(pem, "correct horse battery staple").unwrap();
        let KeyMaterial::RsaPrivate(key) = jwk.material() else { panic!("another kind of key") };
        let parts = key.crt_parts();
        for (name, part) in [
            ("d", parts.d),
            ("p", parts.p),
            ("q", parts.q),
            ("dp", parts.dp),
            ("dq", parts.dq),
            ("qi", parts.qi),
        ] {
            also_for_secret(name, part);
        }
        let again = RsaPrivateKey::new(key.public().clone(), key.crt_parts()).unwrap();
        assert_eq!(again.clone(), *key);
        written_and_read(&key.clone().into());
        for alg in [RsaSigAlg::Rs256, RsaSigAlg::Ps256] {
            let signer = key.signer(alg).unwrap();
            let signature = signer.sign(b"message").unwrap();
            assert!(signer.verifier().verify(b"message", &signature));
        }
    });
    judge("RSA", &found, &["d", "p", "q"]);
}

/// What generating a key frees cannot be looked at before the key is there: it is looked for in all
/// memory, once the key is dropped.
#[test]
fn generated_keys() {
    for alg in [JwsAlg::HS256, JwsAlg::ES256, JwsAlg::ES384, JwsAlg::ES512, JwsAlg::EDDSA, JwsAlg::RS256]
    {
        let found = Watch::new().during(move || {
            let jwk = Jwk::generate(alg).unwrap();
            match jwk.material() {
                KeyMaterial::Oct(key) => also_for_secret("secret", key.as_bytes()),
                KeyMaterial::EcPrivate(key) => also_for_secret("secret", key.d()),
                KeyMaterial::OkpPrivate(key) => also_for_secret("secret", key.d()),
                KeyMaterial::RsaPrivate(key) => also_for_secret("secret", key.crt_parts().d),
                other => panic!("{other:?}"),
            }
        });
        // RSA's numbers are checked by signing with them, which ring does.
        let may: &[&str] = if alg == JwsAlg::RS256 { &["secret"] } else { &[] };
        judge_with(&format!("a generated key for {alg}"), &found, &[], may);
    }
}

#[test]
fn keys_in_encrypted_files() {
    let files: [&'static str; 4] = [
        include_str!("../../it/pem/encrypted/p256.aes128_sha256.pem"),
        include_str!("../../it/pem/encrypted/ed25519.aes256_sha256.pem"),
        include_str!("../../it/pem/encrypted/x25519.aes192_sha256.pem"),
        include_str!("../../it/pem/encrypted/rsa.aes256_sha256.pem"),
    ];
    for pem in files {
        // Masked, so that the compiled text is not what is found.
        let masked: Vec<u8> = b"correct horse battery staple".iter().map(|byte| byte ^ 1).collect();
        let password: Bytes = Zeroizing::new(masked.iter().map(|byte| byte ^ 1).collect());
        let watch = Watch::new().for_secret("password", &password);
        let rsa = pem.len() > 1000;
        let found = watch.during(move || {
            match Jwk::from_encrypted_pem(pem, &password[..]).unwrap().material() {
                KeyMaterial::EcPrivate(key) => also_for_secret("secret", key.d()),
                KeyMaterial::OkpPrivate(key) => also_for_secret("secret", key.d()),
                KeyMaterial::RsaPrivate(key) => also_for_secret("secret", key.crt_parts().d),
                other => panic!("{other:?}"),
            }
            drop(Jwk::from_encrypted_pem(pem, &password[..]).unwrap());
            Jwk::from_encrypted_pem(pem, "another password").unwrap_err();
        });
        let in_ring: &[&str] = if rsa { &["secret"] } else { &[] };
        judge("an encrypted file", &found, in_ring);
    }
}

#[test]
fn keys_that_rotate_through_a_store() {
    use symbolon::rotation::{FileStore, RotationPolicy, Rotator};

    let folder = std::env::temp_dir().join(format!("symbolon-wiping-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let d = random(32);
    let passphrase = random(24);
    let watch = Watch::new().for_secret("d", &d).for_secret("passphrase", &passphrase);
    let found = watch.during(move || {
        let key = OkpPrivateKey::new(OkpCurve::Ed25519, &d, None).unwrap();
        let first = Jwk::from(KeyMaterial::from(key)).with_alg(JwsAlg::EDDSA).unwrap();
        let first = first.with_kid("first").unwrap();
        let policy = RotationPolicy::every(time::Duration::HOUR).keep_newest(3);
        for (file, encrypted) in [("plain", false), ("encrypted", true)] {
            let open = |first: Option<&Jwk>| {
                let mut builder = Rotator::builder(JwsAlg::EDDSA, policy);
                if encrypted {
                    builder = builder.passphrase(passphrase.to_vec());
                }
                if let Some(first) = first {
                    builder = builder.first_key(first.clone());
                }
                builder.open(FileStore::new(folder.join(file))).unwrap()
            };
            let rotator = Arc::new(open(Some(&first)));
            rotator.rotate().unwrap();
            drop(rotator);
            let again = open(None);
            assert!(again.schedule().records().iter().any(|key| key.kid().as_str() == "first"));
            again.refresh().unwrap();
        }
        std::fs::remove_dir_all(folder).unwrap();
    });
    judge("a rotation's store", &found, &[]);
}

#[test]
fn passwords_of_a_server() {
    let digits = random(24);
    let password = Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(&digits[..]));
    let watch = Watch::new().for_secret("password", password.as_bytes());
    drop(digits);
    let found = watch.during(move || {
        let given = password.as_str().to_owned();
        let store = symbolon::RedisRevocations::new("127.0.0.1:1").password(given);
        assert!(!format!("{store:?}").contains(password.as_str()));
    });
    judge("the password of Redis", &found, &[]);
}
