//! Errors: their codes never change, and they tell nobody's secret.

use std::collections::HashSet;
use std::error::Error as _;

use serde_json::{Value, json};
use symbolon::jws::{Unverified, compact};
use symbolon::rotation::{KeySchedule, KeyStore, MemoryStore, RotationPolicy, Rotator};
use symbolon::{
    Claims, Error, ErrorKind, Fault, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, KeyId, Keyring, Limits,
    OctKey, Secret, SecretEncoding, Signer, TokenCodecExt, Validator, Verifier,
};
use time::Duration;

use crate::support::{NOW, at, base64url, hs256, signed_as};

/// Who logs, alerts or answers by a code relies on it. A kind that is new is added here; a code or an
/// owner that changes is a breaking change.
const SNAPSHOT: &[(ErrorKind, &str, Fault)] = &[
    (ErrorKind::Malformed, "malformed_token", Fault::Token),
    (ErrorKind::TooLarge, "token_too_large", Fault::Token),
    (ErrorKind::UnknownFormat, "unknown_format", Fault::Token),
    (ErrorKind::UnsupportedHeader, "unsupported_header", Fault::Token),
    (ErrorKind::AlgorithmMismatch, "algorithm_mismatch", Fault::Token),
    (ErrorKind::UnknownKey, "unknown_key", Fault::Token),
    (ErrorKind::Unauthentic, "unauthentic", Fault::Token),
    (ErrorKind::MalformedClaims, "malformed_claims", Fault::Token),
    (ErrorKind::MissingClaim, "missing_claim", Fault::Token),
    (ErrorKind::Expired, "token_expired", Fault::Token),
    (ErrorKind::NotYetValid, "token_not_yet_valid", Fault::Token),
    (ErrorKind::TooOld, "token_too_old", Fault::Token),
    (ErrorKind::WrongIssuer, "wrong_issuer", Fault::Token),
    (ErrorKind::WrongAudience, "wrong_audience", Fault::Token),
    (ErrorKind::WrongSubject, "wrong_subject", Fault::Token),
    (ErrorKind::WrongId, "wrong_id", Fault::Token),
    (ErrorKind::WrongType, "wrong_type", Fault::Token),
    (ErrorKind::Revoked, "token_revoked", Fault::Token),
    (ErrorKind::Replayed, "token_replayed", Fault::Token),
    (ErrorKind::Refused, "token_refused", Fault::Token),
    (ErrorKind::InsufficientScope, "insufficient_scope", Fault::Token),
    (ErrorKind::MissingToken, "missing_token", Fault::Token),
    (ErrorKind::InvalidRequest, "invalid_request", Fault::Token),
    (ErrorKind::InvalidKey, "invalid_key", Fault::Caller),
    (ErrorKind::WeakKey, "weak_key", Fault::Caller),
    (ErrorKind::KeyMismatch, "key_mismatch", Fault::Caller),
    (ErrorKind::KeyUse, "key_use", Fault::Caller),
    (ErrorKind::UnsupportedKey, "unsupported_key", Fault::Caller),
    (ErrorKind::UnsupportedAlgorithm, "unsupported_algorithm", Fault::Caller),
    (ErrorKind::MissingFeature, "missing_feature", Fault::Caller),
    (ErrorKind::InvalidPem, "invalid_pem", Fault::Caller),
    (ErrorKind::InvalidJwk, "invalid_jwk", Fault::Caller),
    (ErrorKind::InvalidClaims, "invalid_claims", Fault::Caller),
    (ErrorKind::InvalidLifetime, "invalid_lifetime", Fault::Caller),
    (ErrorKind::InvalidSetting, "invalid_setting", Fault::Caller),
    (ErrorKind::NoKey, "no_key", Fault::Caller),
    (ErrorKind::AnonymousIssuer, "anonymous_issuer", Fault::Caller),
    (ErrorKind::ExposedKeyStore, "key_store_exposed", Fault::Caller),
    (ErrorKind::MissingSecret, "missing_secret", Fault::Caller),
    (ErrorKind::InvalidSecret, "invalid_secret", Fault::Caller),
    (ErrorKind::Randomness, "no_randomness", Fault::Environment),
    (ErrorKind::Signing, "signing_failed", Fault::Environment),
    (ErrorKind::Unreadable, "payload_unreadable", Fault::Environment),
    (ErrorKind::Encrypting, "encryption_failed", Fault::Environment),
    (ErrorKind::KeyStore, "key_store_failed", Fault::Environment),
    (ErrorKind::DamagedKeyStore, "key_store_damaged", Fault::Environment),
    (ErrorKind::KeysUnavailable, "keys_unavailable", Fault::Environment),
    (ErrorKind::RevocationUnknown, "revocation_unknown", Fault::Environment),
];

#[test]
fn codes_and_owners_never_change() {
    let found: Vec<_> = ErrorKind::ALL.iter().map(|kind| (*kind, kind.code(), kind.fault())).collect();
    assert_eq!(found, SNAPSHOT);
}

#[test]
fn codes_are_unique_words_of_lower_case() {
    let codes: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ErrorKind::ALL.len());
    for code in codes {
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !code.is_empty(),
            "{code}"
        );
    }
    let messages: HashSet<_> = ErrorKind::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), ErrorKind::ALL.len());
}

#[test]
fn an_error_tells_its_kind() {
    for kind in ErrorKind::ALL {
        for error in [Error::from(*kind), Error::new(*kind, "detail")] {
            assert_eq!((error.kind(), error.code(), error.fault()), (*kind, kind.code(), kind.fault()));
            assert_eq!(error.is_expired(), *kind == ErrorKind::Expired);
            assert!(error.source().is_none());
        }
        assert_eq!(Error::from(*kind).to_string(), kind.to_string());
        assert_eq!(Error::new(*kind, "detail").to_string(), format!("{kind}: detail"));
    }
    let error = Error::new(ErrorKind::Signing, "x").with_source(std::io::Error::other("the bus"));
    assert_eq!(error.source().unwrap().to_string(), "the bus");
}

#[test]
fn the_bearer_answer_of_each_kind() {
    for kind in ErrorKind::ALL {
        let answer = Error::from(*kind).bearer();
        let (status, code, error) = match (kind, kind.fault()) {
            (ErrorKind::MissingToken, _) => (401, "missing_token", None),
            (ErrorKind::InvalidRequest, _) => (400, "invalid_request", Some("invalid_request")),
            (ErrorKind::InsufficientScope, _) => (403, "insufficient_scope", Some("insufficient_scope")),
            (ErrorKind::Expired, _) => (401, "token_expired", Some("invalid_token")),
            (_, Fault::Token) => (401, "invalid_token", Some("invalid_token")),
            (_, Fault::Caller) => (500, "server_error", None),
            (_, Fault::Environment) => (503, "temporarily_unavailable", None),
            (_, other) => panic!("{other:?} is new: say here what is answered"),
        };
        assert_eq!((answer.status(), answer.code(), answer.error()), (status, code, error), "{kind:?}");
        let challenge = match error {
            Some(error) => Some(format!("Bearer error=\"{error}\"")),
            None => (status == 401).then(|| "Bearer".to_owned()),
        };
        assert_eq!(answer.www_authenticate(), challenge.as_deref(), "{kind:?}");
        assert_eq!(answer.challenge(None, None), challenge, "{kind:?}");
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{kind:?}");
        assert_eq!(body.as_object().unwrap().len(), 3, "{kind:?}");
        // Details are for the log alone.
        assert_eq!(Error::new(*kind, "detail").bearer(), answer);
    }
}

#[test]
fn errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Error>();
    crosses::<ErrorKind>();
    let boxed: Box<dyn std::error::Error + Send + Sync> = Error::from(ErrorKind::Expired).into();
    assert!(boxed.downcast_ref::<Error>().is_some_and(Error::is_expired));
}

#[test]
fn every_failure_of_a_signature_is_one_and_the_same() {
    let good = signed_as(r#"{"alg":"HS256"}"#, "{}", &hs256());
    let other = OctKey::new(vec![9; 32]).unwrap().signer(HmacAlg::Hs256).unwrap();
    let input = good.rsplit_once('.').unwrap().0;
    let mut shown = HashSet::new();
    for token in [
        format!("{input}."),
        format!("{input}.AA"),
        signed_as(r#"{"alg":"HS256"}"#, "{}", &other),
        format!("{input}.{}", base64url([0; 64])),
    ] {
        let error = JwsCodec::new(hs256()).decode::<Value>(&token).unwrap_err();
        assert!(error.source().is_none());
        shown.insert(format!("{error} {error:?}"));
    }
    assert_eq!(shown.len(), 1, "{shown:?}");
}

/// Stands for whatever must not be seen. It is base64url, so that it can stand anywhere.
const MARKER: &str = "S3CRETmarkerS3CRETmarkerS3CRETmarker0000";

/// Errors from the marker in every place where a token, a key or a setting can hold it.
fn errors() -> Vec<Error> {
    let mut errors = Vec::new();
    let mut take = |error: Option<Error>| errors.extend(error);
    let signer = hs256();
    let codec = JwsCodec::new(signer.clone().with_kid("k").unwrap());
    let bare = JwsCodec::new(signer.clone());
    let strict = Validator::new().issuer("us").audience("api").subject("s").id("j").typ("at+jwt");

    // Headers, truly signed and not.
    for header in [
        json!({"alg": "HS256", "kid": MARKER}),
        json!({"alg": MARKER}),
        json!({"alg": MARKER, "kid": "k"}),
        json!({"alg": "HS256", "typ": MARKER}),
        json!({"alg": "HS256", "crit": [MARKER], MARKER: 1}),
        json!({"alg": "HS256", "b64": MARKER}),
        json!({"alg": "HS256", "kid": MARKER.repeat(7)}),
        json!({"alg": {MARKER: MARKER}}),
        json!({"alg": "HS256", "kid": [MARKER]}),
        json!({"enc": MARKER, "alg": MARKER}),
        json!({"alg": "HS256", MARKER: MARKER}),
        json!(MARKER),
        json!([MARKER]),
    ] {
        let header = header.to_string();
        for header in [
            header.clone(),
            format!("{header}{MARKER}"),
            header.replacen('{', &format!(r#"{{"{MARKER}":1,"{MARKER}":2,"#), 1),
        ] {
            let token = signed_as(&header, format!(r#"{{"iss":"{MARKER}"}}"#), &signer);
            for codec in [&codec, &bare] {
                take(codec.decode::<Value>(&token).err());
                take(codec.decode_with_header::<Value, u8>(&token).err());
            }
            take(Unverified::peek(&token).err());
            take(
                compact::verify(&token, &Keyring::new(signer.clone()), &Limits::default(), at(NOW))
                    .err(),
            );
        }
    }
    // Claims, before and behind the policy.
    for claims in [
        json!({"iss": MARKER}),
        json!({"iss": "us", "aud": MARKER}),
        json!({"iss": "us", "aud": ["api"], "sub": MARKER}),
        json!({"iss": "us", "aud": ["api"], "sub": "s", "jti": MARKER}),
        json!({"iss": [MARKER]}),
        json!({"exp": MARKER}),
        json!({"exp": NOW - 1, MARKER: MARKER}),
        json!({"aud": {MARKER: MARKER}}),
        json!({MARKER: MARKER}),
        json!([MARKER]),
        json!(MARKER),
    ] {
        let text = claims.to_string();
        for text in [
            text.clone(),
            format!("{text}{MARKER}"),
            text.replacen('{', &format!(r#"{{"{MARKER}":1,"{MARKER}":2,"#), 1),
        ] {
            let token = signed_as(r#"{"alg":"HS256","typ":"at+jwt"}"#, &text, &signer);
            take(
                Unverified::peek(&token).and_then(|peeked| peeked.claims_unverified::<Vec<u8>>()).err(),
            );
            match bare.decode::<u8>(&token) {
                Ok(read) => {
                    take(read.claims_unvalidated().err());
                    take(read.validate_at(&strict, at(NOW)).err());
                }
                Err(error) => take(Some(error)),
            }
            take(
                bare.decode::<u8>(&token)
                    .and_then(|read| {
                        read.validate(&Validator::new().any_typ().any_audience().allow_no_expiry())
                    })
                    .err(),
            );
        }
    }
    // Tokens that are none.
    for text in [
        MARKER.to_owned(),
        format!("{MARKER}.{MARKER}"),
        format!("{MARKER}.{MARKER}.{MARKER}"),
        format!("e{MARKER}.{MARKER}.{MARKER}.{MARKER}.{MARKER}"),
        format!("{MARKER}=.{MARKER}.{MARKER}"),
    ] {
        take(bare.decode::<Value>(&text).err());
        take(symbolon::AnyOf::new(bare.clone()).decode::<Value>(&text).err());
    }

    // Keys.
    for text in [
        MARKER.to_owned(),
        format!("-----BEGIN {MARKER}-----\n{MARKER}\n-----END {MARKER}-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN EC PRIVATE KEY-----\n{MARKER}\n-----END EC PRIVATE KEY-----\n{MARKER}"),
        format!(
            "-----BEGIN PRIVATE KEY-----\nProc-Type: {MARKER}\n\n{MARKER}\n-----END PRIVATE KEY-----\n"
        ),
        json!({"kty": MARKER, "k": MARKER}).to_string(),
        json!({"kty": "oct", "k": format!("{MARKER}=")}).to_string(),
        json!({"kty": "oct", "k": [MARKER]}).to_string(),
        json!({"kty": "oct", "k": MARKER, "use": {MARKER: 1}}).to_string(),
        json!({"kty": "oct", "k": MARKER, "kid": MARKER.repeat(7)}).to_string(),
        json!({"kty": "oct", "k": MARKER, "key_ops": [MARKER, MARKER]}).to_string(),
        json!({"kty": "EC", "crv": MARKER, "x": MARKER, "y": MARKER, "d": MARKER}).to_string(),
        json!({"kty": "EC", "crv": "P-256", "x": MARKER, "y": MARKER, "d": MARKER}).to_string(),
        json!({"kty": "OKP", "crv": "Ed25519", "x": MARKER, "d": MARKER}).to_string(),
        json!({"kty": "RSA", "n": MARKER, "e": MARKER, "d": MARKER}).to_string(),
        format!(r#"{{"kty":"oct","{MARKER}":1,"{MARKER}":2}}"#),
        format!(r#"{{"kty":"oct","k":"{MARKER}""#),
    ] {
        take(Jwk::from_json(&text).err());
        take(JwkSet::from_json(&text).err());
        take(OctKey::new(text.as_str()).err());
        take(OctKey::from_base64url(&text).err());
        take(JwsCodec::hs256(text.as_str()).err());
        if let Ok(set) = JwkSet::from_json(format!(r#"{{"keys":[{text}]}}"#)) {
            for skipped in set.skipped() {
                take(Some(Error::new(ErrorKind::InvalidJwk, skipped.error().to_string())));
            }
        }
        #[cfg(feature = "pem")]
        {
            take(symbolon::KeyMaterial::from_pem(&text).err());
            take(symbolon::KeyMaterial::from_der(&text).err());
            take(Signer::from_pem(&text, JwsAlg::ES256).err());
            take(Verifier::from_pem(&text, JwsAlg::RS256).err());
        }
    }
    let short = OctKey::new(&MARKER.as_bytes()[..20]).unwrap();
    take(short.signer(HmacAlg::Hs256).err());
    take(short.verifier(HmacAlg::Hs512).err());
    for name in ["alg", "use"] {
        let jwk =
            Jwk::from_json(json!({"kty": "oct", "k": MARKER, "kid": MARKER, name: MARKER}).to_string())
                .unwrap();
        take(Signer::from_jwk(&jwk).err());
        take(Verifier::from_jwk(&jwk).err());
        take(Signer::from_jwk_as(&jwk, JwsAlg::HS256).err());
        take(Signer::from_jwk_as(&jwk, JwsAlg::ES256).err());
        take(jwk.to_json().err());
        take(jwk.to_public().err());
        take(jwk.with_use(MARKER).err());
    }
    take(KeyId::new(MARKER.repeat(7)).err());

    // What is kept for them.
    for text in [
        MARKER.to_owned(),
        format!(r#"{{"format":"{MARKER}"}}"#),
        format!(r#"{{"format":"symbolon-keys","version":1,"keys":["{MARKER}"],"sha256":"{MARKER}"}}"#),
    ] {
        take(KeySchedule::from_json(&text).err());
        let store = MemoryStore::new();
        store.replace(&text, None).unwrap();
        let policy = RotationPolicy::every(Duration::DAY).keep_for(Duration::DAY);
        take(Rotator::builder(JwsAlg::EDDSA, policy).open(store).err());
    }
    for encoding in [SecretEncoding::Base64Url, SecretEncoding::Base64, SecretEncoding::Hex] {
        take(Secret::decode(format!("{MARKER}!"), encoding, 1).err());
        take(Secret::decode(MARKER, encoding, 99).err());
    }
    take(Secret::decode(MARKER, SecretEncoding::Text, 99).err());

    // What a caller writes: values never stand in an error; names of members may.
    take(bare.encode(&Claims::new(json!({"iss": MARKER})).with_issuer(MARKER)).err());
    take(bare.encode(&Claims::new(json!([MARKER]))).err());
    take(bare.encode_with_header(&Claims::new(json!({})), &json!({"alg": MARKER})).err());
    take(Signer::elsewhere(signer.verifier()).sign(MARKER.as_bytes()).err());
    let draft = JwsCodec::new(Signer::elsewhere(signer.verifier()))
        .draft(&Claims::new(json!({MARKER: MARKER})))
        .unwrap();
    take(draft.attach(MARKER).err());
    errors
}

#[test]
fn errors_hold_neither_token_text_nor_secrets() {
    let errors = errors();
    let kinds: HashSet<_> = errors.iter().map(Error::kind).collect();
    println!("errors from marked input: {} of {} kinds", errors.len(), kinds.len());
    assert!(errors.len() > 300 && kinds.len() >= 20, "{} errors of {kinds:?}", errors.len());
    let bytes = format!("{:?}", &MARKER.as_bytes()[..12]);
    let encoded = base64url(MARKER);
    for error in &errors {
        let mut shown = format!("{error} {error:?} {error:#?}");
        let mut source = error.source();
        while let Some(inner) = source {
            shown += &format!(" {inner} {inner:?}");
            source = inner.source();
        }
        for trace in ["S3CRET", "S3cret", &bytes[1..bytes.len() - 1], &encoded[..12], &encoded[1..13]] {
            assert!(!shown.contains(trace), "{trace} in {shown}");
        }
    }
}
