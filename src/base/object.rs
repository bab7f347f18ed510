//! Writing one JSON object of fixed members and the user's own, in one pass.

use std::cell::RefCell;
use std::fmt::Display;
use std::io;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    SerializeTupleStruct, Serializer,
};

use super::json::is_plain;
use super::scratch::Scratch;

/// The members that come first and whose names the user's members must not take.
pub(crate) trait Fixed {
    fn write(&self, to: &mut Members<'_>) -> Result<(), JsonError>;

    /// Whether the user's members must not have this name.
    fn claims(&self, name: &str) -> bool;
}

/// Appends the object of `fixed` and `custom` to `out`.
///
/// The error's text is ours or the user's own type's; values do not stand in it.
pub(crate) fn write<F: Fixed, C: Serialize + ?Sized>(
    fixed: &F,
    custom: &C,
    out: &mut Scratch,
) -> Result<(), JsonError> {
    let out = RefCell::new(out);
    let out = Out(&out);
    custom.serialize(Object { fixed, out })
}

pub(crate) type JsonError = serde_json::Error;

/// Where the text goes: from here what is plain, from serde_json all else.
#[derive(Clone, Copy)]
struct Out<'o>(&'o RefCell<&'o mut Scratch>);

impl Out<'_> {
    #[inline]
    fn put<const X: usize, const Y: usize, const Z: usize>(
        self,
        before: [u8; X],
        first: &[u8],
        between: [u8; Y],
        second: &[u8],
        behind: [u8; Z],
    ) -> Result<(), JsonError> {
        // Nobody else holds it while a part is written.
        let mut out = self.0.try_borrow_mut().map_err(|error| JsonError::io(io::Error::other(error)))?;
        out.extend_between(before, first, between, second, behind);
        Ok(())
    }

    fn put_text(self, text: &str) -> Result<(), JsonError> {
        self.put([], text.as_bytes(), [], b"", [])
    }
}

impl io::Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_borrow_mut().map_err(io::Error::other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The members of the object, as far as they are written.
pub(crate) struct Members<'o> {
    out: Out<'o>,
    json: serde_json::Serializer<Out<'o>>,
    first: bool,
}

impl<'o> Members<'o> {
    fn new(out: Out<'o>) -> Self {
        Self { out, json: serde_json::Serializer::new(out), first: true }
    }

    #[inline]
    pub(crate) fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), JsonError> {
        let before = self.before();
        if is_plain(name.as_bytes()) {
            let Self { out, json, .. } = self;
            return value.serialize(Value { out: *out, json, lead: Lead::Name(before, name) });
        }
        self.out.put([before], b"", [], b"", [])?;
        self.json.serialize_str(name)?;
        self.out.put_text(":")?;
        self.value(value)
    }

    /// Adds a claim whose value is text, given as bytes: what is held as bytes need not be looked
    /// through for whether it is UTF-8 only to be written.
    #[inline]
    pub(crate) fn add_text(&mut self, [x, y, z]: [u8; 3], text: &[u8]) -> Result<(), JsonError> {
        if is_plain(text) {
            let before = self.before();
            self.out.put([before, b'"', x, y, z, b'"', b':', b'"'], text, *b"\"", b"", [])
        } else {
            let name = [x, y, z];
            let [name, text] = [&name, text].map(std::str::from_utf8);
            self.add(name.map_err(JsonError::custom)?, text.map_err(JsonError::custom)?)
        }
    }

    /// Adds a claim whose value is a whole number.
    #[inline]
    pub(crate) fn add_number(&mut self, [x, y, z]: [u8; 3], number: i64) -> Result<(), JsonError> {
        let mut digits = itoa::Buffer::new();
        let before = self.before();
        let digits = digits.format(number).as_bytes();
        self.out.put([before, b'"', x, y, z, b'"', b':'], digits, [], b"", [])
    }

    /// Adds members whose JSON stands ready, without braces; perhaps none.
    pub(crate) fn add_written(&mut self, members: &str) -> Result<(), JsonError> {
        if members.is_empty() {
            return Ok(());
        }
        let before = self.before();
        self.out.put([before], members.as_bytes(), [], b"", [])
    }

    /// The value of a member whose name is written.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let Self { out, json, .. } = self;
        value.serialize(Value { out: *out, json, lead: Lead::Nothing })
    }

    fn before(&mut self) -> u8 {
        if std::mem::take(&mut self.first) { b'{' } else { b',' }
    }

    fn end(self) -> Result<(), JsonError> {
        self.out.put_text(if self.first { "{}" } else { "}" })
    }
}

type Json<'j, 'o> = &'j mut serde_json::Serializer<Out<'o>>;

/// One value, and what stands before it and is not written yet. Strings without escapes, whole
/// numbers, words and sequences are written here, which is several times as fast; the rest is
/// serde_json's.
struct Value<'j, 'o, 'n> {
    out: Out<'o>,
    json: Json<'j, 'o>,
    lead: Lead<'n>,
}

#[derive(Clone, Copy)]
enum Lead<'n> {
    Nothing,
    /// What opens the sequence, or parts its elements.
    Byte(u8),
    /// The same of an object, and the name, which needs no escapes.
    Name(u8, &'n str),
}

impl<'j, 'o> Value<'j, 'o, '_> {
    fn put_word(&self, word: &str) -> Result<(), JsonError> {
        let word = word.as_bytes();
        match self.lead {
            Lead::Nothing => self.out.put([], word, [], b"", []),
            Lead::Byte(before) => self.out.put([before], word, [], b"", []),
            Lead::Name(before, name) => self.out.put([before, b'"'], name.as_bytes(), *b"\":", word, []),
        }
    }

    fn by_serde_json(self) -> Result<Json<'j, 'o>, JsonError> {
        self.put_word("")?;
        Ok(self.json)
    }

    fn elements(self) -> Result<Elements<'j, 'o>, JsonError> {
        self.put_word("")?;
        Ok(Elements { out: self.out, json: self.json, before: b'[' })
    }
}

macro_rules! whole {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, value: $type) -> Result<(), JsonError> {
            self.put_word(itoa::Buffer::new().format(value))
        }
    )*};
}

macro_rules! by_serde_json {
    ($($method:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $method(self $(, $name: $type)*) -> Result<$result, JsonError> {
            self.by_serde_json()?.$method($($name),*)
        }
    )*};
}

impl<'j, 'o> Serializer for Value<'j, 'o, '_> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Elements<'j, 'o>;
    type SerializeTuple = Elements<'j, 'o>;
    type SerializeTupleStruct = Elements<'j, 'o>;
    type SerializeTupleVariant = <Json<'j, 'o> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <Json<'j, 'o> as Serializer>::SerializeMap;
    type SerializeStruct = <Json<'j, 'o> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Json<'j, 'o> as Serializer>::SerializeStructVariant;

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), JsonError> {
        let text = value.as_bytes();
        match self.lead {
            _ if !is_plain(text) => self.by_serde_json()?.serialize_str(value),
            Lead::Nothing => self.out.put(*b"\"", text, *b"\"", b"", []),
            Lead::Byte(before) => self.out.put([before, b'"'], text, *b"\"", b"", []),
            Lead::Name(before, name) => {
                self.out.put([before, b'"'], name.as_bytes(), *b"\":\"", text, *b"\"")
            }
        }
    }

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.put_word(if value { "true" } else { "false" })
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.put_word("null")
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, JsonError> {
        self.elements()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, JsonError> {
        self.elements()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, JsonError> {
        self.elements()
    }

    whole! {
        serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
    }

    by_serde_json! {
        serialize_i128(value: i128) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_bytes(value: &[u8]) -> ();
        serialize_unit_struct(name: &'static str) -> ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
        serialize_tuple_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> Self::SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> Self::SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> Self::SerializeStruct;
        serialize_struct_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> Self::SerializeStructVariant;
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.by_serde_json()?.serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        self.by_serde_json()?.collect_str(value)
    }
}

/// The elements of a sequence, as far as they are written.
struct Elements<'j, 'o> {
    out: Out<'o>,
    json: Json<'j, 'o>,
    /// What stands before the next one.
    before: u8,
}

impl Elements<'_, '_> {
    #[inline]
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let lead = Lead::Byte(std::mem::replace(&mut self.before, b','));
        value.serialize(Value { out: self.out, json: &mut *self.json, lead })
    }

    fn finish(self) -> Result<(), JsonError> {
        self.out.put_text(if self.before == b'[' { "[]" } else { "]" })
    }
}

macro_rules! elements {
    ($($sort:ident::$add:ident;)*) => {$(
        impl $sort for Elements<'_, '_> {
            type Ok = ();
            type Error = JsonError;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.add(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.finish()
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
}

/// Takes what serializes as an object and refuses everything else.
struct Object<'f, 'o, F> {
    fixed: &'f F,
    out: Out<'o>,
}

impl<'f, 'o, F: Fixed> Object<'f, 'o, F> {
    fn start(self) -> Result<Own<'f, 'o, F>, JsonError> {
        let mut members = Members::new(self.out);
        self.fixed.write(&mut members)?;
        Ok(Own { fixed: self.fixed, members })
    }
}

fn no_object<T>() -> Result<T, JsonError> {
    Err(JsonError::custom("they must be a struct or a map, which become a JSON object"))
}

macro_rules! refuse {
    ($($method:ident($($type:ty)?);)*) => {$(
        fn $method(self $(, _: $type)?) -> Result<(), JsonError> {
            no_object()
        }
    )*};
}

impl<'f, 'o, F: Fixed> Serializer for Object<'f, 'o, F> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Impossible<(), JsonError>;
    type SerializeTuple = Impossible<(), JsonError>;
    type SerializeTupleStruct = Impossible<(), JsonError>;
    type SerializeTupleVariant = Impossible<(), JsonError>;
    type SerializeMap = Own<'f, 'o, F>;
    type SerializeStruct = Own<'f, 'o, F>;
    type SerializeStructVariant = Impossible<(), JsonError>;

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, JsonError> {
        self.start()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, JsonError> {
        // serde_json means no struct by such names: a number, or text of any kind.
        if name.starts_with('$') { no_object() } else { self.start() }
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        SerializeMap::end(self.start()?)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    refuse! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32);
        serialize_i64(i64); serialize_u8(u8); serialize_u16(u16); serialize_u32(u32);
        serialize_u64(u64); serialize_f32(f32); serialize_f64(f64); serialize_char(char);
        serialize_str(&str); serialize_bytes(&[u8]);
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), JsonError> {
        no_object()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), JsonError> {
        no_object()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, JsonError> {
        no_object()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, JsonError> {
        no_object()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, JsonError> {
        no_object()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, JsonError> {
        no_object()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, JsonError> {
        no_object()
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<(), JsonError> {
        no_object()
    }
}

/// The user's members, none of which may take a fixed one's name.
struct Own<'f, 'o, F> {
    fixed: &'f F,
    members: Members<'o>,
}

impl<F: Fixed> Own<'_, '_, F> {
    fn check(&self, name: &str) -> Result<(), JsonError> {
        if self.fixed.claims(name) {
            return Err(JsonError::custom(format_args!("`{name}` is not free: it is set elsewhere")));
        }
        Ok(())
    }
}

impl<F: Fixed> SerializeStruct for Own<'_, '_, F> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.check(name)?;
        self.members.add(name, value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.members.end()
    }
}

impl<F: Fixed> SerializeMap for Own<'_, '_, F> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        // A map's keys are known only once they are written: have serde_json begin an object apart.
        let mut apart = Scratch::new();
        let mut json = serde_json::Serializer::new(&mut apart);
        json.serialize_map(None)?.serialize_key(key)?;
        let quoted = apart.get(1..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let plain = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match plain.filter(|name| is_plain(name.as_bytes())) {
            Some(name) => self.check(name)?,
            None => self.check(&serde_json::from_str::<String>(quoted)?)?,
        }
        let before = self.members.before();
        self.members.out.put([before], quoted.as_bytes(), *b":", b"", [])
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.members.value(value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.members.end()
    }
}

#[cfg(test)]
mod tests;
