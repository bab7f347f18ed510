//! Where a request comes from, as far as that can be believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::app::App;
use crate::refusal::Refusal;

/// The client's address; of IPv6 its first half, since the other one a client chooses as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Behind `proxies` trusted ones, each of which appends to `X-Forwarded-For` whom it was asked by:
    /// what stands further left, anybody may have written.
    fn new(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> Self {
        let values = headers.get_all("x-forwarded-for");
        let words: Vec<&str> = values
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let told = match proxies {
            0 => None,
            proxies => words.iter().nth_back(proxies - 1).and_then(|word| word.trim().parse().ok()),
        };
        Self(match told.unwrap_or(peer).to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & (u128::MAX << 64);
                Ipv6Addr::from(network).into()
            }
            address => address,
        })
    }
}

impl FromRequestParts<Arc<App>> for ClientAddress {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().ok_or_else(Refusal::ours)?;
        Ok(Self::new(peer.0.ip(), &parts.headers, app.proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(forwarded: &[&'static str], proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", axum::http::HeaderValue::from_static(value));
        }
        ClientAddress::new([10, 0, 0, 1].into(), &headers, proxies).0.to_string()
    }

    #[test]
    fn a_header_of_the_client_s_own_is_not_believed() {
        assert_eq!(seen(&["1.1.1.1"], 0), "10.0.0.1");
        assert_eq!(seen(&["6.6.6.6, 1.1.1.1"], 1), "1.1.1.1");
        assert_eq!(seen(&["6.6.6.6", "1.1.1.1, 10.0.0.2"], 2), "1.1.1.1");
        assert_eq!(seen(&[], 1), "10.0.0.1");
        assert_eq!(seen(&["who knows"], 1), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        assert_eq!(seen(&["2001:db8:1:2:3:4:5:6"], 1), "2001:db8:1:2::");
        assert_eq!(seen(&["::ffff:1.1.1.1"], 1), "1.1.1.1");
    }
}
