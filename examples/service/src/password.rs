//! Passwords: Argon2id, so many at a time, and as long for a name that nobody has.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde::Deserialize;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::users::User;

/// What a user typed: wiped when dropped, and without a `Debug` that could print it.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Password(Zeroizing<String>);

/// How many are judged at a time: each takes 19 MiB and a core.
const AT_A_TIME: usize = 4;

/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Passwords {
    /// Of nobody's password.
    decoy: PasswordHash,
    turns: Arc<Semaphore>,
}

/// Too many at a time.
pub struct Busy;

impl Passwords {
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn new() -> Result<Self, String> {
        let decoy =
            PasswordHash::new(&hash(&crate::random::text().map_err(|error| error.to_string())?)?);
        let decoy = decoy.map_err(|error| error.to_string())?;
        Ok(Self { decoy, turns: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// Whether it is the password of `user`. For no user it takes as long: who measures does not learn
    /// which names there are.
    ///
    /// # Errors
    /// [`Busy`] where it would have to wait for too long.
    pub async fn verify(&self, password: Password, user: Option<&User>) -> Result<bool, Busy> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, turn).await else { return Err(Busy) };
        let hash = user.map_or(&self.decoy, |user| &user.hash).clone();
        let judged = tokio::task::spawn_blocking(move || {
            let fits = Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok();
            // Held to the end, even where nobody waits for the answer any more.
            drop(turn);
            fits
        });
        Ok(judged.await.unwrap_or(false) && user.is_some())
    }
}

/// The hash to keep of a password, with a salt and today's costs.
///
/// # Errors
/// Where the system gives no random bytes.
pub fn hash(password: &str) -> Result<String, String> {
    let hash: PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}
