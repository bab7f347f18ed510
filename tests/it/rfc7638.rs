//! RFC 7638: thumbprints; RFC 8037 appendix A.3; RFC 9278.

use symbolon::Jwk;

use crate::support::{count, vectors};

const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
const ED25519: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn section_3_1_rsa_key() {
    let key = Jwk::from_json(RSA).unwrap();
    let thumbprint = [
        55, 54, 203, 177, 120, 124, 184, 48, 156, 119, 238, 140, 55, 5, 197, 225, 111, 251, 158, 133,
        151, 21, 144, 31, 30, 76, 89, 177, 17, 130, 245, 123,
    ];
    assert_eq!(key.thumbprint(), thumbprint);
    assert_eq!(key.thumbprint_base64url(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn rfc_8037_a_3_ed25519_key() {
    let key = Jwk::from_json(ED25519).unwrap();
    assert_eq!(key.thumbprint_base64url(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        key.thumbprint_uri(),
        "urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn both_halves_of_a_pair_have_one_thumbprint() {
    let private = Jwk::generate(symbolon::JwsAlg::ES256).unwrap().with_kid("a").unwrap();
    let public = private.to_public().unwrap().with_kid("b").unwrap();
    assert_eq!(private.thumbprint(), public.thumbprint());
    assert_eq!(private.thumbprint_sha384(), public.thumbprint_sha384());
    assert_eq!(private.thumbprint_sha512(), public.thumbprint_sha512());
    let named = private.with_thumbprint_kid().unwrap();
    assert_eq!(named.kid().unwrap().as_str(), public.thumbprint_base64url());
}

// python3: base64url(sha256(b'{"k":"c2VjcmV0","kty":"oct"}')), and so on.
#[test]
fn symmetric_keys_and_longer_hashes() {
    let key = Jwk::from_json(r#"{"kty":"oct","k":"c2VjcmV0"}"#).unwrap();
    assert_eq!(key.thumbprint_base64url(), "DWBh0SEIAPYh1x5uvot4z3AhaikHkxNJa3Ada2fT-Cg");
    assert!(key.with_thumbprint_kid().is_err(), "a kid is public");
    let key = Jwk::from_json(ED25519).unwrap();
    assert_eq!(key.thumbprint_sha384()[..8], [120, 252, 186, 45, 38, 250, 35, 178]);
    assert_eq!(key.thumbprint_sha512()[..8], [73, 244, 170, 2, 7, 230, 61, 139]);
}

#[test]
fn vectors_agree() {
    let Some(cases) = vectors("rfc7638/examples.json") else { return };
    count("rfc7638", cases.as_array().unwrap(), |case| {
        let key = Jwk::from_json(case["jwk"].to_string()).map_err(|error| error.to_string())?;
        (case["hash"] == "SHA-256" && case["thumbprint"] == key.thumbprint_base64url())
            .then_some(())
            .ok_or_else(|| case["id"].to_string())
    });
}
