//! Reads JSON as bare values, within limits and without a key twice. Not here: what the values mean.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deepest nesting; no request needs more than a few levels.
const MAX_DEPTH: usize = 16;

/// Most values in a body: each takes far more memory than the byte or two it may have been written with.
const MAX_VALUES: usize = 20_000;

/// The value written there.
pub(super) fn value(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let mut left = MAX_VALUES;
    let seed = Seed {
        depth: 0,
        left: &mut left,
    };
    let value = seed.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

struct Seed<'a> {
    depth: usize,
    left: &'a mut usize,
}

impl Seed<'_> {
    fn inner(&mut self) -> Seed<'_> {
        Seed {
            depth: self.depth + 1,
            left: self.left,
        }
    }

    fn deeper<E: Error>(&self) -> Result<(), E> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        Err(E::custom(format!("nested deeper than {MAX_DEPTH} levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(D::Error::custom(format!("more than {MAX_VALUES} values")));
        };
        *self.left = left;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
            let value = entries.next_value_seed(self.inner())?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        value(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn it_reads_what_serde_json_reads() {
        for text in [
            "null",
            "[]",
            r#"{"a":[1,-2,3.5,true,"x\n",{"b":null}]}"#,
            "\"\\ud83d\\ude00\"",
        ] {
            let theirs: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value(text.as_bytes()).unwrap(), theirs);
        }
    }

    #[test]
    fn a_key_twice_too_deep_too_many_or_not_utf8_is_refused() {
        assert!(refused(r#"{"a":{"b":1,"b":1}}"#).contains("duplicate field `b` at line 1"));
        assert!(refused(&"[".repeat(100_000)).contains("nested deeper than 16"));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(refused(&many).contains("more than 20000 values"));
        assert!(refused("1e400").contains("out of range"));
        assert!(refused("{} {}").contains("trailing"));
        assert!(value(b"\"\xff\"").is_err());
        assert!(value(br#""\ud800""#).is_err());
    }
}
