//! The layer in front of a service.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use super::Authenticate;
use crate::bearer;
use crate::codec::Verified;
use crate::error::{ErrorKind, Result};

/// What the token of a request says, once a [`BearerLayer`] has let it in: among the request's
/// extensions, and with the feature `axum` an extractor.
pub struct Bearer<C> {
    verified: Arc<Verified<C>>,
    from_cookie: bool,
}

impl<C> Bearer<C> {
    /// Whether the token came in a [cookie](BearerLayer::cookie), which a browser sends along by
    /// itself: what changes something has to ask then whether another site's page forged the request.
    #[must_use]
    pub const fn is_from_cookie(&self) -> bool {
        self.from_cookie
    }
}

impl<C> Deref for Bearer<C> {
    type Target = Verified<C>;

    fn deref(&self) -> &Verified<C> {
        &self.verified
    }
}

impl<C> Clone for Bearer<C> {
    fn clone(&self) -> Self {
        Self { verified: Arc::clone(&self.verified), from_cookie: self.from_cookie }
    }
}

impl<C: fmt::Debug> fmt::Debug for Bearer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("verified", &self.verified)
            .field("from_cookie", &self.from_cookie)
            .finish()
    }
}

/// Among the extensions of a request that brought no token, and needs none.
pub(super) struct NoToken<C>(PhantomData<fn() -> C>);

impl<C> Clone for NoToken<C> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

/// Lets requests in that bring a good bearer token, and answers the others as RFC 6750 §3 says.
///
/// The token stands in the `Authorization` header, or where [`cookie`](Self::cookie) says so. What it
/// says goes on with the request as [`Bearer<C>`](Bearer); one that was there before is taken out.
///
/// ```
/// use symbolon::web::BearerLayer;
/// use symbolon::{JwsCodec, NoCustom, Tokens};
///
/// let tokens = Tokens::<NoCustom>::builder(JwsCodec::hs256(vec![7; 32])?).audience("api").build()?;
/// let layer = BearerLayer::new(tokens).realm("shop");
/// # fn is_layer<L: tower_layer::Layer<()>>(_: L) {}
/// # is_layer::<BearerLayer<_, NoCustom>>(layer);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct BearerLayer<A, C> {
    gate: Arc<Gate<A>>,
    claims: PhantomData<fn() -> C>,
}

struct Gate<A> {
    authenticate: Arc<A>,
    cookie: Option<String>,
    realm: Option<String>,
    /// Whether requests without a token pass.
    optional: bool,
}

impl<A, C> BearerLayer<A, C> {
    /// Asks `authenticate` ([`Tokens`](crate::Tokens), [`Cached`](crate::Cached),
    /// [`Issuers`](crate::Issuers), or an `Arc` of one) of every token.
    #[must_use]
    pub fn new(authenticate: A) -> Self {
        let authenticate = Arc::new(authenticate);
        let gate = Gate { authenticate, cookie: None, realm: None, optional: false };
        Self { gate: Arc::new(gate), claims: PhantomData }
    }

    /// Takes the token of this cookie where there is no `Authorization` header. Browsers send cookies
    /// along by themselves: what changes something needs a guard against forged requests besides, where
    /// [`Bearer::is_from_cookie`] says so.
    #[must_use]
    pub fn cookie(self, name: impl Into<String>) -> Self {
        self.with(|gate| gate.cookie = Some(name.into()))
    }

    /// Names what is protected in the challenge of a refusal.
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.with(|gate| gate.realm = Some(realm.into()))
    }

    /// Lets requests without any token pass, which then bring no [`Bearer`]. A token that is not good
    /// is refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.with(|gate| gate.optional = true)
    }

    fn with(self, change: impl FnOnce(&mut Gate<A>)) -> Self {
        let Gate { authenticate, cookie, realm, optional } = &*self.gate;
        let mut gate = Gate {
            authenticate: Arc::clone(authenticate),
            cookie: cookie.clone(),
            realm: realm.clone(),
            optional: *optional,
        };
        change(&mut gate);
        Self { gate: Arc::new(gate), claims: PhantomData }
    }
}

impl<A, C> Clone for BearerLayer<A, C> {
    fn clone(&self) -> Self {
        Self { gate: Arc::clone(&self.gate), claims: PhantomData }
    }
}

impl<A, C> fmt::Debug for BearerLayer<A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerLayer")
            .field("cookie", &self.gate.cookie)
            .field("realm", &self.gate.realm)
            .field("optional", &self.gate.optional)
            .finish_non_exhaustive()
    }
}

impl<S, A, C> Layer<S> for BearerLayer<A, C> {
    type Service = BearerService<S, A, C>;

    fn layer(&self, inner: S) -> Self::Service {
        BearerService { inner, layer: self.clone() }
    }
}

/// A service behind a [`BearerLayer`].
pub struct BearerService<S, A, C> {
    inner: S,
    layer: BearerLayer<A, C>,
}

impl<S: Clone, A, C> Clone for BearerService<S, A, C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, A, C> fmt::Debug for BearerService<S, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerService").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}

impl<S, A, C, I, O> Service<Request<I>> for BearerService<S, A, C>
where
    S: Service<Request<I>, Response = Response<O>> + Clone + Send + 'static,
    S::Future: Send,
    A: Authenticate<C> + 'static,
    C: Send + Sync + 'static,
    I: Send + 'static,
    O: From<&'static str>,
{
    type Response = Response<O>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<O>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<I>) -> Self::Future {
        let gate = Arc::clone(&self.layer.gate);
        // The one that is ready goes along; its clone gets ready for the next request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let bearer = match gate.token(request.headers()) {
                Ok(None) => Ok(None),
                Ok(Some((token, from_cookie))) => {
                    let verified = gate.authenticate.authenticate(token).await;
                    verified.map(|verified| Some(Bearer { verified, from_cookie }))
                }
                Err(error) => Err(error),
            };
            request.extensions_mut().remove::<Bearer<C>>();
            match bearer {
                Ok(Some(bearer)) => {
                    request.extensions_mut().insert(bearer);
                }
                Ok(None) => {
                    request.extensions_mut().insert(NoToken::<C>(PhantomData));
                }
                Err(error) => return Ok(error.bearer().into_response_in(gate.realm.as_deref())),
            }
            inner.call(request).await
        })
    }
}

impl<A> Gate<A> {
    /// The request's token, where it has one, and whether it came in a cookie; none only where it
    /// needs none.
    fn token<'h>(&self, headers: &'h HeaderMap) -> Result<Option<(&'h str, bool)>> {
        let mut from_cookie = false;
        let found = match bearer::from_authorization(headers.get_all(header::AUTHORIZATION)) {
            Err(error) if error.kind() == ErrorKind::MissingToken => match &self.cookie {
                Some(name) => {
                    from_cookie = true;
                    bearer::from_cookie(headers.get_all(header::COOKIE), name)
                }
                None => Err(error),
            },
            found => found,
        };
        match found {
            Err(error) if self.optional && error.kind() == ErrorKind::MissingToken => Ok(None),
            found => found.map(|token| Some((token, from_cookie))),
        }
    }
}
