//! Direct encryption with a shared key: dir (RFC 7518 §4.5).

use std::sync::Arc;

use super::{AlgRow, Cek, DecryptKey, Dice, EncryptKey, Given, JweAlg, Parameters, ReadParameters};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::content_encryption::{ContentKey, EncRow};
use crate::jwa::{KeyMaterial, KeyType, OctKey, mismatch, unusable};

pub(super) const ALGS: &[JweAlg] = &[JweAlg::DIR];

impl JweAlg {
    /// The shared key is the content key, of just the length that `enc` wants (RFC 7518 §4.5).
    pub const DIR: Self = Self(&AlgRow {
        name: "dir",
        key_types: &[KeyType::Oct],
        direct: true,
        constant_header: true,
        generate: |enc| Ok(OctKey::generate(enc.key_len)?.into()),
        encrypter: |key, enc| Ok(Arc::new(Direct::new(key, enc)?)),
        decrypter: |key, enc| Ok(Arc::new(Direct::new(key, enc)?)),
    });
}

/// The schedule of the shared key is made once, not for each message.
struct Direct(ContentKey);

impl Direct {
    fn new(key: &KeyMaterial, enc: &EncRow) -> Result<Self> {
        let KeyMaterial::Oct(key) = key else {
            return Err(mismatch("dir", "a symmetric key", key));
        };
        if key.len() != enc.key_len {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                format!("{} needs {} bytes, this key has {}", enc.name, enc.key_len, key.len()),
            ));
        }
        let key = (enc.prepare)(key.as_bytes()).map_err(|reason| unusable(reason, "the content key"))?;
        Ok(Self(key))
    }
}

impl EncryptKey for Direct {
    fn prepared(&self) -> Option<&ContentKey> {
        Some(&self.0)
    }

    fn encrypt_key(&self, _: &EncRow, _: &[u8], _: &mut Dice, _: &mut Parameters) -> Result<Given> {
        Ok(Given::Own(Cek::zeroed(0)))
    }
}

impl DecryptKey for Direct {
    fn prepared(&self) -> Option<&ContentKey> {
        Some(&self.0)
    }

    fn decrypt_key(&self, _: &EncRow, encrypted_key: &[u8], _: &ReadParameters<'_>) -> Result<Cek> {
        refuse_encrypted_key(encrypted_key)?;
        Ok(Cek::zeroed(0))
    }
}

/// RFC 7516 §5.2 step 10: where the content key is not sent, nothing may stand in its place.
pub(super) fn refuse_encrypted_key(encrypted_key: &[u8]) -> Result<()> {
    if encrypted_key.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Malformed, "an encrypted key where none is due"))
}
