//! RFC 7515, JSON Web Signature: the examples of appendix A, and the case of appendix E.

use symbolon::jws::Unverified;
use symbolon::jws::compact::{self, Parameters};
use symbolon::{ErrorKind, Jwk, JwsAlg, Keyring, Limits, OctKey, Signer};
use time::OffsetDateTime;

use crate::support::{
    Miss, base64url, from_base64url, judge_example, lacks_feature, refused, signed_as, tally, vectors,
};

/// The payload of A.1 to A.3, line breaks as in the RFC.
const JOE: &str = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

const A_1_KEY: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const A_1_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(crate) const A_2_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB","d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc","dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0","dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU","qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;
pub(crate) const A_2_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

const A_3_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const A_3_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const A_4_KEY: &str = r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2","d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;
const A_4_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

const A_5_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
const E_TOKEN: &str = "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.";

fn judge(key: &str, alg: &str, token: &str, payload: &str) {
    tally(&format!("rfc7515 {alg}"), [()], |()| judge_example(key, alg, token, payload.as_bytes()));
}

/// A ring with all keys of A.1 to A.4 that can be had.
fn ring() -> Keyring {
    let keys = [(A_1_KEY, "HS256"), (A_2_KEY, "RS256"), (A_3_KEY, "ES256"), (A_4_KEY, "ES512")];
    let verifiers = keys.iter().filter_map(|(key, alg)| {
        let alg = JwsAlg::from_name(alg)?;
        symbolon::Verifier::from_jwk_as(&Jwk::from_json(key).ok()?, alg).ok()
    });
    Keyring::read_only().with_readers(verifiers).unwrap()
}

#[test]
fn appendix_a_1_hs256() {
    judge(A_1_KEY, "HS256", A_1_TOKEN, JOE);
}

#[test]
fn appendix_a_2_rs256() {
    judge(A_2_KEY, "RS256", A_2_TOKEN, JOE);
}

#[test]
fn appendix_a_3_es256() {
    judge(A_3_KEY, "ES256", A_3_TOKEN, JOE);
}

#[test]
fn appendix_a_4_es512() {
    let key = Jwk::from_json(A_4_KEY);
    if lacks_feature(&key) {
        println!("skipped: appendix_a_4_es512: {}", key.unwrap_err());
        return;
    }
    judge(A_4_KEY, "ES512", A_4_TOKEN, "Payload");
}

#[test]
fn the_header_of_a_1_is_shown_as_it_was_written() {
    let header = b"{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
    assert_eq!(Unverified::peek(A_1_TOKEN).unwrap().header(), header);
    let signed = compact::verify(A_1_TOKEN, &ring(), &Limits::default(), OffsetDateTime::UNIX_EPOCH);
    assert_eq!(signed.unwrap().header(), header);
}

/// The whole token of A.2, whose header is written here as there.
#[test]
fn appendix_a_2_is_written_byte_for_byte() {
    let signer = match Signer::from_jwk_as(&Jwk::from_json(A_2_KEY).unwrap(), JwsAlg::RS256) {
        Err(error) if error.kind() == ErrorKind::MissingFeature => {
            println!("skipped: appendix_a_2_is_written_byte_for_byte: {error}");
            return;
        }
        signer => signer.unwrap(),
    };
    assert_eq!(compact::sign(JOE.as_bytes(), &Parameters::new(), &(), &signer).unwrap(), A_2_TOKEN);
}

#[test]
fn each_example_is_read_by_its_own_key_in_a_ring_of_all() {
    let ring = ring();
    assert!(ring.len() >= 3);
    for token in [A_1_TOKEN, A_2_TOKEN, A_3_TOKEN] {
        assert_eq!(refused(token, &ring), None);
    }
}

#[test]
fn appendix_a_5_unsecured_is_refused() {
    assert_eq!(refused(A_5_TOKEN, &ring()), Some(ErrorKind::AlgorithmMismatch));
    assert_eq!(refused(A_5_TOKEN, &Keyring::read_only()), Some(ErrorKind::UnknownKey));
}

/// The case itself has no signature. With a good one it must be refused for `crit` as well.
#[test]
fn appendix_e_unknown_critical_parameter_is_refused() {
    assert_eq!(refused(E_TOKEN, &ring()), Some(ErrorKind::UnsupportedHeader));

    let signer = OctKey::new(vec![7; 32]).unwrap().signer(symbolon::HmacAlg::Hs256).unwrap();
    let header = String::from_utf8(from_base64url(E_TOKEN.split('.').next().unwrap())).unwrap();
    let header = header.replace("none", "HS256");
    let token = signed_as(&header, "FAIL", &signer);
    let ring = Keyring::new(signer.clone());
    assert_eq!(refused(&token, &ring), Some(ErrorKind::UnsupportedHeader));
    // It is `crit` alone that makes the difference.
    let token = signed_as(header.replace("crit", "tirc"), "FAIL", &signer);
    assert_eq!(refused(&token, &ring), None);
}

#[test]
fn vectors_agree() {
    let Some(examples) = vectors("rfc7515/examples.json") else { return };
    let ring = ring();
    tally("rfc7515", examples.as_array().unwrap(), |case| {
        let Some(token) = case["token"].as_str() else {
            return Err(Miss::skipped("JSON serialization: not yet"));
        };
        let payload = from_base64url(case["payload_b64u"].as_str().unwrap());
        match case["alg"].as_str().unwrap() {
            // A.5 asks for what must not be, and E is to be refused.
            "none" => match refused(token, &ring) {
                Some(_) => Ok(()),
                None => Err(Miss::wrong(format!("{} was read", case["id"]))),
            },
            alg => judge_example(&case["key"].to_string(), alg, token, &payload),
        }
    });
    // The payload that is typed above is the file's.
    assert_eq!(examples[0]["payload_b64u"], base64url(JOE));
}
