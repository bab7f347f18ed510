//! Whether the time that a refusal takes tells what was wrong: two classes of tokens, in random order,
//! and Welch's t-test between their times, as dudect has it (Reparaz, Balasch, Verbauwhede 2017).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use symbolon::prelude::*;
use symbolon::{KeyMaterial, KidPolicy, OctKey, SealedKey};

const HELP: &str = "\
Measures whether the time a refusal takes tells what was wrong with the token.

Usage: timing [--samples N] [--limit T]

  --samples N    measurements for each pair of classes, both together; 200000 unless said; a
                 twentieth of that where the operation is RSA
  --limit T      exit status 1 where |t| is beyond T for a pair that must not differ

|t| beyond 4.5 is taken for a difference, beyond 10 for a certain one. It is told for all measurements
and, as the largest, for those below each of the thresholds that leave out the slowest: an interrupt is
no leak. Measure a release build on a machine that does nothing else.";

struct Arguments {
    samples: usize,
    limit: Option<f64>,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut found = Arguments { samples: 200_000, limit: None };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--samples" => {
                let samples = value()?.parse().ok();
                let samples = samples.filter(|samples| (1_000..=100_000_000).contains(samples));
                found.samples = samples.ok_or("--samples needs a number from 1000 to 100000000")?;
            }
            "--limit" => {
                let limit =
                    value()?.parse().ok().filter(|limit: &f64| limit.is_finite() && *limit > 0.0);
                found.limit = Some(limit.ok_or("--limit needs a number above 0")?);
            }
            other => return Err(format!("there is no argument {other}")),
        }
    }
    Ok(Some(found))
}

/// Drawn anew from a seed each time: which class comes next only has to be unrelated to all else.
struct Coin(u64);

impl Coin {
    /// xorshift64* (Vigna 2016).
    fn toss(&mut self) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 1
    }
}

/// Mean and variance as they come (Welford 1962).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let from_old = value - self.mean;
        self.mean += from_old / self.count;
        self.squares += from_old * (value - self.mean);
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// Welch's t of the two classes' times that are not beyond `most`.
fn welch(times: &[(bool, u32)], most: u32) -> Option<f64> {
    let (mut one, mut other) = (Moments::default(), Moments::default());
    for (class, time) in times.iter().filter(|(_, time)| *time <= most) {
        (if *class { &mut one } else { &mut other }).add(f64::from(*time));
    }
    let spread = (one.error() + other.error()).sqrt();
    (one.count > 500.0 && other.count > 500.0 && spread > 0.0).then(|| (one.mean - other.mean) / spread)
}

fn median(times: &[(bool, u32)], class: bool) -> u32 {
    let mut own: Vec<u32> =
        times.iter().filter(|(own, _)| *own == class).map(|(_, time)| *time).collect();
    own.sort_unstable();
    own.get(own.len() / 2).copied().unwrap_or_default()
}

/// Says how a token is refused.
type Refuse = Box<dyn Fn(&str) -> Option<ErrorKind>>;

/// Two tokens that are refused for different reasons.
struct Pair {
    name: &'static str,
    tokens: [String; 2],
    samples: usize,
    /// Whether their times must not differ.
    level: bool,
    refuse: Refuse,
    kinds: [ErrorKind; 2],
}

/// The largest |t|, or none where one class was not refused as it should be.
fn measure(pair: &Pair, coin: &mut Coin) -> Result<f64, String> {
    let [one, other] = &pair.tokens;
    for (token, kind) in pair.tokens.iter().zip(pair.kinds) {
        let found = (pair.refuse)(token);
        if found != Some(kind) {
            return Err(format!("{}: it is refused as {found:?}, not as {kind:?}", pair.name));
        }
    }
    // Both tokens are read, and one of them written to the same place, so that no place tells anything:
    // a token held against its own copy would differ otherwise.
    let mut place = Vec::with_capacity(one.len().max(other.len()));
    let warm = pair.samples / 10;
    let mut times = Vec::with_capacity(pair.samples);
    for sample in 0..pair.samples + warm {
        let class = coin.toss();
        place.clear();
        let mask = u8::from(class).wrapping_neg();
        let both = one.bytes().zip(other.bytes());
        place.extend(both.map(|(one, other)| one ^ black_box(mask) & (one ^ other)));
        let longer = if class { other } else { one };
        place.extend(longer.bytes().skip(place.len()));
        let token = std::str::from_utf8(&place).map_err(|error| error.to_string())?;
        let start = Instant::now();
        black_box((pair.refuse)(black_box(token)));
        let time = start.elapsed();
        if sample >= warm {
            times.push((class, u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)));
        }
    }
    let mut sorted: Vec<u32> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let all = welch(&times, u32::MAX).unwrap_or(f64::NAN);
    // Thresholds that come closer to the slowest, as dudect sets them.
    let crops = (1..=50).filter_map(|step| {
        let share = 1.0 - 0.5f64.powf(10.0 * f64::from(step) / 50.0);
        let most = sorted.get((sorted.len() as f64 * share) as usize)?;
        welch(&times, *most)
    });
    let largest = crops.fold(all, |most, t| if t.abs() > most.abs() { t } else { most });
    println!(
        "{:<44} {:>9} {:>9} ns {:>9} ns {:>8.2} {:>8.2}  {}",
        pair.name,
        times.len(),
        median(&times, false),
        median(&times, true),
        all,
        largest,
        if pair.level { "must not differ" } else { "may differ: a kid is no secret" },
    );
    Ok(largest.abs())
}

/// `token` with one bit of the byte at `place` of its part of that number turned over.
fn flipped(token: &str, part: usize, place: fn(usize) -> usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    if let Some(part) = parts.get_mut(part) {
        let mut bytes = base64url(part);
        let place = place(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 0x10;
        }
        *part = text_of(&bytes);
    }
    parts.join(".")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter).unwrap_or_default() as u32;
        (held, bits) = ((held << 6 | value) & 0xffff, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk.iter().fold(0u32, |held, byte| held << 8 | u32::from(*byte));
        let held = held << (8 * (3 - chunk.len()));
        for letter in 0..=chunk.len() {
            let value = held >> (18 - 6 * letter) & 63;
            text.extend(ALPHABET.get(value as usize).map(|letter| char::from(*letter)));
        }
    }
    text
}

fn refusing(codec: impl TokenCodec + 'static) -> Refuse {
    Box::new(move |token| codec.decode::<NoCustom>(token).err().map(|error| error.kind()))
}

fn pairs(samples: usize) -> Result<Vec<Pair>, Error> {
    let claims = Claims::new(NoCustom::default()).with_subject("someone").with_audience("api");
    let unauthentic = [ErrorKind::Unauthentic; 2];
    let first: fn(usize) -> usize = |_| 0;
    let last: fn(usize) -> usize = |len| len - 1;
    let mut pairs = Vec::new();

    for alg in [JwsAlg::HS256, JwsAlg::HS512] {
        let codec = JwsCodec::new(Signer::generate(alg)?.with_kid("a")?);
        let token = codec.encode(&claims)?;
        pairs.push(Pair {
            name: if alg == JwsAlg::HS256 {
                "HS256: first or last byte of the MAC"
            } else {
                "HS512: first or last byte of the MAC"
            },
            tokens: [flipped(&token, 2, first), flipped(&token, 2, last)],
            samples,
            level: true,
            refuse: refusing(codec),
            kinds: unauthentic,
        });
    }

    // What differs here differs by the way it is measured.
    let codec = JwsCodec::new(Signer::generate(JwsAlg::HS256)?);
    let token = flipped(&codec.encode(&claims)?, 2, last);
    pairs.push(Pair {
        name: "control: a token and its copy",
        tokens: [token.clone(), token],
        samples,
        level: true,
        refuse: refusing(codec),
        kinds: unauthentic,
    });

    let mut wrapped: Vec<(&'static str, JweAlg, KeyMaterial, usize)> =
        vec![("A256KW: key or tag", JweAlg::A256KW, OctKey::generate(32)?.into(), samples)];
    wrapped.push(("A256GCMKW: key or tag", JweAlg::A256GCMKW, OctKey::generate(32)?.into(), samples));
    #[cfg(feature = "aws-lc-rs")]
    wrapped.push((
        "RSA-OAEP-256, 2048 bits: key or tag",
        JweAlg::RSA_OAEP_256,
        symbolon::RsaPrivateKey::generate(2048)?.into(),
        samples / 20,
    ));
    #[cfg(not(feature = "aws-lc-rs"))]
    println!("left out: RSA-OAEP: its decryption needs the feature aws-lc-rs");
    for (name, alg, key, samples) in wrapped {
        let public = key.to_public().unwrap_or_else(|| key.clone());
        let encrypter = Encrypter::new(alg, JweEnc::A256GCM, &public)?.with_kid("a")?;
        let token = JweCodec::new(encrypter).encode(&claims)?;
        let decrypter = Decrypter::new(alg, JweEnc::A256GCM, &key)?.with_kid("a")?;
        pairs.push(Pair {
            name,
            tokens: [flipped(&token, 1, last), flipped(&token, 4, last)],
            samples,
            level: true,
            refuse: refusing(JweCodec::new(Keyring::read_only().with_reader(decrypter)?)),
            kinds: unauthentic,
        });
    }

    let codec = SealedCodec::new(SealedKey::generate()?.with_kid("a")?);
    let token = codec.encode(&claims)?;
    // Behind the header of four bytes and the salt of 24 stands the commitment of 32.
    pairs.push(Pair {
        name: "sealed: first or last byte of the commitment",
        tokens: [flipped(&token, 0, |_| 28), flipped(&token, 0, |_| 59)],
        samples,
        level: true,
        refuse: refusing(codec),
        kinds: unauthentic,
    });

    // Sixteen keys; tokens of strangers, whose kid is like one of them or like none.
    let mut ring = Keyring::new(Signer::generate(JwsAlg::HS256)?.with_kid("2026-11-key-00")?);
    for number in 1..16 {
        let kid = format!("2026-11-key-{number:02}");
        ring = ring.with_reader(Signer::generate(JwsAlg::HS256)?.with_kid(kid)?.verifier())?;
    }
    let strange = |kid: &'static str| -> Result<String, Error> {
        JwsCodec::new(Signer::generate(JwsAlg::HS256)?.with_kid(kid)?).encode(&claims)
    };
    let codec = JwsCodec::new(ring.with_policy(KidPolicy::Required)?);
    pairs.push(Pair {
        name: "kid: unknown, from its first or last letter on",
        tokens: [strange("x026-11-key-07")?, strange("2026-11-key-0x")?],
        samples,
        level: false,
        refuse: refusing(codec.clone()),
        kinds: [ErrorKind::UnknownKey; 2],
    });
    pairs.push(Pair {
        name: "kid: known, the second or the last of 16 keys",
        tokens: [strange("2026-11-key-01")?, strange("2026-11-key-15")?],
        samples,
        level: false,
        refuse: refusing(codec.clone()),
        kinds: unauthentic,
    });
    pairs.push(Pair {
        name: "kid: known or unknown",
        tokens: [strange("2026-11-key-07")?, strange("2026-11-key-99")?],
        samples,
        level: false,
        refuse: refusing(codec),
        kinds: [ErrorKind::Unauthentic, ErrorKind::UnknownKey],
    });
    Ok(pairs)
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let seed = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64 | 1);
    let mut coin = Coin(seed);
    println!(
        "{:<44} {:>9} {:>12} {:>12} {:>8} {:>8}",
        "classes: one or other", "samples", "median, one", "other", "t", "largest"
    );
    let mut good = true;
    for pair in pairs(arguments.samples).map_err(|error| error.to_string())? {
        let largest = measure(&pair, &mut coin)?;
        if pair.level && arguments.limit.is_some_and(|limit| largest > limit) {
            println!("  {}: |t| is beyond the limit", pair.name);
            good = false;
        }
    }
    Ok(good)
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
