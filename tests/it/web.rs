//! The layer for tower, and the extractor for axum, in a router of axum's.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};
use symbolon::bearer::Scope;
use symbolon::web::{Authenticate, Bearer, BearerLayer};
use symbolon::{Cached, Error, ErrorKind, JwsCodec, NoCustom, Result, Tokens, Verified};
use time::{Duration, OffsetDateTime};
use tower::{Service, ServiceExt};

use crate::support::block_on;

#[derive(Debug, Serialize, Deserialize)]
struct Access {
    user: u64,
    #[serde(default)]
    scope: Scope,
}

fn codec() -> JwsCodec {
    JwsCodec::hs256(vec![7; 32]).unwrap()
}

fn tokens() -> Tokens<Access> {
    Tokens::builder(codec()).audience("api").build().unwrap()
}

fn token(user: u64, scope: &str) -> String {
    tokens().issue(&Access { user, scope: scope.into() }).unwrap()
}

async fn orders(access: Bearer<Access>) -> Result<String> {
    access.custom().scope.require(&["orders:read"])?;
    Ok(format!("orders of {}", access.custom().user))
}

async fn greeting(access: Option<Bearer<Access>>) -> String {
    access.map_or_else(|| "nobody".into(), |access| format!("user {}", access.custom().user))
}

fn app() -> Router {
    Router::new().route("/orders", get(orders)).route("/greeting", get(greeting))
}

struct Seen {
    status: StatusCode,
    challenge: Option<String>,
    text: String,
}

impl Seen {
    fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        if parts.status != StatusCode::OK {
            assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
            assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        }
        let challenge = parts.headers.get(header::WWW_AUTHENTICATE);
        let body = block_on(axum::body::to_bytes(body, 10_000)).unwrap();
        Self {
            status: parts.status,
            challenge: challenge.map(|value| value.to_str().unwrap().to_owned()),
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The stable word in the body of a refusal.
    fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(body["status"], self.status.as_u16());
        body["code"].as_str().unwrap().to_owned()
    }
}

fn ask(app: &Router, path: &str, headers: &[(header::HeaderName, &str)]) -> Seen {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    Seen::of(block_on(app.clone().oneshot(request)).unwrap())
}

fn bearing(token: &str) -> [(header::HeaderName, String); 1] {
    [(header::AUTHORIZATION, format!("Bearer {token}"))]
}

fn ask_with(app: &Router, path: &str, token: &str) -> Seen {
    let [(name, value)] = bearing(token);
    ask(app, path, &[(name, &value)])
}

/// Another signature: its last character stands for four bits, so that these two differ.
fn spoilt(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    format!("{rest}{}", if last == "A" { 'E' } else { 'A' })
}

#[test]
fn a_good_token_is_let_in_and_its_claims_reach_the_handler() {
    let app = app().layer(BearerLayer::new(tokens()));
    let seen = ask_with(&app, "/orders", &token(7, "orders:read"));
    assert_eq!((seen.status, &*seen.text), (StatusCode::OK, "orders of 7"));
    let seen = ask_with(&app, "/greeting", &token(8, ""));
    assert_eq!((seen.status, &*seen.text), (StatusCode::OK, "user 8"));
}

/// RFC 6750 §3 and §3.1.
#[test]
fn whatever_is_not_good_is_answered_as_the_rfc_says() {
    let app = app().layer(BearerLayer::new(tokens()).realm("the \"shop\"\n"));
    let good = token(7, "orders:read");
    let expired = Tokens::<Access>::builder(codec())
        .audience("api")
        .clock(symbolon::FixedClock::new(OffsetDateTime::now_utc() - Duration::days(1)))
        .build()
        .unwrap()
        .issue(&Access { user: 7, scope: Scope::default() })
        .unwrap();
    let realm = r#"Bearer realm="the \"shop\"""#;
    let cases: [(&str, &[String], u16, &str, String); 7] = [
        ("no token", &[], 401, "missing_token", realm.into()),
        ("another scheme", &["Basic eDp5".into()], 401, "missing_token", realm.into()),
        (
            "no letters of a token",
            &["Bearer a b".into()],
            400,
            "invalid_request",
            format!(r#"{realm}, error="invalid_request""#),
        ),
        (
            "two of them",
            &[format!("Bearer {good}"), format!("Bearer {good}")],
            400,
            "invalid_request",
            format!(r#"{realm}, error="invalid_request""#),
        ),
        (
            "noise",
            &["Bearer a.b.c".into()],
            401,
            "invalid_token",
            format!(r#"{realm}, error="invalid_token""#),
        ),
        (
            "one that has expired",
            &[format!("Bearer {expired}")],
            401,
            "token_expired",
            format!(r#"{realm}, error="invalid_token""#),
        ),
        (
            "one that is forged",
            &[format!("Bearer {}", spoilt(&good))],
            401,
            "invalid_token",
            format!(r#"{realm}, error="invalid_token""#),
        ),
    ];
    for (name, values, status, code, challenge) in cases {
        let headers: Vec<_> = values.iter().map(|value| (header::AUTHORIZATION, &**value)).collect();
        let seen = ask(&app, "/orders", &headers);
        assert_eq!((seen.status.as_u16(), &*seen.code()), (status, code), "{name}");
        assert_eq!(seen.challenge.as_deref(), Some(&*challenge), "{name}");
    }
    // What a handler refuses is answered by its error.
    let seen = ask_with(&app, "/orders", &token(7, "orders:write"));
    assert_eq!((seen.status.as_u16(), &*seen.code()), (403, "insufficient_scope"));
    assert_eq!(seen.challenge.as_deref(), Some(r#"Bearer error="insufficient_scope""#));
}

#[test]
fn a_cookie_is_taken_where_it_is_asked_for_and_no_header_is_there() {
    let app = app().layer(BearerLayer::new(tokens()).cookie("__Host-session"));
    let cookie = format!("theme=dark; __Host-session={}", token(7, ""));
    let greeting = |headers: &[(header::HeaderName, &str)]| ask(&app, "/greeting", headers);
    assert_eq!(greeting(&[(header::COOKIE, &cookie)]).text, "user 7");
    let [(name, value)] = bearing(&token(8, ""));
    assert_eq!(greeting(&[(header::COOKIE, &cookie), (name, &value)]).text, "user 8");
    // A header that is not good is not excused by a cookie that is.
    let both = [(header::COOKIE, &*cookie), (header::AUTHORIZATION, "Bearer a.b.c")];
    assert_eq!(greeting(&both).code(), "invalid_token");
    assert_eq!(greeting(&[(header::COOKIE, "theme=dark")]).code(), "missing_token");
    assert_eq!(greeting(&[(header::COOKIE, &format!("{cookie}; {cookie}"))]).code(), "invalid_request");

    let headers_only = self::app().layer(BearerLayer::new(tokens()));
    assert_eq!(ask(&headers_only, "/greeting", &[(header::COOKIE, &cookie)]).code(), "missing_token");
}

/// What a guard against forged requests has to know.
#[test]
fn tells_a_token_that_the_browser_sent_by_itself() {
    let where_from = async |access: Bearer<Access>| access.is_from_cookie().to_string();
    let app: Router = Router::new()
        .route("/", get(where_from))
        .layer(BearerLayer::<_, Access>::new(tokens()).cookie("session"));
    let cookie = format!("session={}", token(7, ""));
    let [(name, value)] = bearing(&token(8, ""));
    assert_eq!(ask(&app, "/", &[(header::COOKIE, &cookie)]).text, "true");
    assert_eq!(ask(&app, "/", &[(header::COOKIE, &cookie), (name, &value)]).text, "false");
    // Another scheme is no token: the cookie counts.
    let basic = [(header::COOKIE, &*cookie), (header::AUTHORIZATION, "Basic dTpw")];
    assert_eq!(ask(&app, "/", &basic).text, "true");
}

#[test]
fn only_the_lack_of_a_token_is_optional() {
    let app = app().layer(BearerLayer::new(tokens()).optional());
    assert_eq!(ask(&app, "/greeting", &[]).text, "nobody");
    assert_eq!(ask_with(&app, "/greeting", &token(7, "")).text, "user 7");
    assert_eq!(ask_with(&app, "/greeting", "a.b.c").code(), "invalid_token");
    // A handler that wants one still gets none.
    assert_eq!(ask(&app, "/orders", &[]).code(), "missing_token");
}

#[test]
fn a_handler_without_the_layer_stays_shut() {
    let good = token(7, "orders:read");
    for path in ["/orders", "/greeting"] {
        assert_eq!(ask_with(&app(), path, &good).code(), "server_error", "{path}");
        let of_another_type = app().layer(BearerLayer::new(
            Tokens::<NoCustom>::builder(codec()).audience("api").build().unwrap(),
        ));
        assert_eq!(ask_with(&of_another_type, path, &good).code(), "server_error", "{path}");
    }
}

#[test]
fn what_was_let_in_elsewhere_does_not_pass_for_a_token() {
    // An outer layer knows the user; the inner one asks for itself.
    let inner = app().layer(BearerLayer::new(tokens()).optional());
    let outer = Router::new().merge(inner).layer(BearerLayer::new(tokens()).cookie("session"));
    let cookie = format!("session={}", token(7, ""));
    assert_eq!(ask(&outer, "/greeting", &[(header::COOKIE, &cookie)]).text, "nobody");
}

#[test]
fn tokens_are_shared_cached_and_of_one_s_own_make() {
    let shared = Arc::new(tokens());
    let [one, other] = [(); 2].map(|()| app().layer(BearerLayer::new(Arc::clone(&shared))));
    assert_eq!(ask_with(&one, "/greeting", &token(7, "")).text, "user 7");
    assert_eq!(ask_with(&other, "/greeting", &token(8, "")).text, "user 8");

    let cached = app().layer(BearerLayer::new(Cached::new(tokens(), 100)));
    let again = token(9, "");
    for _ in 0..4 {
        assert_eq!(ask_with(&cached, "/greeting", &again).text, "user 9");
    }
    assert_eq!(ask_with(&cached, "/greeting", "a.b.c").code(), "invalid_token");

    struct Even(Tokens<Access>);
    impl Authenticate<Access> for Even {
        async fn authenticate(&self, token: &str) -> Result<Arc<Verified<Access>>> {
            let verified = self.0.verify(token)?;
            if verified.custom().user % 2 == 1 {
                return Err(Error::new(ErrorKind::InsufficientScope, "odd users have no business here"));
            }
            Ok(Arc::new(verified))
        }
    }
    let own = app().layer(BearerLayer::<Even, _>::new(Even(tokens())));
    assert_eq!(ask_with(&own, "/greeting", &token(8, "")).text, "user 8");
    assert_eq!(ask_with(&own, "/greeting", &token(9, "")).code(), "insufficient_scope");
}

/// Whatever the body's type, and without axum: a service of tower's.
#[test]
fn serves_any_service_of_tower() {
    let service = tower::service_fn(async |request: Request<u8>| {
        let access = request.extensions().get::<Bearer<Access>>().unwrap();
        Ok::<_, Error>(Response::new(format!("{} {}", access.custom().user, request.body())))
    });
    let layer = BearerLayer::<Tokens<Access>, Access>::new(tokens());
    let service = tower::Layer::layer(&layer, service);
    let answer = |value: &str| {
        let request = Request::get("/").header(header::AUTHORIZATION, value).body(3).unwrap();
        block_on(service.clone().oneshot(request)).unwrap().into_parts()
    };
    assert_eq!(answer(&format!("Bearer {}", token(7, ""))).1, "7 3");
    let (parts, body) = answer("Bearer a.b.c");
    assert_eq!((parts.status, body.contains("invalid_token")), (StatusCode::UNAUTHORIZED, true));
    let shown = format!("{layer:?}");
    assert!(shown.starts_with("BearerLayer"), "{shown}");
}

/// A service may be told to be ready once and called once for it.
#[test]
fn the_service_that_got_ready_is_the_one_that_is_called() {
    #[derive(Default)]
    struct ReadyOnce(bool);
    impl Clone for ReadyOnce {
        fn clone(&self) -> Self {
            Self(false)
        }
    }
    impl Service<Request<()>> for ReadyOnce {
        type Response = Response<String>;
        type Error = Error;
        type Future = std::future::Ready<Result<Response<String>>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<()>> {
            self.0 = true;
            std::task::Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            assert!(std::mem::take(&mut self.0), "it was not ready");
            std::future::ready(Ok(Response::default()))
        }
    }
    let layer = BearerLayer::<Tokens<Access>, Access>::new(tokens());
    let mut service = tower::Layer::layer(&layer, ReadyOnce::default());
    for _ in 0..3 {
        let [(name, value)] = bearing(&token(7, ""));
        let request = Request::get("/").header(name, value).body(()).unwrap();
        let response = block_on(async { service.ready().await?.call(request).await }).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[test]
fn an_extension_of_the_type_is_what_tower_services_read() {
    let app: Router = Router::new()
        .route(
            "/",
            get(async |Extension(access): Extension<Bearer<Access>>| access.custom().user.to_string()),
        )
        .layer(BearerLayer::new(tokens()));
    assert_eq!(ask_with(&app, "/", &token(7, "")).text, "7");
}
