//! The design that sealed tokens come from, written as it was told: a salt and a nonce for each token,
//! its key by HKDF, all of it behind one another in base64url, with the crates that one would take.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::array::typenum::Unsigned;
use aes_gcm::aead::{Aead, AeadCore, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::XChaCha20Poly1305;
use contestant::keys::SECRET;
use contestant::{Claims, Entries};
use hkdf::Hkdf;
use sha2::Sha256;

const SALT_LEN: usize = 16;
const INFO: &[u8] = b"JWT_Encryption";

pub(crate) fn enter(entries: &mut Entries) {
    enter_with::<Aes256Gcm>(entries, "sealed AES-256-GCM");
    enter_with::<XChaCha20Poly1305>(entries, "sealed XChaCha20-Poly1305");
}

fn enter_with<A: KeyInit + Aead + AeadCore>(entries: &mut Entries, operation: &str) {
    entries.encrypt_and_decrypt(
        "reference design",
        operation,
        Claims::clone,
        |claims| seal::<A>(&claims.to_json()),
        |token| Claims::accept(&open::<A>(token)?),
    );
}

fn cipher<A: KeyInit>(salt: &[u8]) -> A {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), &SECRET).expand(INFO, &mut key).expect("32 bytes are few");
    A::new_from_slice(&key).expect("both ciphers take 32 bytes")
}

fn seal<A: KeyInit + Aead>(payload: &[u8]) -> String {
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).expect("there is randomness");
    let mut nonce = Nonce::<A>::default();
    getrandom::fill(&mut nonce).expect("there is randomness");
    let sealed = cipher::<A>(&salt).encrypt(&nonce, payload).expect("it encrypts");
    URL_SAFE_NO_PAD.encode([&salt, &*nonce, &*sealed].concat())
}

fn open<A: KeyInit + Aead + AeadCore>(token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (salt, rest) = bytes.split_at_checked(SALT_LEN)?;
    let (nonce, sealed) = rest.split_at_checked(A::NonceSize::USIZE)?;
    cipher::<A>(salt).decrypt(nonce.try_into().ok()?, sealed).ok()
}
