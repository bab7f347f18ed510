//! Bearer tokens in services on tower and axum: a layer that lets nobody in without a good token, an
//! extractor that gives handlers its claims, and the answers of RFC 6750.
//!
//! ```
//! # #[cfg(feature = "axum")] fn service() -> Result<(), symbolon::Error> {
//! use axum::{Router, routing::get};
//! use serde::{Deserialize, Serialize};
//! use symbolon::bearer::Scope;
//! use symbolon::web::{Bearer, BearerLayer};
//! use symbolon::{Error, JwsCodec, Tokens};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Access { user: u64, scope: Scope }
//!
//! async fn orders(access: Bearer<Access>) -> Result<String, Error> {
//!     access.custom().scope.require(&["orders:read"])?; // else 403 insufficient_scope
//!     Ok(format!("the orders of {}", access.custom().user))
//! }
//!
//! let tokens = Tokens::<Access>::builder(JwsCodec::hs256(vec![7; 32])?).audience("api").build()?;
//! let app: Router = Router::new()
//!     .route("/orders", get(orders))
//!     .layer(BearerLayer::new(tokens).realm("shop")); // else 401, with the challenge that is due
//! # let _ = app;
//! # Ok(()) }
//! ```

mod authenticate;
#[cfg(feature = "axum")]
mod axum;
mod layer;

pub use authenticate::Authenticate;
pub use layer::{Bearer, BearerLayer, BearerService};

use http::{HeaderValue, Response, StatusCode, header};

use crate::error::BearerAnswer;

impl BearerAnswer {
    /// The answer as an HTTP response: status, challenge and body, not to be cached.
    ///
    /// ```
    /// use symbolon::{Error, ErrorKind};
    ///
    /// let response: http::Response<String> = Error::from(ErrorKind::Expired).bearer().into_response();
    /// assert_eq!(response.status(), 401);
    /// assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
    /// ```
    pub fn into_response<B: From<&'static str>>(self) -> Response<B> {
        self.response(self.www_authenticate().map(HeaderValue::from_static))
    }

    /// The same with the realm in its challenge.
    fn into_response_in<B: From<&'static str>>(self, realm: Option<&str>) -> Response<B> {
        let challenge = realm.and_then(|_| self.challenge(realm, None));
        // What cannot stand in a header was left out of the challenge.
        match challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            Some(challenge) => self.response(Some(challenge)),
            None => self.into_response(),
        }
    }

    fn response<B: From<&'static str>>(self, challenge: Option<HeaderValue>) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Self::CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
