//! The members of a request's JSON, taken out one by one: what is left at the end is not known.

use serde_json::{Map, Value};

/// The members that are left.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads an object; nothing at all, or null, is an empty one.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        if body.trim_ascii().is_empty() {
            return Ok(Fields(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Fields(members)),
            Ok(Value::Null) => Ok(Fields(Map::new())),
            Ok(_) => Err("the body must be a JSON object".into()),
            Err(error) => Err(format!("the body is no JSON: {error}")),
        }
    }

    /// A member as it is; null is absent.
    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{key} must be a text")),
        }
    }

    /// A whole number of 0 or more.
    pub fn number(&mut self, key: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let wrong = || format!("{key} must be a whole number of 0 or more");
        value.as_u64().map(Some).ok_or_else(wrong)
    }

    /// Any number.
    pub fn float(&mut self, key: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.as_f64().map(Some).ok_or_else(|| format!("{key} must be a number"))
    }

    /// What is taken out must be all there was.
    pub fn finish(self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{key} is not known")),
        }
    }
}
