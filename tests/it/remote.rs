//! Keys that lie elsewhere: drafts, and signers that answer at once.

use serde_json::Value;
use symbolon::{
    Claims, Error, ErrorKind, Fault, JwsAlg, JwsCodec, KeyType, Keyring, NoCustom, RemoteSigner, Signer,
    TokenCodecExt, Validator,
};

use crate::support::{from_base64url, kind, signers};

/// r and s in DER, as a KMS writes them.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut content: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        if content.first().is_none_or(|first| *first >= 0x80) {
            content.insert(0, 0);
        }
        [vec![2, content.len() as u8], content].concat()
    };
    let (r, s) = raw.split_at(raw.len() / 2);
    let body = [integer(r), integer(s)].concat();
    match body.len() {
        0..=127 => [vec![0x30, body.len() as u8], body].concat(),
        _ => [vec![0x30, 0x81, body.len() as u8], body].concat(),
    }
}

fn claims() -> Claims {
    Claims::new(NoCustom::default()).with_subject("7")
}

#[test]
fn a_draft_becomes_a_token_by_a_signature_from_elsewhere() {
    for (_, signer) in signers() {
        let kms = signer.clone().with_kid("kms-1").unwrap();
        let codec = JwsCodec::new(Signer::elsewhere(kms.verifier()));
        let draft = codec.draft(&claims()).unwrap();
        assert_eq!((draft.alg(), draft.kid()), (kms.alg(), kms.kid()));
        let input = draft.signing_input().to_vec();
        let (header, payload) = std::str::from_utf8(&input).unwrap().split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&from_base64url(header)).unwrap();
        assert_eq!(header, serde_json::json!({"alg": kms.alg().name(), "kid": "kms-1", "typ": "JWT"}));
        assert_eq!(from_base64url(payload), br#"{"sub":"7"}"#);

        let token = draft.attach(kms.sign(&input).unwrap()).unwrap();
        assert_eq!(token.as_bytes()[..input.len()], input);
        let verified = codec
            .decode::<NoCustom>(&token)
            .unwrap()
            .validate(&Validator::new().allow_no_expiry())
            .unwrap();
        assert_eq!(verified.registered().subject(), Some("7"));
    }
}

#[test]
fn der_signatures_are_converted() {
    // Numbers of ECDSA signatures vary in length: more than one of each is wanted.
    for (_, signer) in signers().iter().filter(|(key, _)| key.key_type() == KeyType::Ec) {
        let codec = JwsCodec::new(Signer::elsewhere(signer.verifier()));
        for n in 0..if signer.alg() == JwsAlg::ES256 { 600 } else { 4 } {
            let draft = codec.draft(&claims().with_id(n.to_string())).unwrap();
            let raw = signer.sign(draft.signing_input()).unwrap();
            let token = draft.attach(der(&raw)).unwrap();
            // What leaves is raw.
            assert_eq!(from_base64url(token.rsplit_once('.').unwrap().1), raw, "{}", signer.alg());
            assert!(codec.decode::<NoCustom>(&token).is_ok());
        }
    }
}

#[test]
fn attach_refuses_what_is_no_signature_of_the_draft_by_that_key() {
    for (key, signer) in signers() {
        let codec = JwsCodec::new(Signer::elsewhere(signer.verifier()));
        let draft = || codec.draft(&claims()).unwrap();
        let good = signer.sign(draft().signing_input()).unwrap();
        assert!(draft().attach(good.clone()).is_ok());

        let mut wrong = vec![
            Vec::new(),
            b"garbage".to_vec(),
            vec![0; good.len()],
            vec![0xff; good.len()],
            vec![0x30; good.len()],
            vec![0; 2000],
            good[1..].to_vec(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            [&[0], &good[..]].concat(),
            signer.sign(b"another message").unwrap(),
            crate::support::base64url(&good).into_bytes(),
        ];
        if let Ok(other) = Signer::generate(signer.alg())
            && key.key_type() != KeyType::Rsa
        {
            wrong.push(other.sign(draft().signing_input()).unwrap());
        }
        if key.key_type() == KeyType::Ec {
            let der = der(&good);
            // Cut off, with something behind, with lengths that lie, of other tags.
            wrong.extend((0..der.len()).map(|len| der[..len].to_vec()));
            wrong.push([&der[..], &[0]].concat());
            for (place, byte) in
                [(0, 0x31), (1, 0x80), (1, 0x82), (1, 0xff), (2, 0x03), (3, 0xff), (3, 0)]
            {
                let mut der = der.clone();
                der[place] = byte;
                wrong.push(der);
            }
            wrong.push(vec![0x30, 0]);
            wrong.push(vec![0x30, 4, 2, 0, 2, 0]);
            wrong.push(vec![0x30, 6, 2, 1, 0, 2, 1, 0]);
            wrong.push(vec![0x30, 0x81]);
            // Numbers longer than the field.
            let long = [vec![2, 100], vec![1; 100]].concat();
            wrong.push([vec![0x30, 0x81, 204], long.clone(), long].concat());
        }
        for signature in wrong {
            let error = draft().attach(signature.clone()).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Signing,
                "{} {}",
                signer.alg(),
                signature.escape_ascii()
            );
            assert_eq!(error.fault(), Fault::Environment);
            assert!(error.to_string().contains(signer.alg().name()), "{error}");
        }
    }
}

/// Signs here, in the shape that was asked for.
struct Hardware(Signer, fn(Vec<u8>) -> Vec<u8>);

impl RemoteSigner for Hardware {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.sign(message).map(self.1)
    }
}

struct Unplugged;

impl RemoteSigner for Unplugged {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::new(ErrorKind::Signing, "pulled out"))
    }
}

#[test]
fn a_remote_signer_signs_as_a_local_one_does() {
    for (key, signer) in signers() {
        let shapes: [fn(Vec<u8>) -> Vec<u8>; 2] = [|raw| raw, |raw| der(&raw)];
        let shapes = if key.key_type() == KeyType::Ec { &shapes[..] } else { &shapes[..1] };
        for shape in shapes {
            let local = signer.clone().with_kid("hsm").unwrap();
            let remote = Signer::remote(local.verifier(), Hardware(local.clone(), *shape));
            assert_eq!((remote.alg(), remote.kid()), (local.alg(), local.kid()));
            let token = JwsCodec::new(remote.clone()).encode(&claims()).unwrap();
            assert!(JwsCodec::new(local.clone()).decode::<NoCustom>(&token).is_ok(), "{}", local.alg());
            assert!(local.verifier().verify(b"message", &remote.sign(b"message").unwrap()));
            // Another name is a matter of ours, not of the hardware's.
            assert_eq!(remote.with_kid("other").unwrap().kid().unwrap().as_str(), "other");
        }
    }
}

#[test]
fn a_remote_signer_that_fails_or_errs_makes_no_token() {
    for (key, signer) in signers() {
        let verifier = signer.verifier();
        let codec = JwsCodec::new(Signer::remote(verifier.clone(), Unplugged));
        let error = codec.encode(&claims()).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::Signing, Fault::Environment));
        assert!(error.to_string().ends_with("pulled out"));
        for shape in [
            |_| Vec::new(),
            |_| vec![0; 5000],
            |mut raw: Vec<u8>| {
                raw[0] ^= 1;
                raw
            },
        ] as [fn(Vec<u8>) -> Vec<u8>; 3]
        {
            let codec = JwsCodec::new(Signer::remote(verifier.clone(), Hardware(signer.clone(), shape)));
            assert_eq!(kind(codec.encode(&claims())), Some(ErrorKind::Signing), "{}", signer.alg());
        }
        // The hardware has another key than the one its public half is known of.
        if key.key_type() != KeyType::Rsa {
            let other = Signer::generate(signer.alg()).unwrap();
            let codec = JwsCodec::new(Signer::remote(verifier, Hardware(other, |raw| raw)));
            assert_eq!(kind(codec.encode(&claims())), Some(ErrorKind::Signing), "{}", signer.alg());
        }
    }
}

#[test]
fn a_key_elsewhere_signs_nothing_here_and_says_what_to_do() {
    let kms = Signer::generate(JwsAlg::ES256).unwrap().with_kid("kms").unwrap();
    let signer = Signer::elsewhere(kms.verifier());
    let codec = JwsCodec::new(Keyring::new(signer.clone()));
    for error in [
        signer.sign(b"message").unwrap_err(),
        codec.encode(&claims()).unwrap_err(),
        codec.encode_with_header(&claims(), &()).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.fault()), (ErrorKind::NoKey, Fault::Caller));
        assert!(error.to_string().contains("JwsCodec::draft"), "{error}");
    }
    // What the key signed is read all the same.
    let token = JwsCodec::new(kms).encode(&claims()).unwrap();
    assert!(codec.decode::<NoCustom>(&token).is_ok());
}

#[test]
fn a_local_key_signs_drafts_too() {
    let signer = Signer::generate(JwsAlg::EDDSA).unwrap();
    let codec = JwsCodec::new(signer.clone());
    let draft = codec.draft(&claims()).unwrap();
    let signature = signer.sign(draft.signing_input()).unwrap();
    assert!(codec.decode::<NoCustom>(&draft.attach(signature).unwrap()).is_ok());
}
