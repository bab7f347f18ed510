//! Tokens of several issuers, each with keys and a policy of its own.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::token::utf8;
use super::{JwksCodec, Token, TokenCodecExt, Verified};
use crate::error::{ErrorKind, Result};
use crate::jws::Unverified;
use crate::jwt::{Validator, read_registered};
use crate::keys::{Fetch, FetchAsync, JwksSource};
use crate::signal::{Deed, Signal};

/// The issuers that are trusted here, by the name that stands in a token's `iss`.
///
/// What an unverified token says of its issuer picks one of those that were configured, and nothing
/// else: its keys alone are tried, and its validator demands that very issuer of the verified token.
///
/// ```
/// use symbolon::{Fetch, Issuers, JwksSource, NoCustom, Validator, Verified};
///
/// fn issuers<F: Fetch>(client: F) -> Result<Issuers<F>, symbolon::Error> {
///     let policy = Validator::new().audience("api").require("sub");
///     let ours = JwksSource::discover("https://id.example").build()?;
///     let theirs = JwksSource::at("https://partner.example/keys").build()?;
///     Ok(Issuers::new(client)
///         .trust("https://id.example", ours, policy.clone())
///         .trust("https://partner.example", theirs, policy.typ("at+jwt")))
/// }
///
/// fn verify<F: Fetch + 'static>(
///     issuers: &Issuers<F>,
///     token: &str,
/// ) -> Result<Verified<NoCustom>, symbolon::Error> {
///     issuers.verify(token)
/// }
/// # let _ = verify::<std::sync::Arc<dyn Fetch>>;
/// ```
pub struct Issuers<F> {
    fetch: Arc<F>,
    trusted: HashMap<String, Trusted<F>>,
}

impl<F> Issuers<F> {
    /// No issuer yet; the keys of those to come are fetched by `fetch`.
    #[must_use]
    pub fn new(fetch: F) -> Self {
        Self { fetch: Arc::new(fetch), trusted: HashMap::new() }
    }

    /// Trusts tokens of `issuer` that are by the keys of `source` and that `validator` accepts, which
    /// is made to demand the issuer. One that was trusted already is trusted in this way from now on.
    #[must_use]
    pub fn trust(mut self, issuer: impl Into<String>, source: JwksSource, validator: Validator) -> Self {
        let issuer = issuer.into();
        let validator = validator.only_issuer(issuer.clone());
        let codec = JwksCodec::new(source, Arc::clone(&self.fetch));
        self.trusted.insert(issuer.clone(), Trusted { issuer, codec, validator });
        self
    }

    /// The keys of `issuer`, if it is trusted.
    #[must_use]
    pub fn source(&self, issuer: &str) -> Option<&JwksSource> {
        self.trusted.get(issuer).map(|trusted| trusted.codec.source())
    }

    fn pick(&self, token: &str) -> Result<&Trusted<F>> {
        let unverified = Unverified::peek(token)?;
        let claimed = read_registered(utf8(unverified.payload_unverified())?)?;
        let issuer = claimed.issuer().ok_or(ErrorKind::WrongIssuer)?;
        self.trusted.get(issuer).ok_or_else(|| ErrorKind::WrongIssuer.into())
    }
}

/// One that was configured.
struct Trusted<F> {
    issuer: String,
    codec: JwksCodec<F>,
    validator: Validator,
}

impl<F> Trusted<F> {
    fn accept<C: DeserializeOwned>(&self, token: Token<C>, signal: &mut Signal) -> Result<Verified<C>> {
        signal.of(token.envelope().format().name(), token.envelope().kid());
        token.validate(&self.validator)
    }
}

impl<F: Fetch + 'static> Issuers<F> {
    /// What `token` says, if it is authentic and its issuer's policy accepts it.
    ///
    /// # Errors
    /// [`WrongIssuer`](ErrorKind::WrongIssuer) where it names none that is trusted;
    /// [`KeysUnavailable`](ErrorKind::KeysUnavailable) where that one's keys cannot be had; else a
    /// token fault of any kind.
    pub fn verify<C: DeserializeOwned>(&self, token: &str) -> Result<Verified<C>> {
        let trusted = self.pick(token);
        // A name that nobody configured is the sender's, and told nobody.
        let issuer = trusted.as_ref().ok().map(|trusted| trusted.issuer.as_str());
        let mut signal = Signal::begin(Deed::Verify, issuer);
        let verified = signal.within(|signal| {
            let trusted = trusted?;
            trusted.accept(trusted.codec.decode(token)?, signal)
        });
        signal.end(verified.as_ref().err());
        verified
    }
}

impl<F: FetchAsync> Issuers<F> {
    /// The same, awaited.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_async<C: DeserializeOwned>(&self, token: &str) -> Result<Verified<C>> {
        let trusted = self.pick(token);
        let issuer = trusted.as_ref().ok().map(|trusted| trusted.issuer.as_str());
        let mut signal = Signal::begin(Deed::Verify, issuer);
        let verified = match trusted {
            Ok(trusted) => match signal.around(trusted.codec.decode_async(token)).await {
                Ok(token) => signal.within(|signal| trusted.accept(token, signal)),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        signal.end(verified.as_ref().err());
        verified
    }
}

impl<F> fmt::Debug for Issuers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuers")
            .field("trusted", &self.trusted.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
