//! Secrets, what is derived from them, and what may be found of them.

use std::collections::BTreeSet;

use sha2::block_api::compress256;
use symbolon_wiping::{Found, Watch};
use zeroize::Zeroizing;

pub type Bytes = Zeroizing<Vec<u8>>;

pub fn random(len: usize) -> Bytes {
    let mut bytes = Zeroizing::new(vec![0; len]);
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}

/// What HMAC-SHA-256 keeps of its key (RFC 2104 §4): the hash's states behind the two pads. Who has
/// them can sign.
pub fn midstates(key: &[u8]) -> [Bytes; 2] {
    const START: [u32; 8] =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    assert!(key.len() <= 64);
    [0x36, 0x5c].map(|pad| {
        let mut block = Zeroizing::new([pad; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to ^= from);
        let mut state = Zeroizing::new(START);
        compress256(&mut state, &[*block]);
        Zeroizing::new(state.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
    })
}

pub trait WatchExt: Sized {
    fn for_hmac_key(self, name: &str, key: &[u8]) -> Self;
}

impl WatchExt for Watch {
    /// The key and the states that HMAC-SHA-256 keeps of it.
    fn for_hmac_key(self, name: &str, key: &[u8]) -> Self {
        let [inner, outer] = midstates(key);
        self.for_secret(name, key)
            .for_secret(&format!("{name}: inner state"), &inner)
            .for_secret(&format!("{name}: outer state"), &outer)
    }
}

/// Nothing may be found but `known`, which must be found: in memory that was freed, and so perhaps
/// wherever else that is seen.
#[track_caller]
pub fn judge(case: &str, found: &Found, known: &[&str]) {
    judge_with(case, found, known, &[]);
}

/// The same, where `may` may be found as well.
///
/// The stack is not judged: a value that is moved leaves a copy where it was, and Rust gives no way to
/// wipe that. What is found there is told.
#[track_caller]
pub fn judge_with(case: &str, found: &Found, known: &[&str], may: &[&str]) {
    if !found.stack.is_empty() || !found.freed.is_empty() {
        println!("{case}: freed {:?}, stack {:?}", found.freed, found.stack);
    }
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (known, may) = (set(known), set(may));
    let freed: BTreeSet<String> = found.freed.difference(&may).cloned().collect();
    assert_eq!(freed, known, "{case}: what is freed without being wiped");
    let unknown = |finds: &BTreeSet<String>| {
        finds.difference(&known).filter(|name| !may.contains(*name)).cloned().collect::<Vec<_>>()
    };
    assert!(unknown(&found.kept).is_empty(), "{case}: in memory: {:?}", unknown(&found.kept));
}

/// `number` times 2^bits modulo `modulus`, where both have that many bits: what is called Montgomery's
/// form, in which ring keeps the scalars of elliptic curves.
#[allow(dead_code, reason = "only keys that sign are kept so")]
pub fn montgomery(number: &[u8], modulus: &[u8]) -> Bytes {
    let mut bytes = Zeroizing::new(number.to_vec());
    for _ in 0..modulus.len() * 8 {
        let mut carry = 0;
        for byte in bytes.iter_mut().rev() {
            let doubled = u16::from(*byte) * 2 + carry;
            (*byte, carry) = (doubled as u8, doubled >> 8);
        }
        if carry == 1 || &bytes[..] >= modulus {
            let mut borrow = 0;
            for (byte, less) in bytes.iter_mut().zip(modulus).rev() {
                let (rest, under) = byte.overflowing_sub(*less);
                let (rest, also) = rest.overflowing_sub(borrow);
                (*byte, borrow) = (rest, u8::from(under || also));
            }
        }
    }
    bytes
}
