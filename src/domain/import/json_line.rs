//! One line of NDJSON into named scalars: flat, every key kept, so that a doubled one is seen.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON value as far as a row needs to tell values apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction or an exponent, or too large for 64 bits.
    OtherNumber,
    Text(Cow<'a, str>),
    /// An array or object.
    Nested,
}

/// The members of the object on this line, in their order, doubles included.
pub(super) fn members(line: &str) -> Result<Vec<(Cow<'_, str>, Scalar<'_>)>, String> {
    serde_json::from_str::<Members<'_>>(line).map(|members| members.0).map_err(|error| {
        format!("a row must be one JSON object on one line; reading stops at character {}", error.column())
    })
}

struct Members<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A string borrowed from the line unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Ok(Text(text)),
            Scalar::Null | Scalar::Boolean(_) | Scalar::Integer(_) | Scalar::OtherNumber | Scalar::Nested => {
                Err(D::Error::custom("a key must be a string"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(value).map_or(Scalar::OtherNumber, Scalar::Integer))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_kept_and_numbers_told_apart() {
        let line = r#"{"a":1,"a":null,"b":1.0,"c":1e3,"d":18446744073709551615,"e":[1,{}],"f":"x\ny","g":true,"h":-0}"#;
        let members = members(line).unwrap();
        let scalars: Vec<_> = members.iter().map(|(_, scalar)| scalar.clone()).collect();
        assert_eq!(members[1].0, "a");
        assert_eq!(
            scalars,
            [
                Scalar::Integer(1),
                Scalar::Null,
                Scalar::OtherNumber,
                Scalar::OtherNumber,
                Scalar::OtherNumber,
                Scalar::Nested,
                Scalar::Text("x\ny".into()),
                Scalar::Boolean(true),
                Scalar::OtherNumber,
            ]
        );
    }

    #[test]
    fn anything_but_one_object_is_refused_without_repeating_it() {
        for wrong in ["", "5", "\"secret\"", "[]", "{} {}", "{\"a\":}", "{\"a\":1", "{\"a\":1}}"] {
            let message = members(wrong).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
