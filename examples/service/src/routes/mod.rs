//! What the service answers: its routes, and what stands in front of them.

mod health;
mod jwks;
mod login;
mod logout;
mod me;
mod metrics;
mod note;
mod refresh;
mod revoke;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use symbolon::web::BearerLayer;

use crate::app::App;
use crate::gate::Gate;
use crate::observe::observe;
use crate::refusal::Refusal;
use crate::sessions::Access;
use crate::{cookie, csrf};

/// The largest body: nothing that is asked for is long.
const MAX_BODY: usize = 4096;

pub fn public(app: Arc<App>) -> Router {
    let gate = Gate::new(Arc::clone(app.sessions.access()), app.asks_network);
    let guarded = Router::new()
        .route("/me", get(me::show))
        .route("/note", get(note::read).put(note::write))
        .route("/logout/everywhere", post(logout::everywhere))
        .route("/users/{name}/revoke", post(revoke::revoke))
        .layer(from_fn(csrf::demanded))
        .layer(BearerLayer::<_, Access>::new(gate).cookie(cookie::ACCESS).realm("service"));
    Router::new()
        .route("/login", post(login::login))
        .route("/refresh", post(refresh::refresh))
        .route("/logout", post(logout::logout))
        .route("/.well-known/jwks.json", get(jwks::publish))
        .route("/healthz", get(health::show))
        .merge(guarded)
        .fallback(async || Refusal::nothing_here())
        .method_not_allowed_fallback(async || Refusal::other_method())
        // What stands further down is asked first.
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(&app), csrf::only_own_pages))
        .layer(map_response(private))
        .layer(from_fn(observe))
        .with_state(app)
}

/// For those who run the service, on an address of its own.
pub fn internal(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(metrics::show)).with_state(handle)
}

/// Answers are nobody else's, but for those that say so themselves.
async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
