//! Encrypted tokens in the examples of the RFCs around RFC 7516: RFC 7517 C, 7519 A, 8037 A.6 and
//! A.7, and RFC 7520 sections 5 and 6, in every serialization they give.

use serde_json::{Value, json};
use symbolon::{
    Body, Decrypter, ErrorKind, FixedClock, JweAlg, JweCodec, JweEnc, Jwk, JwsAlg, JwsCodec, Keyring,
    Limits, Nested, OkpCurve, OkpPrivateKey, OkpPublicKey, TokenCodecExt, Validator, Verifier,
};

use crate::jwe_support::{
    agreed_a128gcm, dir, forge, judge_example, open, refused, refuses_rsa1_5, ring_of, tally_or_skip,
};
use crate::support::{Miss, base64url, from_base64url, tally, vectors};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn header_of(token: &str) -> Value {
    serde_json::from_slice(&from_base64url(token.split('.').next().unwrap())).unwrap()
}

#[test]
fn rfc7517_c_an_encrypted_key() {
    let Some(examples) = vectors("rfc7517/examples.json") else { return };
    let case = examples.as_array().unwrap().iter().find(|case| case["id"] == "rfc7517-C").unwrap();
    let token = case["token"].as_str().unwrap();
    assert_eq!(header_of(token)["cty"], "jwk+json");
    tally_or_skip("rfc7517 C", vec![case], |case| {
        let key = case["key"].to_string();
        // What it hides is the key of appendix C.1 with its kid.
        let fault = |error| Miss::of("PBES2", &error);
        let jwk = Jwk::from_json(&key).map_err(fault)?;
        let decrypter = Decrypter::from_jwk_as(&jwk, JweAlg::PBES2_HS256_A128KW, JweEnc::A128CBC_HS256);
        let payload =
            open(token, &ring_of(decrypter.map_err(fault)?), &Limits::default()).map_err(fault)?;
        let hidden = Jwk::from_json(&payload).map_err(fault)?;
        if hidden.kid().map(symbolon::KeyId::as_str) != Some("juliet@capulet.lit") {
            return Err(Miss::wrong(format!("{hidden:?}")));
        }
        judge_example(&key, "PBES2-HS256+A128KW", "A128CBC-HS256", token, &payload)
    });
}

#[test]
fn rfc7519_a_encrypted_and_nested_tokens() {
    let Some(examples) = vectors("rfc7519/examples.json") else { return };
    let examples = examples.as_array().unwrap();
    let expiry = 1_300_819_380;
    tally("rfc7519 A", [(0, "outer"), (1, "outer"), (1, "inner")], |(which, half)| {
        let case = &examples[which];
        let token = case["token"].as_str().unwrap();
        if half == "outer" {
            let key = case.get("key").unwrap_or_else(|| &case["key_outer"]);
            let jwk = Jwk::from_json(key.to_string()).map_err(|error| Miss::of("key", &error))?;
            return Err(refuses_rsa1_5(&jwk, JweEnc::A128CBC_HS256, token));
        }
        nested_again(
            case["inner"].as_str().unwrap(),
            &case["key_inner"].to_string(),
            JwsAlg::RS256,
            expiry,
        )
    });
}

/// `inner` within a message of our own: read by [`Nested`] up to its last second, and no longer.
fn nested_again(inner: &str, key: &str, alg: JwsAlg, expiry: i64) -> Result<(), Miss> {
    let fault = |error| Miss::of(alg.name(), &error);
    let key = Jwk::from_json(key).map_err(fault)?;
    let verifier = Verifier::from_jwk_as(&key, alg).map_err(fault)?;
    let signed = JwsCodec::new(Keyring::read_only().with_reader(verifier).map_err(fault)?);
    let outer = JweCodec::new(dir());
    let token = outer.seal(&Body::new(inner.as_bytes()).content_type("JWT")).map_err(fault)?;
    let codec = Nested::new(outer, signed);
    for (at, good) in [(expiry - 1, true), (expiry, false)] {
        let clock = FixedClock::at_unix(at).unwrap();
        let validated = codec
            .decode::<Value>(&token)
            .and_then(|token| token.validate(&Validator::new().clock(clock)));
        match validated {
            Ok(verified) if good && verified.custom()["http://example.com/is_root"] == true => {}
            Err(error) if !good && error.is_expired() => {}
            other => return Err(Miss::wrong(format!("{at}: {other:?}"))),
        }
    }
    Ok(())
}

const BOB_D: &str = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const BOB_X: &str = "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08";
const EPK_X: &str = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo";
const Z: &str = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

#[test]
fn rfc8037_a_6_bob_comes_to_the_same_secret() {
    let x = OkpPublicKey::new(OkpCurve::X25519, &from_base64url(BOB_X)).unwrap();
    let bob = OkpPrivateKey::new(OkpCurve::X25519, &hex(BOB_D), Some(&x)).unwrap().into();
    let ring = ring_of(Decrypter::new(JweAlg::ECDH_ES, JweEnc::A128GCM, &bob).unwrap());
    let header = format!(
        r#"{{"alg":"ECDH-ES","epk":{{"kty":"OKP","crv":"X25519","x":"{EPK_X}"}},"enc":"A128GCM","kid":"Bob"}}"#
    );
    let token = forge(&header, b"", &agreed_a128gcm(&hex(Z)), b"agreed");
    assert_eq!(open(&token, &ring, &Limits::default()).unwrap(), b"agreed");
    println!("rfc8037 A.6: 1 run, 0 wrong");
}

#[test]
fn rfc8037_vectors_agree() {
    let Some(examples) = vectors("rfc8037/examples.json") else { return };
    let agreements = examples.as_array().unwrap().iter().filter(|case| case["z_hex"].is_string());
    tally("rfc8037 A.6 and A.7", agreements, |case| {
        let mut jwk = case["bob_jwk"].clone();
        jwk["d"] = base64url(hex(case["bob_d_hex"].as_str().unwrap())).into();
        let bob = match Jwk::from_json(jwk.to_string()) {
            Err(error) if error.kind() == ErrorKind::UnsupportedKey && jwk["crv"] == "X448" => {
                return Err(Miss::skipped("X448 is not among the curves, and its keys are refused"));
            }
            bob => bob.map_err(|error| Miss::of("bob", &error))?,
        };
        let key = Decrypter::from_jwk_as(&bob, JweAlg::ECDH_ES, JweEnc::A128GCM)
            .map_err(|error| Miss::of("X25519", &error))?;
        let header = json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": case["epk"], "kid": "Bob"});
        let cek = agreed_a128gcm(&hex(case["z_hex"].as_str().unwrap()));
        match refused(&forge(&header.to_string(), b"", &cek, b"agreed"), &ring_of(key)) {
            None => Ok(()),
            Some(kind) => Err(Miss::wrong(format!("{}: {kind:?}", case["id"]))),
        }
    });
}

const FORMS: [&str; 3] = ["compact", "json", "json_flat"];

/// The text of each serialization that `case` gives.
fn forms_of(case: &Value) -> impl Iterator<Item = (&'static str, String)> {
    FORMS.into_iter().filter_map(|form| match &case["output"][form] {
        Value::Null => None,
        Value::String(token) => Some((form, token.clone())),
        message => Some((form, message.to_string())),
    })
}

#[test]
fn rfc8037_cookbook_agrees() {
    let Some(case) = vectors("rfc8037/cookbook/ecdh-es.json") else { return };
    let input = &case["input"];
    tally("rfc8037 cookbook ECDH-ES", forms_of(&case), |(_, message)| {
        judge_example(
            &input["key"].to_string(),
            input["alg"].as_str().unwrap(),
            input["enc"].as_str().unwrap(),
            &message,
            input["plaintext"].as_str().unwrap().as_bytes(),
        )
    });
}

#[test]
fn rfc7520_section_5_agrees() {
    let names = [
        "5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2",
        "5_2.key_encryption_using_rsa-oaep_with_aes-gcm",
        "5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2",
        "5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
        "5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2",
        "5_6.direct_encryption_using_aes-gcm",
        "5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2",
        "5_8.key_wrap_using_aes-keywrap_with_aes-gcm",
        "5_9.compressed_content",
        "5_10.including_additional_authentication_data",
        "5_11.protecting_specific_header_fields",
        "5_12.protecting_content_only",
        "5_13.encrypting_to_multiple_recipients",
    ];
    let mut cases = Vec::new();
    for name in names {
        let Some(case) = vectors(&format!("rfc7520/jwe/{name}.json")) else { return };
        let input = &case["input"];
        let keys = match (&input["key"], input["pwd"].as_str()) {
            (Value::Array(keys), _) => keys.clone(),
            (Value::Null, Some(password)) => vec![json!({"kty": "oct", "k": base64url(password)})],
            (key, _) => vec![key.clone()],
        };
        let algs = input["alg"].as_array().cloned().unwrap_or_else(|| vec![input["alg"].clone()]);
        for (key, alg) in keys.iter().zip(algs) {
            for (form, message) in forms_of(&case) {
                // Section 5.13 in the files spells it without its S.
                let enc = input["enc"].as_str().unwrap().replace("CBC-H256", "CBC-HS256");
                let payload = input["plaintext"].as_str().unwrap().to_owned();
                let section = name.split('.').next().unwrap();
                let alg = alg.as_str().unwrap().to_owned();
                cases.push((format!("{section} {form}"), key.to_string(), alg, enc, message, payload));
            }
        }
    }
    tally("rfc7520 5.1 to 5.13", cases, |(name, key, alg, enc, message, payload)| {
        judge_example(&key, &alg, &enc, &message, payload.as_bytes()).map_err(|miss| match miss {
            Miss::Wrong(why) => Miss::wrong(format!("{name}: {why}")),
            // RFC 7516 gives them a reason of their own.
            skipped => skipped,
        })
    });
}

#[test]
fn rfc7520_section_5_10_hands_over_its_additional_data() {
    let name = "rfc7520/jwe/5_10.including_additional_authentication_data.json";
    let Some(case) = vectors(name) else { return };
    let jwk = Jwk::from_json(case["input"]["key"].to_string()).unwrap();
    let key = match Decrypter::from_jwk_as(&jwk, JweAlg::A128KW, JweEnc::A128GCM) {
        Err(error) => return println!("skipped: rfc7520 5.10: {error}"),
        Ok(key) => ring_of(key),
    };
    for (_, message) in forms_of(&case) {
        let now = time::OffsetDateTime::UNIX_EPOCH;
        let opened = symbolon::jwe::json::decrypt(&message, &key, &Limits::default(), now).unwrap();
        assert_eq!(opened.additional_data(), case["input"]["aad"].as_str().map(str::as_bytes));
        let bent = message.replace(r#""aad":"WyJ2Y2"#, r#""aad":"WyJ2Y3"#);
        assert_ne!(bent, message);
        assert_eq!(refused(&bent, &key), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn rfc7520_section_6_agrees() {
    let Some(case) = vectors("rfc7520/6.nesting_signatures_and_encryption.json") else { return };
    let (sign, encrypt) = (&case["sign"], &case["encrypt"]);
    let inner = sign["output"]["compact"].as_str().unwrap();
    let inner_key = sign["input"]["key"].to_string();
    let mut cases = vec![("inner", inner.to_owned())];
    cases.extend(forms_of(encrypt));
    tally("rfc7520 section 6", cases, |(form, message)| {
        let again = nested_again(inner, &inner_key, JwsAlg::PS256, 1_300_819_380);
        if form == "inner" {
            return again;
        }
        let input = &encrypt["input"];
        let key = input["key"].to_string();
        judge_example(&key, "RSA-OAEP", "A128GCM", &message, inner.as_bytes())?;
        if form != "compact" {
            return Ok(());
        }
        // And as a whole.
        let fault = |error| Miss::of("nested", &error);
        let outer = Jwk::from_json(&key)
            .and_then(|key| Decrypter::from_jwk_as(&key, JweAlg::RSA_OAEP, JweEnc::A128GCM));
        let inner =
            Jwk::from_json(&inner_key).and_then(|key| Verifier::from_jwk_as(&key, JwsAlg::PS256));
        let codec = Nested::new(
            JweCodec::new(ring_of(outer.map_err(fault)?)),
            JwsCodec::new(Keyring::read_only().with_reader(inner.map_err(fault)?).map_err(fault)?),
        );
        let claims = codec.decode::<Value>(&message).and_then(|token| token.claims_unvalidated());
        match claims.map_err(fault)?.registered().issuer() {
            Some("hobbiton.example") => Ok(()),
            other => Err(Miss::wrong(format!("{other:?}"))),
        }
    });
}
