// Who an actor is: its credential and keys, and whose X.509 credentials it believes.
#pragma once

#include <mls/core_types.h>
#include <mls/credential.h>
#include <mls/crypto.h>
#include <mls/treekem.h>

#include <map>
#include <utility>
#include <vector>

#include "wire.h"

namespace peer {

// What a member signs with, and what it says about itself.
struct Identity {
  mls::SignaturePrivateKey key;
  mls::Credential credential;
};

// A KeyPackage with its private keys.
struct OwnKeyPackage {
  mls::HPKEPrivateKey init_priv;
  mls::HPKEPrivateKey encryption_priv;
  mls::SignaturePrivateKey signature_priv;
  mls::KeyPackage key_package;
};

class Identities {
 public:
  // From now on `name` in `suite` is this certificate's subject, and `roots` are trusted.
  void use_certificate(const bytes& name, mls::CipherSuite suite, const Identity& identity,
                       const std::vector<bytes>& roots);

  // A new KeyPackage: with the registered certificate, else a basic credential and a new key.
  OwnKeyPackage new_key_package(mls::CipherSuite suite, const bytes& name) const;

  // mlspp leaves the credentials in a tree to the application (state.cpp, State::valid of a
  // LeafNode): refuses those X.509 credentials that do not lead to a root or fit their leaf.
  void authenticate(const mls::TreeKEMPublicKey& tree) const;

 private:
  Identity identity(mls::CipherSuite suite, const bytes& name) const;
  void authenticate(const mls::LeafNode& leaf) const;

  std::map<std::pair<bytes, mls::CipherSuite::ID>, Identity> certified;
  std::vector<bytes> roots;
};

// The identity in a credential: a basic one's, or the Common Name of an X.509 one's subject.
bytes name_of(const mls::Credential& credential);

// The leaf of the member with this identity.
mls::LeafIndex find_member(const mls::TreeKEMPublicKey& tree, const bytes& name);

}  // namespace peer
