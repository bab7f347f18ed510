//! What a layer asks whether a token is good.

use std::future::Future;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::codec::{Cached, Issuers, Tokens, Verified};
use crate::error::Result;
use crate::keys::FetchAsync;

/// Tells whether a token is good, and what it says: [`Tokens`], [`Cached`], [`Issuers`] with an
/// asynchronous client, or a type of one's own that asks more than they do.
///
/// ```
/// use std::sync::Arc;
/// use symbolon::web::Authenticate;
/// use symbolon::{NoCustom, Result, Tokens, Verified};
///
/// struct InMaintenance(Tokens<NoCustom>);
///
/// impl Authenticate<NoCustom> for InMaintenance {
///     async fn authenticate(&self, token: &str) -> Result<Arc<Verified<NoCustom>>> {
///         let verified = self.0.verify(token)?;
///         match verified.registered().subject() {
///             Some("admin") => Ok(Arc::new(verified)),
///             _ => Err(symbolon::ErrorKind::InsufficientScope.into()),
///         }
///     }
/// }
/// ```
pub trait Authenticate<C>: Send + Sync {
    /// What `token` says, if it is authentic and accepted.
    ///
    /// # Errors
    /// Whatever is to be answered by [`Error::bearer`](crate::Error::bearer).
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Arc<Verified<C>>>> + Send;
}

/// In place: a signature takes microseconds. Codecs that fetch keys block meanwhile; for those there
/// are [`Issuers`].
impl<C: DeserializeOwned + Send + Sync> Authenticate<C> for Tokens<C> {
    async fn authenticate(&self, token: &str) -> Result<Arc<Verified<C>>> {
        self.verify(token).map(Arc::new)
    }
}

impl<C: DeserializeOwned + Send + Sync> Authenticate<C> for Cached<C> {
    async fn authenticate(&self, token: &str) -> Result<Arc<Verified<C>>> {
        self.verify(token)
    }
}

impl<C: DeserializeOwned + Send + Sync, F: FetchAsync> Authenticate<C> for Issuers<F> {
    async fn authenticate(&self, token: &str) -> Result<Arc<Verified<C>>> {
        self.verify_async(token).await.map(Arc::new)
    }
}

impl<C, A: Authenticate<C> + ?Sized> Authenticate<C> for Arc<A> {
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Arc<Verified<C>>>> + Send {
        (**self).authenticate(token)
    }
}
