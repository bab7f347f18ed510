//! The configuration: read from the environment once, judged whole, all that is wrong told at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use symbolon::{Secret, SecretEncoding};
use time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::origin::Origin;
use crate::settings::{PREFIX, SETTINGS};

pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: SocketAddr,
    pub origin: Origin,
    pub proxies: usize,
    pub users: Option<Secret>,
    pub keys: Option<PathBuf>,
    pub master_key: Option<Secret>,
    pub redis: Option<String>,
    pub redis_password: Option<Secret>,
    pub lifetimes: Lifetimes,
    pub log: Targets,
}

#[derive(Clone, Copy)]
pub struct Lifetimes {
    pub access: Duration,
    pub refresh: Duration,
    pub session: Duration,
    /// How long a key signs.
    pub key: Duration,
}

impl Config {
    /// # Errors
    /// A sentence for each thing that is wrong. None repeats a secret.
    pub fn from_env() -> Result<Self, Vec<String>> {
        let mut read = Reader::default();
        read.refuse_unknown();
        let listen = read.parsed("SERVICE_LISTEN", address);
        let metrics_listen = read.parsed("SERVICE_METRICS_LISTEN", address);
        let origin = read.parsed("SERVICE_ORIGIN", Origin::parse);
        let proxies = read.parsed("SERVICE_PROXIES", |text| {
            text.parse().ok().filter(|count| *count <= 10).ok_or("not a number from 0 to 10".into())
        });
        let users = read.secret("SERVICE_USERS", SecretEncoding::Text, 1);
        let keys = read.text("SERVICE_KEYS").map(PathBuf::from);
        let master_key = read.secret("SERVICE_MASTER_KEY", SecretEncoding::Base64, 32);
        let redis = read.text("SERVICE_REDIS");
        let redis_password = read.secret("SERVICE_REDIS_PASSWORD", SecretEncoding::Text, 1);
        let access = read.parsed("SERVICE_ACCESS_LIFETIME", duration);
        let refresh = read.parsed("SERVICE_REFRESH_LIFETIME", duration);
        let session = read.parsed("SERVICE_SESSION_LIFETIME", duration);
        let key = read.parsed("SERVICE_ROTATE_EVERY", duration);
        let log = read.parsed("SERVICE_LOG", levels);

        if master_key.as_ref().is_some_and(|key| key.as_bytes().len() != 32) {
            read.wrong("SERVICE_MASTER_KEY", "it has to be 32 bytes");
        }
        if master_key.is_some() && keys.is_none() {
            read.wrong("SERVICE_MASTER_KEY", "there is nothing to encrypt without SERVICE_KEYS");
        }
        if keys.as_ref().is_some_and(|folder| !folder.is_dir()) {
            read.wrong("SERVICE_KEYS", "there is no such folder");
        }
        if redis.as_deref().is_some_and(|address| !is_host_and_port(address)) {
            read.wrong("SERVICE_REDIS", "not host:port");
        }
        if redis_password.is_some() && redis.is_none() {
            read.wrong("SERVICE_REDIS_PASSWORD", "nothing to log in to without SERVICE_REDIS");
        }
        if users.is_none() && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            read.wrong("SERVICE_USERS", "needed where others than this machine can connect");
        }
        if access > refresh || refresh > session {
            read.wrong(
                "SERVICE_ACCESS_LIFETIME",
                "at most SERVICE_REFRESH_LIFETIME, and that at most SERVICE_SESSION_LIFETIME",
            );
        }

        let problems = read.problems;
        let (Some(listen), Some(metrics_listen), Some(origin), Some(proxies), Some(log)) =
            (listen, metrics_listen, origin, proxies, log)
        else {
            return Err(problems);
        };
        let (Some(access), Some(refresh), Some(session), Some(key)) = (access, refresh, session, key)
        else {
            return Err(problems);
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let lifetimes = Lifetimes { access, refresh, session, key };
        Ok(Self {
            listen,
            metrics_listen,
            origin,
            proxies,
            users,
            keys,
            master_key,
            redis,
            redis_password,
            lifetimes,
            log,
        })
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn wrong(&mut self, name: &str, why: &str) {
        self.problems.push(format!("{name}: {why}"));
    }

    /// A misspelled name would leave a setting at its default, silently.
    fn refuse_unknown(&mut self) {
        let names: BTreeSet<String> = SETTINGS
            .iter()
            .flat_map(|setting| {
                let file = setting.is_secret.then(|| format!("{}_FILE", setting.name));
                [Some(setting.name.to_owned()), file]
            })
            .flatten()
            .collect();
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && !names.contains(&*name) {
                self.wrong(&name, "there is no such setting; see --help");
            }
        }
    }

    /// What a variable says, or its default. One that is empty counts as not set.
    fn text(&mut self, name: &str) -> Option<String> {
        match std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| value.into_string()) {
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => {
                self.wrong(name, "not UTF-8");
                None
            }
            None => {
                let setting = SETTINGS.iter().find(|setting| setting.name == name);
                setting.map(|setting| setting.default.to_owned()).filter(|default| !default.is_empty())
            }
        }
    }

    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(name, &format!("{text:?} is {why}"));
                None
            }
        }
    }

    fn secret(&mut self, name: &str, encoding: SecretEncoding, min_len: usize) -> Option<Secret> {
        match Secret::from_env(name, encoding, min_len) {
            Ok(secret) => Some(secret),
            Err(error) => {
                // Not to be set is no mistake; to name a file that cannot be read is one.
                let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                if is_set(name) || is_set(&format!("{name}_FILE")) {
                    self.wrong(name, &error.to_string());
                }
                None
            }
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "not an address and a port, such as 0.0.0.0:8080".into())
}

/// `90s`, `15m`, `8h`, `14d`: a minute at least, ten years at most.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "not a time from 60s to 3650d, such as 15m".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u32>().ok().map(|number| i64::from(number).saturating_mul(unit));
    let range = 60..=3650 * 24 * 60 * 60;
    seconds.filter(|seconds| range.contains(seconds)).map(Duration::seconds).ok_or_else(wrong)
}

/// A level, or `target=level`, between commas. A lone word that is no level would be taken for a target.
fn levels(text: &str) -> Result<Targets, String> {
    let is_known = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let targets = text.split(',').all(is_known).then(|| text.parse().ok()).flatten();
    targets.ok_or_else(|| "not a level, or target=level between commas".into())
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
