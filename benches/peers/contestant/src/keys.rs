//! The keys that all contestants share. They were made for this and open nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// For HMAC, AES and the formats beside JOSE.
pub const SECRET: [u8; 32] = *b"a secret that opens nothing else";

/// A key pair as text: PKCS#8 and SubjectPublicKeyInfo.
pub struct KeyPair {
    pub private_pem: &'static str,
    pub public_pem: &'static str,
}

macro_rules! key_pair {
    ($name:ident, $file:literal) => {
        pub const $name: KeyPair = KeyPair {
            private_pem: include_str!(concat!("../keys/", $file, ".pem")),
            public_pem: include_str!(concat!("../keys/", $file, ".pub.pem")),
        };
    };
}

key_pair!(RSA, "rsa");
key_pair!(P256, "p256");
key_pair!(P384, "p384");
key_pair!(ED25519, "ed25519");
key_pair!(X25519, "x25519");

impl KeyPair {
    pub fn private_der(&self) -> Vec<u8> {
        der(self.private_pem)
    }

    pub fn public_der(&self) -> Vec<u8> {
        der(self.public_pem)
    }

    /// The last `N` bytes of the private key's DER: of an X25519 or Ed25519 key, the key itself.
    pub fn private_end<const N: usize>(&self) -> [u8; N] {
        *self.private_der().last_chunk().expect("it is as long")
    }

    /// The last `N` bytes of the public key's DER: of every curve, the point itself.
    pub fn public_end<const N: usize>(&self) -> [u8; N] {
        *self.public_der().last_chunk().expect("it is as long")
    }
}

fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(lines).expect("it is PEM")
}
