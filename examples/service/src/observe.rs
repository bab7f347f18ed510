//! Each request, told to the log and counted: its route and status, never its headers or its path.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    // Of routes and methods there are so many; of paths there are as many as anyone likes.
    let route =
        request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
    let response = answered.unwrap_or_else(|_| Refusal::busy().into_response());
    let (status, seconds) = (response.status().as_u16(), began.elapsed().as_secs_f64());
    tracing::info!(method, route, status, seconds, "request");
    metrics::counter!(
        "http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(seconds);
    response
}
