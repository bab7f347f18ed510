//! Key management of JWE (RFC 7518 §4): how a recipient comes to the content key, one file a family.

mod aes_gcm_kw;
mod aes_kw;
mod cek;
mod dir;
mod ecdh_es;
mod parameters;
mod pbes2;
mod rsa_oaep;

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

pub(crate) use self::cek::{Cek, EncryptedKey};
pub(crate) use self::parameters::{Epk, Parameters, ReadParameters};

use super::content_encryption::{ContentKey, EncRow};
use super::{KeyMaterial, KeyType};
use crate::crypto::rand;
use crate::error::{ErrorKind, Result};

/// Gives a message its content key, with a recipient's key that was prepared once.
pub(crate) trait EncryptKey: Send + Sync {
    /// The content key, where it does not change from message to message.
    fn prepared(&self) -> Option<&ContentKey> {
        None
    }

    /// How many bytes of randomness it takes for a message, beside the content key's.
    fn random_len(&self) -> usize {
        0
    }

    /// Encrypts the fresh key `cek`, or brings one along that takes its place. What the recipient
    /// needs to know goes into `parameters`; randomness comes from `dice`.
    fn encrypt_key(
        &self,
        enc: &EncRow,
        cek: &[u8],
        dice: &mut Dice,
        parameters: &mut Parameters,
    ) -> Result<Given>;
}

/// What [`EncryptKey::encrypt_key`] gives.
pub(crate) enum Given {
    /// The encrypted key.
    Wrapped(EncryptedKey),
    /// A content key that follows from the recipient's own, which nothing is sent for.
    Own(Cek),
}

/// Finds a message's content key, with a recipient's key that was prepared once.
pub(crate) trait DecryptKey: Send + Sync {
    /// The content key, where it does not change from message to message.
    fn prepared(&self) -> Option<&ContentKey> {
        None
    }

    /// The content key; an empty one where it cannot be unwrapped, which the caller must not let show
    /// (RFC 7516 §11.5).
    ///
    /// # Errors
    /// [`Unauthentic`](ErrorKind::Unauthentic) for that as well, where another place has said so; other
    /// kinds for what anyone can see of the header.
    fn decrypt_key(
        &self,
        enc: &EncRow,
        encrypted_key: &[u8],
        parameters: &ReadParameters<'_>,
    ) -> Result<Cek>;
}

/// Everything this crate knows of one key management algorithm.
pub(crate) struct AlgRow {
    /// The name in IANA's registry.
    pub(crate) name: &'static str,
    /// The types of key it takes, for a JWK that names no algorithm.
    pub(crate) key_types: &'static [KeyType],
    /// Whether the recipient's key (or an agreed one) is the content key: then there can be only one.
    pub(crate) direct: bool,
    /// Whether all that its header says is the same for each message.
    pub(crate) constant_header: bool,
    /// A fresh private or symmetric key.
    pub(crate) generate: fn(&EncRow) -> Result<KeyMaterial>,
    /// Prepared in the place where it stays: a box made into an `Arc` is a copy that nobody wipes.
    pub(crate) encrypter: fn(&KeyMaterial, &EncRow) -> Result<Arc<dyn EncryptKey>>,
    pub(crate) decrypter: fn(&KeyMaterial, &EncRow) -> Result<Arc<dyn DecryptKey>>,
}

/// How a JWE's recipient comes to the content key: the `alg` of its header.
///
/// `RSA1_5` is not among them: its padding is an oracle. PBES2 takes passwords.
///
/// ```
/// use symbolon::JweAlg;
///
/// assert_eq!(JweAlg::A256KW.name(), "A256KW");
/// assert_eq!(JweAlg::from_name("RSA1_5"), None);
/// ```
#[derive(Clone, Copy)]
pub struct JweAlg(pub(crate) &'static AlgRow);

impl JweAlg {
    /// All of them, family by family.
    pub fn all() -> impl Iterator<Item = Self> {
        [dir::ALGS, aes_kw::ALGS, aes_gcm_kw::ALGS, rsa_oaep::ALGS, ecdh_es::ALGS, pbes2::ALGS]
            .into_iter()
            .flatten()
            .copied()
    }

    /// The one that a registry name stands for, compared to the letter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|alg| alg.name() == name)
    }

    /// The name in IANA's registry, as it stands in a header's `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it adds nothing to a header that changes from message to message.
    pub(crate) const fn has_constant_header(self) -> bool {
        self.0.constant_header
    }

    /// Whether who can encrypt is whoever can decrypt: true for symmetric keys and passwords. With
    /// the others anyone who has the public key can write.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        self.0.key_types == [KeyType::Oct]
    }
}

impl PartialEq for JweAlg {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for JweAlg {}

impl fmt::Debug for JweAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for JweAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// The randomness of one message, drawn in one call to the system: a call costs more than its bytes.
pub(crate) struct Dice {
    bytes: Zeroizing<[u8; Self::LEN]>,
    drawn: usize,
    used: usize,
}

impl Dice {
    /// A content key of 64 bytes, its iv of 24, and what four recipients take; more draw again.
    const LEN: usize = 64 + 24 + 4 * 16;

    /// `len` bytes, as many as will be taken: up to 32 cost Linux half of what more do.
    pub(crate) fn draw(len: usize) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        let drawn = len.min(Self::LEN);
        let place = bytes.get_mut(..drawn).ok_or(ErrorKind::Randomness)?;
        rand::fill(place).map_err(|_| ErrorKind::Randomness)?;
        Ok(Self { bytes, drawn, used: 0 })
    }

    /// The next bytes into `place`, which none sees again.
    pub(crate) fn fill(&mut self, place: &mut [u8]) -> Result<()> {
        let end = self.used.saturating_add(place.len());
        match self.bytes.get(self.used..end).filter(|_| end <= self.drawn) {
            Some(next) => {
                place.copy_from_slice(next);
                self.used = end;
                Ok(())
            }
            None => rand::fill(place).map_err(|_| ErrorKind::Randomness.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_give_what_was_drawn_once_and_draw_again_when_that_is_over() {
        let mut dice = Dice::draw(40).unwrap();
        let drawn = *dice.bytes;
        let (mut first, mut second) = ([0; 16], [0; 24]);
        dice.fill(&mut first).unwrap();
        dice.fill(&mut second).unwrap();
        assert_eq!([&first[..], &second].concat(), drawn[..40]);

        for len in [1, 16] {
            let mut dice = Dice::draw(len).unwrap();
            let mut more = [0; 17];
            dice.fill(&mut more).unwrap();
            assert!(more[1..] != [0; 16] && more != drawn[..17], "{len}");
        }
    }
}
