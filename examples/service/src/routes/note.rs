//! `GET /note` and `PUT /note`: the user's own note.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::http::StatusCode;
use symbolon::Error;
use symbolon::web::Bearer;

use crate::app::App;
use crate::notes::MAX_LEN;
use crate::refusal::Refusal;
use crate::sessions::Access;

pub(super) async fn read(State(app): State<Arc<App>>, access: Bearer<Access>) -> Result<String, Error> {
    access.custom().scope.require(&["note:read"])?;
    Ok(app.notes.read(access.registered().subject().unwrap_or_default()))
}

pub(super) async fn write(
    State(app): State<Arc<App>>,
    access: Bearer<Access>,
    note: Result<String, StringRejection>,
) -> Result<StatusCode, Refusal> {
    access.custom().scope.require(&["note:write"])?;
    let note = note.map_err(|rejection| Refusal::body(rejection.status()))?;
    if note.len() > MAX_LEN {
        return Err(Refusal::body(StatusCode::PAYLOAD_TOO_LARGE));
    }
    app.notes.write(access.registered().subject().unwrap_or_default(), note);
    Ok(StatusCode::NO_CONTENT)
}
