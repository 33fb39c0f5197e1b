//! Who the actors are, with which keys they sign, and whose credentials they accept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use mls_rs::{
    crypto::SignatureSecretKey,
    error::{IntoAnyError, MlsError},
    group::{GroupContext, Roster},
    identity::{
        basic::{BasicCredential, BasicIdentityProvider, BasicIdentityProviderError},
        x509::{
            CertificateChain, DerCertificate, SubjectIdentityExtractor, X509CertificateReader,
            X509IdentityError, X509IdentityProvider,
        },
        CredentialType, SigningIdentity,
    },
    time::MlsTime,
    CipherSuite, CipherSuiteProvider, CryptoProvider, ExtensionList, IdentityProvider,
};
use mls_rs_core::identity::MemberValidationContext;
use mls_rs_crypto_openssl::{
    x509::{X509Reader, X509Validator},
    OpensslCryptoError, OpensslCryptoProvider,
};

use crate::wire::{invalid, Failure};

type Certificates = X509IdentityProvider<SubjectIdentityExtractor<X509Reader>, X509Validator>;

/// Accepts every basic credential, and the certificates that a trusted root vouches for.
#[derive(Clone, Default)]
pub struct Credentials {
    basic: BasicIdentityProvider,
    certificates: Arc<RwLock<Option<Certificates>>>,
}

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Basic(#[from] BasicIdentityProviderError),
    #[error(transparent)]
    X509(#[from] X509IdentityError),
    #[error("no trusted root for X.509 credentials was given to this harness")]
    NoRoots,
}

impl IntoAnyError for CredentialError {
    fn into_dyn_error(self) -> Result<Box<dyn std::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

impl Credentials {
    fn trust(&self, roots: Vec<DerCertificate>) -> Result<(), Failure> {
        let provider = X509IdentityProvider::new(
            SubjectIdentityExtractor::new(0, X509Reader::new()),
            X509Validator::new(roots)?,
        );
        let mut certificates = self
            .certificates
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *certificates = Some(provider);
        Ok(())
    }

    /// What an identity is called: that of a basic credential, or the subject's Common Name.
    pub fn name(
        &self,
        identity: &SigningIdentity,
        context: &GroupContext,
    ) -> Result<Vec<u8>, MlsError> {
        self.identity(identity, context.extensions())
            .map_err(|error| MlsError::IdentityProviderError(error.into_any_error()))
    }

    /// The leaf of the member with this identity.
    pub fn leaf(
        &self,
        roster: &Roster,
        context: &GroupContext,
        identity: &[u8],
    ) -> Result<u32, Failure> {
        let member = roster.members_iter().find(|member| {
            self.name(&member.signing_identity, context)
                .is_ok_and(|name| name == identity)
        });
        member
            .map(|member| member.index)
            .ok_or_else(|| invalid("no member has this identity"))
    }

    /// Asks the provider that is responsible for the credential's type.
    fn ask<T>(
        &self,
        identity: &SigningIdentity,
        basic: impl FnOnce(&BasicIdentityProvider) -> Result<T, BasicIdentityProviderError>,
        x509: impl FnOnce(&Certificates) -> Result<T, X509IdentityError>,
    ) -> Result<T, CredentialError> {
        if identity.credential.credential_type() != CredentialType::X509 {
            return Ok(basic(&self.basic)?);
        }
        let certificates = self
            .certificates
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let provider = certificates.as_ref().ok_or(CredentialError::NoRoots)?;
        Ok(x509(provider)?)
    }
}

impl IdentityProvider for Credentials {
    type Error = CredentialError;

    fn validate_member(
        &self,
        identity: &SigningIdentity,
        time: Option<MlsTime>,
        context: MemberValidationContext<'_>,
    ) -> Result<(), CredentialError> {
        self.ask(
            identity,
            |basic| basic.validate_member(identity, time, context),
            |x509| x509.validate_member(identity, time, context),
        )
    }

    fn validate_external_sender(
        &self,
        identity: &SigningIdentity,
        time: Option<MlsTime>,
        extensions: Option<&ExtensionList>,
    ) -> Result<(), CredentialError> {
        self.ask(
            identity,
            |basic| basic.validate_external_sender(identity, time, extensions),
            |x509| x509.validate_external_sender(identity, time, extensions),
        )
    }

    /// The identity of a basic credential, or the subject's Common Name.
    fn identity(
        &self,
        identity: &SigningIdentity,
        extensions: &ExtensionList,
    ) -> Result<Vec<u8>, CredentialError> {
        self.ask(
            identity,
            |basic| basic.identity(identity, extensions),
            |x509| x509.identity(identity, extensions),
        )
    }

    fn valid_successor(
        &self,
        predecessor: &SigningIdentity,
        successor: &SigningIdentity,
        extensions: &ExtensionList,
    ) -> Result<bool, CredentialError> {
        self.ask(
            successor,
            |basic| basic.valid_successor(predecessor, successor, extensions),
            |x509| x509.valid_successor(predecessor, successor, extensions),
        )
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        vec![CredentialType::BASIC, CredentialType::X509]
    }
}

/// A credential with its signature keys.
#[derive(Clone)]
pub struct Signer {
    pub identity: SigningIdentity,
    pub secret: SignatureSecretKey,
}

/// The signers of this process, one for each identity and suite.
///
/// An identity keeps its signature key, because mls-rs joins a branch with the member's own
/// client: the KeyPackage must carry the key that the member of the first group signs with.
#[derive(Default)]
pub struct Signers {
    pub credentials: Credentials,
    roots: Vec<DerCertificate>,
    known: HashMap<(Vec<u8>, u16), Signer>,
}

impl Signers {
    /// The signer of an identity: made with a basic credential when none is known.
    pub fn signer(&mut self, identity: &[u8], suite: CipherSuite) -> Result<Signer, Failure> {
        let name = (identity.to_vec(), suite.raw_value());
        if let Some(signer) = self.known.get(&name) {
            return Ok(signer.clone());
        }
        let signer = new_signer(identity, suite)?;
        self.known.insert(name, signer.clone());
        Ok(signer)
    }

    /// Gives an identity a certificate; `chain` begins with the end entity.
    pub fn certify(
        &mut self,
        identity: Vec<u8>,
        suite: CipherSuite,
        chain: Vec<Vec<u8>>,
        roots: Vec<Vec<u8>>,
        secret: SignatureSecretKey,
    ) -> Result<(), Failure> {
        let chain = CertificateChain::from(chain);
        let leaf = chain
            .leaf()
            .ok_or_else(|| invalid("certificates is empty"))?;
        let certified = X509Reader::new().public_key(leaf)?;
        let public = suite_provider(suite)?.signature_key_derive_public(&secret)?;
        if certified != public {
            return Err(invalid(
                "signature_priv is not the key of the first certificate",
            ));
        }
        for root in roots.into_iter().map(DerCertificate::from) {
            if !self.roots.contains(&root) {
                self.roots.push(root);
            }
        }
        self.credentials.trust(self.roots.clone())?;
        let identified = SigningIdentity::new(chain.into_credential(), public);
        let signer = Signer {
            identity: identified,
            secret,
        };
        self.known.insert((identity, suite.raw_value()), signer);
        Ok(())
    }
}

/// A fresh signature key under a basic credential.
pub fn new_signer(identity: &[u8], suite: CipherSuite) -> Result<Signer, Failure> {
    let (secret, public) = suite_provider(suite)?.signature_key_generate()?;
    let credential = BasicCredential::new(identity.to_vec()).into_credential();
    Ok(Signer {
        identity: SigningIdentity::new(credential, public),
        secret,
    })
}

fn suite_provider(
    suite: CipherSuite,
) -> Result<impl CipherSuiteProvider<Error = OpensslCryptoError>, Failure> {
    let provider = OpensslCryptoProvider::new().cipher_suite_provider(suite);
    provider.ok_or_else(|| invalid(format!("mls-rs has no cipher suite {}", suite.raw_value())))
}
