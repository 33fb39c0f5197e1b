//! Why a call has no response: a gRPC status name and a message.

use std::any::Any;
use std::error::Error;

use serde_json::{Value, json};

pub struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    /// The request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: "INVALID_ARGUMENT",
            message: message.into(),
        }
    }

    /// OpenMLS refused, or the harness on behalf of an application of OpenMLS.
    pub fn aborted(message: impl Into<String>) -> Self {
        Self {
            code: "ABORTED",
            message: message.into(),
        }
    }

    /// OpenMLS does not offer it at all.
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self {
            code: "UNIMPLEMENTED",
            message: message.into(),
        }
    }

    /// OpenMLS panicked.
    pub fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Self::aborted(format!("panic: {text}"))
    }

    pub fn to_json(&self) -> Value {
        json!({ "code": self.code, "message": self.message })
    }
}

/// An error of OpenMLS: its text, and its variants, since several variants share a text.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::aborted(format!("{error} [{error:?}]"))
    }
}
