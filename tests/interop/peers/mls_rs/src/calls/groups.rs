//! Calls that make a group, tell what it holds, or forget it.

use mls_rs::{psk::ExternalPskId, CipherSuite};
use serde_json::json;

use crate::{
    actor::{authenticator, Actor},
    harness::Harness,
    wire::{base64, Answer, Fields},
};

/// A group with its creator as the only member.
pub fn create_group(harness: &mut Harness, request: &Fields) -> Answer {
    let suite = CipherSuite::new(request.code_point("cipher_suite")?);
    let signer = harness.signers.signer(&request.bytes("identity")?, suite)?;
    let mut actor = Actor::new(harness.signers.credentials.clone(), signer, suite)?;
    actor
        .rules
        .encrypt_handshake(request.flag("encrypt_handshake")?);
    let group = actor
        .client
        .group_builder()?
        .with_group_id(request.bytes("group_id")?)
        .build()?;
    actor.enter(group)?;
    Ok(json!({"state_id": harness.add_actor(actor)}))
}

/// A GroupInfo that allows an external commit.
pub fn group_info(harness: &mut Harness, request: &Fields) -> Answer {
    let external_tree = request.flag("external_tree")?;
    let group = harness.actor(request.number("state_id")?)?.group()?;
    let group_info = group.group_info_message_allowing_ext_commit(!external_tree)?;
    let mut response = json!({"group_info": base64(group_info.to_bytes()?)});
    if external_tree {
        response["ratchet_tree"] = base64(group.export_tree().to_bytes()?).into();
    }
    Ok(response)
}

/// The epoch authenticator.
pub fn state_auth(harness: &mut Harness, request: &Fields) -> Answer {
    let group = harness.actor(request.number("state_id")?)?.group()?;
    Ok(json!({"state_auth_secret": base64(authenticator(group)?)}))
}

/// A secret from the exporter.
pub fn export(harness: &mut Harness, request: &Fields) -> Answer {
    let group = harness.actor(request.number("state_id")?)?.group()?;
    let secret = group.export_secret(
        request.text("label")?.as_bytes(),
        &request.bytes("context")?,
        request.number("key_length")? as usize,
    )?;
    Ok(json!({"exported_secret": base64(secret.as_bytes())}))
}

/// A pre-shared key, for a member or for one who waits for a Welcome.
pub fn store_psk(harness: &mut Harness, request: &Fields) -> Answer {
    let actor = harness.actor(request.number("state_or_transaction_id")?)?;
    let (id, secret) = (request.bytes("psk_id")?, request.bytes("psk_secret")?);
    actor
        .client
        .secret_store()
        .insert(ExternalPskId::new(id), secret.into());
    Ok(json!({}))
}

/// Forgets an actor.
pub fn free(harness: &mut Harness, request: &Fields) -> Answer {
    harness.free(request.number("state_id")?)?;
    Ok(json!({}))
}
