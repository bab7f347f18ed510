//! Signed tokens: algorithm, serialization, keys as JWK and as PEM.

use josekit::JoseError;
use josekit::jws::{self, JwsContext, JwsHeader, JwsHeaderSet, JwsSigner, JwsVerifier};
use serde_json::{Value, json};
use symbolon::jws::{NewSignature, Signatures, compact, flattened, general, unencoded};
use symbolon::{ErrorKind, JwsAlg, KeyType, Keyring, Limits, Signer};
use symbolon_interop::{Signing, changed, signing};
use time::OffsetDateTime;

use crate::{FORMS, Form, Tally, public_jwk, secret_jwk};

const PAYLOAD: &[u8] = b"any bytes, \xff";
/// Without the dot that a compact token cannot hold as it is.
const PLAIN: &str = "order 66: \"all\"";

/// The peer's key for an algorithm: by its method `$jwk` or `$pem`, or `$bytes` of a shared secret.
macro_rules! peer {
    ($alg:expr, $make:ident, $key:expr) => {
        match $alg.name() {
            "HS256" => Box::new(jws::HS256.$make($key).unwrap()),
            "HS384" => Box::new(jws::HS384.$make($key).unwrap()),
            "HS512" => Box::new(jws::HS512.$make($key).unwrap()),
            other => peer!(asymmetric other, $make, $key),
        }
    };
    (asymmetric $name:expr, $make:ident, $key:expr) => {
        match $name {
            "RS256" => Box::new(jws::RS256.$make($key).unwrap()),
            "RS384" => Box::new(jws::RS384.$make($key).unwrap()),
            "RS512" => Box::new(jws::RS512.$make($key).unwrap()),
            "PS256" => Box::new(jws::PS256.$make($key).unwrap()),
            "PS384" => Box::new(jws::PS384.$make($key).unwrap()),
            "PS512" => Box::new(jws::PS512.$make($key).unwrap()),
            "ES256" => Box::new(jws::ES256.$make($key).unwrap()),
            "ES384" => Box::new(jws::ES384.$make($key).unwrap()),
            "ES512" => Box::new(jws::ES512.$make($key).unwrap()),
            "ES256K" => Box::new(jws::ES256K.$make($key).unwrap()),
            // The peer has the older name alone, for Ed25519 and Ed448.
            "EdDSA" | "Ed25519" => Box::new(jws::EdDSA.$make($key).unwrap()),
            other => panic!("{other} is new: say what the peer has for it"),
        }
    };
}

/// Whether the peer takes our PEM. For PS* it wants a key whose own type says PSS (RFC 8017 A.2.3).
fn has_pem(alg: JwsAlg) -> bool {
    alg.key_type() != KeyType::Oct && !alg.name().starts_with("PS")
}

/// The peer's side of a key.
trait Peer {
    fn lacks(&self) -> Option<&'static str>;
    fn peer_signers(&self) -> Vec<(&'static str, Box<dyn JwsSigner>)>;
    fn peer_verifiers(&self) -> Vec<(&'static str, Box<dyn JwsVerifier>)>;
}

impl Peer for Signing {
    fn peer_signers(&self) -> Vec<(&'static str, Box<dyn JwsSigner>)> {
        let mut signers: Vec<(_, Box<dyn JwsSigner>)> =
            vec![("JWK", peer!(self.alg, signer_from_jwk, &secret_jwk(&self.jwk)))];
        if has_pem(self.alg) {
            let pem = self.jwk.material().to_pkcs8_pem().unwrap();
            signers.push(("PEM", peer!(asymmetric self.alg.name(), signer_from_pem, pem.as_str())));
        }
        signers
    }

    fn peer_verifiers(&self) -> Vec<(&'static str, Box<dyn JwsVerifier>)> {
        let mut verifiers: Vec<(_, Box<dyn JwsVerifier>)> =
            vec![("JWK", peer!(self.alg, verifier_from_jwk, &public_jwk(&self.jwk)))];
        if has_pem(self.alg) {
            let pem = self.jwk.material().to_public().unwrap().to_spki_pem().unwrap();
            verifiers.push(("PEM", peer!(asymmetric self.alg.name(), verifier_from_pem, &pem)));
        }
        verifiers
    }

    fn lacks(&self) -> Option<&'static str> {
        (self.alg == JwsAlg::ED25519).then_some("josekit calls Ed25519 by its older name, EdDSA, alone")
    }
}

/// The peer's token; `encoded` as RFC 7797's `b64`.
fn peer_signs(
    form: Form,
    payload: &[u8],
    encoded: bool,
    signer: &dyn JwsSigner,
) -> Result<String, JoseError> {
    let mut header = JwsHeader::new();
    header.set_token_type("example");
    header.set_key_id(signer.algorithm().name());
    header.set_claim("né", Some("ü\n".into()))?;
    if !encoded {
        header.set_base64url_encode_payload(false);
        header.set_critical(&vec!["b64"]);
    }
    if form == Form::Compact {
        return jws::serialize_compact(payload, &header, signer);
    }
    let mut headers = JwsHeaderSet::new();
    for (name, value) in header.claims_set() {
        headers.set_claim(name, Some(value.clone()), true)?;
    }
    headers.set_claim("hop", Some(3.into()), false)?;
    match form {
        Form::Flattened => jws::serialize_flattened_json(payload, &headers, signer),
        _ => jws::serialize_general_json(payload, &[(&headers, signer)]),
    }
}

/// Our token.
fn signs(form: Form, payload: &[u8], encoded: bool, signer: &Signer) -> String {
    let (protected, unprotected) = (json!({"né": "ü\n"}), json!({"hop": 3}));
    let signature = NewSignature::by(signer).typ("example").protected(&protected);
    let signature = if encoded { signature } else { signature.unencoded() };
    let text = || std::str::from_utf8(payload).unwrap();
    match form {
        Form::Compact if encoded => {
            let parameters = compact::Parameters::new().typ("example");
            compact::sign(payload, &parameters, &protected, signer)
        }
        Form::Compact => unencoded::sign(text(), &signature),
        Form::Flattened => flattened::sign(payload, &signature.unprotected(&unprotected)),
        Form::General => general::sign(payload, &[signature.unprotected(&unprotected)]),
    }
    .unwrap()
}

/// Payload and protected header of the peer's token.
fn verifies(
    form: Form,
    token: &str,
    encoded: bool,
    ring: &Keyring,
) -> symbolon::Result<(Vec<u8>, Value)> {
    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    let (payload, header) = match form {
        Form::Compact => {
            let verify = if encoded { compact::verify } else { unencoded::verify };
            let signed = verify(token, ring, &limits, now)?;
            (signed.payload().to_vec(), signed.header().to_vec())
        }
        Form::Flattened => {
            let signed = flattened::verify(token, ring, &limits, now)?;
            (signed.payload().to_vec(), signed.signature().protected().to_vec())
        }
        Form::General => {
            let signed = general::verify(token, ring, &Signatures::All, &limits, now)?;
            (signed.payload().to_vec(), signed.signatures()[0].protected().to_vec())
        }
    };
    Ok((payload, serde_json::from_slice(&header).unwrap()))
}

fn peer_verifies(
    form: Form,
    token: &str,
    verifier: &dyn JwsVerifier,
) -> Result<(Vec<u8>, JwsHeader), JoseError> {
    let mut context = JwsContext::new();
    context.add_acceptable_critical("b64");
    match form {
        Form::Compact => context.deserialize_compact(token, verifier),
        _ => context.deserialize_json(token, verifier),
    }
}

#[test]
fn verifies_what_the_peer_signs() {
    let mut tally = Tally::default();
    for key in signing().iter().filter(|key| key.lacks().is_none()) {
        let ring = key.ring();
        for (road, signer) in key.peer_signers() {
            for form in FORMS {
                let name = format!("{} {form:?} by {road}", key.alg);
                let token = tally.judge(&name, None, peer_signs(form, PAYLOAD, true, &*signer)).unwrap();
                let (payload, header) = verifies(form, &token, true, &ring)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(payload, PAYLOAD, "{name}");
                assert_eq!((&header["typ"], &header["né"]), (&json!("example"), &json!("ü\n")));

                // The first character of the signature.
                let at = match form {
                    Form::Compact => token.rfind('.').unwrap() + 1,
                    _ => token.find(r#""signature":""#).unwrap() + 13,
                };
                let error = verifies(form, &changed(&token, at), true, &ring).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unauthentic, "{name}");
            }
        }
    }
    tally.tell("josekit signs, symbolon verifies");
}

#[test]
fn the_peer_verifies_what_is_signed() {
    let mut tally = Tally::default();
    for key in signing() {
        for (road, verifier) in key.peer_verifiers() {
            for form in FORMS {
                let name = format!("{} {form:?} by {road}", key.alg);
                let token = signs(form, PAYLOAD, true, &key.signer());
                let outcome = peer_verifies(form, &token, &*verifier);
                if let Some((payload, header)) = tally.judge(&name, key.lacks(), outcome) {
                    assert_eq!(payload, PAYLOAD, "{name}");
                    let header = header.claims_set();
                    assert_eq!((&header["typ"], &header["né"]), (&json!("example"), &json!("ü\n")));
                    assert_eq!(header.get("hop"), (form != Form::Compact).then_some(&json!(3)));
                }
            }
        }
    }
    tally.tell("symbolon signs, josekit verifies");
}

#[test]
fn the_peer_takes_no_pem_of_a_plain_rsa_key_for_pss() {
    let key = signing().iter().find(|key| key.alg == JwsAlg::PS256).unwrap();
    let pem = key.jwk.material().to_pkcs8_pem().unwrap();
    assert!(jws::PS256.signer_from_pem(pem.as_str()).is_err(), "then has_pem can let it be tried");
    let pem = key.jwk.material().to_public().unwrap().to_spki_pem().unwrap();
    assert!(jws::PS256.verifier_from_pem(&pem).is_err());
}

#[test]
fn unencoded_payloads_are_exchanged() {
    let (mut theirs, mut ours) = (Tally::default(), Tally::default());
    for key in signing().iter().filter(|key| key.lacks().is_none()) {
        let (ring, (_, signer)) = (key.ring(), key.peer_signers().remove(0));
        // Its general JSON encodes the payload whatever the header says: what is signed is the text.
        for form in [Form::Compact, Form::Flattened] {
            let name = format!("{} {form:?}", key.alg);
            // It writes the payload into JSON as it is, quotation marks and all.
            let plain = if form == Form::Compact { PLAIN } else { "order 66" };
            let outcome = peer_signs(form, plain.as_bytes(), false, &*signer);
            let token = theirs.judge(&name, None, outcome).unwrap();
            let (payload, header) = verifies(form, &token, false, &ring).unwrap();
            assert_eq!((&*payload, &header["b64"]), (plain.as_bytes(), &json!(false)), "{name}");
        }
        for form in FORMS {
            let token = signs(form, PLAIN.as_bytes(), false, &key.signer());
            let lacks = (form != Form::Compact).then_some(
                "josekit looks for `critical` and not `crit` in JSON, and decodes the payload",
            );
            let outcome = peer_verifies(form, &token, &*key.peer_verifiers().remove(0).1);
            if let Some((payload, _)) = ours.judge(&format!("{} {form:?}", key.alg), lacks, outcome) {
                assert_eq!(payload, PLAIN.as_bytes());
            }
        }
    }
    theirs.tell("b64 false: josekit signs, symbolon verifies");
    ours.tell("b64 false: symbolon signs, josekit verifies");
}

#[test]
fn each_of_several_signatures_is_verified() {
    let keys: Vec<_> = signing().iter().filter(|key| key.lacks().is_none()).collect();
    let limits = Limits::default().signatures(keys.len());
    let now = OffsetDateTime::now_utc();

    let signers: Vec<_> = keys.iter().map(|key| key.peer_signers().remove(0).1).collect();
    let headers: Vec<_> = keys
        .iter()
        .map(|key| {
            // The kid stands protected in some of them, and unprotected in the others.
            let mut headers = JwsHeaderSet::new();
            headers.set_key_id(key.alg.name(), key.alg.signature_len().is_some());
            headers
        })
        .collect();
    let pairs: Vec<_> = headers.iter().zip(&signers).map(|(all, signer)| (all, &**signer)).collect();
    let token = jws::serialize_general_json(PAYLOAD, &pairs).unwrap();
    let mut ring = Keyring::read_only();
    for key in &keys {
        ring = ring.with_readers(key.ring().readers().cloned()).unwrap();
    }
    let signed = general::verify(&token, &ring, &Signatures::All, &limits, now).unwrap();
    assert_eq!((signed.payload(), signed.signatures().len()), (PAYLOAD, keys.len()));

    let signers: Vec<_> = keys.iter().map(|key| key.signer()).collect();
    let signatures: Vec<_> = signers.iter().map(NewSignature::by).collect();
    let token = general::sign(PAYLOAD, &signatures).unwrap();
    for key in &keys {
        let (payload, header) =
            jws::deserialize_json(&token, &*key.peer_verifiers().remove(0).1).unwrap();
        assert_eq!((&*payload, header.key_id()), (PAYLOAD, Some(key.alg.name())));
    }
    println!("several signatures: {} on a token, each way, 0 wrong", keys.len());
}
