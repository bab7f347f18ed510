//! Every algorithm from its name to a verified token.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use symbolon::{
    Claims, ErrorKind, Jwk, JwsAlg, JwsCodec, KeyType, Keyring, NoCustom, Signer, TokenCodecExt,
    Verifier,
};

use crate::support::{count, from_base64url, key, kind, lacks_feature, signers};

#[test]
fn names_are_unique_and_stand_for_their_algorithm() {
    let names: Vec<_> = JwsAlg::all().map(JwsAlg::name).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for alg in JwsAlg::all() {
        assert_eq!(JwsAlg::from_name(alg.name()), Some(alg));
        assert_eq!(
            (alg.to_string(), format!("{alg:?}")),
            (alg.name().to_owned(), alg.name().to_owned())
        );
    }
    assert_eq!(
        names,
        [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
            "ES384", "ES512", "ES256K", "EdDSA", "Ed25519"
        ]
    );
}

#[test]
fn rows_say_what_the_registries_say() {
    for alg in JwsAlg::all() {
        let due = match alg.name() {
            "HS256" => (KeyType::Oct, None, Some(32)),
            "HS384" => (KeyType::Oct, None, Some(48)),
            "HS512" => (KeyType::Oct, None, Some(64)),
            "ES256" => (KeyType::Ec, Some("P-256"), Some(64)),
            "ES384" => (KeyType::Ec, Some("P-384"), Some(96)),
            "ES512" => (KeyType::Ec, Some("P-521"), Some(132)),
            "ES256K" => (KeyType::Ec, Some("secp256k1"), Some(64)),
            "EdDSA" | "Ed25519" => (KeyType::Okp, Some("Ed25519"), Some(64)),
            _ => (KeyType::Rsa, None, None),
        };
        assert_eq!((alg.key_type(), alg.curve(), alg.signature_len()), due, "{alg}");
    }
}

/// Whether the failure is the typed one of a build that lacks the feature; says so on stdout.
fn lacks<T>(alg: JwsAlg, what: &str, result: &symbolon::Error) -> Option<T> {
    assert_eq!(result.kind(), ErrorKind::MissingFeature, "{alg}: {what}: {result}");
    println!("skipped: {alg}: {what}: {result}");
    None
}

#[test]
fn a_generated_jwk_signs_and_its_public_half_verifies() {
    count("algorithms", JwsAlg::all(), |alg| {
        // A fresh RSA key takes seconds in a debug build: one is made below, the rest use a known one.
        let jwk = if alg.key_type() == KeyType::Rsa {
            Jwk::from(key(alg).unwrap()).with_alg(alg)
        } else {
            Jwk::generate(alg)
        };
        let Some(jwk) = jwk.map_or_else(|error| lacks(alg, "generate", &error), Some) else {
            return Ok(());
        };
        let jwk = jwk.with_kid("k").unwrap();
        let signer = Signer::from_jwk(&jwk);
        let Some(signer) = signer.map_or_else(|error| lacks(alg, "sign", &error), Some) else {
            return Ok(());
        };
        assert_eq!((signer.alg(), signer.kid()), (alg, jwk.kid()));
        let token = JwsCodec::new(signer.clone()).encode(&Claims::new(NoCustom::default())).unwrap();
        if let Some(len) = alg.signature_len() {
            assert_eq!(from_base64url(token.rsplit_once('.').unwrap().1).len(), len, "{alg}");
        }

        // A symmetric key has no public half.
        let reading = jwk.to_public();
        assert_eq!(reading.is_ok(), alg.key_type() != KeyType::Oct);
        let verifier = Verifier::from_jwk(&reading.unwrap_or(jwk)).unwrap();
        assert_eq!((verifier.alg(), verifier.kid()), (alg, signer.kid()));
        let reader = JwsCodec::new(Keyring::read_only().with_reader(verifier.clone()).unwrap());
        let read = reader.decode::<NoCustom>(&token).map_err(|error| format!("{alg}: {error}"))?;
        assert_eq!(read.envelope().alg(), alg.name());
        assert_eq!(read.envelope().kid(), signer.kid());
        assert_eq!(read.envelope().provenance(), verifier.provenance());
        Ok(())
    });
}

#[test]
fn a_fresh_rsa_key_signs() {
    // 2048 bits: the size that JwsAlg asks for.
    let jwk = Jwk::generate(JwsAlg::PS256);
    if lacks_feature(&jwk) {
        println!("skipped: generate RSA: {}", jwk.unwrap_err());
        return;
    }
    let jwk = jwk.unwrap();
    let Ok(signer) = Signer::from_jwk(&jwk).map_err(|error| lacks::<()>(JwsAlg::PS256, "sign", &error))
    else {
        return;
    };
    let signature = signer.sign(b"message").unwrap();
    assert_eq!(signature.len(), 256);
    assert!(Verifier::from_jwk(&jwk.to_public().unwrap()).unwrap().verify(b"message", &signature));
}

#[test]
fn signatures_of_one_algorithm_are_none_of_another() {
    for (key, signer) in signers() {
        let signature = signer.sign(b"message").unwrap();
        for alg in JwsAlg::all() {
            let Ok(verifier) = Verifier::new(alg, key) else { continue };
            let same = alg == signer.alg() || key.key_type() == KeyType::Okp;
            assert_eq!(verifier.verify(b"message", &signature), same, "{} as {alg}", signer.alg());
            assert!(!verifier.verify(b"messages", &signature));
        }
    }
}

#[test]
fn a_key_whose_algorithm_is_open_must_be_told() {
    for (alg, decided) in
        JwsAlg::all().map(|alg| (alg, matches!(alg.key_type(), KeyType::Ec | KeyType::Okp)))
    {
        let Some(material) = key(alg) else { continue };
        let jwk = Jwk::from(material);
        if decided {
            let due = if alg == JwsAlg::ED25519 { JwsAlg::EDDSA } else { alg };
            assert_eq!(Verifier::from_jwk(&jwk).unwrap().alg(), due);
        } else {
            let error = Verifier::from_jwk(&jwk).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsupportedAlgorithm, "{alg}");
            assert!(error.to_string().contains("from_jwk_as"), "{error}");
            assert_eq!(kind(Signer::from_jwk(&jwk)), Some(ErrorKind::UnsupportedAlgorithm));
        }
        assert_eq!(Verifier::from_jwk_as(&jwk, alg).unwrap().alg(), alg);
    }
}

#[cfg(feature = "pem")]
#[test]
fn keys_come_from_pem_for_the_algorithm_they_are_asked_for() {
    for (key, signer) in signers().iter().filter(|(key, _)| key.key_type() != KeyType::Oct) {
        let alg = signer.alg();
        let private = key.to_pkcs8_pem().unwrap();
        let from_private = Signer::from_pem(private.as_str(), alg).unwrap();
        let verifier = Verifier::from_pem(key.to_spki_pem().unwrap(), alg).unwrap();
        assert!(verifier.verify(b"message", &from_private.sign(b"message").unwrap()), "{alg}");
        // Of a private key it takes the public half; a public key signs nothing.
        assert!(Verifier::from_pem(private.as_str(), alg).is_ok());
        assert_eq!(
            kind(Signer::from_pem(key.to_spki_pem().unwrap(), alg)),
            Some(ErrorKind::KeyMismatch),
            "{alg}"
        );
        assert_eq!(
            kind(Signer::from_pem(private.as_str(), JwsAlg::HS256)),
            Some(ErrorKind::KeyMismatch),
            "{alg}"
        );
        assert_eq!(
            kind(Verifier::from_pem(key.to_spki_pem().unwrap(), JwsAlg::HS256)),
            Some(ErrorKind::KeyMismatch)
        );
        assert_eq!(kind(Signer::from_pem("no PEM", alg)), Some(ErrorKind::InvalidPem));
    }
}

#[test]
fn the_tables_of_readme_and_tour_name_every_algorithm() {
    let names = JwsAlg::all().map(JwsAlg::name);
    #[cfg(feature = "jwe")]
    let names = names
        .chain(symbolon::JweAlg::all().map(symbolon::JweAlg::name))
        .chain(symbolon::JweEnc::all().map(symbolon::JweEnc::name));
    let names: Vec<&str> = names.collect();
    for file in ["README.md", "src/lib.rs"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let words: Vec<&str> =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "+-".contains(c))).collect();
        for name in &names {
            assert!(words.contains(name), "{file} does not name {name}");
        }
    }
}

#[test]
fn algorithms_are_keys_of_maps() {
    let names: HashMap<JwsAlg, &str> = JwsAlg::all().map(|alg| (alg, alg.name())).collect();
    assert_eq!(names.len(), JwsAlg::all().count());
    assert!(JwsAlg::all().all(|alg| names[&alg] == alg.name()));
    // Equal ones alone have equal hashes, as far as that can be had.
    let state = RandomState::new();
    let hashes: HashSet<u64> = JwsAlg::all().map(|alg| state.hash_one(alg)).collect();
    assert_eq!(hashes.len(), names.len());
}
