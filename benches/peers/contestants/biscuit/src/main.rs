//! biscuit, which is built on ring.

use std::io;
use std::sync::Arc;

use biscuit::jwa::{
    ContentEncryptionAlgorithm, EncryptionOptions, KeyManagementAlgorithm, SignatureAlgorithm,
};
use biscuit::jwk::JWK;
use biscuit::jws::Secret;
use biscuit::{
    ClaimPresenceOptions, ClaimsSet, Empty, JWT, Presence, RegisteredClaims, SingleOrMultiple,
    Timestamp, Validation, ValidationOptions, jwe, jws,
};
use chrono::DateTime;
use contestant::keys::{P256, P384, RSA, SECRET};
use contestant::{AUDIENCE, Claims, Entries, ISSUER, Session};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, RsaKeyPair,
};

fn main() -> io::Result<()> {
    let mut entries = Entries::default();
    sign_and_verify(&mut entries);
    encrypt_and_decrypt(&mut entries);
    entries.take_turns()
}

fn sign_and_verify(entries: &mut Entries) {
    let ecdsa = |alg: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]| {
        let key = EcdsaKeyPair::from_pkcs8(alg, pkcs8, &SystemRandom::new());
        Secret::EcdsaKeyPair(Arc::new(key.expect("the key serves")))
    };
    let rsa = || {
        let key = RsaKeyPair::from_pkcs8(&RSA.private_der());
        Secret::RsaKeyPair(Arc::new(key.expect("the key serves")))
    };
    // ring takes the key as it stands inside SubjectPublicKeyInfo: of RSA without the first 24 bytes.
    let public_rsa = || Secret::PublicKey(RSA.public_der().split_off(24));
    let hmac = || Secret::Bytes(SECRET.to_vec());

    for (alg, signing, verifying) in [
        (SignatureAlgorithm::HS256, hmac(), hmac()),
        (SignatureAlgorithm::RS256, rsa(), public_rsa()),
        (SignatureAlgorithm::PS256, rsa(), public_rsa()),
        (
            SignatureAlgorithm::ES256,
            ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &P256.private_der()),
            Secret::PublicKey(P256.public_end::<65>().to_vec()),
        ),
        (
            SignatureAlgorithm::ES384,
            ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &P384.private_der()),
            Secret::PublicKey(P384.public_end::<97>().to_vec()),
        ),
    ] {
        let header = jws::RegisteredHeader { algorithm: alg, ..Default::default() };
        let options = options();
        entries.sign_and_verify(
            "biscuit",
            &format!("{alg:?}"),
            move |all| JWT::<Session, Empty>::new_decoded(header.clone().into(), claims(all)),
            move |token| {
                let signed = token.encode(&signing).expect("it signs");
                signed.unwrap_encoded().encode()
            },
            move |token| {
                let token = JWT::<Session, Empty>::new_encoded(token);
                let decoded = token.decode(&verifying, alg).ok()?;
                decoded.validate(options.clone()).ok()?;
                Some(decoded.unwrap_decoded().1.private)
            },
        );
    }
}

fn encrypt_and_decrypt(entries: &mut Entries) {
    type Jwe = jwe::Compact<ClaimsSet<Session>, Empty>;
    const ALG: KeyManagementAlgorithm = KeyManagementAlgorithm::DirectSymmetricKey;
    const ENC: ContentEncryptionAlgorithm = ContentEncryptionAlgorithm::A256GCM;

    let header = jwe::RegisteredHeader { cek_algorithm: ALG, enc_algorithm: ENC, ..Default::default() };
    let key = JWK::<Empty>::new_octet_key(&SECRET, Empty {});
    let (encrypting, decrypting) = (key.clone(), key);
    let random = SystemRandom::new();
    let options = options();
    entries.encrypt_and_decrypt(
        "biscuit",
        "dir+A256GCM",
        move |all| Jwe::new_decrypted(header.clone().into(), claims(all)),
        move |token| {
            let mut nonce = vec![0; 12];
            random.fill(&mut nonce).expect("there is randomness");
            let encrypted = token.encrypt(&encrypting, &EncryptionOptions::AES_GCM { nonce });
            encrypted.expect("it encrypts").unwrap_encrypted().encode()
        },
        move |token| {
            let decrypted = Jwe::new_encrypted(token).decrypt(&decrypting, ALG, ENC).ok()?;
            let claims = decrypted.unwrap_decrypted().1;
            claims.registered.validate(options.clone()).ok()?;
            Some(claims.private)
        },
    );
}

fn claims(all: &Claims) -> ClaimsSet<Session> {
    let moment = |seconds: u64| {
        let moment = DateTime::from_timestamp(seconds.try_into().expect("it is near"), 0);
        Some(Timestamp::from(moment.expect("it is near")))
    };
    ClaimsSet {
        registered: RegisteredClaims {
            issuer: Some(all.iss.clone()),
            audience: Some(SingleOrMultiple::Single(all.aud.clone())),
            expiry: moment(all.exp),
            issued_at: moment(all.iat),
            ..Default::default()
        },
        private: all.to_session(),
    }
}

fn options() -> ValidationOptions {
    ValidationOptions {
        claim_presence_options: ClaimPresenceOptions {
            expiry: Presence::Required,
            issuer: Presence::Required,
            audience: Presence::Required,
            ..Default::default()
        },
        issuer: Validation::Validate(ISSUER.to_owned()),
        audience: Validation::Validate(AUDIENCE.to_owned()),
        ..Default::default()
    }
}
