//! How a hostile token is made: of the corpus, by chance, or of a good one that is damaged.

use symbolon::Signer;

use crate::corpus::{self, CLAIMS, HEADERS, JWS_HEADERS, SPELLINGS, Spelling};
use crate::dice::Dice;
use crate::key::{Key, Pen, encrypted_well};
use crate::writers::{Parts, base64url, signed};

const PLAIN_HEADER: &str = HEADERS[0];
const PLAIN_CLAIMS: &str = CLAIMS[0];

/// How a token is made.
#[derive(Debug, Clone)]
pub(crate) enum Recipe {
    /// Of a header and claims of the corpus, or of one's own.
    Of(String, String),
    OddClaims,
    OddHeader,
    OddBoth,
    MutatedHeader,
    MutatedClaims,
    /// The n-th part, below the signature where it stands there.
    Respelled(usize, Spelling),
    Damaged,
    /// What the algorithm's own numbers leave room for.
    OddSignature(usize),
    OddEncryption(usize),
    /// With `zip`, and truly deflated.
    Compressed,
}

/// A token, and what stands in it.
pub(crate) struct Case {
    pub(crate) token: String,
    pub(crate) header: Vec<u8>,
    pub(crate) claims: Vec<u8>,
}

impl Recipe {
    /// The token; none where the recipe is not for this key.
    pub(crate) fn case(&self, key: &Key, now: i64, dice: &mut Dice) -> Option<Case> {
        let timed = |text: &str| {
            text.replace("LATER", &(now + 3600).to_string())
                .replace("BEFORE", &(now - 3600).to_string())
                .replace("NOW", &now.to_string())
        };
        let pen = Pen::new(key, dice);
        let parameters = pen.parameters();
        let with_alg = |text: &str| {
            text.replace(r#""alg":"ALG""#, &parameters).replace("ALG", &key.name).into_bytes()
        };
        let (mut header, claims) = match self {
            Self::Of(header, claims) => (with_alg(header), timed(claims).into_bytes()),
            Self::OddClaims => (with_alg(PLAIN_HEADER), timed(&corpus::odd_claims(dice)).into_bytes()),
            Self::OddHeader => (with_alg(&corpus::odd_header(dice)), timed(PLAIN_CLAIMS).into_bytes()),
            Self::OddBoth => (with_alg(dice.one(HEADERS)), timed(dice.one(CLAIMS)).into_bytes()),
            Self::MutatedHeader => {
                let header = String::from_utf8(with_alg(&corpus::odd_header(dice))).unwrap();
                (corpus::mutated(&header, dice), timed(PLAIN_CLAIMS).into_bytes())
            }
            Self::MutatedClaims => {
                let claims = timed(dice.one(&CLAIMS[..4]));
                (with_alg(PLAIN_HEADER), corpus::mutated(&claims, dice))
            }
            Self::Compressed => {
                (with_alg(r#"{"alg":"ALG","zip":"DEF"}"#), timed(PLAIN_CLAIMS).into_bytes())
            }
            _ => (with_alg(PLAIN_HEADER), timed(CLAIMS[1]).into_bytes()),
        };
        let token = match &pen {
            Pen::Signs(signer) => self.signed(&header, &claims, signer, dice)?,
            Pen::Encrypts(agreed) => {
                let compressed = matches!(self, Self::Compressed).then(|| stored(&claims));
                let payload = compressed.as_ref().unwrap_or(&claims);
                self.spelled(agreed.encrypted(&header, payload, dice), dice)?
            }
            Pen::EncryptsWell(writer) => {
                let parts = encrypted_well(writer, &claims);
                header.clone_from(&parts.header);
                self.spelled(parts, dice)?
            }
        };
        Some(Case { token, header, claims })
    }

    fn signed(&self, header: &[u8], claims: &[u8], signer: &Signer, dice: &mut Dice) -> Option<String> {
        let (mut header, mut claims) = (base64url(header), base64url(claims));
        match self {
            Self::Respelled(0, spelling) => header = corpus::respelled(&header, *spelling, dice)?,
            Self::Respelled(1, spelling) => claims = corpus::respelled(&claims, *spelling, dice)?,
            _ => {}
        }
        let token = signed(&header, &claims, signer);
        let (input, signature) = token.rsplit_once('.').unwrap();
        match self {
            Self::Respelled(2, spelling) => {
                Some(format!("{input}.{}", corpus::respelled(signature, *spelling, dice)?))
            }
            Self::Respelled(3.., _) | Self::OddEncryption(_) | Self::Compressed => None,
            Self::Damaged => Some(corpus::damaged(&token, dice)),
            Self::OddSignature(how) => {
                let bytes = data_encoding::BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
                Some(format!("{input}.{}", base64url(odd_signature(bytes, *how)?)))
            }
            _ => Some(token),
        }
    }

    fn spelled(&self, mut parts: Parts, dice: &mut Dice) -> Option<String> {
        match self {
            Self::Respelled(at, spelling) => {
                let token = parts.spelled();
                let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
                parts[*at] = corpus::respelled(&parts[*at], *spelling, dice)?;
                Some(parts.join("."))
            }
            Self::Damaged => Some(corpus::damaged(&parts.spelled(), dice)),
            Self::OddSignature(_) => None,
            Self::OddEncryption(how) => {
                odd_encryption(&mut parts, *how)?;
                Some(parts.spelled())
            }
            _ => Some(parts.spelled()),
        }
    }
}

/// One stored block of DEFLATE (RFC 1951 §3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    [&[1], &len.to_le_bytes()[..], &(!len).to_le_bytes()[..], bytes].concat()
}

/// Another text of the same numbers, or other numbers that a lax reader takes for them.
fn odd_signature(mut bytes: Vec<u8>, how: usize) -> Option<Vec<u8>> {
    let half = bytes.len() / 2;
    match how {
        0 => bytes.insert(0, 0),
        1 => bytes.push(0),
        2 => bytes.clear(),
        3 => bytes.truncate(half),
        4 => bytes.rotate_left(half),
        5 => bytes.fill(0),
        6 => {
            // Both numbers with a zero in front.
            bytes.insert(half, 0);
            bytes.insert(0, 0);
        }
        7 => bytes[half..].fill(0),
        8 => {
            // DER, as everyone but JOSE writes ECDSA's.
            let integer = |number: &[u8]| {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                let digits = &number[zeros.min(number.len() - 1)..];
                let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
                [&[2, (sign.len() + digits.len()) as u8], sign, digits].concat()
            };
            let numbers = [integer(&bytes[..half]), integer(&bytes[half..])].concat();
            if numbers.len() > 127 {
                return None;
            }
            bytes = [&[0x30, numbers.len() as u8], &numbers[..]].concat();
        }
        9 if bytes.len() == 64 => {
            // S + L of Ed25519, which is the same modulo L (RFC 8032 §5.1.7).
            const L: [u8; 32] = [
                0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
                0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
            ];
            let mut carry = 0;
            for (byte, more) in bytes[32..].iter_mut().zip(L) {
                let sum = u16::from(*byte) + u16::from(more) + carry;
                (*byte, carry) = (sum as u8, sum >> 8);
            }
        }
        10 if bytes.len() == 64 => {
            // n - s of P-256, which ECDSA takes as well as s.
            const N: [u8; 32] = [
                0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
                0x25, 0x51,
            ];
            let mut borrow = 0;
            for (byte, from) in bytes[32..].iter_mut().zip(N).rev() {
                let rest = i16::from(from) - i16::from(*byte) - borrow;
                borrow = i16::from(rest < 0);
                *byte = rest as u8;
            }
        }
        _ => return None,
    }
    Some(bytes)
}

const ODD_SIGNATURES: usize = 11;

fn odd_encryption(parts: &mut Parts, how: usize) -> Option<()> {
    match how {
        0..=5 => parts.tag.truncate([15, 12, 8, 4, 1, 0][how]),
        6 => parts.tag.push(0),
        7 => {
            let moved = parts.ciphertext.pop()?;
            parts.tag.insert(0, moved);
        }
        8 => parts.ciphertext.push(parts.tag.remove(0)),
        9 => parts.encrypted_key.push(0),
        10 => parts.encrypted_key = b"any key".to_vec(),
        11 => parts.encrypted_key.clear(),
        12 => parts.encrypted_key = vec![7; 40],
        13 => parts.encrypted_key = vec![7; 4096],
        14 => parts.iv.truncate(8),
        15 => parts.iv.push(0),
        16 => parts.iv.clear(),
        17 => parts.ciphertext.clear(),
        18 => {
            parts.ciphertext.append(&mut parts.tag);
        }
        _ => return None,
    }
    Some(())
}

const ODD_ENCRYPTIONS: usize = 19;

/// What is odd by itself, each thing once.
pub(crate) fn each_by_itself(key: &Key) -> Vec<Recipe> {
    let mut all = Vec::new();
    if key.is_quick() {
        let headers = HEADERS.iter().chain(if key.encrypts() { &[] } else { JWS_HEADERS });
        all.extend(headers.map(|header| Recipe::Of((*header).into(), PLAIN_CLAIMS.into())));
        all.extend(CLAIMS.iter().map(|claims| Recipe::Of(PLAIN_HEADER.into(), (*claims).into())));
        for len in [256, 257, 9000] {
            let kid = format!(r#"{{"alg":"ALG","kid":"{}"}}"#, "k".repeat(len));
            let other = format!(r#"{{"alg":"ALG","x":"{}"}}"#, "x".repeat(len));
            all.extend([kid, other].map(|header| Recipe::Of(header, PLAIN_CLAIMS.into())));
        }
        for depth in [100, 126, 127, 128, 129, 200] {
            let inner = format!(r#","x":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
            let deep = |text: &str| text.strip_suffix('}').unwrap().to_owned() + &inner;
            all.push(Recipe::Of(deep(PLAIN_HEADER), PLAIN_CLAIMS.into()));
            all.push(Recipe::Of(PLAIN_HEADER.into(), deep(PLAIN_CLAIMS)));
        }
        let long = PLAIN_CLAIMS.replace("7", &format!("\"{}\"", "7".repeat(1 << 20)));
        all.push(Recipe::Of(PLAIN_HEADER.into(), long));
    }
    let parts = if key.encrypts() { 5 } else { 3 };
    all.extend((0..parts).flat_map(|at| SPELLINGS.map(|spelling| Recipe::Respelled(at, spelling))));
    all.extend((0..ODD_SIGNATURES).map(Recipe::OddSignature));
    all.extend((0..ODD_ENCRYPTIONS).map(Recipe::OddEncryption));
    if key.takes_any_header() {
        all.push(Recipe::Compressed);
    }
    all
}

/// What one seed says of a key.
pub(crate) fn at_random(key: &Key) -> Vec<Recipe> {
    let kinds = [
        (Recipe::OddClaims, 12),
        (Recipe::OddHeader, 6),
        (Recipe::OddBoth, 4),
        (Recipe::MutatedHeader, 6),
        (Recipe::MutatedClaims, 6),
        (Recipe::Damaged, 6),
    ];
    if !key.takes_any_header() {
        return vec![Recipe::Damaged];
    }
    let times = if key.name == "HS256" { 6 } else { 1 };
    let take = if key.is_quick() { 1 } else { 6 };
    kinds.iter().flat_map(|(recipe, count)| vec![recipe.clone(); count * times / take]).collect()
}
