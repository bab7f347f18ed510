//! The claims of the table: 156 bytes of JSON, or as many as asked for.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "api";

/// How long the usual claims are as JSON.
const USUAL_LEN: usize = 156;

const DAY: u64 = 86_400;

/// What the service put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: u64,
    pub name: String,
    pub roles: Vec<String>,
}

/// All claims of a token in one type, for contestants that want it so. (The parts stand side by side
/// and not flattened by serde, which costs more than some of the signatures.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub exp: u64,
    pub iat: u64,
    pub user: u64,
    pub name: String,
    pub roles: Vec<String>,
}

impl Claims {
    /// Those of the table.
    pub fn usual() -> Self {
        Self::of_len(USUAL_LEN)
    }

    /// Claims that are `len` bytes long as JSON, good for a day from now.
    pub fn of_len(len: usize) -> Self {
        let mut claims = Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: now() + DAY,
            iat: now(),
            user: 1_234_567,
            name: String::new(),
            roles: ["admin", "editor"].map(str::to_owned).to_vec(),
        };
        let filling = "Ada Example ".chars().cycle();
        claims.name = filling.take(len - claims.to_json().len()).collect();
        claims
    }

    /// The same, but not to be accepted.
    pub(crate) fn spoilt(&self) -> [(&'static str, Self); 3] {
        let own = || self.clone();
        [
            ("expired", Self { exp: self.iat - DAY, iat: self.iat - 2 * DAY, ..own() }),
            ("of another issuer", Self { iss: "https://other.example".to_owned(), ..own() }),
            ("for another audience", Self { aud: "ops".to_owned(), ..own() }),
        ]
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("they are JSON")
    }

    /// The claims, if `json` is theirs and policy accepts them: for formats that carry bytes and leave
    /// the rest to the service.
    pub fn accept(json: &[u8]) -> Option<Session> {
        let claims: Self = serde_json::from_slice(json).ok()?;
        let good = claims.exp > now() && claims.iss == ISSUER && claims.aud == AUDIENCE;
        good.then(|| claims.into_session())
    }

    pub fn to_session(&self) -> Session {
        self.clone().into_session()
    }

    pub fn into_session(self) -> Session {
        Session { user: self.user, name: self.name, roles: self.roles }
    }
}

/// Unix seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970").as_secs()
}
