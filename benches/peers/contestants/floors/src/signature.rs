//! HMAC and signatures over what a JWS signs.

use contestant::Entries;
use contestant::keys::{ED25519, P256, P384, RSA, SECRET};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{AWS_LC, DALEK, PAYLOAD_LEN, RING, RUST_CRYPTO};

/// Header, dot and payload as base64url.
fn message(payload_len: usize) -> Vec<u8> {
    vec![b'x'; 36 + 1 + payload_len.div_ceil(3) * 4]
}

pub(crate) fn enter(entries: &mut Entries) {
    on_ring::enter(entries);
    on_aws_lc::enter(entries);
    on_rust_crypto(entries);
    on_dalek(entries);
}

/// The two libraries have one API, but for ECDSA's private keys and for public ones: aws-lc-rs can
/// parse those once.
macro_rules! on {
    ($module:ident, $library:ident, $name:expr, $ecdsa:expr, $public:expr) => {
        mod $module {
            use super::*;
            use $library::rand::SystemRandom;
            use $library::signature::{
                ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
                ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
                RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
                RsaEncoding, RsaKeyPair, VerificationAlgorithm,
            };
            use $library::{hmac, signature};

            pub(super) fn enter(entries: &mut Entries) {
                for (operation, len) in [("", PAYLOAD_LEN), (" 4 KiB", 4096), (" 64 KiB", 65_536)] {
                    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
                    let message = message(len);
                    let tag = hmac::sign(&key, &message);
                    if operation.is_empty() {
                        let (key, message) = (key.clone(), message.clone());
                        entries.add($name, "HS256 sign", move || hmac::sign(&key, &message));
                    }
                    let verify = move || hmac::verify(&key, &message, tag.as_ref()).is_ok();
                    entries.add($name, format!("HS256 verify{operation}"), verify);
                }

                // PKCS#1 stands behind the first 24 bytes of SubjectPublicKeyInfo.
                let public = RSA.public_der().split_off(24);
                let rsa = |encoding: &'static dyn RsaEncoding| {
                    let key = RsaKeyPair::from_pkcs8(&RSA.private_der()).expect("the key serves");
                    move |message: &[u8]| {
                        let mut signature = vec![0; 256];
                        let random = SystemRandom::new();
                        key.sign(encoding, &random, message, &mut signature).expect("it signs");
                        signature
                    }
                };
                pair(entries, "RS256", rsa(&RSA_PKCS1_SHA256), &RSA_PKCS1_2048_8192_SHA256, &public);
                pair(entries, "PS256", rsa(&RSA_PSS_SHA256), &RSA_PSS_2048_8192_SHA256, &public);

                let ecdsa = |alg: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]| {
                    let key: EcdsaKeyPair = $ecdsa(alg, pkcs8).expect("the key serves");
                    move |message: &[u8]| {
                        let signature = key.sign(&SystemRandom::new(), message).expect("it signs");
                        signature.as_ref().to_vec()
                    }
                };
                let sign = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &P256.private_der());
                pair(entries, "ES256", sign, &ECDSA_P256_SHA256_FIXED, &P256.public_end::<65>());
                let sign = ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &P384.private_der());
                pair(entries, "ES384", sign, &ECDSA_P384_SHA384_FIXED, &P384.public_end::<97>());

                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&ED25519.private_der());
                let key = key.expect("the key serves");
                let sign = move |message: &[u8]| key.sign(message).as_ref().to_vec();
                pair(entries, "EdDSA", sign, &signature::ED25519, &ED25519.public_end::<32>());
            }

            fn pair(
                entries: &mut Entries,
                alg: &str,
                sign: impl Fn(&[u8]) -> Vec<u8> + 'static,
                verifying: &'static dyn VerificationAlgorithm,
                public: &[u8],
            ) {
                let message = message(PAYLOAD_LEN);
                let signature = sign(&message);
                let verify = $public(verifying, public);
                assert!(verify(&message, &signature), "{}: {alg}", $name);
                let signed = message.clone();
                entries.add($name, format!("{alg} sign"), move || sign(&message));
                let verify = move || verify(&signed, &signature);
                entries.add($name, format!("{alg} verify"), verify);
            }
        }
    };
}

on!(
    on_ring,
    ring,
    RING,
    |alg, pkcs8| EcdsaKeyPair::from_pkcs8(alg, pkcs8, &SystemRandom::new()),
    |alg: &'static dyn VerificationAlgorithm, public: &[u8]| {
        let key = signature::UnparsedPublicKey::new(alg, public.to_vec());
        move |message: &[u8], signature: &[u8]| key.verify(message, signature).is_ok()
    }
);
on!(
    on_aws_lc,
    aws_lc_rs,
    AWS_LC,
    |alg, pkcs8| EcdsaKeyPair::from_pkcs8(alg, pkcs8),
    |alg: &'static dyn VerificationAlgorithm, public: &[u8]| {
        let key = signature::ParsedPublicKey::new(alg, public).expect("the key serves");
        move |message: &[u8], signature: &[u8]| key.verify_sig(message, signature).is_ok()
    }
);

fn on_rust_crypto(entries: &mut Entries) {
    let key = Hmac::<Sha256>::new_from_slice(&SECRET).expect("any length serves");
    for (operation, len) in [
        ("sign", PAYLOAD_LEN),
        ("verify", PAYLOAD_LEN),
        ("verify 4 KiB", 4096),
        ("verify 64 KiB", 65_536),
    ] {
        let (key, message) = (key.clone(), message(len));
        let mac = move || key.clone().chain_update(&message).finalize();
        entries.add(RUST_CRYPTO, format!("HS256 {operation}"), mac);
    }
}

fn on_dalek(entries: &mut Entries) {
    use ed25519_dalek::pkcs8::DecodePrivateKey;
    use ed25519_dalek::{Signer, SigningKey, Verifier};

    let key = SigningKey::from_pkcs8_pem(ED25519.private_pem).expect("the key serves");
    let public = key.verifying_key();
    let message = message(PAYLOAD_LEN);
    let signature = key.sign(&message);
    let signed = message.clone();
    entries.add(DALEK, "EdDSA sign", move || key.sign(&message));
    entries.add(DALEK, "EdDSA verify", move || public.verify(&signed, &signature).is_ok());
}
