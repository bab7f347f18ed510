//! `GET /healthz`: that it runs.

pub(super) async fn show() -> &'static str {
    "ok"
}
