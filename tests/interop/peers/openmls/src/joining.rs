//! How an actor becomes a member: it creates the group, is welcomed, or joins from outside.

use std::rc::Rc;

use openmls::prelude::{
    GroupId, HpkePrivateKey, KeyPackageBundle, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig,
    MlsMessageOut, OpenMlsProvider, PastEpochDeletionPolicy, PreSharedKeyProposal, PublicGroup,
    StagedWelcome,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::identity::{Identity, capabilities};
use crate::member::{
    Candidate, Member, RESUMPTION_PSKS, join_configuration, tolerance, wire_format,
};
use crate::request::{Request, encoded};
use crate::service::Service;
use crate::{certificates, codec, outsiders, proposals};

const NO_FOREIGN_LEAF: &str = "OpenMLS replaces a prior leaf in an external commit only if it \
     joins with that leaf's signature key, which this process does not hold";

/// CreateGroup
pub fn create_group(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let provider = OpenMlsRustCrypto::default();
    let suite = codec::ciphersuite(provider.crypto(), request.number("cipher_suite")?)?;
    let identity = service.identity(suite, request.bytes("identity")?)?;
    let configuration = MlsGroupCreateConfig::builder()
        .ciphersuite(suite)
        .capabilities(capabilities(provider.crypto()))
        .wire_format_policy(wire_format(request.flag("encrypt_handshake")))
        .sender_ratchet_configuration(tolerance())
        .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::KeepAll)
        .number_of_resumption_psks(RESUMPTION_PSKS)
        .build();
    let group = MlsGroup::new_with_group_id(
        &provider,
        &identity.signer,
        &configuration,
        GroupId::from_slice(&request.bytes("group_id")?),
        identity.credential.clone(),
    )?;
    let state_id = service.add_member(Member::new(provider, identity, group));
    Ok(json!({ "state_id": state_id }))
}

/// CreateKeyPackage
pub fn create_key_package(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let code = request.number("cipher_suite")?;
    let suite = codec::ciphersuite(service.provider.crypto(), code)?;
    let candidate = Candidate::new(service.identity(suite, request.bytes("identity")?)?);
    let bundle = candidate.key_package(suite)?;
    let mut answer = private_keys(&candidate, &bundle)?;
    answer["key_package"] = encoded(MlsMessageOut::from(bundle).to_bytes()?).into();
    answer["transaction_id"] = service.add_candidate(candidate).into();
    Ok(answer)
}

/// The private keys that belong to a KeyPackage, as fields of an answer.
pub fn private_keys(candidate: &Candidate, bundle: &KeyPackageBundle) -> Result<Value, Failure> {
    // The encryption key has no accessor, but the form in which bundles are stored shows it.
    let stored = serde_json::to_value(bundle)?;
    let encryption: HpkePrivateKey =
        serde_json::from_value(stored["private_encryption_key"]["key"].clone())?;
    Ok(json!({
        "init_priv": encoded(&**bundle.init_private_key()),
        "encryption_priv": encoded(&*encryption),
        "signature_priv": encoded(&candidate.identity.private),
    }))
}

/// JoinGroup
pub fn join_group(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let id = request.number("transaction_id")?;
    let candidate = service
        .candidates
        .get(&id)
        .ok_or_else(|| Failure::invalid(format!("no transaction {id}")))?;
    let staged = StagedWelcome::new_from_welcome(
        &candidate.provider,
        &join_configuration(request.flag("encrypt_handshake")),
        codec::welcome(&request.bytes("welcome")?)?,
        codec::ratchet_tree(&request.bytes("ratchet_tree")?)?,
    )?;
    for member in staged.members() {
        certificates::vouch_for_member(&member)?;
    }
    let group = staged.into_group(&candidate.provider)?;
    let candidate = service
        .candidates
        .remove(&id)
        .expect("it was there a moment ago");
    let member = Member::new(candidate.provider, candidate.identity, group);
    let authenticator = encoded(member.epoch_authenticator());
    Ok(json!({
        "state_id": service.add_member(member),
        "epoch_authenticator": authenticator,
    }))
}

/// ExternalJoin
pub fn external_join(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let group_info = codec::group_info(&request.bytes("group_info")?)?;
    let suite = group_info.ciphersuite();
    let tree = codec::ratchet_tree(&request.bytes("ratchet_tree")?)?;
    let public_group = outsiders::public_group(group_info.clone(), tree.clone())?;
    for member in public_group.members() {
        certificates::vouch_for_member(&member)?;
    }
    let name = request.bytes("identity")?;
    let identity = if request.flag("remove_prior") {
        prior_identity(service, &public_group, &name)?
    } else {
        service.identity(suite, name)?
    };

    let provider = OpenMlsRustCrypto::default();
    let mut psks = Vec::new();
    for psk in request.messages("psks")? {
        let id = proposals::external_psk_id(&provider, suite, psk.bytes("psk_id")?)?;
        id.store(&provider, &psk.bytes("psk_secret")?)?;
        psks.push(PreSharedKeyProposal::new(id));
    }
    let leaf = LeafNodeParameters::builder().with_capabilities(capabilities(provider.crypto()));
    let mut builder = MlsGroup::external_commit_builder()
        .with_config(join_configuration(request.flag("encrypt_handshake")));
    if let Some(tree) = tree {
        builder = builder.with_ratchet_tree(tree);
    }
    let (group, bundle) = builder
        .build_group(&provider, group_info, identity.credential.clone())?
        .leaf_node_parameters(leaf.build())
        .add_psk_proposals(psks)
        .load_psks(provider.storage())?
        .build(provider.rand(), provider.crypto(), &identity.signer, |_| {
            true
        })?
        .finalize(&provider)?;
    let commit = bundle.commit().to_bytes()?;
    let member = Member::new(provider, identity, group);
    let authenticator = encoded(member.epoch_authenticator());
    Ok(json!({
        "state_id": service.add_member(member),
        "commit": encoded(commit),
        "epoch_authenticator": authenticator,
    }))
}

/// Who this name was so far. OpenMLS removes a leaf in an external commit if, and only if, the
/// joiner signs with that leaf's key: whoever comes back must still have it.
fn prior_identity(
    service: &Service,
    public_group: &PublicGroup,
    name: &[u8],
) -> Result<Rc<Identity>, Failure> {
    let leaf = certificates::leaf_named(public_group.members(), name)?;
    public_group
        .leaf(leaf)
        .and_then(|leaf| service.identities.get(leaf.signature_key().as_slice()))
        .cloned()
        .ok_or_else(|| Failure::unimplemented(NO_FOREIGN_LEAF))
}
