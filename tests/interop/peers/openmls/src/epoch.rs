//! What a member does within an epoch: exports, application messages, keys to be used later.

use openmls::prelude::tls_codec::Serialize;
use openmls::prelude::{OpenMlsProvider, ProcessedMessageContent};
use openmls::schedule::PreSharedKeyId;
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{Value, json};

use crate::codec;
use crate::failure::Failure;
use crate::member::Member;
use crate::request::{Request, encoded};
use crate::service::Service;

/// GroupInfo
pub fn group_info(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let external_tree = request.flag("external_tree");
    let signer = &member.identity.signer;
    let crypto = member.provider.crypto();
    let group_info = member
        .group
        .export_group_info(crypto, signer, !external_tree)?;
    let mut answer = json!({ "group_info": encoded(group_info.to_bytes()?) });
    if external_tree {
        let tree = member
            .group
            .export_ratchet_tree()
            .tls_serialize_detached()?;
        answer["ratchet_tree"] = encoded(tree).into();
    }
    Ok(answer)
}

/// StateAuth
pub fn state_auth(member: &mut Member) -> Result<Value, Failure> {
    Ok(json!({ "state_auth_secret": encoded(member.epoch_authenticator()) }))
}

/// Export
pub fn export(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let secret = member.group.export_secret(
        member.provider.crypto(),
        request.text("label")?,
        &request.bytes("context")?,
        request.number("key_length")? as usize,
    )?;
    Ok(json!({ "exported_secret": encoded(secret) }))
}

/// Protect
pub fn protect(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let plaintext = request.bytes("plaintext")?;
    member.group.set_aad(request.bytes("authenticated_data")?);
    let message =
        member
            .group
            .create_message(&member.provider, &member.identity.signer, &plaintext)?;
    Ok(json!({ "ciphertext": encoded(message.to_bytes()?) }))
}

/// Unprotect
pub fn unprotect(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let message = codec::protocol_message(&request.bytes("ciphertext")?)?;
    let processed = member.group.process_message(&member.provider, message)?;
    let authenticated_data = encoded(processed.aad());
    match processed.into_content() {
        ProcessedMessageContent::ApplicationMessage(message) => Ok(json!({
            "authenticated_data": authenticated_data,
            "plaintext": encoded(message.into_bytes()),
        })),
        ProcessedMessageContent::OwnPrivateMessage => Err(Failure::aborted(
            "OpenMLS cannot decrypt a message of its own",
        )),
        _ => Err(Failure::invalid(
            "the message is not an application message",
        )),
    }
}

/// StorePSK, for a member or for one who waits for a Welcome.
pub fn store_psk(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let id = request.number("state_or_transaction_id")?;
    let provider: &OpenMlsRustCrypto = match (service.members.get(&id), service.candidates.get(&id))
    {
        (Some(member), _) => &member.provider,
        (None, Some(candidate)) => &candidate.provider,
        (None, None) => return Err(Failure::invalid(format!("no state or transaction {id}"))),
    };
    let psk = PreSharedKeyId::external(request.bytes("psk_id")?, Vec::new());
    psk.store(provider, &request.bytes("psk_secret")?)?;
    Ok(json!({}))
}
