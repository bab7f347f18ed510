//! Tokens byte for byte, and forged ones: here, because nothing public may choose a salt or derive
//! a key.

use serde_json::Value;

use super::derive::Extracted;
use super::wire::Parts;
use super::{HeaderlessKey, SealedCipher, SealedKey};
use crate::base::base64url;
use crate::crypto::hkdf::hkdf_sha256;
use crate::error::ErrorKind;

fn bytes(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn headerless_is_written_as_others_write_it() {
    let Some(folder) = std::env::var_os("SYMBOLON_VECTORS") else {
        println!("skipped: sealed_headerless.json: SYMBOLON_VECTORS is not set");
        return;
    };
    let file = std::fs::read(std::path::Path::new(&folder).join("sealed_headerless.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let mut run = 0;
    for case in file["cases"].as_array().unwrap() {
        let cipher = match case["cipher"].as_str().unwrap() {
            "AES-256-GCM" => SealedCipher::Aes256Gcm,
            "XChaCha20-Poly1305" => SealedCipher::XChaCha20Poly1305,
            other => panic!("{other}"),
        };
        let mut random = [0; 40];
        let given = [bytes(&case["salt_hex"]), bytes(&case["nonce_hex"])].concat();
        random[..given.len()].copy_from_slice(&given);
        let payload = case["payload_utf8"].as_str().unwrap().as_bytes();
        let mut written = String::new();
        HeaderlessKey::new(bytes(&case["master_key_hex"]))
            .unwrap()
            .seal_with_random(payload, cipher, &random, &mut written)
            .unwrap();
        assert_eq!(written, case["token"].as_str().unwrap(), "case {}", case["id"]);
        run += 1;
    }
    println!("sealed_headerless.json: {run} written byte for byte, 0 wrong");
    assert!(run > 0);
}

// The layout as src/sealed/wire.rs says, so that a change of it is seen.
#[test]
fn ours_is_written_as_the_wire_says() {
    let key = SealedKey::new([7; 32]).unwrap().with_kid("k1").unwrap();
    for (cipher, byte) in [(SealedCipher::Aes256Gcm, 0xe1), (SealedCipher::XChaCha20Poly1305, 0xe2)] {
        let mut token = String::new();
        key.seal_with_salt(b"payload", cipher, &[5; 24], &mut token).unwrap();
        let bytes = base64url::decode(&token).unwrap();
        assert_eq!(bytes[..5], [0xb1, byte, 2, b'k', b'1']);
        assert_eq!(bytes[5..29], [5; 24]);
        assert_eq!(bytes.len(), 5 + 24 + 32 + 7 + 16);

        let [key, commitment] = [b"k", b"c"].map(|label| {
            let mut okm = [0; 32];
            hkdf_sha256(&[7; 32], b"symbolon sealed", &[label, &bytes[..29]], &mut okm).unwrap();
            okm
        });
        assert_eq!(bytes[29..61], commitment);
        let (aad, rest) = bytes.split_at(61);
        let (text, tag) = rest.split_at(7);
        let mut text = text.to_vec();
        cipher.open(&key, &[5; 24], aad, &mut text, tag.try_into().unwrap()).unwrap();
        assert_eq!(text, b"payload");
    }
}

// What whoever holds both keys could try: one key's commitment over the other's ciphertext.
#[test]
fn a_token_opens_under_the_committed_key_or_under_none() {
    let masters = [[1; 32], [2; 32]];
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let head = [&[0xb1, cipher.byte(), 0][..], &[5; 24]].concat();
        let [one, two] = masters.map(|master| Extracted::new(&master));
        let pairs = [(&one, &one, true), (&one, &two, false), (&two, &one, false)];
        for (encrypting, committed, opens) in pairs {
            let mut bytes = [&head[..], &committed.commitment(&head).unwrap(), b"payload"].concat();
            let parts = Parts::untagged(3, &mut bytes).unwrap();
            let tag =
                cipher.seal(&encrypting.key(&head).unwrap(), parts.salt, parts.aad, parts.text).unwrap();
            bytes.extend(tag);
            let token = base64url::encode(bytes);
            let read = masters.map(|master| SealedKey::new(master).unwrap().open(&token));
            if opens {
                assert_eq!(read[0].as_deref().unwrap(), b"payload");
            } else {
                assert_eq!(read[0].as_ref().unwrap_err().kind(), ErrorKind::Unauthentic);
            }
            assert_eq!(read[1].as_ref().unwrap_err().kind(), ErrorKind::Unauthentic);
        }
    }
}
