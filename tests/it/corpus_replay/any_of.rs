//! All formats side by side.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use symbolon::{AnyOf, Body, ErrorKind, JwsCodec, RawToken, TokenCodec, TokenCodecExt};
use time::Duration;

use super::choices::{Choices, damaged};
use super::jws::signers;
use super::{good, now, text};

/// Issues a token, changes one of its bytes, and demands that it is refused. The input: which format,
/// which byte (two bytes), with what it is changed, and the payload.
pub fn one_changed_byte(data: &[u8]) {
    let Some((&[format, high, low, change], payload)) = data.split_first_chunk() else { return };
    if change == 0 {
        return;
    }
    let codecs = codecs();
    let codec = &*codecs[usize::from(format) % codecs.len()];
    // The headerless layout carries JSON objects alone.
    let json = serde_json::json!({ "exp": 4_102_444_800_i64, "data": URL_SAFE_NO_PAD.encode(payload) })
        .to_string();
    let body = Body::new(if format & 0x80 == 0 { payload } else { json.as_bytes() }).issued_at(now());
    let body = body.expires_at(now() + Duration::MINUTE);
    let Ok(token) = codec.seal(&body) else { return };
    assert!(codec.open_at(&token, now()).is_ok(), "what is issued is read");

    let mut changed = token.into_bytes();
    let at = usize::from(u16::from_be_bytes([high, low])) % changed.len();
    changed[at] ^= change;
    if let Some(token) = text(&changed) {
        assert!(
            codec.open_at(token, now()).is_err(),
            "format {format}, byte {at} changed by {change:#x}"
        );
    }
}

/// A codec of every format that is compiled in.
pub fn codecs() -> &'static [Box<dyn TokenCodec>] {
    static CODECS: OnceLock<Vec<Box<dyn TokenCodec>>> = OnceLock::new();
    CODECS.get_or_init(|| {
        let jws = signers()
            .iter()
            .cloned()
            .map(|signer| Box::new(JwsCodec::new(signer)) as Box<dyn TokenCodec>);
        #[allow(unused_mut)]
        let mut codecs: Vec<_> = jws.collect();
        #[cfg(feature = "amora")]
        {
            codecs.push(Box::new(symbolon::AmoraCodec::zero(&super::SECRET)));
            codecs.push(Box::new(symbolon::AmoraCodec::one(&super::SECRET)));
        }
        #[cfg(feature = "sealed")]
        for cipher in [symbolon::SealedCipher::Aes256Gcm, symbolon::SealedCipher::XChaCha20Poly1305] {
            codecs
                .push(Box::new(good(symbolon::SealedCodec::from_master(super::SECRET)).cipher(cipher)));
            codecs.push(Box::new(
                good(symbolon::HeaderlessSealedCodec::from_master(super::SECRET)).cipher(cipher),
            ));
        }
        #[cfg(all(feature = "jwe", feature = "pem"))]
        for (encrypter, _) in super::jwe::recipients().iter().step_by(7) {
            let outer = symbolon::JweCodec::new(encrypter.clone());
            if encrypter.enc() == symbolon::JweEnc::A256GCM {
                let inner = JwsCodec::new(signers()[0].clone());
                codecs.push(Box::new(symbolon::Nested::new(outer, inner)));
            } else {
                codecs.push(Box::new(outer));
            }
        }
        codecs
    })
}

/// A codec of several formats, some of them up to a last moment: which of them reads a token its shape
/// says, and then no other is asked. The input: the codecs, and a token that one of them wrote (and
/// that was then changed), or the text itself.
pub fn any_of(data: &[u8]) {
    let mut choices = Choices::of(data);
    let all = codecs();
    let writer = &all[choices.place(all.len())];
    let readers: Vec<(&dyn TokenCodec, i64)> = (0..choices.byte() % 5)
        .map(|_| (&**choices.pick(all), i64::from(choices.byte() as i8)))
        .collect();
    let mut any = AnyOf::new(&**writer);
    for (reader, last) in &readers {
        // Some without end.
        any = match *last {
            i64::MIN..=-100 => any.or(*reader),
            last => any.or_until(*reader, now() + Duration::seconds(last)),
        };
    }
    let how = choices.byte();
    let author = choices.pick(all);
    let mut change = Choices::of(choices.bytes());
    let rest = choices.rest();
    let mut token = String::from_utf8_lossy(rest).into_owned();
    if !how.is_multiple_of(4) {
        let body = Body::new(rest).issued_at(now()).expires_at(now() + Duration::MINUTE);
        token = good(author.seal(&body));
    }
    if how % 4 == 3 {
        token = damaged(&token, &mut change).unwrap_or(token);
    }

    let raw = RawToken::new(&token);
    let codecs = std::iter::once((&**writer, i64::MIN)).chain(readers);
    let reader = codecs.clone().find(|(codec, _)| codec.recognizes(&raw));
    let due = match reader {
        None => Err(ErrorKind::UnknownFormat),
        Some((_, last)) if (-99..0).contains(&last) => Err(ErrorKind::UnknownFormat),
        Some((codec, _)) => told(codec, &token),
    };
    assert_eq!(any.recognizes(&raw), reader.is_some(), "{token}");
    assert_eq!(told(&any, &token), due, "{token}");
    assert_eq!(Some(any.provenance()), codecs.map(|(codec, _)| codec.provenance()).min());
}

fn told(codec: &dyn TokenCodec, token: &str) -> Result<Vec<u8>, ErrorKind> {
    let opened = codec.open_at(token, now()).map(|opened| opened.payload_unvalidated().to_vec());
    opened.map_err(|error| error.kind())
}
