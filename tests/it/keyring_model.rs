//! Which keys a token is tried with, beside a model written from the documentation: a list of keys, and
//! the rules of `Keyring` and `KidPolicy` applied to it one after the other.

use proptest::prelude::*;
use serde_json::{Value, json};
use symbolon::{
    EdAlg, ErrorKind, HmacAlg, Jwk, JwsAlg, JwsCodec, KeyId, Keyring, KidPolicy, NoCustom, OctKey,
    OkpCurve, OkpPrivateKey, Signer, TokenCodecExt, Verifier,
};

use crate::support::{NOW, at, config, kind, signed_as};

/// Keys of four algorithms, of which two are names of one; the same in each run.
fn signers() -> &'static [Signer] {
    static SIGNERS: std::sync::OnceLock<Vec<Signer>> = std::sync::OnceLock::new();
    SIGNERS.get_or_init(|| {
        let mac = |byte: u8, alg| OctKey::new(vec![byte; 64]).unwrap().signer(alg).unwrap();
        let ed = |alg| OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap().signer(alg).unwrap();
        let macs = (0..6).map(|byte| mac(byte, HmacAlg::Hs256));
        let others = (6..9).map(|byte| mac(byte, HmacAlg::Hs384));
        let eds = [EdAlg::EdDsa, EdAlg::Ed25519, EdAlg::EdDsa].map(ed);
        macs.chain(others).chain(eds).collect()
    })
}

const KEYS: usize = 12;

/// A key of the model: which of the signers it is, and its name and end.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    signer: usize,
    kid: Option<&'static str>,
    until: Option<i64>,
}

impl Key {
    fn signer(&self) -> Signer {
        let signer = signers()[self.signer].clone();
        self.kid.map_or(Ok(signer.clone()), |kid| signer.with_kid(kid)).unwrap()
    }

    fn fits(&self, alg: &str) -> bool {
        let own = signers()[self.signer].alg();
        // RFC 9864 gave Ed25519 a second name.
        let is_ed = |name: &str| name == "EdDSA" || name == "Ed25519";
        own.name() == alg || is_ed(own.name()) && is_ed(alg)
    }

    fn is_due(&self, now: i64) -> bool {
        self.until.is_none_or(|last| now <= last)
    }
}

#[derive(Debug, Clone)]
enum Change {
    Add(Key),
    Rotate(Key, Option<i64>),
    Without(&'static str),
    Prune(i64),
    Policy(KidPolicy),
}

#[derive(Debug, Clone)]
struct Model {
    /// The primary's own first.
    keys: Vec<Key>,
    primary_reads: bool,
    policy: KidPolicy,
}

impl Model {
    /// How many keys one token may be tried with that `key` is tried with.
    fn beside(&self, key: &Key) -> usize {
        let alg = signers()[key.signer].alg().name();
        let together =
            |other: &&Key| other.fits(alg) && (self.policy == KidPolicy::TryAll || other.kid == key.kid);
        self.keys.iter().filter(together).count()
    }

    /// Whether the change is allowed: "at most 4" keys that one token is tried with.
    fn change(&mut self, change: &Change) -> bool {
        match change {
            Change::Add(key) => {
                if self.beside(key) >= 4 {
                    return false;
                }
                self.keys.push(key.clone());
            }
            Change::Rotate(key, old_until) => {
                if self.primary_reads {
                    self.keys[0].until = *old_until;
                }
                self.keys.insert(0, Key { until: None, ..key.clone() });
                self.primary_reads = true;
            }
            Change::Without(kid) => {
                self.primary_reads &= self.keys[0].kid != Some(*kid);
                self.keys.retain(|key| key.kid != Some(*kid));
            }
            Change::Prune(now) => self.keys.retain(|key| key.is_due(*now)),
            Change::Policy(policy) => self.policy = *policy,
        }
        self.keys.iter().all(|key| self.beside(key) <= 4)
    }

    /// The keys a token is tried with, or why it is tried with none.
    fn picked(&self, kid: Option<&str>, alg: &str, now: i64) -> Result<Vec<usize>, ErrorKind> {
        let claimed = |kid| self.keys.iter().any(|key| key.kid == Some(kid));
        let picked = |key: &Key| match kid {
            None => true,
            Some(kid) if claimed(kid) => key.kid == Some(kid),
            Some(_) => key.kid.is_none(),
        };
        let places = |judge: &dyn Fn(&Key) -> bool| -> Vec<usize> {
            (0..self.keys.len()).filter(|place| judge(&self.keys[*place])).collect()
        };
        let fitting = places(&|key| picked(key) && key.is_due(now) && key.fits(alg));
        match (kid, self.policy) {
            (None, KidPolicy::Required) => return Err(ErrorKind::UnknownKey),
            (None, KidPolicy::SoleKey) if fitting.len() > 1 => return Err(ErrorKind::UnknownKey),
            _ => {}
        }
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        let others = places(&|key| picked(key) && key.is_due(now));
        Err(if others.is_empty() { ErrorKind::UnknownKey } else { ErrorKind::AlgorithmMismatch })
    }
}

fn apply(ring: Keyring, change: &Change) -> Result<Keyring, symbolon::Error> {
    match change {
        Change::Add(key) => match key.until {
            Some(last) => ring.with_reader_until(key.signer().verifier(), at(last)),
            None => ring.with_reader(key.signer().verifier()),
        },
        Change::Rotate(key, old_until) => ring.rotated(key.signer(), old_until.map(at)),
        Change::Without(kid) => Ok(ring.without(&KeyId::new(*kid).unwrap())),
        Change::Prune(now) => Ok(ring.pruned(at(*now))),
        Change::Policy(policy) => ring.with_policy(*policy),
    }
}

const NAMES: [&str; 3] = ["a", "b", "c"];

fn moment() -> impl Strategy<Value = i64> {
    (-2..=2_i64).prop_map(|by| NOW + by)
}

fn key() -> impl Strategy<Value = Key> {
    let kid = prop::option::weighted(0.7, prop::sample::select(NAMES.to_vec()));
    (0..KEYS, kid, prop::option::of(moment())).prop_map(|(signer, kid, until)| Key {
        signer,
        kid,
        until,
    })
}

fn policy() -> impl Strategy<Value = KidPolicy> {
    prop::sample::select(vec![KidPolicy::Required, KidPolicy::SoleKey, KidPolicy::TryAll])
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => key().prop_map(Change::Add),
        2 => (key(), prop::option::of(moment())).prop_map(|(key, until)| Change::Rotate(key, until)),
        1 => prop::sample::select(NAMES.to_vec()).prop_map(Change::Without),
        1 => moment().prop_map(Change::Prune),
        1 => policy().prop_map(Change::Policy),
    ]
}

/// Which of the ring's keys `key` is.
fn place(ring: &Keyring, key: &Verifier) -> usize {
    ring.readers().position(|own| std::ptr::eq(own, key)).unwrap()
}

fn agree(ring: &Keyring, model: &Model, now: i64) -> Result<(), TestCaseError> {
    prop_assert_eq!(ring.len(), model.keys.len());
    for (own, key) in ring.readers().zip(&model.keys) {
        prop_assert_eq!(own.kid().map(KeyId::as_str), key.kid);
    }
    let codec = JwsCodec::new(ring.clone());
    let kids = [None, Some("a"), Some("b"), Some("c"), Some("another"), Some("")];
    for kid in kids {
        for alg in ["HS256", "HS384", "HS512", "EdDSA", "Ed25519", "none", ""] {
            let due = model.picked(kid, alg, now);
            let picked = ring.candidates(kid, alg, now);
            let picked = picked.map(|keys| {
                let mut places: Vec<usize> = keys.map(|key| place(ring, key)).collect();
                places.sort_unstable();
                places
            });
            match (&due, picked.map_err(|error| error.kind())) {
                // Without a name it is not searched through, only to tell which of the two it is.
                (Err(ErrorKind::AlgorithmMismatch), Err(ErrorKind::UnknownKey)) if kid.is_none() => {}
                (due, picked) => prop_assert_eq!(&picked, due, "{:?} {}", kid, alg),
            }
        }
        // And the same of tokens: who signed one is among those that it is tried with.
        for (number, signer) in signers().iter().enumerate() {
            let alg = signer.alg().name();
            let header = kid.map_or_else(|| json!({"alg": alg}), |kid| json!({"alg": alg, "kid": kid}));
            let token = signed_as(header.to_string(), "{}", signer);
            let read = codec.decode_at::<NoCustom>(&token, at(now));
            let due = model.picked(kid, alg, now);
            let signed =
                |places: &Vec<usize>| places.iter().any(|place| model.keys[*place].signer == number);
            match due.as_ref().map(signed) {
                Ok(true) => prop_assert!(read.is_ok(), "{:?} {}: {:?}", kid, number, kind(read)),
                Ok(false) => prop_assert_eq!(kind(read), Some(ErrorKind::Unauthentic)),
                Err(ErrorKind::AlgorithmMismatch) if kid.is_none() => {
                    let kinds = [Some(ErrorKind::AlgorithmMismatch), Some(ErrorKind::UnknownKey)];
                    prop_assert!(kinds.contains(&kind(read)));
                }
                Err(due) => prop_assert_eq!(kind(read), Some(*due)),
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn a_ring_picks_the_keys_of_the_documentation(
        primary in key(), changes in prop::collection::vec(change(), 0..14), now in moment(),
    ) {
        let mut ring = Keyring::new(primary.signer());
        let primary = Key { until: None, ..primary };
        let mut model = Model { keys: vec![primary], primary_reads: true, policy: KidPolicy::SoleKey };
        for change in &changes {
            let mut changed = model.clone();
            // With the first key gone nothing stands in the primary's place.
            if changed.keys.is_empty() {
                changed.primary_reads = false;
            }
            let allowed = match change {
                Change::Without(_) if changed.keys.is_empty() => true,
                change => changed.change(change),
            };
            match apply(ring.clone(), change) {
                Ok(next) => {
                    prop_assert!(allowed, "{:?} was not refused", change);
                    (ring, model) = (next, changed);
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidSetting);
                    prop_assert!(!allowed, "{:?}: {}", change, error);
                }
            }
        }
        agree(&ring, &model, now)?;
    }
}

// What a key says of itself, and what it is taken for (RFC 7517 §4.2 to §4.4).

/// The operations of RFC 7517 §4.3 that are not for signatures.
const ENCRYPTING: [&str; 6] = ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"];

#[derive(Debug, Clone)]
struct Said {
    key: usize,
    is_public: bool,
    use_: Option<&'static str>,
    ops: Option<Vec<&'static str>>,
    alg: Option<&'static str>,
}

fn said() -> impl Strategy<Value = Said> {
    let use_ = prop::option::of(prop::sample::select(vec!["sig", "enc", "theirs"]));
    let mut ops = vec!["sign", "verify", "theirs"];
    ops.extend(ENCRYPTING);
    let ops = prop::option::of(prop::collection::vec(prop::sample::select(ops), 0..4));
    let algs = vec!["HS256", "HS512", "ES256", "ES384", "EdDSA", "Ed25519", "RSA-OAEP", "none", ""];
    let alg = prop::option::of(prop::sample::select(algs));
    (0..3_usize, any::<bool>(), use_, ops, alg).prop_map(|(key, is_public, use_, ops, alg)| Said {
        key,
        is_public,
        use_,
        ops,
        alg,
    })
}

impl Said {
    /// What the keys are for, by their algorithms' names: of 32 bytes, on P-256, of Ed25519.
    fn fitting(&self) -> &'static [&'static str] {
        [&["HS256"][..], &["ES256"], &["EdDSA", "Ed25519"]][self.key]
    }

    fn contradicts_itself(&self) -> bool {
        let Some(ops) = &self.ops else { return false };
        let twice = (1..ops.len()).any(|at| ops[..at].contains(&ops[at]));
        let against = |op: &&str| match self.use_ {
            Some("sig") => ENCRYPTING.contains(op),
            Some("enc") => matches!(*op, "sign" | "verify"),
            _ => false,
        };
        twice || ops.iter().any(against)
    }

    fn permits(&self, op: &str) -> bool {
        self.use_.is_none_or(|use_| use_ == "sig")
            && self.ops.as_ref().is_none_or(|ops| ops.contains(&op))
    }

    /// The algorithm that its `alg` or its curve decides, or why none.
    fn alg(&self) -> Result<&'static str, ErrorKind> {
        match (self.alg, self.key) {
            (Some(alg), _) => {
                JwsAlg::from_name(alg).map(|alg| alg.name()).ok_or(ErrorKind::UnsupportedAlgorithm)
            }
            (None, 0) => Err(ErrorKind::UnsupportedAlgorithm),
            (None, _) => Ok(self.fitting()[0]),
        }
    }

    fn due(&self, permitted: bool, able: bool) -> Result<&'static str, ErrorKind> {
        let alg = self.alg()?;
        if !permitted {
            return Err(ErrorKind::KeyUse);
        }
        if self.key == 0 && alg == "HS512" {
            return Err(ErrorKind::WeakKey);
        }
        if !able || !self.fitting().contains(&alg) {
            return Err(ErrorKind::KeyMismatch);
        }
        Ok(alg)
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn a_key_serves_for_what_it_says_and_nothing_else(said in said()) {
        let key = [JwsAlg::HS256, JwsAlg::ES256, JwsAlg::EDDSA].map(|alg| Jwk::generate(alg).unwrap());
        let key = Jwk::from(key[said.key].material().clone());
        let is_public = said.is_public && said.key > 0;
        let text = if is_public {
            key.to_public().unwrap().to_json().unwrap()
        } else {
            key.danger_to_secret_json().as_str().to_owned()
        };
        let mut jwk: Value = serde_json::from_str(&text).unwrap();
        for (name, value) in [("use", said.use_), ("alg", said.alg)] {
            if let Some(value) = value {
                jwk[name] = value.into();
            }
        }
        if let Some(ops) = &said.ops {
            jwk["key_ops"] = json!(ops);
        }
        let jwk = match Jwk::from_json(jwk.to_string()) {
            Ok(jwk) => jwk,
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidJwk);
                prop_assert!(said.contradicts_itself(), "{}", error);
                return Ok(());
            }
        };
        prop_assert!(!said.contradicts_itself());
        let told = |alg: JwsAlg| alg.name();
        let signs = Signer::from_jwk(&jwk).map(|key| told(key.alg())).map_err(|error| error.kind());
        prop_assert_eq!(signs, said.due(said.permits("sign"), !is_public));
        // Whoever may sign may have its signatures verified.
        let verifies = said.permits("verify") || !is_public && said.permits("sign");
        let reads = Verifier::from_jwk(&jwk).map(|key| told(key.alg())).map_err(|error| error.kind());
        prop_assert_eq!(reads, said.due(verifies, true));
    }
}
