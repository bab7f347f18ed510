//! Strict JSON (RFC 8259, narrowed to I-JSON, RFC 7493): one pass that leaves nothing to a parser's taste.
//!
//! Invalid UTF-8, a member twice in one object (however its name is escaped), lone surrogates,
//! trailing bytes and nesting beyond [`MAX_DEPTH`] are refused; work is bounded by the text's length.
//! The pass hands out the members of the outermost object as slices of the text, so that a header
//! or a claims set is judged without building a tree of it.

use std::borrow::Cow;
use std::fmt;

/// How many arrays and objects may stand inside one another: as many as serde_json reads, so that
/// what passes here is never refused by the type that it is read into, nor by most other readers.
pub(crate) const MAX_DEPTH: usize = 127;

/// What is wrong with a JSON text; never says what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonError {
    Utf8,
    Syntax,
    Duplicate,
    Surrogate,
    Depth,
    NotObject,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "the JSON is not UTF-8",
            Self::Syntax => "not well-formed JSON",
            Self::Duplicate => "a JSON object has a member twice",
            Self::Surrogate => "a JSON string has a lone surrogate",
            Self::Depth => "the JSON is nested too deep",
            Self::NotObject => "the JSON is not an object",
        })
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whether escapes stand in it.
    String(bool),
    Number,
    True,
    False,
    Null,
    Array,
    Object,
}

/// A value of a text that was checked whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) kind: Kind,
    /// The value as it stands in the text, without white space around it.
    pub(crate) raw: &'a str,
}

impl<'a> Value<'a> {
    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<Cow<'a, str>> {
        let Kind::String(escaped) = self.kind else { return None };
        let inner = self.raw.get(1..self.raw.len().checked_sub(1)?)?;
        if escaped { unescape(inner).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
    }

    pub(crate) const fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The elements of an array, in order.
    pub(crate) fn as_array(&self) -> Option<Vec<Self>> {
        if self.kind != Kind::Array {
            return None;
        }
        let mut elements = Vec::new();
        let mut scanner = Scanner::new(self.raw);
        scanner.array(0, &mut |element| elements.push(element)).ok()?;
        Some(elements)
    }
}

/// Checks the whole of `json`, which must be an object, and shows each of its members to `visit`.
///
/// `visit` sees members before the rest of the text was checked: use what it gathered only on `Ok`.
pub(crate) fn members<'a>(
    json: &'a [u8],
    visit: impl FnMut(&Cow<'a, str>, Value<'a>),
) -> Result<&'a str, JsonError> {
    let text = std::str::from_utf8(json).map_err(|_| JsonError::Utf8)?;
    members_of(text, visit)?;
    Ok(text)
}

/// The same for a text that is known to be UTF-8.
pub(crate) fn members_of<'a>(
    text: &'a str,
    mut visit: impl FnMut(&Cow<'a, str>, Value<'a>),
) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    if scanner.peek() != Some(b'{') {
        // Tell a text that is JSON but no object from one that is no JSON.
        scanner.value(0)?;
        return Err(scanner.end().err().unwrap_or(JsonError::NotObject));
    }
    scanner.object(0, &mut |name, value| visit(&name, value))?;
    scanner.end()
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    names: Names<'a>,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, names: Names::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.step();
        }
        there
    }

    fn need(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError::Syntax) }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(JsonError::Syntax) }
    }

    fn since(&self, start: usize) -> Result<&'a str, JsonError> {
        self.text.get(start..self.at).ok_or(JsonError::Syntax)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let start = self.at;
        let kind = match self.peek().ok_or(JsonError::Syntax)? {
            b'"' => Kind::String(self.string()?),
            b'{' => {
                self.object(depth, &mut |_, _| ())?;
                Kind::Object
            }
            b'[' => {
                self.array(depth, &mut |_| ())?;
                Kind::Array
            }
            b't' => self.word("true", Kind::True)?,
            b'f' => self.word("false", Kind::False)?,
            b'n' => self.word("null", Kind::Null)?,
            _ => {
                self.number()?;
                Kind::Number
            }
        };
        Ok(Value { kind, raw: self.since(start)? })
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, JsonError> {
        self.at = self.at.saturating_add(word.len());
        if self.since(self.at.saturating_sub(word.len()))? == word {
            Ok(kind)
        } else {
            Err(JsonError::Syntax)
        }
    }

    fn object(
        &mut self,
        depth: usize,
        visit: &mut dyn FnMut(Cow<'a, str>, Value<'a>),
    ) -> Result<(), JsonError> {
        let depth = deeper(depth)?;
        self.need(b'{')?;
        self.space();
        if self.take(b'}') {
            return Ok(());
        }
        let outer_names = self.names.len();
        loop {
            let start = self.at;
            let escaped = self.string()?;
            let quoted = self.since(start)?;
            let name = quoted.get(1..quoted.len().saturating_sub(1)).ok_or(JsonError::Syntax)?;
            let name = if escaped { Cow::Owned(unescape(name)?) } else { Cow::Borrowed(name) };
            let mark = if escaped { 0 } else { mark(self.text, start.saturating_add(1), name.len()) };
            self.names.push(&name, mark);
            self.space();
            self.need(b':')?;
            self.space();
            let value = self.value(depth)?;
            visit(name, value);
            self.space();
            if self.take(b'}') {
                break;
            }
            self.need(b',')?;
            self.space();
        }
        self.names.close(outer_names)
    }

    fn array(&mut self, depth: usize, visit: &mut dyn FnMut(Value<'a>)) -> Result<(), JsonError> {
        let depth = deeper(depth)?;
        self.need(b'[')?;
        self.space();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            visit(self.value(depth)?);
            self.space();
            if self.take(b']') {
                return Ok(());
            }
            self.need(b',')?;
            self.space();
        }
    }

    /// Passes a string and says whether escapes stand in it.
    fn string(&mut self) -> Result<bool, JsonError> {
        self.need(b'"')?;
        let mut escaped = false;
        loop {
            self.at = self.at.saturating_add(plain_len(self.text, self.at));
            match self.peek().ok_or(JsonError::Syntax)? {
                b'"' => {
                    self.step();
                    return Ok(escaped);
                }
                b'\\' => {
                    escaped = true;
                    self.step();
                    self.escape()?;
                }
                _ => return Err(JsonError::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let byte = self.peek().ok_or(JsonError::Syntax)?;
        self.step();
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex4()? {
                0xd800..=0xdbff => {
                    if self.take(b'\\') && self.take(b'u') && matches!(self.hex4()?, 0xdc00..=0xdfff) {
                        Ok(())
                    } else {
                        Err(JsonError::Surrogate)
                    }
                }
                0xdc00..=0xdfff => Err(JsonError::Surrogate),
                _ => Ok(()),
            },
            _ => Err(JsonError::Syntax),
        }
    }

    fn hex4(&mut self) -> Result<u16, JsonError> {
        let start = self.at;
        self.at = self.at.saturating_add(4);
        let digits = self.since(start)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(JsonError::Syntax);
        }
        u16::from_str_radix(digits, 16).map_err(|_| JsonError::Syntax)
    }

    fn number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.step();
        }
        if self.at == start { Err(JsonError::Syntax) } else { Ok(()) }
    }
}

const fn deeper(depth: usize) -> Result<usize, JsonError> {
    if depth < MAX_DEPTH { Ok(depth.saturating_add(1)) } else { Err(JsonError::Depth) }
}

/// The text of a string's inside whose escapes were checked.
fn unescape(inner: &str) -> Result<String, JsonError> {
    // serde_json reads a quoted string exactly; quoting again is cheaper than a second decoder.
    serde_json::from_str(&format!("\"{inner}\"")).map_err(|_| JsonError::Syntax)
}

/// A byte in each of eight places.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Of eight bytes, the highest bit of each that is no string's text (a quote, a backslash, a control
/// character), and perhaps of some behind it: a borrow only ever goes upwards, so that the lowest bit
/// found is true.
#[inline]
const fn not_plain(eight: u64) -> u64 {
    let control = eight.wrapping_sub(const { each(0x20) });
    let quote = (eight ^ const { each(b'"') }).wrapping_sub(const { each(1) });
    let backslash = (eight ^ const { each(b'\\') }).wrapping_sub(const { each(1) });
    // None of the three has the highest bit, and what has it is text.
    (control | quote | backslash) & !eight & const { each(0x80) }
}

/// Whether `text` is a string's text as it stands: no quote, no backslash, no control character.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    // Where the pieces do not come out even they overlap, which no answer hangs on.
    if let Some(last) = text.last_chunk() {
        let mut found = not_plain(u64::from_le_bytes(*last));
        let mut rest = text;
        while let Some((eight, behind)) = rest.split_first_chunk() {
            found |= not_plain(u64::from_le_bytes(*eight));
            rest = behind;
        }
        found == 0
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let four = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
        not_plain(four(first) << 32 | four(last)) == 0
    } else {
        !text.iter().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
    }
}

/// How many bytes from `at` on are a string's text: no quote, no backslash, no control character.
#[inline]
pub(crate) fn plain_len(text: &str, at: usize) -> usize {
    let mut rest = text.as_bytes().get(at..).unwrap_or_default();
    let mut len: usize = 0;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let here = (not_plain(u64::from_le_bytes(*eight)).trailing_zeros() / 8) as usize;
        // No more than the text has.
        len = len.wrapping_add(here);
        if here < 8 {
            return len;
        }
        rest = behind;
    }
    let here = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
    len.wrapping_add(here)
}

/// What two equal names share, and most others do not: the first bytes and the length of the name
/// that stands at `at`. A short name's is never 0, which stands for one that is not known.
#[inline]
pub(crate) fn mark(text: &str, at: usize, len: usize) -> u64 {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let eight = u64::from_le_bytes(rest.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        eight
    }));
    let bytes = match len {
        0 => 0,
        1..8 => eight & (u64::MAX >> (64_usize.saturating_sub(len.saturating_mul(8)))),
        _ => eight,
    };
    // The highest byte is free in short names.
    bytes.wrapping_add((len as u64).wrapping_add(1) << 56)
}

/// The length and the mark of the name that `eight` begins with, if its end stands there, and nothing
/// before that needs a second look.
#[inline]
pub(crate) fn short_name(eight: [u8; 8]) -> Option<(usize, u64)> {
    let eight = u64::from_le_bytes(eight);
    let bits = not_plain(eight).trailing_zeros() & !7;
    let len = bits / 8;
    // No shift is as wide as the word itself.
    let text = (1_u64.checked_shl(bits)?).wrapping_sub(1);
    let ends = eight.checked_shr(bits)? & 0xff == u64::from(b'"');
    ends.then(|| (len as usize, (eight & text).wrapping_add(u64::from(len).wrapping_add(1) << 56)))
}

/// The number that `eight` digits are, the first one the highest.
#[inline]
pub(crate) const fn eight_digits(eight: [u8; 8]) -> Option<u64> {
    let digits = u64::from_le_bytes(eight) ^ const { each(b'0') };
    // What is more than 9 reaches the highest bit, or had it.
    if (digits.wrapping_add(const { each(0x7f - 9) }) | digits) & const { each(0x80) } != 0 {
        return None;
    }
    // Neighbours are joined: to pairs, to fours, to all.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

const INLINE_NAMES: usize = 24;

/// The member names of the objects that are open, innermost last; on the stack while they are few.
struct Names<'a> {
    inline: [&'a str; INLINE_NAMES],
    /// Of each inline name; 0 where it has none.
    marks: [u64; INLINE_NAMES],
    used: usize,
    spilled: Vec<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    const fn new() -> Self {
        Self { inline: [""; INLINE_NAMES], marks: [0; INLINE_NAMES], used: 0, spilled: Vec::new() }
    }

    const fn len(&self) -> usize {
        if self.spilled.is_empty() { self.used } else { self.spilled.len() }
    }

    #[expect(clippy::ptr_arg, reason = "what is borrowed of the text is kept longer than the reference")]
    fn push(&mut self, name: &Cow<'a, str>, mark: u64) {
        if self.spilled.is_empty() {
            if let (Cow::Borrowed(name), Some(place), Some(marked)) =
                (name, self.inline.get_mut(self.used), self.marks.get_mut(self.used))
            {
                (*place, *marked) = (name, mark);
                self.used = self.used.saturating_add(1);
                return;
            }
            self.spilled.extend(self.inline.iter().take(self.used).map(|name| Cow::Borrowed(*name)));
        }
        self.spilled.push(name.clone());
    }

    /// Ends the object whose names stand from `start` on: no two of them may be equal.
    fn close(&mut self, start: usize) -> Result<(), JsonError> {
        let unique = if self.spilled.is_empty() {
            let open = start..self.used;
            self.used = start;
            let marks = self.marks.get(open.clone()).unwrap_or_default();
            // Where all are marked and no two marks agree, no name need be looked at.
            marks_differ(marks) || all_different(self.inline.get_mut(open).unwrap_or_default())
        } else {
            let unique = all_different(self.spilled.get_mut(start..).unwrap_or_default());
            self.spilled.truncate(start);
            // Where the spill has run empty, what is open (nothing) is inline again.
            self.used = self.spilled.len().min(self.used);
            unique
        };
        if unique { Ok(()) } else { Err(JsonError::Duplicate) }
    }
}

/// Whether no mark is 0 and no two are equal. There are 24 at most.
fn marks_differ(marks: &[u64]) -> bool {
    let mut rest = marks;
    let mut differ = true;
    while let Some((one, others)) = rest.split_first() {
        // Without a branch for each pair.
        differ &= others.iter().fold(*one != 0, |differ, other| differ & (one != other));
        rest = others;
    }
    differ
}

fn all_different<T: Ord>(names: &mut [T]) -> bool {
    // Pairs are cheaper than a sort while there are few; a sort keeps many from costing squares.
    if names.len() <= 12 {
        let mut rest = &*names;
        while let Some((name, others)) = rest.split_first() {
            if others.contains(name) {
                return false;
            }
            rest = others;
        }
        true
    } else {
        names.sort_unstable();
        names.windows(2).all(|pair| pair.first() != pair.last())
    }
}

#[cfg(test)]
mod tests;
