//! Tokens with the right key, of whatever header and payload: what we would not write ourselves.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use symbolon::{KeyMaterial, Signer};
use symbolon_interop::{Recipient, secret_json};

use crate::dice::Dice;

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// The token whose header and payload are spelled so.
pub(crate) fn signed(header: &str, payload: &str, signer: &Signer) -> String {
    let input = format!("{header}.{payload}");
    let signature = signer.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(signature))
}

/// The five parts of an encrypted token, before they are spelled.
pub(crate) struct Parts {
    pub(crate) header: Vec<u8>,
    pub(crate) encrypted_key: Vec<u8>,
    pub(crate) iv: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

impl Parts {
    pub(crate) fn spelled(&self) -> String {
        [&self.header, &self.encrypted_key, &self.iv, &self.ciphertext, &self.tag]
            .map(base64url)
            .join(".")
    }
}

/// The members of a header that its key management needs, with their values, and the content key.
pub(crate) struct Agreed {
    pub(crate) parameters: String,
    encrypted_key: Vec<u8>,
    content_key: Vec<u8>,
}

fn random<const N: usize>(dice: &mut Dice) -> [u8; N] {
    [(); N].map(|()| dice.next() as u8)
}

fn gcm(key: &[u8], iv: [u8; 12], aad: &[u8], text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut bytes = text.to_vec();
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut bytes).unwrap();
    (bytes, tag.as_ref().to_vec())
}

/// A content key for `to`, whose content encryption is A256GCM.
pub(crate) fn agreed(to: &Recipient, dice: &mut Dice) -> Agreed {
    let secret = match to.jwk.material() {
        KeyMaterial::Oct(key) => key.as_bytes().to_vec(),
        _ => Vec::new(),
    };
    let content_key = random::<32>(dice).to_vec();
    let start = format!(r#""alg":"{}","enc":"A256GCM""#, to.alg);
    match to.alg.name() {
        "dir" => Agreed { parameters: start, encrypted_key: Vec::new(), content_key: secret },
        "A256KW" => {
            let mut room = [0; 40];
            let wrapped = AesKek::new(&AES_256, &secret).unwrap();
            let encrypted_key = wrapped.wrap(&content_key, &mut room).unwrap().to_vec();
            Agreed { parameters: start, encrypted_key, content_key }
        }
        "A256GCMKW" => {
            let iv = random(dice);
            let (encrypted_key, tag) = gcm(&secret, iv, b"", &content_key);
            let own = format!(r#","iv":"{}","tag":"{}""#, base64url(iv), base64url(tag));
            Agreed { parameters: start + &own, encrypted_key, content_key }
        }
        "ECDH-ES" => {
            let jwk: serde_json::Value = serde_json::from_str(&secret_json(&to.jwk)).unwrap();
            let coordinate = |name: &str| {
                data_encoding::BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap()
            };
            let theirs = [vec![4], coordinate("x"), coordinate("y")].concat();
            let own = PrivateKey::generate(&ECDH_P256).unwrap();
            let point = own.compute_public_key().unwrap();
            let (x, y) = point.as_ref()[1..].split_at(32);
            let epk = format!(
                r#","epk":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#,
                base64url(x),
                base64url(y)
            );
            let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
            // RFC 7518 §4.6.2, of one round and nameless parties.
            let derive = |shared: &[u8]| {
                let parts: [&[u8]; 6] =
                    [&[0, 0, 0, 1], shared, &[0, 0, 0, 7], b"A256GCM", &[0; 8], &[0, 0, 1, 0]];
                Ok(digest(&SHA256, &parts.concat()).as_ref().to_vec())
            };
            let content_key = agree(&own, theirs, Unspecified, derive).unwrap();
            Agreed { parameters: start + &epk, encrypted_key: Vec::new(), content_key }
        }
        other => panic!("{other} is new: say how its key is agreed upon"),
    }
}

impl Agreed {
    /// The token of `header`, which should hold the `parameters`.
    pub(crate) fn encrypted(&self, header: &[u8], payload: &[u8], dice: &mut Dice) -> Parts {
        let iv = random(dice);
        let (ciphertext, tag) = gcm(&self.content_key, iv, base64url(header).as_bytes(), payload);
        Parts {
            header: header.to_vec(),
            encrypted_key: self.encrypted_key.clone(),
            iv: iv.to_vec(),
            ciphertext,
            tag,
        }
    }
}
