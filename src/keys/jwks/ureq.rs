//! [`Fetch`] by ureq: a small client that blocks its thread, with rustls and ring.

use std::fmt;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Proxy};

use super::fetch::{Fetch, FetchRequest, Fetched, unavailable};
use crate::error::{Error, ErrorKind, Result};

/// Gets keys with the HTTP client ureq. Connections are kept for the next time.
///
/// It trusts the certificate authorities of Mozilla's list, follows no redirect, and asks neither
/// environment nor system for a proxy.
///
/// ```
/// use std::sync::Arc;
/// use symbolon::{JwksCodec, JwksSource, UreqFetch};
///
/// let source = JwksSource::discover("https://accounts.example").build()?;
/// let codec = JwksCodec::new(source, Arc::new(UreqFetch::new()));
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct UreqFetch {
    agent: Agent,
}

impl UreqFetch {
    /// A client with Mozilla's certificate authorities.
    #[must_use]
    pub fn new() -> Self {
        Self::with(RootCerts::WebPki, None)
    }

    /// A client that trusts just the certificates of a PEM text: those of an authority of one's own.
    ///
    /// # Errors
    /// [`InvalidPem`](ErrorKind::InvalidPem) where it cannot be read or holds no certificate.
    pub fn trusting(pem: impl AsRef<[u8]>) -> Result<Self> {
        let mut roots = Vec::<Certificate<'static>>::new();
        for item in parse_pem(pem.as_ref()) {
            // What ureq says of it may quote it.
            if let PemItem::Certificate(root) = item.map_err(|_| ErrorKind::InvalidPem)? {
                roots.push(root);
            }
        }
        if roots.is_empty() {
            return Err(Error::new(ErrorKind::InvalidPem, "it holds no certificate"));
        }
        Ok(Self::with(roots.into(), None))
    }

    /// The same client by way of the proxy that `HTTPS_PROXY`, `ALL_PROXY` or `NO_PROXY` ask for.
    #[must_use]
    pub fn proxy_from_environment(self) -> Self {
        let roots = self.agent.config().tls_config().root_certs().clone();
        Self::with(roots, Proxy::try_from_env())
    }

    fn with(roots: RootCerts, proxy: Option<Proxy>) -> Self {
        let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("symbolon/", env!("CARGO_PKG_VERSION")))
            .accept(FetchRequest::ACCEPT)
            .build();
        Self { agent: config.new_agent() }
    }
}

impl Default for UreqFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for UreqFetch {
    fn fetch(&self, request: &FetchRequest) -> Result<Fetched> {
        let get = self.agent.get(request.url()).config();
        let mut response = get.timeout_global(Some(request.timeout())).build().call().map_err(failed)?;
        let status = response.status().as_u16();
        let header = |name| {
            let values = response.headers().get_all(name).iter();
            let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        let [content_type, cache_control, age] = ["content-type", "cache-control", "age"].map(header);
        // ureq fails at its limit, not beyond it.
        let limit = u64::try_from(request.max_len()).unwrap_or(u64::MAX).saturating_add(1);
        let body = response.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)?;
        Ok(Fetched::new(status, body)
            .with_content_type(content_type.as_deref())
            .with_cache_control(cache_control.as_deref())
            .with_age(age.as_deref()))
    }
}

const UNTRUSTED: &str = "no TLS connection that can be trusted";

/// Says what failed in words of this crate; ureq's own are the source.
fn failed(error: ureq::Error) -> Error {
    let why = match &error {
        ureq::Error::Timeout(_) => "no answer in time",
        ureq::Error::BodyExceedsLimit(_) => "the answer is too long",
        ureq::Error::HostNotFound => "the host is not found",
        ureq::Error::ConnectionFailed => "no connection",
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => UNTRUSTED,
        // What rustls refuses comes by way of its stream.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => UNTRUSTED,
        ureq::Error::Io(_) | ureq::Error::Protocol(_) => "the answer broke off, or is no HTTP",
        _ => "the request failed",
    };
    unavailable(why).with_source(error)
}

impl fmt::Debug for UreqFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UreqFetch")
    }
}
