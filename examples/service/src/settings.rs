//! What can be set: the one list from which variables are read, refused and explained.

/// One variable of the environment.
pub struct Setting {
    pub name: &'static str,
    /// What holds where it is not set; empty where nothing does.
    pub default: &'static str,
    pub about: &'static str,
    /// Whether `{name}_FILE` may name a file that holds it.
    pub is_secret: bool,
}

/// What all of them begin with; another variable that does is a mistake.
pub const PREFIX: &str = "SERVICE_";

const fn plain(name: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { name, default, about, is_secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Setting {
    Setting { name, default: "", about, is_secret: true }
}

pub const SETTINGS: &[Setting] = &[
    plain(
        "SERVICE_LISTEN",
        "127.0.0.1:8080",
        "address to serve on, plain HTTP: TLS ends in front of it",
    ),
    plain(
        "SERVICE_METRICS_LISTEN",
        "127.0.0.1:9464",
        "address that serves /metrics: not for the public",
    ),
    plain("SERVICE_ORIGIN", "http://localhost:8080", "how browsers see it: https, but for localhost"),
    plain("SERVICE_PROXIES", "0", "how many trusted proxies in front of it append to X-Forwarded-For"),
    secret("SERVICE_USERS", "a line a user: name, hash, scopes; `symbolon-service hash` makes the hash"),
    plain("SERVICE_KEYS", "", "folder that keeps the keys; without it they end with the process"),
    secret("SERVICE_MASTER_KEY", "encrypts the kept keys: what `openssl rand -base64 32` prints"),
    plain("SERVICE_REDIS", "", "host:port that remembers what is revoked; without it this process does"),
    secret("SERVICE_REDIS_PASSWORD", "logs in there"),
    plain("SERVICE_ACCESS_LIFETIME", "15m", "how long an access token is good"),
    plain("SERVICE_REFRESH_LIFETIME", "14d", "how long a user may stay away"),
    plain("SERVICE_SESSION_LIFETIME", "90d", "how often a user has to log in"),
    plain("SERVICE_ROTATE_EVERY", "30d", "how long a key signs"),
    plain("SERVICE_LOG", "info", "what is logged: info, or info,symbolon=debug"),
];

/// The text of `--help`.
pub fn help() -> String {
    let mut text = String::from(
        "Logs users in, and keeps them a note.\n\n\
         Usage: symbolon-service         serves until SIGTERM or ctrl-c\n\
         \x20      symbolon-service hash    reads a password from its input, prints its hash\n\n\
         Set in the environment; those marked * also by NAME_FILE, which names a file:\n",
    );
    for setting in SETTINGS {
        let mark = if setting.is_secret { '*' } else { ' ' };
        text += &format!("\n  {}{mark}\n      {}", setting.name, setting.about);
        if !setting.default.is_empty() {
            text += &format!("; {} unless set", setting.default);
        }
    }
    text + "\n\nSeveral processes need the same SERVICE_KEYS, SERVICE_USERS and SERVICE_REDIS."
}
