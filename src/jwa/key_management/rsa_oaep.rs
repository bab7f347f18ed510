//! RSAES-OAEP: RSA-OAEP (RFC 7518 §4.3) and RSA-OAEP-256, -384, -512.

use std::sync::Arc;

use super::{AlgRow, Cek, DecryptKey, Dice, EncryptKey, Given, JweAlg, Parameters, ReadParameters};
use crate::crypto::rsa_oaep::{OaepHash, OaepPrivate, OaepPublic};
use crate::error::{ErrorKind, Result};
use crate::jwa::content_encryption::EncRow;
use crate::jwa::{KeyMaterial, KeyType, RsaPrivateKey, mismatch, unusable};

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $name:literal, $hash:ident;)*) => {
        pub(super) const ALGS: &[JweAlg] = &[$(JweAlg::$alg),*];

        impl JweAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&AlgRow {
                name: $name,
                key_types: &[KeyType::Rsa],
                direct: false,
                constant_header: true,
                generate: |_| Ok(RsaPrivateKey::generate(2048)?.into()),
                encrypter: |key, _| encrypter(key, OaepHash::$hash, $name),
                decrypter: |key, _| decrypter(key, OaepHash::$hash, $name),
            });
        )*}
    };
}

rows! {
    /// RSAES-OAEP with SHA-1 (RFC 7518 §4.3). SHA-1's collisions do not touch it, but prefer
    /// [`RSA_OAEP_256`](Self::RSA_OAEP_256). Decrypting needs the feature `aws-lc-rs`.
    RSA_OAEP = "RSA-OAEP", Sha1;
    /// RSAES-OAEP with SHA-256 (RFC 7518 §4.3). Decrypting needs the feature `aws-lc-rs`.
    RSA_OAEP_256 = "RSA-OAEP-256", Sha256;
    /// RSAES-OAEP with SHA-384 (W3C Web Cryptography). Decrypting needs the feature `aws-lc-rs`.
    RSA_OAEP_384 = "RSA-OAEP-384", Sha384;
    /// RSAES-OAEP with SHA-512 (W3C Web Cryptography). Decrypting needs the feature `aws-lc-rs`.
    RSA_OAEP_512 = "RSA-OAEP-512", Sha512;
}

struct Encrypting(OaepPublic, OaepHash);

fn encrypter(key: &KeyMaterial, hash: OaepHash, alg: &'static str) -> Result<Arc<dyn EncryptKey>> {
    let KeyMaterial::RsaPublic(key) = key else {
        return Err(mismatch(alg, "a public RSA key", key));
    };
    let key = OaepPublic::new(key.n(), key.e()).map_err(|reason| unusable(reason, "the RSA key"))?;
    Ok(Arc::new(Encrypting(key, hash)))
}

impl EncryptKey for Encrypting {
    fn encrypt_key(&self, _: &EncRow, cek: &[u8], _: &mut Dice, _: &mut Parameters) -> Result<Given> {
        let encrypted_key = self.0.encrypt(self.1, cek).map_err(|_| ErrorKind::Encrypting)?;
        Ok(Given::Wrapped(encrypted_key.into()))
    }
}

struct Decrypting(OaepPrivate, OaepHash);

fn decrypter(key: &KeyMaterial, hash: OaepHash, alg: &'static str) -> Result<Arc<dyn DecryptKey>> {
    let KeyMaterial::RsaPrivate(key) = key else {
        return Err(mismatch(alg, "a private RSA key", key));
    };
    let key = OaepPrivate::new(&key.parts())
        .map_err(|reason| unusable(reason, "the parts of the RSA private key do not fit together"))?;
    Ok(Arc::new(Decrypting(key, hash)))
}

impl DecryptKey for Decrypting {
    fn decrypt_key(&self, enc: &EncRow, encrypted_key: &[u8], _: &ReadParameters<'_>) -> Result<Cek> {
        Ok(self
            .0
            .decrypt(self.1, encrypted_key)
            .map_or_else(|_| Cek::missing(enc.key_len), |cek| Cek::from(&cek[..])))
    }
}
