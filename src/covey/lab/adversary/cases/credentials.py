"""RFC 9420 §5.3: credentials and their types. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.certificates import Authority
from covey.lab.adversary.forge.leaves import proposed_add
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.identity import identity
from covey.mls.group.member import Member
from covey.mls.structs.credentials import Credential, UnknownCredential, X509Credential
from covey.mls.structs.extensions import ApplicationId, Extension
from covey.mls.wire.code_points import GREASE, ExtensionType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.policy import Policy
    from covey.mls.structs.tree import LeafNode

UNKNOWN_TYPE: Final = 0xF0AA


# --- VAL-017: the key of a certificate --------------------------------------------------------


def _certified(stage: Stage, package: PrivateKeyPackage, key: bytes) -> PrivateKeyPackage:
    """A newcomer with a certificate for a key."""
    return forge.repackaged(package, leaf={"credential": _credential(stage, key)})


def _credential(stage: Stage, key: bytes) -> Credential:
    authority = Authority("authority", stage.entropy)
    return authority.credential("newcomer", stage.suite.signature, key)


@breaks("VAL-017")
def a_certificate_for_another_key(stage: Stage) -> Trial:
    """The certificate of a newcomer is for another key than its leaf's signature_key."""
    _, package = stage.newcomer()
    own = package.package.leaf_node.signature_key
    bad = _certified(stage, package, stage.member().signature_key)
    return proposed_add(stage, bad.package, _certified(stage, package, own).package)


@breaks("VAL-017")
def a_member_takes_the_certificate_of_another(stage: Stage) -> Trial:
    """A committer's new leaf has somebody else's certificate."""
    signer, key = stage.suite.generate_signature_keys(stage.entropy)
    bad, good = (
        _member(stage, _credential(stage, each), signer)
        for each in (stage.member().signature_key, key)
    )
    commit = forge.committed(stage.mallory, "VAL-017", update=bad)
    return Trial(stage.victim(), commit.message, stage.mallory.commit(update=good).message)


def _member(stage: Stage, credential: Credential, signer: bytes) -> Member:
    return Member.from_credential(
        credential,
        stage.suite.code,
        signer=signer,
        policy=Trusting(threads=1),
        entropy=stage.entropy,
    )


# --- VAL-026: application_id ------------------------------------------------------------------


def _by_application_id(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def client_id(policy: Policy, leaf: LeafNode) -> bytes:
        for each in leaf.extensions:
            if each.extension_type == ExtensionType.application_id:
                return ApplicationId.decode(each.extension_data).application_id
        return original(policy, leaf)

    return client_id


@shows("VAL-026", instead=altering(("group.policy:Policy.client_id", _by_application_id)))
def nobody_is_who_its_application_id_says(stage: Stage) -> None:
    """A newcomer whose application_id is Alice's name is taken in, and not for Alice."""
    name = stage.alice.members[0].identity
    client = stage.member()
    claim = Extension(ExtensionType.application_id, ApplicationId(name).encode())
    package = client.key_package(now=NOW, leaf_extensions=(claim,))
    stage.commit(stage.carol, add=[package.message])
    tree, policy = stage.victor.tree, stage.victor.ports.policy
    alice, newcomer = tree.leaf(0), tree.leaf(stage.victor.members[-1].index)
    assert alice is not None
    assert newcomer is not None
    ensure(newcomer.extensions == (claim,), "the newcomer has an application_id")
    ensure(
        policy.client_id(newcomer) == identity(client.credential), "it is who its credential says"
    )
    ensure(policy.client_id(newcomer) != policy.client_id(alice), "it is not Alice")


# --- VAL-027, VAL-028: credential types -------------------------------------------------------


def _of_type(package: PrivateKeyPackage, kind: int) -> PrivateKeyPackage:
    """The same newcomer with a credential of any type, which it lists."""
    capabilities = package.package.leaf_node.capabilities
    listed = capabilities.replace(credentials=(*capabilities.credentials, kind))
    credential = UnknownCredential(kind, b"newcomer")
    return forge.repackaged(package, leaf={"credential": credential, "capabilities": listed})


@breaks("VAL-027")
def a_newcomer_whose_credential_nobody_can_read(stage: Stage) -> Trial:
    """The credential of a newcomer is of a type that no other member supports."""
    _, package = stage.newcomer()
    bad = forge.committed(stage.mallory, "VAL-027", add=[_of_type(package, UNKNOWN_TYPE).message])
    good = stage.mallory.commit(add=[package.message])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-027")
def a_newcomer_who_can_read_no_credential(stage: Stage) -> Trial:
    """A newcomer has an X.509 credential and does not support the type that others have."""
    _, package = stage.newcomer()
    good = _certified(stage, package, package.package.leaf_node.signature_key)
    listed = good.package.leaf_node.capabilities.replace(credentials=(X509Credential.tag,))
    odd = forge.repackaged(good, leaf={"capabilities": listed})
    bad = forge.committed(stage.mallory, "VAL-027", add=[odd.message])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(add=[good.message]).message)


@breaks("VAL-027")
def a_welcome_among_unreadable_credentials(stage: Stage) -> Trial:
    """A newcomer is welcomed into a group with a credential type that it does not support."""
    client, package = stage.newcomer()
    _, other = stage.newcomer()
    odd = _of_type(other, UNKNOWN_TYPE).message
    bad = forge.committed(stage.mallory, "VAL-027", add=[odd, package.message])
    good = stage.mallory.commit(add=[other.message, package.message])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-028", portable=False)
def a_credential_of_a_grease_type(stage: Stage) -> Trial:
    """The type of a newcomer's credential is one of those that mean nothing."""
    _, package = stage.newcomer()
    bad = _of_type(package, GREASE[4])
    return proposed_add(stage, bad.package, package.package)
