//! Properties over random input.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde::de::IgnoredAny;
use serde_json::Value;
use symbolon::jws::{Unverified, compact};
use symbolon::{
    AnyOf, Body, Claims, ErrorKind, Jwk, JwkSet, JwsCodec, KeyId, KeyType, Keyring, Limits, OctKey,
    RawToken, Signer, TokenCodec, TokenCodecExt, Validator,
};

use crate::support::{NOW, at, config, header_of, hs256, kind, signed_as, signers};
use crate::twice::Twice;

/// Some algorithms take long in a debug build.
fn cases(signer: &Signer, fast: u32) -> u32 {
    match (signer.alg().key_type(), signer.alg().name()) {
        (KeyType::Oct, _) => fast * 4,
        (_, "ES512") => fast / 10 + 1,
        (KeyType::Rsa, _) => fast / 4 + 1,
        _ => fast,
    }
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // serde_json reads floats to the last digit but one: here they are exact.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object whose members take no registered name.
pub(crate) fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[^a-z]{0,3}|[a-z]{4,8}", json(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

#[test]
fn what_is_signed_is_read_back() {
    for (_, signer) in signers() {
        let signer = signer.clone().with_kid("k\"ü").unwrap();
        let codec = JwsCodec::new(signer.clone());
        let payloads = prop::collection::vec(any::<u8>(), 0..300);
        TestRunner::new(config(cases(&signer, 24)))
            .run(&(payloads, object(), ".{0,20}", any::<i32>()), |(bytes, custom, text, moment)| {
                let token = codec.seal(&Body::new(&bytes).content_type(&text)).unwrap();
                let opened = codec.open(&token).unwrap();
                prop_assert_eq!(opened.payload_unvalidated(), &bytes);
                prop_assert_eq!(opened.envelope().content_type(), Some(text.as_str()));
                prop_assert!(codec.recognizes(&RawToken::new(&token)));

                let claims = Claims::new(custom)
                    .with_issuer(&text)
                    .with_subject(text.repeat(2))
                    .with_audience([text.as_str(), "b"])
                    .with_expiry(at(moment.into()))
                    .with_not_before(at(i64::from(moment) - 1))
                    .with_issued_at(at(i64::from(moment) - 2))
                    .with_id("");
                let token = codec.encode(&claims).unwrap();
                let read = codec.decode::<Value>(&token).unwrap().claims_unvalidated().unwrap();
                prop_assert_eq!(read.registered(), claims.registered());
                // The user's type is read from the whole object.
                let mut all = read.into_custom();
                let members = all.as_object_mut().unwrap();
                for name in symbolon::Registered::NAMES {
                    prop_assert!(members.remove(name).is_some());
                }
                prop_assert_eq!(&all, claims.custom());
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn any_flipped_bit_is_noticed() {
    for (_, signer) in signers() {
        let ring = Keyring::new(signer.clone());
        let codec = JwsCodec::new(ring);
        let token = codec.encode(&Claims::new(serde_json::json!({"user": 7, "text": "ü?>~"}))).unwrap();
        let bits = token.len() * 8;
        TestRunner::new(config(cases(signer, 150)))
            .run(&(0..bits), |bit| {
                let mut bytes = token.clone().into_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                if let Ok(text) = std::str::from_utf8(&bytes) {
                    prop_assert!(codec.decode::<Value>(text).is_err(), "{}", text);
                }
                Ok(())
            })
            .unwrap();
        // And in what was signed or in the signature, below the text.
        let signature = signer.sign(b"message").unwrap();
        let verifier = signer.verifier();
        TestRunner::new(config(cases(signer, 60)))
            .run(&(0..signature.len() * 8, 0..56_usize), |(bit, other)| {
                let mut wrong = signature.clone();
                wrong[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!verifier.verify(b"message", &wrong));
                let mut message = b"message".to_vec();
                message[other / 8] ^= 1 << (other % 8);
                prop_assert!(!verifier.verify(&message, &signature));
                Ok(())
            })
            .unwrap();
    }
}

fn token_like() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        ".{0,40}\\..{0,40}\\..{0,40}",
        "e[A-Za-z0-9_=+/-]{0,40}\\.[A-Za-z0-9_=+/-]{0,40}\\.[A-Za-z0-9_=+/-]{0,60}",
        "[.]{0,8}",
        "(eyJ[A-Za-z0-9_-]{0,20}\\.){0,6}",
        ("\\PC{0,60}", "\\PC{0,60}").prop_map(|(header, payload)| signed_as(header, payload, &hs256())),
        ("\\{\"alg\":\"HS256\"[\\x00-\\x7f]{0,40}\\}", "\\{[\\x00-\\x7f]{0,60}\\}")
            .prop_map(|(header, payload)| signed_as(header, payload, &hs256())),
    ]
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn reading_any_text_never_panics(text in token_like()) {
        let codec = JwsCodec::new(hs256());
        let _ = codec.recognizes(&RawToken::new(&text));
        let _ = Unverified::peek(&text).map(|peeked| peeked.claims_unverified::<Value>());
        let below = compact::verify(&text, &Keyring::new(hs256()), &Limits::default(), at(NOW));
        if let Ok(read) = codec.decode::<Value>(&text) {
            prop_assert!(below.is_ok());
            let _ = read.claims_unvalidated();
            let _ = read.validate(&Validator::new());
        }
        let _ = codec.decode_with_header::<Value, Value>(&text);
        let _ = AnyOf::new(codec).decode::<Value>(&text);
    }

    #[test]
    fn reading_any_key_never_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for text in [text.as_bytes(), &bytes] {
            let _ = Jwk::from_json(text);
            let _ = JwkSet::from_json(text);
            let _ = OctKey::new(text);
            #[cfg(feature = "pem")]
            {
                let _ = symbolon::KeyMaterial::from_pem(text);
                let _ = symbolon::KeyMaterial::from_der(text);
                // A DER that begins as one does.
                let _ = symbolon::KeyMaterial::from_der([&[0x30, text.len().min(127) as u8], text].concat());
            }
        }
        let _ = OctKey::from_base64url(&text);
        let _ = KeyId::new(&text);
    }

    /// All that is not asked to be a key of another kind is a secret.
    #[test]
    fn random_bytes_are_secrets(bytes in prop::collection::vec(any::<u8>(), 32..=64)) {
        let key = OctKey::new(bytes.clone()).unwrap();
        prop_assert_eq!(key.as_bytes(), &bytes);
    }
}

// Our scanner and serde_json.

/// Text that is JSON, nearly JSON or not at all.
fn json_text() -> impl Strategy<Value = String> {
    let valid = || {
        (json(), any::<bool>()).prop_map(|(value, pretty)| {
            if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() }
        })
    };
    let bits = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "\\udc00",
        "\\u0041",
        "\\\"",
        "null",
        "true",
        "false",
        "nul",
        "0",
        "-0",
        "-",
        "1",
        "01",
        "1.5",
        ".5",
        "1.",
        "1e5",
        "1E+5",
        "1e",
        "e",
        "\"a\"",
        "\"a\":1",
        "\"b\":2",
        "\"a\":",
        " ",
        "\n",
        "\t",
        "\r",
        "\u{b}",
        "\u{feff}",
        "\u{0}",
        "\u{1f}",
        "\u{7f}",
        "ü",
        "\u{10ffff}",
        "//",
        "NaN",
        "'",
    ]);
    prop_oneof![
        3 => valid(),
        3 => prop::collection::vec(bits.clone(), 0..12).prop_map(|bits| bits.concat()),
        // Valid text with something struck out, put in or put in another's place.
        4 => (valid(), any::<prop::sample::Index>(), bits, 0..3_u8).prop_map(|(text, place, bit, how)| {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let at = places[place.index(places.len())];
            let (before, after) = text.split_at(at);
            let mut rest = after.chars();
            match how {
                0 => format!("{before}{bit}{after}"),
                1 => { rest.next(); format!("{before}{}", rest.as_str()) }
                _ => { rest.next(); format!("{before}{bit}{}", rest.as_str()) }
            }
        }),
    ]
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let token = signed_as(header_of(&hs256()), text, &hs256());
    // Numbers beyond a float are JSON, but no value of serde_json's: it says so when the type is read.
    let ours =
        JwsCodec::new(hs256()).decode::<Value>(&token).and_then(|token| token.claims_unvalidated());
    let theirs = serde_json::from_str::<Value>(text);
    let twice = serde_json::from_str::<Twice>(text).map(|Twice(twice)| twice);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            prop_assert!(theirs.is_object() && !twice.unwrap(), "{}", text);
            prop_assert_eq!(ours.into_custom(), theirs);
        }
        (Ok(_), Err(error)) => prop_assert!(false, "we take {}: {}", text, error),
        (Err(error), theirs) => {
            prop_assert_eq!(error.kind(), ErrorKind::MalformedClaims);
            // Registered claims of a wrong type, what is no object, and members that stand twice.
            let due = theirs.is_err() || !theirs.unwrap().is_object() || twice.unwrap();
            prop_assert!(due, "we refuse {}: {}", text, error);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(2500))]

    #[test]
    fn our_json_is_serde_s_without_what_is_doubtful(text in json_text()) {
        agree(&text)?;
        agree(&format!("{{\"k\":{text}}}"))?;
        agree(&format!("{{{text}}}"))?;
        agree(&format!("{{\"a\":1,\"b\":[{text}],\"c\":{{}}}}"))?;
    }

    #[test]
    fn strings_are_read_as_serde_reads_them(text in "(\\\\[\"\\\\/bfnrtux0]|\\\\u[0-9a-fA-F]{4}|\\\\u[dD][89abAB][0-9a-f]{2}\\\\u[dD][c-f][0-9a-f]{2}|[ -~]|ü){0,8}") {
        agree(&format!("{{\"{text}\":\"{text}\"}}"))?;
        let token = signed_as(header_of(&hs256()), format!("{{\"iss\":\"{text}\"}}"), &hs256());
        let ours = JwsCodec::new(hs256()).decode::<IgnoredAny>(&token);
        match serde_json::from_str::<String>(&format!("\"{text}\"")) {
            Ok(theirs) => {
                let claims = ours.unwrap().claims_unvalidated().unwrap();
                prop_assert_eq!(claims.registered().issuer(), Some(theirs.as_str()));
            }
            Err(_) => prop_assert_eq!(kind(ours), Some(ErrorKind::MalformedClaims)),
        }
    }

    /// `exp` and `iat` go down, `nbf` goes up, on decimal digits and not by the luck of floats.
    #[test]
    fn dates_round_as_documented(seconds in -100_000_000_000_i64..100_000_000_000, fraction in "[0-9]{1,5}") {
        let number = format!("{}{}.{fraction}", if seconds < 0 { "-" } else { "" }, seconds.abs());
        let claims = format!(r#"{{"exp":{number},"nbf":{number},"iat":{number}}}"#);
        let token = signed_as(header_of(&hs256()), claims, &hs256());
        let claims = JwsCodec::new(hs256()).decode::<IgnoredAny>(&token).unwrap().claims_unvalidated().unwrap();
        let whole = fraction.bytes().all(|digit| digit == b'0');
        let down = if seconds < 0 && !whole { seconds - 1 } else { seconds };
        let up = if seconds >= 0 && !whole { seconds + 1 } else { seconds };
        let registered = claims.registered();
        prop_assert_eq!(registered.expires_at(), Some(at(down)));
        prop_assert_eq!(registered.issued_at(), Some(at(down)));
        prop_assert_eq!(registered.not_before(), Some(at(up)));
    }

    /// Whatever number JSON can write, it is read, and what is greater stays greater.
    #[test]
    fn every_number_is_a_date(a in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?", b in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,8})?") {
        let read = |number: &str| {
            let token = signed_as(header_of(&hs256()), format!(r#"{{"exp":{number}}}"#), &hs256());
            JwsCodec::new(hs256()).decode::<IgnoredAny>(&token).unwrap().claims_unvalidated().unwrap().registered().expires_at().unwrap()
        };
        let (x, y): (f64, f64) = (a.parse().unwrap(), b.parse().unwrap());
        if x < y {
            prop_assert!(read(&a) <= read(&b));
        } else if x > y {
            prop_assert!(read(&a) >= read(&b));
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_as_claims_but_sealed_as_bytes() {
    let codec = JwsCodec::new(hs256());
    TestRunner::new(config(500))
        .run(&(prop::collection::vec(any::<u8>(), 1..8)), |bytes| {
            let claims = [b"{\"a\":\"", &bytes[..], b"\"}"].concat();
            let token = codec.seal(&Body::new(&claims)).unwrap();
            let opened = codec.open(&token).unwrap();
            prop_assert_eq!(opened.payload_unvalidated(), &claims);
            let theirs = serde_json::from_slice::<Value>(&claims);
            let ours = codec.decode::<Value>(&token);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok());
            Ok(())
        })
        .unwrap();
}
