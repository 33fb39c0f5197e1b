//! Who an actor is: a signature key pair, and the credential that goes with it.

use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, Credential, CredentialType, CredentialWithKey,
    ExtensionType, OpenMlsCrypto, ProposalType,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;

use crate::failure::Failure;

/// A private use extension type, declared so that groups may carry what OpenMLS does not know.
const UNKNOWN_EXTENSION: u16 = 0xF0A0;

pub struct Identity {
    pub signer: SignatureKeyPair,
    pub private: Vec<u8>,
    pub credential: CredentialWithKey,
}

impl Identity {
    pub fn new(signer: SignatureKeyPair, private: Vec<u8>, credential: Credential) -> Self {
        let signature_key = signer.to_public_vec().into();
        Self {
            signer,
            private,
            credential: CredentialWithKey {
                credential,
                signature_key,
            },
        }
    }

    /// A basic credential, with a fresh key.
    pub fn basic(crypto: &RustCrypto, suite: Ciphersuite, name: Vec<u8>) -> Result<Self, Failure> {
        let scheme = suite.signature_algorithm();
        let (private, public) = crypto.signature_key_gen(scheme)?;
        let signer = SignatureKeyPair::from_raw(scheme, private.clone(), public);
        Ok(Self::new(
            signer,
            private,
            BasicCredential::new(name).into(),
        ))
    }
}

/// What every leaf declares: all that OpenMLS can do.
pub fn capabilities(crypto: &RustCrypto) -> Capabilities {
    Capabilities::new(
        None,
        Some(&crypto.supported_ciphersuites()),
        Some(&[
            ExtensionType::AppDataDictionary,
            ExtensionType::LastResort,
            ExtensionType::Unknown(UNKNOWN_EXTENSION),
        ]),
        Some(&[
            ProposalType::AppDataUpdate,
            ProposalType::AppEphemeral,
            ProposalType::SelfRemove,
        ]),
        Some(&[CredentialType::Basic, CredentialType::X509]),
    )
}
