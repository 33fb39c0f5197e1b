//! What an actor decides about its messages, in the place where mls-rs asks for it: `MlsRules`.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mls_rs::{
    group::{GroupContext, Roster},
    mls_rules::{
        CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle,
        ProposalRef,
    },
    MlsRules,
};

/// The wishes for the next commit; `encrypt_handshake` holds for every proposal and commit.
#[derive(Clone, Debug, Default)]
struct Wishes {
    encrypt_handshake: bool,
    force_path: bool,
    external_tree: bool,
    by_reference: Vec<ProposalRef>,
}

/// The rules of one actor: all clones, inside its client and its groups, say the same.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<Mutex<Wishes>>);

impl Rules {
    pub fn encrypt_handshake(&self, encrypt: bool) {
        self.wishes().encrypt_handshake = encrypt;
    }

    /// Says how the next commit is to be made, and which received proposals it refers to.
    pub fn for_commit(
        &self,
        force_path: bool,
        external_tree: bool,
        by_reference: Vec<ProposalRef>,
    ) {
        let mut wishes = self.wishes();
        wishes.force_path = force_path;
        wishes.external_tree = external_tree;
        wishes.by_reference = by_reference;
    }

    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MlsRules for Rules {
    type Error = Infallible;

    /// A commit of ours takes, of the proposals seen in this epoch, only those asked for.
    fn filter_proposals(
        &self,
        direction: CommitDirection,
        _: CommitSource,
        _: &Roster,
        _: &GroupContext,
        mut proposals: ProposalBundle,
    ) -> Result<ProposalBundle, Infallible> {
        if direction == CommitDirection::Send {
            let wishes = self.wishes();
            proposals.retain(|proposal| {
                let reference = proposal.proposal_ref();
                Ok::<_, Infallible>(
                    reference.is_none_or(|wanted| wishes.by_reference.contains(wanted)),
                )
            })?;
        }
        Ok(proposals)
    }

    fn commit_options(
        &self,
        _: &Roster,
        _: &GroupContext,
        _: &ProposalBundle,
    ) -> Result<CommitOptions, Infallible> {
        let wishes = self.wishes();
        Ok(CommitOptions::new()
            .with_path_required(wishes.force_path)
            .with_ratchet_tree_extension(!wishes.external_tree))
    }

    fn encryption_options(
        &self,
        _: &Roster,
        _: &GroupContext,
    ) -> Result<EncryptionOptions, Infallible> {
        let mut options = EncryptionOptions::default();
        options.encrypt_control_messages = self.wishes().encrypt_handshake;
        Ok(options)
    }
}
