//! The actors: a client with stores of its own, and the group it is a member of.

use std::collections::HashMap;

use mls_rs::{
    client_builder::{
        BaseInMemoryConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider,
        WithMlsRules,
    },
    error::MlsError,
    extension::ExtensionType,
    group::ReceivedMessage,
    mls_rules::ProposalRef,
    storage_provider::in_memory::InMemoryGroupStateStorage,
    CipherSuite, Client, Group, MlsMessage,
};
use mls_rs_core::key_package::KeyPackageData;
use mls_rs_crypto_openssl::OpensslCryptoProvider;

use crate::{
    identity::{Credentials, Signer},
    rules::Rules,
    wire::{invalid, Failure},
};

/// How many epochs of a group stay readable after they have passed.
const PAST_EPOCHS: usize = 32;

/// An extension type for private use, that every actor says it knows.
const PRIVATE_EXTENSION: ExtensionType = ExtensionType::new(0xF0A0);

pub type Config = WithMlsRules<
    Rules,
    WithGroupStateStorage<
        InMemoryGroupStateStorage,
        WithIdentityProvider<
            Credentials,
            WithCryptoProvider<OpensslCryptoProvider, BaseInMemoryConfig>,
        >,
    >,
>;

/// One client; from CreateKeyPackage on as a transaction, with a group as a state.
pub struct Actor {
    pub client: Client<Config>,
    pub signer: Signer,
    pub rules: Rules,
    group: Option<Group<Config>>,
    seen: HashMap<Vec<u8>, ProposalRef>,
}

impl Actor {
    pub fn new(
        credentials: Credentials,
        signer: Signer,
        suite: CipherSuite,
    ) -> Result<Self, Failure> {
        let rules = Rules::default();
        let client = Client::builder()
            .crypto_provider(OpensslCryptoProvider::new())
            .identity_provider(credentials)
            .group_state_storage(
                InMemoryGroupStateStorage::new().with_max_epoch_retention(PAST_EPOCHS)?,
            )
            .mls_rules(rules.clone())
            .extension_type(PRIVATE_EXTENSION)
            .signing_identity(signer.identity.clone(), signer.secret.clone(), suite)
            .build();
        Ok(Self {
            client,
            signer,
            rules,
            group: None,
            seen: HashMap::new(),
        })
    }

    /// An actor with the same client, which is in no group yet.
    pub fn beside(&self, signer: Signer) -> Self {
        Self {
            client: self.client.clone(),
            signer,
            rules: self.rules.clone(),
            group: None,
            seen: HashMap::new(),
        }
    }

    pub fn group(&self) -> Result<&Group<Config>, Failure> {
        self.group.as_ref().ok_or_else(not_a_state)
    }

    pub fn group_mut(&mut self) -> Result<&mut Group<Config>, Failure> {
        self.group.as_mut().ok_or_else(not_a_state)
    }

    pub fn enter(&mut self, mut group: Group<Config>) -> Result<(), Failure> {
        group.write_to_storage()?;
        self.group = Some(group);
        Ok(())
    }

    /// Hands proposals to the group, each once: a private message opens only once.
    pub fn read_proposals(&mut self, messages: &[Vec<u8>]) -> Result<Vec<ProposalRef>, Failure> {
        messages
            .iter()
            .map(|message| self.read_proposal(message))
            .collect()
    }

    fn read_proposal(&mut self, message: &[u8]) -> Result<ProposalRef, Failure> {
        if let Some(known) = self.seen.get(message) {
            return Ok(known.clone());
        }
        let received = MlsMessage::from_bytes(message)?;
        match self.group_mut()?.process_incoming_message(received)? {
            ReceivedMessage::Proposal(proposal) => {
                self.seen
                    .insert(message.to_vec(), proposal.proposal_ref.clone());
                Ok(proposal.proposal_ref)
            }
            _ => Err(invalid("a message among the proposals is not a proposal")),
        }
    }

    /// Keeps the new epoch, and forgets the proposals of the one before.
    pub fn turn_epoch(&mut self) -> Result<(), Failure> {
        self.seen.clear();
        Ok(self.group_mut()?.write_to_storage()?)
    }

    /// The private keys of a transaction's KeyPackage, after the reference that finds them.
    pub fn key_package_keys(&self) -> Result<(Vec<u8>, KeyPackageData), Failure> {
        let stored = self.client.key_package_store().key_packages();
        stored
            .into_iter()
            .next()
            .ok_or_else(|| invalid("the transaction's KeyPackage is used up"))
    }
}

fn not_a_state() -> Failure {
    invalid("the id is that of a transaction, which is not yet a member of a group")
}

/// The epoch authenticator of a group.
pub fn authenticator(group: &Group<Config>) -> Result<Vec<u8>, MlsError> {
    Ok(group.epoch_authenticator()?.to_vec())
}
