//! Tokens that were verified before, remembered.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Tokens, Verified};
use crate::error::Result;

/// Tokens longer than this are verified each time, so that the memory used is bounded.
const MAX_TOKEN_LEN: usize = 4096;

/// How many places a token may be found in.
const WAYS: usize = 4;

/// How much of a token's end is hashed: 96 bits of its signature or tag, which are as good as random
/// and which nobody but the token's holder knows.
const TAIL_LEN: usize = 16;

/// [`Tokens`] with a bounded memory of those it verified: seen again, a token costs a hash, a
/// comparison and the judgement of its claims, whatever its algorithm.
///
/// Nothing is taken on trust that could have changed. Each time, the whole policy is asked again with
/// the present time: expiry, checks of one's own ([`Validator::also`](crate::Validator::also)), all
/// of it. A token is forgotten as soon as the ring of keys was exchanged in any way, or a key in it
/// was due for the last time. What was refused is never remembered.
///
/// A token enters at its second sight, so that tokens that are used once neither fill the memory nor
/// cost more than before. There is no lock: threads that read never wait, and what two of them
/// write at once one of them writes. At most `capacity` tokens of up to 4,096 bytes are held, with
/// their claims; they are wiped when they go.
///
/// ```
/// use std::sync::Arc;
/// use symbolon::{Cached, JwsCodec, NoCustom, Tokens};
///
/// let tokens = Tokens::<NoCustom>::builder(JwsCodec::hs256(vec![7; 32])?).build()?;
/// let cached = Cached::new(tokens, 1000);
///
/// let token = cached.tokens().issue(&NoCustom::default())?;
/// cached.verify(&token)?;
/// let second = cached.verify(&token)?;
/// let third = cached.verify(&token)?;
/// assert!(Arc::ptr_eq(&second, &third));
/// # Ok::<(), symbolon::Error>(())
/// ```
///
/// # Security
/// A place is found by a hash with a random key, over the token's last characters; then the whole
/// token is compared. That comparison is not constant in time, and need not be: it comes only
/// behind the 64 bits of that hash, so that who does not know a token's end learns nothing.
pub struct Cached<C> {
    tokens: Tokens<C>,
    sets: Box<[Set<C>]>,
    hash_keys: [u64; 2],
}

/// The places of all tokens with the same low bits in their hash.
struct Set<C> {
    /// The hash of the last token that was seen and did not enter.
    seen: AtomicU64,
    /// Where the next that enters goes.
    turn: AtomicU64,
    hashes: [AtomicU64; WAYS],
    entries: [ArcSwapOption<Entry<C>>; WAYS],
}

struct Entry<C> {
    token: Zeroizing<Box<str>>,
    verified: Arc<Verified<C>>,
    keys_version: u64,
    /// Unix seconds.
    keys_due_until: Option<i64>,
}

impl<C> Set<C> {
    fn new() -> Self {
        Self {
            seen: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            hashes: [const { AtomicU64::new(0) }; WAYS],
            entries: std::array::from_fn(|_| ArcSwapOption::empty()),
        }
    }

    fn find(&self, hash: u64, token: &str, keys_version: u64, now: i64) -> Option<Arc<Verified<C>>> {
        let places = self.hashes.iter().zip(&self.entries);
        for (_, entry) in places.filter(|(place, _)| place.load(Ordering::Acquire) == hash) {
            let entry = entry.load();
            if let Some(entry) = &*entry
                && entry.keys_version == keys_version
                && entry.keys_due_until.is_none_or(|until| now <= until)
                && **entry.token == *token
            {
                return Some(Arc::clone(&entry.verified));
            }
        }
        None
    }

    fn put(&self, hash: u64, entry: Entry<C>) {
        // A token that is there already, of an earlier ring, keeps its place.
        let own = self.hashes.iter().position(|place| place.load(Ordering::Relaxed) == hash);
        let place = own.unwrap_or_else(|| {
            usize::try_from(self.turn.fetch_add(1, Ordering::Relaxed)).unwrap_or_default() % WAYS
        });
        if let (Some(hashes), Some(entries)) = (self.hashes.get(place), self.entries.get(place)) {
            entries.store(Some(Arc::new(entry)));
            hashes.store(hash, Ordering::Release);
        }
    }
}

impl<C> Cached<C> {
    /// Remembers up to `capacity` tokens: it is rounded up to a power of two, and to 4 at least.
    ///
    /// Tokens of a codec that does not tell when its keys change
    /// ([`TokenCodec::keys_version`](crate::TokenCodec::keys_version)) are verified each time.
    #[must_use]
    pub fn new(tokens: Tokens<C>, capacity: usize) -> Self {
        let sets = capacity.div_ceil(WAYS).clamp(1, 1 << 24).next_power_of_two();
        let random = RandomState::new();
        let hash_keys = [0, 1].map(|which: u64| random.hash_one(which));
        Self { tokens, sets: (0..sets).map(|_| Set::new()).collect(), hash_keys }
    }

    /// What issues and verifies behind it.
    #[must_use]
    pub const fn tokens(&self) -> &Tokens<C> {
        &self.tokens
    }

    /// How many tokens it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.sets.len().saturating_mul(WAYS)
    }

    /// Of a token's last characters, which are a signature's or a tag's: nobody chooses them, so that
    /// one multiplication by secret numbers spreads them well enough.
    fn hash(&self, token: &str) -> u64 {
        // What is shorter is no token of any format.
        let tail = token.as_bytes().last_chunk::<TAIL_LEN>().copied().unwrap_or_default();
        let low = |wide: u128| u64::try_from(wide & u128::from(u64::MAX)).unwrap_or_default();
        let tail = u128::from_le_bytes(tail);
        let [one, other] = self.hash_keys;
        let product = u128::from(low(tail) ^ one).wrapping_mul(u128::from(low(tail >> 64) ^ other));
        low(product ^ (product >> 64))
    }

    /// Forgets all tokens.
    pub fn clear(&self) {
        for set in &self.sets {
            set.entries.iter().for_each(|entry| entry.store(None));
        }
    }
}

impl<C: DeserializeOwned> Cached<C> {
    /// What `token` says, if it is authentic and policy accepts it now.
    ///
    /// # Errors
    /// As [`Tokens::verify`].
    pub fn verify(&self, token: &str) -> Result<Arc<Verified<C>>> {
        let now = self.tokens.now();
        // Asked before the keys are: what changes meanwhile is noticed the next time.
        let version = self.tokens.codec().keys_version();
        let (Some(keys_version), true) = (version, token.len() <= MAX_TOKEN_LEN) else {
            return self.tokens.verify_at(token, now, &mut Vec::new()).map(Arc::new);
        };
        let hash = self.hash(token);
        let index = usize::try_from(hash).unwrap_or_default() & self.sets.len().saturating_sub(1);
        let set = self.sets.get(index);
        let found = set.and_then(|set| set.find(hash, token, keys_version, now));
        if let Some(verified) = found {
            self.tokens.judge(&verified, now)?;
            return Ok(verified);
        }
        let verified = Arc::new(self.tokens.verify_at(token, now, &mut Vec::new())?);
        if let Some(set) = set
            && set.seen.swap(hash, Ordering::Relaxed) == hash
        {
            set.put(
                hash,
                Entry {
                    token: Zeroizing::new(token.into()),
                    verified: Arc::clone(&verified),
                    keys_version,
                    keys_due_until: self.tokens.codec().keys_due_until(now),
                },
            );
        }
        Ok(verified)
    }
}

impl<C> fmt::Debug for Cached<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("tokens", &self.tokens)
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::JwsCodec;
    use crate::jwt::NoCustom;

    #[test]
    fn each_bit_of_a_tokens_end_reaches_all_of_its_hash() {
        let tokens = Tokens::<NoCustom>::builder(JwsCodec::hs256([7; 32]).unwrap()).build().unwrap();
        let cached = Cached::new(tokens, 4);
        // Seven bits of each character, so that what comes out is text again.
        let end = u128::from_le_bytes(*b"0123456789abcdef");
        let hash = |bits: u128| cached.hash(std::str::from_utf8(&bits.to_le_bytes()).unwrap());
        let flipped: Vec<u64> =
            (0..128).filter(|bit| bit % 8 != 7).map(|bit| hash(end ^ (1 << bit))).collect();

        assert!(flipped.iter().all(|other| *other != hash(end)), "{flipped:x?}");
        // The low bits pick the place, so that they must change as well.
        let places = flipped.iter().filter(|other| **other & 0xffff == hash(end) & 0xffff).count();
        assert!(places < 4, "{flipped:x?}");
        let ones: u32 = flipped.iter().map(|other| other.count_ones()).sum();
        assert!((112 * 26..112 * 38).contains(&ones), "{ones} of {flipped:x?}");
    }
}
