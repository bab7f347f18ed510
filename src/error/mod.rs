//! One opaque error: what went wrong, whose fault it was, and nothing that a token or a key said.

mod bearer;

use std::borrow::Cow;
use std::fmt;

pub use bearer::BearerAnswer;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act for the error to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Whoever sent the token: it is malformed, forged, expired or meant for someone else.
    Token,
    /// Whoever wrote or configured this service: a wrong key, a missing feature, a bad setting.
    Caller,
    /// Something outside: the operating system's randomness, a remote signer, a user's own hook.
    Environment,
}

// One row a kind, so that a new kind cannot lack a code, an owner or a message.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $fault:ident, $message:literal;)*) => {
        /// What went wrong. Match on it, or log [`Error::code`], which never changes for a kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        impl ErrorKind {
            /// Every kind there is, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// A stable word for logs, metrics and answers to clients, such as `token_expired`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)* }
            }

            /// Whose fault an error of this kind is.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$kind => Fault::$fault,)* }
            }

            const fn message(self) -> &'static str {
                match self { $(Self::$kind => $message,)* }
            }
        }
    };
}

kinds! {
    /// The token's text breaks its format's grammar: parts, base64url, JSON, lengths.
    Malformed = "malformed_token", Token, "the token is malformed";
    /// The token is beyond one of the [`Limits`](crate::Limits).
    TooLarge = "token_too_large", Token, "the token is beyond a limit";
    /// The token has the shape of none of the formats that are read here.
    UnknownFormat = "unknown_format", Token, "the token has the shape of no format that is read here";
    /// The header asks for something that is not understood here, such as an unknown `crit` name.
    UnsupportedHeader = "unsupported_header", Token, "the token's header asks for something that is not supported";
    /// The header's `alg` is not the algorithm of the key.
    AlgorithmMismatch = "algorithm_mismatch", Token, "the token's algorithm is not the key's";
    /// No key of the ring fits the token's `kid`, or the token names none where one is required.
    UnknownKey = "unknown_key", Token, "no key fits the token";
    /// The signature or tag is wrong. Deliberately says nothing more.
    Unauthentic = "unauthentic", Token, "the token is not authentic";
    /// The payload is not what was expected: not a JSON object, a claim of the wrong type, a member twice.
    MalformedClaims = "malformed_claims", Token, "the token's claims are malformed";
    /// A claim that policy requires is absent.
    MissingClaim = "missing_claim", Token, "the token lacks a required claim";
    /// The token's time is over.
    Expired = "token_expired", Token, "the token has expired";
    /// The token's time has not come yet.
    NotYetValid = "token_not_yet_valid", Token, "the token is not valid yet";
    /// The token was issued longer ago than policy allows, whatever its expiry.
    TooOld = "token_too_old", Token, "the token was issued too long ago";
    /// `iss` is not the issuer expected here.
    WrongIssuer = "wrong_issuer", Token, "the token is of another issuer";
    /// `aud` does not name this service, or names one where none is configured.
    WrongAudience = "wrong_audience", Token, "the token is meant for another audience";
    /// `sub` is not the subject expected here.
    WrongSubject = "wrong_subject", Token, "the token is about another subject";
    /// `jti` is not the identifier expected here.
    WrongId = "wrong_id", Token, "the token has another identifier";
    /// The header's `typ` or `cty` is not the one expected here.
    WrongType = "wrong_type", Token, "the token is of another type";
    /// The token, its subject or its family was revoked.
    Revoked = "token_revoked", Token, "the token was revoked";
    /// The token is good once, and that was before.
    Replayed = "token_replayed", Token, "the token was used before";
    /// A check of the service's own refused the claims.
    Refused = "token_refused", Token, "the token was refused";
    /// The token is good but does not carry the scope that was asked for.
    InsufficientScope = "insufficient_scope", Token, "the token lacks a scope";
    /// The request carries no token.
    MissingToken = "missing_token", Token, "the request carries no token";
    /// The request's token cannot be told: there are several, or it is none by its letters.
    InvalidRequest = "invalid_request", Token, "the request is malformed";

    /// The key's bytes cannot be used: wrong length, off the curve, halves that do not fit.
    InvalidKey = "invalid_key", Caller, "the key cannot be used";
    /// The key is too short to be safe with its algorithm.
    WeakKey = "weak_key", Caller, "the key is too weak";
    /// The key is of another kind than the algorithm or the operation needs.
    KeyMismatch = "key_mismatch", Caller, "the key does not fit";
    /// The key's own `use`, `key_ops` or `alg` forbids this.
    KeyUse = "key_use", Caller, "the key is not meant for this";
    /// The key is well formed but of a type or curve that is not known here.
    UnsupportedKey = "unsupported_key", Caller, "the key is of a type that is not supported";
    /// No algorithm of that name is known here.
    UnsupportedAlgorithm = "unsupported_algorithm", Caller, "the algorithm is not supported";
    /// The operation needs a feature of this crate that is not compiled in; the message names it.
    MissingFeature = "missing_feature", Caller, "a feature of this crate is not enabled";
    /// The text is not the PEM or DER that was due.
    InvalidPem = "invalid_pem", Caller, "the PEM or DER cannot be read";
    /// The text is not a JWK or JWK Set.
    InvalidJwk = "invalid_jwk", Caller, "the JWK cannot be read";
    /// The claims cannot be written: not an object, or a registered claim set twice.
    InvalidClaims = "invalid_claims", Caller, "the claims cannot be written";
    /// The lifetime is negative, or longer than the format can carry.
    InvalidLifetime = "invalid_lifetime", Caller, "the lifetime cannot be written";
    /// A setting contradicts itself or another one.
    InvalidSetting = "invalid_setting", Caller, "a setting is not valid";
    /// The ring holds no key for this operation.
    NoKey = "no_key", Caller, "the ring has no key for this";
    /// The format names no issuer: anyone with the public key can mint its tokens.
    AnonymousIssuer = "anonymous_issuer", Caller, "the format names no issuer";

    /// Others than its owner may read or write the file that keys are kept in.
    ExposedKeyStore = "key_store_exposed", Caller, "others may know the key store";
    /// A secret is neither in the environment nor in a file, or is empty.
    MissingSecret = "missing_secret", Caller, "a secret is missing";
    /// A secret is not spelled as it should be, or is too long.
    InvalidSecret = "invalid_secret", Caller, "a secret cannot be read";

    /// The operating system gave no random bytes.
    Randomness = "no_randomness", Environment, "the system gave no random bytes";
    /// A signer failed, here or at its remote place.
    Signing = "signing_failed", Environment, "signing failed";
    /// A payload that is streamed could not be read to its end.
    Unreadable = "payload_unreadable", Environment, "the payload could not be read";
    /// A message could not be encrypted to a key.
    Encrypting = "encryption_failed", Environment, "encryption failed";
    /// The place that keys are kept in cannot be read or written.
    KeyStore = "key_store_failed", Environment, "the key store failed";
    /// What stands in the place that keys are kept in is not what was written there, or cannot be
    /// decrypted.
    DamagedKeyStore = "key_store_damaged", Environment, "the key store is damaged";
    /// An issuer's keys could not be fetched, and those that were are too old to be used.
    KeysUnavailable = "keys_unavailable", Environment, "the issuer's keys cannot be had";
    /// The store of revocations does not answer, or takes nothing more.
    RevocationUnknown = "revocation_unknown", Environment, "revocation cannot be asked or told";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// An error of this crate.
///
/// It holds a [`kind`](Self::kind) with a stable [`code`](Self::code), whose [`fault`](Self::fault)
/// it was, and a sentence that says what to do. It never holds token text, claim values or key
/// material, so it may be logged as it is. What a client may see is [`bearer`](Self::bearer).
///
/// ```
/// use symbolon::{ErrorKind, Fault, OctKey};
///
/// let error = OctKey::new(b"too short".to_vec())?.verifier(symbolon::HmacAlg::Hs256).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::WeakKey);
/// assert_eq!(error.code(), "weak_key");
/// assert_eq!(error.fault(), Fault::Caller);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{kind}{}", Detail(.detail.as_deref()))]
pub struct Error {
    kind: ErrorKind,
    detail: Option<Cow<'static, str>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

struct Detail<'a>(Option<&'a str>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An error of one's own, for a [`TokenCodec`](crate::TokenCodec), a signer or a check that one
    /// writes oneself. Put neither token text nor secrets into `detail`.
    ///
    /// ```
    /// use symbolon::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Refused, "the account is locked");
    /// assert_eq!(error.to_string(), "the token was refused: the account is locked");
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: Some(detail.into()), source: None }
    }

    /// The same with the error that caused it, for [`std::error::Error::source`].
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// A stable word for the kind, such as `token_expired`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Whose fault it was.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.kind.fault()
    }

    /// What was said beside the kind.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Whether the token was good but its time is over: the one refusal a client mends by itself.
    #[must_use]
    pub const fn is_expired(&self) -> bool {
        matches!(self.kind, ErrorKind::Expired)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, detail: None, source: None }
    }
}
