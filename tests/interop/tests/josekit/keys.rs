//! Keys as the peer writes them: JWK, PKCS#8, PKCS#1 and SEC 1 PEM.

use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ecx::{EcxCurve, EcxKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws;
use symbolon::{Jwk, KeyMaterial};

use crate::secret_jwk;

type Pair = (&'static str, Box<dyn KeyPair>, Vec<u8>);

/// A fresh key of each kind, and its traditional PEM where that is a format of its own.
fn pairs() -> Vec<Pair> {
    let rsa = RsaKeyPair::generate(2048).unwrap();
    let traditional = rsa.to_traditional_pem_private_key();
    let mut pairs: Vec<Pair> = vec![("RSA", Box::new(rsa), traditional)];
    let curves = [
        ("P-256", EcCurve::P256),
        ("P-384", EcCurve::P384),
        ("P-521", EcCurve::P521),
        ("secp256k1", EcCurve::Secp256k1),
    ];
    for (name, curve) in curves {
        let pair = EcKeyPair::generate(curve).unwrap();
        let traditional = pair.to_traditional_pem_private_key();
        pairs.push((name, Box::new(pair), traditional));
    }
    let ed = EdKeyPair::generate(EdCurve::Ed25519).unwrap();
    let ecx = EcxKeyPair::generate(EcxCurve::X25519).unwrap();
    // "BEGIN ED25519 PRIVATE KEY" is nobody's format but the peer's own.
    let (ed_pem, ecx_pem) = (ed.to_pem_private_key(), ecx.to_pem_private_key());
    pairs.push(("Ed25519", Box::new(ed), ed_pem));
    pairs.push(("X25519", Box::new(ecx), ecx_pem));
    pairs
}

fn text(pem: Vec<u8>) -> String {
    String::from_utf8(pem).unwrap()
}

#[test]
fn reads_the_keys_that_the_peer_writes() {
    let mut keys = 0;
    for (name, pair, traditional) in pairs() {
        let private = Jwk::from_json(pair.to_jwk_key_pair().to_string()).unwrap();
        let public = Jwk::from_json(pair.to_jwk_public_key().to_string()).unwrap();
        assert!(private.material().is_secret() && !public.material().is_secret(), "{name}");
        assert_eq!(private.thumbprint(), public.thumbprint(), "{name}");
        let pems = [pair.to_pem_private_key(), traditional, pair.to_pem_public_key()].map(text);
        let ders = [pair.to_der_private_key(), pair.to_der_public_key()];
        let read = pems.iter().map(KeyMaterial::from_pem);
        for material in read.chain(ders.iter().map(KeyMaterial::from_der)) {
            let material = material.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(Jwk::from(material).thumbprint(), public.thumbprint(), "{name}");
        }
        keys += 7;
    }
    println!("josekit writes keys, symbolon reads: {keys} texts, 0 wrong");
}

/// Keys whose own type says PSS, with hash and salt (RFC 8017 A.2.3).
#[test]
fn reads_keys_that_are_limited_to_pss() {
    for alg in [jws::PS256, jws::PS384, jws::PS512] {
        let pair = alg.generate_key_pair(2048).unwrap();
        let public = Jwk::from_json(pair.to_jwk_public_key().to_string()).unwrap();
        let pems = [pair.to_pem_private_key(), pair.to_pem_public_key()].map(text);
        let [private, half] = pems.map(|pem| KeyMaterial::from_pem(&pem).unwrap());
        assert!(private.is_secret() && !half.is_secret(), "{alg}");
        for material in [private, half] {
            assert_eq!(Jwk::from(material).thumbprint(), public.thumbprint(), "{alg}");
        }
    }
}

#[test]
fn the_peer_reads_the_keys_that_are_written() {
    let mut keys = 0;
    for (name, pair, _) in pairs() {
        // Its own key, through us and back.
        let jwk = Jwk::from_json(pair.to_jwk_key_pair().to_string()).unwrap();
        let pem = jwk.material().to_pkcs8_pem().unwrap();
        let (jwk, pem) = (secret_jwk(&jwk), pem.as_str());
        let [from_jwk, from_pem] = match name {
            "RSA" => [RsaKeyPair::from_jwk(&jwk), RsaKeyPair::from_pem(pem)]
                .map(|pair| pair.unwrap().to_der_private_key()),
            "Ed25519" => [EdKeyPair::from_jwk(&jwk), EdKeyPair::from_pem(pem)]
                .map(|pair| pair.unwrap().to_der_private_key()),
            "X25519" => [EcxKeyPair::from_jwk(&jwk), EcxKeyPair::from_pem(pem)]
                .map(|pair| pair.unwrap().to_der_private_key()),
            _ => [EcKeyPair::from_jwk(&jwk), EcKeyPair::from_pem(pem, None)]
                .map(|pair| pair.unwrap().to_der_private_key()),
        };
        assert_eq!(from_jwk, pair.to_der_private_key(), "{name}");
        assert_eq!(from_pem, pair.to_der_private_key(), "{name}");
        keys += 2;
    }
    println!("symbolon writes keys, josekit reads: {keys} texts, 0 wrong");
}
