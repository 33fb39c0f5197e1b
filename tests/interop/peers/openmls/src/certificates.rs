//! X.509: OpenMLS carries such credentials and leaves the rest to the application, which is here.
//!
//! The application's policy is small: the end entity certificate holds the leaf's signature key.
//! Paths to a root are not looked at, since OpenMLS has nothing to do so.

use std::rc::Rc;

use openmls::prelude::tls_codec::{Deserialize, Serialize, VLBytes};
use openmls::prelude::{
    Credential, CredentialType, LeafNode, LeafNodeIndex, Member, OpenMlsCrypto, OpenMlsProvider,
    Proposal,
};
use openmls_basic_credential::SignatureKeyPair;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::codec;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::request::Request;
use crate::service::Service;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// UseCertificate: from now on, this identity has an X.509 credential in this cipher suite.
pub fn use_certificate(service: &mut Service, request: &Request) -> Result<Value, Failure> {
    let crypto = service.provider.crypto();
    let suite = codec::ciphersuite(crypto, request.number("cipher_suite")?)?;
    let chain = request.list_of_bytes("certificates")?;
    let end_entity = chain
        .first()
        .ok_or_else(|| Failure::invalid("the chain has no certificate"))?;
    let public = public_key(&Certificate::from_der(end_entity)?)?;
    let private = request.bytes("signature_priv")?;
    let scheme = suite.signature_algorithm();
    let signer = SignatureKeyPair::from_raw(scheme, private.clone(), public.clone());
    let proof = crypto.sign(scheme, b"possession", &private)?;
    crypto
        .verify_signature(scheme, b"possession", &public, &proof)
        .map_err(|_| Failure::invalid("signature_priv is not the key of the certificate"))?;
    let mut content = Vec::new();
    for certificate in chain {
        VLBytes::new(certificate).tls_serialize(&mut content)?;
    }
    let credential = Credential::new(CredentialType::X509, content);
    let identity = Rc::new(Identity::new(signer, private, credential));
    service.identities.insert(public, identity.clone());
    service
        .certified
        .insert((request.bytes("identity")?, suite), identity);
    Ok(json!({}))
}

/// Whom a credential names: a basic credential's identity, or a certificate's Common Name.
fn name(credential: &Credential) -> Result<Vec<u8>, Failure> {
    if credential.credential_type() != CredentialType::X509 {
        return Ok(credential.serialized_content().to_vec());
    }
    let certificate = end_entity(credential)?;
    let subject = &certificate.tbs_certificate.subject;
    let attributes = subject.0.iter().flat_map(|relative| relative.0.iter());
    Ok(attributes
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .map(|attribute| attribute.value.value().to_vec())
        .next()
        .unwrap_or_default())
}

/// The leaf of the member with this name.
pub fn leaf_named(
    mut members: impl Iterator<Item = Member>,
    wanted: &[u8],
) -> Result<LeafNodeIndex, Failure> {
    members
        .find(|member| name(&member.credential).is_ok_and(|name| name == wanted))
        .map(|member| member.index)
        .ok_or_else(|| Failure::invalid("nobody in the group has that identity"))
}

/// Decides about the credential of a leaf.
pub fn vouch_for_leaf(leaf: &LeafNode) -> Result<(), Failure> {
    vouch(leaf.credential(), leaf.signature_key().as_slice())
}

/// Decides about the credential of a member.
pub fn vouch_for_member(member: &Member) -> Result<(), Failure> {
    vouch(&member.credential, &member.signature_key)
}

/// Decides about the credential that a proposal brings, if any.
pub fn vouch_for_proposal(proposal: &Proposal) -> Result<(), Failure> {
    match proposal {
        Proposal::Add(add) => vouch_for_leaf(add.key_package().leaf_node()),
        Proposal::Update(update) => vouch_for_leaf(update.leaf_node()),
        _ => Ok(()),
    }
}

fn vouch(credential: &Credential, signature_key: &[u8]) -> Result<(), Failure> {
    if credential.credential_type() == CredentialType::X509
        && public_key(&end_entity(credential)?)? != signature_key
    {
        return Err(Failure::aborted(
            "the certificate's key is not the leaf's signature key",
        ));
    }
    Ok(())
}

fn end_entity(credential: &Credential) -> Result<Certificate, Failure> {
    let first = VLBytes::tls_deserialize(&mut credential.serialized_content())?;
    Ok(Certificate::from_der(first.as_slice())?)
}

fn public_key(certificate: &Certificate) -> Result<Vec<u8>, Failure> {
    let key = &certificate
        .tbs_certificate
        .subject_public_key_info
        .subject_public_key;
    key.as_bytes()
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Failure::aborted("the certificate's key is not a whole number of bytes"))
}
