//! Key agreement with an ephemeral key: ECDH-ES and ECDH-ES+A128KW, +A192KW, +A256KW (RFC 7518
//! §4.6) on P-256, P-384, P-521 and X25519 (RFC 8037 §3.2).

use std::sync::Arc;

use zeroize::Zeroizing;

use super::dir::refuse_encrypted_key;
use super::parameters::malformed;
use super::{
    AlgRow, Cek, DecryptKey, Dice, EncryptKey, Epk, Given, JweAlg, Parameters, ReadParameters, aes_kw,
};
use crate::base::base64url;
use crate::base::json;
use crate::crypto::aes_kw::AesKwKey;
use crate::crypto::concat_kdf::concat_kdf;
use crate::crypto::ecdh::{EcdhPrivate, EcdhPublic};
use crate::crypto::x25519::X25519Secret;
use crate::error::{ErrorKind, Result};
use crate::jwa::content_encryption::EncRow;
use crate::jwa::{EcCurve, EcPrivateKey, KeyMaterial, KeyType, OkpCurve, mismatch, unusable};

/// The length of the key that wraps, where one does.
type Wrapping = Option<usize>;

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $name:literal, $wrapping:expr;)*) => {
        pub(super) const ALGS: &[JweAlg] = &[$(JweAlg::$alg),*];

        impl JweAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&AlgRow {
                name: $name,
                key_types: &[KeyType::Ec, KeyType::Okp],
                direct: $wrapping.is_none(),
                constant_header: false,
                generate: |_| Ok(EcPrivateKey::generate(EcCurve::P256)?.into()),
                encrypter: |key, _| Ok(Arc::new(Encrypting::new(key, $name, $wrapping)?)),
                decrypter: |key, _| Ok(Arc::new(Decrypting::new(key, $name, $wrapping)?)),
            });
        )*}
    };
}

const DIRECT: Wrapping = None;

rows! {
    /// The agreed key is the content key (RFC 7518 §4.6).
    ECDH_ES = "ECDH-ES", DIRECT;
    /// The agreed key, of 16 bytes, wraps the content key (RFC 7518 §4.6).
    ECDH_ES_A128KW = "ECDH-ES+A128KW", Some(16_usize);
    /// The agreed key, of 24 bytes, wraps the content key (RFC 7518 §4.6).
    ECDH_ES_A192KW = "ECDH-ES+A192KW", Some(24_usize);
    /// The agreed key, of 32 bytes, wraps the content key (RFC 7518 §4.6).
    ECDH_ES_A256KW = "ECDH-ES+A256KW", Some(32_usize);
}

const NEEDS_PUBLIC: &str = "a public EC key on P-256, P-384 or P-521, or a public OKP key on X25519";
const NEEDS_PRIVATE: &str = "a private EC key on P-256, P-384 or P-521, or a private OKP key on X25519";
const UNUSABLE: &str = "the key is off its curve, or its halves do not fit";

/// The key of `len` bytes that both sides come to (RFC 7518 §4.6.2).
fn derive(alg: &str, wrapping: Wrapping, enc: &EncRow, z: &[u8], apu: &[u8], apv: &[u8]) -> Result<Cek> {
    // Where the agreed key wraps, it is named after the whole algorithm, else after the content's.
    let (id, len) = wrapping.map_or((enc.name, enc.key_len), |len| (alg, len));
    let mut key = Cek::zeroed(len);
    concat_kdf(z, id.as_bytes(), apu, apv, &mut key).map_err(|_| ErrorKind::Malformed)?;
    Ok(key)
}

/// That no backend wraps with such keys is found out now rather than with the first token.
fn check_wrapping(wrapping: Wrapping) -> Result<()> {
    wrapping.map_or(Ok(()), |len| match AesKwKey::new(&vec![0; len]) {
        Ok(_) => Ok(()),
        Err(reason) => Err(unusable(reason, UNUSABLE)),
    })
}

struct Encrypting {
    alg: &'static str,
    wrapping: Wrapping,
    peer: Peer,
}

enum Peer {
    Nist(EcCurve, EcdhPublic),
    X25519([u8; 32]),
}

impl Encrypting {
    fn new(key: &KeyMaterial, alg: &'static str, wrapping: Wrapping) -> Result<Self> {
        let peer = match key {
            KeyMaterial::EcPublic(key) if key.curve() != EcCurve::Secp256k1 => {
                let point = EcdhPublic::new(key.curve().primitive(), key.x(), key.y());
                Peer::Nist(key.curve(), point.map_err(|reason| unusable(reason, UNUSABLE))?)
            }
            KeyMaterial::OkpPublic(key) if key.curve() == OkpCurve::X25519 => Peer::X25519(*key.x()),
            other => return Err(mismatch(alg, NEEDS_PUBLIC, other)),
        };
        check_wrapping(wrapping)?;
        Ok(Self { alg, wrapping, peer })
    }

    fn agree(&self, dice: &mut Dice) -> Result<(Epk, Zeroizing<Vec<u8>>)> {
        match &self.peer {
            Peer::Nist(curve, peer) => {
                let (x, y, z) = peer.agree_ephemeral().map_err(|_| ErrorKind::Encrypting)?;
                let (x, y) = (base64url::encode(x), Some(base64url::encode(y)));
                Ok((Epk { kty: "EC", crv: curve.name(), x, y }, z))
            }
            Peer::X25519(peer) => {
                let mut secret = Zeroizing::new([0; 32]);
                dice.fill(&mut *secret)?;
                let secret = X25519Secret::from_bytes(&secret);
                let z = secret.agree(peer).map_err(|_| ErrorKind::Encrypting)?;
                let x = base64url::encode(secret.public());
                let epk = Epk { kty: "OKP", crv: OkpCurve::X25519.name(), x, y: None };
                Ok((epk, Zeroizing::new(z.to_vec())))
            }
        }
    }
}

impl EncryptKey for Encrypting {
    fn random_len(&self) -> usize {
        match self.peer {
            // The backends draw for themselves.
            Peer::Nist(..) => 0,
            Peer::X25519(_) => 32,
        }
    }

    fn encrypt_key(
        &self,
        enc: &EncRow,
        cek: &[u8],
        dice: &mut Dice,
        parameters: &mut Parameters,
    ) -> Result<Given> {
        let (epk, z) = self.agree(dice)?;
        parameters.epk = Some(epk);
        let apu = parameters.apu.as_deref().unwrap_or_default();
        let apv = parameters.apv.as_deref().unwrap_or_default();
        let agreed = derive(self.alg, self.wrapping, enc, &z, apu, apv)?;
        match self.wrapping {
            None => Ok(Given::Own(agreed)),
            Some(_) => {
                let key = AesKwKey::new(&agreed).map_err(|reason| unusable(reason, UNUSABLE))?;
                aes_kw::wrap(&key, cek)
            }
        }
    }
}

struct Decrypting {
    alg: &'static str,
    wrapping: Wrapping,
    own: Own,
}

enum Own {
    Nist(EcCurve, Box<EcdhPrivate>),
    X25519(Box<X25519Secret>),
}

impl Decrypting {
    fn new(key: &KeyMaterial, alg: &'static str, wrapping: Wrapping) -> Result<Self> {
        let own = match key {
            KeyMaterial::EcPrivate(key) if key.public().curve() != EcCurve::Secp256k1 => {
                let curve = key.public().curve();
                let secret = EcdhPrivate::new(curve.primitive(), key.d());
                Own::Nist(curve, Box::new(secret.map_err(|reason| unusable(reason, UNUSABLE))?))
            }
            KeyMaterial::OkpPrivate(key) if key.public().curve() == OkpCurve::X25519 => {
                let secret = key.d().try_into().map_err(|_| ErrorKind::InvalidKey)?;
                Own::X25519(Box::new(X25519Secret::from_bytes(secret)))
            }
            other => return Err(mismatch(alg, NEEDS_PRIVATE, other)),
        };
        check_wrapping(wrapping)?;
        Ok(Self { alg, wrapping, own })
    }

    /// The shared secret with the header's `epk`, which must lie on our own curve.
    fn agree(&self, epk: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let [mut kty, mut crv, mut x, mut y] = [None; 4];
        json::members(epk, |name, value| match &**name {
            "kty" => kty = Some(value),
            "crv" => crv = Some(value),
            "x" => x = Some(value),
            "y" => y = Some(value),
            _ => {}
        })
        .map_err(|_| malformed("epk"))?;
        let is = |value: Option<json::Value<'_>>, due: &str| {
            value.and_then(|value| value.as_str()).is_some_and(|text| text == due)
        };
        let x = ReadParameters::bytes("epk", x)?;
        match &self.own {
            Own::Nist(curve, own) if is(kty, "EC") && is(crv, curve.name()) => {
                let y = ReadParameters::bytes("epk", y)?;
                Ok(own.agree(&x, &y).map_err(|_| malformed("epk"))?)
            }
            Own::X25519(own) if is(kty, "OKP") && is(crv, OkpCurve::X25519.name()) => {
                let x = x.as_slice().try_into().map_err(|_| malformed("epk"))?;
                Ok(Zeroizing::new(own.agree(x).map_err(|_| malformed("epk"))?.to_vec()))
            }
            _ => Err(malformed("epk")),
        }
    }
}

impl DecryptKey for Decrypting {
    fn decrypt_key(
        &self,
        enc: &EncRow,
        encrypted_key: &[u8],
        parameters: &ReadParameters<'_>,
    ) -> Result<Cek> {
        if self.wrapping.is_none() {
            refuse_encrypted_key(encrypted_key)?;
        }
        let z = self.agree(parameters.epk.ok_or_else(|| malformed("epk"))?.raw.as_bytes())?;
        let apu = ReadParameters::bytes_or_none("apu", parameters.apu)?;
        let apv = ReadParameters::bytes_or_none("apv", parameters.apv)?;
        let agreed = derive(self.alg, self.wrapping, enc, &z, &apu, &apv)?;
        match self.wrapping {
            None => Ok(agreed),
            Some(_) => {
                let key = AesKwKey::new(&agreed).map_err(|reason| unusable(reason, UNUSABLE))?;
                aes_kw::unwrap(&key, encrypted_key)
            }
        }
    }
}
