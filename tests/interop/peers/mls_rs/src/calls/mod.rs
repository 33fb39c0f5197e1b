//! The calls of the service by name.

mod commits;
mod external;
mod groups;
mod joining;
mod messages;
mod proposals;
mod stack;
mod successors;

use crate::{
    harness::Harness,
    wire::{invalid, Answer, Fields},
};

/// Answers a call, or says that there is none of that name.
pub fn dispatch(harness: &mut Harness, call: &str, request: &Fields) -> Answer {
    let answer = match call {
        "Name" => stack::name,
        "SupportedCiphersuites" => stack::supported_ciphersuites,
        "UseCertificate" => stack::use_certificate,
        "CreateGroup" => groups::create_group,
        "GroupInfo" => groups::group_info,
        "StateAuth" => groups::state_auth,
        "Export" => groups::export,
        "StorePSK" => groups::store_psk,
        "Free" => groups::free,
        "CreateKeyPackage" => joining::create_key_package,
        "JoinGroup" => joining::join_group,
        "ExternalJoin" => joining::external_join,
        "NewMemberAddProposal" => joining::new_member_add_proposal,
        "Protect" => messages::protect,
        "Unprotect" => messages::unprotect,
        "AddProposal" => proposals::add,
        "UpdateProposal" => proposals::update,
        "RemoveProposal" => proposals::remove,
        "ExternalPSKProposal" => proposals::external_psk,
        "ResumptionPSKProposal" => proposals::resumption_psk,
        "GroupContextExtensionsProposal" => proposals::group_context_extensions,
        "ReInitProposal" => proposals::reinit,
        "AddExternalSigner" => proposals::add_external_signer,
        "CreateExternalSigner" => external::create_signer,
        "ExternalSignerProposal" => external::signer_proposal,
        "Commit" | "ReInitCommit" => commits::commit,
        "HandleCommit" => commits::handle_commit,
        "HandlePendingCommit" => commits::handle_pending_commit,
        "HandlePendingReInitCommit" => successors::handle_pending_reinit_commit,
        "HandleReInitCommit" => successors::handle_reinit_commit,
        "ReInitWelcome" => successors::reinit_welcome,
        "HandleReInitWelcome" => successors::handle_reinit_welcome,
        "CreateBranch" => successors::create_branch,
        "HandleBranch" => successors::handle_branch,
        _ => return Err(invalid(format!("the service has no call {call}"))),
    };
    answer(harness, request)
}
