//! `POST /users/{name}/revoke`: ends all sessions of another user, for who may.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use symbolon::web::Bearer;

use crate::app::App;
use crate::gate::aside;
use crate::refusal::Refusal;
use crate::sessions::Access;

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    access: Bearer<Access>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    access.custom().scope.require(&["users:revoke"])?;
    let user = app.users.find(&name).ok_or_else(Refusal::nothing_here)?;
    tracing::warn!(by = access.registered().subject(), user = user.name, "all sessions revoked");
    let name = user.name.clone();
    aside(move || app.sessions.end_all(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}
