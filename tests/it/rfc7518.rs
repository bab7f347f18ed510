//! RFC 7518, the algorithms: ECDH-ES of appendix C. Appendix B (AES-CBC with HMAC) has keys, ivs and
//! additional data that no token has; the unit tests of that primitive judge it.

use symbolon::{Decrypter, ErrorKind, JweAlg, JweEnc, Jwk, Limits};

use crate::jwe_support::{forge, open, refused, ring_of, tally_or_skip};
use crate::support::{Miss, from_base64url, vectors};

const BOB: &str = r#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ","y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#;
const HEADER: &str = r#"{"alg":"ECDH-ES","enc":"A128GCM","apu":"QWxpY2U","apv":"Qm9i","epk":{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}}"#;
const AGREED: &str = "VqqN6vgjbSBcIijNcacQGg";

/// A message under the key that the RFC derives, made without this crate, opens: so the key that is
/// derived here is the same.
fn judge(bob: &str, header: &str, agreed: &str) -> Result<(), Miss> {
    let fault = |error| Miss::of("ECDH-ES on P-256", &error);
    let bob = Jwk::from_json(bob).map_err(fault)?;
    let key = Decrypter::from_jwk_as(&bob, JweAlg::ECDH_ES, JweEnc::A128GCM).map_err(fault)?;
    let ring = ring_of(key);
    let cek = from_base64url(agreed);
    let token = forge(header, b"", &cek, b"agreed");
    if open(&token, &ring, &Limits::default()).map_err(fault)? != b"agreed" {
        return Err(Miss::wrong("another payload"));
    }
    // Both parties' information is in the key.
    for (one, other) in [("QWxpY2U", "QWxpY2Y"), ("Qm9i", "Qm9h"), (r#""apu":"QWxpY2U","#, "")] {
        let token = forge(&header.replace(one, other), b"", &cek, b"agreed");
        if refused(&token, &ring) != Some(ErrorKind::Unauthentic) {
            return Err(Miss::wrong(format!("{other:?} for {one:?}")));
        }
    }
    Ok(())
}

fn run(source: &str, bob: &str, header: &str, agreed: &str) {
    tally_or_skip(source, vec![()], |()| judge(bob, header, agreed));
}

#[test]
fn appendix_c_the_agreed_key_is_the_content_key() {
    run("rfc7518 C", BOB, HEADER, AGREED);
}

#[test]
fn vectors_agree() {
    let Some(examples) = vectors("rfc7518/examples.json") else { return };
    let case = examples.as_array().unwrap().iter().find(|case| case["id"] == "rfc7518-C").unwrap();
    let header = case["header"].to_string();
    let derived = case["derived_key"].as_str().unwrap();
    run("rfc7518 C (file)", &case["recipient"].to_string(), &header, derived);
}
