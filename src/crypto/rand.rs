//! Randomness from the operating system.

use super::Failed;

/// Fills `buf` from the system's generator; there is no pool of our own that could be forked or
/// exhausted.
pub(crate) fn fill(buf: &mut [u8]) -> Result<(), Failed> {
    getrandom::fill(buf).map_err(|_| Failed)
}
