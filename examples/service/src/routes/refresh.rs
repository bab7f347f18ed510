//! `POST /refresh`: the next tokens of a session.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;

use super::login::Begun;
use crate::app::App;
use crate::gate::aside;
use crate::refusal::Refusal;
use crate::{cookie, csrf};

pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    let renewing = Arc::clone(&app);
    let renewed = aside(move || {
        let token = cookie::token(&headers, cookie::REFRESH)?;
        // Asked before the token is exchanged: a forged request must not cost the session.
        let allowed = |kept: &crate::sessions::Kept| csrf::demand(&headers, &kept.csrf);
        let rights = |user: &str| renewing.users.find(user).map(|user| user.scope.clone());
        renewing.sessions.renew(token, allowed, rights)
    });
    let renewed = renewed.await;
    let outcome = if renewed.is_ok() { "renewed" } else { "refused" };
    metrics::counter!("service_refreshes_total", "outcome" => outcome).increment(1);
    Ok((cookie::keep(&renewed?, &app.sessions)?, Begun::of(&app.sessions)))
}
