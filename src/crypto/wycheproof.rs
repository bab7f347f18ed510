//! Project Wycheproof's vectors (C2SP/wycheproof), on every backend alike.
//!
//! A vector that is not run is counted with its reason; a set of which nothing runs fails.

use super::aes_gcm::AesGcmKey;
use super::ecdsa::{EcdsaCurve, EcdsaPublic};
use super::eddsa::Ed25519Public;
use super::hash::Hash;
use super::hkdf::hkdf_sha256;
use super::hmac::HmacKey;
use super::rsa::{RsaPublic, RsaScheme};
use super::{Failed, Unusable};
use std::collections::BTreeMap;
use wycheproof::{HashFunction, Mgf, TestResult};

/// What became of a set.
struct Tally {
    set: &'static str,
    run: usize,
    wrong: Vec<String>,
    skipped: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn new(set: &'static str) -> Self {
        Self { set, run: 0, wrong: Vec::new(), skipped: BTreeMap::new() }
    }

    /// `due` is whether this crate must accept the vector.
    fn judge(&mut self, id: usize, comment: &str, due: bool, accepted: bool) {
        self.run += 1;
        if due != accepted {
            self.wrong.push(format!("{id}: {comment}: accepted {accepted}"));
        }
    }

    fn skip(&mut self, reason: &'static str, vectors: usize) {
        *self.skipped.entry(reason).or_default() += vectors;
    }

    fn finish(self) {
        let Self { set, run, wrong, skipped } = self;
        let reasons: Vec<String> =
            skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let reasons =
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let skipped: usize = skipped.values().sum();
        println!("wycheproof {set}: {run} run, {} wrong, {skipped} skipped{reasons}", wrong.len());
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(run > 0);
    }
}

/// For sets without "acceptable" vectors; one that appears is to be decided on, not waved through.
fn valid(result: TestResult) -> bool {
    match result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        TestResult::Acceptable => panic!("an acceptable vector: decide it by its flags"),
    }
}

fn hash(function: HashFunction) -> Option<Hash> {
    match function {
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        _ => None,
    }
}

/// Wycheproof writes coordinates as integers; the field's length is what JOSE and we take.
fn coordinate(integer: &[u8], len: usize) -> Vec<u8> {
    let start = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
    let digits = &integer[start..];
    [vec![0; len - digits.len()], digits.to_vec()].concat()
}

fn ecdsa(set: &'static str, curve: EcdsaCurve) {
    use wycheproof::ecdsa::TestSet;
    let mut tally = Tally::new(set);
    for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
        let len = curve.field_len();
        let (x, y) = (coordinate(&group.key.affine_x, len), coordinate(&group.key.affine_y, len));
        let key = match EcdsaPublic::new(curve, &x, &y) {
            Ok(key) => key,
            Err(Unusable::Needs(feature)) => {
                println!("wycheproof {set}: needs {feature}");
                return;
            }
            Err(Unusable::Invalid | Unusable::NoRandomness) => panic!("{set}: a key is refused"),
        };
        for test in group.tests {
            let accepted = key.verify(&test.msg, &test.sig);
            tally.judge(test.tc_id, &test.comment, valid(test.result), accepted);
        }
    }
    tally.finish();
}

#[test]
fn ecdsa_p256() {
    ecdsa("ecdsa_secp256r1_sha256_p1363", EcdsaCurve::P256);
}

#[test]
fn ecdsa_p384() {
    ecdsa("ecdsa_secp384r1_sha384_p1363", EcdsaCurve::P384);
}

#[test]
fn ecdsa_p521() {
    ecdsa("ecdsa_secp521r1_sha512_p1363", EcdsaCurve::P521);
}

#[test]
fn ecdsa_secp256k1() {
    ecdsa("ecdsa_secp256k1_sha256_p1363", EcdsaCurve::Secp256k1);
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::TestSet;
    let mut tally = Tally::new("ed25519");
    for group in TestSet::load("ed25519".parse().unwrap()).unwrap().test_groups {
        let key = Ed25519Public::new(group.key.pk[..].try_into().unwrap()).unwrap();
        for test in group.tests {
            let accepted = key.verify(&test.msg, &test.sig);
            tally.judge(test.tc_id, &test.comment, valid(test.result), accepted);
        }
    }
    tally.finish();
}

#[test]
fn rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestFlag, TestSet};
    for set in [
        "rsa_signature_2048_sha256",
        "rsa_signature_2048_sha384",
        "rsa_signature_2048_sha512",
        "rsa_signature_3072_sha256",
        "rsa_signature_3072_sha384",
        "rsa_signature_3072_sha512",
        "rsa_signature_4096_sha256",
        "rsa_signature_4096_sha384",
        "rsa_signature_4096_sha512",
        "rsa_signature_8192_sha256",
        "rsa_signature_8192_sha384",
        "rsa_signature_8192_sha512",
    ] {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            let scheme = RsaScheme::Pkcs1(hash(group.hash).unwrap());
            let Ok(key) = RsaPublic::new(&group.key.n, &group.key.e) else {
                assert!(group.key_size < 2048 || group.key_size > 8192, "{set}: a key is refused");
                tally.skip("on keys out of bounds, refused", group.tests.len());
                continue;
            };
            for test in group.tests {
                let due = match test.result {
                    TestResult::Valid => true,
                    TestResult::Invalid => false,
                    // RFC 8017 §9.2 note 1: a verifier may take the hash's parameters left out. We
                    // compare the whole encoding, in which they are NULL.
                    TestResult::Acceptable => {
                        assert!(test.flags.contains(&TestFlag::MissingNull), "{set} {}", test.tc_id);
                        false
                    }
                };
                let accepted = key.verify(scheme, &test.msg, &test.sig);
                tally.judge(test.tc_id, &test.comment, due, accepted);
            }
        }
        tally.finish();
    }
}

#[test]
fn rsa_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::new("rsa_pss (all sets)");
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let count = group.tests.len();
            let Some(hash) = hash(group.hash) else {
                tally.skip("with another hash", count);
                continue;
            };
            if group.mgf != Mgf::Mgf1 || group.mgf_hash != Some(group.hash) {
                tally.skip("with another mask", count);
                continue;
            }
            let Ok(key) = RsaPublic::new(&group.key.n, &group.key.e) else {
                assert!(group.key_size < 2048 || group.key_size > 8192, "{name:?}: a key is refused");
                tally.skip("on keys out of bounds, refused", count);
                continue;
            };
            for test in group.tests {
                // A salt of another length than the hash's is valid PSS, and by RFC 7518 §3.5 no
                // JWS: all refused, but for the one vector there whose salt is of that length.
                let due = if group.salt_size == hash.len() {
                    valid(test.result)
                } else {
                    test.comment == format!("s_len changed to {}", hash.len())
                };
                let accepted = key.verify(RsaScheme::Pss(hash), &test.msg, &test.sig);
                tally.judge(test.tc_id, &test.comment, due, accepted);
            }
        }
    }
    tally.finish();
}

#[test]
fn hmac() {
    use wycheproof::mac::TestSet;
    for (set, hash) in
        [("hmac_sha256", Hash::Sha256), ("hmac_sha384", Hash::Sha384), ("hmac_sha512", Hash::Sha512)]
    {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            for test in group.tests {
                let key = HmacKey::new(hash, &test.key);
                // Truncated tags are valid HMAC, and not ours: refused, all of them.
                let due = valid(test.result) && group.tag_size == 8 * hash.len();
                tally.judge(test.tc_id, &test.comment, due, key.verify(&test.msg, &test.tag));
            }
        }
        tally.finish();
    }
}

#[test]
fn hkdf() {
    use wycheproof::hkdf::TestSet;
    let mut tally = Tally::new("hkdf_sha256");
    for group in TestSet::load("hkdf_sha256".parse().unwrap()).unwrap().test_groups {
        for test in group.tests {
            let mut okm = vec![0; test.size];
            let derived = hkdf_sha256(&test.ikm, &test.salt, &[&test.info], &mut okm);
            let accepted = derived == Ok(()) && okm == *test.okm;
            tally.judge(test.tc_id, &test.comment, valid(test.result), accepted);
        }
    }
    tally.finish();
}

/// Both directions: opening must give the plaintext or nothing, sealing the same bytes.
fn aead(
    tally: &mut Tally,
    test: &wycheproof::aead::Test,
    seal: impl Fn(&mut [u8]) -> Result<[u8; 16], Failed>,
    open: impl Fn(&mut [u8], &[u8; 16]) -> Result<(), Failed>,
) {
    let due = valid(test.result);
    let mut buf = test.ct.to_vec();
    let opened = test.tag[..].try_into().is_ok_and(|tag| open(&mut buf, &tag).is_ok());
    let accepted = opened && buf == *test.pt;
    assert!(opened || buf.iter().all(|byte| *byte == 0), "{}: plaintext left", test.tc_id);
    tally.judge(test.tc_id, &test.comment, due, accepted);
    if due {
        let mut buf = test.pt.to_vec();
        let sealed = seal(&mut buf).is_ok_and(|tag| buf == *test.ct && tag[..] == test.tag[..]);
        assert!(sealed, "{}: sealed otherwise", test.tc_id);
    }
}

#[test]
fn aes_gcm() {
    use wycheproof::aead::TestSet;
    let mut tally = Tally::new("aes_gcm");
    for group in TestSet::load("aes_gcm".parse().unwrap()).unwrap().test_groups {
        let count = group.tests.len();
        if group.nonce_size != 96 {
            tally.skip("with another nonce length", count);
            continue;
        }
        for test in group.tests {
            let key = match AesGcmKey::new(&test.key) {
                Ok(key) => key,
                Err(Unusable::Needs(_)) => {
                    tally.skip("with AES-192, not in ring", 1);
                    continue;
                }
                Err(Unusable::Invalid | Unusable::NoRandomness) => {
                    panic!("{}: the key is refused", test.tc_id)
                }
            };
            let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
            let seal = |buf: &mut [u8]| key.seal_in_place(&nonce, &test.aad, buf);
            let open = |buf: &mut [u8], tag: &[u8; 16]| key.open_in_place(&nonce, &test.aad, buf, tag);
            aead(&mut tally, &test, seal, open);
        }
    }
    tally.finish();
}

#[cfg(any(feature = "amora", feature = "sealed", feature = "jwe"))]
#[test]
fn xchacha20_poly1305() {
    use super::xchacha::XChaChaKey;
    use wycheproof::aead::TestSet;
    let mut tally = Tally::new("xchacha20_poly1305");
    for group in TestSet::load("xchacha20_poly1305".parse().unwrap()).unwrap().test_groups {
        if group.nonce_size != 192 {
            tally.skip("with another nonce length", group.tests.len());
            continue;
        }
        for test in group.tests {
            let key = XChaChaKey::new(test.key[..].try_into().unwrap());
            let nonce: [u8; 24] = test.nonce[..].try_into().unwrap();
            let seal = |buf: &mut [u8]| key.seal_in_place(&nonce, &test.aad, buf);
            let open = |buf: &mut [u8], tag: &[u8; 16]| key.open_in_place(&nonce, &test.aad, buf, tag);
            aead(&mut tally, &test, seal, open);
        }
    }
    tally.finish();
}

#[cfg(any(feature = "amora", feature = "jwe"))]
#[test]
fn x25519() {
    use super::x25519::X25519Secret;
    use wycheproof::xdh::{TestFlag, TestSet};
    let mut tally = Tally::new("x25519");
    for group in TestSet::load("x25519".parse().unwrap()).unwrap().test_groups {
        for test in group.tests {
            let secret = X25519Secret::from_bytes(test.private_key[..].try_into().unwrap());
            let agreed =
                test.public_key[..].try_into().map_err(|_| Failed).and_then(|peer| secret.agree(peer));
            // Acceptable are twisted, odd and small-order peers. RFC 7748 §5 wants every 32 bytes
            // taken, so the function is total but for the zero result, which §6.1 lets us refuse.
            let zero = test.flags.contains(&TestFlag::ZeroSharedSecret);
            let due = test.result != TestResult::Invalid && !zero;
            assert_eq!(zero, test.shared_secret.iter().all(|byte| *byte == 0), "{}", test.tc_id);
            let accepted = agreed.is_ok_and(|shared| shared[..] == test.shared_secret[..]);
            tally.judge(test.tc_id, &test.comment, due, accepted);
        }
    }
    tally.finish();
}

#[cfg(feature = "jwe")]
#[test]
fn aes_kw() {
    use super::aes_kw::AesKwKey;
    use wycheproof::keywrap::TestSet;
    let mut tally = Tally::new("aes_wrap");
    for group in TestSet::load("aes_wrap".parse().unwrap()).unwrap().test_groups {
        for test in group.tests {
            let key = match AesKwKey::new(&test.key) {
                Ok(key) => key,
                Err(Unusable::Needs(feature)) if cfg!(not(feature = "aws-lc-rs")) => {
                    println!("wycheproof aes_wrap: needs {feature}");
                    return;
                }
                Err(Unusable::Needs(_)) => {
                    tally.skip("with AES-192, not in aws-lc-rs", 1);
                    continue;
                }
                Err(Unusable::Invalid | Unusable::NoRandomness) => {
                    panic!("{}: the key is refused", test.tc_id)
                }
            };
            // Acceptable is one block alone, which RFC 3394 §2 does not have: refused.
            let due = test.result == TestResult::Valid;
            assert!(test.result != TestResult::Acceptable || test.pt.len() == 8);
            let mut unwrapped = vec![0; test.ct.len().saturating_sub(8)];
            let accepted = key.unwrap(&test.ct, &mut unwrapped).is_ok() && unwrapped[..] == test.pt[..];
            tally.judge(test.tc_id, &test.comment, due, accepted);
            if due {
                let mut wrapped = vec![0; test.pt.len() + 8];
                assert_eq!(key.wrap(&test.pt, &mut wrapped), Ok(()), "{}", test.tc_id);
                assert_eq!(wrapped, test.ct[..], "{}", test.tc_id);
            }
        }
    }
    tally.finish();
}

#[cfg(feature = "jwe")]
#[test]
fn aes_cbc_hmac() {
    use super::aes_cbc_hmac::AesCbcHmacKey;
    use wycheproof::aead::TestSet;
    for set in ["a128cbc_hs256", "a192cbc_hs384", "a256cbc_hs512"] {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            for test in group.tests {
                let key = match AesCbcHmacKey::new(&test.key) {
                    Ok(key) => key,
                    Err(Unusable::Needs(feature)) => {
                        println!("wycheproof {set}: needs {feature}");
                        return;
                    }
                    Err(Unusable::Invalid | Unusable::NoRandomness) => {
                        panic!("{}: the key is refused", test.tc_id)
                    }
                };
                let iv: [u8; 16] = test.nonce[..].try_into().unwrap();
                let due = valid(test.result);
                let mut buf = test.ct.to_vec();
                let opened = key.open(&iv, &test.aad, &mut buf, 0, &test.tag);
                let accepted = opened.is_ok() && buf == *test.pt;
                assert!(opened.is_ok() || buf.is_empty(), "{}", test.tc_id);
                tally.judge(test.tc_id, &test.comment, due, accepted);
                if due {
                    let mut buf = crate::base::Scratch::from(&test.pt[..]);
                    let tag = key.seal(&iv, &test.aad, &mut buf, 0).unwrap();
                    assert_eq!(buf[..], test.ct[..], "{}", test.tc_id);
                    assert_eq!(tag.as_ref(), &test.tag[..], "{}", test.tc_id);
                }
            }
        }
        tally.finish();
    }
}

#[cfg(feature = "jwe")]
#[test]
fn ecdh() {
    use super::ecdh::EcdhPrivate;
    use wycheproof::ecdh::TestSet;
    for (set, curve) in [
        ("ecdh_secp256r1_ecpoint", EcdsaCurve::P256),
        ("ecdh_secp384r1_ecpoint", EcdsaCurve::P384),
        ("ecdh_secp521r1_ecpoint", EcdsaCurve::P521),
    ] {
        let (mut tally, len) = (Tally::new(set), curve.field_len());
        for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            for test in group.tests {
                // JOSE writes x and y: no other form of a point gets as far as here.
                let [4, point @ ..] = &test.public_key[..] else {
                    tally.skip("with a point that is not 04 || x || y", 1);
                    continue;
                };
                let (x, y) = point.split_at(point.len() / 2);
                let key = match EcdhPrivate::new(curve, &coordinate(&test.private_key, len)) {
                    Ok(key) => key,
                    Err(Unusable::Needs(feature)) => {
                        println!("wycheproof {set}: needs {feature}");
                        return;
                    }
                    Err(Unusable::Invalid | Unusable::NoRandomness) => {
                        panic!("{}: the key is refused", test.tc_id)
                    }
                };
                let agreed = key.agree(x, y);
                let accepted = agreed.is_ok_and(|shared| shared[..] == test.shared_secret[..]);
                tally.judge(test.tc_id, &test.comment, valid(test.result), accepted);
            }
        }
        tally.finish();
    }
}

// Nothing else decrypts.
#[cfg(all(feature = "jwe", feature = "aws-lc-rs"))]
#[test]
fn rsa_oaep() {
    use super::rsa_oaep::{OaepHash, OaepPrivate, OaepPublic};
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let mut tally = Tally::new("rsa_oaep (all sets)");
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let count = group.tests.len();
            let hash = match group.hash {
                HashFunction::Sha1 => OaepHash::Sha1,
                HashFunction::Sha2_256 => OaepHash::Sha256,
                HashFunction::Sha2_384 => OaepHash::Sha384,
                HashFunction::Sha2_512 => OaepHash::Sha512,
                _ => {
                    tally.skip("with another hash", count);
                    continue;
                }
            };
            if group.mgf != Mgf::Mgf1 || group.mgf_hash != group.hash {
                tally.skip("with another mask", count);
                continue;
            }
            let parts = super::rsa::on_aws_lc::parts(&group.pkcs8).unwrap();
            let Ok(key) = OaepPrivate::new(&parts) else {
                assert!(group.key_size < 2048 || group.key_size > 8192, "{name:?}: a key is refused");
                tally.skip("on keys out of bounds, refused", count);
                continue;
            };
            let public = OaepPublic::new(&parts.n, &parts.e).unwrap();
            for test in group.tests {
                // JWE has no label, so text under one does not open here.
                let due = test.label.is_empty() && valid(test.result);
                let decrypted = key.decrypt(hash, &test.ct);
                let accepted = decrypted.is_ok_and(|text| text[..] == test.pt[..]);
                tally.judge(test.tc_id, &test.comment, due, accepted);
                if due {
                    let again = public.encrypt(hash, &test.pt).unwrap();
                    assert_eq!(key.decrypt(hash, &again).unwrap()[..], test.pt[..]);
                }
            }
        }
    }
    tally.finish();
}

#[cfg(feature = "jwe")]
#[test]
fn pbkdf2() {
    use super::pbkdf2::pbkdf2;
    use core::num::NonZeroU32;
    use wycheproof::pbkdf2::TestSet;
    for (set, hash) in [
        ("pbkdf2_hmacsha256", Hash::Sha256),
        ("pbkdf2_hmacsha384", Hash::Sha384),
        ("pbkdf2_hmacsha512", Hash::Sha512),
    ] {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set.parse().unwrap()).unwrap().test_groups {
            for test in group.tests {
                let rounds = NonZeroU32::new(test.iteration_count.try_into().unwrap()).unwrap();
                let mut out = vec![0; test.dk_len];
                pbkdf2(hash, &test.password, &test.salt, rounds, &mut out);
                tally.judge(test.tc_id, &test.comment, valid(test.result), out == *test.dk);
            }
        }
        tally.finish();
    }
}
