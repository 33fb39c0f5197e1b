//! What calls carry, in the types of OpenMLS.

use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::{Deserialize, Serialize, VLBytes};
use openmls::prelude::{
    Ciphersuite, Extension, Extensions, GroupContext, KeyPackage, KeyPackageIn, MlsMessageBodyIn,
    MlsMessageIn, OpenMlsCrypto, ProtocolMessage, ProtocolVersion, RatchetTreeIn, Welcome,
};
use openmls_rust_crypto::RustCrypto;

use crate::certificates;
use crate::failure::Failure;
use crate::request::Request;

/// A ciphersuite that the crypto provider offers.
pub fn ciphersuite(crypto: &RustCrypto, code: u32) -> Result<Ciphersuite, Failure> {
    u16::try_from(code)
        .ok()
        .and_then(|code| Ciphersuite::try_from(code).ok())
        .filter(|suite| crypto.supports(*suite).is_ok())
        .ok_or_else(|| Failure::invalid(format!("cipher suite {code} is not supported")))
}

fn body(message: &[u8]) -> Result<MlsMessageBodyIn, Failure> {
    Ok(MlsMessageIn::tls_deserialize_exact(message)?.extract())
}

/// A PublicMessage or PrivateMessage.
pub fn protocol_message(message: &[u8]) -> Result<ProtocolMessage, Failure> {
    Ok(MlsMessageIn::tls_deserialize_exact(message)?.try_into_protocol_message()?)
}

pub fn welcome(message: &[u8]) -> Result<Welcome, Failure> {
    match body(message)? {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err(Failure::invalid("the MLSMessage is not a Welcome")),
    }
}

pub fn group_info(message: &[u8]) -> Result<VerifiableGroupInfo, Failure> {
    match body(message)? {
        MlsMessageBodyIn::GroupInfo(group_info) => Ok(group_info),
        _ => Err(Failure::invalid("the MLSMessage is not a GroupInfo")),
    }
}

/// A KeyPackage, verified.
pub fn key_package(crypto: &RustCrypto, message: &[u8]) -> Result<KeyPackage, Failure> {
    let unverified: KeyPackageIn = match body(message)? {
        MlsMessageBodyIn::KeyPackage(key_package) => key_package,
        _ => return Err(Failure::invalid("the MLSMessage is not a KeyPackage")),
    };
    let key_package = unverified.validate(crypto, ProtocolVersion::Mls10)?;
    certificates::vouch_for_leaf(key_package.leaf_node())?;
    Ok(key_package)
}

/// A bare ratchet tree; none, if the field is empty.
pub fn ratchet_tree(tree: &[u8]) -> Result<Option<RatchetTreeIn>, Failure> {
    if tree.is_empty() {
        return Ok(None);
    }
    Ok(Some(RatchetTreeIn::tls_deserialize_exact(tree)?))
}

/// The extensions of a GroupContext.
pub fn extensions(descriptions: &[Request]) -> Result<Extensions<GroupContext>, Failure> {
    let list = descriptions
        .iter()
        .map(extension)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Extensions::from_vec(list)?)
}

fn extension(description: &Request) -> Result<Extension, Failure> {
    let code = u16::try_from(description.number("extension_type")?)
        .map_err(|_| Failure::invalid("extension_type is larger than a uint16"))?;
    let mut encoding = code.to_be_bytes().to_vec();
    VLBytes::new(description.bytes("extension_data")?).tls_serialize(&mut encoding)?;
    Ok(Extension::tls_deserialize_exact(&encoding)?)
}
