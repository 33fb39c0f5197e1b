//! Calls in which a member proposes.

use mls_rs::{
    error::MlsError, extension::built_in::ExternalSendersExt, identity::SigningIdentity,
    mls_rs_codec::MlsDecode, psk::ExternalPskId, Group, MlsMessage, ProtocolVersion,
};
use serde_json::json;

use crate::{
    actor::Config,
    harness::Harness,
    wire::{base64, Answer, Fields},
};

pub fn add(harness: &mut Harness, request: &Fields) -> Answer {
    let key_package = MlsMessage::from_bytes(&request.bytes("key_package")?)?;
    propose(harness, request, |group| {
        group.propose_add(key_package, Vec::new())
    })
}

pub fn update(harness: &mut Harness, request: &Fields) -> Answer {
    propose(harness, request, |group| group.propose_update(Vec::new()))
}

pub fn remove(harness: &mut Harness, request: &Fields) -> Answer {
    let removed = request.bytes("removed_id")?;
    propose(harness, request, |group| {
        group.propose_remove(group.member_with_identity(&removed)?.index, Vec::new())
    })
}

pub fn external_psk(harness: &mut Harness, request: &Fields) -> Answer {
    let id = ExternalPskId::new(request.bytes("psk_id")?);
    propose(harness, request, |group| {
        group.propose_external_psk(id, Vec::new())
    })
}

pub fn resumption_psk(harness: &mut Harness, request: &Fields) -> Answer {
    let epoch = request.number("epoch_id")?;
    propose(harness, request, |group| {
        group.propose_resumption_psk(epoch, Vec::new())
    })
}

pub fn group_context_extensions(harness: &mut Harness, request: &Fields) -> Answer {
    let extensions = request.extensions()?;
    propose(harness, request, |group| {
        group.propose_group_context_extensions(extensions, Vec::new())
    })
}

pub fn reinit(harness: &mut Harness, request: &Fields) -> Answer {
    let group_id = request.bytes("group_id")?;
    let suite = request.code_point("cipher_suite")?.into();
    let extensions = request.extensions()?;
    propose(harness, request, |group| {
        group.propose_reinit(
            Some(group_id),
            ProtocolVersion::MLS_10,
            suite,
            extensions,
            Vec::new(),
        )
    })
}

/// Proposes the extensions there are, with one more external sender.
pub fn add_external_signer(harness: &mut Harness, request: &Fields) -> Answer {
    let sender = SigningIdentity::mls_decode(&mut &*request.bytes("external_sender")?)?;
    propose(harness, request, |group| {
        let mut extensions = group.context().extensions().clone();
        let present = extensions.get_as::<ExternalSendersExt>()?;
        let mut senders = present.map_or(Vec::new(), |known| known.allowed_senders().to_vec());
        senders.push(sender);
        extensions.set_from(ExternalSendersExt::new(senders))?;
        group.propose_group_context_extensions(extensions, Vec::new())
    })
}

fn propose(
    harness: &mut Harness,
    request: &Fields,
    make: impl FnOnce(&mut Group<Config>) -> Result<MlsMessage, MlsError>,
) -> Answer {
    let group = harness
        .actor_mut(request.number("state_id")?)?
        .group_mut()?;
    Ok(json!({"proposal": base64(make(group)?.to_bytes()?)}))
}
