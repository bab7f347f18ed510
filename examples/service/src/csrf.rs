//! Requests that change something come from our own page. Browsers send cookies along whoever asked for
//! the request, so two things are asked besides: what the browser says of the page, and a value that
//! only our page can read. `SameSite=Strict` is the third guard, and none of the three is the only one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;
use symbolon::web::Bearer;
use symbolon::{Error, ErrorKind};

use crate::app::App;
use crate::refusal::Refusal;
use crate::sessions::Access;

/// Where the page sends back what it read in the cookie.
pub const HEADER: &str = "x-csrf-token";

/// Refuses what another site's page asks for, of any route. What says neither `Sec-Fetch-Site` nor
/// `Origin` is no browser's, and brings no cookies that it was not given.
///
/// # Errors
/// 403 `forged_request`.
pub async fn only_own_pages(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if !request.method().is_safe() {
        let all = |name: header::HeaderName, good: &str| {
            request.headers().get_all(name).iter().all(|value| value.as_bytes() == good.as_bytes())
        };
        let site = header::HeaderName::from_static("sec-fetch-site");
        if !all(site, "same-origin") || !all(header::ORIGIN, app.origin.as_str()) {
            return Err(Refusal::forged());
        }
    }
    Ok(next.run(request).await)
}

/// Demands the session's value where the access token came in a cookie: behind the layer that let it in.
///
/// # Errors
/// 403 `forged_request`.
pub async fn demanded(request: Request, next: Next) -> Result<Response, Refusal> {
    if !request.method().is_safe() {
        let access = request.extensions().get::<Bearer<Access>>();
        let access = access.ok_or_else(|| Error::from(ErrorKind::InvalidSetting))?;
        if access.is_from_cookie() {
            demand(request.headers(), &access.custom().csrf)?;
        }
    }
    Ok(next.run(request).await)
}

/// Demands that the header says what the session's token does.
///
/// # Errors
/// 403 `forged_request`.
pub fn demand(headers: &HeaderMap, due: &str) -> Result<(), Refusal> {
    let mut values = headers.get_all(HEADER).iter();
    let is_good = match (values.next(), values.next()) {
        (Some(value), None) => bool::from(value.as_bytes().ct_eq(due.as_bytes())),
        _ => false,
    };
    if is_good { Ok(()) } else { Err(Refusal::forged()) }
}
