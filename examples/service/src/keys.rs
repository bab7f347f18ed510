//! The keys: one kind signs what other services read, the other seals what only this one does.

use std::path::Path;

use symbolon::rotation::{
    FileStore, KeyEvent, MemoryStore, RotationPolicy, Rotator, RotatorBuilder, SealedKeys,
};
use symbolon::{Clock, Encrypter, Error, JweAlg, JweEnc, JwsAlg, OctKey, Secret};
use time::Duration;

use crate::config::Lifetimes;

pub struct Keys {
    /// Of access tokens; others verify with what is [published](Self::published).
    pub signing: Rotator<JwsAlg>,
    /// Of refresh tokens.
    pub sealing: Rotator<SealedKeys>,
    rotate_every: Duration,
}

/// Twice what clocks may differ.
const SKEW: Duration = Duration::minutes(2);

impl Keys {
    /// # Errors
    /// Where a store cannot be read, or the policy contradicts itself.
    pub fn open<C: Clock + Clone + 'static>(
        folder: Option<&Path>,
        master_key: Option<&Secret>,
        lifetimes: &Lifetimes,
        clock: &C,
    ) -> Result<Self, Error> {
        let policy = |lifetime: Duration| {
            RotationPolicy::every(lifetimes.key)
                // The next key is always there and known: it can take over at any moment.
                .publish_ahead(lifetimes.key)
                .keep_for(lifetime + SKEW)
        };
        let signing = Rotator::builder(JwsAlg::ES256, policy(lifetimes.access)).clock(clock.clone());
        let sealing = Rotator::builder(SealedKeys, policy(lifetimes.refresh)).clock(clock.clone());
        Ok(Self {
            signing: open(signing, folder, "signing.json", master_key)?,
            sealing: open(sealing, folder, "sealing.json", master_key)?,
            rotate_every: lifetimes.key,
        })
    }

    /// Does what is due, and tells what it did: to be called every few seconds.
    pub fn tick(&self) {
        tell("signing", self.signing.tick());
        tell("sealing", self.sealing.tick());
    }

    /// The JWK Set, and how many seconds it may be held on to.
    ///
    /// # Errors
    /// None that a service of this kind of key meets.
    pub fn published(&self) -> Result<(String, i64), Error> {
        // Well below the time for which a key is published before it signs.
        let max_age = Duration::minutes(5).min(self.rotate_every / 2);
        Ok((self.signing.published()?.to_json()?, max_age.whole_seconds()))
    }
}

fn open<K: symbolon::rotation::KeyKind>(
    builder: RotatorBuilder<K>,
    folder: Option<&Path>,
    name: &str,
    master_key: Option<&Secret>,
) -> Result<Rotator<K>, Error> {
    let builder = match master_key {
        Some(key) => {
            let key = OctKey::new(key.clone())?.into();
            builder.encrypted_with(Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key)?)
        }
        None => builder,
    };
    match folder {
        Some(folder) => builder.open(FileStore::new(folder.join(name))),
        None => builder.open(MemoryStore::new()),
    }
}

fn tell(keys: &str, done: Result<Vec<KeyEvent>, Error>) {
    match done {
        Ok(events) => events.iter().for_each(|event| tracing::info!(keys, %event, "keys")),
        // The ring stays as it is: the service goes on, and somebody has to look.
        Err(error) => {
            metrics::counter!("service_key_store_failures_total").increment(1);
            tracing::error!(keys, code = error.code(), %error, "keys cannot be rotated");
        }
    }
}
