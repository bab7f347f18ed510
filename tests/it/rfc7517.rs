//! RFC 7517: the examples of appendix A and B, the set of section 5, the keys of RFC 7520 section 3,
//! and Wycheproof's JWK points.

use serde_json::{Value, json};
use symbolon::{ErrorKind, Jwk, JwkSet, KeyMaterial, KeyType};

use crate::support::{count, lacks_feature, vectors};

const A_1: &str = r#"{"keys":
  [
    {"kty":"EC",
     "crv":"P-256",
     "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
     "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
     "use":"enc",
     "kid":"1"},

    {"kty":"RSA",
     "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
     "e":"AQAB",
     "alg":"RS256",
     "kid":"2011-04-29"}
  ]
}"#;

const A_3: &str = r#"{"keys":
  [
    {"kty":"oct",
     "alg":"A128KW",
     "k":"GawgguFyGrWKav7AX4VKUg"},

    {"kty":"oct",
     "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
     "kid":"HMAC key used in JWS spec Appendix A.1 example"}
  ]
}"#;

#[test]
fn appendix_a_1_public_keys() {
    let set = JwkSet::from_json(A_1).unwrap();
    assert!(set.skipped().is_empty());
    let [ec, rsa] = set.keys() else { panic!("two keys") };
    assert_eq!((ec.material().key_type(), ec.material().curve()), (KeyType::Ec, Some("P-256")));
    assert_eq!((ec.key_use(), ec.kid().unwrap().as_str(), ec.alg()), (Some("enc"), "1", None));
    let KeyMaterial::RsaPublic(material) = rsa.material() else { panic!("a public RSA key") };
    assert_eq!((material.bits(), material.e()), (2048, &[1, 0, 1][..]));
    assert_eq!((rsa.alg(), rsa.key_use()), (Some("RS256"), None));
    assert_eq!(set.find("2011-04-29"), Some(rsa));

    // The text of the RFC without its white space: the members are written in its order.
    let compact: String = A_1.split_ascii_whitespace().collect();
    assert_eq!(set.to_json().unwrap(), compact);
}

#[test]
fn appendix_a_3_symmetric_keys() {
    let set = JwkSet::from_json(A_3).unwrap();
    let [wrap, mac] = set.keys() else { panic!("two keys") };
    let KeyMaterial::Oct(key) = wrap.material() else { panic!("a symmetric key") };
    assert_eq!((key.len(), wrap.alg()), (16, Some("A128KW")));
    let KeyMaterial::Oct(key) = mac.material() else { panic!("a symmetric key") };
    assert_eq!((key.len(), key.as_bytes()[0]), (64, 3));
    assert_eq!(mac.kid().unwrap().as_str(), "HMAC key used in JWS spec Appendix A.1 example");
    assert_eq!(set.to_json().unwrap_err().kind(), ErrorKind::KeyMismatch);
}

/// The members of a key, its numbers and all else, must come back as they were.
fn there_and_back(json: &Value) -> Result<(), String> {
    let key = match Jwk::from_json(json.to_string()) {
        Err(error) if error.kind() == ErrorKind::MissingFeature => return Ok(()),
        read => read.map_err(|error| format!("{error}: {}", json["kid"]))?,
    };
    let written = key.danger_to_secret_json();
    let value: Value = serde_json::from_str(written.as_str()).map_err(|error| error.to_string())?;
    if value != *json {
        return Err(format!("{} came back changed", json["kid"]));
    }
    if let KeyMaterial::Oct(_) = key.material() {
        return Ok(());
    }
    let public = key.to_public().map_err(|error| error.to_string())?;
    let text = public.to_json().map_err(|error| error.to_string())?;
    match Jwk::from_json(&text) {
        Ok(again) if again == public && !again.material().is_secret() => Ok(()),
        _ => Err(format!("the public half of {} came back changed", json["kid"])),
    }
}

#[test]
fn examples_come_back_unchanged() {
    let Some(examples) = vectors("rfc7517/examples.json") else { return };
    let examples = examples.as_array().unwrap();
    let in_sets = examples.iter().filter_map(|case| case["jwks"]["keys"].as_array()).flatten();
    let alone = examples.iter().map(|case| &case["jwk"]).filter(|jwk| jwk.is_object());
    count("rfc7517", in_sets.chain(alone), there_and_back);
}

#[test]
fn appendix_b_certificate_chain_is_kept_and_inert() {
    let Some(examples) = vectors("rfc7517/examples.json") else { return };
    let example = examples.as_array().unwrap().iter().find(|case| case["id"] == "rfc7517-B").unwrap();
    let key = Jwk::from_json(example["jwk"].to_string()).unwrap();
    let chain: Value = serde_json::from_str(key.other("x5c").unwrap()).unwrap();
    assert_eq!(chain, example["jwk"]["x5c"]);
}

#[test]
fn keys_of_rfc_7520_come_back_unchanged() {
    let names = [
        "3_1.ec_public_key",
        "3_2.ec_private_key",
        "3_3.rsa_public_key",
        "3_4.rsa_private_key",
        "3_5.symmetric_key_mac_computation",
        "3_6.symmetric_key_encryption",
    ];
    let mut keys = Vec::new();
    for name in names {
        let Some(key) = vectors(&format!("rfc7520/jwk/{name}.json")) else { return };
        keys.push(key);
    }
    count("rfc7520 keys", &keys, there_and_back);
}

#[test]
fn wycheproof_points_are_read_where_they_lie_on_their_curve() {
    let files = [
        "ecdh_secp256r1_webcrypto",
        "ecdh_secp384r1_webcrypto",
        "ecdh_secp521r1_webcrypto",
        "ecdh_secp256k1_webcrypto",
        "x25519_jwk",
        "x448_jwk",
    ];
    for file in files {
        let Some(suite) = vectors(&format!("wycheproof-jwk-ecdh/{file}_test.dev.json")) else { return };
        let groups = suite["testGroups"].as_array().unwrap();
        let tests = groups.iter().flat_map(|group| group["tests"].as_array().unwrap());
        count(file, tests, |test| {
            // The files name secp256k1 as no registry does.
            let registered = |half: &Value| half.to_string().replace("\"P-256K\"", "\"secp256k1\"");
            let read = ["public", "private"].map(|half| Jwk::from_json(registered(&test[half])));
            let readable = read.iter().all(|key| key.is_ok());
            let one_curve = test["public"]["crv"] == test["private"]["crv"];
            let fine = if file == "x448_jwk" {
                !readable
            } else if test["result"] == "invalid" {
                // Each half may be a good key alone, also a point of small order; ring alone looks
                // at a point when it is used. Everything else must be refused here.
                !readable || !one_curve || file == "x25519_jwk" || cfg!(not(feature = "rustcrypto"))
            } else {
                // "acceptable" is Wycheproof's word for what a reader may refuse.
                test["result"] == "acceptable" || readable || read.iter().any(lacks_feature)
            };
            fine.then_some(()).ok_or_else(|| format!("{} {:?}", test["tcId"], read))
        });
    }
}

#[test]
fn a_set_goes_on_behind_what_it_cannot_read() {
    let good = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "good", "alg": "a name of 2031", "ext": {"a": [1, null]},
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let bad = [
        (
            json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "akp", "pub": "AAAA"}),
            ErrorKind::UnsupportedKey,
        ),
        (json!({"kty": "OKP", "crv": "Ed448", "kid": "ed448", "x": "AAAA"}), ErrorKind::UnsupportedKey),
        (json!({"kty": "OKP", "crv": "X448", "x": "AAAA"}), ErrorKind::UnsupportedKey),
        (json!({"kty": "EC", "crv": "P-255", "x": "AA", "y": "AA"}), ErrorKind::UnsupportedKey),
        (json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), ErrorKind::InvalidJwk),
        (json!({"kty": "RSA", "n": "_w", "e": "AQAB"}), ErrorKind::WeakKey),
        (json!({"kty": "oct", "k": ""}), ErrorKind::WeakKey),
        (json!({"kty": "oct", "k": "AA="}), ErrorKind::InvalidJwk),
        (json!({"kty": 1}), ErrorKind::InvalidJwk),
        (json!({"kty": "x".repeat(33), "kid": "k".repeat(257)}), ErrorKind::UnsupportedKey),
        (json!({}), ErrorKind::InvalidJwk),
        (json!([]), ErrorKind::InvalidJwk),
        (json!("a,]}[{\\\""), ErrorKind::InvalidJwk),
        (json!(null), ErrorKind::InvalidJwk),
        (json!(-1.5e3), ErrorKind::InvalidJwk),
    ];
    let mut keys = Vec::new();
    for (key, _) in &bad {
        keys.extend([key.clone(), good.clone()]);
    }
    for text in [
        json!({"issuer": {"keys": []}, "keys": keys}).to_string(),
        serde_json::to_string_pretty(&json!({"keys": keys, "ttl": 7})).unwrap(),
    ] {
        let set = JwkSet::from_json(&text).unwrap();
        assert_eq!(set.keys().len(), bad.len());
        assert!(set.iter().all(|key| key.alg() == Some("a name of 2031") && key.other("ext").is_some()));
        assert_eq!(set.find_all("good").count(), bad.len());
        assert_eq!(set.skipped().len(), bad.len());
        for (index, (skipped, (key, kind))) in set.skipped().iter().zip(&bad).enumerate() {
            assert_eq!(skipped.index(), index * 2);
            assert_eq!(skipped.error().kind(), *kind, "{key}");
            let short = |name: &str, most| key[name].as_str().filter(|text| text.len() <= most);
            assert_eq!(skipped.kid().map(|kid| kid.as_str()), short("kid", 256), "{key}");
            assert_eq!(skipped.kty(), short("kty", 32), "{key}");
        }
    }
}

#[test]
fn a_set_is_strict_json_as_a_whole() {
    for (text, detail) in [
        (r#"{"keys":[],"keys":[]}"#, "a JSON object has a member twice"),
        (r#"{"keys":[{"kty":"oct","k":"AAAA","kty":"oct"}]}"#, "a JSON object has a member twice"),
        (r#"{"keys":[{"kty":"oct","k":"AAAA","k\u0074y":"oct"}]}"#, "a JSON object has a member twice"),
        (r#"{"keys":[]} {}"#, "not well-formed JSON"),
        (r#"{"keys":[{}}"#, "not well-formed JSON"),
        (r#"[]"#, "the JSON is not an object"),
        (r#"{}"#, "the set has no member `keys`"),
        (r#"{"keys":{}}"#, "the member `keys` is not an array"),
        (r#"{"keys":null}"#, "the member `keys` is not an array"),
    ] {
        let error = JwkSet::from_json(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJwk, "{text}");
        assert_eq!(error.to_string(), format!("the JWK cannot be read: {detail}"), "{text}");
    }
    assert!(JwkSet::from_json(r#"{"keys":[ ]}"#).unwrap().keys().is_empty());
}

#[test]
fn a_set_has_limits() {
    let of = |count: usize| format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(count - 1));
    assert_eq!(JwkSet::from_json(of(JwkSet::MAX_KEYS)).unwrap().skipped().len(), JwkSet::MAX_KEYS);
    let error = JwkSet::from_json(of(JwkSet::MAX_KEYS + 1)).unwrap_err();
    assert_eq!(error.to_string(), "the JWK cannot be read: a set has at most 100,000 keys");

    let padded = |len: usize| format!("{}{}", r#"{"keys":[]}"#, " ".repeat(len - 11));
    assert!(JwkSet::from_json(padded(JwkSet::MAX_LEN)).is_ok());
    assert!(JwkSet::from_json(padded(JwkSet::MAX_LEN + 1)).is_err());

    // One key beyond the limit of a key spoils itself alone.
    let long = json!({"kty": "oct", "k": "AAAA", "kid": "long", "note": "x".repeat(Jwk::MAX_LEN)});
    let text = json!({"keys": [long, {"kty": "oct", "k": "AAAA"}]}).to_string();
    let set = JwkSet::from_json(text).unwrap();
    assert_eq!((set.keys().len(), set.skipped().len()), (1, 1));
}

#[test]
fn sets_are_collected_published_and_embedded() {
    let first = Jwk::generate(symbolon::JwsAlg::ES256).unwrap().with_kid("1").unwrap();
    let mut set: JwkSet = [first.clone()].into_iter().collect();
    set.push(Jwk::generate(symbolon::JwsAlg::EDDSA).unwrap().with_kid("2").unwrap());
    assert!(set.to_json().is_err(), "a private key is never published");
    let public = set.to_public().unwrap();
    let read = JwkSet::from_json(public.to_json().unwrap()).unwrap();
    assert_eq!(read.keys(), public.keys());
    assert_eq!(read.find("1"), Some(&first.to_public().unwrap()));
    assert_eq!(read.find("3"), None);

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Config {
        issuer: String,
        jwks: JwkSet,
    }
    let config = Config { issuer: "i".into(), jwks: public };
    let text = serde_json::to_string(&config).unwrap();
    let again: Config = serde_json::from_str(&text).unwrap();
    assert_eq!(again.jwks.keys(), config.jwks.keys());
    assert!(serde_json::to_string(&Config { issuer: "i".into(), jwks: set }).is_err());

    let odd = r#"{"issuer":"i","jwks":{"keys":[{"kty":"AKP"},7]}}"#;
    assert_eq!(serde_json::from_str::<Config>(odd).unwrap().jwks.skipped().len(), 2);
    let twice = r#"{"issuer":"i","jwks":{"keys":[],"keys":[]}}"#;
    assert!(serde_json::from_str::<Config>(twice).is_err());
}
