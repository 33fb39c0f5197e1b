//! Calls for application messages.

use mls_rs::{
    group::{ContentType, ReceivedMessage},
    MlsMessage, MlsMessageDescription,
};
use serde_json::json;

use crate::{
    harness::Harness,
    wire::{base64, invalid, Answer, Fields},
};

/// Encrypts a message to the group.
pub fn protect(harness: &mut Harness, request: &Fields) -> Answer {
    let group = harness
        .actor_mut(request.number("state_id")?)?
        .group_mut()?;
    let (data, plaintext) = (
        request.bytes("authenticated_data")?,
        request.bytes("plaintext")?,
    );
    let message = group.encrypt_application_message(&plaintext, data)?;
    Ok(json!({"ciphertext": base64(message.to_bytes()?)}))
}

/// Opens a message of another member, of this epoch or of one that has passed.
pub fn unprotect(harness: &mut Harness, request: &Fields) -> Answer {
    let group = harness
        .actor_mut(request.number("state_id")?)?
        .group_mut()?;
    let message = MlsMessage::from_bytes(&request.bytes("ciphertext")?)?;
    let MlsMessageDescription::PrivateProtocolMessage {
        content_type: ContentType::Application,
        ..
    } = message.description()
    else {
        return Err(invalid(
            "ciphertext is not a PrivateMessage with application data",
        ));
    };
    match group.process_incoming_message(message)? {
        ReceivedMessage::ApplicationMessage(opened) => Ok(json!({
            "authenticated_data": base64(&opened.authenticated_data),
            "plaintext": base64(opened.data()),
        })),
        other => Err(invalid(format!("the message held {other:?}"))),
    }
}
