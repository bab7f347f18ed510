//! Bearer tokens in HTTP requests: RFC 6750 §2 and §3, RFC 6265 §4.2.

use serde_json::{Value, json};
use symbolon::bearer::{Scope, from_authorization, from_cookie};
use symbolon::{Error, ErrorKind, JwsCodec, Tokens};

use crate::support::{count, hs256};

type Judged<'t> = Result<&'t str, ErrorKind>;

fn judged(result: Result<&str, Error>) -> Judged<'_> {
    result.map_err(|error| error.kind())
}

#[test]
fn takes_the_token_of_one_authorization_header() {
    let bad = Err(ErrorKind::InvalidRequest);
    let none = Err(ErrorKind::MissingToken);
    let cases: &[(&[&str], Judged<'_>)] = &[
        // RFC 6750 §2.1
        (&["Bearer mF_9.B5f-4.1JqM"], Ok("mF_9.B5f-4.1JqM")),
        (&["bearer a.b.c"], Ok("a.b.c")),
        (&["BEARER a"], Ok("a")),
        (&["  Bearer   a~+/-._==  "], Ok("a~+/-._==")),
        (&[], none),
        (&[""], none),
        (&["Basic dXNlcjpwYXNz"], none),
        (&["Bearera.b.c"], none),
        (&["a.b.c"], none),
        (&["Bearer"], bad),
        (&["Bearer "], bad),
        (&["Bearer a b"], bad),
        (&["Bearer a,b"], bad),
        (&["Bearer \"a\""], bad),
        (&["Bearer a\tb"], bad),
        (&["Bearer a\r\nX: b"], bad),
        (&["Bearer ä"], bad),
        (&["Bearer ="], bad),
        (&["Bearer a=b"], bad),
        (&["Bearer a", "Bearer a"], bad),
        (&["Bearer a", "Basic b"], bad),
        (&["Basic b", "Bearer a"], bad),
    ];
    count("authorization headers", cases, |(headers, due)| {
        let found = judged(from_authorization(headers.iter().copied()));
        if found == *due { Ok(()) } else { Err(format!("{headers:?}: {found:?}")) }
    });
    assert_eq!(judged(from_authorization([&b"Bearer \xff"[..]])), bad);
}

#[test]
fn takes_the_token_of_one_cookie() {
    let bad = Err(ErrorKind::InvalidRequest);
    let none = Err(ErrorKind::MissingToken);
    let cases: &[(&[&str], Judged<'_>)] = &[
        (&["s=a.b.c"], Ok("a.b.c")),
        (&["x=1; s=a.b.c; y=2"], Ok("a.b.c")),
        (&["x=1;s=a==;y"], Ok("a==")),
        (&["x=1", "s=a"], Ok("a")),
        (&["s=\"a.b.c\""], Ok("a.b.c")),
        (&[], none),
        (&[""], none),
        (&["S=a"], none),
        (&["ss=a; xs=b"], none),
        (&["s"], none),
        (&["s="], none),
        (&["s=\"\""], none),
        (&["s=a; s=b"], bad),
        (&["s=a; s=a"], bad),
        (&["s=a", "s=b"], bad),
        (&["s=; s=a"], bad),
        (&["s=a b"], bad),
        (&["s=\"a"], bad),
        (&["s=a\"; x=\""], bad),
        (&["s=a%3D"], bad),
        (&["s=ä"], bad),
    ];
    count("cookie headers", cases, |(headers, due)| {
        let found = judged(from_cookie(headers.iter().copied(), "s"));
        if found == *due { Ok(()) } else { Err(format!("{headers:?}: {found:?}")) }
    });
    // A name that is none is nobody's.
    assert_eq!(judged(from_cookie(["=a; ;"], "s")), none);
}

#[test]
fn errors_hold_nothing_of_the_request() {
    for error in [
        from_authorization(["Bearer S3CRET!"]).unwrap_err(),
        from_authorization(["Bearer S3CRET", "Bearer S3CRET"]).unwrap_err(),
        from_cookie(["s=S3CRET!"], "s").unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?}").contains("S3CRET"), "{error:?}");
    }
}

#[test]
fn scopes_are_whole_words() {
    let read = |json: Value| serde_json::from_value::<Scope>(json);
    for scope in [
        Scope::from("read write"),
        Scope::from(" read  write "),
        ["read", "write"].into_iter().collect(),
        read(json!("read write")).unwrap(),
        read(json!(["read", "write"])).unwrap(),
    ] {
        assert_eq!(scope.iter().collect::<Vec<_>>(), ["read", "write"]);
        assert!(scope.contains("read") && scope.contains("write"));
        for other in ["rea", "read write", "READ", "", " ", "adread"] {
            assert!(!scope.contains(other), "{other}");
        }
        assert!(scope.require(&["write", "read"]).is_ok() && scope.require(&[]).is_ok());
        assert!(scope.require_any(&["admin", "read"]).is_ok());
        for refused in
            [scope.require(&["read", "admin"]), scope.require_any(&[]), scope.require_any(&["x"])]
        {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InsufficientScope);
        }
    }
    for json in
        [json!(1), json!(["read admin"]), json!([""]), json!([1]), json!({"read": true}), json!(null)]
    {
        assert!(read(json.clone()).is_err(), "{json}");
    }
    assert_eq!(json!(Scope::from("a b")), json!("a b"));
    assert_eq!(Scope::default().iter().count(), 0);
}

#[test]
fn scopes_travel_in_a_token() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Access {
        scope: Scope,
    }

    let tokens = Tokens::<Access>::builder(JwsCodec::new(hs256())).build().unwrap();
    let token = tokens.issue(&Access { scope: "orders:read".into() }).unwrap();
    let access = tokens.verify(&token).unwrap();
    assert!(access.custom().scope.require(&["orders:read"]).is_ok());
    let answer = access.custom().scope.require(&["orders:write"]).unwrap_err().bearer();
    assert_eq!((answer.status(), answer.code()), (403, "insufficient_scope"));
}

#[test]
fn a_challenge_cannot_be_broken_out_of() {
    let answer = Error::from(ErrorKind::InsufficientScope).bearer();
    let challenge = answer.challenge(Some("a\"b\\c\r\nX: y\u{e4}"), Some("d\" e"));
    assert_eq!(
        challenge.as_deref(),
        Some(r#"Bearer realm="a\"b\\cX: y", error="insufficient_scope", scope="d\" e""#)
    );
    let missing = Error::from(ErrorKind::MissingToken).bearer();
    assert_eq!(missing.challenge(Some("r"), None).as_deref(), Some(r#"Bearer realm="r""#));
    assert_eq!(Error::from(ErrorKind::NoKey).bearer().challenge(Some("r"), None), None);
}
