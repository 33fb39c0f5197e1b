//! The lines of JSON: reading the fields of a request, and writing an answer or a failure.

use base64::{engine::general_purpose::STANDARD, Engine};
use mls_rs::{error::MlsError, mls_rs_codec, Extension, ExtensionList};
use mls_rs_crypto_openssl::{x509::X509Error, OpensslCryptoError};
use serde_json::{json, Map, Value};

/// Why a call has no answer; the names are those of gRPC's statuses.
pub enum Failure {
    Unimplemented(String),
    InvalidArgument(String),
    Aborted(String),
}

pub type Answer = Result<Value, Failure>;

impl Failure {
    pub fn to_json(&self) -> Value {
        let (code, message) = match self {
            Failure::Unimplemented(message) => ("UNIMPLEMENTED", message),
            Failure::InvalidArgument(message) => ("INVALID_ARGUMENT", message),
            Failure::Aborted(message) => ("ABORTED", message),
        };
        json!({"error": {"code": code, "message": message}})
    }
}

pub fn invalid(message: impl Into<String>) -> Failure {
    Failure::InvalidArgument(message.into())
}

/// What the stack said, in its own words: the text, and the error's name with what it holds.
macro_rules! aborted_by {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Aborted(format!("{error} ({error:?})"))
            }
        })*
    };
}

aborted_by!(MlsError, mls_rs_codec::Error, OpensslCryptoError, X509Error);

/// The fields of one message; one that is absent has proto3's default.
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub fn of(value: &'a Value) -> Result<Self, Failure> {
        let fields = value.as_object();
        fields
            .map(Self)
            .ok_or_else(|| invalid("a message is a JSON object"))
    }

    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        self.0
            .get(name)
            .map_or(Ok(Vec::new()), |value| decoded(name, value))
    }

    pub fn bytes_list(&self, name: &str) -> Result<Vec<Vec<u8>>, Failure> {
        self.list(name)?
            .iter()
            .map(|value| decoded(name, value))
            .collect()
    }

    pub fn text(&self, name: &str) -> Result<&'a str, Failure> {
        let value = self.0.get(name).map_or(Some(""), Value::as_str);
        value.ok_or_else(|| invalid(format!("{name} is a string")))
    }

    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        let value = self.0.get(name).map_or(Some(false), Value::as_bool);
        value.ok_or_else(|| invalid(format!("{name} is true or false")))
    }

    /// An unsigned number; proto3 writes 64 bits as a string.
    pub fn number(&self, name: &str) -> Result<u64, Failure> {
        let value = match self.0.get(name) {
            None => Some(0),
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(value) => value.as_u64(),
        };
        value.ok_or_else(|| invalid(format!("{name} is an unsigned number")))
    }

    pub fn code_point(&self, name: &str) -> Result<u16, Failure> {
        let number = self.number(name)?;
        u16::try_from(number).map_err(|_| invalid(format!("{name} is a uint16, not {number}")))
    }

    pub fn messages(&self, name: &str) -> Result<Vec<Fields<'a>>, Failure> {
        self.list(name)?.iter().map(Fields::of).collect()
    }

    pub fn message(&self, name: &str) -> Result<Fields<'a>, Failure> {
        let value = self.0.get(name);
        Fields::of(value.ok_or_else(|| invalid(format!("{name} is missing")))?)
    }

    pub fn extensions(&self) -> Result<ExtensionList, Failure> {
        let mut extensions = ExtensionList::new();
        for fields in self.messages("extensions")? {
            let kind = fields.code_point("extension_type")?;
            extensions.set(Extension::new(kind.into(), fields.bytes("extension_data")?));
        }
        Ok(extensions)
    }

    fn list(&self, name: &str) -> Result<&'a [Value], Failure> {
        match self.0.get(name) {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(invalid(format!("{name} is a list"))),
        }
    }
}

fn decoded(name: &str, value: &Value) -> Result<Vec<u8>, Failure> {
    let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
    bytes.ok_or_else(|| invalid(format!("{name} is bytes in base64")))
}

/// Bytes as an answer holds them.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
