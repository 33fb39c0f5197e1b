//! Calls of those who may propose without being members: external senders.

use mls_rs::{
    external_client::{ExternalClient, ExternalGroup},
    mls_rs_codec::MlsEncode,
    psk::ExternalPskId,
    CipherSuite, MlsMessage, ProtocolVersion,
};
use mls_rs_crypto_openssl::OpensslCryptoProvider;
use serde_json::json;

use super::joining::tree;
use crate::{
    harness::{ExternalConfig, Harness},
    identity::{new_signer, Credentials},
    wire::{base64, invalid, Answer, Failure, Fields},
};

/// A signer, and its entry for the external_senders extension.
pub fn create_signer(harness: &mut Harness, request: &Fields) -> Answer {
    let suite = CipherSuite::new(request.code_point("cipher_suite")?);
    let signer = new_signer(&request.bytes("identity")?, suite)?;
    let external_sender = signer.identity.mls_encode_to_vec()?;
    let client = ExternalClient::builder()
        .crypto_provider(OpensslCryptoProvider::new())
        .identity_provider(harness.signers.credentials.clone())
        .signer(signer.secret, signer.identity)
        .build();
    Ok(json!({
        "signer_id": harness.add_external_signer(client),
        "external_sender": base64(external_sender),
    }))
}

/// A proposal of a signer; mls-rs finds the signer's index in the group's extension itself.
pub fn signer_proposal(harness: &mut Harness, request: &Fields) -> Answer {
    let client = harness.external_signer(request.number("signer_id")?)?;
    let group_info = MlsMessage::from_bytes(&request.bytes("group_info")?)?;
    let mut group = client.observe_group(group_info, tree(request)?, None)?;
    let proposal = propose(
        &mut group,
        &harness.signers.credentials,
        &request.message("description")?,
    )?;
    Ok(json!({"proposal": base64(proposal.to_bytes()?)}))
}

fn propose(
    group: &mut ExternalGroup<ExternalConfig>,
    credentials: &Credentials,
    value: &Fields,
) -> Result<MlsMessage, Failure> {
    let kind = value.bytes("proposal_type")?;
    let none = Vec::new();
    Ok(match kind.as_slice() {
        b"add" => group.propose_add(MlsMessage::from_bytes(&value.bytes("key_package")?)?, none)?,
        b"remove" => {
            let removed = value.bytes("removed_id")?;
            let leaf = credentials.leaf(&group.roster(), group.group_context(), &removed)?;
            group.propose_remove(leaf, none)?
        }
        b"externalPSK" => {
            group.propose_external_psk(ExternalPskId::new(value.bytes("psk_id")?), none)?
        }
        b"resumptionPSK" => group.propose_resumption_psk(value.number("epoch_id")?, none)?,
        b"groupContextExtensions" => {
            group.propose_group_context_extensions(value.extensions()?, none)?
        }
        b"reinit" => group.propose_reinit(
            Some(value.bytes("group_id")?),
            ProtocolVersion::MLS_10,
            CipherSuite::new(value.code_point("cipher_suite")?),
            value.extensions()?,
            none,
        )?,
        _ => {
            return Err(invalid(
                "proposal_type is none of the six that the service knows",
            ))
        }
    })
}
