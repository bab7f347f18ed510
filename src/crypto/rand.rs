//! Randomness from the operating system.

use super::Failed;

/// Fills `buf` from the system's generator; there is no pool of our own that could be forked or
/// exhausted.
pub(crate) fn fill(buf: &mut [u8]) -> Result<(), Failed> {
    getrandom::fill(buf).map_err(|_| Failed)
}

/// For crates that want a generator that cannot fail, which the system's can: 32 bytes of it seed
/// ChaCha20, whose 256 bits are beyond what the largest key here is worth.
#[cfg(feature = "rustcrypto")]
pub(super) fn seeded() -> Result<chacha20::ChaCha20Rng, Failed> {
    use chacha20::rand_core::SeedableRng;
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    fill(&mut *seed)?;
    Ok(chacha20::ChaCha20Rng::from_seed(*seed))
}
