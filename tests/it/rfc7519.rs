//! RFC 7519, JSON Web Token: the examples of sections 3.1 and 6.1, and those of appendix A.

use serde::Deserialize;
use symbolon::{
    ErrorKind, FixedClock, JwsCodec, Keyring, NoCustom, OctKey, TokenCodecExt, Validator, Verified,
};

use crate::support::{Miss, from_base64url, refused, tally, vectors};

/// The key of section 3.1 is that of RFC 7515 appendix A.1.
const KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const SECTION_3_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const SECTION_6_1: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
const EXPIRY: i64 = 1_300_819_380;

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Custom {
    #[serde(rename = "http://example.com/is_root")]
    is_root: bool,
}

fn codec() -> JwsCodec {
    let key = OctKey::new(from_base64url(KEY)).unwrap();
    JwsCodec::new(key.signer(symbolon::HmacAlg::Hs256).unwrap())
}

fn validated(validator: Validator, at: i64) -> Result<Verified<Custom>, ErrorKind> {
    let validator = validator.clock(FixedClock::at_unix(at).unwrap());
    codec().decode(SECTION_3_1).unwrap().validate(&validator).map_err(|error| error.kind())
}

#[test]
fn section_3_1_is_accepted_up_to_its_last_second() {
    let verified = validated(Validator::new(), EXPIRY - 1).unwrap();
    assert_eq!(verified.registered().issuer(), Some("joe"));
    assert_eq!(verified.registered().expires_at().unwrap().unix_timestamp(), EXPIRY);
    assert_eq!(verified.custom(), &Custom { is_root: true });
    assert_eq!(verified.envelope().typ(), Some("JWT"));
    assert!(validated(Validator::new().issuer("joe").require("exp"), EXPIRY - 1).is_ok());
    assert_eq!(validated(Validator::new().issuer("Joe"), EXPIRY - 1), Err(ErrorKind::WrongIssuer));
    assert_eq!(validated(Validator::new().require("iat"), EXPIRY - 1), Err(ErrorKind::MissingClaim));
}

/// Section 4.1.4: a token must not be accepted "on or after" its `exp`.
#[test]
fn section_3_1_is_expired_from_its_exp_on() {
    for at in [EXPIRY, EXPIRY + 1, EXPIRY + 86_400] {
        assert_eq!(validated(Validator::new(), at), Err(ErrorKind::Expired), "{at}");
    }
    let now = codec().decode::<Custom>(SECTION_3_1).unwrap().validate(&Validator::new());
    assert!(now.unwrap_err().is_expired());
}

#[test]
fn leeway_moves_the_last_second_by_just_that_much() {
    let minute = || Validator::new().leeway(time::Duration::minutes(1));
    assert!(validated(minute(), EXPIRY + 59).is_ok());
    assert_eq!(validated(minute(), EXPIRY + 60), Err(ErrorKind::Expired));
}

#[test]
fn section_6_1_unsecured_is_refused() {
    let ring = Keyring::new(
        OctKey::new(from_base64url(KEY)).unwrap().signer(symbolon::HmacAlg::Hs256).unwrap(),
    );
    assert_eq!(refused(SECTION_6_1, &ring), Some(ErrorKind::AlgorithmMismatch));
    assert!(codec().decode::<NoCustom>(SECTION_6_1).is_err());
}

/// What a JWS reader makes of an encrypted token is judged here; what a JWE reader makes of it, in
/// jwe_vectors.rs.
#[test]
fn vectors_agree() {
    let Some(examples) = vectors("rfc7519/examples.json") else { return };
    let examples = examples.as_array().unwrap();
    tally("rfc7519 (an encrypted token is no JWS)", examples, |case| {
        match codec().decode::<NoCustom>(case["token"].as_str().unwrap()) {
            Err(error) if error.kind() == ErrorKind::Malformed => Ok(()),
            other => Err(Miss::wrong(format!("{}: {other:?}", case["id"]))),
        }
    });
    let typed = [(SECTION_3_1, true), (SECTION_6_1, false)];
    let encrypted = examples.iter().map(|case| (case["token"].as_str().unwrap(), true));
    tally("rfc7519", typed.into_iter().chain(encrypted), |(token, good)| {
        if token.split('.').count() == 5 {
            return Err(Miss::skipped("encrypted: jwe_vectors.rs judges it"));
        }
        match codec().decode::<Custom>(token) {
            Ok(_) if good => Ok(()),
            Err(_) if !good => Ok(()),
            other => Err(Miss::wrong(format!("{other:?}"))),
        }
    });
}
