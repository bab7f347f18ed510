//! Diffie-Hellman with a fresh key for each token, and RSA-OAEP.

use aws_lc_rs::agreement::{self, Algorithm, ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use contestant::Entries;
use contestant::keys::{P256, RSA, X25519};
use p256::elliptic_curve::Generate;
use p256::pkcs8::DecodePrivateKey;

use crate::{AWS_LC, DALEK, RUST_CRYPTO, random};

pub(crate) fn enter(entries: &mut Entries) {
    let p256 = PrivateKey::from_private_key_der(&ECDH_P256, &P256.private_der());
    let p256 = p256.expect("the key serves");
    on_aws_lc(entries, &ECDH_P256, p256, P256.public_end::<65>().to_vec(), &["ECDH-ES P-256"]);
    let x25519 = PrivateKey::from_private_key(&agreement::X25519, &X25519.private_end::<32>());
    let x25519 = x25519.expect("the key serves");
    let public = X25519.public_end::<32>().to_vec();
    on_aws_lc(entries, &agreement::X25519, x25519, public, &["ECDH-ES X25519", "Amora one"]);
    on_rust_crypto(entries);
    on_dalek(entries);
    rsa_oaep(entries);
}

fn on_aws_lc(
    entries: &mut Entries,
    alg: &'static Algorithm,
    own: PrivateKey,
    public: Vec<u8>,
    operations: &[&'static str],
) {
    let own = std::rc::Rc::new(own);
    for operation in operations {
        let [write, read] = halves(operation);
        let theirs = UnparsedPublicKey::new(alg, public.clone());
        entries.add(AWS_LC, write, move || {
            let fresh = PrivateKey::generate(alg).expect("there is randomness");
            let public = fresh.compute_public_key().expect("the key serves");
            agree(&fresh, &theirs, (), |shared| Ok((public, shared.to_vec()))).expect("they agree")
        });
        let (theirs, own) = (UnparsedPublicKey::new(alg, public.clone()), std::rc::Rc::clone(&own));
        let read_with = move || agree(&own, &theirs, (), |shared| Ok(shared.to_vec()));
        entries.add(AWS_LC, read, read_with);
    }
}

fn on_rust_crypto(entries: &mut Entries) {
    let [write, read] = halves("ECDH-ES P-256");
    let own = p256::SecretKey::from_pkcs8_pem(P256.private_pem).expect("the key serves");
    let theirs = own.public_key();
    entries.add(RUST_CRYPTO, write, move || {
        let fresh = p256::SecretKey::generate();
        let shared = p256::ecdh::diffie_hellman(fresh.to_nonzero_scalar(), theirs.as_affine());
        (fresh.public_key(), shared)
    });
    entries.add(RUST_CRYPTO, read, move || {
        p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), theirs.as_affine())
    });
}

fn on_dalek(entries: &mut Entries) {
    use x25519_dalek::{PublicKey, StaticSecret};

    for operation in ["ECDH-ES X25519", "Amora one"] {
        let [write, read] = halves(operation);
        let own = StaticSecret::from(X25519.private_end::<32>());
        let theirs = PublicKey::from(X25519.public_end::<32>());
        entries.add(DALEK, write, move || {
            let fresh = StaticSecret::from(random::<32>());
            (PublicKey::from(&fresh), fresh.diffie_hellman(&theirs))
        });
        entries.add(DALEK, read, move || own.diffie_hellman(&theirs));
    }
}

fn rsa_oaep(entries: &mut Entries) {
    let public = PublicEncryptingKey::from_der(&RSA.public_der()).expect("the key serves");
    let public = OaepPublicEncryptingKey::new(public).expect("the key serves");
    let private = PrivateDecryptingKey::from_pkcs8(&RSA.private_der()).expect("the key serves");
    let private = OaepPrivateDecryptingKey::new(private).expect("the key serves");
    let encrypt = move || {
        let mut buf = vec![0; 256];
        let encrypted = public.encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 32], &mut buf, None);
        encrypted.expect("it encrypts");
        buf
    };
    let encrypted = encrypt();
    entries.add(AWS_LC, "RSA-OAEP-256 encrypt", encrypt);
    entries.add(AWS_LC, "RSA-OAEP-256 decrypt", move || {
        let mut buf = vec![0; 256];
        let decrypted = private.decrypt(&OAEP_SHA256_MGF1SHA256, &encrypted, &mut buf, None);
        decrypted.expect("it decrypts").len()
    });
}

fn halves(operation: &str) -> [String; 2] {
    let verbs =
        if operation.starts_with("Amora") { ["encode", "decode"] } else { ["encrypt", "decrypt"] };
    verbs.map(|verb| format!("{operation} {verb}"))
}
