//! What the peer lets pass or cannot read, and why we do not do as it does.

use josekit::jwe::{self, JweHeader};
use josekit::jws::{self, JwsHeaderSet};
use symbolon::jwe::{Content, compact, json as jwe_json};
use symbolon::jws::flattened;
use symbolon::{
    Decrypter, Encrypter, ErrorKind, JweAlg, JweEnc, JwsAlg, KeyMaterial, Keyring, Limits, OctKey,
    RsaPrivateKey, Signer,
};
use time::OffsetDateTime;

fn shared() -> (KeyMaterial, [u8; 32]) {
    let key = OctKey::generate(32).unwrap();
    let bytes = key.as_bytes().try_into().unwrap();
    (key.into(), bytes)
}

fn ring(alg: JweAlg, key: &KeyMaterial) -> Keyring<Encrypter> {
    Keyring::read_only().with_reader(Decrypter::new(alg, JweEnc::A256GCM, key).unwrap()).unwrap()
}

fn header() -> JweHeader {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    header
}

#[test]
fn a_critical_parameter_of_an_encrypted_token_is_refused() {
    let (key, bytes) = shared();
    let mut header = header();
    header.set_critical(&vec!["policy"]);
    header.set_claim("policy", Some("strict".into())).unwrap();
    let token =
        jwe::serialize_compact(b"x", &header, &jwe::Dir.encrypter_from_bytes(bytes).unwrap()).unwrap();
    let passed = jwe::deserialize_compact(&token, &jwe::Dir.decrypter_from_bytes(bytes).unwrap());
    assert!(passed.is_ok(), "the peer lets it pass");
    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    let refused = compact::decrypt(&token, &ring(JweAlg::DIR, &key), &limits, now).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedHeader);
    println!("crit of a JWE: josekit ignores it, symbolon refuses");
}

#[test]
fn a_critical_parameter_of_signed_json_is_refused() {
    let (key, bytes) = shared();
    let mut headers = JwsHeaderSet::new();
    headers.set_critical(&vec!["policy"]);
    headers.set_claim("policy", Some("strict".into()), true).unwrap();
    let signer = jws::HS256.signer_from_bytes(bytes).unwrap();
    let token = jws::serialize_flattened_json(b"x", &headers, &signer).unwrap();
    let passed = jws::deserialize_json(&token, &jws::HS256.verifier_from_bytes(bytes).unwrap());
    assert!(passed.is_ok(), "the peer lets it pass");
    let ring = Keyring::new(Signer::new(JwsAlg::HS256, &key).unwrap());
    let refused =
        flattened::verify(&token, &ring, &Limits::default(), OffsetDateTime::now_utc()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedHeader);
    println!("crit of a JWS in JSON: josekit ignores it, symbolon refuses");
}

#[test]
fn content_is_not_inflated_without_bound() {
    let (key, bytes) = shared();
    let mut header = header();
    header.set_compression("DEF");
    let bomb = vec![0; 8 << 20];
    let token =
        jwe::serialize_compact(&bomb, &header, &jwe::Dir.encrypter_from_bytes(bytes).unwrap()).unwrap();
    let (inflated, _) =
        jwe::deserialize_compact(&token, &jwe::Dir.decrypter_from_bytes(bytes).unwrap()).unwrap();
    assert_eq!(inflated.len(), bomb.len(), "the peer inflates it all");
    let (ring, now) = (ring(JweAlg::DIR, &key), OffsetDateTime::now_utc());
    let limits = Limits::default();
    let refused = compact::decrypt(&token, &ring, &limits, now).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedHeader, "unless it was asked for");
    let refused = compact::decrypt(&token, &ring, &limits.inflated_len(1 << 16), now).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    println!("8 MiB out of {} bytes: josekit inflates them, symbolon refuses", token.len());
}

#[test]
fn pbkdf2_is_not_run_without_bound() {
    let password = OctKey::new(&b"a long passphrase, drawn by dice"[..]).unwrap();
    let alg = jwe::PBES2_HS256_A128KW;
    let mut writer = alg.encrypter_from_bytes(password.as_bytes()).unwrap();
    writer.set_iter_count(200_000);
    let token = jwe::serialize_compact(b"x", &header(), &writer).unwrap();
    let passed =
        jwe::deserialize_compact(&token, &alg.decrypter_from_bytes(password.as_bytes()).unwrap());
    assert!(passed.is_ok(), "the peer runs them");
    let ring = ring(JweAlg::PBES2_HS256_A128KW, &password.into());
    let now = OffsetDateTime::now_utc();
    let refused = compact::decrypt(&token, &ring, &Limits::default(), now).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    let limits = Limits::default().pbkdf2_rounds(200_000);
    assert!(compact::decrypt(&token, &ring, &limits, now).is_ok(), "unless it was asked for");
    println!("200,000 rounds of PBKDF2: josekit runs them, symbolon refuses");
}

#[test]
fn rsa1_5_is_refused() {
    let key: KeyMaterial = RsaPrivateKey::generate(2048).unwrap().into();
    let pem = key.to_public().unwrap().to_spki_pem().unwrap();
    #[expect(deprecated, reason = "that is the point")]
    let writer = jwe::RSA1_5.encrypter_from_pem(&pem).unwrap();
    let token = jwe::serialize_compact(b"x", &header(), &writer).unwrap();
    assert_eq!(JweAlg::from_name("RSA1_5"), None);
    let now = OffsetDateTime::now_utc();
    // Of a ring without an RSA key, or with one: no algorithm of that name is known.
    let (other, _) = shared();
    let mut rings = vec![ring(JweAlg::A256GCMKW, &other)];
    if cfg!(feature = "aws-lc-rs") {
        rings.push(ring(JweAlg::RSA_OAEP, &key));
    }
    for ring in rings {
        let refused = compact::decrypt(&token, &ring, &Limits::default(), now).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlgorithmMismatch);
    }
    println!("RSA1_5: josekit writes it, symbolon refuses");
}

/// Base64url of nothing is the empty text (RFC 7516 §7.2.1), which AES-GCM makes of nothing.
#[test]
fn an_empty_payload_is_exchanged_in_json_too() {
    let (key, bytes) = shared();
    let writer = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap();
    let message = jwe_json::encrypt_flattened(&Content::new(b""), &(), &(), &writer).unwrap();
    let reader = jwe::Dir.decrypter_from_bytes(bytes).unwrap();
    assert!(jwe::deserialize_json(&message, &reader).is_err(), "the peer wants a ciphertext");
    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    let ring = ring(JweAlg::DIR, &key);
    assert_eq!(jwe_json::decrypt(&message, &ring, &limits, now).unwrap().payload(), b"");

    let mut headers = jwe::JweHeaderSet::new();
    headers.set_content_encryption("A256GCM", true);
    let writer = jwe::Dir.encrypter_from_bytes(bytes).unwrap();
    let message = jwe::serialize_flattened_json(b"", Some(&headers), None, None, &writer).unwrap();
    assert_eq!(jwe_json::decrypt(&message, &ring, &limits, now).unwrap().payload(), b"");
    println!("an empty ciphertext in JSON: josekit writes it and cannot read it, symbolon does both");
}
