//! Signed, then encrypted (RFC 7519 §5.2, §11.2).

use super::{Body, Envelope, Format, RawToken, TokenCodec};
use crate::base::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Provenance;

/// A token within a token: `Inner` is written first, `Outer` around it.
///
/// The usual pair is a signed token within an encrypted one: only the recipient can read it, and it
/// can tell who issued it. The outer token must say that it holds a token (`cty`: `JWT`), and the
/// inner one must be of the type's format: how deep tokens nest is fixed when the service is compiled.
///
/// Both layers are authenticated before anything is believed; who could have minted the token is for
/// the inner one to say.
///
/// ```
/// use symbolon::{Encrypter, JweAlg, JweCodec, JweEnc, JwsAlg, JwsCodec, Nested, NoCustom};
/// use symbolon::{OkpCurve, OkpPrivateKey, Signer, Tokens};
///
/// let recipient = OkpPrivateKey::generate(OkpCurve::X25519)?.into();
/// let codec = Nested::new(
///     JweCodec::new(Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &recipient)?),
///     JwsCodec::new(Signer::generate(JwsAlg::ES256)?),
/// );
/// let tokens = Tokens::<NoCustom>::builder(codec).build()?;
/// let token = tokens.issue(&NoCustom::default())?;
/// assert!(tokens.verify(&token).is_ok());
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Nested<Outer, Inner> {
    outer: Outer,
    inner: Inner,
}

impl<Outer: TokenCodec, Inner: TokenCodec> Nested<Outer, Inner> {
    /// `inner` within `outer`.
    #[must_use]
    pub const fn new(outer: Outer, inner: Inner) -> Self {
        Self { outer, inner }
    }
}

impl<Outer: TokenCodec, Inner: TokenCodec> TokenCodec for Nested<Outer, Inner> {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        self.outer.recognizes(token)
    }

    /// The inner token's: what encloses it can be exchanged by whoever can write that.
    fn provenance(&self) -> Provenance {
        self.inner.provenance()
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.inner.writes_with()
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        let mut token = zeroize::Zeroizing::new(String::new());
        self.inner.encode_into(body, &mut token)?;
        // RFC 7519 §5.2: `cty` must be there, and be `JWT`.
        let around = Body {
            payload: token.as_bytes(),
            typ: None,
            cty: Some("JWT"),
            issued_at: body.issued_at,
            expires_at: body.expires_at,
        };
        self.outer.encode_into(&around, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let mut payload = zeroize::Zeroizing::new(Vec::new());
        let around = self.outer.decode_into(token, now, &mut payload)?;
        if !around.content_type().is_some_and(|cty| crate::base::same_media_type(cty, "JWT")) {
            return Err(Error::new(
                ErrorKind::WrongType,
                "the outer token does not say that it holds a token (`cty`: `JWT`)",
            ));
        }
        let text = std::str::from_utf8(&payload)
            .map_err(|_| Error::new(ErrorKind::Malformed, "the inner token is not text"))?;
        let inner = RawToken::new(text);
        if !self.inner.recognizes(&inner) {
            return Err(Error::new(ErrorKind::UnknownFormat, "the inner token"));
        }
        self.inner.decode_into(&inner, now, out)
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.outer.keys_version()?.wrapping_add(self.inner.keys_version()?))
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        let both = [self.outer.keys_due_until(now), self.inner.keys_due_until(now)];
        both.into_iter().flatten().min()
    }
}
