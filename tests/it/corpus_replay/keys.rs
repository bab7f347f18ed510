//! Keys as text: JSON, PEM and DER.

use symbolon::{Jwk, JwkSet, JwsAlg, Keyring, Signer, Verifier};

use super::{NOW, good};

/// One key as JSON.
pub fn jwk(data: &[u8]) {
    let Ok(key) = Jwk::from_json(data) else { return };
    key_as_text(&key);
    let _ = key.thumbprint_uri();
    for alg in JwsAlg::all() {
        let _ = Verifier::from_jwk_as(&key, alg);
    }
    if let Ok(signer) = Signer::from_jwk(&key) {
        // Its public half need not be for verifying, by the key's own words.
        let signature = signer.sign(b"message");
        assert!(signature.is_ok_and(|signature| signer.verifier().verify(b"message", &signature)));
    }
}

/// What is written of a key is read back as that key.
fn key_as_text(key: &Jwk) {
    let written = key.danger_to_secret_json();
    assert!(Jwk::from_json(written.as_str()).is_ok_and(|read| read == *key), "{key:?}");
    if let Ok(public) = key.to_public() {
        let written = good(public.to_json());
        assert!(Jwk::from_json(written).is_ok_and(|read| read == public), "{key:?}");
    }
}

/// A set of keys as JSON.
pub fn jwks(data: &[u8]) {
    let Ok(set) = JwkSet::from_json(data) else { return };
    let ring = Keyring::from_jwk_set(&set);
    let _ = ring.candidates(None, "RS256", NOW).map(Iterator::count);
    for skipped in set.skipped() {
        let _ = skipped.error().to_string();
    }
    for key in set.iter() {
        key_as_text(key);
    }
}

/// A key as PEM, or as DER.
#[cfg(feature = "pem")]
pub fn pem(data: &[u8]) {
    use symbolon::KeyMaterial;

    for key in [KeyMaterial::from_pem(data), KeyMaterial::from_der(data)].into_iter().flatten() {
        key_as_text(&Jwk::from(key.clone()));
        if key.is_secret() {
            let written = good(key.to_pkcs8_pem());
            assert!(KeyMaterial::from_pem(written.as_str()).is_ok_and(|read| read == key), "{key:?}");
        }
        if let Some(public) = key.to_public() {
            let written = good(public.to_spki_pem());
            assert!(KeyMaterial::from_pem(&written).is_ok_and(|read| read == public), "{key:?}");
            let der = good(public.to_spki_der());
            assert!(KeyMaterial::from_der(&der).is_ok_and(|read| read == public), "{key:?}");
        }
    }
}

/// A private key in encrypted PKCS#8, with the password of the seeds.
#[cfg(feature = "pem")]
pub fn encrypted_pkcs8(data: &[u8]) {
    use symbolon::{Fault, KeyMaterial};

    // What takes three bytes to say how often to hash is as slow as it should be.
    if data.windows(2).any(|integer| integer == [2, 3]) {
        return;
    }
    match KeyMaterial::from_encrypted_der(data, b"correct horse battery staple") {
        Ok(key) => key_as_text(&Jwk::from(key)),
        Err(error) => assert_eq!(error.fault(), Fault::Caller, "{error}"),
    }
    assert!(KeyMaterial::from_der(data).is_err(), "an encrypted key is read without its password");
}
