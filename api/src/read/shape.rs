//! Finds where a body was understood but not written as the document says: a list in place of an object, say.
//!
//! Serde takes a struct from a list of its fields and a plain name from an object with that one key; clients that rely on
//! it would break with the next field. Not here: types and ranges, which reading has checked.

use serde_json::Value;

/// Where `given` has another kind of value than what was `kept` of it, and what it should have been.
pub(super) fn difference(given: &Value, kept: &Value) -> Option<(String, &'static str)> {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => given.iter().find_map(|(key, given)| {
            let (path, rule) = difference(given, kept.get(key)?)?;
            Some((join(key, &path), rule))
        }),
        (Value::Array(given), Value::Array(kept)) => {
            let mut pairs = given.iter().zip(kept).enumerate();
            pairs.find_map(|(at, (given, kept))| {
                let (path, rule) = difference(given, kept)?;
                Some((join(&at.to_string(), &path), rule))
            })
        }
        (given, Value::Object(_)) if !given.is_object() => {
            Some((String::new(), "expected an object"))
        }
        (given, Value::Array(_)) if !given.is_array() => Some((String::new(), "expected a list")),
        (given, Value::String(_)) if !given.is_string() => {
            Some((String::new(), "expected a string"))
        }
        _ => None,
    }
}

fn join(key: &str, rest: &str) -> String {
    match rest {
        "" => key.to_owned(),
        _ => format!("{key}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_of_another_kind_is_named() {
        let kept = json!({"input": {"url": "file:///a"}, "fallback": "any"});
        assert_eq!(difference(&kept, &kept), None);
        assert_eq!(difference(&json!({"title": null}), &kept), None);
        for (given, path) in [
            (json!([["file:///a"]]), ""),
            (json!({"input": ["file:///a"]}), "input"),
            (json!({"fallback": {"any": null}}), "fallback"),
            (json!({"input": {"url": 1}}), "input.url"),
        ] {
            assert_eq!(difference(&given, &kept).unwrap().0, path);
        }
    }
}
