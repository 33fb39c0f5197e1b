//! Data of components, of draft-ietf-mls-extensions: calls beside those of the interop service.
//!
//! As the application, the harness appends updates to what a component has.

use std::collections::BTreeMap;

use openmls::component::{ComponentData, ComponentId};
use openmls::framing::SafeAadItem;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates, MlsGroup};
use openmls::prelude::{
    AppDataUpdateOperation, AppDataUpdateProposal, AppEphemeralProposal, OpenMlsProvider,
    ProcessedMessage, ProcessedMessageContent, Proposal,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{Value, json};

use crate::codec;
use crate::failure::Failure;
use crate::member::Member;
use crate::request::{Request, encoded};

/// ProposeAppData: an AppDataUpdate on its own.
pub fn propose(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    stage_aad(member, request)?;
    let operation = operation(request)?;
    let signer = &member.identity.signer;
    let (message, reference) = member.group.propose_app_data_update(
        &member.provider,
        signer,
        component(request)?,
        operation,
    )?;
    Ok(json!({ "proposal": encoded(member.keep_own_proposal(&message, &reference)?) }))
}

/// CommitAppData: AppDataUpdates and AppEphemerals, by value and by reference.
pub fn commit(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    member.queue_only(&request.list_of_bytes("by_reference")?)?;
    stage_aad(member, request)?;
    let by_value = request.messages("by_value")?;
    let proposals = by_value
        .iter()
        .map(proposal)
        .collect::<Result<Vec<_>, _>>()?;
    let provider = &member.provider;
    let mut stage = member
        .group
        .commit_builder()
        .add_proposals(proposals)
        .load_psks(provider.storage())?;
    let changes = changes(
        stage.app_data_dictionary_updater(),
        stage.app_data_update_proposals(),
    );
    stage.with_app_data_dictionary_updates(changes);
    let bundle = stage
        .build(
            provider.rand(),
            provider.crypto(),
            &member.identity.signer,
            |_| true,
        )?
        .stage_commit(provider)?;
    Ok(json!({ "commit": encoded(bundle.commit().to_bytes()?) }))
}

/// HandleAppDataCommit: the commit of somebody else, and what components are told by it.
pub fn handle_commit(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    member.queue_only(&request.list_of_bytes("proposal")?)?;
    let message = codec::protocol_message(&request.bytes("commit")?)?;
    let processed = member.group.process_message(&member.provider, message)?;
    let said = said(&processed);
    let resolved = resolve(&member.group, &member.provider, processed)?;
    let ProcessedMessageContent::StagedCommitMessage(staged) = resolved.into_content() else {
        return Err(Failure::invalid("the message is not a commit"));
    };
    let told: Vec<Value> = staged
        .queued_app_ephemeral_proposals()
        .map(|queued| {
            let told = queued.app_ephemeral_proposal();
            json!({ "component_id": told.component_id(), "data": encoded(told.data()) })
        })
        .collect();
    member
        .group
        .merge_staged_commit(&member.provider, *staged)?;
    member.forget_proposals();
    Ok(json!({
        "epoch_authenticator": encoded(member.epoch_authenticator()),
        "app_ephemerals": told,
        "safe_aad": said,
    }))
}

/// AppData: what the group has of a component.
pub fn held(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let id = component(request)?;
    let held = member
        .group
        .extensions()
        .app_data_dictionary()
        .and_then(|extension| extension.dictionary().get(&id));
    Ok(json!({ "data": held.map(encoded) }))
}

/// SafeExportSecret
pub fn safe_export(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let id = component(request)?;
    let provider = &member.provider;
    let group = &mut member.group;
    let secret = group.safe_export_secret(provider.crypto(), provider.storage(), id)?;
    Ok(json!({ "secret": encoded(secret) }))
}

/// ProtectSafe: an application message, and what components say beside it.
pub fn protect(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    stage_aad(member, request)?;
    let plaintext = request.bytes("plaintext")?;
    let signer = &member.identity.signer;
    let message = member
        .group
        .create_message(&member.provider, signer, &plaintext)?;
    Ok(json!({ "ciphertext": encoded(message.to_bytes()?) }))
}

/// UnprotectSafe
pub fn unprotect(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let message = codec::protocol_message(&request.bytes("ciphertext")?)?;
    let processed = member.group.process_message(&member.provider, message)?;
    let said = said(&processed);
    let ProcessedMessageContent::ApplicationMessage(message) = processed.into_content() else {
        return Err(Failure::invalid("it is not an application message"));
    };
    Ok(json!({ "plaintext": encoded(message.into_bytes()), "safe_aad": said }))
}

fn component(request: &Request) -> Result<ComponentId, Failure> {
    ComponentId::try_from(request.number("component_id")?)
        .map_err(|_| Failure::invalid("component_id is larger than a uint16"))
}

fn operation(request: &Request) -> Result<AppDataUpdateOperation, Failure> {
    Ok(if request.flag("remove") {
        AppDataUpdateOperation::Remove
    } else {
        AppDataUpdateOperation::Update(request.bytes("data")?.into())
    })
}

fn proposal(description: &Request) -> Result<Proposal, Failure> {
    let id = component(description)?;
    if description.flag("ephemeral") {
        let told = AppEphemeralProposal::new(id, description.bytes("data")?);
        return Ok(Proposal::AppEphemeral(Box::new(told)));
    }
    let update = match operation(description)? {
        AppDataUpdateOperation::Remove => AppDataUpdateProposal::remove(id),
        AppDataUpdateOperation::Update(data) => AppDataUpdateProposal::update(id, data),
    };
    Ok(Proposal::AppDataUpdate(Box::new(update)))
}

/// What components say beside the next message.
fn stage_aad(member: &mut Member, request: &Request) -> Result<(), Failure> {
    let items = request
        .messages("safe_aad")?
        .iter()
        .map(|item| Ok(SafeAadItem::new(component(item)?, item.bytes("data")?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    Ok(member.group.set_safe_aad(items)?)
}

/// What components say beside a message; nothing at all where the group has no Safe AAD.
fn said(processed: &ProcessedMessage) -> Value {
    processed.safe_aad().map_or(Value::Null, |safe| {
        safe.items()
            .iter()
            .map(|item| json!({ "component_id": item.component_id(), "data": encoded(item.data()) }))
            .collect()
    })
}

/// A commit with AppDataUpdates, with what they make of the dictionary.
fn resolve(
    group: &MlsGroup,
    provider: &OpenMlsRustCrypto,
    processed: ProcessedMessage,
) -> Result<ProcessedMessage, Failure> {
    let ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) = processed.content() else {
        return Ok(processed);
    };
    let changes = changes(
        group.app_data_dictionary_updater(),
        unresolved.app_data_update_proposals(),
    );
    Ok(group.resolve_app_data_commit(provider, processed, changes)?)
}

fn changes<'a>(
    mut updater: AppDataDictionaryUpdater<'_>,
    proposals: impl Iterator<Item = &'a AppDataUpdateProposal>,
) -> Option<AppDataUpdates> {
    let mut after: BTreeMap<ComponentId, Option<Vec<u8>>> = BTreeMap::new();
    for proposal in proposals {
        let id = proposal.component_id();
        match proposal.operation() {
            AppDataUpdateOperation::Remove => {
                after.insert(id, None);
            }
            AppDataUpdateOperation::Update(data) => after
                .entry(id)
                .or_insert_with(|| Some(updater.old_value(id).unwrap_or_default().to_vec()))
                .get_or_insert_default()
                .extend_from_slice(data.as_slice()),
        }
    }
    for (id, data) in after {
        match data {
            Some(data) => updater.set(ComponentData::from_parts(id, data.into())),
            None => updater.remove(&id),
        }
    }
    updater.changes()
}
