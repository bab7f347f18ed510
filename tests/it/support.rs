//! What tests share.

use std::path::Path;

use symbolon::{Error, ErrorKind};

/// The JSON of a file of the vectors, such as `rfc7517/examples.json`; none, said on stdout, where
/// the variable `SYMBOLON_VECTORS` names no folder of them.
pub(crate) fn vectors(name: &str) -> Option<serde_json::Value> {
    let Some(folder) = std::env::var_os("SYMBOLON_VECTORS") else {
        let thread = std::thread::current();
        let test = thread.name().filter(|test| *test != "main").unwrap_or(name);
        println!("skipped: {test}: SYMBOLON_VECTORS is not set");
        return None;
    };
    let path = Path::new(&folder).join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Runs each case, prints how many ran, and fails where one was wrong.
pub(crate) fn count<C>(
    source: &str,
    cases: impl IntoIterator<Item = C>,
    judge: impl Fn(C) -> Result<(), String>,
) {
    let (mut run, mut wrong) = (0, Vec::new());
    for case in cases {
        run += 1;
        wrong.extend(judge(case).err());
    }
    println!("{source}: {run} run, {} wrong", wrong.len());
    assert!(run > 0, "{source}: no case ran");
    assert!(wrong.is_empty(), "{source}: {wrong:#?}");
}

/// Whether it failed just because a backend is not compiled in.
pub(crate) fn lacks_feature<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::MissingFeature)
}

/// `text` cut off at every byte, then with every single bit flipped.
pub(crate) fn damaged(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..text.len()).map(|end| text[..end].to_vec());
    let flipped = (0..text.len() * 8).map(|bit| {
        let mut text = text.to_vec();
        text[bit / 8] ^= 1 << (bit % 8);
        text
    });
    cut.chain(flipped)
}

/// Bytes without a pattern, the same in each run.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}
