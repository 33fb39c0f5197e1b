//! An actor in a group, with a store of its own; and the candidate it was before.

use std::collections::HashMap;
use std::rc::Rc;

use openmls::ciphersuite::hash_ref::ProposalRef;
use openmls::prelude::{
    Ciphersuite, KeyPackage, KeyPackageBundle, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY,
    MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupJoinConfig, MlsMessageOut,
    OpenMlsProvider, PastEpochDeletionPolicy, ProcessedMessageContent, QueuedProposal,
    SenderRatchetConfiguration, WireFormatPolicy,
};
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::certificates;
use crate::codec;
use crate::failure::Failure;
use crate::identity::{Identity, capabilities};

/// Resumption PSKs kept; the same number that OpenMLS gives to external joiners.
pub const RESUMPTION_PSKS: usize = 32;

/// One who has a KeyPackage and waits for a Welcome.
pub struct Candidate {
    pub provider: OpenMlsRustCrypto,
    pub identity: Rc<Identity>,
}

impl Candidate {
    pub fn new(identity: Rc<Identity>) -> Self {
        Self {
            provider: OpenMlsRustCrypto::default(),
            identity,
        }
    }

    pub fn key_package(&self, suite: Ciphersuite) -> Result<KeyPackageBundle, Failure> {
        Ok(KeyPackage::builder()
            .leaf_node_capabilities(capabilities(self.provider.crypto()))
            .build(
                suite,
                &self.provider,
                &self.identity.signer,
                self.identity.credential.clone(),
            )?)
    }
}

/// A member of a group.
pub struct Member {
    pub provider: OpenMlsRustCrypto,
    pub identity: Rc<Identity>,
    pub group: MlsGroup,
    /// The proposals of this epoch by their messages: a PrivateMessage can be decrypted only once,
    /// and one's own not at all.
    proposals: HashMap<Vec<u8>, QueuedProposal>,
}

impl Member {
    pub fn new(provider: OpenMlsRustCrypto, identity: Rc<Identity>, group: MlsGroup) -> Self {
        Self {
            provider,
            identity,
            group,
            proposals: HashMap::new(),
        }
    }

    pub fn epoch_authenticator(&self) -> &[u8] {
        self.group.epoch_authenticator().as_slice()
    }

    /// Keeps a proposal of one's own, to recognise its message later.
    pub fn keep_own_proposal(
        &mut self,
        message: &MlsMessageOut,
        reference: &ProposalRef,
    ) -> Result<Vec<u8>, Failure> {
        let queued = self
            .group
            .pending_proposals()
            .find(|queued| queued.proposal_reference_ref() == reference)
            .ok_or_else(|| Failure::aborted("OpenMLS did not queue its own proposal"))?
            .clone();
        let bytes = message.to_bytes()?;
        self.proposals.insert(bytes.clone(), queued);
        Ok(bytes)
    }

    /// Makes these proposals, and no others, the ones that a Commit may refer to.
    pub fn queue_only(&mut self, messages: &[Vec<u8>]) -> Result<(), Failure> {
        self.forget_queue()?;
        for message in messages {
            let queued = match self.proposals.get(message) {
                Some(queued) => queued.clone(),
                None => self.receive_proposal(message)?,
            };
            self.group
                .store_pending_proposal(self.provider.storage(), queued)?;
        }
        Ok(())
    }

    /// Empties the queue of proposals; those received stay known.
    pub fn forget_queue(&mut self) -> Result<(), Failure> {
        Ok(self
            .group
            .clear_pending_proposals(self.provider.storage())?)
    }

    /// A new epoch has begun.
    pub fn forget_proposals(&mut self) {
        self.proposals.clear();
    }

    fn receive_proposal(&mut self, message: &[u8]) -> Result<QueuedProposal, Failure> {
        let processed = self
            .group
            .process_message(&self.provider, codec::protocol_message(message)?)?;
        let queued = match processed.into_content() {
            ProcessedMessageContent::ProposalMessage(queued)
            | ProcessedMessageContent::ExternalJoinProposalMessage(queued) => *queued,
            _ => {
                return Err(Failure::invalid(
                    "the message is not a proposal of somebody else",
                ));
            }
        };
        certificates::vouch_for_proposal(queued.proposal())?;
        self.proposals.insert(message.to_vec(), queued.clone());
        Ok(queued)
    }
}

/// How members frame handshake messages; both kinds are taken from others.
pub fn wire_format(encrypt_handshake: bool) -> WireFormatPolicy {
    if encrypt_handshake {
        MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY
    } else {
        MIXED_PLAINTEXT_WIRE_FORMAT_POLICY
    }
}

/// How far messages may be out of order.
pub fn tolerance() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(100, 1000)
}

/// The configuration of a group joined.
pub fn join_configuration(encrypt_handshake: bool) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(wire_format(encrypt_handshake))
        .sender_ratchet_configuration(tolerance())
        .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::KeepAll)
        .number_of_resumption_psks(RESUMPTION_PSKS)
        .build()
}
