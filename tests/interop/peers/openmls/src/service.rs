//! The actors of this process, and which function answers which call.

use std::collections::HashMap;
use std::rc::Rc;

use openmls::prelude::{Ciphersuite, OpenMlsCrypto, OpenMlsProvider};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::identity::Identity;
use crate::member::{Candidate, Member};
use crate::request::Request;
use crate::{certificates, commits, components, epoch, joining, outsiders, proposals};

const NO_REINIT: &str = "OpenMLS has no API to propose ReInit, leaves ReInit proposals out of its \
     own commits, and can neither create nor join the group that follows";
const NO_BRANCH: &str = "OpenMLS has no API to branch: its commits take resumption PSKs only with \
     the usage application, and who joins by a Welcome has no resumption PSKs at hand";

/// The code points that RFC 9420 itself defines.
const RFC_9420_SUITES: std::ops::RangeInclusive<u16> = 1..=7;
/// Those with X-Wing, by the numbers of OpenMLS; covey has no others of it.
const XWING_SUITES: [u16; 4] = [0x004D, 0x004E, 0x004F, 0x0052];

#[derive(Default)]
pub struct Service {
    /// Crypto for what belongs to no actor.
    pub provider: OpenMlsRustCrypto,
    pub members: HashMap<u32, Member>,
    pub candidates: HashMap<u32, Candidate>,
    pub external_signers: HashMap<u32, SignatureKeyPair>,
    /// Identities with an X.509 credential.
    pub certified: HashMap<(Vec<u8>, Ciphersuite), Rc<Identity>>,
    /// Every identity by its signature key, so that a member who lost its state may come back.
    pub identities: HashMap<Vec<u8>, Rc<Identity>>,
    last_id: u32,
}

impl Service {
    pub fn answer(&mut self, call: &str, request: &Request) -> Result<Value, Failure> {
        match call {
            "Name" => Ok(json!({ "name": name() })),
            "SupportedCiphersuites" => Ok(self.supported_ciphersuites()),
            "UseCertificate" => certificates::use_certificate(self, request),
            "CreateGroup" => joining::create_group(self, request),
            "CreateKeyPackage" => joining::create_key_package(self, request),
            "JoinGroup" => joining::join_group(self, request),
            "ExternalJoin" => joining::external_join(self, request),
            "GroupInfo" => epoch::group_info(self.member(request)?, request),
            "StateAuth" => epoch::state_auth(self.member(request)?),
            "Export" => epoch::export(self.member(request)?, request),
            "Protect" => epoch::protect(self.member(request)?, request),
            "Unprotect" => epoch::unprotect(self.member(request)?, request),
            "StorePSK" => epoch::store_psk(self, request),
            "AddProposal" => proposals::add(self.member(request)?, request),
            "UpdateProposal" => proposals::update(self.member(request)?),
            "RemoveProposal" => proposals::remove(self.member(request)?, request),
            "ExternalPSKProposal" => proposals::external_psk(self.member(request)?, request),
            "ResumptionPSKProposal" => proposals::resumption_psk(self.member(request)?, request),
            "GroupContextExtensionsProposal" => {
                proposals::group_context_extensions(self.member(request)?, request)
            }
            "AddExternalSigner" => proposals::add_external_signer(self.member(request)?, request),
            "Commit" => commits::commit(self.member(request)?, request),
            "HandleCommit" => commits::handle_commit(self.member(request)?, request),
            "HandlePendingCommit" => commits::handle_pending_commit(self.member(request)?, request),
            "ProposeAppData" => components::propose(self.member(request)?, request),
            "CommitAppData" => components::commit(self.member(request)?, request),
            "HandleAppDataCommit" => components::handle_commit(self.member(request)?, request),
            "AppData" => components::held(self.member(request)?, request),
            "SafeExportSecret" => components::safe_export(self.member(request)?, request),
            "ProtectSafe" => components::protect(self.member(request)?, request),
            "UnprotectSafe" => components::unprotect(self.member(request)?, request),
            "NewMemberAddProposal" => outsiders::new_member_add_proposal(self, request),
            "CreateExternalSigner" => outsiders::create_external_signer(self, request),
            "ExternalSignerProposal" => outsiders::external_signer_proposal(self, request),
            "ReInitProposal"
            | "ReInitCommit"
            | "HandlePendingReInitCommit"
            | "HandleReInitCommit"
            | "ReInitWelcome"
            | "HandleReInitWelcome" => Err(Failure::unimplemented(NO_REINIT)),
            "CreateBranch" | "HandleBranch" => Err(Failure::unimplemented(NO_BRANCH)),
            "Free" => self.free(request),
            _ => Err(Failure::unimplemented(format!("there is no call {call:?}"))),
        }
    }

    /// The member that a request is about.
    fn member(&mut self, request: &Request) -> Result<&mut Member, Failure> {
        let id = request.number("state_id")?;
        self.members
            .get_mut(&id)
            .ok_or_else(|| Failure::invalid(format!("no state {id}")))
    }

    /// Who an actor with this name is: certified, or with a basic credential and a fresh key.
    pub fn identity(&mut self, suite: Ciphersuite, name: Vec<u8>) -> Result<Rc<Identity>, Failure> {
        let certified = self.certified.get(&(name.clone(), suite));
        let identity = match certified {
            Some(identity) => identity.clone(),
            None => Rc::new(Identity::basic(self.provider.crypto(), suite, name)?),
        };
        self.identities
            .insert(identity.signer.to_public_vec(), identity.clone());
        Ok(identity)
    }

    pub fn add_member(&mut self, member: Member) -> u32 {
        let id = self.new_id();
        self.members.insert(id, member);
        id
    }

    pub fn add_candidate(&mut self, candidate: Candidate) -> u32 {
        let id = self.new_id();
        self.candidates.insert(id, candidate);
        id
    }

    pub fn add_external_signer(&mut self, signer: SignatureKeyPair) -> u32 {
        let id = self.new_id();
        self.external_signers.insert(id, signer);
        id
    }

    fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    fn supported_ciphersuites(&self) -> Value {
        let crypto = self.provider.crypto();
        let offered =
            |code| Ciphersuite::try_from(code).is_ok_and(|it| crypto.supports(it).is_ok());
        let all = RFC_9420_SUITES.chain(XWING_SUITES);
        let codes: Vec<u16> = all.filter(|code| offered(*code)).collect();
        json!({ "ciphersuites": codes })
    }

    fn free(&mut self, request: &Request) -> Result<Value, Failure> {
        let id = request.number("state_id")?;
        self.members
            .remove(&id)
            .ok_or_else(|| Failure::invalid(format!("no state {id}")))?;
        Ok(json!({}))
    }
}

/// The package and its version, as the manifest pins it.
fn name() -> String {
    let pinned = include_str!("../Cargo.toml")
        .lines()
        .find_map(|line| line.strip_prefix("openmls = { version = \"="))
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    format!("openmls {pinned}")
}
