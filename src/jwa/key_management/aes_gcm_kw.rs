//! Key encryption with AES-GCM: A128GCMKW, A192GCMKW, A256GCMKW (RFC 7518 §4.7).

use std::sync::Arc;

use super::aes_kw::oct;
use super::{
    AlgRow, Cek, DecryptKey, Dice, EncryptKey, EncryptedKey, Given, JweAlg, Parameters, ReadParameters,
};
use crate::crypto::aes_gcm::AesGcmKey;
use crate::error::{ErrorKind, Result};
use crate::jwa::content_encryption::EncRow;
use crate::jwa::{KeyMaterial, KeyType, OctKey, unusable};

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $len:literal;)*) => {
        pub(super) const ALGS: &[JweAlg] = &[$(JweAlg::$alg),*];

        impl JweAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&AlgRow {
                name: stringify!($alg),
                key_types: &[KeyType::Oct],
                direct: false,
                constant_header: false,
                generate: |_| Ok(OctKey::generate($len)?.into()),
                encrypter: |key, _| Ok(Arc::new(prepare(key, $len, stringify!($alg))?)),
                decrypter: |key, _| Ok(Arc::new(prepare(key, $len, stringify!($alg))?)),
            });
        )*}
    };
}

rows! {
    /// Key encryption with AES-GCM and a key of 16 bytes (RFC 7518 §4.7).
    A128GCMKW = 16;
    /// Key encryption with AES-GCM and a key of 24 bytes (RFC 7518 §4.7).
    A192GCMKW = 24;
    /// Key encryption with AES-GCM and a key of 32 bytes (RFC 7518 §4.7).
    A256GCMKW = 32;
}

struct GcmWrap(AesGcmKey);

fn prepare(key: &KeyMaterial, len: usize, alg: &'static str) -> Result<GcmWrap> {
    let key = AesGcmKey::new(oct(key, len, alg)?);
    key.map(GcmWrap).map_err(|reason| unusable(reason, "the wrapping key"))
}

impl EncryptKey for GcmWrap {
    fn random_len(&self) -> usize {
        12
    }

    fn encrypt_key(
        &self,
        _: &EncRow,
        cek: &[u8],
        dice: &mut Dice,
        parameters: &mut Parameters,
    ) -> Result<Given> {
        let mut iv = [0; 12];
        dice.fill(&mut iv)?;
        let mut wrapped = EncryptedKey::from(cek);
        let tag = self.0.seal_in_place(&iv, &[], &mut wrapped).map_err(|_| ErrorKind::Encrypting)?;
        parameters.iv = Some(iv);
        parameters.tag = Some(tag);
        Ok(Given::Wrapped(wrapped))
    }
}

impl DecryptKey for GcmWrap {
    fn decrypt_key(
        &self,
        _: &EncRow,
        encrypted_key: &[u8],
        parameters: &ReadParameters<'_>,
    ) -> Result<Cek> {
        let iv = ReadParameters::bytes("iv", parameters.iv)?;
        let tag = ReadParameters::bytes("tag", parameters.tag)?;
        let iv = iv.as_slice().try_into().map_err(|_| super::parameters::malformed("iv"))?;
        let tag = tag.as_slice().try_into().map_err(|_| super::parameters::malformed("tag"))?;
        let mut cek = Cek::from(encrypted_key);
        let unwrapped = self.0.open_in_place(iv, &[], &mut cek, tag).is_ok();
        Ok(cek.only_if(unwrapped))
    }
}
