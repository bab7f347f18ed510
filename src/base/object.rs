//! Writing one JSON object of fixed members and the user's own, in one pass.

use std::fmt::Display;

use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

/// The members that come first and whose names the user's members must not take.
pub(crate) trait Fixed {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error>;

    /// Whether the user's members must not have this name.
    fn claims(&self, name: &str) -> bool;
}

/// Appends the object of `fixed` and `custom` to `out`.
///
/// The error's text is ours or the user's own type's; values do not stand in it.
pub(crate) fn write<F: Fixed, C: Serialize + ?Sized>(
    fixed: &F,
    custom: &C,
    out: &mut impl std::io::Write,
) -> Result<(), serde_json::Error> {
    custom.serialize(Object { fixed, to: &mut serde_json::Serializer::new(out) })
}

type JsonError = serde_json::Error;
type Json<'s, W> = &'s mut serde_json::Serializer<W>;
type JsonMap<'s, W> = <Json<'s, W> as Serializer>::SerializeMap;

/// Takes what serializes as an object and refuses everything else.
struct Object<'f, 's, F, W: std::io::Write> {
    fixed: &'f F,
    to: Json<'s, W>,
}

impl<'f, 's, F: Fixed, W: std::io::Write> Object<'f, 's, F, W> {
    fn start(self) -> Result<Members<'f, F, JsonMap<'s, W>>, JsonError> {
        let mut to = self.to.serialize_map(None)?;
        self.fixed.write(&mut to)?;
        Ok(Members { fixed: self.fixed, to })
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

impl<'f, 's, F: Fixed, W: std::io::Write> Serializer for Object<'f, 's, F, W> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Impossible<(), JsonError>;
    type SerializeTuple = Impossible<(), JsonError>;
    type SerializeTupleStruct = Impossible<(), JsonError>;
    type SerializeTupleVariant = Impossible<(), JsonError>;
    type SerializeMap = Members<'f, F, JsonMap<'s, W>>;
    type SerializeStruct = Members<'f, F, JsonMap<'s, W>>;
    type SerializeStructVariant = Impossible<(), JsonError>;

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, JsonError> {
        self.start()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, JsonError> {
        self.start()
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
struct Members<'f, F, M> {
    fixed: &'f F,
    to: M,
}

impl<F: Fixed, M: SerializeMap<Ok = (), Error = JsonError>> Members<'_, F, M> {
    fn check(&self, name: &str) -> Result<(), JsonError> {
        if self.fixed.claims(name) {
            return Err(JsonError::custom(format_args!("`{name}` is not free: it is set elsewhere")));
        }
        Ok(())
    }
}

impl<F: Fixed, M: SerializeMap<Ok = (), Error = JsonError>> SerializeStruct for Members<'_, F, M> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.check(name)?;
        self.to.serialize_entry(name, value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.to.end()
    }
}

impl<F: Fixed, M: SerializeMap<Ok = (), Error = JsonError>> SerializeMap for Members<'_, F, M> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        // A map's keys are known only as they are written: have this one written apart.
        if let serde_json::Value::String(name) = serde_json::to_value(key)? {
            self.check(&name)?;
        }
        self.to.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.to.serialize_value(value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.to.end()
    }
}
