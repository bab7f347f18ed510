//! `GET /.well-known/jwks.json`: the keys by which other services verify access tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::App;
use crate::refusal::Refusal;

pub(super) async fn publish(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Refusal> {
    let (set, max_age) = app.keys.published()?;
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json".to_owned()),
        (header::CACHE_CONTROL, format!("public, max-age={max_age}")),
    ];
    Ok((headers, set))
}
