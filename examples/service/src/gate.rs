//! What the layer asks of every access token, without holding up other requests.

use std::panic::resume_unwind;
use std::sync::Arc;

use symbolon::web::Authenticate;
use symbolon::{Error, ErrorKind, Tokens, Verified};

use crate::sessions::Access;

pub struct Gate {
    tokens: Arc<Tokens<Access>>,
    /// Whether the store of revocations is asked over the network.
    waits: bool,
}

impl Gate {
    pub const fn new(tokens: Arc<Tokens<Access>>, waits: bool) -> Self {
        Self { tokens, waits }
    }
}

impl Authenticate<Access> for Gate {
    async fn authenticate(&self, token: &str) -> Result<Arc<Verified<Access>>, Error> {
        if !self.waits {
            return self.tokens.verify(token).map(Arc::new);
        }
        let (tokens, token) = (Arc::clone(&self.tokens), token.to_owned());
        aside(move || tokens.verify(&token)).await.map(Arc::new)
    }
}

/// Does what may wait for a disk or a network, on a thread that may.
///
/// # Errors
/// Those of `work`.
pub async fn aside<T: Send + 'static, E: From<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => {
                Err(Error::new(ErrorKind::RevocationUnknown, "the service is shutting down").into())
            }
        },
    }
}
