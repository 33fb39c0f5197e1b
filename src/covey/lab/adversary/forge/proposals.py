"""RFC 9420 §12.1: proposals as members, stewards and strangers send them, right or wrong.

May import the stage and the forge.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from covey.errors import PolicyError
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.taking_out import altering, together, without
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group import psks
from covey.mls.group.external import propose_from_outside
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.group.process_commit import EXTERNAL_INIT_LABEL
from covey.mls.group.proposing import own_update
from covey.mls.schedule.key_schedule import external_key_pair
from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.extensions import (
    Extension,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    Remove,
    Update,
)
from covey.mls.wire.code_points import ExtensionType, ResumptionPSKUsage, SenderType, WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import PreSharedKeyID

UNKNOWN: Final = 0xF0DD
"""A code point that nobody supports unless told to."""

LISTED: Final = Sender(SenderType.external, sender_index=0)
STRANGER: Final = Sender(SenderType.new_member_proposal)


# --- who proposes and commits -----------------------------------------------------------


def by_reference(stage: Stage, bad: Proposal, good: Proposal | None = None) -> Trial:
    """Mallory proposes something; what is good by default is to remove Dave."""
    mallory = stage.mallory
    repaired = Remove(stage.dave.own_index) if good is None else good
    return Trial(stage.victim(), forge.proposed(mallory, bad), forge.proposed(mallory, repaired))


def by_value(
    stage: Stage,
    bad: Sequence[Proposal],
    good: Sequence[Proposal] = (),
    lacking: tuple[str, ...] = (),
    under: Callable[[], Any] = nullcontext,
) -> Trial:
    """Mallory commits some proposals, its engine lacking what would hinder it."""
    mallory = stage.mallory
    begin = together(without(*lacking), under)
    message = forge.committed(mallory, under=begin, proposals=bad, references=()).message
    repaired = mallory.commit(proposals=good, references=())
    return Trial(stage.victim(), message, repaired.message)


def by_joiner(stage: Stage, bad: dict[str, Any], good: dict[str, Any], *lacking: str) -> Trial:
    """Somebody joins by an external commit, whose engine lacks some checks."""
    return Trial(
        stage.victim(), _joined(stage, without(*lacking), bad), _joined(stage, without(), good)
    )


def _joined(stage: Stage, under: Callable[[], Any], options: dict[str, Any]) -> bytes:
    info, ports = stage.alice.group_info(), stage.ports().linked_to(stage.mallory)
    with under():
        return Group.join_externally(stage.member(), info, ports=ports, **options).commit


class Steward(NamedTuple):
    """Somebody outside of the group, who may propose."""

    client: Member
    stage: Stage

    def proposes(self, proposal: Proposal) -> bytes:
        """Its message."""
        return outside(self.stage, LISTED, self.client.signer, proposal)


def steward(stage: Stage) -> Steward:
    """Let the group list somebody among its external_senders."""
    client = stage.member()
    stage.commit(stage.alice, extensions=[external_senders(client)])
    return Steward(client, stage)


def outside(stage: Stage, sender: Sender, signer: bytes, proposal: Proposal) -> bytes:
    """What somebody outside proposes."""
    return propose_from_outside(sender, signer, proposal, forge.epoch_of(stage.alice).public)


def sent(stage: Stage, message: bytes) -> bytes:
    """Let everybody receive a proposal; its reference."""
    stage.send(message)
    reference = stage.victor.proposals[-1].reference
    assert reference is not None
    return reference


# --- what they propose ------------------------------------------------------------------


def update_of(group: Group) -> Update:
    """A right Update of a member."""
    return own_update(forge.epoch_of(group), None, group.ports.entropy)[0]


def unsigned_add(package: PrivateKeyPackage) -> Add:
    """An Add of a KeyPackage without a signature."""
    return Add(package.package.replace(signature=b""))


def psk_of(stage: Stage, **changes: Any) -> PreSharedKeyID:  # noqa: ANN401 - any field of it
    """A use of a PSK that everybody knows."""
    stage.share_psk()
    return stage.mallory.psk_id(PSK_ID).replace(**changes)


def resumption_of(stage: Stage, usage: ResumptionPSKUsage) -> PreSharedKeyID:
    """A use of the resumption PSK of the current epoch."""
    mallory = stage.mallory
    nonce = psks.fresh_nonce(stage.suite, stage.entropy)
    return psks.resumption_id(usage, mallory.group_id, mallory.epoch, nonce)


def external_init(stage: Stage) -> tuple[ExternalInit, Callable[[], Any]]:
    """A right ExternalInit, and what begins to commit with the init secret that is in it."""
    suite = stage.suite
    _, public = external_key_pair(suite, forge.epoch_of(stage.mallory).secrets.external_secret)
    kem_output, secret = suite.export_to(public, EXTERNAL_INIT_LABEL, suite.Nh, stage.entropy)

    def change(advance: Callable[..., Any]) -> Callable[..., Any]:
        return lambda state, provisional, path, signed, _, *more: advance(
            state, provisional, path, signed, secret, *more
        )

    return ExternalInit(kem_output), altering(("group.create_commit:advance", change))


def client_of(group: Group) -> Member:
    """The client that a member is, with its private key."""
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    return Member.from_credential(
        leaf.credential,
        group.suite.code,
        signer=forge.epoch_of(group).signer,
        policy=Trusting(threads=1),
        entropy=group.ports.entropy,
    )


def unable(package: PrivateKeyPackage) -> PrivateKeyPackage:
    """The KeyPackage of a client that supports nothing but what everybody must."""
    capabilities = package.package.leaf_node.capabilities.replace(extensions=(), proposals=())
    return forge.repackaged(package, leaf={"capabilities": capabilities})


def add_unable(stage: Stage) -> int:
    """Add a client that supports nothing but what everybody must; its leaf index."""
    package = unable(stage.newcomer()[1]).package
    stage.commit(stage.alice, add=[package])
    return stage.alice.tree.keys.signature[package.leaf_node.signature_key]


def external_senders(*clients: Member) -> Extension:
    """An extension that lists some external senders."""
    listed = tuple(ExternalSender(each.signature_key, each.credential) for each in clients)
    return Extension(ExtensionType.external_senders, ExternalSenders(listed).encode())


def required(
    extensions: tuple[int, ...] = (), proposals: tuple[int, ...] = ()
) -> GroupContextExtensions:
    """A proposal by which the group requires some capabilities."""
    data = RequiredCapabilities(extensions, proposals, ()).encode()
    return GroupContextExtensions((Extension(ExtensionType.required_capabilities, data),))


# --- what the application thinks --------------------------------------------------------


class Welcoming(Trusting):
    """Lets strangers propose to add themselves."""

    def accept_proposal(self, sent: Sent, state: PublicState) -> None:
        """Accept it."""


class Wary(Trusting):
    """Accepts no credential that says it is to be refused."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Refuse it if it says so."""
        del signature_key, now
        if credential == REFUSED:
            msg = "it says that it is to be refused"
            raise PolicyError(msg)


REFUSED: Final = BasicCredential(b"to be refused")


def agree_on(stage: Stage, policy: type[Trusting]) -> None:
    """Give all members a policy."""
    for group in stage.all:
        group.ports.policy = policy(handshake=WireFormat.mls_public_message, threads=1)
