"""RFC 9420 §7.3, §11.1, §13.3, §13.4: leaves that do not support what the group needs.

May import the forge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge.certificates import Authority
from covey.lab.adversary.forge.leaves import (
    UNHEARD_OF,
    beside,
    changing,
    committed_add,
    in_add,
    in_committed_update,
    in_external_path,
    in_group_info,
    in_path,
    in_welcome,
    listing,
    packaged,
)
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.structs.components import AppDataDictionary
from covey.mls.structs.credentials import Certificate, UnknownCredential, X509Credential
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.wire.code_points import CredentialType, ExtensionType, ProposalType

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.lab.adversary.victims import Trial
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.structs.tree import LeafNode

_NO_EXTENSIONS: Final = listing(extensions=())
_NO_BASIC: Final = listing(credentials=(CredentialType.x509,))
_ONLY_BASIC: Final = listing(credentials=(CredentialType.basic,))

# --- VAL-043: what required_capabilities asks for ---------------------------------------


def _require(stage: Stage) -> None:
    """Let the group require an extension, a proposal and a credential type, which all list."""
    required = RequiredCapabilities(
        (ExtensionType.app_data_dictionary,), (ProposalType.self_remove,), (CredentialType.x509,)
    )
    extension = Extension(ExtensionType.required_capabilities, required.encode())
    stage.commit(stage.alice, extensions=[extension])


@breaks("VAL-043")
def an_add_without_a_required_extension_type(stage: Stage) -> Trial:
    """Mallory adds a client that does not list an extension type that the group requires."""
    _require(stage)
    return in_add(stage, _NO_EXTENSIONS, "VAL-043")


@breaks("VAL-043")
def an_update_without_a_required_proposal_type(stage: Stage) -> Trial:
    """A commit takes an Update that drops a proposal type that the group requires."""
    _require(stage)
    return in_committed_update(stage, changing(listing(proposals=())), "VAL-043")


@breaks("VAL-043")
def a_path_without_a_required_credential_type(stage: Stage) -> Trial:
    """Mallory commits a path that drops a credential type that the group requires."""
    _require(stage)
    return in_path(stage, changing(_ONLY_BASIC), "VAL-043")


@breaks("VAL-043")
def an_external_path_without_a_required_extension_type(stage: Stage) -> Trial:
    """A stranger joins who does not list an extension type that the group requires."""
    _require(stage)
    return in_external_path(stage, changing(_NO_EXTENSIONS), "VAL-043")


@breaks("VAL-043")
def a_welcome_without_required_capabilities(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf lacks a proposal type that the group requires."""
    _require(stage)
    return in_welcome(stage, changing(listing(proposals=())), "VAL-043")


@breaks("VAL-043")
def a_group_info_without_required_capabilities(stage: Stage) -> Trial:
    """In the tree of a GroupInfo a leaf lacks a credential type that the group requires."""
    _require(stage)
    return in_group_info(stage, changing(_ONLY_BASIC), "VAL-043")


# --- VAL-044, VAL-045: credential types that all understand -----------------------------


def _stranger(leaf: LeafNode) -> LeafNode:
    """The leaf with a credential of a type that only it lists."""
    types = (*leaf.capabilities.credentials, UNHEARD_OF)
    return listing(credentials=types)(
        leaf.replace(credential=UnknownCredential(UNHEARD_OF, b"who am I"))
    )


@breaks("VAL-044")
def an_add_with_a_credential_type_that_others_do_not_support(stage: Stage) -> Trial:
    """Mallory adds a client with a credential of a type that nobody else lists."""
    return in_add(stage, _stranger, "VAL-044")


@breaks("VAL-044")
def an_update_to_a_credential_type_that_others_do_not_support(stage: Stage) -> Trial:
    """A commit takes an Update with a credential of a type that nobody else lists."""
    return in_committed_update(stage, changing(_stranger), "VAL-044")


@breaks("VAL-044")
def a_path_with_a_credential_type_that_others_do_not_support(stage: Stage) -> Trial:
    """Mallory commits a path with a credential of a type that nobody else lists."""
    return in_path(stage, changing(_stranger), "VAL-044")


@breaks("VAL-044")
def a_welcome_with_a_credential_type_that_others_do_not_support(stage: Stage) -> Trial:
    """In the tree of a Welcome a credential has a type that others do not list."""
    return in_welcome(stage, changing(_stranger), "VAL-044")


def _certified(stage: Stage) -> PrivateKeyPackage:
    """The KeyPackage of a client with an X.509 credential."""
    client, authority = stage.member(), Authority("anybody", stage.entropy)
    own = authority.certificate("a client", stage.suite.signature, client.signature_key)
    credential = X509Credential((Certificate(own),))
    return msgspec.structs.replace(client, credential=credential).key_package(now=NOW)


@breaks("VAL-045", portable=False)
def an_add_of_a_client_that_does_not_support_a_credential_type_in_use(stage: Stage) -> Trial:
    """Mallory adds a client with a certificate, which does not list the type of the others."""
    package = _certified(stage)
    return committed_add(stage, packaged(package, _NO_BASIC), package, "VAL-045")


@breaks("VAL-045", portable=False)
def a_welcome_with_a_leaf_that_does_not_support_a_credential_type_in_use(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf with a certificate does not list the type of the others."""
    package = _certified(stage)
    return beside(stage, packaged(package, _NO_BASIC), package, "VAL-045")


# --- VAL-046: extensions of the group ---------------------------------------------------


def _extend_the_group(stage: Stage) -> None:
    """Give the group an extension that all members list."""
    empty = AppDataDictionary(()).encode()
    stage.commit(stage.alice, extensions=[Extension(ExtensionType.app_data_dictionary, empty)])


@breaks("VAL-046")
def an_add_without_an_extension_of_the_group(stage: Stage) -> Trial:
    """Mallory adds a client that does not list an extension of the group."""
    _extend_the_group(stage)
    return in_add(stage, _NO_EXTENSIONS, "VAL-046")


@breaks("VAL-046")
def an_update_without_an_extension_of_the_group(stage: Stage) -> Trial:
    """A commit takes an Update that drops an extension of the group."""
    _extend_the_group(stage)
    return in_committed_update(stage, changing(_NO_EXTENSIONS), "VAL-046")


@breaks("VAL-046")
def a_path_without_an_extension_of_the_group(stage: Stage) -> Trial:
    """Mallory commits a path that drops an extension of the group."""
    _extend_the_group(stage)
    return in_path(stage, changing(_NO_EXTENSIONS), "VAL-046")


@breaks("VAL-046")
def an_external_path_without_an_extension_of_the_group(stage: Stage) -> Trial:
    """A stranger joins who does not list an extension of the group."""
    _extend_the_group(stage)
    return in_external_path(stage, changing(_NO_EXTENSIONS), "VAL-046")


@breaks("VAL-046")
def a_welcome_with_a_leaf_without_an_extension_of_the_group(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf does not list an extension of the group."""
    _extend_the_group(stage)
    return in_welcome(stage, changing(_NO_EXTENSIONS), "VAL-046")


# --- VAL-047: the suite and the version of the group ------------------------------------


@breaks("VAL-047")
def an_add_without_the_suite_of_the_group(stage: Stage) -> Trial:
    """Mallory adds a client that does not list the cipher suite of the group."""
    return in_add(stage, listing(cipher_suites=(UNHEARD_OF,)), "VAL-047")


@breaks("VAL-047")
def an_add_without_the_version_of_the_group(stage: Stage) -> Trial:
    """Mallory adds a client that does not list the version of the group."""
    return in_add(stage, listing(versions=(UNHEARD_OF,)), "VAL-047")


@breaks("VAL-047")
def an_update_without_the_suite_of_the_group(stage: Stage) -> Trial:
    """A commit takes an Update that drops the cipher suite of the group."""
    return in_committed_update(stage, changing(listing(cipher_suites=())), "VAL-047")


@breaks("VAL-047")
def a_path_without_the_suite_of_the_group(stage: Stage) -> Trial:
    """Mallory commits a path that drops the cipher suite of the group."""
    return in_path(stage, changing(listing(cipher_suites=())), "VAL-047")


@breaks("VAL-047")
def an_external_path_without_the_version_of_the_group(stage: Stage) -> Trial:
    """A stranger joins who does not list the version of the group."""
    return in_external_path(stage, changing(listing(versions=())), "VAL-047")


@breaks("VAL-047")
def a_welcome_with_a_leaf_without_the_version_of_the_group(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf does not list the version of the group."""
    return in_welcome(stage, changing(listing(versions=())), "VAL-047")
