//! Thumbprints of keys (RFC 7638) and their URIs (RFC 9278).

use super::Jwk;
use super::write::{Member, json_of, key_members};
use crate::base::base64url;
use crate::crypto::hash::{Hash, digest};

impl Jwk {
    /// The SHA-256 thumbprint (RFC 7638): 32 bytes that depend on the key alone, the same for both
    /// halves of a pair.
    ///
    /// The thumbprint of a symmetric key tells who sees it whether a guess of the key is right
    /// (RFC 7638 §7): keep it to yourself.
    ///
    /// ```
    /// use symbolon::Jwk;
    ///
    /// let key = Jwk::from_json(
    ///     r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    /// )?;
    /// assert_eq!(key.thumbprint_base64url(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        self.hashed(Hash::Sha256)
    }

    /// The SHA-384 thumbprint: 48 bytes.
    #[must_use]
    pub fn thumbprint_sha384(&self) -> [u8; 48] {
        self.hashed(Hash::Sha384)
    }

    /// The SHA-512 thumbprint: 64 bytes.
    #[must_use]
    pub fn thumbprint_sha512(&self) -> [u8; 64] {
        self.hashed(Hash::Sha512)
    }

    /// The SHA-256 thumbprint as 43 characters of base64url, as it is mostly written.
    #[must_use]
    pub fn thumbprint_base64url(&self) -> String {
        base64url::encode(self.thumbprint())
    }

    /// The SHA-256 thumbprint as a URI (RFC 9278 §3):
    /// `urn:ietf:params:oauth:jwk-thumbprint:sha-256:` and its base64url.
    #[must_use]
    pub fn thumbprint_uri(&self) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", self.thumbprint_base64url())
    }

    fn hashed<const LEN: usize>(&self, hash: Hash) -> [u8; LEN] {
        // RFC 7638 §3.2: the required members of the public half (for `oct`, the key), sorted.
        let public = self.material.to_public();
        let mut members = key_members(public.as_ref().unwrap_or(&self.material));
        members.sort_unstable_by_key(Member::name);
        let mut bytes = [0; LEN];
        let digest = digest(hash, json_of(&members).as_bytes());
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        bytes
    }
}
