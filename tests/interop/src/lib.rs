//! The grid that is exchanged with other implementations: every key management and content encryption
//! of JWE, and every algorithm of JWS, each with a key that is made once.

use std::sync::LazyLock;

use symbolon::{
    Decrypter, EcCurve, EcPrivateKey, Encrypter, ErrorKind, JweAlg, JweEnc, Jwk, JwsAlg, Keyring,
    OctKey, OkpCurve, OkpPrivateKey, RsaPrivateKey, Signer, Verifier,
};

/// Who messages are encrypted to: one cell of the grid of algorithm and content encryption.
#[derive(Clone)]
pub struct Recipient {
    pub alg: JweAlg,
    pub enc: JweEnc,
    /// The private or symmetric key. It names no algorithm, so that others may read it, too.
    pub jwk: Jwk,
}

static KEYS: LazyLock<Vec<(JweAlg, Option<JweEnc>, Jwk)>> = LazyLock::new(|| {
    let oct = |len| vec![(String::new(), Jwk::from(OctKey::generate(len).unwrap()))];
    let ec = |curve| Jwk::from(EcPrivateKey::generate(curve).unwrap());
    let rsa = Jwk::from(RsaPrivateKey::generate(2048).unwrap());
    let curves = [
        (" P-256".to_owned(), ec(EcCurve::P256)),
        (" P-384".to_owned(), ec(EcCurve::P384)),
        (" P-521".to_owned(), ec(EcCurve::P521)),
        (" X25519".to_owned(), OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into()),
    ];
    let mut all = Vec::new();
    for alg in JweAlg::all() {
        let name = alg.name();
        if alg == JweAlg::DIR {
            for enc in JweEnc::all() {
                let jwk = Jwk::from(OctKey::generate(enc.key_len()).unwrap());
                all.push((alg, Some(enc), jwk.with_kid(format!("{alg} {enc}")).unwrap()));
            }
            continue;
        }
        let keys = if name.starts_with("RSA") {
            vec![(String::new(), rsa.clone())]
        } else if name.starts_with("ECDH") {
            curves.to_vec()
        } else if name.starts_with("PBES2") {
            let password = OctKey::new(&b"a long passphrase, drawn by dice"[..]).unwrap();
            vec![(String::new(), password.into())]
        } else {
            let lens = [("A128", 16), ("A192", 24), ("A256", 32)];
            oct(lens.into_iter().find(|(start, _)| name.starts_with(start)).unwrap().1)
        };
        for (curve, jwk) in keys {
            all.push((alg, None, jwk.with_kid(format!("{alg}{curve}")).unwrap()));
        }
    }
    all
});

/// Every key that messages are encrypted to: its algorithm, the one content encryption it is for where
/// it is the content key itself, and the key.
#[must_use]
pub fn encryption_keys() -> &'static [(JweAlg, Option<JweEnc>, Jwk)] {
    &KEYS
}

/// All recipients of content that is encrypted with `enc`: ECDH-ES on every curve.
pub fn recipients(enc: JweEnc) -> impl Iterator<Item = Recipient> {
    let fits = move |own: &Option<JweEnc>| own.is_none_or(|own| own == enc);
    let fitting = KEYS.iter().filter(move |(_, own, _)| fits(own));
    fitting.map(move |(alg, _, jwk)| Recipient { alg: *alg, enc, jwk: jwk.clone() })
}

/// All recipients of all content encryptions.
pub fn grid() -> impl Iterator<Item = Recipient> {
    JweEnc::all().flat_map(recipients)
}

impl Recipient {
    /// The key's identifier, which says what it is for.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.jwk.kid().unwrap().as_str()
    }

    /// A name for it in reports.
    #[must_use]
    pub fn name(&self) -> String {
        if self.alg == JweAlg::DIR {
            self.kid().to_owned()
        } else {
            format!("{} {}", self.kid(), self.enc)
        }
    }

    /// Whether the key, or an agreed one, is the content key, so that nobody else can share a message.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        [JweAlg::DIR, JweAlg::ECDH_ES].contains(&self.alg)
    }

    /// A key that writes, of the public half alone where there is one.
    #[must_use]
    pub fn writer(&self) -> Encrypter {
        let writer = Encrypter::from_jwk_as(&public(&self.jwk), self.alg, self.enc).unwrap();
        writer.with_pbkdf2_rounds(1000).unwrap()
    }

    /// A ring that reads; none where this build decrypts no RSA-OAEP.
    #[must_use]
    pub fn ring(&self) -> Option<Keyring<Encrypter>> {
        reading(&self.jwk, self.alg, self.enc)
    }
}

/// A ring of one key that reads; none where this build decrypts no RSA-OAEP.
#[must_use]
pub fn reading(jwk: &Jwk, alg: JweAlg, enc: JweEnc) -> Option<Keyring<Encrypter>> {
    match Decrypter::from_jwk_as(jwk, alg, enc) {
        Ok(reader) => Some(Keyring::read_only().with_reader(reader).unwrap()),
        Err(error) => {
            let excused = alg.name().starts_with("RSA") && cfg!(not(feature = "aws-lc-rs"));
            assert!(excused && error.kind() == ErrorKind::MissingFeature, "{alg}: {error}");
            None
        }
    }
}

/// A key that signs.
#[derive(Clone)]
pub struct Signing {
    pub alg: JwsAlg,
    /// The private or symmetric key. It names no algorithm, so that others may read it, too.
    pub jwk: Jwk,
}

static SIGNING: LazyLock<Vec<Signing>> = LazyLock::new(|| {
    let fresh = |alg| {
        let jwk = Jwk::from(Jwk::generate(alg).unwrap().into_material());
        Signing { alg, jwk: jwk.with_kid(alg.name()).unwrap() }
    };
    JwsAlg::all().map(fresh).collect()
});

/// One for every algorithm.
#[must_use]
pub fn signing() -> &'static [Signing] {
    &SIGNING
}

impl Signing {
    #[must_use]
    pub fn signer(&self) -> Signer {
        let signer = Signer::new(self.alg, self.jwk.material()).unwrap();
        signer.with_kid(self.alg.name()).unwrap()
    }

    /// A ring that verifies, of the public half alone where there is one.
    #[must_use]
    pub fn ring(&self) -> Keyring {
        let verifier = Verifier::new(self.alg, public(&self.jwk).material()).unwrap();
        Keyring::read_only().with_reader(verifier.with_kid(self.alg.name()).unwrap()).unwrap()
    }
}

/// The public half of a key; a symmetric one as it is.
#[must_use]
pub fn public(jwk: &Jwk) -> Jwk {
    jwk.to_public().unwrap_or_else(|_| jwk.clone())
}

/// The JSON text of a key with all that it has.
#[must_use]
pub fn secret_json(jwk: &Jwk) -> String {
    jwk.danger_to_secret_json().as_str().to_owned()
}

/// The same text with its byte at `at` exchanged for another of base64url's alphabet.
#[must_use]
pub fn changed(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut text = text.to_owned();
    text.replace_range(at..=at, other);
    text
}
