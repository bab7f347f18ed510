//! How browsers see the service: the `iss` of its tokens, and whose pages may ask it to change things.

use std::net::IpAddr;

/// Scheme, host and port, spelled as browsers spell them in `Origin` (RFC 6454 §6.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// # Errors
    /// Says why `text` is none, or none to log in at.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, authority) = text.split_once("://").ok_or("not scheme://host[:port]")?;
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_host =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err("not scheme://host[:port] in lower case, without a path".into());
        }
        let usual = match scheme {
            "https" => "443",
            "http" if is_this_machine(host) => "80",
            "http" => return Err("not https: its cookies and passwords could be read on the way".into()),
            _ => return Err("neither https nor http".into()),
        };
        match port {
            Some(port) if port == usual => Err("with the usual port, which browsers leave out".into()),
            Some(port) if port.starts_with('0') || port.parse::<u16>().is_err() => {
                Err("without a port".into())
            }
            _ => Ok(Self(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
