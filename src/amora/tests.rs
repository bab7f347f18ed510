//! Tokens byte for byte, and forged ones: here, because nothing public may choose a nonce or a
//! shared secret.

use serde_json::Value;
use zeroize::Zeroizing;

use super::wire::{AmoraVersion, MAX_TTL, Metadata, Parts, Times, frame};
use super::{AmoraOpener, hex, one};
use crate::base::{Scratch, base64url};
use crate::crypto::xchacha::XChaChaKey;
use crate::error::ErrorKind;

fn key(digits: &Value) -> [u8; 32] {
    **hex::key(digits.as_str().unwrap()).unwrap()
}

fn bytes(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn zero_is_written_as_libsodium_writes_it() {
    let Some(folder) = std::env::var_os("SYMBOLON_VECTORS") else {
        println!("skipped: amora.json: SYMBOLON_VECTORS is not set");
        return;
    };
    let file = std::fs::read(std::path::Path::new(&folder).join("amora.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let mut run = 0;
    for case in file["cases"].as_array().unwrap() {
        if case["version"] != "zero" {
            continue;
        }
        let token = case["token"].as_str().unwrap();
        let mut random = Zeroizing::new([0; one::SECRET_AND_RANDOM_LEN]);
        random[..20].copy_from_slice(&base64url::decode(token).unwrap()[8..28]);
        let ttl = u32::try_from(case["ttl"].as_u64().unwrap()).unwrap();
        let times = Times::new(case["tgt"].as_i64().unwrap(), ttl).unwrap();
        let mut written = String::new();
        AmoraOpener::zero(&key(&case["key_hex"]))
            .sealer()
            .seal_with_random(&bytes(&case["payload_hex"]), times, &random, &mut written)
            .unwrap();
        assert_eq!(written, token, "case {}", case["id"]);
        run += 1;
    }
    println!("amora.json: {run} written byte for byte, 0 wrong");
    assert!(run > 0);
}

#[test]
fn one_is_written_from_its_ephemeral_secret() {
    let opener = AmoraOpener::one(&[0x42; 32]);
    let mut random = Zeroizing::new([9; one::SECRET_AND_RANDOM_LEN]);
    random[32..].fill(5);
    let mut written = String::new();
    let times = Times::new(1_700_000_000, MAX_TTL).unwrap();
    opener.sealer().seal_with_random(b"payload", times, &random, &mut written).unwrap();
    let ephemeral = AmoraOpener::one(&[9; 32]).public_key().unwrap();
    let bytes = base64url::decode(&written).unwrap();
    assert_eq!(bytes[..4], [0xa1, 0xff, 0xff, 0xff]);
    assert_eq!(bytes[4..36], ephemeral);
    assert_eq!(bytes[36..40], 1_700_000_000_u32.to_le_bytes());
    assert_eq!(bytes[40..60], [5; 20]);
    assert_eq!(opener.danger_open_expired(&written).unwrap().payload(), b"payload");
}

#[test]
fn times_end_where_the_wire_ends() {
    assert!(Times::new(0, 0).is_ok());
    assert!(Times::new(u32::MAX.into(), MAX_TTL).is_ok());
    assert!(Times::new(-1, 0).is_err());
    assert!(Times::new(i64::from(u32::MAX) + 1, 0).is_err());
    assert!(Times::new(0, MAX_TTL + 1).is_err());
    assert!(Times::between(Some(5), Some(6)).is_ok());
    for (issued_at, expires_at) in [
        (None, Some(6)),
        (Some(5), None),
        (Some(5), Some(5)),
        (Some(5), Some(4)),
        (Some(5), Some(i64::MIN)),
        (Some(5), Some(i64::MAX)),
        (Some(i64::MIN), Some(i64::MAX)),
        (Some(i64::MAX), Some(i64::MIN)),
        (Some(0), Some(i64::from(MAX_TTL) + 2)),
    ] {
        assert!(Times::between(issued_at, expires_at).is_err(), "{issued_at:?} {expires_at:?}");
    }
}

// RFC 7748 §6.1: with these as the peer's key every secret agrees on zero, so anybody could make
// this token without knowing any key.
#[test]
fn a_token_under_the_all_zero_agreement_is_refused() {
    let opener = AmoraOpener::one(&[7; 32]);
    let mut small_order = [[0; 32]; 7];
    small_order[1][0] = 1;
    small_order[2] =
        **hex::key("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").unwrap();
    small_order[3] =
        **hex::key("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157").unwrap();
    for (point, last) in small_order[4..].iter_mut().zip([0xec, 0xed, 0xee]) {
        *point = [0xff; 32];
        (point[0], point[31]) = (last, 0x7f);
    }
    let unused_bit_set = small_order.map(|mut point| {
        point[31] |= 0x80;
        point
    });
    let metadata = Metadata::at(AmoraVersion::One, Times::new(1_700_000_000, 60).unwrap());
    for point in small_order.iter().chain(&unused_bit_set) {
        let mut bytes = Scratch::new();
        frame(&metadata, Some(point), &[5; 20], b"forged", &mut bytes);
        let parts = Parts::untagged(AmoraVersion::One, &mut bytes).unwrap();
        let known_to_all = XChaChaKey::new(&[0; 32]);
        let tag = known_to_all.seal_in_place(parts.nonce, parts.header, parts.text).unwrap();
        bytes.extend_from_slice(&tag);
        let refused = opener.danger_open_expired(&base64url::encode(bytes)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unauthentic, "{point:?}");
    }
}
