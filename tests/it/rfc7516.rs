//! RFC 7516, JSON Web Encryption: the examples of appendix A.

use serde_json::{Value, json};
use symbolon::jwe::Content;
use symbolon::{Decrypter, ErrorKind, JweAlg, JweEnc, Jwk, Limits};

use crate::jwe_support::{all_forms, encrypter, judge_example, open, recipients, refused, ring_of};
use crate::support::{Miss, from_base64url, lacks_feature, tally, vectors};

const PAYLOAD: &str = "Live long and prosper.";
const KEY: &str = r#"{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg"}"#;
const A_3: &str = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";

/// Section A.4.7, of whose first recipient (RSA1_5) only the beginning is needed here.
fn a_4() -> Value {
    json!({
        "protected": "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
        "unprotected": {"jku": "https://server.example.com/keys.jwks"},
        "recipients": [
            {"header": {"alg": "RSA1_5", "kid": "2011-04-29"}, "encrypted_key": "UGhIOguC7Iu"},
            {"header": {"alg": "A128KW", "kid": "7"},
             "encrypted_key": "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ"},
        ],
        "iv": "AxY8DCtDaGlsbGljb3RoZQ",
        "ciphertext": "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY",
        "tag": "Mz-VPPyU4RlcuYv1IwIvzw",
    })
}

/// Section A.5.
fn a_5() -> Value {
    let mut message = a_4();
    let message_members = message.as_object_mut().unwrap();
    let Value::Array(mut recipients) = message_members.remove("recipients").unwrap() else {
        unreachable!()
    };
    let Value::Object(recipient) = recipients.remove(1) else { unreachable!() };
    message_members.extend(recipient);
    message
}

#[test]
fn appendix_a_3_a_4_and_a_5_are_read_in_their_serializations() {
    let messages = [A_3.to_owned(), a_4().to_string(), a_5().to_string()];
    if let Err(error) = a128kw() {
        println!("skipped: rfc7516 A.3 to A.5: {error}");
        return;
    }
    tally("rfc7516 A.3 to A.5", messages, |message| {
        judge_example(KEY, "A128KW", "A128CBC-HS256", &message, PAYLOAD.as_bytes())
    });
}

fn a128kw() -> Result<Decrypter, symbolon::Error> {
    Decrypter::from_jwk_as(&Jwk::from_json(KEY).unwrap(), JweAlg::A128KW, JweEnc::A128CBC_HS256)
}

/// The kid of A.4's second recipient picks the key; under another name it is nobody's.
#[test]
fn appendix_a_4_is_read_by_the_key_its_kid_picks() {
    let key = match a128kw() {
        Err(error) => return println!("skipped: appendix_a_4: {error}"),
        Ok(key) => key,
    };
    let message = a_4().to_string();
    let named = |kid: &str| ring_of(key.clone().with_kid(kid).unwrap());
    assert_eq!(open(&message, &named("7"), &Limits::default()).unwrap(), PAYLOAD.as_bytes());
    assert_eq!(refused(&message, &named("8")), Some(ErrorKind::UnknownKey));
    assert_eq!(refused(&message, &named("2011-04-29")), Some(ErrorKind::AlgorithmMismatch));
}

/// Neither is A.3's tag that of A.4 and A.5: the protected headers differ.
#[test]
fn the_protected_header_is_authentic_and_the_unprotected_is_not() {
    let key = match a128kw() {
        Err(error) => return println!("skipped: the_protected_header: {error}"),
        Ok(key) => key,
    };
    let ring = ring_of(key);
    let mut message = a_5();
    message["unprotected"] = json!({"jku": "https://attacker.example"});
    assert_eq!(refused(&message.to_string(), &ring), None);
    message["protected"] = A_3.split('.').next().unwrap().into();
    message["header"] = json!({});
    assert_eq!(refused(&message.to_string(), &ring), Some(ErrorKind::Unauthentic));
    message["tag"] = A_3.rsplit('.').next().unwrap().into();
    assert_eq!(refused(&message.to_string(), &ring), None);
}

/// Section 5.1 step 5 and section 7: what each algorithm sends for the key.
#[test]
fn messages_have_the_shape_their_serialization_asks_for() {
    let enc = JweEnc::A256GCM;
    tally("rfc7516 section 7, shapes", recipients(enc), |(name, alg, key)| {
        let fault = |error| Miss::of(&name, &error);
        let encrypter = encrypter(alg, enc, &key.map_err(fault)?).map_err(fault)?;
        for (form, message) in all_forms(&Content::new(b"x"), &encrypter).map_err(fault)? {
            let direct = crate::jwe_support::is_direct(alg);
            let good = if form == "compact" {
                let parts: Vec<_> = message.split('.').collect();
                parts.len() == 5 && parts[1].is_empty() == direct && from_base64url(parts[2]).len() == 12
            } else {
                let message: Value = serde_json::from_str(&message).unwrap();
                let one = if form == "general" { &message["recipients"][0] } else { &message };
                one["encrypted_key"].is_null() == direct
                    && message["recipients"].is_null() == (form == "flattened")
                    && message["aad"].is_null()
                    && message["unprotected"].is_null()
            };
            if !good {
                return Err(Miss::wrong(format!("{name} {form}: {message}")));
            }
        }
        Ok(())
    });
}

#[test]
fn vectors_agree() {
    let Some(examples) = vectors("rfc7516/examples.json") else { return };
    let header = |token: &str| -> Value {
        serde_json::from_slice(&from_base64url(token.split('.').next().unwrap())).unwrap()
    };
    let mut cases = Vec::new();
    for case in examples.as_array().unwrap() {
        let payload = from_base64url(case["payload_b64u"].as_str().unwrap());
        match &case["token"] {
            Value::String(token) => {
                let header = header(token);
                let [alg, enc] = ["alg", "enc"].map(|name| header[name].as_str().unwrap().to_owned());
                cases.push((case["key"].to_string(), alg, enc, token.clone(), payload));
            }
            message => {
                let enc =
                    header(message["protected"].as_str().unwrap())["enc"].as_str().unwrap().to_owned();
                let keys = case["keys"].as_array().cloned().unwrap_or_else(|| vec![case["key"].clone()]);
                let algs = match message["recipients"].as_array() {
                    Some(all) => all.iter().map(|one| &one["header"]["alg"]).collect(),
                    None => vec![&message["header"]["alg"]],
                };
                for (key, alg) in keys.iter().zip(algs) {
                    let alg = alg.as_str().unwrap().to_owned();
                    cases.push((
                        key.to_string(),
                        alg,
                        enc.clone(),
                        message.to_string(),
                        payload.clone(),
                    ));
                }
            }
        }
    }
    if lacks_feature(&a128kw()) {
        return println!("skipped: rfc7516 A.1 to A.5: {}", a128kw().unwrap_err());
    }
    tally(
        "rfc7516 A.1 to A.5, a case for each recipient",
        cases,
        |(key, alg, enc, message, payload)| judge_example(&key, &alg, &enc, &message, &payload),
    );
}
