//! Proposals of those who are not in the group: new members, and external signers.

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::Serialize;
use openmls::prelude::{
    BasicCredential, ExternalProposal, ExternalSender, JoinProposal, MlsMessageOut,
    OpenMlsProvider, ProposalStore, PublicGroup, RatchetTreeIn, SenderExtensionIndex,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::{MemoryStorage, OpenMlsRustCrypto};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::member::Candidate;
use crate::request::{Request, encoded};
use crate::service::Service;
use crate::{certificates, codec, joining};

/// A group as seen from outside.
pub fn public_group(
    group_info: VerifiableGroupInfo,
    tree: Option<RatchetTreeIn>,
) -> Result<PublicGroup, Failure> {
    let carried = group_info.extensions().ratchet_tree();
    let tree = carried
        .map(|extension| extension.ratchet_tree().clone())
        .or(tree)
        .ok_or_else(|| Failure::invalid("there is no ratchet tree"))?;
    let provider = OpenMlsRustCrypto::default();
    let (public_group, _) = PublicGroup::from_external(
        provider.crypto(),
        provider.storage(),
        tree,
        group_info,
        ProposalStore::new(),
    )?;
    Ok(public_group)
}

/// NewMemberAddProposal
pub fn new_member_add_proposal(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let group_info = codec::group_info(&request.bytes("group_info")?)?;
    let suite = group_info.ciphersuite();
    let candidate = Candidate::new(service.identity(suite, request.bytes("identity")?)?);
    let bundle = candidate.key_package(suite)?;
    let mut answer = joining::private_keys(&candidate, &bundle)?;
    let proposal = JoinProposal::new::<MemoryStorage>(
        bundle.into_key_package(),
        group_info.group_id().clone(),
        group_info.epoch(),
        &candidate.identity.signer,
    )?;
    answer["proposal"] = encoded(proposal.to_bytes()?).into();
    answer["transaction_id"] = service.add_candidate(candidate).into();
    Ok(answer)
}

/// CreateExternalSigner
pub fn create_external_signer(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let crypto = service.provider.crypto();
    let suite = codec::ciphersuite(crypto, request.number("cipher_suite")?)?;
    let signer = SignatureKeyPair::new(suite.signature_algorithm())?;
    let credential = BasicCredential::new(request.bytes("identity")?);
    let sender = ExternalSender::new(signer.to_public_vec().into(), credential.into());
    let sender = sender.tls_serialize_detached()?;
    Ok(json!({
        "signer_id": service.add_external_signer(signer),
        "external_sender": encoded(sender),
    }))
}

/// ExternalSignerProposal
pub fn external_signer_proposal(service: &Service, request: &Request) -> Result<Value, Failure> {
    let id = request.number("signer_id")?;
    let signer = service
        .external_signers
        .get(&id)
        .ok_or_else(|| Failure::invalid(format!("no external signer {id}")))?;
    let group_info = codec::group_info(&request.bytes("group_info")?)?;
    let tree = codec::ratchet_tree(&request.bytes("ratchet_tree")?)?;
    let proposal = propose(signer, request, group_info, tree)?;
    Ok(json!({ "proposal": encoded(proposal.to_bytes()?) }))
}

fn propose(
    signer: &SignatureKeyPair,
    request: &Request,
    group_info: VerifiableGroupInfo,
    tree: Option<RatchetTreeIn>,
) -> Result<MlsMessageOut, Failure> {
    type Provider = OpenMlsRustCrypto;
    let (group_id, epoch) = (group_info.group_id().clone(), group_info.epoch());
    let sender = SenderExtensionIndex::new(request.number("signer_index")?);
    let description = request.message("description");
    Ok(match description.bytes("proposal_type")?.as_slice() {
        b"add" => {
            let provider = Provider::default();
            let message = description.bytes("key_package")?;
            let key_package = codec::key_package(provider.crypto(), &message)?;
            ExternalProposal::new_add::<Provider>(key_package, group_id, epoch, signer, sender)?
        }
        b"remove" => {
            let name = description.bytes("removed_id")?;
            let leaf = certificates::leaf_named(public_group(group_info, tree)?.members(), &name)?;
            ExternalProposal::new_remove::<Provider>(leaf, group_id, epoch, signer, sender)?
        }
        b"groupContextExtensions" => {
            let extensions = codec::extensions(&description.messages("extensions")?)?;
            ExternalProposal::new_group_context_extensions::<Provider>(
                extensions, group_id, epoch, signer, sender,
            )?
        }
        kind => {
            let kind = String::from_utf8_lossy(kind);
            return Err(Failure::unimplemented(format!(
                "OpenMLS lets external senders propose Add, Remove and GroupContextExtensions \
                 only, not {kind}",
            )));
        }
    })
}
