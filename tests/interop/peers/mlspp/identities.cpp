// Credentials, basic and X.509, and the KeyPackages that carry them.
#include "identities.h"

#include <hpke/certificate.h>

#include <algorithm>
#include <optional>

using mls::hpke::Certificate;

namespace peer {

// The extension of the GroupContext that tests use as one no stack knows.
static constexpr mls::Extension::Type private_use_extension = 0xF0A0;

static mls::Capabilities capabilities() {
  auto all = mls::Capabilities::create_default();
  all.extensions.push_back(private_use_extension);
  return all;
}

void Identities::use_certificate(const bytes& name, mls::CipherSuite suite,
                                 const Identity& identity, const std::vector<bytes>& more_roots) {
  if (!identity.credential.valid_for(identity.key.public_key)) {
    throw invalid("signature_priv is not the key of the first certificate");
  }
  certified.insert_or_assign({name, suite.cipher_suite()}, identity);
  roots.insert(roots.end(), more_roots.begin(), more_roots.end());
}

Identity Identities::identity(mls::CipherSuite suite, const bytes& name) const {
  const auto found = certified.find({name, suite.cipher_suite()});
  if (found != certified.end()) {
    return found->second;
  }
  return {mls::SignaturePrivateKey::generate(suite), mls::Credential::basic(name)};
}

OwnKeyPackage Identities::new_key_package(mls::CipherSuite suite, const bytes& name) const {
  const auto self = identity(suite, name);
  const auto init_priv = mls::HPKEPrivateKey::generate(suite);
  const auto encryption_priv = mls::HPKEPrivateKey::generate(suite);
  const auto leaf = mls::LeafNode{suite,
                                  encryption_priv.public_key,
                                  self.key.public_key,
                                  self.credential,
                                  capabilities(),
                                  mls::Lifetime::create_default(),
                                  {},
                                  self.key};
  const auto key_package = mls::KeyPackage{suite, init_priv.public_key, leaf, {}, self.key};
  return {init_priv, encryption_priv, self.key, key_package};
}

void Identities::authenticate(const mls::TreeKEMPublicKey& tree) const {
  tree.all_leaves([&](auto /* index */, const auto& leaf) {
    authenticate(leaf);
    return true;
  });
}

void Identities::authenticate(const mls::LeafNode& leaf) const {
  if (leaf.credential.type() != mls::CredentialType::x509) {
    return;
  }
  const auto& credential = leaf.credential.get<mls::X509Credential>();
  if (!credential.valid_for(leaf.signature_key)) {
    throw refused("an X.509 credential is for another key than its leaf's signature_key");
  }

  // mlspp has verified each signature within the chain when it decoded the credential.
  auto chain = std::vector<Certificate>{};
  for (const auto& certificate : credential.der_chain) {
    chain.emplace_back(certificate.data);
  }
  const auto inactive = [](const auto& certificate) {
    return certificate.expiration_status() != Certificate::ExpirationStatus::active;
  };
  if (std::any_of(chain.begin(), chain.end(), inactive)) {
    throw refused("a certificate of an X.509 credential is not valid now");
  }
  const auto issues = [](const auto& certificate) { return certificate.is_ca(); };
  if (!std::all_of(chain.begin() + 1, chain.end(), issues)) {
    throw refused("an issuer in the chain of an X.509 credential is no certificate authority");
  }
  const auto anchors = [&](const bytes& root) {
    return chain.back().valid_from(Certificate(root));
  };
  if (std::none_of(roots.begin(), roots.end(), anchors)) {
    throw refused("the chain of an X.509 credential does not lead to a trusted root");
  }
}

bytes name_of(const mls::Credential& credential) {
  switch (credential.type()) {
    case mls::CredentialType::basic:
      return credential.get<mls::BasicCredential>().identity;
    case mls::CredentialType::x509: {
      const auto& chain = credential.get<mls::X509Credential>().der_chain;
      const auto subject = Certificate(chain.front().data).subject();
      const auto common_name = subject.find(Certificate::NameType::common_name);
      return common_name == subject.end() ? bytes{} : from_ascii(common_name->second);
    }
    default:
      return {};
  }
}

mls::LeafIndex find_member(const mls::TreeKEMPublicKey& tree, const bytes& name) {
  auto found = std::optional<mls::LeafIndex>{};
  tree.all_leaves([&](auto index, const auto& leaf) {
    if (name_of(leaf.credential) == name) {
      found = index;
    }
    return !found;
  });
  if (!found) {
    throw invalid("no member has the identity " + to_hex(name));
  }
  return *found;
}

}  // namespace peer
