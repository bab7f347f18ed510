//! A key, who writes with it and who reads.

use symbolon::jwe::{Content, compact};
use symbolon::{Encrypter, JweAlg, JweEnc, JwsAlg, Signer};
use symbolon_interop::{Recipient, recipients, signing};

use crate::dice::Dice;
use crate::readers::Readers;
use crate::writers::{self, Parts};

pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
}

pub(crate) enum Writer {
    Signs(Signer),
    /// With whatever header.
    Encrypts(Recipient),
    /// With a header that is as it should be.
    EncryptsWell(Encrypter),
}

impl Key {
    /// One for each algorithm of signatures; for four of key management, of which tokens are put
    /// together by hand; and for each other one on every curve, with a content encryption of each kind.
    pub(crate) fn all() -> Vec<Self> {
        // No peer has Ed25519's later name.
        let signing = signing().iter().filter(|key| key.alg != JwsAlg::ED25519).map(|key| Self {
            name: key.alg.to_string(),
            writer: Writer::Signs(key.signer()),
            readers: Readers::of_signed(key),
        });
        let by_hand = [JweAlg::DIR, JweAlg::A256KW, JweAlg::A256GCMKW, JweAlg::ECDH_ES];
        let by_hand: Vec<Recipient> = by_hand
            .into_iter()
            .map(|alg| recipients(JweEnc::A256GCM).find(|to| to.alg == alg).unwrap())
            .collect();
        let all = [JweEnc::A256GCM, JweEnc::A128CBC_HS256].into_iter().flat_map(recipients);
        let others = all
            .filter(|to| !by_hand.iter().any(|other| other.name() == to.name()))
            .filter_map(|to| {
                let readers = Readers::of_encrypted(&to)?;
                Some(Self { name: to.name(), readers, writer: Writer::EncryptsWell(to.writer()) })
            })
            .collect::<Vec<_>>();
        let by_hand = by_hand.into_iter().filter_map(|to| {
            let readers = Readers::of_encrypted(&to)?;
            Some(Self { name: to.alg.to_string(), readers, writer: Writer::Encrypts(to) })
        });
        signing.chain(by_hand).chain(others).collect()
    }

    pub(crate) const fn encrypts(&self) -> bool {
        !matches!(self.writer, Writer::Signs(_))
    }

    /// Whether its tokens can have any header and payload.
    pub(crate) const fn takes_any_header(&self) -> bool {
        !matches!(self.writer, Writer::EncryptsWell(_))
    }

    /// Whether it is quick enough for all there is.
    pub(crate) fn is_quick(&self) -> bool {
        match &self.writer {
            Writer::Signs(_) => ["HS256", "ES256", "EdDSA"].contains(&self.name.as_str()),
            Writer::Encrypts(_) => true,
            Writer::EncryptsWell(_) => false,
        }
    }
}

/// The parts of a token that we encrypt as we do.
pub(crate) fn encrypted_well(writer: &Encrypter, payload: &[u8]) -> Parts {
    let token = compact::encrypt(&Content::new(payload).typ("JWT"), &(), writer).unwrap();
    let parts: Vec<_> = token
        .split('.')
        .map(|part| data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap())
        .collect();
    let [header, encrypted_key, iv, ciphertext, tag] = parts.try_into().unwrap();
    Parts { header, encrypted_key, iv, ciphertext, tag }
}

/// What the header of a key's tokens must say, and who then writes the token.
pub(crate) enum Pen<'k> {
    Signs(&'k Signer),
    Encrypts(writers::Agreed),
    EncryptsWell(&'k Encrypter),
}

impl<'k> Pen<'k> {
    pub(crate) fn new(key: &'k Key, dice: &mut Dice) -> Self {
        match &key.writer {
            Writer::Signs(signer) => Self::Signs(signer),
            Writer::Encrypts(to) => Self::Encrypts(writers::agreed(to, dice)),
            Writer::EncryptsWell(writer) => Self::EncryptsWell(writer),
        }
    }

    /// The members of the header that the algorithm needs.
    pub(crate) fn parameters(&self) -> String {
        match self {
            Self::Signs(signer) => format!(r#""alg":"{}""#, signer.alg()),
            Self::Encrypts(agreed) => agreed.parameters.clone(),
            Self::EncryptsWell(writer) => format!(r#""alg":"{}""#, writer.alg()),
        }
    }
}
