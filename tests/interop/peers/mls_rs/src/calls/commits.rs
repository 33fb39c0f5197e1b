//! Calls that make a commit, or take one in.

use std::collections::HashMap;

use mls_rs::{
    group::{CommitBuilder, CommitEffect, CommitMessageDescription, CommitOutput, ReceivedMessage},
    mls_rules::ProposalRef,
    psk::ExternalPskId,
    CipherSuite, MlsMessage, ProtocolVersion,
};
use serde_json::json;

use crate::{
    actor::{authenticator, Actor, Config},
    harness::Harness,
    wire::{base64, invalid, Answer, Failure, Fields},
};

/// Makes a commit, which waits; one made before in the same epoch is dropped.
pub fn commit(harness: &mut Harness, request: &Fields) -> Answer {
    let actor = harness.actor_mut(request.number("state_id")?)?;
    let by_reference = actor.read_proposals(&request.bytes_list("by_reference")?)?;
    let force_path = request.flag("force_path")?;
    let external_tree = request.flag("external_tree")?;
    actor
        .rules
        .for_commit(force_path, external_tree, by_reference.clone());

    let group = actor.group_mut()?;
    group.clear_pending_commit();
    let values = request.messages("by_value")?;
    let mut leaves = HashMap::new();
    for value in &values {
        let removed = value.bytes("removed_id")?;
        if !removed.is_empty() {
            let leaf = group.member_with_identity(&removed)?.index;
            leaves.insert(removed, leaf);
        }
    }
    let mut builder = group.commit_builder();
    for value in &values {
        builder = with_value(builder, value, &leaves)?;
    }
    let output = builder.build()?;
    let omitted = omitted(&output, &by_reference);
    if !omitted.is_empty() {
        group.clear_pending_commit();
        return Err(Failure::Aborted(format!(
            "mls-rs left proposals that it finds invalid out of the commit: {}",
            omitted.join(", ")
        )));
    }

    let mut response = json!({"commit": base64(output.commit_message().to_bytes()?)});
    if let Some(welcome) = output.welcome_messages().first() {
        response["welcome"] = base64(welcome.to_bytes()?).into();
    }
    if let Some(tree) = output.ratchet_tree() {
        response["ratchet_tree"] = base64(tree.to_bytes()?).into();
    }
    Ok(response)
}

/// Applies the commit that waits.
pub fn handle_pending_commit(harness: &mut Harness, request: &Fields) -> Answer {
    let id = request.number("state_id")?;
    let actor = harness.actor_mut(id)?;
    apply_pending(actor)?;
    let authenticator = authenticator(actor.group()?)?;
    Ok(json!({"state_id": id, "epoch_authenticator": base64(authenticator)}))
}

/// Takes in a commit; whoever it removes has no new epoch to authenticate.
pub fn handle_commit(harness: &mut Harness, request: &Fields) -> Answer {
    let id = request.number("state_id")?;
    let actor = harness.actor_mut(id)?;
    let commit = receive(actor, request)?;
    let mut response = json!({"state_id": id});
    if !matches!(commit.effect, CommitEffect::Removed { .. }) {
        response["epoch_authenticator"] = base64(authenticator(actor.group()?)?).into();
    }
    Ok(response)
}

pub fn apply_pending(actor: &mut Actor) -> Result<CommitMessageDescription, Failure> {
    let commit = actor.group_mut()?.apply_pending_commit()?;
    actor.turn_epoch()?;
    Ok(commit)
}

/// Reads the proposals, then the commit that refers to them.
pub fn receive(actor: &mut Actor, request: &Fields) -> Result<CommitMessageDescription, Failure> {
    actor.read_proposals(&request.bytes_list("proposal")?)?;
    let message = MlsMessage::from_bytes(&request.bytes("commit")?)?;
    match actor.group_mut()?.process_incoming_message(message)? {
        ReceivedMessage::Commit(commit) => {
            actor.turn_epoch()?;
            Ok(commit)
        }
        _ => Err(invalid("commit is not a message with a commit")),
    }
}

/// What was asked for by reference and is not in the commit: mls-rs drops the invalid silently.
fn omitted(output: &CommitOutput, by_reference: &[ProposalRef]) -> Vec<String> {
    let unused = output.unused_proposals().iter();
    let asked_for = unused.filter(|unused| {
        let reference = unused.proposal_ref();
        reference.is_some_and(|reference| by_reference.contains(reference))
    });
    asked_for
        .map(|unused| format!("{:?}", unused.proposal.proposal_type()))
        .collect()
}

/// Adds a proposal by value; `leaves` knows where the members to remove are.
fn with_value<'a>(
    builder: CommitBuilder<'a, Config>,
    value: &Fields,
    leaves: &HashMap<Vec<u8>, u32>,
) -> Result<CommitBuilder<'a, Config>, Failure> {
    let kind = value.bytes("proposal_type")?;
    Ok(match kind.as_slice() {
        b"add" => builder.add_member(MlsMessage::from_bytes(&value.bytes("key_package")?)?)?,
        b"remove" => match leaves.get(&value.bytes("removed_id")?) {
            Some(leaf) => builder.remove_member(*leaf)?,
            None => return Err(invalid("a Remove needs removed_id")),
        },
        b"externalPSK" => builder.add_external_psk(ExternalPskId::new(value.bytes("psk_id")?))?,
        b"resumptionPSK" => builder.add_resumption_psk(value.number("epoch_id")?)?,
        b"groupContextExtensions" => builder.set_group_context_ext(value.extensions()?)?,
        b"reinit" => builder.reinit(
            Some(value.bytes("group_id")?),
            ProtocolVersion::MLS_10,
            CipherSuite::new(value.code_point("cipher_suite")?),
            value.extensions()?,
        )?,
        _ => {
            return Err(invalid(
                "proposal_type is none of the six that the service knows",
            ))
        }
    })
}
