//! Registered claims and the user's own in one pass over the usual JSON.
//!
//! Nearly every token's claims are plain: strings without escapes, whole numbers, words, arrays and
//! objects of those. Of such a text the user's type is read here while the registered claims are
//! noted in passing. Wherever anything is out of the ordinary (an escape, a fraction, two names that
//! begin alike, a type that does not fit, any fault at all) this gives up without a verdict, and
//! [`read_registered`](super::read_registered) and [`read_custom`](super::read_custom) judge the
//! text in two passes. So this decides nothing: what it yields is what they would have yielded.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::Registered;
use super::read::{note, note_seconds, note_text};
use crate::base::json::{self, Kind, Value};

/// Both kinds of claims of `text`, if it is plain: the registered ones into `registered`, which is empty.
pub(crate) fn read_both<C: DeserializeOwned>(text: &str, registered: &mut Registered) -> Option<C> {
    let mut reader = Reader { text, at: 0, depth: 0, string: "", number: 0, registered };
    reader.space();
    if reader.peek() != Some(b'{') {
        return None;
    }
    let custom = C::deserialize(Plain(&mut reader)).ok()?;
    reader.space();
    (reader.at == text.len()).then_some(custom)
}

/// Objects and arrays within one another; more is not usual.
const MAX_DEPTH: u32 = 8;
/// The members of one object; more are not usual.
const MAX_NAMES: usize = 24;

/// Why this gave up. Nobody is told.
#[derive(Debug)]
struct NotPlain;

impl fmt::Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not plain")
    }
}

impl std::error::Error for NotPlain {}

impl Error for NotPlain {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Reader<'r, 'de> {
    text: &'de str,
    at: usize,
    depth: u32,
    /// The string and the number that were read last.
    string: &'de str,
    number: i64,
    registered: &'r mut Registered,
}

impl<'de> Reader<'_, 'de> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Past bytes that were seen, so that it stays within the text, or a little past its end.
    #[inline]
    const fn step(&mut self, bytes: usize) {
        self.at = self.at.wrapping_add(bytes);
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.step(usize::from(there));
        there
    }

    #[inline]
    fn need(&mut self, byte: u8) -> Result<(), NotPlain> {
        if self.take(byte) { Ok(()) } else { Err(NotPlain) }
    }

    #[inline]
    fn space(&mut self) {
        // One comparison where there is none, as nearly always.
        while let Some(byte @ ..=b' ') = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return;
            }
            self.step(1);
        }
    }

    /// A string, and its [mark](json::mark) as a name.
    #[inline]
    fn name(&mut self) -> Result<(&'de str, u64), NotPlain> {
        let start = self.at.wrapping_add(1);
        // Nearly every name ends within eight bytes that are there: they tell all.
        if self.peek() == Some(b'"')
            && let Some(eight) = self.text.as_bytes().get(start..).and_then(|rest| rest.first_chunk())
            && let Some((len, mark)) = json::short_name(*eight)
            && let Some(name) = self.text.get(start..start.wrapping_add(len))
        {
            self.step(len.wrapping_add(2));
            return Ok((name, mark));
        }
        self.any_name()
    }

    /// The same of one that is long, or stands at the end. By itself, so that the usual case is short.
    #[inline(never)]
    fn any_name(&mut self) -> Result<(&'de str, u64), NotPlain> {
        let start = self.at.wrapping_add(1);
        let name = self.string()?;
        Ok((name, json::mark(self.text, start, name.len())))
    }

    #[inline]
    fn string(&mut self) -> Result<&'de str, NotPlain> {
        let rest = self.text.get(self.at..).and_then(|rest| rest.strip_prefix('"')).ok_or(NotPlain)?;
        let len = json::plain_len(rest, 0);
        match (rest.get(..len), rest.as_bytes().get(len)) {
            (Some(string), Some(b'"')) => {
                // With its quotes.
                self.step(len.wrapping_add(2));
                self.string = string;
                Ok(string)
            }
            _ => Err(NotPlain),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), NotPlain> {
        let rest = self.text.get(self.at..).ok_or(NotPlain)?;
        self.step(word.len());
        if rest.starts_with(word) { Ok(()) } else { Err(NotPlain) }
    }

    /// A whole number of up to 18 digits, and whether it is negative.
    fn number(&mut self) -> Result<(bool, u64), NotPlain> {
        let negative = self.take(b'-');
        let start = self.at;
        let mut number: u64 = 0;
        // Of a date eight digits are read at once.
        if let Some(eight) = self.text.as_bytes().get(start..).and_then(|rest| rest.first_chunk())
            && let Some(eight) = json::eight_digits(*eight)
        {
            number = eight;
            self.step(8);
        }
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit & 15));
            self.step(1);
        }
        let digits = self.at.wrapping_sub(start);
        let zero_first = self.text.as_bytes().get(start) == Some(&b'0');
        // A leading zero is no JSON; minus zero is no whole number.
        if !(1..=18).contains(&digits)
            || zero_first && (digits > 1 || negative)
            || matches!(self.peek(), Some(b'.' | b'e' | b'E'))
        {
            return Err(NotPlain);
        }
        let signed = 0_i64.saturating_add_unsigned(number);
        self.number = if negative { signed.saturating_neg() } else { signed };
        Ok((negative, number))
    }

    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NotPlain> {
        match self.number()? {
            (false, number) => visitor.visit_u64(number),
            (true, _) => visitor.visit_i64(self.number),
        }
    }

    fn enter(&mut self) -> Result<u32, NotPlain> {
        let outside = self.depth;
        self.step(1);
        self.depth = outside.wrapping_add(1);
        if self.depth > MAX_DEPTH { Err(NotPlain) } else { Ok(outside) }
    }

    /// Whether the array or object ends here; else the reader stands before its next element.
    #[inline]
    fn ends(&mut self, end: u8, first: &mut bool) -> Result<bool, NotPlain> {
        let is_first = std::mem::take(first);
        // As nearly always there is no space before it.
        if !is_first && self.take(b',') {
            self.space();
            return Ok(false);
        }
        self.space();
        if self.take(end) {
            self.depth = self.depth.wrapping_sub(1);
            return Ok(true);
        }
        if !is_first {
            self.need(b',')?;
            self.space();
        }
        Ok(false)
    }

    /// Leaves an array whose reader took all its elements without asking for one more.
    fn leave(&mut self, outside: u32) -> Result<(), NotPlain> {
        if self.depth > outside {
            self.space();
            self.need(b']')?;
            self.depth = outside;
        }
        Ok(())
    }
}

/// The value that the reader stands before.
struct Plain<'p, 'r, 'de>(&'p mut Reader<'r, 'de>);

macro_rules! numbers {
    ($($method:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
            self.0.visit_number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Plain<'_, '_, 'de> {
    type Error = NotPlain;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        let reader = self.0;
        match reader.peek().ok_or(NotPlain)? {
            b'"' => visitor.visit_borrowed_str(reader.string()?),
            b'{' => {
                let outside = reader.enter()?;
                let value = visitor.visit_map(Members {
                    reader: &mut *reader,
                    is_claims: outside == 0,
                    first: true,
                    marks: [0; MAX_NAMES],
                    count: 0,
                    name: "",
                })?;
                if reader.depth == outside { Ok(value) } else { Err(NotPlain) }
            }
            b'[' => {
                let outside = reader.enter()?;
                let value = visitor.visit_seq(Elements { reader: &mut *reader, first: true })?;
                reader.leave(outside)?;
                Ok(value)
            }
            b't' => reader.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => reader.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => reader.word("null").and_then(|()| visitor.visit_unit()),
            _ => reader.visit_number(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        // What it is else does not fit, as the two passes will tell.
        visitor.visit_borrowed_str(self.0.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        match self.0.peek() {
            Some(b'"') => self.0.string().and_then(|_| visitor.visit_unit()),
            Some(b'0'..=b'9') => self.0.number().and_then(|_| visitor.visit_unit()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        if self.0.peek() == Some(b'n') {
            return self.0.word("null").and_then(|()| visitor.visit_none());
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NotPlain> {
        // serde_json means something of its own by such names.
        if name.starts_with('$') { Err(NotPlain) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotPlain> {
        if name.starts_with('$') { Err(NotPlain) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotPlain> {
        let variant: StrDeserializer<'_, NotPlain> = self.0.string()?.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NotPlain> {
        Err(NotPlain)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NotPlain> {
        Err(NotPlain)
    }

    numbers!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_i128,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64,
        deserialize_u128,
        deserialize_f32,
        deserialize_f64
    );

    forward_to_deserialize_any! {
        bool char unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

struct Members<'p, 'r, 'de> {
    reader: &'p mut Reader<'r, 'de>,
    /// Whether they are the claims themselves rather than what stands in one.
    is_claims: bool,
    first: bool,
    marks: [u64; MAX_NAMES],
    count: usize,
    name: &'de str,
}

impl<'de> MapAccess<'de> for Members<'_, '_, 'de> {
    type Error = NotPlain;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NotPlain> {
        if self.reader.ends(b'}', &mut self.first)? {
            return Ok(None);
        }
        let mark;
        (self.name, mark) = self.reader.name()?;
        let (marks, free) = self.marks.split_at_mut_checked(self.count).ok_or(NotPlain)?;
        // Names that begin alike may be equal.
        if marks.contains(&mark) {
            return Err(NotPlain);
        }
        *free.first_mut().ok_or(NotPlain)? = mark;
        self.count = self.count.wrapping_add(1);
        if !self.reader.take(b':') {
            self.reader.space();
            self.reader.need(b':')?;
        }
        self.reader.space();
        seed.deserialize(BorrowedStrDeserializer::new(self.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NotPlain> {
        let start = self.reader.at;
        let value = seed.deserialize(Plain(&mut *self.reader))?;
        if self.is_claims && self.name.len() == 3 {
            let reader = &mut *self.reader;
            let noted = match reader.text.as_bytes().get(start) {
                Some(b'"') => note_text(self.name, reader.string, reader.registered),
                Some(b'-' | b'0'..=b'9') => note_seconds(self.name, reader.number, reader.registered),
                first => {
                    let raw = reader.text.get(start..reader.at).ok_or(NotPlain)?;
                    let kind = if first == Some(&b'[') { Kind::Array } else { Kind::Null };
                    note(self.name, Value { kind, raw }, reader.registered).is_ok()
                }
            };
            if !noted {
                return Err(NotPlain);
            }
        }
        Ok(value)
    }
}

struct Elements<'p, 'r, 'de> {
    reader: &'p mut Reader<'r, 'de>,
    first: bool,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_, 'de> {
    type Error = NotPlain;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NotPlain> {
        if self.reader.ends(b']', &mut self.first)? {
            return Ok(None);
        }
        seed.deserialize(Plain(&mut *self.reader)).map(Some)
    }
}

#[cfg(test)]
mod tests;
