//! Every codec there is in this build, with a key of each kind.

use std::sync::OnceLock;

use symbolon::{AnyOf, JwsCodec, Nested, TokenCodec};

use crate::support::signers;

/// A codec that writes and reads.
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) codec: Box<dyn TokenCodec>,
    /// Whether its header tells `typ` and `cty`.
    pub(crate) is_jose: bool,
    /// Whether it is quick enough to be asked thousands of times.
    pub(crate) is_quick: bool,
}

/// One for each algorithm and kind of key: signed, encrypted, nested, sealed, Amora, and several formats
/// in one.
pub(crate) fn cells() -> &'static [Cell] {
    static CELLS: OnceLock<Vec<Cell>> = OnceLock::new();
    CELLS.get_or_init(|| {
        let mut cells = signed();
        #[cfg(feature = "jwe")]
        cells.extend(encrypted().iter().map(|(name, ring)| Cell {
            name: name.clone(),
            codec: Box::new(symbolon::JweCodec::new(ring.clone())),
            is_jose: true,
            is_quick: name.starts_with("dir") || name.starts_with("A256KW"),
        }));
        cells.extend(nested());
        #[cfg(feature = "sealed")]
        cells.extend(sealed());
        #[cfg(feature = "amora")]
        cells.extend(amora());
        cells.extend(any_of());
        println!("{} codecs with their keys", cells.len());
        cells
    })
}

/// A cell that is JOSE through and through.
fn jose(name: impl Into<String>, codec: impl TokenCodec + 'static, is_quick: bool) -> Cell {
    Cell { name: name.into(), codec: Box::new(codec), is_jose: true, is_quick }
}

fn signed() -> Vec<Cell> {
    let cell = |signer: &symbolon::Signer| {
        let alg = signer.alg().name();
        jose(alg, JwsCodec::new(signer.clone().with_kid("k\"ü").unwrap()), alg.starts_with("HS"))
    };
    signers().iter().map(|(_, signer)| cell(signer)).collect()
}

/// A ring for each key management on each kind of key, with each content encryption; what this build
/// lacks is left out.
#[cfg(feature = "jwe")]
pub(crate) fn encrypted() -> &'static [(String, crate::jwe_support::Ring)] {
    use symbolon::{Decrypter, JweEnc, WritingKey};

    use crate::jwe_support::{encrypter, recipients, ring_of};
    use crate::support::lacks_feature;

    static RINGS: OnceLock<Vec<(String, crate::jwe_support::Ring)>> = OnceLock::new();
    RINGS.get_or_init(|| {
        let mut all = Vec::new();
        let mut lacking = 0;
        for enc in JweEnc::all() {
            for (name, alg, key) in recipients(enc) {
                let ring = key.and_then(|key| {
                    let reader = Decrypter::new(alg, enc, &key)?;
                    // Written with the public half where there is one, which then reads nothing.
                    let writer = encrypter(alg, enc, &key.to_public().unwrap_or(key))?;
                    match writer.reader() {
                        Some(_) => Ok(symbolon::Keyring::new(writer)),
                        None => ring_of(reader).rotated(writer, None),
                    }
                });
                if lacks_feature(&ring) {
                    lacking += 1;
                    continue;
                }
                all.push((format!("{name} with {enc}"), ring.unwrap()));
            }
        }
        println!("skipped: {lacking} of {}: not in this build", all.len() + lacking);
        all
    })
}

/// Signed tokens in others.
fn nested() -> Vec<Cell> {
    let inner = |alg: &str| {
        let signer = signers().iter().find(|(_, signer)| signer.alg().name() == alg).unwrap();
        JwsCodec::new(signer.1.clone())
    };
    let mut cells = vec![jose("ES256 in HS256", Nested::new(inner("HS256"), inner("ES256")), false)];
    #[cfg(feature = "jwe")]
    for (outer, ring) in encrypted().iter().filter(|(name, _)| name.ends_with(" with A256GCM")) {
        if ["dir", "A256KW", "ECDH-ES on X25519"].iter().any(|start| outer.starts_with(start)) {
            for alg in ["HS256", "EdDSA"] {
                let outer_codec = symbolon::JweCodec::new(ring.clone());
                let quick = outer.starts_with("dir") && alg == "HS256";
                cells.push(jose(
                    format!("{alg} in {outer}"),
                    Nested::new(outer_codec, inner(alg)),
                    quick,
                ));
            }
        }
    }
    cells
}

#[cfg(feature = "sealed")]
fn sealed() -> Vec<Cell> {
    use symbolon::{HeaderlessSealedCodec, SealedCipher, SealedCodec, SealedKey};
    let mut cells = Vec::new();
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let key = || SealedKey::new([7; 32]).unwrap();
        let named = SealedCodec::new(key().with_kid("k").unwrap()).cipher(cipher);
        let nameless = SealedCodec::new(key()).cipher(cipher);
        let headerless = HeaderlessSealedCodec::from_master([7; 32]).unwrap().cipher(cipher);
        let all: [(&str, Box<dyn TokenCodec>); 3] = [
            ("sealed, named", Box::new(named)),
            ("sealed", Box::new(nameless)),
            ("headerless", Box::new(headerless)),
        ];
        cells.extend(all.map(|(name, codec)| Cell {
            name: format!("{name}, {cipher:?}"),
            codec,
            is_jose: false,
            is_quick: true,
        }));
    }
    cells
}

#[cfg(feature = "amora")]
fn amora() -> Vec<Cell> {
    use symbolon::AmoraCodec;
    [("Amora zero", AmoraCodec::zero(&[7; 32]), true), ("Amora one", AmoraCodec::one(&[7; 32]), false)]
        .map(|(name, codec, is_quick)| Cell {
            name: name.to_owned(),
            codec: Box::new(codec),
            is_jose: false,
            is_quick,
        })
        .into()
}

/// Each format beside all others: its shape alone tells it from them.
fn any_of() -> Vec<Cell> {
    type Make = fn() -> Box<dyn TokenCodec>;
    let mut formats: Vec<(&str, bool, Make)> =
        vec![("JWS", true, || Box::new(JwsCodec::hs256(vec![7; 32]).unwrap()))];
    #[cfg(feature = "jwe")]
    formats.push(("JWE", true, || Box::new(symbolon::JweCodec::a256gcm(vec![7; 32]).unwrap())));
    #[cfg(feature = "amora")]
    formats.push(("Amora zero", false, || Box::new(symbolon::AmoraCodec::zero(&[7; 32]))));
    #[cfg(feature = "sealed")]
    formats.push(("sealed", false, || Box::new(symbolon::SealedCodec::from_master([7; 32]).unwrap())));
    let cell = |(at, (name, is_jose, make)): (usize, &(&str, bool, Make))| {
        let others = formats.iter().enumerate().filter(|(other, _)| *other != at);
        let codec = others.fold(AnyOf::new(make()), |codec, (_, (_, _, make))| codec.or(make()));
        Cell {
            name: format!("{name} or another"),
            codec: Box::new(codec),
            is_jose: *is_jose,
            is_quick: true,
        }
    };
    formats.iter().enumerate().map(cell).collect()
}
