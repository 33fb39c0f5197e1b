"""Small groups for tests, made by the public API, and pieces of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.extensions import (
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.framing import PublicMessage, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.schedule import PreSharedKeyID
from covey.mls.wire.code_points import (
    ExtensionType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
    WireFormat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls.group.epoch import Epoch, PublicState
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import Proposal

PUBLIC = WireFormat.mls_public_message
PRIVATE = WireFormat.mls_private_message
ALL_SUITES = tuple(mls.CipherSuite)
GREASE_VALUE = 0x2A2A
UNKNOWN_TYPE = 0xF0AA
"""An extension or proposal type that nobody supports unless its policy says so."""


def member(name: str, suite: int = 1, policy: mls.Policy | None = None) -> mls.Member:
    """A client with a basic credential."""
    return mls.Member.basic(name.encode(), suite, policy=policy)


def key_package(client: mls.Member) -> KeyPackage:
    """A KeyPackage of a client, without its private keys."""
    return client.key_package().package


def found(
    names: str = "abc", suite: int = 1, policy: mls.Policy | None = None, **options: object
) -> list[mls.Group]:
    """A group in epoch 1, as each of its members sees it; one letter is one member."""
    clients = [member(name, suite, policy) for name in names]
    packages = [client.key_package() for client in clients[1:]]
    begun = mls.Group.found(
        clients[0],
        [package.message for package in packages],
        **{"group_id": b"group", **options},  # type: ignore[arg-type]
    )
    joined = [
        mls.Group.join(client, package, begun.welcome)
        for client, package in zip(clients[1:], packages, strict=True)
    ]
    return [begun.group, *joined]


def everyone(groups: Iterable[mls.Group], message: bytes) -> list[mls.Event]:
    """Deliver a message to all, its sender included."""
    return [group.receive(message) for group in groups]


def agree(groups: Iterable[mls.Group]) -> None:
    """All are in the same epoch with the same secrets, and hold the keys of their path."""
    groups = list(groups)
    first = groups[0]
    for group in groups:
        assert group.epoch == first.epoch
        assert group.epoch_authenticator == first.epoch_authenticator
        assert group.export("agree", b"", 16) == first.export("agree", b"", 16)
        assert group.context == first.context
        assert group.tree.tree_hash == group.context.tree_hash
        assert epoch(group).private.mismatch(group.tree) is None


def refuses(
    group: mls.Group, message: bytes, error: type[Exception], match: str | None = None
) -> None:
    """A member refuses a message, and is the same as before."""
    before = group.snapshot()
    with pytest.raises(error, match=match):
        group.receive(message)
    assert group.snapshot() == before


def epoch(group: mls.Group) -> Epoch:
    """What a group knows of its current epoch."""
    return group._state.epoch  # noqa: SLF001 - tests look inside


def public_state(group: mls.Group) -> PublicState:
    """What everybody knows of a group's current epoch."""
    return epoch(group).public


def commit_of(message: bytes) -> Commit:
    """The Commit inside of a public message."""
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PublicMessage)
    assert inner.content.commit is not None
    return inner.content.commit


def from_member(leaf: int) -> Sender:
    """A member as a sender."""
    return Sender(SenderType.member, leaf_index=leaf)


def sent(proposal: Proposal, leaf: int | None = 0, reference: bytes | None = None) -> Sent:
    """A proposal of a member; by value unless it has a reference."""
    sender = Sender(SenderType.new_member_commit) if leaf is None else from_member(leaf)
    return Sent(proposal, sender, reference)


def proposal_list(
    group: mls.Group,
    *items: Sent | Proposal,
    committer: int | None = 0,
    successor: bool = False,
    has_path: bool = True,
) -> ProposalList:
    """The list of a commit; bare proposals are the committer's own, by value."""
    wrapped = tuple(item if isinstance(item, Sent) else sent(item, committer) for item in items)
    return ProposalList(
        wrapped, committer, group.context, group.tree, successor=successor, has_path=has_path
    )


def external_psk(psk_id: bytes = b"psk", nonce: bytes = bytes(32)) -> PreSharedKeyID:
    """The id of an external PSK."""
    return PreSharedKeyID(PSKType.external, psk_id, None, None, None, nonce)


def resumption_psk(
    usage: ResumptionPSKUsage = ResumptionPSKUsage.application,
    group_id: bytes = b"group",
    epoch: int = 1,
    nonce: bytes = bytes(32),
) -> PreSharedKeyID:
    """The id of a resumption PSK."""
    return PreSharedKeyID(PSKType.resumption, None, usage, group_id, epoch, nonce)


def extension(kind: int, data: bytes = b"") -> mls.Extension:
    """An extension."""
    return mls.Extension(int(kind), data)


def required(
    extensions: tuple[int, ...] = (),
    proposals: tuple[int, ...] = (),
    credentials: tuple[int, ...] = (),
) -> mls.Extension:
    """A ``required_capabilities`` extension."""
    data = RequiredCapabilities(extensions, proposals, credentials).encode()
    return extension(ExtensionType.required_capabilities, data)


def external_senders(*clients: mls.Member) -> mls.Extension:
    """An ``external_senders`` extension."""
    listed = tuple(ExternalSender(each.signature_key, each.credential) for each in clients)
    return extension(ExtensionType.external_senders, ExternalSenders(listed).encode())
