//! Wycheproof's sets that touch encryption: the JOSE files' encrypted tokens, and ECDH with both keys
//! as JWK, judged through the doors that a user takes.

use serde_json::{Value, json};
use symbolon::{Decrypter, Encrypter, ErrorKind, JweAlg, JweEnc, Jwk, Limits};

use crate::jwe_support::{RSA1_5, agreed_a128gcm, forge, open, ring_of, tally_or_skip};
use crate::support::{Miss, from_base64url, vectors};

fn judge(group: &Value, test: &Value) -> Result<(), Miss> {
    let name = format!("{} {} {}", group["comment"], test["tcId"], test["comment"]);
    let (key, due) = (&group["private"], test["result"] == "valid");
    let message = match &test["jwe"] {
        Value::String(text) => text.clone(),
        message => message.to_string(),
    };
    // What the key is made for: the file says it, or the header.
    let in_header = || {
        let header = message.split('.').next()?;
        let bytes = std::panic::catch_unwind(|| from_base64url(header)).ok()?;
        let header: Value = serde_json::from_slice(&bytes).ok()?;
        JweEnc::from_name(header["enc"].as_str()?)
    };
    let enc = test["enc"].as_str().and_then(JweEnc::from_name).or_else(in_header);
    let enc = enc.unwrap_or(JweEnc::A256CBC_HS512);
    if key["alg"] == "RSA1_5" {
        let refused = Jwk::from_json(key.to_string()).and_then(|key| Decrypter::from_jwk(&key, enc));
        return match refused {
            Err(error) if error.kind() == ErrorKind::UnsupportedAlgorithm && !due => Ok(()),
            Err(error) if error.kind() == ErrorKind::UnsupportedAlgorithm => Err(Miss::skipped(RSA1_5)),
            other => Err(Miss::wrong(format!("{name}: {other:?}"))),
        };
    }
    let fault = |error| Miss::of("a key", &error);
    let key = Jwk::from_json(key.to_string()).map_err(fault)?;
    let ring = ring_of(Decrypter::from_jwk(&key, enc).map_err(fault)?);
    let limits = Limits::default();
    #[cfg(feature = "deflate")]
    let limits = limits.inflated_len(1 << 16);
    let compressed = test["flags"].as_array().unwrap().contains(&json!("CompressedPlaintext"));
    match open(&message, &ring, &limits) {
        Ok(payload) if due => match test["pt"].as_str() {
            Some(hex) if hex != payload.iter().map(|b| format!("{b:02x}")).collect::<String>() => {
                Err(Miss::wrong(format!("{name}: another payload")))
            }
            _ => Ok(()),
        },
        Err(_) if !due => Ok(()),
        Err(error) if compressed && error.kind() == ErrorKind::UnsupportedHeader => {
            Err(Miss::skipped("compressed content needs the feature `deflate`"))
        }
        other => Err(Miss::wrong(format!("{name}: {:?}, should be {}", other, test["result"]))),
    }
}

fn suite(name: &str) {
    let Some(suite) = vectors(&format!("wycheproof/{name}_test.dev.json")) else { return };
    let cases: Vec<_> = suite["testGroups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test)))
        .filter(|(_, test)| !test["jwe"].is_null())
        .collect();
    assert!(cases.iter().any(|(_, test)| test["result"] == "valid"));
    assert!(cases.iter().any(|(_, test)| test["result"] == "invalid"));
    tally_or_skip(&format!("wycheproof {name}, encrypted tokens"), cases, |(group, test)| {
        judge(group, test)
    });
}

#[test]
fn encrypted_tokens_get_the_right_verdict() {
    suite("json_web_encryption");
}

#[test]
fn the_encrypted_tokens_among_mixed_cases_get_the_right_verdict() {
    suite("json_web_crypto");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Both doors that a peer's public key has: as `epk` of a token, which is read by the private key if
/// and only if both come to the file's secret; and as a key to encrypt to.
fn judge_agreement(test: &Value) -> Result<(), Miss> {
    let name = format!("{} {}", test["tcId"], test["comment"]);
    let private = Jwk::from_json(test["private"].to_string());
    let own =
        match private.and_then(|key| Decrypter::from_jwk_as(&key, JweAlg::ECDH_ES, JweEnc::A128GCM)) {
            Err(error) if error.kind() == ErrorKind::MissingFeature => {
                return Err(Miss::of("ECDH-ES", &error));
            }
            // Where just the private key is at fault nothing can be agreed on, either.
            Err(_) if test["result"] == "invalid" => return Ok(()),
            Err(error) => return Err(Miss::wrong(format!("{name}: the private key: {error}"))),
            Ok(own) => own,
        };
    let header = json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": test["public"]}).to_string();
    let cek = agreed_a128gcm(&hex(test["shared"].as_str().unwrap_or_default()));
    let read = open(&forge(&header, b"", &cek, b"agreed"), &ring_of(own), &Limits::default());
    let peer = Jwk::from_json(test["public"].to_string())
        .and_then(|key| Encrypter::from_jwk_as(&key, JweAlg::ECDH_ES, JweEnc::A128GCM))
        .and_then(|peer| {
            symbolon::jwe::compact::encrypt(&symbolon::jwe::Content::new(b"x"), &(), &peer)
        });
    let zero = test["shared"].as_str().is_some_and(|shared| shared.bytes().all(|byte| byte == b'0'));
    let wrong_curve = test["flags"].as_array().unwrap().iter().any(|flag| {
        flag == "WrongCurve"
            || (flag == "InvalidPublic" && test["public"]["crv"] != test["private"]["crv"])
    });
    // A good key of another curve is good for others.
    let as_epk = test["result"] != "invalid" && !zero;
    let as_key = as_epk || (wrong_curve && peer.is_ok());
    match (&read, as_epk, peer.is_ok() == as_key) {
        (Ok(_), true, true) => Ok(()),
        (Err(error), false, true) if error.kind() == ErrorKind::Malformed => Ok(()),
        (read, ..) => Err(Miss::wrong(format!("{name}: as epk {read:?}, as key {peer:?}"))),
    }
}

fn agreements(name: &str, judge: impl Fn(&Value) -> Result<(), Miss>) {
    let Some(suite) = vectors(&format!("wycheproof-jwk-ecdh/{name}_test.dev.json")) else { return };
    let groups = suite["testGroups"].as_array().unwrap();
    let cases: Vec<_> = groups.iter().flat_map(|group| group["tests"].as_array().unwrap()).collect();
    let source = format!("wycheproof {name} (public key as epk in a forged token, and as recipient)");
    tally_or_skip(&source, cases, judge);
}

#[test]
fn p256_agrees() {
    agreements("ecdh_secp256r1_webcrypto", judge_agreement);
}

#[test]
fn p384_agrees() {
    agreements("ecdh_secp384r1_webcrypto", judge_agreement);
}

#[test]
fn p521_agrees() {
    agreements("ecdh_secp521r1_webcrypto", judge_agreement);
}

#[test]
fn x25519_agrees() {
    agreements("x25519_jwk", judge_agreement);
}

/// JOSE has no ECDH on that curve (RFC 8812 §3.1): under neither of its names do keys serve it.
#[test]
fn secp256k1_is_refused() {
    agreements("ecdh_secp256k1_webcrypto", |test| {
        for name in ["P-256K", "secp256k1"] {
            let mut key = test["private"].clone();
            key["crv"] = name.into();
            let made = Jwk::from_json(key.to_string())
                .and_then(|key| Decrypter::from_jwk_as(&key, JweAlg::ECDH_ES, JweEnc::A128GCM));
            if made.is_ok() {
                return Err(Miss::wrong(format!("{name} {}", test["tcId"])));
            }
        }
        match test["result"] == "valid" {
            true => Err(Miss::skipped("secp256k1 is no curve of ECDH-ES, its keys are refused")),
            false => Ok(()),
        }
    });
}

#[test]
fn x448_is_refused() {
    agreements("x448_jwk", |test| {
        let keys = ["public", "private"].map(|half| Jwk::from_json(test[half].to_string()));
        match keys
            .iter()
            .any(|key| key.as_ref().is_err_and(|error| error.kind() == ErrorKind::UnsupportedKey))
        {
            true if test["result"] == "invalid" => Ok(()),
            true => Err(Miss::skipped("X448 is not among the curves, its keys are refused")),
            false => Err(Miss::wrong(format!("{}: {keys:?}", test["tcId"]))),
        }
    });
}
