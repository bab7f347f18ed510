//! Extractor and answers for axum.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::Bearer;
use super::layer::NoToken;
use crate::error::{BearerAnswer, Error, ErrorKind};

/// What the request's token says. Where no [`BearerLayer`](super::BearerLayer) with claims of this
/// type stands in front of the handler, the answer is 500: a route that was forgotten stays shut. Where
/// that layer is optional, and the request brought no token, it is 401.
impl<C: Send + Sync + 'static, S: Sync> FromRequestParts<S> for Bearer<C> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let found = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        found.ok_or_else(|| ErrorKind::MissingToken.into())
    }
}

/// None where the request brought no token, and the layer is optional.
impl<C: Send + Sync + 'static, S: Sync> OptionalFromRequestParts<S> for Bearer<C> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        let found = parts.extensions.get::<Self>();
        if found.is_none() && parts.extensions.get::<NoToken<C>>().is_none() {
            let why = "no BearerLayer with claims of this type stands in front of the handler";
            return Err(Error::new(ErrorKind::InvalidSetting, why));
        }
        Ok(found.cloned())
    }
}

/// [`Error::bearer`], so that handlers can use `?`.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.bearer().into_response()
    }
}

impl IntoResponse for BearerAnswer {
    fn into_response(self) -> Response {
        Self::into_response::<Body>(self)
    }
}
