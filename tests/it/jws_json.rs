//! JWS beyond the compact serialization: JSON (RFC 7515 §7.2), detached (appendix F), unencoded
//! (RFC 7797) and streamed payloads; the examples of the RFCs, and what must be refused.

mod values;

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use symbolon::jws::{
    NewSignature, Payload, Signatures, VerifiedSignature, compact, detached, flattened, general,
    unencoded,
};
use symbolon::{
    Error, ErrorKind, Fault, HmacAlg, Jwk, JwsAlg, JwsCodec, KeyId, KeyMaterial, Keyring, Limits,
    OctKey, RawToken, RemoteSigner, Signer, TokenCodec, Verifier,
};
use time::OffsetDateTime;

use crate::support::{MAX_DEPTH, count, damaged, lacks_feature, noise, vectors};
use values::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn limits() -> Limits {
    Limits::default()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The key of a JWK, under `kid` where one is given; none where no backend serves it.
fn verifier(jwk: &str, alg: JwsAlg, kid: Option<&str>) -> Option<Verifier> {
    let jwk = Jwk::from_json(jwk).and_then(|jwk| Verifier::from_jwk_as(&jwk, alg));
    if lacks_feature(&jwk) {
        println!("skipped: {alg}: {}", jwk.unwrap_err());
        return None;
    }
    let verifier = jwk.unwrap();
    Some(kid.map_or_else(|| verifier.clone(), |kid| verifier.clone().with_kid(kid).unwrap()))
}

fn ring(keys: impl IntoIterator<Item = Verifier>) -> Keyring {
    Keyring::read_only().with_readers(keys).unwrap()
}

fn mac_signer(jwk: &str) -> Signer {
    Signer::from_jwk_as(&Jwk::from_json(jwk).unwrap(), JwsAlg::HS256).unwrap()
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.kind(),
    }
}

fn kids(signatures: &[VerifiedSignature]) -> Vec<&str> {
    signatures.iter().map(|signature| signature.key().kid().map_or("", KeyId::as_str)).collect()
}

// ---- the examples of the RFCs

fn bilbo_and_joe() -> Keyring {
    ring([
        verifier(A_6_RSA, JwsAlg::RS256, Some("2010-12-29")).unwrap(),
        verifier(A_6_EC, JwsAlg::ES256, Some("e9bc097a-ce51-4036-9562-d2ade882db0d")).unwrap(),
    ])
}

#[test]
fn rfc7515_a_6_is_read_by_any_all_and_each_key() {
    let ring = bilbo_and_joe();
    for wanted in [Signatures::Any, Signatures::All] {
        let signed = general::verify(A_6, &ring, &wanted, &limits(), NOW).unwrap();
        assert_eq!(signed.payload(), JOE_PAYLOAD.as_bytes());
        assert_eq!(kids(signed.signatures()), ["2010-12-29", "e9bc097a-ce51-4036-9562-d2ade882db0d"]);
        assert!(signed.is_by("2010-12-29") && !signed.is_by("2010-12-30"));
        let [first, second] = signed.signatures() else { panic!("two signatures") };
        assert_eq!((first.index(), second.index()), (0, 1));
        assert_eq!(first.protected(), br#"{"alg":"RS256"}"#);
        assert_eq!(first.unprotected(), Some(r#"{"kid":"2010-12-29"}"#));
        assert_eq!(second.key().alg(), JwsAlg::ES256);
    }
    for (index, kid) in ["2010-12-29", "e9bc097a-ce51-4036-9562-d2ade882db0d"].into_iter().enumerate() {
        let wanted = Signatures::By(KeyId::new(kid).unwrap());
        let signed = general::verify(A_6, &ring, &wanted, &limits(), NOW).unwrap();
        assert_eq!((kids(signed.signatures()), signed.signatures()[0].index()), (vec![kid], index));
    }
    println!("rfc7515 A.6: 4 run, 0 wrong");
}

#[test]
fn rfc7515_a_7_is_read() {
    let signed = flattened::verify(A_7, &bilbo_and_joe(), &limits(), NOW).unwrap();
    assert_eq!(signed.payload(), JOE_PAYLOAD.as_bytes());
    assert_eq!(signed.signature().protected(), br#"{"alg":"ES256"}"#);
    println!("rfc7515 A.7: 1 run, 0 wrong");
}

#[test]
fn rfc7520_4_4_to_4_7_are_read() {
    let ring = ring(verifier(FRODO_MAC, JwsAlg::HS256, None));
    let payload = FRODO_PAYLOAD.as_bytes();
    let cases = [
        ("4.4", SECTION_4_4_GENERAL, SECTION_4_4_FLATTENED),
        ("4.6", SECTION_4_6_GENERAL, SECTION_4_6_FLATTENED),
        ("4.7", SECTION_4_7_GENERAL, SECTION_4_7_FLATTENED),
    ];
    count("rfc7520 4.4, 4.6, 4.7 in JSON", cases, |(section, general, flattened)| {
        let signed = general::verify(general, &ring, &Signatures::All, &limits(), NOW);
        let one = flattened::verify(flattened, &ring, &limits(), NOW);
        match (signed, one) {
            (Ok(signed), Ok(one)) if signed.payload() == payload && one.payload() == payload => Ok(()),
            other => Err(format!("{section}: {other:?}")),
        }
    });
    // Nothing is protected in 4.7, so there is nothing to show.
    let signed = flattened::verify(SECTION_4_7_FLATTENED, &ring, &limits(), NOW).unwrap();
    assert_eq!(signed.signature().protected(), b"");
    assert_eq!(signed.signature().custom_header::<Value>().unwrap(), json!({}));

    detached::verify(SECTION_4_5_COMPACT, payload, &ring, &limits(), NOW).unwrap();
    detached::verify_flattened(SECTION_4_5_FLATTENED, payload, &ring, &limits(), NOW).unwrap();
    let wanted = Signatures::All;
    detached::verify_general(SECTION_4_5_GENERAL, payload, &ring, &wanted, &limits(), NOW).unwrap();
    let mut stream = payload;
    let stream = Payload::Reader(&mut stream);
    detached::verify(SECTION_4_5_COMPACT, stream, &ring, &limits(), NOW).unwrap();
    println!("rfc7520 4.5 detached: 4 run, 0 wrong");
}

#[test]
fn rfc7520_4_8_is_read_as_far_as_keys_are_served() {
    let keys = [
        verifier(FRODO_RSA, JwsAlg::RS256, None),
        verifier(FRODO_EC, JwsAlg::ES512, None),
        verifier(FRODO_MAC, JwsAlg::HS256, None),
    ];
    let served: Vec<usize> = (0..3).filter(|index| keys[*index].is_some()).collect();
    let ring = ring(keys.into_iter().flatten());
    let signed = general::verify(SECTION_4_8, &ring, &Signatures::Any, &limits(), NOW).unwrap();
    assert_eq!(signed.payload(), FRODO_PAYLOAD.as_bytes());
    let indices: Vec<_> = signed.signatures().iter().map(VerifiedSignature::index).collect();
    assert_eq!(indices, served);
    let all = general::verify(SECTION_4_8, &ring, &Signatures::All, &limits(), NOW);
    assert_eq!(all.is_ok(), served.len() == 3);
    // Two keys share this kid, and the algorithm picks.
    let bilbo = Signatures::By(KeyId::new("bilbo.baggins@hobbiton.example").unwrap());
    let signed = general::verify(SECTION_4_8, &ring, &bilbo, &limits(), NOW).unwrap();
    assert_eq!(signed.signatures().len(), served.len() - 1);
    println!("rfc7520 4.8: {} of 3 signatures run, 0 wrong", served.len());
}

#[test]
fn rfc7797_4_1_and_4_2_are_read() {
    let ring = ring(verifier(MAC, JwsAlg::HS256, None));
    for token in [B64_4_1, B64_4_2] {
        assert_eq!(flattened::verify(token, &ring, &limits(), NOW).unwrap().payload(), b"$.02");
    }
    detached::verify(B64_4_2_DETACHED, b"$.02", &ring, &limits(), NOW).unwrap();
    assert_eq!(
        kind(detached::verify(B64_4_2_DETACHED, b"$.03", &ring, &limits(), NOW)),
        ErrorKind::Unauthentic
    );
    let payload = b"This is the payload string!";
    assert_eq!(flattened::verify(B64_FLATTENED, &ring, &limits(), NOW).unwrap().payload(), payload);
    let signed = general::verify(B64_GENERAL, &ring, &Signatures::All, &limits(), NOW).unwrap();
    assert_eq!(signed.payload(), payload);
    assert_eq!(unencoded::verify(B64_COMPACT, &ring, &limits(), NOW).unwrap().payload(), payload);
    println!("rfc7797 4.1, 4.2 and the cookbook's: 6 run, 0 wrong");
}

/// MACs are the same each time, so what is written here can be held against the RFCs to the letter.
#[test]
fn writes_the_examples_with_macs_to_the_letter() {
    let frodo = mac_signer(FRODO_MAC);
    let payload = FRODO_PAYLOAD.as_bytes();
    let (new, loose) = (NewSignature::by(&frodo), NewSignature::by(&frodo).unprotected_kid());
    let mac = mac_signer(MAC);
    let plain = NewSignature::by(&mac).unencoded();
    let text = "This is the payload string!";
    let cases = [
        (general::sign(payload, &[new]), SECTION_4_4_GENERAL),
        (flattened::sign(payload, &new), SECTION_4_4_FLATTENED),
        (detached::sign(payload, &new), SECTION_4_5_COMPACT),
        (detached::sign_general(payload, &[new]), SECTION_4_5_GENERAL),
        (detached::sign_flattened(payload, &new), SECTION_4_5_FLATTENED),
        (general::sign(payload, &[loose]), SECTION_4_6_GENERAL),
        (flattened::sign(payload, &loose), SECTION_4_6_FLATTENED),
        (detached::sign(b"$.02", &plain), B64_4_2_DETACHED),
        (unencoded::sign(text, &NewSignature::by(&mac)), B64_COMPACT),
        (general::sign(text.as_bytes(), &[plain]), B64_GENERAL),
        (flattened::sign(text.as_bytes(), &plain), B64_FLATTENED),
    ];
    count("examples written", cases, |(written, example)| {
        let written = written.map_err(|error| error.to_string())?;
        // The RFC's member order differs from one example to the next.
        let same = written == example || {
            let value = |text: &str| serde_json::from_str::<Value>(text).ok();
            value(&written).is_some() && value(&written) == value(example)
        };
        if same { Ok(()) } else { Err(written) }
    });
}

/// Every serialization that the vectors give of RFC 7520 section 4, RFC 8037 and RFC 7797.
#[test]
fn vectors_in_every_serialization() {
    let names = [
        "rfc7520/jws/4_1.rsa_v15_signature.json",
        "rfc7520/jws/4_2.rsa-pss_signature.json",
        "rfc7520/jws/4_3.ecdsa_signature.json",
        "rfc7520/jws/4_4.hmac-sha2_integrity_protection.json",
        "rfc7520/jws/4_5.signature_with_detached_content.json",
        "rfc7520/jws/4_6.protecting_specific_header_fields.json",
        "rfc7520/jws/4_7.protecting_content_only.json",
        "rfc7520/jws/4_8.multiple_signatures.json",
        "rfc7797/cookbook-hmac-sha2_b64_false.json",
        "rfc8037/cookbook/jws.json",
    ];
    let mut cases = Vec::new();
    for name in names {
        let Some(vector) = vectors(name) else { return };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        let (keys, algs) = (list(&vector["input"]["key"]), list(&vector["input"]["alg"]));
        let keys: Vec<_> = keys
            .iter()
            .zip(&algs)
            .filter_map(|(key, alg)| {
                let alg = JwsAlg::from_name(alg.as_str().unwrap()).unwrap();
                verifier(&key.to_string(), alg, None)
            })
            .collect();
        let whole = keys.len() == algs.len();
        let payload = vector["input"]["payload"].as_str().unwrap().to_owned();
        for (serialization, token) in vector["output"].as_object().unwrap() {
            if keys.is_empty() {
                println!("skipped: {name} {serialization}: no backend has its key");
                continue;
            }
            let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
            cases.push((name, serialization.clone(), token, ring(keys.clone()), whole, payload.clone()));
        }
    }
    count(
        "vectors in every serialization",
        cases,
        |(name, serialization, token, ring, whole, payload)| {
            let wanted = if whole { Signatures::All } else { Signatures::Any };
            let (limits, bytes) = (limits(), payload.as_bytes());
            let read = match serialization.as_str() {
                "compact" if token.contains("..") => {
                    detached::verify(&token, bytes, &ring, &limits, NOW).map(|_| bytes.to_vec())
                }
                "compact" if token.contains(&payload) => unencoded::verify(&token, &ring, &limits, NOW)
                    .map(|signed| signed.payload().to_vec()),
                "compact" => {
                    compact::verify(&token, &ring, &limits, NOW).map(|signed| signed.payload().to_vec())
                }
                "json" if !token.contains("payload") => {
                    detached::verify_general(&token, bytes, &ring, &wanted, &limits, NOW)
                        .map(|_| bytes.to_vec())
                }
                "json" => general::verify(&token, &ring, &wanted, &limits, NOW)
                    .map(|signed| signed.payload().to_vec()),
                "json_flat" if !token.contains("payload") => {
                    detached::verify_flattened(&token, bytes, &ring, &limits, NOW)
                        .map(|_| bytes.to_vec())
                }
                "json_flat" => flattened::verify(&token, &ring, &limits, NOW)
                    .map(|signed| signed.payload().to_vec()),
                other => return Err(format!("{name}: what is {other}?")),
            };
            match read {
                Ok(read) if read == bytes => Ok(()),
                other => Err(format!("{name} {serialization}: {other:?}")),
            }
        },
    );
}

// ---- forged tokens, in every serialization

fn forger() -> Signer {
    let key = OctKey::new(noise(5, 32)).unwrap();
    key.signer(HmacAlg::Hs256).unwrap().with_kid("k").unwrap()
}

/// A signature's three parts, made by a key that the ring trusts whatever the headers say.
fn forge(protected: &str, unprotected: &str, body: &str) -> (String, Value) {
    let encoded = b64(protected);
    let signature = b64(forger().sign(format!("{encoded}.{body}").as_bytes()).unwrap());
    let mut object = json!({ "protected": encoded, "signature": signature });
    if protected.is_empty() {
        object.as_object_mut().unwrap().remove("protected");
    }
    if !unprotected.is_empty() {
        object["header"] = serde_json::from_str(unprotected).unwrap();
    }
    (format!("{encoded}.PAYLOAD.{signature}"), object)
}

const GOOD: &str = r#"{"alg":"HS256","kid":"k"}"#;
const PLAIN: &str = r#"{"alg":"HS256","kid":"k","b64":false,"crit":["b64"]}"#;

/// What each serialization says of a token with these headers, whose signature is good; beside a
/// good signature, too.
fn verdicts(protected: &str, unprotected: &str) -> Vec<(String, Result<(), Error>)> {
    let ring = ring([forger().verifier()]);
    let payload = "payload";
    let mut verdicts = Vec::new();
    for (form, body, beside) in
        [("encoded", b64(payload), GOOD), ("unencoded", payload.to_owned(), PLAIN)]
    {
        let (compact, object) = forge(protected, unprotected, &body);
        let (_, good) = forge(beside, "", &body);
        let flat = |with: bool| {
            let mut flat = object.clone();
            if with {
                flat["payload"] = body.clone().into();
            }
            flat.to_string()
        };
        let several = |with: bool, signatures: Value| {
            let mut general = json!({ "signatures": signatures });
            if with {
                general["payload"] = body.clone().into();
            }
            general.to_string()
        };
        let lists = [
            ("alone", json!([object])),
            ("first", json!([object, good])),
            ("last", json!([good, object])),
        ];
        let limits = limits();
        let mut say = |path: String, verdict: Result<(), Error>| {
            verdicts.push((format!("{form} {path}"), verdict));
        };
        say("flattened".into(), flattened::verify(&flat(true), &ring, &limits, NOW).map(drop));
        say(
            "detached flattened".into(),
            detached::verify_flattened(&flat(false), payload, &ring, &limits, NOW).map(drop),
        );
        for (place, list) in lists {
            for wanted in [Signatures::Any, Signatures::All, Signatures::By(KeyId::new("k").unwrap())] {
                say(
                    format!("general {place} {wanted:?}"),
                    general::verify(&several(true, list.clone()), &ring, &wanted, &limits, NOW)
                        .map(drop),
                );
                let token = several(false, list.clone());
                say(
                    format!("detached general {place} {wanted:?}"),
                    detached::verify_general(&token, payload, &ring, &wanted, &limits, NOW).map(drop),
                );
            }
        }
        if unprotected.is_empty() {
            let token = compact.replace("PAYLOAD", "");
            say("detached".into(), detached::verify(&token, payload, &ring, &limits, NOW).map(drop));
            let mut stream = payload.as_bytes();
            let stream = Payload::Reader(&mut stream);
            say("streamed".into(), detached::verify(&token, stream, &ring, &limits, NOW).map(drop));
            let token = compact.replace("PAYLOAD", &body);
            say("unencoded".into(), unencoded::verify(&token, &ring, &limits, NOW).map(drop));
            say("compact".into(), compact::verify(&token, &ring, &limits, NOW).map(drop));
            let codec = JwsCodec::new(ring.clone());
            let mut out = Vec::new();
            let read = codec.decode_into(&RawToken::new(&token), NOW.unix_timestamp(), &mut out);
            say("codec".into(), read.map(drop));
        }
    }
    verdicts
}

fn refused_everywhere(source: &str, headers: &[(&str, &str)], kinds: &[ErrorKind]) {
    let cases = headers.iter().flat_map(|(protected, unprotected)| {
        let all = verdicts(protected, unprotected).into_iter();
        all.map(move |(path, verdict)| (protected, unprotected, path, verdict))
    });
    count(source, cases, |(protected, unprotected, path, verdict)| match verdict {
        Err(error) if kinds.contains(&error.kind()) && error.fault() == Fault::Token => Ok(()),
        other => Err(format!("{path}: {protected} {unprotected}: {other:?}")),
    });
}

#[test]
fn forged_tokens_are_good_but_for_their_headers() {
    // Else the tests below would hold for the wrong reason.
    let good: Vec<_> = verdicts(GOOD, "").into_iter().filter(|(_, verdict)| verdict.is_ok()).collect();
    assert_eq!(good.iter().filter(|(path, _)| path.starts_with("encoded")).count(), 24, "{good:?}");
    let good: Vec<_> = verdicts(PLAIN, "").into_iter().filter(|(_, verdict)| verdict.is_ok()).collect();
    assert_eq!(good.iter().filter(|(path, _)| path.starts_with("unencoded")).count(), 23, "{good:?}");
    let good = verdicts(r#"{"alg":"HS256"}"#, r#"{"kid":"k","jku":"https://evil.example"}"#);
    assert_eq!(good.iter().filter(|(_, verdict)| verdict.is_ok()).count(), 20);
}

#[test]
fn rejects_crit_in_every_wrong_form() {
    let malformed = [r#"[]"#, r#"{}"#, r#""b64""#, "null", "true", "1", r#"{"b64":true}"#];
    let unsupported = [
        r#"["exp"]"#,
        r#"["alg"]"#,
        r#"["kid"]"#,
        r#"["b64","b64"]"#,
        r#"["b64","exp"]"#,
        r#"[1]"#,
        r#"[null]"#,
        r#"[["b64"]]"#,
        r#"[""]"#,
        r#"["B64"]"#,
        r#"["crit"]"#,
        r#"["b64 "]"#,
    ];
    let mut headers = Vec::new();
    for crit in malformed.into_iter().chain(unsupported) {
        for b64 in ["", r#","b64":true"#, r#","b64":false"#] {
            headers.push(format!(r#"{{"alg":"HS256","kid":"k","exp":1,"crit":{crit}{b64}}}"#));
        }
    }
    // It names a parameter that is absent, or stands unprotected.
    headers.push(r#"{"alg":"HS256","kid":"k","crit":["b64"]}"#.into());
    let headers: Vec<_> = headers.iter().map(|header| (header.as_str(), "")).collect();
    let kinds = [ErrorKind::Malformed, ErrorKind::UnsupportedHeader];
    refused_everywhere("crit in every wrong form", &headers, &kinds);
}

#[test]
fn rejects_crit_and_b64_that_are_not_protected() {
    let headers = [
        (GOOD, r#"{"crit":["b64"],"b64":false}"#),
        (GOOD, r#"{"crit":["exp"],"exp":1}"#),
        (GOOD, r#"{"b64":false}"#),
        (GOOD, r#"{"b64":true}"#),
        (GOOD, r#"{"crit":[]}"#),
        (r#"{"alg":"HS256","kid":"k","crit":["b64"]}"#, r#"{"b64":false}"#),
        (r#"{"alg":"HS256","kid":"k","b64":false}"#, r#"{"crit":["b64"]}"#),
        (PLAIN, r#"{"b64":false}"#),
        ("", r#"{"alg":"HS256","kid":"k","crit":["b64"],"b64":false}"#),
    ];
    let kinds = [ErrorKind::Malformed, ErrorKind::UnsupportedHeader];
    refused_everywhere("crit and b64 unprotected", &headers, &kinds);
}

#[test]
fn rejects_b64_without_crit_or_of_another_type() {
    let headers: Vec<_> = ["false", "null", "0", r#""false""#, "[]", "{}"]
        .iter()
        .map(|b64| format!(r#"{{"alg":"HS256","kid":"k","b64":{b64}}}"#))
        .collect();
    let headers: Vec<_> = headers.iter().map(|header| (header.as_str(), "")).collect();
    let kinds = [ErrorKind::Malformed, ErrorKind::UnsupportedHeader];
    refused_everywhere("b64 without crit", &headers, &kinds);
}

#[test]
fn rejects_b64_that_differs_between_signatures() {
    let ring = ring([forger().verifier()]);
    // A payload that is its own base64url: each signature is good for itself.
    let (_, plain) = forge(PLAIN, "", "payload");
    let (_, encoded) = forge(GOOD, "", "payload");
    for list in [json!([plain, encoded]), json!([encoded, plain])] {
        let token = json!({ "payload": "payload", "signatures": list }).to_string();
        for wanted in [Signatures::Any, Signatures::All] {
            let read = general::verify(&token, &ring, &wanted, &limits(), NOW);
            assert_eq!(kind(read), ErrorKind::Malformed);
        }
    }
    let signer = forger();
    let mixed = [NewSignature::by(&signer), NewSignature::by(&signer).unencoded()];
    assert_eq!(kind(general::sign(b"", &mixed)), ErrorKind::InvalidSetting);
    assert_eq!(kind(detached::sign_general(b"", &mixed)), ErrorKind::InvalidSetting);
}

#[test]
fn rejects_alg_none_and_every_other_algorithm_than_the_keys() {
    let names = [
        r#""none""#,
        r#""None""#,
        r#""NONE""#,
        r#""nOnE""#,
        r#""""#,
        r#""hs256""#,
        r#""HS384""#,
        r#""RS256""#,
        r#""ES256""#,
        r#""EdDSA""#,
        r#""none ""#,
        r#""n\u006fne""#,
        "null",
        "1",
        "true",
        "[]",
        r#"["HS256"]"#,
        "{}",
    ];
    let protected: Vec<_> = names.iter().map(|name| format!(r#"{{"alg":{name},"kid":"k"}}"#)).collect();
    let headers: Vec<_> = protected.iter().map(|header| (header.as_str(), "")).collect();
    // Beside a good signature one by nobody is passed over, if any will do: look at the others.
    let cases = headers.iter().flat_map(|(protected, _)| {
        let unprotected = verdicts("", protected).into_iter();
        let all = verdicts(protected, "").into_iter().chain(unprotected);
        all.map(move |(path, verdict)| (protected, path, verdict))
    });
    let passed_over =
        |path: &str| (path.contains("first") || path.contains("last")) && !path.contains("All");
    let cases = cases.filter(|(_, path, verdict)| !(passed_over(path) && verdict.is_ok()));
    count("alg none and others", cases, |(protected, path, verdict)| match verdict {
        Err(error)
            if [ErrorKind::Malformed, ErrorKind::AlgorithmMismatch, ErrorKind::UnsupportedHeader]
                .contains(&error.kind()) =>
        {
            Ok(())
        }
        other => Err(format!("{path}: {protected}: {other:?}")),
    });
}

#[test]
fn an_unprotected_alg_may_only_agree() {
    let good = verdicts("", r#"{"alg":"HS256","kid":"k"}"#);
    assert!(good.iter().any(|(path, verdict)| path == "encoded flattened" && verdict.is_ok()));
    // In both headers it is refused, even where it is the same.
    let headers = [
        (GOOD, r#"{"alg":"HS256"}"#),
        (GOOD, r#"{"alg":"none"}"#),
        (GOOD, r#"{"kid":"k"}"#),
        (GOOD, r#"{"k\u0069d":"other"}"#),
        (r#"{"alg":"HS256","kid":"k","mine":1}"#, r#"{"mine":1}"#),
        (r#"{"alg":"HS256","kid":"k","typ":"a"}"#, r#"{"typ":"a"}"#),
    ];
    refused_everywhere("a parameter in both headers", &headers, &[ErrorKind::Malformed]);
}

#[test]
fn rejects_headers_that_are_not_as_they_must_be() {
    let deep =
        format!(r#"{{"alg":"HS256","kid":"k","x":{}{}}}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let headers = [
        (r#"{"kid":"k"}"#, ""),
        (r#"["HS256"]"#, ""),
        (r#""HS256""#, ""),
        (r#"{"alg":"HS256","alg":"HS256","kid":"k"}"#, ""),
        (r#"{"alg":"HS256","\u0061lg":"HS256","kid":"k"}"#, ""),
        (r#"{"alg":"HS256","kid":"k"} "x""#, ""),
        (r#"{"alg":"HS256","kid":"k","x":"\ud800"}"#, ""),
        (r#"{"alg":"HS256","kid":"k","enc":"A128GCM"}"#, ""),
        (r#"{"alg":"HS256","kid":7}"#, ""),
        (r#"{"alg":"HS256","kid":["k"]}"#, ""),
        (r#"{"alg":"HS256"}"#, r#"{"kid":7}"#),
        (r#"{"alg":"HS256","kid":"k"}"#, r#"{"enc":"A128GCM"}"#),
        (deep.as_str(), ""),
    ];
    // A forged header of which the compact form alone makes something else has its own kind.
    let kinds = [ErrorKind::Malformed];
    refused_everywhere("headers out of form", &headers, &kinds);

    let long = format!(r#"{{"alg":"HS256","kid":"k","x":"{}"}}"#, "x".repeat(8200));
    let loose = format!(r#"{{"kid":"k","x":"{}"}}"#, "x".repeat(8200));
    let kid = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(257));
    let headers = [(long.as_str(), ""), (r#"{"alg":"HS256"}"#, loose.as_str()), (kid.as_str(), "")];
    refused_everywhere("headers beyond limits", &headers, &[ErrorKind::TooLarge]);
}

#[test]
fn keys_in_the_header_are_inert() {
    let own = forger();
    let stranger = OctKey::new(noise(6, 32)).unwrap();
    let jwk = json!({ "kty": "oct", "k": b64(stranger.as_bytes()) });
    let signer = stranger.signer(HmacAlg::Hs256).unwrap().with_kid("k").unwrap();
    let header = json!({ "jwk": jwk, "jku": "https://evil.example/keys", "x5u": "file:///etc/keys" });
    let ring = ring([own.verifier()]);
    for new in
        [NewSignature::by(&signer).protected(&header), NewSignature::by(&signer).unprotected(&header)]
    {
        let token = flattened::sign(b"payload", &new).unwrap();
        assert_eq!(kind(flattened::verify(&token, &ring, &limits(), NOW)), ErrorKind::Unauthentic);
    }
}

// ---- one serialization taken for another

fn good_flat() -> Value {
    let (_, mut object) = forge(GOOD, "", &b64("payload"));
    object["payload"] = b64("payload").into();
    object
}

fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object[name] = value.into();
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

#[test]
fn rejects_one_serialization_in_place_of_another() {
    let ring = ring([forger().verifier()]);
    let (flat, (_, entry)) = (good_flat(), forge(GOOD, "", &b64("payload")));
    let several = json!({ "payload": b64("payload"), "signatures": [entry] });
    let flattened =
        |value: &Value| flattened::verify(&value.to_string(), &ring, &limits(), NOW).map(drop);
    let general = |value: &Value| {
        general::verify(&value.to_string(), &ring, &Signatures::Any, &limits(), NOW).map(drop)
    };
    let off_flat = |value: &Value| {
        detached::verify_flattened(&value.to_string(), "payload", &ring, &limits(), NOW).map(drop)
    };
    let off_general = |value: &Value| {
        let (token, wanted) = (value.to_string(), Signatures::Any);
        detached::verify_general(&token, "payload", &ring, &wanted, &limits(), NOW).map(drop)
    };
    flattened(&flat).unwrap();
    general(&several).unwrap();
    off_flat(&without(flat.clone(), "payload")).unwrap();
    off_general(&without(several.clone(), "payload")).unwrap();
    // Some empty the member where they should delete it.
    off_flat(&with(flat.clone(), "payload", "")).unwrap();
    off_general(&with(several.clone(), "payload", "")).unwrap();

    let both = with(flat.clone(), "signatures", json!([entry]));
    let mut cases: Vec<(String, Result<(), Error>)> = vec![
        ("general as flattened".into(), flattened(&several)),
        ("flattened as general".into(), general(&flat)),
        ("both as flattened".into(), flattened(&both)),
        ("both as general".into(), general(&both)),
        ("attached as detached".into(), off_flat(&flat)),
        ("attached as detached, general".into(), off_general(&several)),
        ("detached as attached".into(), flattened(&without(flat.clone(), "payload"))),
        ("detached as attached, general".into(), general(&without(several.clone(), "payload"))),
        ("no signature".into(), flattened(&without(flat.clone(), "signature"))),
        ("no signatures".into(), general(&with(several.clone(), "signatures", json!([])))),
        ("a header beside".into(), general(&with(several.clone(), "header", json!({})))),
        ("a signature beside".into(), general(&with(several.clone(), "signature", ""))),
    ];
    for name in ["ciphertext", "recipients", "encrypted_key"] {
        for value in [json!(""), json!([]), json!(null)] {
            cases.push((
                format!("{name} as flattened"),
                flattened(&with(flat.clone(), name, value.clone())),
            ));
            cases.push((format!("{name} as general"), general(&with(several.clone(), name, value))));
        }
    }
    for wrong in [json!(null), json!(1), json!(true), json!([]), json!({}), json!(["x"])] {
        for name in ["payload", "protected", "signature"] {
            cases.push((format!("{name} {wrong}"), flattened(&with(flat.clone(), name, wrong.clone()))));
        }
        if !wrong.is_object() {
            cases.push((
                format!("header {wrong}"),
                flattened(&with(flat.clone(), "header", wrong.clone())),
            ));
        }
        cases.push((
            format!("signatures {wrong}"),
            general(&with(several.clone(), "signatures", wrong.clone())),
        ));
        let list = json!([entry, wrong]);
        cases.push((format!("signatures {list}"), general(&with(several.clone(), "signatures", list))));
    }
    cases.push(("an empty protected".into(), flattened(&with(flat.clone(), "protected", ""))));
    cases.push(("a list".into(), flattened(&json!([flat]))));
    cases.push(("a compact token".into(), {
        let token = compact::sign(b"payload", &compact::Parameters::new(), &(), &forger()).unwrap();
        flattened::verify(&token, &ring, &limits(), NOW).map(drop)
    }));
    cases.push(("JSON as compact".into(), {
        compact::verify(&flat.to_string(), &ring, &limits(), NOW).map(drop)
    }));
    cases.push(("an attached token as detached".into(), {
        let token = compact::sign(b"payload", &compact::Parameters::new(), &(), &forger()).unwrap();
        detached::verify(&token, "payload", &ring, &limits(), NOW).map(drop)
    }));
    cases.push(("five parts".into(), {
        detached::verify("e30..e30.e30.e30", "payload", &ring, &limits(), NOW).map(drop)
    }));
    count("one serialization for another", cases, |(what, verdict)| match verdict {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(()),
        other => Err(format!("{what}: {other:?}")),
    });

    // What means nothing is passed over, as RFC 7515 §7.2 has it.
    flattened(&with(flat, "comment", "hello")).unwrap();
    // A detached token is no token of an empty payload.
    let token = detached::sign("payload", &NewSignature::by(&forger())).unwrap();
    assert_eq!(kind(compact::verify(&token, &ring, &limits(), NOW)), ErrorKind::Unauthentic);
}

#[test]
fn rejects_duplicate_members_at_every_level() {
    let ring = ring([forger().verifier()]);
    let flat = good_flat().to_string();
    let open = |text: &str| flattened::verify(text, &ring, &limits(), NOW).map(drop);
    open(&flat).unwrap();
    for name in ["payload", "p\\u0061yload", "protected", "signature", "x\":1,\"x"] {
        let doubled = flat.replacen('{', &format!(r#"{{"{name}":"","#), 1);
        assert_eq!(kind(open(&doubled)), ErrorKind::Malformed, "{name}");
    }
    let header = flat.replacen('{', r#"{"header":{"a":1,"a":2},"#, 1);
    assert_eq!(kind(open(&header)), ErrorKind::Malformed);
    let (_, entry) = forge(GOOD, "", &b64("payload"));
    let entry = entry.to_string().replacen('{', r#"{"protected":"","#, 1);
    let token = format!(r#"{{"payload":"{}","signatures":[{entry}]}}"#, b64("payload"));
    let read = general::verify(&token, &ring, &Signatures::Any, &limits(), NOW);
    assert_eq!(kind(read), ErrorKind::Malformed);
    for end in [" ", "\n", "\t"] {
        open(&format!("{end}{flat}{end}")).unwrap();
    }
    for end in ["x", "{}", ",", "\0", "\u{feff}"] {
        assert_eq!(kind(open(&format!("{flat}{end}"))), ErrorKind::Malformed);
        assert_eq!(kind(open(&format!("{end}{flat}"))), ErrorKind::Malformed);
    }
    let deep =
        flat.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH)), 1);
    assert_eq!(kind(open(&deep)), ErrorKind::Malformed, "one too deep");
}

// ---- which signatures count

#[test]
fn policies_hold() {
    let generate = |kid| Signer::generate(JwsAlg::EDDSA).unwrap().with_kid(kid).unwrap();
    let [a, b, stranger] = ["a", "b", "stranger"].map(generate);
    let impostor = generate("a");
    let ring = ring([a.verifier(), b.verifier()]);
    let token = |signers: &[&Signer]| {
        let new: Vec<_> = signers.iter().map(|signer| NewSignature::by(signer)).collect();
        general::sign(b"payload", &new).unwrap()
    };
    let read = |token: &str, wanted: &Signatures| {
        let signed = general::verify(token, &ring, wanted, &limits(), NOW)?;
        let kids: Vec<String> = kids(signed.signatures()).into_iter().map(str::to_owned).collect();
        Ok::<_, Error>(kids)
    };
    let by = |kid: &str| Signatures::By(KeyId::new(kid).unwrap());
    let (any, all) = (Signatures::Any, Signatures::All);

    let both = token(&[&a, &b]);
    assert_eq!(read(&both, &any).unwrap(), ["a", "b"]);
    assert_eq!(read(&both, &all).unwrap(), ["a", "b"]);
    assert_eq!(read(&both, &by("b")).unwrap(), ["b"]);
    assert_eq!(kind(read(&both, &by("stranger"))), ErrorKind::UnknownKey);

    let mixed = token(&[&stranger, &b]);
    assert_eq!(read(&mixed, &any).unwrap(), ["b"]);
    assert_eq!(kind(read(&mixed, &all)), ErrorKind::UnknownKey);
    assert_eq!(read(&mixed, &by("b")).unwrap(), ["b"]);
    assert_eq!(kind(read(&mixed, &by("a"))), ErrorKind::UnknownKey);

    let forged = token(&[&impostor, &b]);
    assert_eq!(read(&forged, &any).unwrap(), ["b"]);
    assert_eq!(kind(read(&forged, &all)), ErrorKind::Unauthentic);
    assert_eq!(kind(read(&forged, &by("a"))), ErrorKind::Unauthentic);

    // A forgery is told before a key that nobody knows.
    for order in [[&impostor, &stranger], [&stranger, &impostor]] {
        assert_eq!(kind(read(&token(&order), &any)), ErrorKind::Unauthentic);
        assert_eq!(kind(read(&token(&order), &all)), ErrorKind::Unauthentic);
    }
    // One signature twice is as good as once.
    assert_eq!(read(&token(&[&a, &a]), &all).unwrap(), ["a", "a"]);
    // Signatures of one token are none of another.
    let mut swapped: Value = serde_json::from_str(&both).unwrap();
    swapped["payload"] = b64("other").into();
    assert_eq!(kind(read(&swapped.to_string(), &any)), ErrorKind::Unauthentic);
    assert_eq!(kind(general::sign(b"", &[])), ErrorKind::InvalidSetting);
}

#[test]
fn the_ring_picks_keys_as_for_compact_tokens() {
    let [one, other] =
        [1, 2].map(|seed| OctKey::new(noise(seed, 32)).unwrap().signer(HmacAlg::Hs256).unwrap());
    let token = flattened::sign(b"payload", &NewSignature::by(&one)).unwrap();
    let open = |ring: &Keyring, at| flattened::verify(&token, ring, &limits(), at).map(drop);
    open(&ring([one.verifier()]), NOW).unwrap();
    assert_eq!(kind(open(&ring([]), NOW)), ErrorKind::UnknownKey);
    let two = ring([other.verifier(), one.verifier()]);
    assert_eq!(kind(open(&two, NOW)), ErrorKind::UnknownKey, "several keys fit");
    let two = two.with_policy(symbolon::KidPolicy::TryAll).unwrap();
    open(&two, NOW).unwrap();
    let mut stream: &[u8] = b"payload";
    let off = detached::sign(b"payload", &NewSignature::by(&one)).unwrap();
    detached::verify(&off, Payload::Reader(&mut stream), &two, &limits(), NOW).unwrap();
    let late = Keyring::read_only().with_reader_until(one.verifier(), NOW).unwrap();
    open(&late, NOW).unwrap();
    assert_eq!(kind(open(&late, NOW + time::Duration::SECOND)), ErrorKind::UnknownKey);
}

#[test]
fn limits_hold_before_anything_is_decoded() {
    let signer = forger();
    let ring = ring([signer.verifier()]);
    let several = |count| general::sign(b"payload", &vec![NewSignature::by(&signer); count]).unwrap();
    let read = |token: &str, limits: &Limits| {
        general::verify(token, &ring, &Signatures::Any, limits, NOW).map(drop)
    };
    read(&several(16), &limits()).unwrap();
    assert_eq!(kind(read(&several(17), &limits())), ErrorKind::TooLarge);
    read(&several(17), &limits().signatures(17)).unwrap();
    assert_eq!(kind(read(&several(2), &limits().signatures(1))), ErrorKind::TooLarge);
    assert_eq!(kind(read(&several(1), &limits().signatures(0))), ErrorKind::TooLarge);
    // Refused by their number: none of them is even an object.
    let many = format!(r#"{{"payload":"","signatures":[{}1]}}"#, "1,".repeat(9_999));
    assert_eq!(kind(read(&many, &limits())), ErrorKind::TooLarge);

    let token = flattened::sign(&[0; 1000], &NewSignature::by(&signer)).unwrap();
    let (exact, short) = (limits().token_len(token.len()), limits().token_len(token.len() - 1));
    flattened::verify(&token, &ring, &exact, NOW).unwrap();
    assert_eq!(kind(flattened::verify(&token, &ring, &short, NOW)), ErrorKind::TooLarge);
    // Of a detached payload the caller knows the length; the token alone is limited.
    let token = detached::sign(&[0; 5000], &NewSignature::by(&signer)).unwrap();
    let exact = limits().token_len(token.len());
    detached::verify(&token, &[0; 5000], &ring, &exact, NOW).unwrap();
    let short = limits().token_len(token.len() - 1);
    assert_eq!(kind(detached::verify(&token, &[0; 5000], &ring, &short, NOW)), ErrorKind::TooLarge);
    // The longest signature there is: of 16,384 bits.
    for (len, due) in [(1366, ErrorKind::Unauthentic), (1367, ErrorKind::Malformed)] {
        let long = with(good_flat(), "signature", "A".repeat(len)).to_string();
        assert_eq!(kind(flattened::verify(&long, &ring, &limits(), NOW)), due);
    }
    let unprotected = r#"{"kid":"k","mine":"0123456"}"#;
    let (_, mut token) = forge(r#"{"alg":"HS256"}"#, unprotected, &b64("payload"));
    token["payload"] = b64("payload").into();
    let token = token.to_string();
    let exact = limits().header_len(unprotected.len());
    flattened::verify(&token, &ring, &exact, NOW).unwrap();
    let short = limits().header_len(unprotected.len() - 1);
    assert_eq!(kind(flattened::verify(&token, &ring, &short, NOW)), ErrorKind::TooLarge);
}

// Of several refusals alike the first is told, whatever stands behind it.
#[test]
fn the_first_refusal_of_a_kind_is_told() {
    let ring = ring([forger().verifier()]);
    let body = b64("payload");
    let signatures = [
        (r#"{"alg":"HS256","kid":"unknown"}"#, ErrorKind::UnknownKey),
        (r#"{"alg":"HS512","kid":"k"}"#, ErrorKind::AlgorithmMismatch),
    ]
    .map(|(protected, due)| (forge(protected, "", &body).1, due));
    for [first, second] in [[0, 1], [1, 0]] {
        let both = json!({"payload": body, "signatures": [signatures[first].0, signatures[second].0]});
        for wanted in [Signatures::Any, Signatures::All] {
            let read = general::verify(&both.to_string(), &ring, &wanted, &limits(), NOW);
            assert_eq!(kind(read), signatures[first].1, "{wanted:?}");
        }
    }
}

// ---- what is written

#[test]
fn payloads_of_every_kind_come_back() {
    let signer = forger();
    let ring = ring([signer.verifier()]);
    let (encoded, plain) = (NewSignature::by(&signer), NewSignature::by(&signer).unencoded());
    let texts =
        ["", "a.b", "\"quotes\" and \\", "line\nbreak\u{0}\u{7f}", "\u{2019}\u{1f600}", "{\"a\":1}"];
    for text in texts {
        for new in [encoded, plain] {
            let token = flattened::sign(text.as_bytes(), &new).unwrap();
            let signed = flattened::verify(&token, &ring, &limits(), NOW).unwrap();
            assert_eq!(signed.payload(), text.as_bytes());
            let token = general::sign(text.as_bytes(), &[new, new]).unwrap();
            let signed = general::verify(&token, &ring, &Signatures::All, &limits(), NOW).unwrap();
            assert_eq!(signed.payload(), text.as_bytes());
            let token = detached::sign(text, &new).unwrap();
            detached::verify(&token, text, &ring, &limits(), NOW).unwrap();
        }
        let plain_enough = text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'.');
        let token = unencoded::sign(text, &encoded);
        assert_eq!(token.is_ok(), plain_enough, "{text:?}");
        if let Ok(token) = token {
            let signed = unencoded::verify(&token, &ring, &limits(), NOW).unwrap();
            assert_eq!(signed.payload(), text.as_bytes());
        }
    }
    let bytes = [0xff, 0xfe];
    assert!(flattened::sign(&bytes, &encoded).is_ok());
    assert_eq!(kind(flattened::sign(&bytes, &plain)), ErrorKind::InvalidSetting);
    assert!(detached::sign(&bytes, &plain).is_ok());
}

#[test]
fn headers_of_ones_own_keep_their_place() {
    let signer = forger();
    let ring = ring([signer.verifier()]);
    let (mine, loose) = (json!({ "mine": [1, 2] }), json!({ "hop": 3 }));
    let new = NewSignature::by(&signer).typ("t").content_type("c").protected(&mine).unprotected(&loose);
    let token = flattened::sign(b"payload", &new).unwrap();
    let signed = flattened::verify(&token, &ring, &limits(), NOW).unwrap();
    let header: Value = signed.signature().custom_header().unwrap();
    assert_eq!(header, json!({ "alg": "HS256", "kid": "k", "typ": "t", "cty": "c", "mine": [1, 2] }));
    assert_eq!(signed.signature().unprotected(), Some(r#"{"hop":3}"#));

    // The unprotected one is anybody's to change, the protected one nobody's.
    let changed = token.replace(r#""hop":3"#, r#""hop":4"#);
    let signed = flattened::verify(&changed, &ring, &limits(), NOW).unwrap();
    assert_eq!(signed.signature().unprotected(), Some(r#"{"hop":4}"#));

    for name in ["alg", "kid", "crit", "b64", "typ", "enc", "zip", "epk"] {
        let taken = json!({ name: "x" });
        for new in
            [NewSignature::by(&signer).protected(&taken), NewSignature::by(&signer).unprotected(&taken)]
        {
            assert_eq!(kind(flattened::sign(b"", &new)), ErrorKind::InvalidSetting, "{name}");
        }
    }
    let twice = NewSignature::by(&signer).protected(&loose).unprotected(&loose);
    assert_eq!(kind(flattened::sign(b"", &twice)), ErrorKind::InvalidSetting);
    let no_object = NewSignature::by(&signer).protected(&7);
    assert_eq!(kind(flattened::sign(b"", &no_object)), ErrorKind::InvalidSetting);
    for new in
        [NewSignature::by(&signer).unprotected(&loose), NewSignature::by(&signer).unprotected_kid()]
    {
        assert_eq!(kind(detached::sign(b"", &new)), ErrorKind::InvalidSetting);
        assert_eq!(kind(unencoded::sign("", &new)), ErrorKind::InvalidSetting);
    }
}

// ---- streams

/// Hands out `bytes` a few at a time, with interruptions, as a socket may.
struct Trickle<'b> {
    bytes: &'b [u8],
    step: usize,
    interrupted: bool,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = self.step.min(buffer.len()).min(self.bytes.len());
        buffer[..len].copy_from_slice(&self.bytes[..len]);
        self.bytes = &self.bytes[len..];
        Ok(len)
    }
}

struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.0.min(buffer.len());
        if len == 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        self.0 -= len;
        Ok(len)
    }
}

/// A key of each algorithm that the backends compiled in serve.
fn signers() -> Vec<Signer> {
    crate::support::signers().iter().map(|(_, signer)| signer.clone()).collect()
}

#[test]
fn streams_are_signed_and_verified_as_bytes_are() {
    const CHUNK: usize = 48 * 1024;
    let lengths = [0, 1, 2, 3, 4, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 100_003];
    let bytes = noise(9, 100_003);
    let (mut run, mut refused) = (0, Vec::new());
    for signer in signers() {
        let ring = ring([signer.verifier()]);
        for new in [NewSignature::by(&signer), NewSignature::by(&signer).unencoded()] {
            for len in lengths {
                let payload = &bytes[..len];
                let step = if len > 10 { 7_001 } else { 1 };
                let trickle = || Trickle { bytes: payload, step, interrupted: false };

                let token = detached::sign(Payload::Reader(&mut trickle()), &new);
                match token {
                    Ok(token) => {
                        detached::verify(&token, payload, &ring, &limits(), NOW).unwrap();
                        run += 1;
                    }
                    Err(error) => refused.push((signer.alg(), "signing", error)),
                }

                let token = detached::sign(payload, &new).unwrap();
                match detached::verify(&token, Payload::Reader(&mut trickle()), &ring, &limits(), NOW) {
                    Ok(_) => {
                        let mut other = trickle().chain(&b"x"[..]);
                        let other = Payload::Reader(&mut other);
                        let read = detached::verify(&token, other, &ring, &limits(), NOW);
                        assert_eq!(kind(read), ErrorKind::Unauthentic);
                        run += 1;
                    }
                    Err(error) => refused.push((signer.alg(), "verifying", error)),
                }
            }
        }
    }
    println!("streams: {run} run, {} refused", refused.len());
    let mut reasons: Vec<_> =
        refused.iter().map(|(alg, what, error)| format!("refused: {what} {alg}: {error}")).collect();
    reasons.sort();
    reasons.dedup();
    println!("{}", reasons.join("\n"));
    for (alg, what, error) in &refused {
        let text = error.to_string();
        match alg.name() {
            "EdDSA" | "Ed25519" => {
                assert_eq!(error.kind(), ErrorKind::UnsupportedAlgorithm);
                assert!(text.contains("twice"), "{text}");
            }
            name => {
                assert_eq!(error.kind(), ErrorKind::MissingFeature);
                assert!(text.contains("feature `"), "{text}");
                let rustcrypto = cfg!(feature = "rustcrypto");
                let rsa_signing = name.starts_with(['R', 'P']) && *what == "signing";
                assert!(!name.starts_with("HS") && (!rustcrypto || rsa_signing), "{alg}: {text}");
            }
        }
        assert_eq!(error.fault(), Fault::Caller);
    }
    assert!(run >= 2 * 2 * 3 * lengths.len());
}

/// RFC 7515 A.6 with its payload taken out and streamed: RSA is verified so even where no backend
/// here signs with it.
#[test]
fn rfc7515_a_6_is_read_detached_from_a_stream() {
    let ring = bilbo_and_joe();
    let token = without(serde_json::from_str(A_6).unwrap(), "payload").to_string();
    let stream = |payload: &str, kid: &str| {
        let wanted = Signatures::By(KeyId::new(kid).unwrap());
        let mut stream = payload.as_bytes();
        let stream = Payload::Reader(&mut stream);
        detached::verify_general(&token, stream, &ring, &wanted, &limits(), NOW)
    };
    for kid in ["2010-12-29", "e9bc097a-ce51-4036-9562-d2ade882db0d"] {
        if cfg!(feature = "rustcrypto") {
            assert_eq!(kids(&stream(JOE_PAYLOAD, kid).unwrap()), [kid]);
            assert_eq!(kind(stream("joe", kid)), ErrorKind::Unauthentic);
        } else {
            assert_eq!(kind(stream(JOE_PAYLOAD, kid)), ErrorKind::MissingFeature);
        }
    }
    let whole = detached::verify_general(&token, JOE_PAYLOAD, &ring, &Signatures::All, &limits(), NOW);
    assert_eq!(whole.unwrap().len(), 2);
    println!("rfc7515 A.6 detached: 3 run, 0 wrong");
}

#[test]
fn one_stream_serves_several_signatures() {
    let signers: Vec<Signer> = signers()
        .into_iter()
        .map(|signer| {
            let kid = signer.alg().name();
            signer.with_kid(kid).unwrap()
        })
        .collect();
    let ring = ring(signers.iter().map(Signer::verifier));
    let new: Vec<_> = signers.iter().map(NewSignature::by).collect();
    let payload = noise(3, 200_000);
    let token = detached::sign_general(&payload, &new).unwrap();
    let stream = |wanted: &Signatures| {
        let mut stream = &payload[..];
        let stream = Payload::Reader(&mut stream);
        detached::verify_general(&token, stream, &ring, wanted, &limits(), NOW)
    };
    let good = stream(&Signatures::Any).unwrap();
    println!("one stream, several signatures: {} of {} good", good.len(), new.len());
    assert!(good.len() >= 3 && good.len() < new.len());
    // Ed25519 cannot stream: where it must, the caller is told.
    assert_eq!(stream(&Signatures::All).unwrap_err().fault(), Fault::Caller);
    let ed = Signatures::By(KeyId::new("EdDSA").unwrap());
    assert_eq!(kind(stream(&ed)), ErrorKind::UnsupportedAlgorithm);
    let whole =
        detached::verify_general(&token, &payload, &ring, &Signatures::All, &limits(), NOW).unwrap();
    assert_eq!(whole.len(), new.len());

    let streaming = new.iter().zip(&signers).filter(|(_, s)| s.alg().name().starts_with("HS"));
    let streaming: Vec<_> = streaming.map(|(new, _)| *new).collect();
    let token = detached::sign_general(Payload::Reader(&mut &payload[..]), &streaming).unwrap();
    let all = detached::verify_general(&token, &payload, &ring, &Signatures::All, &limits(), NOW);
    assert_eq!(all.unwrap().len(), 3);
    let one = detached::sign_flattened(Payload::Reader(&mut &payload[..]), &streaming[0]).unwrap();
    let mut stream = &payload[..];
    detached::verify_flattened(&one, Payload::Reader(&mut stream), &ring, &limits(), NOW).unwrap();
}

#[test]
fn a_stream_that_breaks_is_the_environments_fault() {
    let signer = forger();
    let ring = ring([signer.verifier()]);
    let new = NewSignature::by(&signer);
    let token = detached::sign(&[0; 100_000], &new).unwrap();
    for len in [0, 1, 100_000] {
        let errors = [
            detached::sign(Payload::Reader(&mut Broken(len)), &new).map(drop),
            detached::verify(&token, Payload::Reader(&mut Broken(len)), &ring, &limits(), NOW).map(drop),
        ];
        for error in errors.map(Result::unwrap_err) {
            assert_eq!((error.kind(), error.fault()), (ErrorKind::Unreadable, Fault::Environment));
            assert_eq!(error.code(), "payload_unreadable");
            assert!(std::error::Error::source(&error).is_some());
        }
    }
    // Where no key is to be tried nothing is read.
    let stranger = self::ring([]);
    let read = detached::verify(&token, Payload::Reader(&mut Broken(0)), &stranger, &limits(), NOW);
    assert_eq!(kind(read), ErrorKind::UnknownKey);
}

#[test]
fn keys_in_another_place_take_bytes_and_no_stream() {
    struct Hsm(Signer);
    impl RemoteSigner for Hsm {
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
            self.0.sign(message)
        }
    }
    let inner = Signer::generate(JwsAlg::ES256).unwrap();
    let ring = ring([inner.verifier()]);
    let remote = Signer::remote(inner.verifier(), Hsm(inner.clone()));
    let token = detached::sign(b"payload", &NewSignature::by(&remote)).unwrap();
    detached::verify(&token, b"payload", &ring, &limits(), NOW).unwrap();
    for signer in [remote, Signer::elsewhere(inner.verifier())] {
        let signed = detached::sign(Payload::Reader(&mut io::empty()), &NewSignature::by(&signer));
        assert_eq!(kind(signed), ErrorKind::NoKey);
    }
}

// ---- damage

/// Cut off at every byte and with every bit flipped, a token is refused or says what it said before.
#[test]
fn damage_never_yields_another_payload() {
    let [a, b] = [1, 2].map(|seed| {
        let key = OctKey::new(noise(seed, 32)).unwrap();
        key.signer(HmacAlg::Hs256).unwrap().with_kid(format!("k{seed}")).unwrap()
    });
    let ring = ring([a.verifier(), b.verifier()]);
    let payload = "pay \u{2019}\"load";
    let loose = json!({ "x": 1 });
    let new = |signer| NewSignature::by(signer).unprotected(&loose);
    let (new_a, new_b) = (new(&a), new(&b));
    let bytes = payload.as_bytes();
    let read = |text: &[u8], read: &dyn Fn(&str) -> Result<Vec<u8>, Error>| {
        std::str::from_utf8(text).ok().map(read)
    };
    type Open<'o> = Box<dyn Fn(&str) -> Result<Vec<u8>, Error> + 'o>;
    let flat: fn(&Keyring, &str) -> Result<Vec<u8>, Error> =
        |ring, token| Ok(flattened::verify(token, ring, &limits(), NOW)?.payload().to_vec());
    let several = |wanted: Signatures| -> Open<'_> {
        let ring = &ring;
        Box::new(move |token| {
            Ok(general::verify(token, ring, &wanted, &limits(), NOW)?.payload().to_vec())
        })
    };
    let compact = NewSignature::by(&a);
    let tokens: Vec<(&str, String, Open<'_>)> = vec![
        ("flattened", flattened::sign(bytes, &new_a).unwrap(), Box::new(|token| flat(&ring, token))),
        (
            "flattened, unencoded",
            flattened::sign(bytes, &new_a.unencoded()).unwrap(),
            Box::new(|token| flat(&ring, token)),
        ),
        ("general, any", general::sign(bytes, &[new_a, new_b]).unwrap(), several(Signatures::Any)),
        ("general, all", general::sign(bytes, &[new_a, new_b]).unwrap(), several(Signatures::All)),
        (
            "general, unencoded",
            general::sign(bytes, &[new_a.unencoded(), new_b.unencoded()]).unwrap(),
            several(Signatures::Any),
        ),
        (
            "detached",
            detached::sign(bytes, &compact).unwrap(),
            Box::new(|token| {
                detached::verify(token, bytes, &ring, &limits(), NOW).map(|_| bytes.to_vec())
            }),
        ),
        (
            "detached flattened",
            detached::sign_flattened(bytes, &new_a).unwrap(),
            Box::new(|token| {
                detached::verify_flattened(token, bytes, &ring, &limits(), NOW).map(|_| bytes.to_vec())
            }),
        ),
        (
            "unencoded",
            unencoded::sign("payload", &compact).unwrap(),
            Box::new(|token| {
                let signed = unencoded::verify(token, &ring, &limits(), NOW)?;
                Ok(if signed.payload() == b"payload" { bytes.to_vec() } else { Vec::new() })
            }),
        ),
    ];
    for (name, token, open) in &tokens {
        assert_eq!(open(token).unwrap(), bytes, "{name}");
        let (mut run, mut same) = (0, 0);
        for text in damaged(token.as_bytes()) {
            run += 1;
            match read(&text, open) {
                Some(Ok(payload)) => {
                    assert_eq!(payload, bytes, "{name}: {}", String::from_utf8_lossy(&text));
                    same += 1;
                }
                Some(Err(error)) => assert_eq!(error.fault(), Fault::Token, "{name}: {error}"),
                None => {}
            }
        }
        println!("damaged {name}: {run} run, {same} accepted with the same payload");
        if ["detached", "unencoded"].contains(name) {
            assert_eq!(same, 0, "{name}: all of its text is covered");
        }
    }

    let token = detached::sign(bytes, &compact).unwrap();
    count("damaged detached payloads", damaged(bytes), |damaged| {
        let mut stream = &damaged[..];
        let stream = Payload::Reader(&mut stream);
        let whole = detached::verify(&token, &damaged, &ring, &limits(), NOW);
        let streamed = detached::verify(&token, stream, &ring, &limits(), NOW);
        match (whole, streamed) {
            (Err(whole), Err(streamed))
                if [whole.kind(), streamed.kind()] == [ErrorKind::Unauthentic; 2] =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    });
}

/// What is taken out of a token, or put in from another, is never good.
#[test]
fn parts_of_two_tokens_do_not_mix() {
    let signer = forger();
    let ring = ring([signer.verifier()]);
    let make = |payload: &[u8], new: &NewSignature<'_>| -> Value {
        serde_json::from_str(&flattened::sign(payload, new).unwrap()).unwrap()
    };
    let one = make(b"one.", &NewSignature::by(&signer));
    let others = [
        make(b"two.", &NewSignature::by(&signer).typ("x")),
        make(b"two.", &NewSignature::by(&signer).unencoded()),
        make(unb64(one["payload"].as_str().unwrap()).as_slice(), &NewSignature::by(&signer).unencoded()),
    ];
    let mut run = 0;
    for other in &others {
        for name in ["payload", "protected", "signature"] {
            for (to, from) in [(&one, other), (other, &one)] {
                let mixed = with(to.clone(), name, from[name].clone());
                if mixed == *to {
                    continue;
                }
                let read = flattened::verify(&mixed.to_string(), &ring, &limits(), NOW);
                assert_eq!(kind(read), ErrorKind::Unauthentic, "{name}");
                run += 1;
            }
        }
    }
    // An empty signature is none.
    for value in ["", "AA"] {
        let read =
            flattened::verify(&with(one.clone(), "signature", value).to_string(), &ring, &limits(), NOW);
        assert_eq!(kind(read), ErrorKind::Unauthentic);
    }
    println!("parts of two tokens: {run} run, 0 wrong");
}

#[test]
fn every_algorithm_in_every_serialization() {
    let material = |signer: &Signer| signer.alg().key_type();
    let mut run = 0;
    for signer in signers() {
        let ring = ring([signer.verifier()]);
        let (limits, wanted) = (limits(), Signatures::All);
        for new in [NewSignature::by(&signer), NewSignature::by(&signer).unencoded()] {
            let token = flattened::sign(b"payload", &new).unwrap();
            flattened::verify(&token, &ring, &limits, NOW).unwrap();
            let token = general::sign(b"payload", &[new]).unwrap();
            general::verify(&token, &ring, &wanted, &limits, NOW).unwrap();
            let token = detached::sign(b"payload", &new).unwrap();
            detached::verify(&token, b"payload", &ring, &limits, NOW).unwrap();
            let token = detached::sign_flattened(b"payload", &new).unwrap();
            detached::verify_flattened(&token, b"payload", &ring, &limits, NOW).unwrap();
            let token = detached::sign_general(b"payload", &[new]).unwrap();
            detached::verify_general(&token, b"payload", &ring, &wanted, &limits, NOW).unwrap();
            run += 5;
        }
        let token = unencoded::sign("payload", &NewSignature::by(&signer)).unwrap();
        unencoded::verify(&token, &ring, &limits, NOW).unwrap();
        run += 1;
        // A key of another kind is never tried.
        let other: KeyMaterial = OctKey::generate(64).unwrap().into();
        if material(&signer) != other.key_type() {
            let other = self::ring([Verifier::new(JwsAlg::HS512, &other).unwrap()]);
            let token = flattened::sign(b"payload", &NewSignature::by(&signer)).unwrap();
            let read = flattened::verify(&token, &other, &limits, NOW);
            assert_eq!(kind(read), ErrorKind::AlgorithmMismatch);
        }
    }
    println!("every algorithm in every serialization: {run} run, 0 wrong");
}
