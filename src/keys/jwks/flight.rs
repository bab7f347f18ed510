//! One fetch, from its first request to the keys in their place; who sends the requests is open.

use std::sync::Arc;

use super::cache_control;
use super::fetch::{FetchRequest, Fetched, check_url, unavailable};
use super::state::Millis;
use super::{Inner, Place};
use crate::base::json;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::JwkSet;

/// The permission to fetch an issuer's keys, which one caller has at a time; see
/// [`JwksSource::begin`](super::JwksSource::begin).
///
/// Send what [`request`](Self::request) says and hand in what comes back, until it says nothing more.
/// Dropped before that, it passes the permission on.
#[derive(Debug)]
#[must_use = "dropped at once, it fetches nothing"]
pub struct Flight {
    source: Arc<Inner>,
    id: u64,
    began: Millis,
    request: Option<FetchRequest>,
    step: Step,
    outcome: Result<()>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Discovery,
    Set,
}

/// What an answer leads to.
enum Next {
    /// The set stands there.
    Set(String),
    /// This is it, fresh for as many seconds as it says.
    Landed(JwkSet, Option<i64>),
}

impl Flight {
    /// `discovered` is where the set stands, if a discovery document said so lately.
    pub(super) fn new(source: Arc<Inner>, id: u64, began: Millis, discovered: Option<String>) -> Self {
        let (url, step) = match (&source.place, discovered) {
            (Place::Set(url), _) => (url.clone(), Step::Set),
            (Place::Discovery { .. }, Some(url)) => (url, Step::Set),
            (Place::Discovery { url, .. }, None) => (url.clone(), Step::Discovery),
        };
        let request = Some(source.request(url));
        Self { source, id, began, request, step, outcome: Ok(()) }
    }

    /// The next request to send; none where the fetch has ended.
    #[must_use]
    pub const fn request(&self) -> Option<&FetchRequest> {
        self.request.as_ref()
    }

    /// Takes what came back for it.
    pub fn receive(&mut self, answer: Result<Fetched>) {
        if self.request.take().is_none() {
            return;
        }
        let answer = answer.map_err(|error| reason(&error));
        let next = answer.and_then(|fetched| self.read(&fetched));
        match next {
            Ok(Next::Set(url)) => {
                self.source.discovered(self.id, &url);
                self.request = Some(self.source.request(url));
                self.step = Step::Set;
            }
            // From the request on: how long the answer was on its way is not known.
            Ok(Next::Landed(set, seconds)) => {
                if !self.source.landed(self.id, &set, self.began, seconds) {
                    self.outcome = Err(unavailable("the answer came after the fetch was given up"));
                }
            }
            Err(why) => {
                self.outcome = Err(unavailable(&why));
                self.source.failed(self.id, why);
            }
        }
    }

    /// How it ended.
    ///
    /// # Errors
    /// [`KeysUnavailable`](crate::ErrorKind::KeysUnavailable) where no keys came back, or a request
    /// is left to be sent.
    pub fn outcome(mut self) -> Result<()> {
        match self.request {
            Some(_) => Err(unavailable("the fetch was broken off")),
            None => std::mem::replace(&mut self.outcome, Ok(())),
        }
    }

    fn read(&self, fetched: &Fetched) -> Result<Next, String> {
        let settings = &self.source.settings;
        if fetched.status != 200 {
            return Err(format!("the answer has status {}", fetched.status));
        }
        if fetched.body.len() > settings.max_len {
            return Err(format!("the answer has more than {} bytes", settings.max_len));
        }
        if !settings.any_content_type && !fetched.content_type.as_deref().is_none_or(is_json) {
            return Err("the answer's content type is not JSON".to_owned());
        }
        match (self.step, &self.source.place) {
            (Step::Discovery, Place::Discovery { issuer, .. }) => {
                let url = place_of_set(&fetched.body, issuer)?;
                check_url(&url, settings.allow_http).map_err(|why| format!("jwks_uri: {why}"))?;
                Ok(Next::Set(url))
            }
            (Step::Discovery, Place::Set(_)) | (Step::Set, _) => {
                let set = JwkSet::from_json(&fetched.body).map_err(|error| error.to_string())?;
                let seconds =
                    cache_control::lifetime(fetched.cache_control.as_deref(), fetched.age.as_deref());
                Ok(Next::Landed(set, seconds))
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // One that has ended is known to have.
        self.source.abandoned(self.id);
    }
}

/// Without saying twice what kind of failure it is.
fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::KeysUnavailable => error.detail().unwrap_or("the request failed").to_owned(),
        _ => error.to_string(),
    }
}

/// `application/json`, or a type with the suffix `+json` (RFC 6839 §3.1).
fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Where the set stands, by the issuer's discovery document (OpenID Connect Discovery 1.0 §3, §4.3).
fn place_of_set(document: &[u8], issuer: &str) -> Result<String, String> {
    let (mut named, mut place) = (None, None);
    json::members(document, |name, value| match &**name {
        "issuer" => named = Some(value),
        "jwks_uri" => place = Some(value),
        _ => {}
    })
    .map_err(|error| format!("the discovery document: {error}"))?;
    // Else one issuer's document could be taken for another's.
    if named.and_then(|value| value.as_str()).as_deref() != Some(issuer) {
        return Err("the discovery document is of another issuer".to_owned());
    }
    let place = place.and_then(|value| value.as_str().map(Into::into));
    place.ok_or_else(|| "the discovery document has no jwks_uri".to_owned())
}
