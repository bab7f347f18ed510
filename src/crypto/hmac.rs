//! HMAC (RFC 2104, FIPS 198-1) with SHA-2.

use super::are_same;
use super::hash::{Digest, Hash};

// RustCrypto where it is alone, or the CPU has instructions for the hash: it is the fastest then, and
// wipes what it leaves behind. Without them the assembly of the others takes two thirds of its time.
#[cfg(all(feature = "rustcrypto", any(feature = "ring", feature = "aws-lc-rs")))]
use by_cpu as imp;
#[cfg(not(feature = "rustcrypto"))]
use on_ring_or_aws_lc as imp;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
use on_rustcrypto as imp;

/// A key whose inner and outer pads are already hashed.
#[derive(Clone)]
pub(crate) struct HmacKey(imp::Key);

opaque_debug!(HmacKey);

impl HmacKey {
    /// Takes a key of any length: which lengths are safe is for the caller to say.
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        Self(imp::Key::new(hash, key))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Digest {
        self.0.sign(message)
    }

    /// The MAC of the parts one behind the other.
    #[cfg(feature = "jwe")]
    pub(crate) fn sign_parts(&self, parts: &[&[u8]]) -> Digest {
        let mut state = self.start();
        parts.iter().for_each(|part| state.update(part));
        state.finish()
    }

    /// Compares in constant time; a tag of any other length than the hash's is false.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        same_tag(&self.sign(message), tag)
    }

    /// For a message that comes in pieces.
    pub(crate) fn start(&self) -> HmacState {
        HmacState(self.0.start())
    }
}

/// The tag of a message that comes in pieces.
pub(crate) struct HmacState(imp::State);

opaque_debug!(HmacState);

impl HmacState {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> Digest {
        self.0.finish()
    }
}

/// Compares in constant time; a tag of any other length is false.
pub(crate) fn same_tag(computed: &Digest, tag: &[u8]) -> bool {
    are_same(computed.as_ref(), tag)
}

#[cfg(all(feature = "rustcrypto", any(feature = "ring", feature = "aws-lc-rs")))]
mod by_cpu {
    use super::{Digest, Hash, on_ring_or_aws_lc as assembly, on_rustcrypto as rustcrypto};

    #[derive(Clone)]
    #[allow(clippy::large_enum_variant, reason = "keys are few, and aws-lc-rs boxes its own")]
    pub(super) enum Key {
        Rust(rustcrypto::Key),
        Assembly(assembly::Key),
    }

    impl Key {
        pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
            if has_instructions(hash) {
                Self::Rust(rustcrypto::Key::new(hash, key))
            } else {
                Self::Assembly(assembly::Key::new(hash, key))
            }
        }

        pub(super) fn sign(&self, message: &[u8]) -> Digest {
            match self {
                Self::Rust(key) => key.sign(message),
                Self::Assembly(key) => key.sign(message),
            }
        }

        pub(super) fn start(&self) -> State {
            match self {
                Self::Rust(key) => State::Rust(key.start()),
                Self::Assembly(key) => State::Assembly(key.start()),
            }
        }
    }

    #[allow(clippy::large_enum_variant, reason = "it is moved once, and aws-lc-rs boxes its own")]
    pub(super) enum State {
        Rust(rustcrypto::State),
        Assembly(assembly::State),
    }

    impl State {
        pub(super) fn update(&mut self, piece: &[u8]) {
            match self {
                Self::Rust(state) => state.update(piece),
                Self::Assembly(state) => state.update(piece),
            }
        }

        pub(super) fn finish(self) -> Digest {
            match self {
                Self::Rust(state) => state.finish(),
                Self::Assembly(state) => state.finish(),
            }
        }
    }

    /// Whether the CPU has instructions for the hash, and RustCrypto uses them.
    fn has_instructions(hash: Hash) -> bool {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        return hash == Hash::Sha256 && std::arch::is_x86_feature_detected!("sha");
        #[cfg(target_arch = "aarch64")]
        return match hash {
            Hash::Sha256 => std::arch::is_aarch64_feature_detected!("sha2"),
            Hash::Sha384 | Hash::Sha512 => std::arch::is_aarch64_feature_detected!("sha3"),
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
        {
            let _ = hash;
            false
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Whichever the CPU here has the crate use.
        #[test]
        fn both_are_one_function() {
            for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                for len in [0, 1, 63, 64, 65, 127, 128, 129, 1000] {
                    let bytes = vec![len as u8; len];
                    let [rust, assembly] = [
                        Key::Rust(rustcrypto::Key::new(hash, &bytes)),
                        Key::Assembly(assembly::Key::new(hash, &bytes)),
                    ];
                    assert_eq!(
                        rust.sign(&bytes).as_ref(),
                        assembly.sign(&bytes).as_ref(),
                        "{hash:?} {len}"
                    );
                    let [rust, assembly] = [rust, assembly].map(|key| {
                        let mut state = key.start();
                        bytes.chunks(7).for_each(|piece| state.update(piece));
                        state.finish()
                    });
                    assert_eq!(rust.as_ref(), assembly.as_ref(), "{hash:?} {len}, in pieces");
                }
            }
        }
    }
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::super::hash::digest;
    use super::{Digest, Hash};
    use ::hmac::digest::common::Key as PaddedKey;
    use ::hmac::{Hmac, KeyInit, Mac};
    use sha2::{Sha256, Sha384, Sha512};
    use zeroize::{Zeroize, Zeroizing};

    #[derive(Clone)]
    pub(super) enum Key {
        Sha256(Hmac<Sha256>),
        Sha384(Hmac<Sha384>),
        Sha512(Hmac<Sha512>),
    }

    impl Key {
        pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
            match hash {
                Hash::Sha256 => Self::Sha256(prepare(hash, key)),
                Hash::Sha384 => Self::Sha384(prepare(hash, key)),
                Hash::Sha512 => Self::Sha512(prepare(hash, key)),
            }
        }

        pub(super) fn sign(&self, message: &[u8]) -> Digest {
            match self {
                Self::Sha256(mac) => sign(mac, message),
                Self::Sha384(mac) => sign(mac, message),
                Self::Sha512(mac) => sign(mac, message),
            }
        }

        pub(super) fn start(&self) -> State {
            State(self.clone())
        }
    }

    /// A copy of the key that has seen some of a message.
    pub(super) struct State(Key);

    impl State {
        pub(super) fn update(&mut self, piece: &[u8]) {
            match &mut self.0 {
                Key::Sha256(mac) => mac.update(piece),
                Key::Sha384(mac) => mac.update(piece),
                Key::Sha512(mac) => mac.update(piece),
            }
        }

        pub(super) fn finish(self) -> Digest {
            match self.0 {
                Key::Sha256(mac) => Digest::new(&mac.finalize().into_bytes()),
                Key::Sha384(mac) => Digest::new(&mac.finalize().into_bytes()),
                Key::Sha512(mac) => Digest::new(&mac.finalize().into_bytes()),
            }
        }
    }

    /// Pads the key to one block here (RFC 2104 §2), because the constructor that takes a whole
    /// block is the one that cannot fail.
    fn prepare<M: KeyInit>(hash: Hash, key: &[u8]) -> M {
        let mut block = PaddedKey::<M>::default();
        let hashed = Zeroizing::new((key.len() > block.len()).then(|| digest(hash, key)));
        let key = hashed.as_ref().map_or(key, AsRef::as_ref);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mac = M::new(&block);
        block.as_mut_slice().zeroize();
        mac
    }

    fn sign<M: Mac + Clone>(mac: &M, message: &[u8]) -> Digest {
        Digest::new(&mac.clone().chain_update(message).finalize().into_bytes())
    }
}

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod on_ring_or_aws_lc {
    use super::{Digest, Hash};
    #[cfg(not(feature = "ring"))]
    use aws_lc_rs::hmac;
    #[cfg(feature = "ring")]
    use ring::hmac;

    #[derive(Clone)]
    pub(super) struct Key(hmac::Key);

    /// ring wipes nothing, but its keys hold their state in themselves: another key in the same place
    /// leaves nothing of the first.
    impl Drop for Key {
        fn drop(&mut self) {
            self.0 = hmac::Key::new(self.0.algorithm(), &[]);
            std::hint::black_box(&self.0);
        }
    }

    impl Key {
        pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
            let algorithm = match hash {
                Hash::Sha256 => hmac::HMAC_SHA256,
                Hash::Sha384 => hmac::HMAC_SHA384,
                Hash::Sha512 => hmac::HMAC_SHA512,
            };
            Self(hmac::Key::new(algorithm, key))
        }

        pub(super) fn sign(&self, message: &[u8]) -> Digest {
            Digest::new(hmac::sign(&self.0, message).as_ref())
        }

        pub(super) fn start(&self) -> State {
            State(hmac::Context::with_key(&self.0))
        }
    }

    pub(super) struct State(hmac::Context);

    impl State {
        pub(super) fn update(&mut self, piece: &[u8]) {
            self.0.update(piece);
        }

        pub(super) fn finish(self) -> Digest {
            Digest::new(self.0.sign().as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231 §4.3 (test case 2).
    #[test]
    fn signs_as_rfc4231_case_2() {
        let key = HmacKey::new(Hash::Sha256, b"Jefe");
        let tag = key.sign(b"what do ya want for nothing?");
        assert_eq!(
            tag.as_ref(),
            [
                0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
                0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
                0x64, 0xec, 0x38, 0x43
            ]
        );
    }

    #[cfg(feature = "jwe")]
    #[test]
    fn signs_parts_as_their_concatenation() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let key = HmacKey::new(hash, b"key");
            let parts = key.sign_parts(&[b"mes", b"", b"sage"]);
            assert_eq!(parts.as_ref(), key.sign(b"message").as_ref());
        }
    }

    // RFC 4231 §4.7 (test case 6): a key longer than the block is hashed first.
    #[test]
    fn hashes_long_keys_as_rfc4231_case_6() {
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        for (hash, start) in [
            (Hash::Sha256, [0x60, 0xe4, 0x31, 0x59]),
            (Hash::Sha384, [0x4e, 0xce, 0x08, 0x44]),
            (Hash::Sha512, [0x80, 0xb2, 0x42, 0x63]),
        ] {
            let tag = HmacKey::new(hash, &[0xaa; 131]).sign(message);
            assert!(tag.as_ref().starts_with(&start), "{hash:?}");
            let mut pieces = HmacKey::new(hash, &[0xaa; 131]).start();
            message.chunks(7).for_each(|piece| pieces.update(piece));
            assert!(same_tag(&pieces.finish(), tag.as_ref()), "{hash:?}");
        }
    }

    #[test]
    fn rejects_every_other_length() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let key = HmacKey::new(hash, b"key");
            let tag = key.sign(b"message");
            let long = [tag.as_ref(), &[0]].concat();
            assert!(key.verify(b"message", tag.as_ref()));
            assert!(!key.verify(b"message", &long));
            assert!((0..hash.len()).all(|len| !key.verify(b"message", &tag.as_ref()[..len])));
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", HmacKey::new(Hash::Sha256, b"key")), "HmacKey");
    }
}
