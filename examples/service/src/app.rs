//! What the routes share.

use std::sync::Arc;

use symbolon::MemoryRevocations;
use symbolon::{Clock, Error, ErrorKind, RedisRevocations, Revocations};
use time::Duration;

use crate::config::Config;
use crate::keys::Keys;
use crate::limit::Limiter;
use crate::notes::Notes;
use crate::origin::Origin;
use crate::password::Passwords;
use crate::sessions::Sessions;
use crate::users::Users;

pub struct App {
    pub origin: Origin,
    pub proxies: usize,
    pub users: Users,
    pub passwords: Passwords,
    pub keys: Keys,
    pub sessions: Sessions,
    /// Whether the store of revocations is asked over the network.
    pub asks_network: bool,
    pub notes: Notes,
    /// Log-ins of an address.
    pub by_address: Limiter,
    /// Log-ins of a user that failed. Whoever guesses at a name keeps its user out meanwhile: the lesser
    /// evil, for as long as it goes on.
    pub by_user: Limiter,
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// # Errors
    /// Where a setting or a store is not as it should be.
    pub fn new(config: &Config, users: Users, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Error> {
        let keys =
            Keys::open(config.keys.as_deref(), config.master_key.as_ref(), &config.lifetimes, &clock)?;
        let revocations = match &config.redis {
            Some(address) => Revocations::new(redis(address, config)?),
            None => Revocations::new(MemoryRevocations::new().clock(Arc::clone(&clock))),
        };
        let sessions =
            Sessions::new(&keys, revocations, &config.origin, config.lifetimes, Arc::clone(&clock))?;
        Ok(Arc::new(Self {
            origin: config.origin.clone(),
            proxies: config.proxies,
            users,
            passwords: Passwords::new().map_err(|why| Error::new(ErrorKind::Randomness, why))?,
            keys,
            sessions,
            asks_network: config.redis.is_some(),
            notes: Notes::default(),
            by_address: Limiter::new(30, Duration::MINUTE),
            by_user: Limiter::new(5, Duration::minutes(5)),
            clock,
        }))
    }
}

fn redis(address: &str, config: &Config) -> Result<RedisRevocations, Error> {
    let redis = RedisRevocations::new(address).prefix("symbolon-service:");
    let Some(password) = &config.redis_password else { return Ok(redis) };
    let text = std::str::from_utf8(password.as_bytes());
    let text =
        text.map_err(|_| Error::new(ErrorKind::InvalidSecret, "SERVICE_REDIS_PASSWORD: not UTF-8"))?;
    Ok(redis.password(text))
}
