//! A stored text, encrypted: a compact JWE by a master key or a passphrase.

use time::OffsetDateTime;

use super::schedule::KeySchedule;
use super::text::damaged;
use crate::base::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{JweAlg, JweEnc};
use crate::jwe::{Content, Decrypted, compact};
use crate::keys::{Decrypter, Encrypter, Keyring};

/// What is said of the content, for whoever comes upon the text.
const CONTENT_TYPE: &str = "symbolon-keys+json";

/// Rounds of PBKDF2-HMAC-SHA512 for a passphrase: a tenth of a second or so, once for each change.
const ROUNDS: u32 = 210_000;

/// The most that reading takes on, which stands in the text that is read.
const MAX_ROUNDS: u32 = 2_000_000;

/// A ring that encrypts and decrypts the texts of a store.
#[derive(Debug)]
pub(super) struct Cipher {
    ring: Keyring<Encrypter>,
    limits: Limits,
}

impl Cipher {
    /// # Errors
    /// [`NoKey`](ErrorKind::NoKey) for a ring that only reads;
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) where it reads what anyone could have written.
    pub(super) fn new(ring: Keyring<Encrypter>) -> Result<Self> {
        let writes = ring.primary()?.alg();
        if !ring.readers().map(Decrypter::alg).chain([writes]).all(JweAlg::is_symmetric) {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "anyone with the public key could plant keys in the store: encrypt it with a symmetric \
                 key or a passphrase",
            ));
        }
        let limits = Limits::default().pbkdf2_rounds(MAX_ROUNDS);
        // Encrypted, the longest schedule is a third longer.
        Ok(Self { ring, limits: limits.token_len(KeySchedule::MAX_LEN.saturating_mul(2)) })
    }

    pub(super) fn of_passphrase(passphrase: Vec<u8>) -> Result<Self> {
        let key = Encrypter::password(passphrase, JweEnc::A256GCM)?.with_pbkdf2_rounds(ROUNDS)?;
        Self::new(key.into())
    }

    pub(super) fn encrypt(&self, text: &str) -> Result<String> {
        let content = Content::new(text.as_bytes()).content_type(CONTENT_TYPE);
        compact::encrypt(&content, &(), self.ring.primary()?)
    }

    pub(super) fn decrypt(&self, text: &str, now: OffsetDateTime) -> Result<Decrypted> {
        compact::decrypt(text.trim_ascii(), &self.ring, &self.limits, now).map_err(|error| {
            match error.kind() {
                ErrorKind::MissingFeature => error,
                _ => damaged(
                    "it cannot be decrypted: the key or passphrase is another one, or it was changed",
                )
                .with_source(error),
            }
        })
    }
}
