//! Keys from passwords: PBES2-HS256+A128KW, -HS384+A192KW, -HS512+A256KW (RFC 7518 §4.8).

use std::num::NonZeroU32;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::parameters::malformed;
use super::{
    AlgRow, Cek, DecryptKey, Dice, EncryptKey, Given, JweAlg, Parameters, ReadParameters, aes_kw,
};
use crate::crypto::aes_kw::AesKwKey;
use crate::crypto::hash::Hash;
use crate::crypto::pbkdf2::pbkdf2;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::content_encryption::EncRow;
use crate::jwa::{KeyMaterial, KeyType, OctKey, mismatch, unusable};

/// How many rounds are written unless said otherwise: what a reader takes unless told otherwise.
const DEFAULT_ROUNDS: u32 = 10_000;

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $name:literal, $hash:ident, $len:literal;)*) => {
        pub(super) const ALGS: &[JweAlg] = &[$(JweAlg::$alg),*];

        impl JweAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&AlgRow {
                name: $name,
                key_types: &[KeyType::Oct],
                direct: false,
                constant_header: false,
                generate: |_| Ok(OctKey::generate(32)?.into()),
                encrypter: |key, _| Ok(Arc::new(Password::new(key, $name, Hash::$hash, $len)?)),
                decrypter: |key, _| Ok(Arc::new(Password::new(key, $name, Hash::$hash, $len)?)),
            });
        )*}
    };
}

rows! {
    /// PBKDF2 with HMAC-SHA-256 and AES Key Wrap with 16 bytes (RFC 7518 §4.8).
    PBES2_HS256_A128KW = "PBES2-HS256+A128KW", Sha256, 16;
    /// PBKDF2 with HMAC-SHA-384 and AES Key Wrap with 24 bytes (RFC 7518 §4.8).
    PBES2_HS384_A192KW = "PBES2-HS384+A192KW", Sha384, 24;
    /// PBKDF2 with HMAC-SHA-512 and AES Key Wrap with 32 bytes (RFC 7518 §4.8).
    PBES2_HS512_A256KW = "PBES2-HS512+A256KW", Sha512, 32;
}

struct Password {
    alg: &'static str,
    hash: Hash,
    len: usize,
    password: OctKey,
}

impl Password {
    fn new(key: &KeyMaterial, alg: &'static str, hash: Hash, len: usize) -> Result<Self> {
        let KeyMaterial::Oct(password) = key else {
            return Err(mismatch(alg, "a password, as a symmetric key", key));
        };
        // RFC 7518 §8.8 asks for long passwords and PBKDF2 hashes longer ones than its block first.
        if password.len() > 1024 {
            return Err(Error::new(ErrorKind::InvalidKey, "a password has at most 1024 bytes"));
        }
        AesKwKey::new(&vec![0; len]).map_err(|reason| unusable(reason, "the wrapping key"))?;
        Ok(Self { alg, hash, len, password: password.clone() })
    }

    /// RFC 7518 §4.8.1.1: the salt is the algorithm's name, a zero byte, and `p2s`.
    fn derive(&self, p2s: &[u8], rounds: NonZeroU32) -> Result<AesKwKey> {
        let salt = [self.alg.as_bytes(), &[0], p2s].concat();
        let mut key = Zeroizing::new(vec![0; self.len]);
        pbkdf2(self.hash, self.password.as_bytes(), &salt, rounds, &mut key);
        AesKwKey::new(&key).map_err(|reason| unusable(reason, "the wrapping key"))
    }
}

impl EncryptKey for Password {
    fn random_len(&self) -> usize {
        16
    }

    fn encrypt_key(
        &self,
        _: &EncRow,
        cek: &[u8],
        dice: &mut Dice,
        parameters: &mut Parameters,
    ) -> Result<Given> {
        let mut salt = [0; 16];
        dice.fill(&mut salt)?;
        let rounds =
            parameters.p2c.or(NonZeroU32::new(DEFAULT_ROUNDS)).ok_or(ErrorKind::InvalidSetting)?;
        parameters.p2s = Some(salt);
        parameters.p2c = Some(rounds);
        aes_kw::wrap(&self.derive(&salt, rounds)?, cek)
    }
}

impl DecryptKey for Password {
    fn decrypt_key(
        &self,
        _: &EncRow,
        encrypted_key: &[u8],
        parameters: &ReadParameters<'_>,
    ) -> Result<Cek> {
        // The bounds before the work, and the shape before both.
        let rounds = parameters.rounds()?;
        let salt = ReadParameters::bytes("p2s", parameters.p2s)?;
        if salt.len() < 8 {
            return Err(malformed("p2s"));
        }
        aes_kw::unwrap(&self.derive(&salt, rounds)?, encrypted_key)
    }
}
