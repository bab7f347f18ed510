//! `POST /login`: a name and a password for a session.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::address::ClientAddress;
use crate::app::App;
use crate::cookie;
use crate::password::{Busy, Password};
use crate::refusal::Refusal;
use crate::sessions::Sessions;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    user: String,
    password: Password,
}

/// What a page has to know of its session.
#[derive(Serialize)]
pub(super) struct Begun {
    /// In seconds; then `/refresh`.
    expires_in: i64,
}

impl Begun {
    pub(super) const fn of(sessions: &Sessions) -> Json<Self> {
        Json(Self { expires_in: sessions.lifetimes().access.whole_seconds() })
    }
}

pub(super) async fn login(
    State(app): State<Arc<App>>,
    address: ClientAddress,
    // JSON alone: a form of another site's page cannot send it.
    body: Result<Json<Login>, JsonRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let now = app.clock.now();
    app.by_address.take(address, now).map_err(|wait| Refusal::too_often("address", wait))?;
    let Json(Login { user, password }) = body.map_err(|rejection| Refusal::body(rejection.status()))?;
    // Taken first and given back if it was right: of many at once no more are judged than may fail.
    app.by_user.take(&user, now).map_err(|wait| Refusal::too_often("user", wait))?;
    let known = app.users.find(&user);
    let judged = app.passwords.verify(password, known.map(|user| &**user)).await;
    if !matches!(judged, Ok(false)) {
        app.by_user.give_back(&user);
    }
    let is_right = judged.map_err(|Busy| Refusal::busy())?;
    let Some(known) = known.filter(|_| is_right) else {
        // Not the name: it may be a password that was typed one field too early.
        tracing::info!(address = %address.0, known = known.is_some(), "log-in refused");
        return Err(Refusal::wrong_password());
    };
    let session = app.sessions.begin(&known.name, known.scope.clone())?;
    tracing::info!(address = %address.0, user = known.name, "logged in");
    metrics::counter!("service_logins_total", "outcome" => "right").increment(1);
    Ok((cookie::keep(&session, &app.sessions)?, Begun::of(&app.sessions)))
}
