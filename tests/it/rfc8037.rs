//! RFC 8037: Ed25519 signatures, appendix A.1, A.2, A.4 and A.5.

use symbolon::jws::compact::{self, Parameters};
use symbolon::{ErrorKind, Jwk, JwsAlg, Keyring, Limits, Signer, Verifier};

use crate::support::{Miss, from_base64url, judge_example, read, refused, signed_as, tally, vectors};

const A_1_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const A_2_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const A_4_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const PAYLOAD: &str = "Example of Ed25519 signing";

#[test]
fn appendix_a_4_is_signed_byte_for_byte() {
    tally("rfc8037 A.4", [A_1_KEY], |key| judge_example(key, "EdDSA", A_4_TOKEN, PAYLOAD.as_bytes()));
    let signer = Signer::from_jwk(&Jwk::from_json(A_1_KEY).unwrap()).unwrap();
    let token = compact::sign(PAYLOAD.as_bytes(), &Parameters::new(), &(), &signer).unwrap();
    assert_eq!(token, A_4_TOKEN);
}

#[test]
fn appendix_a_5_is_verified_with_the_public_key() {
    let key = Jwk::from_json(A_2_KEY).unwrap();
    assert_eq!(Jwk::from_json(A_1_KEY).unwrap().to_public().unwrap(), key);
    let ring = Keyring::read_only().with_reader(Verifier::from_jwk(&key).unwrap()).unwrap();
    assert_eq!(read(A_4_TOKEN, &ring, &Limits::default()).unwrap(), PAYLOAD.as_bytes());
}

#[test]
fn the_key_is_read_under_its_two_names_alone() {
    let signer = Signer::from_jwk(&Jwk::from_json(A_1_KEY).unwrap()).unwrap();
    let ring = Keyring::new(signer.clone());
    let other = Some(ErrorKind::AlgorithmMismatch);
    // RFC 9864 names Ed25519 what EdDSA with that curve is.
    let names =
        [("EdDSA", None), ("Ed25519", None), ("Ed448", other), ("eddsa", other), ("HS256", other)];
    for (alg, kind) in names {
        let token = signed_as(format!(r#"{{"alg":"{alg}"}}"#), PAYLOAD, &signer);
        assert_eq!(refused(&token, &ring), kind, "{alg}");
    }
}

#[test]
fn vectors_agree() {
    let Some(examples) = vectors("rfc8037/examples.json") else { return };
    tally("rfc8037", examples.as_array().unwrap(), |case| match case["id"].as_str().unwrap() {
        // A.3 is a thumbprint; rfc7638.rs has it too.
        "A.1" | "A.2" | "A.3" => match Jwk::from_json(case["jwk"].to_string()) {
            Ok(key)
                if case["thumbprint"].is_null() || case["thumbprint"] == key.thumbprint_base64url() =>
            {
                Ok(())
            }
            other => Err(Miss::wrong(format!("{}: {other:?}", case["id"]))),
        },
        "A.4" | "A.5" => {
            let payload = from_base64url(case["payload_b64u"].as_str().unwrap());
            judge_example(&case["key"].to_string(), "EdDSA", case["token"].as_str().unwrap(), &payload)
        }
        _ => Err(Miss::skipped("ECDH-ES: jwe_vectors.rs judges it")),
    });
}

#[test]
fn cookbook_agrees() {
    let Some(case) = vectors("rfc8037/cookbook/jws.json") else { return };
    tally("rfc8037 cookbook", ["compact", "json", "json_flat"], |form| {
        let Some(token) = case["output"][form].as_str() else {
            return Err(Miss::skipped("JSON serialization: not yet"));
        };
        let payload = case["input"]["payload"].as_str().unwrap();
        judge_example(&case["input"]["key"].to_string(), "EdDSA", token, payload.as_bytes())
    });
}

#[test]
fn x25519_keys_sign_nothing() {
    assert_eq!(JwsAlg::from_name("X25519"), None);
    // Appendix A.6: Bob's key. Without the feature that has X25519 the key itself is not made.
    let bob =
        r#"{"kty":"OKP","crv":"X25519","kid":"Bob","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#;
    let error =
        Jwk::from_json(bob).and_then(|key| Verifier::from_jwk_as(&key, JwsAlg::EDDSA)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyMismatch | ErrorKind::MissingFeature), "{error}");
}
