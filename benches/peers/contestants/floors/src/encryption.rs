//! Ciphers with keys that are prepared (dir), or fresh for each token (Amora, sealed).

use std::hint::black_box;
use std::rc::Rc;

use chacha20::{R20, hchacha};
use contestant::Entries;
use contestant::keys::SECRET;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::{AWS_LC, PAYLOAD_LEN, RING, RUST_CRYPTO_AND_RING, random};

pub(crate) fn enter(entries: &mut Entries) {
    on_ring::enter(entries);
    on_aws_lc::enter(entries);

    // Where the processor has instructions for SHA-256 it is the fastest.
    let extracted = Hkdf::<Sha256>::new(None, &SECRET);
    on_ring::sealed(entries, RUST_CRYPTO_AND_RING, move |info, derived| {
        extracted.expand_multi_info(&info, derived).expect("32 bytes are few");
    });
}

/// XChaCha20-Poly1305 is HChaCha20 in front of ChaCha20-Poly1305.
fn subkey(key: &[u8; 32], nonce: &[u8; 24]) -> ([u8; 32], [u8; 12]) {
    let mut first = [0; 16];
    first.copy_from_slice(&nonce[..16]);
    let mut rest = [0; 12];
    rest[4..].copy_from_slice(&nonce[16..]);
    (hchacha::<R20>(&(*key).into(), &first.into()).into(), rest)
}

macro_rules! on {
    ($module:ident, $library:ident, $name:expr) => {
        mod $module {
            use super::*;
            use $library::aead::{
                AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
            };
            use $library::hkdf::{HKDF_SHA256, KeyType, Salt};

            struct Derived;

            impl KeyType for Derived {
                fn len(&self) -> usize {
                    32
                }
            }

            fn prepare(alg: &'static Algorithm, key: &[u8]) -> LessSafeKey {
                LessSafeKey::new(UnboundKey::new(alg, key).expect("the key serves"))
            }

            fn seal(key: &LessSafeKey, nonce: [u8; 12], buf: &mut Vec<u8>) {
                buf.clear();
                buf.resize(PAYLOAD_LEN, b'x');
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.seal_in_place_append_tag(nonce, Aad::empty(), buf).expect("it encrypts");
            }

            fn open(key: &LessSafeKey, nonce: [u8; 12], sealed: &[u8], buf: &mut Vec<u8>) {
                buf.clear();
                buf.extend_from_slice(sealed);
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_in_place(nonce, Aad::empty(), buf).expect("it decrypts");
            }

            /// Writing, and reading what was written: `with` finds key and nonce of some randomness.
            fn pair<const N: usize>(
                entries: &mut Entries,
                name: &str,
                [write, read]: [String; 2],
                with: impl Fn(&[u8; N]) -> (LessSafeKey, [u8; 12]) + Clone + 'static,
            ) {
                let drawn = random::<N>();
                let mut sealed = Vec::new();
                let (key, nonce) = with(&drawn);
                seal(&key, nonce, &mut sealed);
                let mut buf = Vec::with_capacity(256);
                let reader = with.clone();
                entries.add(name, read, move || {
                    let (key, nonce) = reader(&drawn);
                    open(&key, nonce, &sealed, &mut buf);
                });
                let mut buf = Vec::with_capacity(256);
                entries.add(name, write, move || {
                    let (key, nonce) = with(&random());
                    seal(&key, nonce, &mut buf);
                });
            }

            fn xchacha(key: &[u8; 32], nonce: &[u8; 24]) -> (LessSafeKey, [u8; 12]) {
                let (subkey, nonce) = subkey(key, nonce);
                (prepare(&CHACHA20_POLY1305, &subkey), nonce)
            }

            pub(super) fn enter(entries: &mut Entries) {
                let [writing, reading] = [(); 2].map(|()| prepare(&AES_256_GCM, &SECRET));
                let mut encrypted = Vec::new();
                seal(&writing, [7; 12], &mut encrypted);
                let mut buf = Vec::with_capacity(256);
                let encrypt = move || seal(&writing, random(), &mut buf);
                entries.add($name, "dir+A256GCM encrypt", encrypt);
                let mut buf = Vec::with_capacity(256);
                let decrypt = move || open(&reading, [7; 12], &encrypted, &mut buf);
                entries.add($name, "dir+A256GCM decrypt", decrypt);

                let operations = ["encode", "decode"].map(|verb| format!("Amora zero {verb}"));
                pair(entries, $name, operations, |drawn: &[u8; 24]| xchacha(&SECRET, drawn));

                let extracted = Rc::new(Salt::new(HKDF_SHA256, &[]).extract(&SECRET));
                sealed(entries, $name, move |info, derived| {
                    let expanded = extracted.expand(&info, Derived).expect("32 bytes are few");
                    expanded.fill(derived).expect("it is as long");
                });
            }

            pub(super) fn sealed(
                entries: &mut Entries,
                name: &str,
                derive: impl Fn([&[u8]; 2], &mut [u8; 32]) + Clone + 'static,
            ) {
                // What a sealed token derives of its salt: a key and a commitment.
                let derive = move |salt: &[u8; 24]| {
                    [b"k", b"c"].map(|label| {
                        let mut derived = [0; 32];
                        derive([label, salt], &mut derived);
                        derived
                    })
                };
                let operations =
                    |cipher| ["encrypt", "decrypt"].map(|verb| format!("sealed {cipher} {verb}"));
                let own = derive.clone();
                pair(entries, name, operations("AES-256-GCM"), move |salt: &[u8; 24]| {
                    let [key, _commitment] = black_box(own(salt));
                    let nonce = *salt.first_chunk().expect("it is longer");
                    (prepare(&AES_256_GCM, &key), nonce)
                });
                pair(entries, name, operations("XChaCha20-Poly1305"), move |salt: &[u8; 24]| {
                    let [key, _commitment] = black_box(derive(salt));
                    xchacha(&key, salt)
                });
            }
        }
    };
}

on!(on_ring, ring, RING);
on!(on_aws_lc, aws_lc_rs, AWS_LC);
