//! JSON objects as bodies have them.
//!
//! Serde reads a struct from an array as well, by the order of its fields: `["a"]` would be a body with its first field said.
//! Nobody means that who sends it, so what a route takes is read as an [`Object`].

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::problem::Problem;

/// Read from an object and from nothing else.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A whole body that is one object.
pub(crate) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    parse(body).map_err(|error| Problem::of_json(&error))
}

/// The same with JSON's own error.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Object<T>>(body).map(|object| object.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Given<'a> {
        value: &'a str,
        #[serde(default)]
        rest: Vec<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        n: u32,
    }

    /// `PUT` with the body `["a"]` wrote the value `a`: the derived code takes an array for a struct.
    #[test]
    fn an_array_is_no_object_at_any_depth() {
        let given: Given<'_> = read(br#"{"value":"a","rest":[{"n":1}]}"#).expect("is one");
        assert_eq!((given.value, given.rest[0].0.n), ("a", 1));
        for wrong in [r#"["a"]"#, r#"["a",[{"n":1}]]"#, r#"{"value":"a","rest":[[1]]}"#, "5", "null", "\"a\""] {
            let error = parse::<Given<'_>>(wrong.as_bytes()).expect_err(wrong).to_string();
            assert!(error.contains("expected an object"), "{error}");
        }
        let error = parse::<Given<'_>>(b"{\n\"value\":5}").expect_err("is no text");
        assert_eq!(error.line(), 2);
    }
}
