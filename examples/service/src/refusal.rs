//! What is answered where a request is refused: status, and a problem (RFC 9457) with a stable code.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use symbolon::{BearerAnswer, Error, Fault};

/// A refusal, of the token's or of our own.
pub struct Refusal(Box<Response>);

impl Refusal {
    fn new(status: StatusCode, code: &str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        let body = format!(r#"{{"title":"{title}","status":{},"code":"{code}"}}"#, status.as_u16());
        let headers =
            [(header::CONTENT_TYPE, BearerAnswer::CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
        Self(Box::new((status, headers, body).into_response()))
    }

    fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers_mut().insert(name, value.into());
        self
    }

    /// The name or the password is wrong; which one is nobody's business.
    pub fn wrong_password() -> Self {
        metrics::counter!("service_logins_total", "outcome" => "wrong").increment(1);
        Self::new(StatusCode::UNAUTHORIZED, "wrong_password")
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// Too often; there is a try again after so many seconds.
    pub fn too_often(by: &'static str, seconds: u64) -> Self {
        metrics::counter!("service_rate_limited_total", "by" => by).increment(1);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests").with(header::RETRY_AFTER, seconds)
    }

    /// Another site's page may have asked for it.
    pub fn forged() -> Self {
        metrics::counter!("service_forged_total").increment(1);
        Self::new(StatusCode::FORBIDDEN, "forged_request")
    }

    /// Too much to do.
    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy").with(header::RETRY_AFTER, 2_u64)
    }

    /// The body is not what is due; its own text is not repeated.
    pub fn body(status: StatusCode) -> Self {
        Self::new(status, "invalid_body")
    }

    pub fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    pub fn other_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    }

    /// A mistake of ours.
    pub fn ours() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
    }
}

/// [`Error::bearer`]; the log learns of what is our own business.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.fault() {
            Fault::Token => tracing::info!(code = error.code(), "refused"),
            _ => tracing::error!(code = error.code(), %error, "failed"),
        }
        Self(Box::new(error.into_response()))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}
