//! `GET /me`: who one is.

use axum::Json;
use serde::Serialize;
use symbolon::bearer::Scope;
use symbolon::web::Bearer;

use crate::sessions::Access;

#[derive(Serialize)]
pub(super) struct Me {
    user: String,
    scope: Scope,
}

pub(super) async fn show(access: Bearer<Access>) -> Json<Me> {
    let user = access.registered().subject().unwrap_or_default().to_owned();
    Json(Me { user, scope: access.custom().scope.clone() })
}
