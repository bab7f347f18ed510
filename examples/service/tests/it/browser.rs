//! What a browser and a page of ours do: keep cookies, say where a request comes from, and send back what
//! the page reads.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Request, Response};

pub(crate) const ACCESS: &str = "__Host-access";
pub(crate) const REFRESH: &str = "__Host-refresh";
pub(crate) const CSRF: &str = "__Host-csrf";

#[derive(Clone)]
pub(crate) struct Browser {
    agent: Agent,
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Sent along with what changes something.
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) headers: BTreeMap<String, Vec<String>>,
}

impl Seen {
    fn of(mut response: Response<ureq::Body>) -> Self {
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in response.headers() {
            headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
        }
        let text = response.body_mut().read_to_string().unwrap();
        Self { status: response.status().as_u16(), text, headers }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status and stable code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        match self.headers.get(name)?.as_slice() {
            [one] => Some(one),
            several => panic!("{name}: {several:?}"),
        }
    }
}

impl Browser {
    pub(crate) fn new(address: SocketAddr, origin: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        let headers = [("origin", origin), ("sec-fetch-site", "same-origin")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { agent: config.into(), address, cookies: BTreeMap::new(), headers }
    }

    pub(crate) fn get(&mut self, path: &str) -> Seen {
        self.send("GET", path, None)
    }

    pub(crate) fn post(&mut self, path: &str) -> Seen {
        self.send("POST", path, Some(("text/plain", String::new())))
    }

    pub(crate) fn put(&mut self, path: &str, text: &str) -> Seen {
        self.send("PUT", path, Some(("text/plain", text.to_owned())))
    }

    pub(crate) fn log_in(&mut self, user: &str, password: &str) -> Seen {
        self.post_json("/login", &json!({"user": user, "password": password}))
    }

    pub(crate) fn post_json(&mut self, path: &str, body: &Value) -> Seen {
        self.send("POST", path, Some(("application/json", body.to_string())))
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<(&str, String)>) -> Seen {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header("cookie", pairs.collect::<Vec<_>>().join("; "));
        }
        let response = match body {
            None => {
                // Other headers than those of one's own origin are sent with GET, too.
                self.agent.run(self.with_headers(request, false).body(()).unwrap())
            }
            Some((content_type, body)) => {
                let request = self.with_headers(request.header("content-type", content_type), true);
                self.agent.run(request.body(body).unwrap())
            }
        };
        let seen = Seen::of(response.unwrap());
        for cookie in seen.headers.get("set-cookie").into_iter().flatten() {
            self.take(cookie);
        }
        seen
    }

    fn with_headers(
        &self,
        mut request: ureq::http::request::Builder,
        changes: bool,
    ) -> ureq::http::request::Builder {
        for (name, value) in &self.headers {
            if changes || name == "authorization" {
                request = request.header(name, value);
            }
        }
        match self.cookies.get(CSRF) {
            Some(value) if changes && !self.headers.contains_key("x-csrf-token") => {
                request.header("x-csrf-token", value)
            }
            _ => request,
        }
    }

    fn take(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        // Else a browser would take none of this name.
        assert!(name.starts_with("__Host-"), "{cookie}");
        let attributes: Vec<&str> = attributes.split("; ").collect();
        for due in ["Path=/", "Secure", "SameSite=Strict"] {
            assert!(attributes.contains(&due), "{cookie}");
        }
        assert_eq!(attributes.contains(&"HttpOnly"), name != CSRF, "{cookie}");
        assert!(!attributes.iter().any(|attribute| attribute.starts_with("Domain")), "{cookie}");
        if attributes.contains(&"Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
