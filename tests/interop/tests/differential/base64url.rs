//! base64url without padding, by three decoders of different make: ours (base64-simd), the crate base64,
//! the crate data-encoding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use symbolon::{JwsAlg, JwsCodec, Keyring, TokenCodecExt, Verifier};
use symbolon_interop::signing;

use crate::dice::Dice;
use crate::writers;

/// Letters of both alphabets, padding, white space, and what is no ASCII.
const LETTERS: [&str; 24] = [
    "A", "B", "C", "X", "Y", "Z", "a", "b", "g", "w", "0", "8", "-", "_", "Q", "E", "+", "/", "=", " ",
    "\n", "\0", "é", "~",
];
const OF_THE_ALPHABET: usize = 16;

/// Whether three decoders agree on `text`, and on what.
///
/// Ours has no door of its own: it reads the payload of a token that is signed as it is spelled.
fn decoded(text: &str, codec: &JwsCodec, sign: &dyn Fn(&str) -> String) -> Option<Vec<u8>> {
    let ours = codec.open(&sign(text)).ok().map(|opened| opened.payload_unvalidated().to_vec());
    let theirs =
        [URL_SAFE_NO_PAD.decode(text).ok(), data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()];
    assert!(theirs.iter().all(|theirs| *theirs == ours), "{text:?}: {ours:?}, {theirs:?}");
    ours
}

#[test]
fn base64url_is_what_other_decoders_take_it_for() {
    let key = signing().iter().find(|key| key.alg == JwsAlg::HS256).unwrap();
    let verifier = Verifier::new(key.alg, key.jwk.material()).unwrap();
    let codec = JwsCodec::new(Keyring::read_only().with_reader(verifier).unwrap());
    let (signer, header) = (key.signer(), writers::base64url(r#"{"alg":"HS256"}"#));
    let sign = |payload: &str| writers::signed(&header, payload, &signer);
    let (mut accepted, mut refused) = (0, 0);
    let mut count = |text: &str| {
        let read = decoded(text, &codec, &sign);
        *(if read.is_some() { &mut accepted } else { &mut refused }) += 1;
    };
    // Every text of up to two letters of ASCII, and every last letter of three and of four.
    let ascii: Vec<String> = (0..128_u8).map(|byte| char::from(byte).to_string()).collect();
    count("");
    for one in &ascii {
        if one == "." {
            continue; // That would be a part more.
        }
        for text in [one.clone(), format!("AA{one}"), format!("AAA{one}"), format!("AAAA{one}")] {
            count(&text);
        }
        ascii.iter().filter(|other| *other != ".").for_each(|other| count(&format!("{one}{other}")));
    }
    let mut dice = Dice::new(0xb64);
    for round in 0..crate::seeds() * 500 {
        // Half of them of the alphabet alone, so that length and last bits decide.
        let letters = if round % 2 == 0 { &LETTERS[..OF_THE_ALPHABET] } else { &LETTERS[..] };
        // Beyond 64 the vectorized decoder of ours is at work.
        let len = 1 + dice.below(if round % 4 < 2 { 20 } else { 200 });
        let mut text: String = (0..len).map(|_| dice.one(&letters[..OF_THE_ALPHABET])).collect();
        if letters.len() > OF_THE_ALPHABET {
            let at = dice.below(text.len());
            text.insert_str(at, dice.one(letters));
        }
        count(&text);
    }
    println!("base64url: {accepted} texts accepted, {refused} refused, by three decoders alike");
    assert!(accepted > 1_000 && refused > 10_000);
}
