//! AES Key Wrap: A128KW, A192KW, A256KW (RFC 7518 §4.4, RFC 3394).

use std::sync::Arc;

use super::{
    AlgRow, Cek, DecryptKey, Dice, EncryptKey, EncryptedKey, Given, JweAlg, Parameters, ReadParameters,
};
use crate::crypto::aes_kw::{AesKwKey, wrapped_len};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::content_encryption::EncRow;
use crate::jwa::{KeyMaterial, KeyType, OctKey, mismatch, unusable};

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $len:literal;)*) => {
        pub(super) const ALGS: &[JweAlg] = &[$(JweAlg::$alg),*];

        impl JweAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&AlgRow {
                name: stringify!($alg),
                key_types: &[KeyType::Oct],
                direct: false,
                constant_header: true,
                generate: |_| Ok(OctKey::generate($len)?.into()),
                encrypter: |key, _| Ok(Arc::new(Wrap(prepare(key, $len, stringify!($alg))?))),
                decrypter: |key, _| Ok(Arc::new(Wrap(prepare(key, $len, stringify!($alg))?))),
            });
        )*}
    };
}

rows! {
    /// AES Key Wrap with a key of 16 bytes (RFC 7518 §4.4).
    A128KW = 16;
    /// AES Key Wrap with a key of 24 bytes (RFC 7518 §4.4).
    A192KW = 24;
    /// AES Key Wrap with a key of 32 bytes (RFC 7518 §4.4).
    A256KW = 32;
}

struct Wrap(AesKwKey);

fn prepare(key: &KeyMaterial, len: usize, alg: &'static str) -> Result<AesKwKey> {
    AesKwKey::new(oct(key, len, alg)?).map_err(|reason| unusable(reason, "the wrapping key"))
}

/// The bytes of a symmetric key that has just `len` of them.
pub(super) fn oct<'k>(key: &'k KeyMaterial, len: usize, alg: &'static str) -> Result<&'k [u8]> {
    match key {
        KeyMaterial::Oct(key) if key.len() == len => Ok(key.as_bytes()),
        KeyMaterial::Oct(key) => Err(Error::new(
            ErrorKind::KeyMismatch,
            format!("{alg} needs {len} bytes, this key has {}", key.len()),
        )),
        other => Err(mismatch(alg, "a symmetric key", other)),
    }
}

/// Wraps `cek` for the algorithms that end in a key wrap.
pub(super) fn wrap(key: &AesKwKey, cek: &[u8]) -> Result<Given> {
    let mut encrypted_key = EncryptedKey::new();
    encrypted_key.fill(wrapped_len(cek.len()), 0);
    key.wrap(cek, &mut encrypted_key).map_err(|_| ErrorKind::Encrypting)?;
    Ok(Given::Wrapped(encrypted_key))
}

/// Unwraps for them; what cannot be unwrapped is an empty key.
pub(super) fn unwrap(key: &AesKwKey, encrypted_key: &[u8]) -> Result<Cek> {
    let mut cek = Cek::zeroed(encrypted_key.len().saturating_sub(wrapped_len(0)));
    let unwrapped = key.unwrap(encrypted_key, &mut cek).is_ok();
    Ok(cek.only_if(unwrapped))
}

impl EncryptKey for Wrap {
    fn encrypt_key(&self, _: &EncRow, cek: &[u8], _: &mut Dice, _: &mut Parameters) -> Result<Given> {
        wrap(&self.0, cek)
    }
}

impl DecryptKey for Wrap {
    fn decrypt_key(&self, _: &EncRow, encrypted_key: &[u8], _: &ReadParameters<'_>) -> Result<Cek> {
        unwrap(&self.0, encrypted_key)
    }
}
