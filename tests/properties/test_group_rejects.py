"""Damaged messages of every kind: a promised error, and not a byte of the state has changed.

A member that has been given any number of damaged versions of a message still takes the
right one afterwards: nothing that it needs was used up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey import mls
from covey.errors import (
    AuthenticationError,
    CoveyError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
)
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ReInit, Remove, UnknownProposal
from flock import ABLE, CUSTOM
from group_samples import PRIVATE, PUBLIC, extension, external_senders, required
from wire_strategies import damaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.structs.key_package import KeyPackage

PROMISED = (
    DecodeError,
    RemoteProtocolError,
    AuthenticationError,
    MissingKeyError,
    PolicyError,
    StateError,
)
"""What :meth:`covey.mls.Group.receive` and the ways to join may raise."""

SUITE = get_suite(1)
PSKS = mls.MemoryPsks()
PSKS.add(b"shared", b"s" * 32)
SETTINGS = settings(
    max_examples=max(10, settings.default.max_examples // 4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Scene:
    """A group at one moment, and messages that could come next.

    Attributes:
        receiver: Bob, who receives, as a snapshot.
        messages: Messages of others by kind, none of which Bob has received.
        strange: Messages of another group and of earlier epochs.
    """

    receiver: bytes
    messages: dict[str, bytes]
    strange: tuple[bytes, ...]


@dataclass(frozen=True)
class Door:
    """What somebody needs in order to join.

    Attributes:
        client: Who joins.
        package: Its KeyPackage.
        welcome: A Welcome for two, with the tree.
        bare: A Welcome for two, without it.
        tree: The tree.
        info: A GroupInfo of the same epoch, with the tree.
        bare_info: Another one, without it.
        authenticator: Of the epoch that is joined.
    """

    client: mls.Member
    package: mls.PrivateKeyPackage
    welcome: bytes
    bare: bytes
    tree: bytes
    info: bytes
    bare_info: bytes
    authenticator: bytes


def client(name: bytes) -> mls.Member:
    """A client with an open policy."""
    return mls.Member.basic(name, SUITE.code, policy=ABLE)


def ports(form: mls.WireFormat = PRIVATE) -> mls.Ports:
    """The ports of a member."""
    return mls.Ports(replace(ABLE, handshake=form), PSKS)


@cache
def warden() -> mls.Member:
    """The external sender."""
    return client(b"warden")


def group_of(*names: bytes, group_id: bytes = b"group") -> list[mls.Group]:
    """A group whose members have all committed once."""
    first, *others = [client(name) for name in names]
    packages = [each.key_package() for each in others]
    founded = mls.Group.found(
        first,
        [each.message for each in packages],
        group_id=group_id,
        extensions=[external_senders(warden())],
        ports=ports(),
    )
    groups = [founded.group]
    for each, package in zip(others, packages, strict=True):
        groups.append(mls.Group.join(each, package, founded.welcome, ports=ports()))
    for group in groups:
        pending = group.commit()
        for each in groups:
            each.receive(pending.message)
    return groups


def fresh() -> KeyPackage:
    """A KeyPackage of a new client."""
    return client(b"new").key_package().package


def next_extensions() -> list[mls.Extension]:
    """Other extensions for the group."""
    return [required((CUSTOM,)), extension(CUSTOM, b"data")]


SENDING: dict[str, Callable[[mls.Group], bytes]] = {
    "add proposal": lambda group: group.propose_add(fresh()),
    "update proposal": lambda group: group.propose_update(),
    "remove proposal": lambda group: group.propose_remove(3),
    "psk proposal": lambda group: group.propose_psk(b"shared"),
    "extensions proposal": lambda group: group.propose_extensions(next_extensions()),
    "reinit proposal": lambda group: group.propose_reinit(ReInit(b"next", 1, 1, ())),
    "custom proposal": lambda group: group.propose(UnknownProposal(CUSTOM, b"custom")),
    "empty commit": lambda group: group.commit().message,
    "add commit": lambda group: group.commit(add=[fresh()], path=False).message,
    "add commit with path": lambda group: group.commit(add=[fresh()], path=True).message,
    "remove commit": lambda group: group.commit(remove=[3]).message,
    "psk commit": lambda group: (
        group.commit(psks=[b"shared", group.resumption_psk_id(group.epoch)]).message
    ),
    "extensions commit": lambda group: group.commit(extensions=next_extensions()).message,
    "reinit commit": lambda group: group.commit(reinit=ReInit(b"next", 1, 1, ())).message,
    "identity commit": lambda group: group.commit(update=client(b"alice")).message,
    "commit by reference": lambda group: group.commit(references=waiting(group)).message,
}
"""What Alice may send, by kind; in public and in private."""


def waiting(group: mls.Group) -> list[bytes]:
    """The references of the proposals that wait."""
    return [each.reference for each in group.proposals if each.reference is not None]


@cache
def scene() -> Scene:
    """Alice, Bob, Carol and Dave; each message is an alternative to all others."""
    alice, bob, carol, dave = group_of(b"alice", b"bob", b"carol", b"dave")
    other = group_of(b"alice", b"bob", group_id=b"other")[0]
    late = [carol.protect(b"late"), carol.propose_update(), carol.commit().message]
    pending = dave.commit()
    for group in (alice, bob, carol, dave):
        group.receive(pending.message)
    strange = (*late, pending.message, other.protect(b"other"), other.commit().message)
    first, message = alice.protect(b"first"), alice.protect(b"hello", b"beside")
    update = carol.propose_update()
    for group in (alice, bob, dave):
        group.receive(update)
    state, info = alice.snapshot(), alice.group_info()
    messages = {
        f"{form.name.split('_')[1]} {kind}": send(mls.Group.restore(state, ports(form)))
        for form in (PUBLIC, PRIVATE)
        for kind, send in SENDING.items()
    }
    joiner = client(b"joiner")
    rejoiner = mls.Group.join_externally(client(b"dave"), info, resync=3, ports=ports())
    observer = mls.PublicGroup(info, ports=ports())
    messages |= {
        "first application": first,
        "application": message,
        "leave": mls.Group.restore(state, ports()).leave(),
        "external join": mls.Group.join_externally(joiner, info, ports=ports()).commit,
        "resync": rejoiner.commit,
        "new member proposal": mls.propose_to_join(joiner, joiner.key_package(), info),
        "external proposal": observer.propose(warden(), Remove(3)),
    }
    return Scene(bob.snapshot(), messages, strange)


@cache
def door() -> Door:
    """Erin, at the door of a group of four."""
    alice = group_of(b"alice", b"bob", b"carol", b"dave")[0]
    erin, frank = client(b"erin"), client(b"frank")
    package, other = erin.key_package(), frank.key_package()
    both = [package.message, other.message]
    bare = alice.commit(add=both, welcome_tree=False)
    alice.discard(bare)
    pending = alice.commit(add=both)
    alice.accept(pending)
    return Door(
        erin,
        package,
        pending.welcome,
        bare.welcome,
        alice.ratchet_tree,
        alice.group_info(),
        alice.group_info(with_tree=False),
        alice.epoch_authenticator,
    )


def refused(call: Callable[[], object]) -> bool:
    """Whether a call raises a promised error; any other error fails the test."""
    try:
        call()
    except PROMISED:
        return True
    return False


@st.composite
def spliced(draw: st.DrawFn, data: bytes, others: tuple[bytes, ...]) -> bytes:
    """Bytes whose middle is that of another message."""
    other = draw(st.sampled_from(others))
    at, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    return data[:at] + other[at:end] + data[end:]


@st.composite
def flipped(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with one bit changed."""
    bit = draw(st.integers(0, 8 * len(data) - 1))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def worse(data: bytes, others: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Versions of a message that are not it."""
    cut = st.integers(0, len(data) - 1).map(lambda end: data[:end])
    longer = st.binary(min_size=1, max_size=20).map(lambda more: data + more)
    ways = flipped(data) | damaged(data) | spliced(data, others) | cut | longer
    return ways.filter(lambda made: made != data)


KINDS = [
    *(f"{form} {kind}" for form in ("public", "private") for kind in SENDING),
    "application",
    "leave",
    "external join",
    "resync",
    "new member proposal",
    "external proposal",
]


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(data=st.data())
def test_a_damaged_message_changes_nothing(kind: str, data: st.DataObject) -> None:
    good = scene().messages[kind]
    others = (*scene().messages.values(), *scene().strange)
    bob = mls.Group.restore(scene().receiver, ports())
    for bad in data.draw(st.lists(worse(good, others), min_size=1, max_size=4)):
        if bad not in others:
            assert refused(lambda message=bad: bob.receive(message))
            assert refused(lambda message=bad: bob.stage(message))
        assert bob.snapshot() == scene().receiver
    bob.receive(good)
    assert bob.snapshot() != scene().receiver


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_another_time_or_group_changes_nothing(kind: str) -> None:
    good = scene().messages[kind]
    bob = mls.Group.restore(scene().receiver, ports())
    for message in scene().strange[1:]:
        assert refused(lambda message=message: bob.receive(message))
        assert bob.snapshot() == scene().receiver
    bob.receive(good)
    before = bob.snapshot()
    again = refused(lambda: bob.receive(good))
    assert again or isinstance(_inside(good), PublicMessage)
    assert bob.snapshot() == before


def _inside(message: bytes) -> object:
    return MLSMessage.decode(message).message


@SETTINGS
@given(message=st.binary(max_size=300))
def test_any_bytes_change_nothing(message: bytes) -> None:
    bob = mls.Group.restore(scene().receiver, ports())
    for data in (message, b"\x00\x01\x00\x01" + message, b"\x00\x01\x00\x02" + message):
        assert refused(lambda message=data: bob.receive(message))
    assert bob.snapshot() == scene().receiver


@st.composite
def rewritten(draw: st.DrawFn, message: bytes) -> bytes:
    """A message whose outer fields are others, well formed and not signed anew."""
    outer = MLSMessage.decode(message)
    inner = outer.message
    changes = {
        "group_id": st.binary(max_size=8),
        "epoch": st.sampled_from([0, 5, 6, 7, 2**63, 2**64 - 1]),
        "authenticated_data": st.binary(max_size=8),
    }
    name = draw(st.sampled_from(sorted(changes)))
    value = draw(changes[name])
    if isinstance(inner, PrivateMessage):
        return outer.replace(message=inner.replace(**{name: value})).encode()
    assert isinstance(inner, PublicMessage)
    content = inner.content.replace(**{name: value})
    return outer.replace(message=inner.replace(content=content)).encode()


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(data=st.data())
def test_a_message_with_other_fields_changes_nothing(kind: str, data: st.DataObject) -> None:
    good = scene().messages[kind]
    bad = data.draw(rewritten(good).filter(lambda made: made != good))
    bob = mls.Group.restore(scene().receiver, ports())
    assert refused(lambda: bob.receive(bad))
    assert bob.snapshot() == scene().receiver


def join(welcome: bytes, tree: bytes | None = None) -> mls.Group:
    """Join by a Welcome."""
    here = door()
    return mls.Group.join(here.client, here.package, welcome, ratchet_tree=tree, ports=ports())


@SETTINGS
@given(data=st.data(), bare=st.booleans())
def test_nobody_joins_by_a_damaged_welcome(data: st.DataObject, *, bare: bool) -> None:
    here = door()
    good = here.bare if bare else here.welcome
    tree = here.tree if bare else None
    bad = data.draw(worse(good, (here.welcome, here.bare, here.info)))
    if not refused(lambda: join(bad, tree)):
        # What is meant for the other new member does not concern us.
        assert join(bad, tree).epoch_authenticator == join(good, tree).epoch_authenticator


@SETTINGS
@given(data=st.data(), by=st.sampled_from(["welcome", "info", "observer"]))
def test_nobody_joins_with_a_damaged_tree(data: st.DataObject, by: str) -> None:
    here = door()
    bad = data.draw(worse(here.tree, (here.info, here.welcome)))
    if by == "welcome":
        assert refused(lambda: join(here.bare, bad))
    elif by == "info":
        assert refused(lambda: enter(here.bare_info, bad))
    else:
        assert refused(lambda: mls.PublicGroup(here.bare_info, ratchet_tree=bad))


def enter(info: bytes, tree: bytes | None = None) -> mls.JoinedExternally:
    """Join by a GroupInfo."""
    return mls.Group.join_externally(client(b"x"), info, ratchet_tree=tree, ports=ports())


@SETTINGS
@given(data=st.data())
def test_nobody_joins_by_a_damaged_group_info(data: st.DataObject) -> None:
    here = door()
    bad = data.draw(worse(here.info, (here.bare_info, here.welcome)))
    assert refused(lambda: enter(bad))
    assert refused(lambda: mls.PublicGroup(bad, ports=ports()))
    assert refused(lambda: mls.propose_to_join(here.client, here.package, bad))


@SETTINGS
@given(data=st.data())
def test_nobody_is_added_by_a_damaged_key_package(data: st.DataObject) -> None:
    bob = mls.Group.restore(scene().receiver, ports())
    good = door().package.message
    bad = data.draw(worse(good, (door().info,)))
    with pytest.raises(CoveyError):
        bob.commit(add=[bad])
    with pytest.raises(CoveyError):
        bob.propose_add(bad)
    assert bob.snapshot() == scene().receiver


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("public")])
@SETTINGS
@given(data=st.data())
def test_a_damaged_message_does_not_change_an_observer(kind: str, data: st.DataObject) -> None:
    bob = mls.Group.restore(scene().receiver, ports())
    observer = mls.PublicGroup(bob.group_info(), ports=ports())
    good = scene().messages[kind]
    others = tuple(scene().messages.values())
    bad = data.draw(worse(good, others).filter(lambda made: made not in others))
    inside = None if refused(lambda: MLSMessage.decode(bad)) else _inside(bad)
    before = (observer.context, observer.tree, observer.proposals)
    if not refused(lambda: observer.receive(bad)):
        # It cannot check a membership tag or a confirmation tag.
        assert isinstance(inside, PublicMessage)
        assert inside.content == _inside(good).content  # type: ignore[attr-defined]
        return
    assert (observer.context, observer.tree, observer.proposals) == before
