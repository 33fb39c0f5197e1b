//! Commits: made, applied, and received.

use openmls::prelude::tls_codec::Serialize;
use openmls::prelude::{
    CommitBuilder, Extensions, GroupContext, Initial, KeyPackage, LeafNodeIndex, MlsGroup,
    OpenMlsProvider, PreSharedKeyProposal, ProcessedMessageContent, Proposal,
};
use openmls::schedule::PreSharedKeyId;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::member::Member;
use crate::request::{Request, encoded};
use crate::{certificates, codec, proposals};

/// A proposal that the commit itself contains.
enum ByValue {
    Add(Box<KeyPackage>),
    Remove(LeafNodeIndex),
    PreSharedKey(PreSharedKeyId),
    GroupContextExtensions(Extensions<GroupContext>),
}

/// Commit
pub fn commit(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let by_reference = request.list_of_bytes("by_reference")?;
    let made = member
        .queue_only(&by_reference)
        .and_then(|()| build(member, request));
    if made.is_err() {
        member.forget_queue()?;
    }
    made
}

fn build(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let external_tree = request.flag("external_tree");
    let by_value = request.messages("by_value")?;
    let by_value = by_value
        .iter()
        .map(|item| describe(member, item))
        .collect::<Result<Vec<_>, _>>()?;
    let mut builder = member
        .group
        .commit_builder()
        .force_self_update(request.flag("force_path"));
    for proposal in by_value {
        builder = propose(builder, proposal)?;
    }
    let provider = &member.provider;
    let bundle = builder
        .load_psks(provider.storage())?
        .use_ratchet_tree_extension(!external_tree)
        .build(
            provider.rand(),
            provider.crypto(),
            &member.identity.signer,
            |_| true,
        )?
        .stage_commit(provider)?;
    let mut answer = json!({ "commit": encoded(bundle.commit().to_bytes()?) });
    if let Some(welcome) = bundle.to_welcome_msg() {
        answer["welcome"] = encoded(welcome.to_bytes()?).into();
    }
    if external_tree {
        answer["ratchet_tree"] = encoded(pending_tree(member)?).into();
    }
    Ok(answer)
}

fn describe(member: &Member, description: &Request) -> Result<ByValue, Failure> {
    let kind = description.bytes("proposal_type")?;
    Ok(match kind.as_slice() {
        b"add" => {
            let message = description.bytes("key_package")?;
            ByValue::Add(Box::new(codec::key_package(
                member.provider.crypto(),
                &message,
            )?))
        }
        b"remove" => {
            let name = description.bytes("removed_id")?;
            ByValue::Remove(certificates::leaf_named(member.group.members(), &name)?)
        }
        b"externalPSK" => ByValue::PreSharedKey(proposals::external_psk_id(
            &member.provider,
            member.group.ciphersuite(),
            description.bytes("psk_id")?,
        )?),
        b"resumptionPSK" => {
            let epoch = description.wide("epoch_id")?;
            ByValue::PreSharedKey(proposals::resumption_psk_id(member, epoch)?)
        }
        b"groupContextExtensions" => ByValue::GroupContextExtensions(codec::extensions(
            &description.messages("extensions")?,
        )?),
        _ => {
            let kind = String::from_utf8_lossy(&kind);
            return Err(Failure::invalid(format!(
                "a commit by value cannot hold {kind:?}"
            )));
        }
    })
}

type Builder<'a> = CommitBuilder<'a, Initial, &'a mut MlsGroup>;

fn propose(builder: Builder<'_>, proposal: ByValue) -> Result<Builder<'_>, Failure> {
    Ok(match proposal {
        ByValue::Add(key_package) => builder.propose_adds([*key_package]),
        ByValue::Remove(leaf) => builder.propose_removals([leaf]),
        ByValue::PreSharedKey(id) => builder.add_proposal(Proposal::PreSharedKey(Box::new(
            PreSharedKeyProposal::new(id),
        ))),
        ByValue::GroupContextExtensions(extensions) => {
            builder.propose_group_context_extensions(extensions)?
        }
    })
}

/// The ratchet tree of the epoch that the pending commit begins.
fn pending_tree(member: &Member) -> Result<Vec<u8>, Failure> {
    let staged = member
        .group
        .pending_commit()
        .ok_or_else(|| Failure::aborted("OpenMLS did not keep its own commit"))?;
    let present = member.group.export_ratchet_tree();
    let tree = staged
        .export_ratchet_tree(member.provider.crypto(), present)?
        .ok_or_else(|| Failure::aborted("OpenMLS has no ratchet tree for its own commit"))?;
    Ok(tree.tls_serialize_detached()?)
}

/// HandlePendingCommit
pub fn handle_pending_commit(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    if member.group.pending_commit().is_none() {
        return Err(Failure::invalid("the state has no pending commit"));
    }
    member.group.merge_pending_commit(&member.provider)?;
    entered_epoch(member, request)
}

/// HandleCommit
pub fn handle_commit(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let proposals = request.list_of_bytes("proposal")?;
    let commit = request.bytes("commit")?;
    let applied = member
        .queue_only(&proposals)
        .and_then(|()| apply(member, &commit));
    if applied.is_err() {
        member.forget_queue()?;
    }
    applied?;
    entered_epoch(member, request)
}

/// Applies the commit of another; OpenMLS drops a pending one of its own.
fn apply(member: &mut Member, commit: &[u8]) -> Result<(), Failure> {
    let provider = &member.provider;
    let processed = member
        .group
        .process_message(provider, codec::protocol_message(commit)?)?;
    let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
        return Err(Failure::invalid(
            "the message is not a commit of somebody else",
        ));
    };
    for queued in staged.queued_proposals() {
        certificates::vouch_for_proposal(queued.proposal())?;
    }
    if let Some(leaf) = staged.update_path_leaf_node() {
        certificates::vouch_for_leaf(leaf)?;
    }
    Ok(member.group.merge_staged_commit(provider, *staged)?)
}

fn entered_epoch(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    member.forget_proposals();
    let mut answer = json!({ "state_id": request.number("state_id")? });
    if member.group.is_active() {
        answer["epoch_authenticator"] = encoded(member.epoch_authenticator()).into();
    }
    Ok(answer)
}
