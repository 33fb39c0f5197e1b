//! Calls about the stack itself, and about the certificates that its actors use.

use mls_rs::{CipherSuite, CryptoProvider};
use mls_rs_crypto_openssl::OpensslCryptoProvider;
use serde_json::json;

use crate::{
    harness::Harness,
    wire::{Answer, Fields},
};

const MANIFEST: &str = include_str!("../../Cargo.toml");

/// The package, with the version that the manifest pins.
pub fn name(_: &mut Harness, _: &Fields) -> Answer {
    let pinned = MANIFEST.split_once("[dependencies.mls-rs]\nversion = \"=");
    let version = pinned
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version);
    Ok(json!({"name": format!("mls-rs {}", version.unwrap_or("of no known version"))}))
}

/// The suites of RFC 9420 that the provider has.
pub fn supported_ciphersuites(_: &mut Harness, _: &Fields) -> Answer {
    let suites = OpensslCryptoProvider::new().supported_cipher_suites();
    let code_points = suites
        .into_iter()
        .map(u16::from)
        .filter(|suite| (1..=7).contains(suite));
    Ok(json!({"ciphersuites": code_points.collect::<Vec<_>>()}))
}

/// From now on an identity has a certificate in this suite.
pub fn use_certificate(harness: &mut Harness, request: &Fields) -> Answer {
    harness.signers.certify(
        request.bytes("identity")?,
        CipherSuite::new(request.code_point("cipher_suite")?),
        request.bytes_list("certificates")?,
        request.bytes_list("roots")?,
        request.bytes("signature_priv")?.into(),
    )?;
    Ok(json!({}))
}
