//! The primitives alone, prepared: no token can be made or read in less.

mod agreement;
mod encryption;
mod signature;

use std::io;

use contestant::Entries;

const RING: &str = "floor ring";
const AWS_LC: &str = "floor aws-lc-rs";
const RUST_CRYPTO: &str = "floor RustCrypto";
const RUST_CRYPTO_AND_RING: &str = "floor RustCrypto and ring";
const DALEK: &str = "floor dalek";

/// How long the usual claims are.
const PAYLOAD_LEN: usize = 156;

fn main() -> io::Result<()> {
    let mut entries = Entries::default();
    signature::enter(&mut entries);
    encryption::enter(&mut entries);
    agreement::enter(&mut entries);
    entries.take_turns()
}

/// `N` bytes of the system's generator: one call a token.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("there is randomness");
    bytes
}
