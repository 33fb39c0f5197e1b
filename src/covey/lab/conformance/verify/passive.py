"""A client that joins a group and follows it (RFC 9420 §12.4.2, §12.4.3.1).

May import the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.case import CaseError, ensure
from covey.mls.group.core import Ports
from covey.mls.group.events import EpochChanged, ProposalReceived
from covey.mls.group.group import Group
from covey.mls.group.member import Member, PrivateKeyPackage
from covey.mls.group.policy import Policy
from covey.mls.group.psks import MemoryPsks
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.tree import LeafNode

_FOREVER: Final = (1 << 64) - 1


class Trusting(Policy):
    """Believes every credential: who the members are is not under test."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Accept it."""

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Accept it."""
        del old, new
        return True


POLICY: Final = Trusting(strict=False, max_lifetime=_FOREVER, threads=1)
"""What peers do differently, and RFC 9420 allows, does not fail a vector."""


def passive_client(case: Case) -> None:
    """Join by a Welcome, then process every commit with its proposals."""
    client = PassiveClient(case, POLICY)
    group = client.join(case.octets("welcome"), case.maybe_octets("ratchet_tree"))
    case.expect("initial_epoch_authenticator", group.epoch_authenticator)
    for part in case.parts("epochs"):
        propose(group, part)
        commit(group, part)


class PassiveClient:
    """A client with a KeyPackage, as a case describes it.

    Args:
        case: The case.
        policy: That of the client.
    """

    def __init__(self, case: Case, policy: Policy) -> None:
        suite = case.suite()
        self._package = _package(case, suite)
        leaf = self._package.package.leaf_node
        ensure(leaf.lifetime is not None, "key_package has no lifetime")
        assert leaf.lifetime is not None
        now = leaf.lifetime.not_before
        psks = MemoryPsks()
        for part in case.parts("external_psks"):
            psks.add(part.octets("psk_id"), part.octets("psk"))
        signer = self._package.signer
        self._member = Member.from_credential(
            leaf.credential, suite.code, signer=signer, policy=policy
        )
        self._ports = Ports(policy, psks, now=lambda: now)

    def join(self, welcome: bytes, ratchet_tree: bytes | None) -> Group:
        """Join by a Welcome."""
        return Group.join(
            self._member, self._package, welcome, ratchet_tree=ratchet_tree, ports=self._ports
        )


def _package(case: Case, suite: Suite) -> PrivateKeyPackage:
    """The KeyPackage, whose private keys are those given."""
    package = MLSMessage.decode(case.octets("key_package")).message
    if not isinstance(package, KeyPackage):
        msg = "key_package is another message"
        raise CaseError(msg)
    ensure(package.cipher_suite == suite.code, "key_package is of another suite")
    init_private = case.octets("init_priv")
    leaf_private = case.octets("encryption_priv")
    signer = case.octets("signature_priv")
    leaf = package.leaf_node
    for name, computed, expected in (
        ("init_priv", suite.public_key(init_private), package.init_key),
        ("encryption_priv", suite.public_key(leaf_private), leaf.encryption_key),
        ("signature_priv", suite.signature_public(signer), leaf.signature_key),
    ):
        ensure(computed == expected, f"{name} is not that of key_package")
    return PrivateKeyPackage(package, init_private, leaf_private, signer)


def propose(group: Group, part: Case) -> None:
    """Process the proposals of an epoch."""
    for proposal in part.octets_list("proposals"):
        event = group.receive(proposal)
        ensure(isinstance(event, ProposalReceived), f"a proposal is taken for {event}")


def commit(group: Group, part: Case) -> None:
    """Process the commit that ends an epoch."""
    event = group.receive(part.octets("commit"))
    ensure(isinstance(event, EpochChanged), f"commit is taken for {event}")
    part.expect("epoch_authenticator", group.epoch_authenticator)
