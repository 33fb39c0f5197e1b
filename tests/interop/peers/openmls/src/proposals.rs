//! Proposals that members send on their own.

use openmls::ciphersuite::hash_ref::ProposalRef;
use openmls::prelude::tls_codec::Deserialize;
use openmls::prelude::{
    Ciphersuite, Extension, ExternalSender, LeafNodeParameters, MlsMessageOut, OpenMlsProvider,
};
use openmls::schedule::psk::{ResumptionPsk, ResumptionPskUsage};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::member::Member;
use crate::request::{Request, encoded};
use crate::{certificates, codec};

/// AddProposal
pub fn add(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let crypto = member.provider.crypto();
    let key_package = codec::key_package(crypto, &request.bytes("key_package")?)?;
    let signer = &member.identity.signer;
    let made = member
        .group
        .propose_add_member(&member.provider, signer, &key_package)?;
    answer(member, made)
}

/// UpdateProposal
pub fn update(member: &mut Member) -> Result<Value, Failure> {
    let same = LeafNodeParameters::default();
    let signer = &member.identity.signer;
    let made = member
        .group
        .propose_self_update(&member.provider, signer, same)?;
    answer(member, made)
}

/// RemoveProposal
pub fn remove(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let leaf = certificates::leaf_named(member.group.members(), &request.bytes("removed_id")?)?;
    let signer = &member.identity.signer;
    let made = member
        .group
        .propose_remove_member(&member.provider, signer, leaf)?;
    answer(member, made)
}

/// ExternalPSKProposal
pub fn external_psk(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let suite = member.group.ciphersuite();
    let id = external_psk_id(&member.provider, suite, request.bytes("psk_id")?)?;
    propose_psk(member, id)
}

/// ResumptionPSKProposal
pub fn resumption_psk(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let id = resumption_psk_id(member, request.wide("epoch_id")?)?;
    propose_psk(member, id)
}

/// GroupContextExtensionsProposal
pub fn group_context_extensions(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let extensions = codec::extensions(&request.messages("extensions")?)?;
    let signer = &member.identity.signer;
    let group = &mut member.group;
    let made = group.propose_group_context_extensions(&member.provider, extensions, signer)?;
    answer(member, made)
}

/// AddExternalSigner: the extensions of the group, with one sender more.
pub fn add_external_signer(member: &mut Member, request: &Request) -> Result<Value, Failure> {
    let sender = ExternalSender::tls_deserialize_exact(request.bytes("external_sender")?)?;
    let mut extensions = member.group.extensions().clone();
    let mut senders = extensions.external_senders().cloned().unwrap_or_default();
    senders.push(sender);
    extensions.add_or_replace(Extension::ExternalSenders(senders))?;
    let signer = &member.identity.signer;
    let group = &mut member.group;
    let made = group.propose_group_context_extensions(&member.provider, extensions, signer)?;
    answer(member, made)
}

/// The id of an external PSK, with a fresh nonce.
pub fn external_psk_id(
    provider: &OpenMlsRustCrypto,
    suite: Ciphersuite,
    psk_id: Vec<u8>,
) -> Result<PreSharedKeyId, Failure> {
    let psk = Psk::External(ExternalPsk::new(psk_id));
    Ok(PreSharedKeyId::new(suite, provider.rand(), psk)?)
}

/// The id of the resumption PSK of one of the group's epochs, with a fresh nonce.
pub fn resumption_psk_id(member: &Member, epoch: u64) -> Result<PreSharedKeyId, Failure> {
    let group = &member.group;
    let usage = ResumptionPskUsage::Application;
    let psk = ResumptionPsk::new(usage, group.group_id().clone(), epoch.into());
    let rand = member.provider.rand();
    Ok(PreSharedKeyId::new(
        group.ciphersuite(),
        rand,
        Psk::Resumption(psk),
    )?)
}

fn propose_psk(member: &mut Member, id: PreSharedKeyId) -> Result<Value, Failure> {
    let signer = &member.identity.signer;
    let made = member
        .group
        .propose_pre_shared_key(&member.provider, signer, id)?;
    answer(member, made)
}

fn answer(member: &mut Member, made: (MlsMessageOut, ProposalRef)) -> Result<Value, Failure> {
    let (message, reference) = made;
    Ok(json!({ "proposal": encoded(member.keep_own_proposal(&message, &reference)?) }))
}
