//! The fields of a request in proto3's JSON mapping: an absent field has its default.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::failure::Failure;

pub struct Request<'a>(&'a Value);

impl<'a> Request<'a> {
    pub fn new(fields: &'a Value) -> Self {
        Self(fields)
    }

    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        decode(name, &self.0[name])
    }

    pub fn text(&self, name: &str) -> Result<&'a str, Failure> {
        match &self.0[name] {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text),
            _ => Err(Failure::invalid(format!("{name} is not a string"))),
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or_default()
    }

    /// A uint64, which JSON carries as a string or as a number.
    pub fn wide(&self, name: &str) -> Result<u64, Failure> {
        match &self.0[name] {
            Value::Null => Some(0),
            Value::String(digits) => digits.parse().ok(),
            other => other.as_u64(),
        }
        .ok_or_else(|| Failure::invalid(format!("{name} is not an unsigned number")))
    }

    pub fn number(&self, name: &str) -> Result<u32, Failure> {
        u32::try_from(self.wide(name)?)
            .map_err(|_| Failure::invalid(format!("{name} is larger than a uint32")))
    }

    pub fn list_of_bytes(&self, name: &str) -> Result<Vec<Vec<u8>>, Failure> {
        self.items(name)?
            .iter()
            .map(|item| decode(name, item))
            .collect()
    }

    pub fn messages(&self, name: &str) -> Result<Vec<Request<'a>>, Failure> {
        Ok(self.items(name)?.iter().map(Request).collect())
    }

    pub fn message(&self, name: &str) -> Request<'a> {
        Request(&self.0[name])
    }

    fn items(&self, name: &str) -> Result<&'a [Value], Failure> {
        match &self.0[name] {
            Value::Null => Ok(&[]),
            Value::Array(items) => Ok(items),
            _ => Err(Failure::invalid(format!("{name} is not a list"))),
        }
    }
}

fn decode(name: &str, value: &Value) -> Result<Vec<u8>, Failure> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => STANDARD
            .decode(text)
            .map_err(|error| Failure::invalid(format!("{name} is not base64: {error}"))),
        _ => Err(Failure::invalid(format!("{name} is not a string"))),
    }
}

/// A bytes field of an answer.
pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
