//! Where partition keys come from.

use millstream_types::Random;
use serde_json::Value;

use super::limits::KEY_CHARACTERS_MAX;

/// How a line gets its partition key.
#[derive(Debug)]
pub(crate) enum KeyRule {
    /// All lines have the same.
    Fixed(String),
    /// A field of a JSON object, name by name.
    Field(Vec<String>),
    /// A new one each.
    Random,
}

impl KeyRule {
    pub fn new(key: Option<String>, field: Option<&str>) -> Result<Self, String> {
        if let Some(key) = key {
            check(&key)?;
            return Ok(KeyRule::Fixed(key));
        }
        let Some(path) = field else { return Ok(KeyRule::Random) };
        let names: Vec<String> = path.split('.').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            return Err(format!("{path:?} is no path of field names with dots between"));
        }
        Ok(KeyRule::Field(names))
    }

    /// The key of a line, or why it has none.
    pub fn key_of(&self, line: &[u8], random: &dyn Random) -> Result<String, String> {
        match self {
            KeyRule::Fixed(key) => Ok(key.clone()),
            KeyRule::Random => Ok(format!("{:016x}{:016x}", random.next_u64(), random.next_u64())),
            KeyRule::Field(names) => {
                let key = field(line, names)?;
                check(&key)?;
                Ok(key)
            }
        }
    }
}

fn field(line: &[u8], names: &[String]) -> Result<String, String> {
    let whole: Value = serde_json::from_slice(line).map_err(|error| no_json(&error))?;
    let found = names.iter().try_fold(&whole, |value, name| value.get(name));
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => {
            Err(format!("{} is no text, number or truth value", names.join(".")))
        }
        None => Err(format!("it has no {}", names.join("."))),
    }
}

/// A line of input is one line of JSON: the parser's own count of lines would only mislead.
fn no_json(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&place).unwrap_or(&text);
    format!("no JSON: {what} at column {}", error.column())
}

fn check(key: &str) -> Result<(), String> {
    let characters = key.chars().count();
    if (1..=KEY_CHARACTERS_MAX).contains(&characters) {
        return Ok(());
    }
    Err(format!("a partition key has 1 to {KEY_CHARACTERS_MAX} characters, not {characters}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::SeededRandom;

    #[test]
    fn fields_are_found_by_their_path() {
        let rule = KeyRule::new(None, Some("user.id")).unwrap();
        let random = SeededRandom::new(1);
        for (line, expected) in [
            (r#"{"user":{"id":"a"}}"#, Ok("a")),
            (r#"{"user":{"id":7}}"#, Ok("7")),
            (r#"{"user":{"id":true}}"#, Ok("true")),
            (r#"{"user":{"id":null}}"#, Err("user.id is no text, number or truth value")),
            (r#"{"user":{}}"#, Err("it has no user.id")),
            (r#"[1]"#, Err("it has no user.id")),
            (r#"{"user":{"id":""}}"#, Err("a partition key has 1 to 256 characters, not 0")),
        ] {
            let key = rule.key_of(line.as_bytes(), &random);
            assert_eq!(key.as_deref().map_err(String::as_str), expected, "{line}");
        }
        let no_json = rule.key_of(b"no", &random).unwrap_err();
        assert_eq!(no_json, "no JSON: expected ident at column 2");
    }

    #[test]
    fn random_keys_differ_and_bad_rules_are_refused() {
        let random = SeededRandom::new(1);
        let key = || KeyRule::Random.key_of(b"", &random).unwrap();
        assert_ne!(key(), key());
        assert!(KeyRule::new(None, Some("a..b")).is_err());
        assert!(KeyRule::new(Some(String::new()), None).is_err());
        assert!(KeyRule::new(Some("é".repeat(256)), None).is_ok());
    }
}
