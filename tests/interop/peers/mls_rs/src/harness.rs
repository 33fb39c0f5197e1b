//! What this process remembers between calls: actors, unfinished ReInits and external signers.

use std::collections::HashMap;

use mls_rs::{
    external_client::{builder as external, ExternalClient},
    group::ReinitClient,
};
use mls_rs_crypto_openssl::OpensslCryptoProvider;

use crate::{
    actor::{Actor, Config},
    identity::{Credentials, Signers},
    wire::{invalid, Failure},
};

pub type ExternalConfig = external::WithIdentityProvider<
    Credentials,
    external::WithCryptoProvider<OpensslCryptoProvider, external::ExternalBaseConfig>,
>;

/// Somebody whose group has ended with a ReInit, on the way into the group that follows.
pub struct Successor {
    pub reinit: ReinitClient<Config>,
    pub actor: Actor,
    pub ended_group: Vec<u8>,
}

/// All the state; actors, successors and external signers share one row of ids.
#[derive(Default)]
pub struct Harness {
    pub signers: Signers,
    actors: HashMap<u32, Actor>,
    successors: HashMap<u32, Successor>,
    external_signers: HashMap<u32, ExternalClient<ExternalConfig>>,
    last_id: u32,
}

impl Harness {
    pub fn add_actor(&mut self, actor: Actor) -> u32 {
        let id = self.next_id();
        self.actors.insert(id, actor);
        id
    }

    pub fn add_successor(&mut self, successor: Successor) -> u32 {
        let id = self.next_id();
        self.successors.insert(id, successor);
        id
    }

    pub fn add_external_signer(&mut self, signer: ExternalClient<ExternalConfig>) -> u32 {
        let id = self.next_id();
        self.external_signers.insert(id, signer);
        id
    }

    pub fn actor(&self, id: u64) -> Result<&Actor, Failure> {
        let actor = u32::try_from(id).ok().and_then(|id| self.actors.get(&id));
        actor.ok_or_else(|| unknown("state or transaction", id))
    }

    pub fn actor_mut(&mut self, id: u64) -> Result<&mut Actor, Failure> {
        let actor = u32::try_from(id)
            .ok()
            .and_then(|id| self.actors.get_mut(&id));
        actor.ok_or_else(|| unknown("state or transaction", id))
    }

    /// Takes a successor out: mls-rs uses one up, whether its group comes about or not.
    pub fn take_successor(&mut self, id: u64) -> Result<Successor, Failure> {
        let successor = u32::try_from(id)
            .ok()
            .and_then(|id| self.successors.remove(&id));
        successor.ok_or_else(|| unknown("ReInit", id))
    }

    pub fn external_signer(&self, id: u64) -> Result<&ExternalClient<ExternalConfig>, Failure> {
        let signer = u32::try_from(id)
            .ok()
            .and_then(|id| self.external_signers.get(&id));
        signer.ok_or_else(|| unknown("external signer", id))
    }

    pub fn free(&mut self, id: u64) -> Result<(), Failure> {
        let actor = u32::try_from(id)
            .ok()
            .and_then(|id| self.actors.remove(&id));
        actor
            .map(drop)
            .ok_or_else(|| unknown("state or transaction", id))
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }
}

fn unknown(kind: &str, id: u64) -> Failure {
    invalid(format!("there is no {kind} {id} in this process"))
}
