//! The Concat KDF (NIST SP 800-56A §5.8.1) with SHA-256, as RFC 7518 §4.6.2 has it.

use super::Failed;
use super::hash::{Hash, digest_parts};
use zeroize::Zeroizing;

/// Fills `out`; its length in bits is the `SuppPubInfo`. `SuppPrivInfo` is empty, and the other
/// three get their lengths in front here.
pub(crate) fn concat_kdf(
    z: &[u8],
    algorithm_id: &[u8],
    apu: &[u8],
    apv: &[u8],
    out: &mut [u8],
) -> Result<(), Failed> {
    let len = |of: &[u8]| u32::try_from(of.len()).map_err(|_| Failed);
    let bits = len(out)?.checked_mul(8).ok_or(Failed)?.to_be_bytes();
    let (algorithm_len, apu_len, apv_len) =
        (len(algorithm_id)?.to_be_bytes(), len(apu)?.to_be_bytes(), len(apv)?.to_be_bytes());
    for (round, chunk) in (1_u32..).zip(out.chunks_mut(Hash::Sha256.len())) {
        let parts: [&[u8]; 9] =
            [&round.to_be_bytes(), z, &algorithm_len, algorithm_id, &apu_len, apu, &apv_len, apv, &bits];
        let block = Zeroizing::new(digest_parts(Hash::Sha256, &parts));
        let filled = chunk.iter_mut().zip(block.as_ref());
        filled.for_each(|(to, from)| *to = *from);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7518 §C.
    #[test]
    fn derives_as_rfc7518_c() {
        let z = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110,
            163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let due = [86, 170, 141, 234, 248, 35, 109, 32, 92, 34, 40, 205, 113, 167, 16, 26];
        let mut out = [0; 16];
        assert_eq!(concat_kdf(&z, b"A128GCM", b"Alice", b"Bob", &mut out), Ok(()));
        assert_eq!(out, due);
    }

    // The counter is the only thing that differs between two rounds.
    #[test]
    fn goes_on_behind_one_hash() {
        let mut out = [0; 80];
        assert_eq!(concat_kdf(b"z", b"id", b"", b"", &mut out), Ok(()));
        for (round, chunk) in (1..).zip(out.chunks(32)) {
            let input = [&[0, 0, 0, round][..], b"z\0\0\0\x02id\0\0\0\0\0\0\0\0\0\0\x02\x80"].concat();
            let due = super::super::hash::digest(Hash::Sha256, &input);
            assert_eq!(chunk, &due.as_ref()[..chunk.len()]);
        }
    }
}
