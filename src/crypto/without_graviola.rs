//! What `graviola` is in a build without it: keys that there are none of.

use core::convert::Infallible;

use zeroize::Zeroizing;

use super::Failed;
use super::ecdsa::{EcdsaCurve, Point};

macro_rules! none {
    ($($name:ident: new($($of:ty),*) -> $new:ty, $use:ident($($with:ty),*) -> $done:ty;)*) => {$(
        pub(super) struct $name(Infallible);

        impl $name {
            pub(super) const fn new($(_: $of),*) -> Option<$new> {
                None
            }

            pub(super) const fn $use(&self $(, _: $with)*) -> $done {
                match self.0 {}
            }
        }
    )*};
}

none! {
    X25519: new(&[u8; 32]) -> (Self, [u8; 32]), agree(&[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed>;
    Ecdh: new(EcdsaCurve, &[u8]) -> Self, agree(&Point) -> Result<Zeroizing<Vec<u8>>, Failed>;
    Ed25519: new(&[u8; 32]) -> (Self, [u8; 32]), sign(&[u8]) -> [u8; 64];
    Es384Public: new(&Point) -> Self, verify(&[u8], &[u8]) -> bool;
    Es384Private: new(&[u8], &Point) -> Self, sign(&[u8], &mut [u8]) -> Result<usize, Failed>;
}
