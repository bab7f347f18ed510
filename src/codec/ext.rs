//! Typed claims on top of bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::{Body, Envelope, Opened, RawToken, Token, TokenCodec};
use crate::base::{Clock, Scratch, SystemClock};
use crate::error::Result;
use crate::jwt::{Claims, write};

/// What every [`TokenCodec`] can do with typed claims; also `dyn TokenCodec`.
pub trait TokenCodecExt: TokenCodec {
    /// The token of `claims`.
    ///
    /// # Errors
    /// [`InvalidClaims`](crate::ErrorKind::InvalidClaims) where they are no JSON object or set a
    /// registered claim twice; else as [`TokenCodec::encode_into`].
    fn encode<C: Serialize>(&self, claims: &Claims<C>) -> Result<String> {
        let mut payload = Scratch::new();
        write(&(&claims.registered).into(), &claims.custom, &mut payload)?;
        let body = Body {
            payload: &payload,
            typ: Some("JWT"),
            cty: None,
            issued_at: claims.registered.iat,
            expires_at: claims.registered.exp,
        };
        self.seal(&body)
    }

    /// The authentic token behind `token`, to be validated.
    ///
    /// # Errors
    /// As [`TokenCodec::decode_into`]; [`MalformedClaims`](crate::ErrorKind::MalformedClaims) where
    /// the payload is no JSON object or a registered claim is of a wrong type.
    fn decode<C: DeserializeOwned>(&self, token: &str) -> Result<Token<C>> {
        let (envelope, payload) = read(self, token, SystemClock.unix_timestamp())?;
        Token::new(envelope, payload)
    }

    /// The same with the keys that are due at the moment `now`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_at<C: DeserializeOwned>(&self, token: &str, now: OffsetDateTime) -> Result<Token<C>> {
        let (envelope, payload) = read(self, token, now.unix_timestamp())?;
        Token::new(envelope, payload)
    }

    /// The token of a body of any bytes.
    ///
    /// # Errors
    /// As [`TokenCodec::encode_into`].
    fn seal(&self, body: &Body<'_>) -> Result<String> {
        let mut token = String::new();
        let body =
            Body { issued_at: body.issued_at.or_else(|| Some(SystemClock.unix_timestamp())), ..*body };
        self.encode_into(&body, &mut token)?;
        Ok(token)
    }

    /// The authentic payload behind `token`, to be validated.
    ///
    /// # Errors
    /// As [`TokenCodec::decode_into`].
    fn open(&self, token: &str) -> Result<Opened> {
        let (envelope, payload) = read(self, token, SystemClock.unix_timestamp())?;
        Ok(Opened::new(envelope, payload))
    }

    /// The same with the keys that are due at the moment `now`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn open_at(&self, token: &str, now: OffsetDateTime) -> Result<Opened> {
        let (envelope, payload) = read(self, token, now.unix_timestamp())?;
        Ok(Opened::new(envelope, payload))
    }
}

impl<T: TokenCodec + ?Sized> TokenCodecExt for T {}

fn read<T: TokenCodec + ?Sized>(codec: &T, token: &str, now: i64) -> Result<(Envelope, Vec<u8>)> {
    let mut payload = Vec::new();
    let envelope = codec.decode_into(&RawToken::new(token), now, &mut payload)?;
    Ok((envelope, payload))
}
