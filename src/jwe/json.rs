//! The JSON serialization, flattened (RFC 7516 §7.2.2) and general (§7.2.1).

use std::borrow::Cow;

use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::header::{Header, Place, Written, malformed};
use super::message::{self, Message, Recipient, Sealed, Told};
use super::{Content, Decrypted};
use crate::base::json::{self, Kind, Value};
use crate::base::{KeyId, Limits, Scratch, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose;
use crate::jwa::key_management::{Dice, Given};
use crate::keys::{Encrypter, Keyring};

/// Encrypts `content` to one recipient, in flattened JSON. `protected` and `unprotected` are header
/// parameters of one's own (`&()` for none); only the former are authentic.
///
/// # Errors
/// As [`compact::encrypt`](super::compact::encrypt).
///
/// ```
/// use symbolon::{Encrypter, JweAlg, JweEnc, Keyring, Limits, OkpCurve, OkpPrivateKey};
/// use symbolon::jwe::{Content, json};
/// use time::OffsetDateTime;
///
/// let key = OkpPrivateKey::generate(OkpCurve::X25519)?.into();
/// let encrypter = Encrypter::new(JweAlg::ECDH_ES_A256KW, JweEnc::A256GCM, &key)?;
/// let content = Content::new(b"any bytes").additional_data(b"seen by all");
/// let message = json::encrypt_flattened(&content, &(), &(), &encrypter)?;
///
/// let ring = Keyring::new(encrypter);
/// let decrypted = json::decrypt(&message, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(decrypted.payload(), b"any bytes");
/// assert_eq!(decrypted.additional_data(), Some(&b"seen by all"[..]));
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn encrypt_flattened<P: Serialize + ?Sized, U: Serialize + ?Sized>(
    content: &Content<'_>,
    protected: &P,
    unprotected: &U,
    encrypter: &Encrypter,
) -> Result<String> {
    let mut dice = message::dice_for(encrypter)?;
    let (mut told, mut own) = (Told::by(encrypter), None);
    let key = message::key_for(encrypter, &mut dice, &mut told, &mut own)?;
    let header = Written {
        alg: Some(encrypter.alg().name()),
        enc: Some(encrypter.enc().name()),
        kid: encrypter.kid().map(KeyId::as_str),
        typ: content.typ,
        cty: content.cty,
        zip: content.zip,
        parameters: Some(&told.parameters),
    };
    let header = header.to_json(protected)?;
    let protected = base64url::encode(&header);
    let aad = additional_data(&protected, content.aad);
    let mut bytes = Scratch::new();
    let sealed = message::seal(content, encrypter.enc(), key, &aad, &mut dice, &mut bytes)?;
    let mut out = Output::new(&header, &protected, unprotected)?;
    if !told.encrypted_key.is_empty() {
        out.member("encrypted_key", &told.encrypted_key);
    }
    Ok(out.finish(content, &sealed, &bytes))
}

/// Encrypts `content` to several recipients, in general JSON; each opens it with its own key.
///
/// All must encrypt content alike, and one that brings its own content key along (`dir`, `ECDH-ES`)
/// must be the only one.
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) for no recipients, or such as cannot share a message;
/// else as [`compact::encrypt`](super::compact::encrypt).
pub fn encrypt_general<P: Serialize + ?Sized, U: Serialize + ?Sized>(
    content: &Content<'_>,
    protected: &P,
    unprotected: &U,
    encrypters: &[Encrypter],
) -> Result<String> {
    let [first, others @ ..] = encrypters else {
        return Err(Error::new(ErrorKind::InvalidSetting, "a message needs a recipient"));
    };
    let enc = first.enc();
    if others.iter().any(|other| other.enc() != enc) {
        return Err(Error::new(ErrorKind::InvalidSetting, "all recipients must take the same `enc`"));
    }
    let direct = first.alg().0.direct;
    if !others.is_empty() && (direct || others.iter().any(|other| other.alg().0.direct)) {
        return Err(Error::new(
            ErrorKind::InvalidSetting,
            "recipients of `dir` and `ECDH-ES` cannot share a content key: each needs its own message",
        ));
    }
    let own = encrypters.iter().map(|encrypter| encrypter.key().random_len());
    let mut dice = Dice::draw([enc.key_len(), enc.0.iv_len].into_iter().chain(own).sum())?;
    let mut recipients = String::new();
    let mut own = None;
    let key = if direct {
        let mut told = Told::by(first);
        let key = message::key_for(first, &mut dice, &mut told, &mut own)?;
        write_recipient(first, &told, &mut recipients)?;
        key
    } else {
        let cek = message::fresh_key(enc, &mut dice)?;
        for encrypter in encrypters {
            let mut told = Told::by(encrypter);
            let given = encrypter.key().encrypt_key(enc.0, &cek, &mut dice, &mut told.parameters)?;
            let Given::Wrapped(encrypted_key) = given else {
                return Err(ErrorKind::Encrypting.into());
            };
            told.encrypted_key = encrypted_key;
            write_recipient(encrypter, &told, &mut recipients)?;
        }
        own.insert(message::prepare(enc, &cek)?)
    };
    let header = Written {
        enc: Some(enc.name()),
        typ: content.typ,
        cty: content.cty,
        zip: content.zip,
        ..Written::default()
    };
    let header = header.to_json(protected)?;
    let protected = base64url::encode(&header);
    let aad = additional_data(&protected, content.aad);
    let mut bytes = Scratch::new();
    let sealed = message::seal(content, enc, key, &aad, &mut dice, &mut bytes)?;
    let mut out = Output::new(&header, &protected, unprotected)?;
    out.0.push_str(r#","recipients":["#);
    out.0.push_str(&recipients);
    out.0.push(']');
    Ok(out.finish(content, &sealed, &bytes))
}

/// Appends one element of `recipients`; an empty encrypted key is left out (RFC 7516 §7.2.1).
fn write_recipient(encrypter: &Encrypter, told: &Told, out: &mut String) -> Result<()> {
    let header = Written {
        alg: Some(encrypter.alg().name()),
        kid: encrypter.kid().map(KeyId::as_str),
        parameters: Some(&told.parameters),
        ..Written::default()
    };
    let header = header.to_json(&())?;
    out.push_str(if out.is_empty() { r#"{"header":"# } else { r#",{"header":"# });
    out.push_str(std::str::from_utf8(&header).map_err(|_| ErrorKind::Encrypting)?);
    if !told.encrypted_key.is_empty() {
        out.push_str(r#","encrypted_key":""#);
        base64url::encode_into(&told.encrypted_key[..], out);
        out.push('"');
    }
    out.push('}');
    Ok(())
}

/// RFC 7516 §5.1 step 14.
fn additional_data(protected: &str, aad: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = protected.as_bytes().to_vec();
    if let Some(aad) = aad {
        bytes.push(b'.');
        bytes.extend_from_slice(base64url::encode(aad).as_bytes());
    }
    bytes
}

/// RFC 7516 §7.2.1: no parameter may stand in two headers.
fn refuse_twice(header: &[u8], other: &[u8]) -> Result<()> {
    let (mut names, mut twice) = (Vec::new(), false);
    json::members(header, |name, _| names.push(name.clone()))
        .and_then(|_| json::members(other, |name, _| twice |= names.contains(name)))
        .map_err(|error| Error::new(ErrorKind::InvalidSetting, format!("in a header: {error}")))?;
    if twice {
        return Err(Error::new(ErrorKind::InvalidSetting, "a parameter stands in both headers"));
    }
    Ok(())
}

/// The JSON text of a message, as it grows.
struct Output(String);

impl Output {
    fn new<U: Serialize + ?Sized>(header: &[u8], protected: &str, unprotected: &U) -> Result<Self> {
        let mut out = Self(format!(r#"{{"protected":"{protected}""#));
        let unprotected = Written::default().to_json(unprotected)?;
        if unprotected != b"{}" {
            refuse_twice(header, &unprotected)?;
            out.0.push_str(r#","unprotected":"#);
            out.0.push_str(std::str::from_utf8(&unprotected).map_err(|_| ErrorKind::Encrypting)?);
        }
        Ok(out)
    }

    fn member(&mut self, name: &str, bytes: &[u8]) {
        self.0.push_str(",\"");
        self.0.push_str(name);
        self.0.push_str("\":\"");
        base64url::encode_into(bytes, &mut self.0);
        self.0.push('"');
    }

    fn finish(mut self, content: &Content<'_>, sealed: &Sealed, ciphertext: &[u8]) -> String {
        if let Some(aad) = content.aad {
            self.member("aad", aad);
        }
        self.member("iv", sealed.iv());
        self.member("ciphertext", ciphertext);
        self.member("tag", sealed.tag.as_ref());
        self.0.push('}');
        self.0
    }
}

/// Decrypts a message in either JSON serialization with the keys of `ring` that its recipients'
/// `kid`s pick and that are due at `now`: with 4 keys at most, whichever recipients they are of.
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) where the text is neither serialization, or both, or a
/// parameter stands in two headers; [`TooLarge`](ErrorKind::TooLarge) for too many recipients; else as
/// [`compact::decrypt`](super::compact::decrypt).
pub fn decrypt(
    text: &str,
    ring: &Keyring<Encrypter>,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Decrypted> {
    let members = Members::of(text, limits)?;
    let protected = members.protected.as_deref().unwrap_or_default();
    let header = jose::decode_header(protected, limits)?;
    let aad = match &members.aad {
        None => None,
        Some(aad) => Some(base64url::decode(&**aad).map_err(|_| malformed("`aad` is not base64url"))?),
    };
    let mut payload = Zeroizing::default();
    let (key, enc) = {
        let message = members.message(&header, limits)?;
        let found = message::open(&message, ring, limits, now.unix_timestamp(), &mut payload)?;
        (found.key.clone(), found.enc)
    };
    Ok(Decrypted { header, aad, payload, key, enc })
}

/// The members of a message.
#[derive(Default)]
struct Members<'t> {
    protected: Option<Cow<'t, str>>,
    unprotected: Option<Value<'t>>,
    header: Option<Value<'t>>,
    recipients: Option<Vec<Value<'t>>>,
    encrypted_key: Option<Cow<'t, str>>,
    aad: Option<Cow<'t, str>>,
    iv: Option<Cow<'t, str>>,
    ciphertext: Option<Cow<'t, str>>,
    tag: Option<Cow<'t, str>>,
}

impl<'t> Members<'t> {
    fn of(text: &'t str, limits: &Limits) -> Result<Self> {
        if text.len() > limits.max_token_len() {
            return Err(ErrorKind::TooLarge.into());
        }
        let mut own = Self::default();
        let mut recipients = None;
        let (mut is_jws, mut wrong) = (false, None);
        let mut string = |name: &'static str, value: Value<'t>| match value.as_str() {
            Some(text) => Some(text),
            None => {
                wrong = Some(name);
                None
            }
        };
        json::members(text.as_bytes(), |name, value| match &**name {
            "protected" => own.protected = string("protected", value),
            "unprotected" => own.unprotected = Some(value),
            "header" => own.header = Some(value),
            "recipients" => recipients = Some(value),
            "encrypted_key" => own.encrypted_key = string("encrypted_key", value),
            "aad" => own.aad = string("aad", value),
            "iv" => own.iv = string("iv", value),
            "ciphertext" => own.ciphertext = string("ciphertext", value),
            "tag" => own.tag = string("tag", value),
            "payload" | "signature" | "signatures" => is_jws = true,
            _ => {}
        })
        .map_err(|error| malformed(error.to_string()))?;
        if let Some(name) = wrong {
            return Err(malformed(format!("`{name}` is not a string")));
        }
        if is_jws {
            return Err(malformed("the message is signed as well as encrypted"));
        }
        if let Some(recipients) = recipients {
            if own.header.is_some() || own.encrypted_key.is_some() {
                return Err(malformed("the message is flattened as well as general"));
            }
            own.recipients = Some(array(recipients, limits)?);
        }
        Ok(own)
    }

    fn message<'m>(&'m self, header_text: &'m [u8], limits: &Limits) -> Result<Message<'m>> {
        let mut shared = Header::new(limits);
        if self.protected.is_some() {
            shared.add(header_text, Place::Protected)?;
        }
        if let Some(unprotected) = self.unprotected {
            add(&mut shared, unprotected)?;
        }
        let mut recipients = Vec::new();
        match &self.recipients {
            None => {
                let mut header = shared;
                if let Some(own) = self.header {
                    add(&mut header, own)?;
                }
                let encrypted_key = self.encrypted_key.as_deref().unwrap_or_default();
                recipients.push(Recipient { header, encrypted_key: encrypted_key.into() });
            }
            Some(all) => {
                for one in all {
                    recipients.push(recipient(&shared, one)?);
                }
            }
        }
        let aad = match (&self.protected, &self.aad) {
            (protected, None) => protected.as_deref().unwrap_or_default().as_bytes().into(),
            (protected, Some(aad)) => {
                [protected.as_deref().unwrap_or_default(), aad].join(".").into_bytes().into()
            }
        };
        let needed = |name: &str, part: &'m Option<Cow<'t, str>>| match part {
            Some(part) => Ok(Cow::Borrowed(&**part)),
            None => Err(malformed(format!("the message has no `{name}`"))),
        };
        Ok(Message {
            recipients,
            iv: needed("iv", &self.iv)?,
            ciphertext: needed("ciphertext", &self.ciphertext)?,
            tag: needed("tag", &self.tag)?,
            aad,
        })
    }
}

fn add<'m>(header: &mut Header<'m>, value: Value<'m>) -> Result<()> {
    if value.kind != Kind::Object {
        return Err(malformed("a header is not an object"));
    }
    header.add(value.raw.as_bytes(), Place::Unprotected)
}

/// The recipients, refused before anything is done for them where they are too many.
fn array<'t>(value: Value<'t>, limits: &Limits) -> Result<Vec<Value<'t>>> {
    let recipients = value.as_array().ok_or_else(|| malformed("`recipients` is not a list"))?;
    match recipients.len() {
        0 => Err(malformed("`recipients` is empty")),
        count if count > limits.max_recipients() => {
            Err(Error::new(ErrorKind::TooLarge, "the message has too many recipients"))
        }
        _ => Ok(recipients),
    }
}

fn recipient<'m>(shared: &Header<'m>, value: &Value<'m>) -> Result<Recipient<'m>> {
    let mut header = shared.clone();
    let (mut own, mut encrypted_key) = (None, None);
    json::members(value.raw.as_bytes(), |name, value| match &**name {
        "header" => own = Some(value),
        "encrypted_key" => encrypted_key = Some(value),
        _ => {}
    })
    .map_err(|error| malformed(format!("in a recipient: {error}")))?;
    if let Some(own) = own {
        add(&mut header, own)?;
    }
    let encrypted_key = match encrypted_key {
        None => Cow::Borrowed(""),
        Some(value) => value.as_str().ok_or_else(|| malformed("`encrypted_key` is not a string"))?,
    };
    Ok(Recipient { header, encrypted_key })
}
