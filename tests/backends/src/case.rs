//! Every kind of token there is, with fixed keys.

use std::slice;

use symbolon::amora::{AmoraOpener, AmoraSealer};
use symbolon::jwe::{self, Content};
use symbolon::jws::{NewSignature, Payload, Signatures, compact, detached, flattened, general};
use symbolon::sealed::{HeaderlessKey, SealedCipher, SealedKey};
use symbolon::{
    Decrypter, Encrypter, Error, JweAlg, JweEnc, JwsAlg, KeyMaterial, KeyType, Keyring, Limits, OctKey,
    Result, Signer, Verifier,
};
use time::OffsetDateTime;

/// What all tokens hold: text, so that it may stand unencoded in JSON.
pub const PAYLOAD: &[u8] = "from one build to another \u{1f511} \"\\\u{0}".as_bytes();

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// A kind of token: how it is written, and its payload read.
pub struct Case {
    pub name: String,
    pub write: Box<dyn Fn() -> Result<String>>,
    pub read: Box<dyn Fn(&str) -> Result<Vec<u8>>>,
}

impl Case {
    fn new(
        name: String,
        write: impl Fn() -> Result<String> + 'static,
        read: impl Fn(&str) -> Result<Vec<u8>> + 'static,
    ) -> Self {
        Self { name, write: Box::new(write), read: Box::new(read) }
    }
}

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for alg in JwsAlg::all() {
        cases.extend(SignedForm::ALL.into_iter().map(|form| signed(alg, form)));
    }
    for (enc, alg) in JweEnc::all().flat_map(|enc| JweAlg::all().map(move |alg| (enc, alg))) {
        for key in encryption_keys(alg) {
            cases.extend(EncryptedForm::ALL.into_iter().map(|form| encrypted(alg, enc, key, form)));
        }
    }
    cases.extend([amora("zero", AmoraOpener::zero), amora("one", AmoraOpener::one)]);
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let key = || SealedKey::new([7; 32])?.with_kid("a");
        cases.push(Case::new(
            format!("sealed {}", cipher.name()),
            move || key()?.seal(PAYLOAD, cipher),
            move |token| key()?.open(token),
        ));
        let key = || HeaderlessKey::new([7; 32]);
        cases.push(Case::new(
            format!("sealed headerless {}", cipher.name()),
            move || key()?.seal(PAYLOAD, cipher),
            move |token| key()?.open(token),
        ));
    }
    cases
}

fn amora(version: &str, opener: fn(&[u8; 32]) -> AmoraOpener) -> Case {
    Case::new(
        format!("amora {version}"),
        move || AmoraSealer::seal(&opener(&[7; 32]).sealer(), PAYLOAD, 60, NOW),
        move |token| Ok(opener(&[7; 32]).open(token, NOW)?.into_payload()),
    )
}

/// A private key, of those that the crate's own tests have.
macro_rules! private_key {
    ($name:literal) => {
        || KeyMaterial::from_pem(include_str!(concat!("../../it/pem/", $name, ".pkcs8.pem")))
    };
}

type Key = (&'static str, fn() -> Result<KeyMaterial>);

const RSA: Key = ("RSA", private_key!("rsa"));
const P256: Key = ("P-256", private_key!("p256"));
const P384: Key = ("P-384", private_key!("p384"));
const P521: Key = ("P-521", private_key!("p521"));
const SECP256K1: Key = ("secp256k1", private_key!("secp256k1"));
const ED25519: Key = ("Ed25519", private_key!("ed25519"));
const X25519: Key = ("X25519", private_key!("x25519"));

#[derive(Debug, Clone, Copy)]
enum SignedForm {
    Compact,
    Flattened,
    FlattenedUnencoded,
    General,
    Detached,
    DetachedStream,
}

impl SignedForm {
    const ALL: [Self; 6] = [
        Self::Compact,
        Self::Flattened,
        Self::FlattenedUnencoded,
        Self::General,
        Self::Detached,
        Self::DetachedStream,
    ];

    fn sign(self, signer: &Signer) -> Result<String> {
        let new = NewSignature::by(signer).typ("example");
        match self {
            Self::Compact => compact::sign(PAYLOAD, &compact::Parameters::new(), &(), signer),
            Self::Flattened => flattened::sign(PAYLOAD, &new),
            Self::FlattenedUnencoded => flattened::sign(PAYLOAD, &new.unencoded()),
            Self::General => general::sign(PAYLOAD, &[new, new.unprotected_kid()]),
            Self::Detached => detached::sign(PAYLOAD, &new),
            Self::DetachedStream => detached::sign(Payload::Reader(&mut &*PAYLOAD), &new.unencoded()),
        }
    }

    fn verify(self, token: &str, ring: &Keyring) -> Result<Vec<u8>> {
        let limits = Limits::default();
        Ok(match self {
            Self::Compact => compact::verify(token, ring, &limits, NOW)?.payload().into(),
            Self::Flattened | Self::FlattenedUnencoded => {
                flattened::verify(token, ring, &limits, NOW)?.payload().into()
            }
            Self::General => {
                general::verify(token, ring, &Signatures::All, &limits, NOW)?.payload().into()
            }
            Self::Detached => {
                detached::verify(token, PAYLOAD, ring, &limits, NOW)?;
                PAYLOAD.into()
            }
            Self::DetachedStream => {
                let payload = Payload::Reader(&mut &*PAYLOAD);
                detached::verify(token, payload, ring, &limits, NOW)?;
                PAYLOAD.into()
            }
        })
    }
}

fn signed(alg: JwsAlg, form: SignedForm) -> Case {
    let key = move || -> Result<KeyMaterial> {
        let (_, key) = match (alg.key_type(), alg.curve()) {
            (KeyType::Rsa, _) => RSA,
            (_, Some("P-256")) => P256,
            (_, Some("P-384")) => P384,
            (_, Some("P-521")) => P521,
            (_, Some("secp256k1")) => SECP256K1,
            (_, Some("Ed25519")) => ED25519,
            _ => return Ok(OctKey::new([7; 64])?.into()),
        };
        key()
    };
    Case::new(
        format!("{alg} {form:?}"),
        move || form.sign(&Signer::new(alg, &key()?)?.with_kid("a")?),
        move |token| {
            // A public key has no private half; a secret has no public one.
            let key = key()?;
            let verifier = Verifier::new(alg, key.to_public().as_ref().unwrap_or(&key))?;
            form.verify(token, &Keyring::read_only().with_reader(verifier.with_kid("a")?)?)
        },
    )
}

/// The keys that `alg` takes: of ECDH-ES one on each curve; none where its length is all that counts.
fn encryption_keys(alg: JweAlg) -> Vec<Option<Key>> {
    match alg.name() {
        name if name.starts_with("RSA") => vec![Some(RSA)],
        name if name.starts_with("ECDH") => [P256, P384, P521, X25519].map(Some).into(),
        _ => vec![None],
    }
}

#[derive(Debug, Clone, Copy)]
enum EncryptedForm {
    Compact,
    CompactDeflated,
    Flattened,
    General,
}

impl EncryptedForm {
    const ALL: [Self; 4] = [Self::Compact, Self::CompactDeflated, Self::Flattened, Self::General];
}

fn encrypted(alg: JweAlg, enc: JweEnc, key: Option<Key>, form: EncryptedForm) -> Case {
    let material = move || -> Result<KeyMaterial> {
        let len = match alg.name() {
            "dir" => enc.key_len(),
            name if name.starts_with("A128") => 16,
            name if name.starts_with("A192") => 24,
            _ => 32,
        };
        match key {
            Some((_, key)) => key(),
            None => Ok(OctKey::new(vec![7; len])?.into()),
        }
    };
    let write = move || -> Result<String> {
        let key = material()?;
        let encrypter = Encrypter::new(alg, enc, key.to_public().as_ref().unwrap_or(&key))?;
        let encrypter =
            encrypter.with_parties(b"Alice", b"Bob").with_pbkdf2_rounds(1000)?.with_kid("a")?;
        let content = Content::new(PAYLOAD).typ("example");
        let aad = content.additional_data(b"seen by all");
        match form {
            EncryptedForm::Compact => jwe::compact::encrypt(&content, &(), &encrypter),
            EncryptedForm::CompactDeflated => {
                jwe::compact::encrypt(&content.danger_compressed(), &(), &encrypter)
            }
            EncryptedForm::Flattened => jwe::json::encrypt_flattened(&aad, &(), &(), &encrypter),
            // What cannot share its content key with others has no such form.
            EncryptedForm::General if ["dir", "ECDH-ES"].contains(&alg.name()) => {
                jwe::json::encrypt_flattened(&aad, &(), &(), &encrypter)
            }
            EncryptedForm::General => {
                jwe::json::encrypt_general(&aad, &(), &(), slice::from_ref(&encrypter))
            }
        }
    };
    let read = move |token: &str| -> Result<Vec<u8>> {
        let decrypter = Decrypter::new(alg, enc, &material()?)?.with_kid("a")?;
        let ring = Keyring::<Encrypter>::read_only().with_reader(decrypter)?;
        let limits = Limits::default().inflated_len(1000);
        let decrypted = match form {
            EncryptedForm::Compact | EncryptedForm::CompactDeflated => {
                jwe::compact::decrypt(token, &ring, &limits, NOW)?
            }
            EncryptedForm::Flattened | EncryptedForm::General => {
                jwe::json::decrypt(token, &ring, &limits, NOW)?
            }
        };
        Ok(decrypted.payload().into())
    };
    let curve = key.map_or(String::new(), |(name, _)| format!(" {name}"));
    Case::new(format!("{alg}{curve} {enc} {form:?}"), write, read)
}
