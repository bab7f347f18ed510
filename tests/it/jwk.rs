//! JWKs beyond the examples: strictness, what may be done with a key, and secrets that stay in.

use serde_json::{Value, json};
use symbolon::{
    EcCurve, EcPrivateKey, ErrorKind, Jwk, JwkSet, JwsAlg, KeyId, OctKey, OkpCurve, OkpPrivateKey,
    OkpPublicKey, RsaPublicKey, Signer, Verifier,
};

use crate::support::{count, damaged, lacks_feature};

pub(crate) const RSA_PRIVATE: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","d":"X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q","p":"83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs","q":"3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk","dp":"G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0","dq":"s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk","qi":"GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU"}"#;
const EC_PRIVATE: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;
const OKP_PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const OCT: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const PRIVATE: [&str; 4] = [RSA_PRIVATE, EC_PRIVATE, OKP_PRIVATE, OCT];

const SECRET_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn with(json: &str, name: &str, member: Value) -> String {
    let mut value = value(json);
    value[name] = member;
    value.to_string()
}

fn without(json: &str, name: &str) -> String {
    let mut value = value(json);
    value.as_object_mut().unwrap().remove(name);
    value.to_string()
}

fn kind_of<T>(result: Result<T, symbolon::Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

fn kind(json: impl AsRef<[u8]>) -> Option<ErrorKind> {
    Jwk::from_json(json).err().map(|error| error.kind())
}

#[test]
fn refuses_every_read_member_of_a_wrong_type() {
    let strings =
        ["kty", "use", "alg", "kid", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"];
    let not_strings =
        [json!(null), json!(true), json!(1), json!(1.5), json!([]), json!(["a"]), json!({})];
    let not_arrays =
        [json!(null), json!(true), json!(1), json!("sign"), json!({}), json!({"0": "sign"})];
    let mut cases = Vec::new();
    for key in PRIVATE {
        cases.extend(
            strings.iter().flat_map(|name| not_strings.iter().map(move |bad| (key, *name, bad.clone()))),
        );
        for name in ["key_ops", "oth"] {
            cases.extend(not_arrays.iter().map(|bad| (key, name, bad.clone())));
        }
        for bad in [json!([1]), json!(["sign", null]), json!([["sign"]])] {
            cases.push((key, "key_ops", bad));
        }
    }
    count("wrong types", cases, |(key, name, bad)| {
        let error = Jwk::from_json(with(key, name, bad.clone())).err();
        match error {
            Some(error)
                if error.kind() == ErrorKind::InvalidJwk
                    && error.to_string().contains(&format!("`{name}`")) =>
            {
                Ok(())
            }
            other => Err(format!("{name} {bad}: {other:?}")),
        }
    });
}

#[test]
fn names_each_missing_member() {
    for key in PRIVATE {
        for name in value(key).as_object().unwrap().keys() {
            if name == "d" && key != RSA_PRIVATE {
                assert!(!Jwk::from_json(without(key, name)).unwrap().material().is_secret());
                continue;
            }
            let error = Jwk::from_json(without(key, name)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidJwk);
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
    let error = Jwk::from_json(without(RSA_PRIVATE, "dp")).unwrap_err();
    assert!(error.to_string().contains("export it again with its primes"), "{error}");
}

#[test]
fn takes_one_spelling_of_base64url() {
    for key in PRIVATE {
        let members = value(key);
        for (name, text) in members.as_object().unwrap() {
            if ["kty", "crv"].contains(&name.as_str()) {
                continue;
            }
            let text = text.as_str().unwrap();
            for bad in [
                format!("{text}="),
                format!("{text}=="),
                format!(" {text}"),
                format!("{text}\n"),
                format!("{text}+"),
                format!("{text}/"),
            ] {
                assert_eq!(kind(with(key, name, json!(bad))), Some(ErrorKind::InvalidJwk), "{name}");
            }
        }
    }
    // The last character holds bits of no byte: they must be zero.
    assert_eq!(kind(r#"{"kty":"oct","k":"AB"}"#), Some(ErrorKind::InvalidJwk));
    assert!(Jwk::from_json(r#"{"kty":"oct","k":"AA"}"#).is_ok());
    // An escape is JSON's business, not base64url's.
    assert_eq!(
        Jwk::from_json(r#"{"kty":"oct","k":"\u0041A"}"#).unwrap(),
        Jwk::from_json(r#"{"kty":"oct","k":"AA"}"#).unwrap()
    );
}

#[test]
fn coordinates_are_exactly_as_long_as_the_field() {
    for name in ["x", "y", "d"] {
        for len in [0, 1, 31, 33, 48, 64] {
            let text = base64url(&vec![0; len]);
            assert_eq!(
                kind(with(EC_PRIVATE, name, json!(text))),
                Some(ErrorKind::InvalidJwk),
                "{name} {len}"
            );
            if name != "y" {
                assert_eq!(kind(with(OKP_PRIVATE, name, json!(text))), Some(ErrorKind::InvalidJwk));
            }
        }
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn a_private_key_must_fit_its_public_half() {
    let other = value(Jwk::generate(JwsAlg::ES256).unwrap().danger_to_secret_json().as_str());
    let mut mixed = value(EC_PRIVATE);
    mixed["d"] = other["d"].clone();
    assert_eq!(kind(mixed.to_string()), Some(ErrorKind::InvalidKey));
    let okp = with(OKP_PRIVATE, "d", json!(base64url(&[7; 32])));
    assert_eq!(kind(okp), Some(ErrorKind::InvalidKey));
    // Nothing that signs with RSA is compiled in without ring: nothing could use the key, either.
    if cfg!(feature = "ring") {
        let rsa = value(RSA_PRIVATE);
        for (name, from) in [("p", "q"), ("q", "p"), ("d", "n"), ("dp", "dq"), ("qi", "p")] {
            let swapped = with(RSA_PRIVATE, name, rsa[from].clone());
            assert_eq!(kind(swapped), Some(ErrorKind::InvalidKey), "{name}");
        }
    }
}

// Keys whose numbers fit each other, at and beyond the bounds of what ring signs with: 2048, 3072 or 4096
// bits of two primes alike in length, and an exponent from 65537 to 2^33 - 1. Each backend keeps to them.
#[test]
fn private_rsa_keys_are_bounded_alike_whoever_signs() {
    let keys = value(include_str!("rsa/bounds.json"));
    let judge = |name: &str| match Jwk::from_json(keys[name].to_string()) {
        Ok(jwk) => kind_of(Signer::from_jwk_as(&jwk, JwsAlg::RS256)),
        Err(error) => Some(error.kind()),
    };
    let lacking = kind_of(Signer::from_jwk_as(&Jwk::from_json(RSA_PRIVATE).unwrap(), JwsAlg::RS256));
    for name in ["e of 33 bits", "n of 4096 bits"] {
        assert_eq!(judge(name), lacking, "{name}");
    }
    if lacking.is_some() {
        println!("skipped: private_rsa_keys_are_bounded_alike_whoever_signs: nothing signs with RSA");
        return;
    }
    for name in ["e of 2 bits", "primes of 1040 and 1008 bits", "n of 2064 bits"] {
        assert_eq!(judge(name), Some(ErrorKind::InvalidKey), "{name}");
    }
    // The longest that is signed with is judged, too.
    let mut long = keys["n of 4096 bits"].clone();
    long["dp"] = long["dq"].clone();
    assert_eq!(kind(long.to_string()), Some(ErrorKind::InvalidKey));
}

#[test]
fn an_odd_modulus_may_end_in_any_odd_byte() {
    let mut n = vec![0xff; 256];
    for low in 0..=255 {
        n[255] = low;
        let key = RsaPublicKey::new(&n, &[1, 0, 1]);
        assert_eq!(kind_of(key), (low % 2 == 0).then_some(ErrorKind::InvalidKey), "{low}");
    }
}

// RFC 8032 §5.1.3: y below 2^255 - 19, of which only what begins and ends like it comes near.
#[test]
fn an_ed25519_key_may_begin_and_end_like_the_prime() {
    let digits = "f4a2bf720163ec84964134df12759510a89e6a201aa882e83d39efd584e1837f";
    let mut x = [0; 32];
    for (at, byte) in x.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    }
    let mut seed = [0; 32];
    seed[31] = 0x68;
    let public = OkpPublicKey::new(OkpCurve::Ed25519, &x).unwrap();
    let private = OkpPrivateKey::new(OkpCurve::Ed25519, &seed, Some(&public)).unwrap();
    let signer = Signer::new(JwsAlg::EDDSA, &private.into()).unwrap();
    let verifier = Verifier::new(JwsAlg::EDDSA, &public.into()).unwrap();
    assert!(verifier.verify(b"x", &signer.sign(b"x").unwrap()));
    // 2^255 - 19 to 2^255 - 1 are none.
    for low in 0xed..=0xff {
        let mut x = [0xff; 32];
        (x[0], x[31]) = (low, 0x7f);
        assert_eq!(kind_of(OkpPublicKey::new(OkpCurve::Ed25519, &x)), Some(ErrorKind::InvalidKey));
    }
}

#[test]
fn refuses_more_than_two_primes_and_symmetric_keys_that_are_texts() {
    assert_eq!(kind(with(RSA_PRIVATE, "oth", json!([]))), Some(ErrorKind::UnsupportedKey));
    for text in ["-----BEGIN PUBLIC KEY-----", "\u{feff} -----BEGIN X", EC_PRIVATE, "ssh-ed25519 AAAA"] {
        let key = json!({"kty": "oct", "k": base64url(text.as_bytes())});
        assert_eq!(kind(key.to_string()), Some(ErrorKind::KeyMismatch), "{text}");
    }
    assert_eq!(kind(r#"{"kty":"oct","k":""}"#), Some(ErrorKind::WeakKey));
}

#[test]
fn refuses_text_that_is_not_strict() {
    for text in [
        r#"{"kty":"oct","k":"AAAA","kty":"oct"}"#,
        r#"{"kty":"oct","k":"AAAA","x5c":[{"a":1,"a":1}]}"#,
        r#"{"kty":"oct","k":"AAAA"}{}"#,
        r#"{"kty":"oct","k":"AAAA",}"#,
        "\u{feff}{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "[]",
        "",
    ] {
        assert_eq!(kind(text), Some(ErrorKind::InvalidJwk), "{text}");
    }
    assert_eq!(kind(b"{\"kty\":\"oct\",\"k\":\"AAAA\",\"a\":\"\xff\"}"), Some(ErrorKind::InvalidJwk));
    let long = |len: usize| {
        let frame = r#"{"kty":"oct","k":"AAAA","a":""}"#.len();
        format!(r#"{{"kty":"oct","k":"AAAA","a":"{}"}}"#, "x".repeat(len - frame))
    };
    assert!(Jwk::from_json(long(Jwk::MAX_LEN)).is_ok());
    assert_eq!(kind(long(Jwk::MAX_LEN + 1)), Some(ErrorKind::InvalidJwk));
}

#[test]
fn kid_has_1_to_256_bytes() {
    for (len, fine) in [(0, false), (1, true), (256, true), (257, false)] {
        let key = Jwk::from_json(with(OCT, "kid", json!("k".repeat(len))));
        assert_eq!(key.is_ok(), fine, "{len}");
        assert_eq!(Jwk::from_json(OCT).unwrap().with_kid("k".repeat(len)).is_ok(), fine, "{len}");
    }
    let key = Jwk::from_json(OCT).unwrap().with_kid(KeyId::new("typed").unwrap()).unwrap();
    assert_eq!(key.kid().unwrap().as_str(), "typed");
}

#[test]
fn use_and_key_ops_agree_and_repeat_nothing() {
    let judge = |key_use: &str, ops: Value| {
        let mut key = value(EC_PRIVATE);
        key["use"] = json!(key_use);
        key["key_ops"] = ops;
        kind(key.to_string())
    };
    assert_eq!(judge("sig", json!(["sign", "verify"])), None);
    assert_eq!(judge("enc", json!(["deriveKey", "deriveBits"])), None);
    assert_eq!(judge("sig", json!(["sign", "an op of their own"])), None);
    assert_eq!(judge("their own", json!(["sign", "decrypt"])), None);
    assert_eq!(judge("sig", json!([])), None);
    for (key_use, ops) in [
        ("sig", json!(["sign", "sign"])),
        ("sig", json!(["x", "y", "x"])),
        ("sig", json!(["sign", "encrypt"])),
        ("enc", json!(["verify"])),
        ("sig", json!((0..65).map(|n| n.to_string()).collect::<Vec<_>>())),
    ] {
        assert_eq!(judge(key_use, ops.clone()), Some(ErrorKind::InvalidJwk), "{key_use} {ops}");
    }

    let key = Jwk::from_json(EC_PRIVATE).unwrap();
    assert!(key.clone().with_use("sig").unwrap().with_key_ops(["decrypt"]).is_err());
    assert!(key.clone().with_key_ops(["sign", "sign"]).is_err());
    assert!(key.clone().with_key_ops(["sign"]).unwrap().with_use("enc").is_err());
    assert_eq!(key.with_use("signature").unwrap_err().kind(), ErrorKind::InvalidSetting);
}

#[test]
fn the_public_half_keeps_what_is_said_of_the_key() {
    let json = with(EC_PRIVATE, "x5t", json!("abc"));
    let key = Jwk::from_json(json).unwrap().with_kid("1").unwrap().with_alg(JwsAlg::ES256).unwrap();
    let key = key.with_use("sig").unwrap().with_key_ops(["verify", "sign"]).unwrap();
    let public = key.to_public().unwrap();
    assert_eq!(public.kid(), key.kid());
    assert_eq!((public.alg(), public.key_use()), (Some("ES256"), Some("sig")));
    assert_eq!(public.key_ops(), Some(&["verify".to_owned()][..]));
    assert_eq!(public.other("x5t"), Some("\"abc\""));
    assert_eq!(public.to_public().unwrap(), public);
    let unwrapping =
        Jwk::from_json(EC_PRIVATE).unwrap().with_key_ops(["unwrapKey", "deriveBits"]).unwrap();
    let public = unwrapping.to_public().unwrap();
    assert_eq!(public.key_ops(), Some(&["wrapKey".to_owned(), "deriveBits".to_owned()][..]));
    let decrypting = Jwk::from_json(RSA_PRIVATE).unwrap().with_key_ops(["decrypt"]).unwrap();
    assert_eq!(decrypting.to_public().unwrap().key_ops(), Some(&["encrypt".to_owned()][..]));
    let error = Jwk::from_json(OCT).unwrap().to_public().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyMismatch);
}

#[test]
fn an_algorithm_is_named_only_where_the_key_fits() {
    let keys = [RSA_PRIVATE, EC_PRIVATE, OKP_PRIVATE, OCT].map(|json| Jwk::from_json(json).unwrap());
    for alg in JwsAlg::all() {
        let fitting: Vec<_> = keys.iter().filter(|key| (*key).clone().with_alg(alg).is_ok()).collect();
        // P-384, P-521 and secp256k1 are not among the keys.
        let expected = usize::from(!matches!(alg.name(), "ES384" | "ES512" | "ES256K"));
        assert_eq!(fitting.len(), expected, "{alg}");
        assert!(fitting.iter().all(|key| key.material().key_type() == alg.key_type()));
    }
}

#[test]
fn generates_a_key_for_each_algorithm() {
    count("generate", JwsAlg::all(), |alg| {
        let key = Jwk::generate(alg);
        if lacks_feature(&key) {
            return Ok(());
        }
        let key = key.map_err(|error| format!("{alg}: {error}"))?;
        let again = Jwk::from_json(key.danger_to_secret_json().as_str());
        (key.alg() == Some(alg.name()) && again.is_ok_and(|again| again == key))
            .then_some(())
            .ok_or_else(|| alg.to_string())
    });
}

#[test]
fn secrets_are_not_written_by_accident() {
    for json in PRIVATE {
        let key = Jwk::from_json(json).unwrap();
        let error = key.to_json().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyMismatch);
        for way_out in ["danger_to_secret_json", "to_public"] {
            assert!(error.to_string().contains(way_out), "{error}");
        }
        assert!(serde_json::to_string(&key).is_err());
        assert!(serde_json::to_string(&JwkSet::from_iter([key.clone()])).is_err());
        assert!(JwkSet::from_iter([key.clone()]).to_json().is_err());

        // Nor shown.
        let secret = key.danger_to_secret_json();
        for shown in [
            format!("{key:?}"),
            format!("{:?}", key.material()),
            format!("{secret:?}"),
            error.to_string(),
        ] {
            for name in SECRET_MEMBERS {
                if let Some(text) = value(json)[name].as_str() {
                    assert!(!shown.contains(text), "{name} in {shown}");
                }
            }
        }
        // But they come back where they are asked for.
        assert_eq!(value(secret.as_str()), value(json));
        assert_eq!(Jwk::from_json(secret.as_str()).unwrap(), key);
    }
    let debug = format!("{:?}", Jwk::from_json(with(EC_PRIVATE, "kid", json!("1"))).unwrap());
    assert_eq!(debug, r#"Jwk { kty: "EC", crv: "P-256", kid: "1", .. }"#);
}

#[test]
fn members_of_other_key_types_are_forgotten() {
    let public = without(EC_PRIVATE, "d");
    let mut odd = value(&public);
    for name in ["k", "p", "q", "dp", "dq", "qi", "n", "e"] {
        odd[name] = json!("c2VjcmV0");
    }
    let key = Jwk::from_json(odd.to_string()).unwrap();
    assert!(!key.material().is_secret());
    assert_eq!(key.others().count(), 0);
    assert_eq!(value(&key.to_json().unwrap()), value(&public));
}

#[test]
fn text_members_come_back_with_their_escapes() {
    let text = "\u{0}\u{1f}\"\\/\u{7f}\u{2028}ü😀\n";
    let json = with(OCT, "alg", json!(text));
    let json = with(&json, "key_ops", json!([text, "sign"]));
    let json = with(&json, text, json!({text: [text]}));
    let key = Jwk::from_json(&json).unwrap();
    assert_eq!(key.alg(), Some(text));
    assert_eq!(value(key.danger_to_secret_json().as_str()), value(&json));
}

#[test]
fn keys_are_embedded_in_other_documents() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Config {
        key: Jwk,
        more: Option<Jwk>,
    }
    let public =
        Jwk::from_json(with(&without(EC_PRIVATE, "d"), "ext", json!({"b": [1, -2, 2.5, null, true]})))
            .unwrap();
    let text = serde_json::to_string(&Config { key: public.clone(), more: None }).unwrap();
    let again: Config = serde_json::from_str(&text).unwrap();
    assert_eq!(again.key, public);
    // serde_json::Value sorts its members and makes no text of them: the same rules still.
    let tree: Config = serde_json::from_value(value(&text)).unwrap();
    assert_eq!(tree.key.material(), public.material());

    let private: Config =
        serde_json::from_str(&format!(r#"{{"key":{OKP_PRIVATE},"more":{OCT}}}"#)).unwrap();
    assert!(private.key.material().is_secret() && private.more.is_some());
    for bad in [
        r#"{"key":{"kty":"oct","k":"AAAA","k":"AAAA"}}"#.to_owned(),
        r#"{"key":{"kty":"oct","k":"AAAA","x":{"a":1,"a":1}}}"#.to_owned(),
        r#"{"key":{"kty":"oct","k":5}}"#.to_owned(),
        r#"{"key":"kty"}"#.to_owned(),
        r#"{"key":null}"#.to_owned(),
        format!(r#"{{"key":{{"kty":"oct","k":"AAAA","x":"{}"}}}}"#, "x".repeat(Jwk::MAX_LEN)),
    ] {
        assert!(serde_json::from_str::<Config>(&bad).is_err(), "{bad:.60}");
    }
}

#[test]
fn damaged_text_is_a_typed_error_or_another_key() {
    let extras = r#","use":"sig","key_ops":["sign"],"kid":"\u0031","alg":"ES256","x5c":["a"]}"#;
    let (mut run, mut read) = (0, 0);
    for json in [EC_PRIVATE, OKP_PRIVATE, OCT] {
        let json = format!("{}{extras}", &json[..json.len() - 1]);
        for text in damaged(json.as_bytes()) {
            run += 1;
            match Jwk::from_json(&text) {
                Ok(key) => {
                    read += 1;
                    let again = Jwk::from_json(key.danger_to_secret_json().as_str()).unwrap();
                    assert_eq!(again.material(), key.material());
                }
                Err(error) => assert_eq!(error.fault(), symbolon::Fault::Caller),
            }
        }
        let set = format!(r#"{{"keys":[{json},{{"kty":"AKP"}},{json}],"a":1}}"#);
        for text in damaged(set.as_bytes()) {
            run += 1;
            if let Ok(set) = JwkSet::from_json(&text) {
                read += 1;
                assert!(set.keys().len() + set.skipped().len() <= 3);
            }
        }
    }
    println!("damaged JWKs and sets: {run} run, {read} still read, 0 wrong");
}

#[test]
fn typed_keys_become_jwks() {
    let ec = EcPrivateKey::generate(EcCurve::P256).unwrap();
    assert_eq!(Jwk::from(ec.clone()).to_public().unwrap(), Jwk::from(ec.public().clone()));
    let okp = OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap();
    assert_eq!(Jwk::from(okp.clone()).to_public().unwrap(), Jwk::from(okp.public().clone()));
    let oct = OctKey::generate(32).unwrap();
    assert_eq!(Jwk::from(oct.clone()).into_material(), oct.into());
}

#[test]
fn a_set_is_filled_and_emptied_like_any_collection() {
    let keys = || [EC_PRIVATE, OKP_PRIVATE, OCT].map(|json| Jwk::from_json(json).unwrap());
    let mut set = JwkSet::from_iter(keys());
    set.extend([Jwk::from_json(RSA_PRIVATE).unwrap()]);
    set.push(Jwk::from_json(OCT).unwrap().with_kid("last").unwrap());
    let kinds = |keys: &mut dyn Iterator<Item = Jwk>| {
        keys.map(|key| key.material().key_type().name().to_owned()).collect::<Vec<_>>()
    };
    let expected = ["EC", "OKP", "oct", "RSA", "oct"];
    assert_eq!(kinds(&mut set.iter().cloned()), expected);
    assert_eq!(kinds(&mut (&set).into_iter().cloned()), expected);
    assert_eq!(set.keys().len(), 5);
    assert_eq!(kinds(&mut set.into_iter()), expected);
}

/// A format with options and wrappers of its own, as JSON has none.
struct Wrapped(Value);

impl<'de> serde::Deserializer<'de> for Wrapped {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::String(text) if text.starts_with("some ") => {
                visitor.visit_some(Self(text["some ".len()..].into()))
            }
            Value::String(text) if text.starts_with("new ") => {
                visitor.visit_newtype_struct(Self(text["new ".len()..].into()))
            }
            Value::String(text) => visitor.visit_string(text),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => visitor.visit_i64(number),
                (None, Some(number)) => visitor.visit_u64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap()),
            },
            Value::Array(all) => {
                let all = all.into_iter().map(Self);
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(all))
            }
            Value::Object(all) => {
                let all = all.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(serde::de::value::MapDeserializer::new(all))
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> serde::de::IntoDeserializer<'de> for Wrapped {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

// Whatever format they stand in, they are judged as their JSON is.
#[test]
fn keys_come_out_of_formats_that_are_not_json() {
    use serde::Deserialize;
    let read = |json: Value| Jwk::deserialize(Wrapped(json));
    let mut json = value(OKP_PRIVATE);
    json["kid"] = json!("some k");
    json["use"] = json!("new sig");
    json["unknown"] = json!([null, true, false, -7, u64::MAX, 0.5, {"deep": []}, {}, "some x", "new y"]);
    let jwk = read(json.clone()).unwrap();
    assert_eq!(jwk.kid(), Some(&KeyId::new("k").unwrap()));
    assert_eq!(jwk.key_use(), Some("sig"));
    assert_eq!(jwk.material(), Jwk::from_json(OKP_PRIVATE).unwrap().material());

    // What is absent there is no text here.
    json["kid"] = Value::Null;
    assert!(read(json.clone()).unwrap_err().to_string().contains("kid"));
    json["kid"] = json!("k");
    json["use"] = json!("some enc");
    let set = JwkSet::deserialize(Wrapped(json!({"keys": [json, {"kty": null}, value(OKP_PRIVATE)]})))
        .unwrap();
    assert_eq!((set.keys().len(), set.skipped().len()), (2, 1));
    // A name is text, and what is no object no key.
    assert!(read(json!(["kty"])).is_err());
    assert!(read(json!(null)).is_err());
}

#[test]
fn key_ops_are_64_at_most() {
    let key = |count: usize| {
        let ops = (0..count).map(|at| format!("op{at}"));
        Jwk::from_json(EC_PRIVATE).unwrap().with_key_ops(ops).map(drop).map_err(|error| error.kind())
    };
    assert_eq!((key(64), key(65)), (Ok(()), Err(ErrorKind::InvalidSetting)));
    let json = |count: usize| {
        let ops: Vec<_> = (0..count).map(|at| format!("op{at}")).collect();
        kind(with(EC_PRIVATE, "key_ops", json!(ops)))
    };
    assert_eq!((json(64), json(65)), (None, Some(ErrorKind::InvalidJwk)));
}

#[test]
fn a_key_that_is_skipped_is_named_where_its_name_is_short() {
    let skipped = |key: &Value| {
        let set = JwkSet::from_json(json!({ "keys": [key] }).to_string()).unwrap();
        let skipped = &set.skipped()[0];
        (skipped.kid().map(|kid| kid.as_str().to_owned()), skipped.kty().map(str::to_owned))
    };
    let (long, longer) = ("t".repeat(32), "t".repeat(33));
    let (kid, no_kid) = ("k".repeat(256), "k".repeat(257));
    assert_eq!(skipped(&json!({"kty": long, "kid": kid})), (Some(kid), Some(long)));
    assert_eq!(skipped(&json!({"kty": longer, "kid": no_kid})), (None, None));

    // And where the key is no longer than a key may be.
    let padded = |len: usize| {
        let mut key = json!({"kty": "T", "note": ""});
        key["note"] = "n".repeat(len - key.to_string().len()).into();
        key
    };
    assert_eq!(skipped(&padded(Jwk::MAX_LEN)), (None, Some("T".to_owned())));
    assert_eq!(skipped(&padded(Jwk::MAX_LEN + 1)), (None, None));
}

// What takes long to judge is limited; what does not, is not.
#[test]
fn a_set_has_a_thousand_costly_keys_at_most() {
    let read = |key: &str, count: usize| {
        let keys = vec![key; count].join(",");
        JwkSet::from_json(format!(r#"{{"keys":[{keys}]}}"#)).map_or(0, |set| set.keys().len())
    };
    assert_eq!((read(OKP_PRIVATE, 1_000), read(OKP_PRIVATE, 1_001)), (1_000, 0));
    for cheap in [without(OKP_PRIVATE, "d"), OCT.to_owned()] {
        assert_eq!(read(&cheap, 1_001), 1_001);
    }
}

// A document that never ends is not gathered before it is judged.
#[test]
fn an_endless_document_is_refused_while_it_comes() {
    use serde::Deserialize;
    use serde::de::value::{MapDeserializer, SeqDeserializer};
    use std::cell::Cell;

    let drawn = Cell::new(0);
    let draw = || {
        drawn.set(drawn.get() + 1);
        assert!(drawn.get() < Jwk::MAX_LEN, "it is gathered");
    };
    let members = std::iter::repeat_with(|| {
        draw();
        (format!("x{}", drawn.get()), Wrapped(json!("some y")))
    });
    assert!(Jwk::deserialize(MapDeserializer::new(members)).is_err());

    struct Endless<F>(F);

    impl<'de, F: Fn()> serde::Deserializer<'de> for Endless<F> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(
            self,
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_with(|| {
                self.0();
                Wrapped(json!(1))
            })))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
            unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    drawn.set(0);
    assert!(Jwk::deserialize(Endless(draw)).is_err());

    // One that is just as long as a key may be is read.
    let fill = |len: usize| {
        let mut json = value(OKP_PRIVATE);
        json["zzz"] = "".into();
        json["zzz"] = "n".repeat(len - json.to_string().len()).into();
        Jwk::deserialize(Wrapped(json)).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(fill(Jwk::MAX_LEN), Ok(()));
    assert!(fill(Jwk::MAX_LEN + 1).is_err());
}
