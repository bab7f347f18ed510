//! Our strict JSON beside serde_json: what we accept it accepts, as the same value; what it accepts
//! and we refuse is in a list.

use serde_json::Value;
use symbolon::{ErrorKind, JwsAlg, JwsCodec, Keyring, NoCustom, TokenCodecExt, Verifier};
use symbolon_interop::signing;

use crate::corpus;
use crate::dice::Dice;
use crate::twice::Twice;
use crate::writers;

/// Where serde_json accepts and we refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stricter {
    /// RFC 8259 §4: names should be unique, RFC 7519 §4: must be.
    Twice,
    /// RFC 7515 §4, RFC 7519 §7.2: header and claims are objects.
    NoObject,
    /// RFC 7519 §4.1: a registered claim of a wrong type.
    WrongType,
}

fn wrong_type(members: &serde_json::Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match name.as_str() {
        "iss" | "sub" | "jti" => !value.is_string(),
        "exp" | "nbf" | "iat" => !value.is_number(),
        "aud" => {
            !(value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string)))
        }
        _ => false,
    })
}

#[test]
fn strict_json_is_what_serde_json_takes_but_for_what_is_listed() {
    let key = signing().iter().find(|key| key.alg == JwsAlg::HS256).unwrap();
    let verifier = Verifier::new(key.alg, key.jwk.material()).unwrap();
    let codec = JwsCodec::new(Keyring::read_only().with_reader(verifier).unwrap());
    let signer = key.signer();
    let sign = |header: &[u8], claims: &[u8]| {
        writers::signed(&writers::base64url(header), &writers::base64url(claims), &signer)
    };
    let (mut accepted, mut refused, mut stricter) = ([0; 2], [0; 2], [0; 3]);
    let mut compare = |text: &[u8]| {
        // Read as claims, of which nothing but the registered ones is anybody's, and as a header.
        let ours = codec.decode::<NoCustom>(&sign(br#"{"alg":"HS256"}"#, text));
        let as_header = codec.open(&sign(text, b"{}"));
        let theirs = serde_json::from_slice::<Value>(text);
        let twice = matches!(serde_json::from_slice(text), Ok(Twice(true)));
        // A number that no float holds is JSON all the same; nobody here was asked for its value.
        let holds = |error: &serde_json::Error| error.to_string().contains("number out of range");
        match (&ours, &theirs) {
            (Ok(_), Ok(Value::Object(members))) => {
                assert!(!twice && !wrong_type(members));
                // The same value, through a type that holds all of it.
                let read = codec.decode::<Value>(&sign(br#"{"alg":"HS256"}"#, text)).unwrap();
                let read = read.claims_unvalidated().unwrap().into_custom();
                assert_eq!(read, *theirs.as_ref().unwrap());
                accepted[0] += 1;
            }
            (Ok(_), Err(error)) if holds(error) => accepted[0] += 1,
            (Ok(_), theirs) => panic!("we take {:?}: {theirs:?}", String::from_utf8_lossy(text)),
            (Err(error), _) => {
                assert_eq!(
                    error.kind(),
                    ErrorKind::MalformedClaims,
                    "{:?}",
                    String::from_utf8_lossy(text)
                );
                refused[0] += 1;
            }
        }
        if let (Err(_), Ok(theirs)) = (&ours, &theirs) {
            let why = match theirs {
                _ if twice => Stricter::Twice,
                Value::Object(members) if wrong_type(members) => Stricter::WrongType,
                Value::Object(_) => panic!("we refuse {:?}: {ours:?}", String::from_utf8_lossy(text)),
                _ => Stricter::NoObject,
            };
            stricter[why as usize] += 1;
        }
        match (as_header, theirs) {
            (Ok(_), Ok(theirs)) => {
                assert!(theirs["alg"] == "HS256" && !twice);
                accepted[1] += 1;
            }
            (Ok(_), Err(error)) => {
                assert!(
                    holds(&error),
                    "we take the header {:?}: {error}",
                    String::from_utf8_lossy(text)
                );
                accepted[1] += 1;
            }
            (Err(_), _) => refused[1] += 1,
        }
    };
    let mut dice = Dice::new(0x15_0e);
    for _ in 0..crate::seeds() * 100 {
        let claims = corpus::odd_claims(&mut dice)
            .replace("LATER", "7")
            .replace("BEFORE", "8")
            .replace("NOW", "9");
        let header = corpus::odd_header(&mut dice).replace("ALG", "HS256");
        compare(claims.as_bytes());
        compare(header.as_bytes());
        compare(&corpus::mutated(&claims, &mut dice));
        compare(&corpus::mutated(&header, &mut dice));
    }
    for text in corpus::CLAIMS.iter().chain(corpus::HEADERS) {
        let text = text.replace("LATER", "7").replace("BEFORE", "8").replace("NOW", "9");
        compare(text.replace("ALG", "HS256").as_bytes());
        compare(format!("[{text}]").as_bytes());
    }
    for depth in 1..=140 {
        compare(
            format!("{{\"alg\":\"HS256\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).as_bytes(),
        );
        compare(format!("{}0{}", "{\"alg\":".repeat(depth), "}".repeat(depth)).as_bytes());
    }
    let [twice, no_object, wrong_type] = stricter;
    println!(
        "JSON: {accepted:?} accepted and {refused:?} refused as claims and as header; serde_json accepts \
         of those claims {twice} with a member twice, {no_object} of no object, {wrong_type} of a wrong type"
    );
    assert!(accepted.iter().chain(&refused).chain(&stricter).all(|count| *count > 20));
}
