//! How bytes come from an issuer: two traits, for threads and for async, and no HTTP client.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// What is to be fetched, and the bounds within which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    pub(super) url: String,
    pub(super) timeout: Duration,
    pub(super) max_len: usize,
}

impl FetchRequest {
    /// What to send as `Accept`.
    pub const ACCEPT: &'static str = "application/jwk-set+json, application/json";

    /// What to `GET`. It was configured, or stands in the issuer's discovery document; never in a
    /// token.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How long all of it may take, the connection included.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The most bytes that the body may have: stop reading beyond.
    #[must_use]
    pub const fn max_len(&self) -> usize {
        self.max_len
    }
}

/// What came back: a response as the server sent it, whatever its status.
///
/// ```
/// use symbolon::Fetched;
///
/// let fetched = Fetched::new(200, br#"{"keys":[]}"#.to_vec())
///     .with_content_type(Some("application/jwk-set+json"))
///     .with_cache_control(Some("max-age=600"));
/// ```
#[derive(Clone)]
pub struct Fetched {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) age: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Fetched {
    /// A response of this status and body, without the headers that count here.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: None, cache_control: None, age: None, body: body.into() }
    }

    /// With the header `Content-Type`.
    #[must_use]
    pub fn with_content_type(mut self, value: Option<&str>) -> Self {
        self.content_type = value.map(Into::into);
        self
    }

    /// With the header `Cache-Control`; of several, joined by commas.
    #[must_use]
    pub fn with_cache_control(mut self, value: Option<&str>) -> Self {
        self.cache_control = value.map(Into::into);
        self
    }

    /// With the header `Age`.
    #[must_use]
    pub fn with_age(mut self, value: Option<&str>) -> Self {
        self.age = value.map(Into::into);
        self
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("cache_control", &self.cache_control)
            .field("age", &self.age)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .finish()
    }
}

/// An HTTP client that blocks its thread. The feature `ureq` brings one, `UreqFetch`; any other fits
/// in a few lines.
///
/// An implementation must
/// - follow no redirect (what is not 200 is refused here): it could lead from `https` to elsewhere;
/// - keep to [`timeout`](FetchRequest::timeout) and [`max_len`](FetchRequest::max_len);
/// - fail where the body ends before its announced length;
/// - check the server's certificate.
///
/// ```
/// use symbolon::{Error, ErrorKind, Fetch, FetchRequest, Fetched};
///
/// # mod client {
/// #     pub struct Client;
/// #     pub struct Response { pub status: u16, pub body: Vec<u8> }
/// #     impl Response { pub fn header(&self, _: &str) -> Option<&str> { None } }
/// #     impl Client {
/// #         pub fn get(&self, _: &str, _: std::time::Duration, _: usize)
/// #             -> Result<Response, std::io::Error> { Err(std::io::ErrorKind::Unsupported.into()) }
/// #     }
/// # }
/// # use client::Client;
/// struct MyClient(Client);
///
/// impl Fetch for MyClient {
///     fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
///         let response = self
///             .0
///             .get(request.url(), request.timeout(), request.max_len())
///             .map_err(|error| Error::new(ErrorKind::KeysUnavailable, "no answer").with_source(error))?;
///         Ok(Fetched::new(response.status, response.body.as_slice())
///             .with_content_type(response.header("content-type"))
///             .with_cache_control(response.header("cache-control"))
///             .with_age(response.header("age")))
///     }
/// }
/// ```
pub trait Fetch: Send + Sync {
    /// Sends the request and reads the response.
    ///
    /// # Errors
    /// [`KeysUnavailable`](ErrorKind::KeysUnavailable) where no whole response came back. Its text
    /// stands in logs: say no more than what failed.
    fn fetch(&self, request: &FetchRequest) -> Result<Fetched>;
}

/// An HTTP client that is awaited, on whatever runtime. What is demanded of [`Fetch`] holds here too.
///
/// ```
/// use symbolon::{Error, ErrorKind, FetchAsync, FetchRequest, Fetched};
///
/// # mod client {
/// #     pub struct Client;
/// #     pub struct Response { pub status: u16, pub body: Vec<u8> }
/// #     impl Client {
/// #         pub async fn get(&self, _: &str) -> Result<Response, std::io::Error> {
/// #             Err(std::io::ErrorKind::Unsupported.into())
/// #         }
/// #     }
/// # }
/// # use client::Client;
/// struct MyClient(Client);
///
/// impl FetchAsync for MyClient {
///     async fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
///         let response = self.0.get(request.url()).await.map_err(|error| {
///             Error::new(ErrorKind::KeysUnavailable, "no answer").with_source(error)
///         })?;
///         Ok(Fetched::new(response.status, response.body))
///     }
/// }
/// ```
pub trait FetchAsync: Send + Sync {
    /// Sends the request and reads the response. Dropped before its end, it is as if never begun.
    ///
    /// # Errors
    /// As [`Fetch::fetch`].
    fn fetch(&self, request: &FetchRequest) -> impl Future<Output = Result<Fetched>> + Send;
}

impl<T: Fetch + ?Sized> Fetch for Arc<T> {
    fn fetch(&self, request: &FetchRequest) -> Result<Fetched> {
        (**self).fetch(request)
    }
}

impl<T: FetchAsync> FetchAsync for Arc<T> {
    fn fetch(&self, request: &FetchRequest) -> impl Future<Output = Result<Fetched>> + Send {
        (**self).fetch(request)
    }
}

/// Whether `url` may be asked: absolute, with a host, without user or fragment, and `https` unless
/// `allow_http`. An HTTP client resolves it; here only what would be a mistake is kept away.
pub(super) fn check_url(url: &str, allow_http: bool) -> Result<(), &'static str> {
    const MAX_LEN: usize = 2048;

    if url.len() > MAX_LEN || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a URL has at most 2048 visible ASCII characters");
    }
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some((scheme, rest)) if allow_http && scheme.eq_ignore_ascii_case("http") => rest,
        _ => return Err("keys are fetched over https alone"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(['@', '\\']) || url.contains('#') {
        return Err("the URL must have a host, and neither user nor fragment");
    }
    Ok(())
}

/// A failure of the kind that all failures to get keys are of.
pub(super) fn unavailable(why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::KeysUnavailable, why.to_string())
}

#[cfg(test)]
mod tests {
    use super::check_url;

    #[test]
    fn takes_https_with_a_host_alone() {
        for url in ["https://id.example/keys", "HTTPS://id.example", "https://[::1]:8443/k?x=1"] {
            assert_eq!(check_url(url, false), Ok(()), "{url}");
        }
        assert_eq!(check_url("http://127.0.0.1:1/keys", true), Ok(()));
        for url in [
            "http://id.example/keys",
            "ftp://id.example",
            "id.example/keys",
            "//id.example",
            "",
            "https://",
            "https:///keys",
            "https://user@id.example/",
            "https://id.example/#x",
            "https://id.example/a b",
            "https://id.example/\r\nHost: x",
            "https://id.exämple/",
            "https://id.example\\@evil.example/",
            "file:///etc/passwd",
        ] {
            assert!(check_url(url, false).is_err(), "{url}");
        }
        assert!(check_url(&format!("https://id.example/{}", "a".repeat(2048)), false).is_err());
        assert!(check_url("ftp://127.0.0.1/keys", true).is_err());
    }
}
