//! Calls by which somebody becomes a member.

use mls_rs::{
    error::MlsError,
    extension::built_in::RatchetTreeExt,
    group::{ExportedTree, GroupInfo},
    psk::ExternalPskId,
    CipherSuite, ExtensionList, MlsMessage,
};
use serde_json::{json, Value};

use crate::{
    actor::{authenticator, Actor},
    harness::Harness,
    wire::{base64, invalid, Answer, Failure, Fields},
};

/// A KeyPackage, and with it a transaction that waits for the Welcome.
pub fn create_key_package(harness: &mut Harness, request: &Fields) -> Answer {
    let suite = CipherSuite::new(request.code_point("cipher_suite")?);
    let actor = new_actor(harness, &request.bytes("identity")?, suite)?;
    let none = ExtensionList::new();
    let message = actor
        .client
        .generate_key_package_message(none.clone(), none, None)?;
    let mut response = private_keys(&actor, suite)?;
    response["key_package"] = base64(message.to_bytes()?).into();
    response["transaction_id"] = harness.add_actor(actor).into();
    Ok(response)
}

/// Joins by a Welcome; the transaction becomes the state.
pub fn join_group(harness: &mut Harness, request: &Fields) -> Answer {
    let id = request.number("transaction_id")?;
    let actor = harness.actor_mut(id)?;
    actor
        .rules
        .encrypt_handshake(request.flag("encrypt_handshake")?);
    let welcome = MlsMessage::from_bytes(&request.bytes("welcome")?)?;
    let (group, _) = actor.client.join_group(tree(request)?, &welcome, None)?;
    let authenticator = authenticator(&group)?;
    actor.enter(group)?;
    Ok(json!({"state_id": id, "epoch_authenticator": base64(authenticator)}))
}

/// Joins by an external commit, in the place of an earlier self if `remove_prior`.
pub fn external_join(harness: &mut Harness, request: &Fields) -> Answer {
    let message = MlsMessage::from_bytes(&request.bytes("group_info")?)?;
    let identity = request.bytes("identity")?;
    let mut actor = new_actor(
        harness,
        &identity,
        opened(&message)?.group_context().cipher_suite(),
    )?;
    actor
        .rules
        .encrypt_handshake(request.flag("encrypt_handshake")?);

    let mut builder = actor.client.external_commit_builder()?;
    for psk in request.messages("psks")? {
        let id = ExternalPskId::new(psk.bytes("psk_id")?);
        actor
            .client
            .secret_store()
            .insert(id.clone(), psk.bytes("psk_secret")?.into());
        builder = builder.with_external_psk(id);
    }
    let tree = tree(request)?;
    if request.flag("remove_prior")? {
        let group_info = opened(&message)?;
        let inside = group_info
            .extensions()
            .get_as::<RatchetTreeExt>()
            .map_err(MlsError::from)?;
        let known = tree
            .as_ref()
            .or(inside.as_ref().map(RatchetTreeExt::tree_data));
        let roster = known
            .ok_or_else(|| invalid("the ratchet tree is missing"))?
            .roster();
        let credentials = &harness.signers.credentials;
        let leaf = credentials.leaf(&roster, group_info.group_context(), &identity)?;
        builder = builder.with_removal(leaf);
    }
    if let Some(tree) = tree {
        builder = builder.with_tree_data(tree);
    }
    let (group, commit) = builder.build(message)?;

    let authenticator = authenticator(&group)?;
    actor.enter(group)?;
    Ok(json!({
        "state_id": harness.add_actor(actor),
        "commit": base64(commit.to_bytes()?),
        "epoch_authenticator": base64(authenticator),
    }))
}

/// An Add that the newcomer itself proposes.
pub fn new_member_add_proposal(harness: &mut Harness, request: &Fields) -> Answer {
    let message = MlsMessage::from_bytes(&request.bytes("group_info")?)?;
    let suite = opened(&message)?.group_context().cipher_suite();
    let actor = new_actor(harness, &request.bytes("identity")?, suite)?;
    let none = ExtensionList::new();
    let proposal =
        actor
            .client
            .external_add_proposal(&message, None, Vec::new(), none.clone(), none, None)?;
    let mut response = private_keys(&actor, suite)?;
    response["proposal"] = base64(proposal.to_bytes()?).into();
    response["transaction_id"] = harness.add_actor(actor).into();
    Ok(response)
}

/// The tree that came beside a message; absent when it came inside.
pub fn tree(request: &Fields) -> Result<Option<ExportedTree<'static>>, Failure> {
    let encoded = request.bytes("ratchet_tree")?;
    if encoded.is_empty() {
        return Ok(None);
    }
    Ok(Some(ExportedTree::from_bytes(&encoded)?))
}

fn new_actor(harness: &mut Harness, identity: &[u8], suite: CipherSuite) -> Result<Actor, Failure> {
    let signer = harness.signers.signer(identity, suite)?;
    Actor::new(harness.signers.credentials.clone(), signer, suite)
}

fn opened(message: &MlsMessage) -> Result<&GroupInfo, Failure> {
    message
        .as_group_info()
        .ok_or_else(|| invalid("group_info is another kind of message"))
}

/// The private keys of a KeyPackage, as the service has them: each of its full size, and of an
/// EdDSA key pair only the seed.
fn private_keys(actor: &Actor, suite: CipherSuite) -> Result<Value, Failure> {
    let (_, keys) = actor.key_package_keys()?;
    let (hpke, signature) = match suite {
        CipherSuite::P256_AES128 => (32, 32),
        CipherSuite::P384_AES256 => (48, 48),
        CipherSuite::P521_AES256 => (66, 66),
        CipherSuite::CURVE448_AES256 | CipherSuite::CURVE448_CHACHA => (56, 57),
        _ => (32, 32),
    };
    Ok(json!({
        "init_priv": base64(sized(&keys.init_key, hpke)),
        "encryption_priv": base64(sized(&keys.leaf_node_key, hpke)),
        "signature_priv": base64(sized(&actor.signer.secret, signature)),
    }))
}

fn sized(key: &[u8], size: usize) -> Vec<u8> {
    let mut full = vec![0; size.saturating_sub(key.len())];
    full.extend(key.iter().take(size));
    full
}
