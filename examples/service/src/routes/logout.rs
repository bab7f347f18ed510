//! `POST /logout` ends this session, `POST /logout/everywhere` all of the user's.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use symbolon::web::Bearer;
use symbolon::{Error, ErrorKind};

use crate::app::App;
use crate::gate::aside;
use crate::refusal::Refusal;
use crate::sessions::Access;
use crate::{cookie, csrf};

/// Also where the tokens are good no longer: whoever wants to leave is let go.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    aside(move || {
        let refresh = cookie::token(&headers, cookie::REFRESH).ok();
        let access = cookie::token(&headers, cookie::ACCESS).ok();
        if let Some(due) = app.sessions.due(refresh, access)? {
            csrf::demand(&headers, &due)?;
            app.sessions.end(refresh, access)?;
        }
        Ok::<_, Refusal>(())
    })
    .await?;
    Ok((StatusCode::NO_CONTENT, cookie::forget()?))
}

pub(super) async fn everywhere(
    State(app): State<Arc<App>>,
    access: Bearer<Access>,
) -> Result<impl IntoResponse, Refusal> {
    let user = access.registered().subject().ok_or_else(|| Error::from(ErrorKind::MissingClaim))?;
    let user = user.to_owned();
    aside(move || app.sessions.end_all(&user)).await?;
    Ok((StatusCode::NO_CONTENT, cookie::forget()?))
}
