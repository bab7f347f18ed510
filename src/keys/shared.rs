//! A ring that is exchanged while others read it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use time::OffsetDateTime;

use super::{Keyring, Signer, WritingKey};
use crate::base::KeyId;
use crate::error::Result;

/// A handle to a [`Keyring`] that many threads read and any of them may exchange.
///
/// Clones are handles to the same ring. Reading takes no lock and waits for nobody; each token is
/// judged by one ring from beginning to end. Codecs hold such a handle, so a ring that is exchanged
/// here is exchanged there.
///
/// ```
/// use symbolon::{JwsAlg, Keyring, SharedKeyring, Signer};
/// use time::{Duration, OffsetDateTime};
///
/// let keys = SharedKeyring::new(Keyring::new(Signer::generate(JwsAlg::ES256)?.with_kid("a")?));
/// // Hand clones of `keys` to codecs; later, anywhere:
/// let hour = OffsetDateTime::now_utc() + Duration::hours(1);
/// keys.rotate(Signer::generate(JwsAlg::ES256)?.with_kid("b")?, Some(hour))?;
/// assert_eq!(keys.load().len(), 2);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct SharedKeyring<W: WritingKey = Signer>(Arc<Shared<W>>);

struct Shared<W: WritingKey> {
    ring: ArcSwap<Keyring<W>>,
    /// How often the ring was exchanged.
    version: AtomicU64,
}

impl<W: WritingKey> SharedKeyring<W> {
    /// A handle to `ring`.
    #[must_use]
    pub fn new(ring: impl Into<Keyring<W>>) -> Self {
        let ring = ArcSwap::from_pointee(ring.into());
        Self(Arc::new(Shared { ring, version: AtomicU64::new(0) }))
    }

    /// The ring as it is now.
    #[must_use]
    pub fn load(&self) -> Arc<Keyring<W>> {
        self.0.ring.load_full()
    }

    /// The ring as it is now, for the length of one operation: without a reference count that
    /// threads would contend for.
    pub(crate) fn peek(&self) -> Guard<Arc<Keyring<W>>> {
        self.0.ring.load()
    }

    /// A number that grows with each exchange of the ring. It does so once the new ring is in place
    /// and before whoever exchanged it goes on: read it before the ring.
    pub(crate) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    fn exchanged(&self) {
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// Puts `ring` in the place of the present one.
    pub fn replace(&self, ring: Keyring<W>) {
        self.0.ring.store(Arc::new(ring));
        self.exchanged();
    }
}

impl<W: WritingKey + Clone> SharedKeyring<W>
where
    W::Reader: Clone,
{
    /// Exchanges the ring for what `change` makes of it. `change` runs again where another thread
    /// was faster, so that no change is lost.
    ///
    /// # Errors
    /// Whatever `change` returns; the ring then stays as it was.
    pub fn update(&self, change: impl Fn(Keyring<W>) -> Result<Keyring<W>>) -> Result<()> {
        let mut current = self.0.ring.load();
        loop {
            let changed = Arc::new(change(Keyring::clone(&current))?);
            let previous = self.0.ring.compare_and_swap(&*current, changed);
            if Arc::ptr_eq(&previous, &current) {
                self.exchanged();
                return Ok(());
            }
            current = previous;
        }
    }

    /// Makes `primary` the key that writes; what the old one wrote stays readable until `old_until`.
    ///
    /// # Errors
    /// As [`Keyring::rotated`].
    pub fn rotate(&self, primary: W, old_until: Option<OffsetDateTime>) -> Result<()> {
        self.update(|ring| ring.rotated(primary.clone(), old_until))
    }

    /// Takes the readers named `kid` out: from now on what they signed is refused.
    pub fn remove(&self, kid: &KeyId) {
        // The change cannot fail.
        let _ = self.update(|ring| Ok(ring.without(kid)));
    }
}

impl<W: WritingKey> Clone for SharedKeyring<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: WritingKey> fmt::Debug for SharedKeyring<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedKeyring").field(&*self.peek()).finish()
    }
}

impl<W: WritingKey> From<Keyring<W>> for SharedKeyring<W> {
    fn from(ring: Keyring<W>) -> Self {
        Self::new(ring)
    }
}

impl<W: WritingKey> From<&Self> for SharedKeyring<W> {
    fn from(handle: &Self) -> Self {
        handle.clone()
    }
}

impl<W: WritingKey> From<W> for SharedKeyring<W> {
    fn from(primary: W) -> Self {
        Self::new(Keyring::new(primary))
    }
}
