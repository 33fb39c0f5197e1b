//! Calls for the groups that follow from a group: after a ReInit, and by a branch.

use mls_rs::{group::CommitEffect, ExtensionList, Group, MlsMessage};
use serde_json::{json, Value};

use super::{commits, joining::tree};
use crate::{
    actor::{authenticator, Actor, Config},
    harness::{Harness, Successor},
    wire::{base64, invalid, Answer, Failure, Fields},
};

/// Applies our own commit of a ReInit.
pub fn handle_pending_reinit_commit(harness: &mut Harness, request: &Fields) -> Answer {
    let id = request.number("state_id")?;
    let effect = commits::apply_pending(harness.actor_mut(id)?)?.effect;
    end_with_reinit(harness, id, effect)
}

/// Takes in the commit of a ReInit.
pub fn handle_reinit_commit(harness: &mut Harness, request: &Fields) -> Answer {
    let id = request.number("state_id")?;
    let effect = commits::receive(harness.actor_mut(id)?, request)?.effect;
    end_with_reinit(harness, id, effect)
}

/// Makes the group that a ReInit announced, and enters it.
pub fn reinit_welcome(harness: &mut Harness, request: &Fields) -> Answer {
    let successor = harness.take_successor(request.number("reinit_id")?)?;
    let external_tree = request.flag("external_tree")?;
    let force_path = request.flag("force_path")?;
    let rules = &successor.actor.rules;
    rules.for_commit(force_path, external_tree, Vec::new());
    forget_ended(&successor);
    let key_packages = messages(request.bytes_list("key_package")?)?;
    let (group, welcomes) = successor
        .reinit
        .commit(key_packages, ExtensionList::new(), None)?;
    let response = founded(&group, &welcomes, external_tree)?;
    enter(harness, successor.actor, group, response)
}

/// Enters the group that another made after the ReInit.
pub fn handle_reinit_welcome(harness: &mut Harness, request: &Fields) -> Answer {
    let successor = harness.take_successor(request.number("reinit_id")?)?;
    forget_ended(&successor);
    let welcome = MlsMessage::from_bytes(&request.bytes("welcome")?)?;
    let (group, _) = successor.reinit.join(&welcome, tree(request)?, None)?;
    let response = joined(&group)?;
    enter(harness, successor.actor, group, response)
}

/// Makes a branch of a group, and enters it; the group itself stays.
pub fn create_branch(harness: &mut Harness, request: &Fields) -> Answer {
    let parent = harness.actor(request.number("state_id")?)?;
    let group = parent.group()?;
    if &request.extensions()? != group.context().extensions() {
        return Err(Failure::Unimplemented(
            "Group::branch takes no extensions: a branch has those of the group it comes from"
                .to_owned(),
        ));
    }
    let external_tree = request.flag("external_tree")?;
    parent
        .rules
        .for_commit(request.flag("force_path")?, external_tree, Vec::new());
    let key_packages = messages(request.bytes_list("key_packages")?)?;
    let (branch, welcomes) = group.branch(request.bytes("group_id")?, key_packages, None)?;
    let response = founded(&branch, &welcomes, external_tree)?;
    let actor = parent.beside(parent.signer.clone());
    enter(harness, actor, branch, response)
}

/// Enters a branch with the KeyPackage of a transaction.
pub fn handle_branch(harness: &mut Harness, request: &Fields) -> Answer {
    let transaction = harness.actor(request.number("transaction_id")?)?;
    let (id, keys) = transaction.key_package_keys()?;
    let parent = harness.actor(request.number("state_id")?)?;
    if transaction.signer.identity != parent.signer.identity {
        return Err(invalid(
            "mls-rs joins a branch as the member of the group, and the KeyPackage has another key",
        ));
    }
    parent.client.key_package_store().insert(id, keys);
    let welcome = MlsMessage::from_bytes(&request.bytes("welcome")?)?;
    let (branch, _) = parent
        .group()?
        .join_subgroup(&welcome, tree(request)?, None)?;
    let response = joined(&branch)?;
    let actor = parent.beside(parent.signer.clone());
    enter(harness, actor, branch, response)
}

/// A KeyPackage for the group to come, in its suite; the group that ended stays readable.
fn end_with_reinit(harness: &mut Harness, id: u64, effect: CommitEffect) -> Answer {
    let CommitEffect::ReInit(reinit) = effect else {
        return Err(invalid("the commit had no ReInit"));
    };
    let actor = harness.actor(id)?;
    let (identity, group) = (actor.signer.identity.clone(), actor.group()?.clone());
    let authenticator = authenticator(&group)?;
    let name = harness
        .signers
        .credentials
        .name(&identity, group.context())?;
    let signer = harness
        .signers
        .signer(&name, reinit.proposal.new_cipher_suite())?;
    let successor = Successor {
        ended_group: group.group_id().to_vec(),
        reinit: group
            .get_reinit_client(Some(signer.secret.clone()), Some(signer.identity.clone()))?,
        actor: harness.actor(id)?.beside(signer),
    };
    let key_package = successor.reinit.generate_key_package(None)?;
    Ok(json!({
        "reinit_id": harness.add_successor(successor),
        "key_package": base64(key_package.to_bytes()?),
        "epoch_authenticator": base64(authenticator),
    }))
}

/// Deletes what is stored of the group that ended: the one that follows may have the same
/// group_id, and begins again at epoch 0.
fn forget_ended(successor: &Successor) {
    successor
        .actor
        .client
        .group_state_storage()
        .delete_group(&successor.ended_group);
}

fn messages(encoded: Vec<Vec<u8>>) -> Result<Vec<MlsMessage>, Failure> {
    let decoded = encoded
        .iter()
        .map(|message| MlsMessage::from_bytes(message));
    Ok(decoded.collect::<Result<_, _>>()?)
}

fn founded(
    group: &Group<Config>,
    welcomes: &[MlsMessage],
    external_tree: bool,
) -> Result<Value, Failure> {
    let mut response = joined(group)?;
    if let Some(welcome) = welcomes.first() {
        response["welcome"] = base64(welcome.to_bytes()?).into();
    }
    if external_tree {
        response["ratchet_tree"] = base64(group.export_tree().to_bytes()?).into();
    }
    Ok(response)
}

fn joined(group: &Group<Config>) -> Result<Value, Failure> {
    Ok(json!({"epoch_authenticator": base64(authenticator(group)?)}))
}

/// Makes an actor a member of its new group, and tells its state.
fn enter(
    harness: &mut Harness,
    mut actor: Actor,
    group: Group<Config>,
    mut response: Value,
) -> Answer {
    actor.enter(group)?;
    response["state_id"] = harness.add_actor(actor).into();
    Ok(response)
}
