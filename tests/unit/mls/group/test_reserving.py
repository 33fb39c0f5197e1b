"""Generations that are given up before they are used: no crash makes one be used twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import LocalProtocolError, MissingKeyError, StateError
from covey.mls.crypto.aead import Aead
from covey.mls.framing.private import ratchet_of
from covey.mls.wire.code_points import ContentType
from group_samples import ALL_SUITES, PRIVATE, PUBLIC, agree, everyone, found, key_package, member

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION, PROPOSAL, COMMIT = ContentType.application, ContentType.proposal, ContentType.commit
NOTHING = mls.Changes((), frozenset(), {})
POLICY = mls.Policy(handshake=PRIVATE, grease=False)


class Keeping:
    """A member that keeps its group in a store, and crashes."""

    def __init__(self, group: mls.Group) -> None:
        self.store: dict[bytes, bytes] = {}
        self.group = group
        group.ports.require_reserved = True
        self.write()

    def write(self) -> None:
        """Store what changed."""
        self.group.changes().apply_to(self.store)

    def reserve(self, content_type: ContentType, count: int = 16) -> None:
        """Give generations up, and store that."""
        self.group.reserve(content_type, count)
        self.write()

    def crash(self) -> None:
        """Begin again from the store."""
        self.group = mls.Group.load(self.store, self.group.ports)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The keys under which anything is encrypted; one that is used again fails the test."""
    found_keys: list[bytes] = []
    seal = Aead.seal

    def noted(aead: Aead, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        assert key not in found_keys
        found_keys.append(key)
        return seal(aead, key, nonce, aad, plaintext)

    monkeypatch.setattr(Aead, "seal", noted)
    return found_keys


def pair(suite: int = 1) -> tuple[Keeping, mls.Group]:
    """A member that keeps its group, and another one."""
    alice, bob = found("ab", suite, POLICY)
    return Keeping(alice), bob


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_a_crash_skips_what_was_left_and_uses_nothing_twice(suite: int, keys: list[bytes]) -> None:
    alice, bob = pair(suite)
    generations = []
    for left in (0, 1, 4, 7, 8):
        alice.reserve(APPLICATION, 8)
        while alice.group.reserved(APPLICATION) > left:
            event = bob.receive(alice.group.protect(b"hello"))
            assert isinstance(event, mls.MessageReceived)
            generations.append(event.generation)
        alice.crash()
        assert alice.group.reserved(APPLICATION) == 0
    assert generations == [*range(8), *range(8, 15), *range(16, 20), 24]
    assert alice.group.next_generation(APPLICATION) == 40
    assert len(keys) > 2 * len(generations)


def test_what_is_sent_from_the_reserve_changes_no_row() -> None:
    alice, bob = pair()
    alice.group.reserve(APPLICATION, 3)
    assert len(alice.group.changes().put) < 5
    for _ in range(3):
        bob.receive(alice.group.protect(b"hello"))
        assert alice.group.changes() == NOTHING


@pytest.mark.parametrize("content_type", [APPLICATION, PROPOSAL])
def test_stored_rows_open_nothing_that_was_sent(
    content_type: ContentType, keys: list[bytes]
) -> None:
    alice, bob = pair()
    alice.reserve(content_type, 4)
    keys.clear()
    first = alice.group.next_generation(content_type)
    for _ in range(3):
        application = content_type is APPLICATION
        bob.receive(alice.group.protect(b"x") if application else alice.group.propose_psk(b"psk"))
        alice.write()
    stolen = mls.Group.load(alice.store)
    tree, kind = stolen._state.secret_tree, ratchet_of(content_type)  # noqa: SLF001 - a thief looks
    for generation in range(first, first + 4):
        with pytest.raises(MissingKeyError):
            tree.peek(stolen.own_index, kind, generation)
    everything = b"".join(alice.store.values())
    assert len(keys) == 6
    assert not any(key in everything for key in keys)


def test_what_is_not_stored_yet_is_not_used() -> None:
    alice, bob = pair()
    alice.group.reserve(APPLICATION, 1)
    with pytest.raises(StateError, match="then store"):
        alice.group.protect(b"too early")
    alice.write()
    alice.group.reserve(APPLICATION, 2)
    bob.receive(alice.group.protect(b"the first one is stored"))
    with pytest.raises(StateError, match="then store"):
        alice.group.protect(b"the others are not")
    assert alice.group.reserved(APPLICATION) == 2
    alice.write()
    event = bob.receive(alice.group.protect(b"now"))
    assert isinstance(event, mls.MessageReceived)
    assert event.generation == 1


def test_receivers_follow_gaps_and_late_messages() -> None:
    alice, bob = pair()
    late = []
    for _ in range(3):
        alice.reserve(APPLICATION, 16)
        late.append(alice.group.protect(b"late"))
        alice.crash()
    for message in reversed(late):
        assert isinstance(bob.receive(message), mls.MessageReceived)


def test_an_epoch_that_ends_drops_what_was_reserved() -> None:
    alice, bob = pair()
    for group, other in ((alice.group, bob), (bob, alice.group)):
        before = group._state.secret_tree  # noqa: SLF001 - tests look inside
        group.reserve(APPLICATION, 4)
        group.reserve(COMMIT, 4)
        other.reserve(COMMIT, 1)
        alice.write()
        everyone([alice.group, bob], other.commit().message)
        assert (group.reserved(APPLICATION), group.reserved(COMMIT)) == (0, 0)
        assert before.reserve.left(group.own_index, ratchet_of(APPLICATION)) == 0
        assert group.next_generation(APPLICATION) == 0
    group = alice.group
    alice.reserve(COMMIT, 4)
    pending = group.commit()
    bob.receive(pending.message)
    assert group.reserved(COMMIT) == 3
    group.accept(pending)
    assert group.reserved(COMMIT) == 0
    agree([group, bob])


def test_looking_at_a_commit_drops_nothing() -> None:
    alice, bob = pair()
    alice.group.reserve(APPLICATION, 4)
    staged = alice.group.stage(bob.commit().message)
    assert isinstance(staged, mls.StagedCommit)
    assert alice.group.reserved(APPLICATION) == 4
    alice.group.apply(staged)
    assert alice.group.reserved(APPLICATION) == 0


def test_a_discarded_commit_gives_nothing_back(keys: list[bytes]) -> None:
    alice, bob = pair()
    alice.reserve(COMMIT, 3)
    for left in (2, 1):
        alice.group.discard(alice.group.commit())
        assert alice.group.reserved(COMMIT) == left
    pending = alice.group.commit()
    alice.write()
    alice.crash()
    assert alice.group.pending is not None
    assert alice.group.pending.message == pending.message
    assert alice.group.next_generation(COMMIT) == 3
    everyone([alice.group, bob], pending.message)
    agree([alice.group, bob])
    assert len(keys) == len(set(keys))


REFUSED: dict[str, tuple[ContentType, Callable[[mls.Group], object]]] = {
    "protect": (APPLICATION, lambda group: group.protect(b"hello")),
    "propose": (PROPOSAL, lambda group: group.propose_update()),
    "commit": (COMMIT, lambda group: group.commit()),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_is_encrypted_without_it_if_that_is_required(what: str) -> None:
    content_type, act = REFUSED[what]
    alice, _ = pair()
    before = alice.group.snapshot()
    with pytest.raises(
        StateError, match=rf"nothing is reserved: reserve\(ContentType.{content_type.name}"
    ):
        act(alice.group)
    assert alice.group.snapshot() == before
    alice.reserve(content_type, 1)
    act(alice.group)
    assert alice.group.reserved(content_type) == 0


@pytest.mark.parametrize("what", REFUSED)
def test_without_that_all_is_as_it_was(what: str) -> None:
    content_type, act = REFUSED[what]
    group = found("ab", policy=POLICY)[0]
    assert not group.require_reserved
    act(group)
    assert group.next_generation(content_type) == 1


def test_public_messages_need_none() -> None:
    group = found("abc", policy=mls.Policy(handshake=PUBLIC))[0]
    group.ports.require_reserved = True
    group.propose_update()
    group.commit()
    other = found("abc", policy=POLICY)[0]
    other.ports.require_reserved = True
    other.leave()


def test_what_is_refused_uses_up_none() -> None:
    alice, bob = pair()
    alice.group.receive(bob.propose_update())
    alice.reserve(APPLICATION, 2)
    alice.reserve(PROPOSAL, 2)
    with pytest.raises(LocalProtocolError, match="VAL-112"):
        alice.group.protect(b"too early")
    with pytest.raises(LocalProtocolError, match="VAL-117"):
        alice.group.propose_remove(9)
    with pytest.raises(LocalProtocolError):
        alice.group.commit(add=[key_package(member("a", 2))])
    assert (alice.group.reserved(APPLICATION), alice.group.reserved(COMMIT)) == (2, 2)


def test_proposals_and_commits_share_one_ratchet() -> None:
    alice, bob = pair()
    alice.reserve(PROPOSAL, 2)
    assert (alice.group.reserved(PROPOSAL), alice.group.reserved(COMMIT)) == (2, 2)
    bob.receive(alice.group.propose_psk(b"psk"))
    assert alice.group.next_generation(COMMIT) == 1
    alice.group.commit(references=())
    assert alice.group.reserved(PROPOSAL) == 0


def test_a_group_can_be_founded_and_continued() -> None:
    client = member("a", policy=POLICY)
    ports = mls.Ports(POLICY, require_reserved=True)
    begun = mls.Group.found(client, [key_package(member("b"))], ports=ports)
    assert begun.group.epoch == 1
    assert begun.group.require_reserved
    branch = begun.group.branch(client, [key_package(member("b"))])
    assert branch.group.require_reserved


def test_who_is_out_reserves_nothing() -> None:
    alice, bob = pair()
    alice.reserve(COMMIT)
    bob.reserve(APPLICATION)
    bob.receive(alice.group.commit(remove=[1]).message)
    assert bob.reserved(APPLICATION) == 0
    with pytest.raises(StateError, match="VAL-162"):
        bob.reserve(APPLICATION)


def test_what_is_no_content_type_is_refused() -> None:
    group = found("a")[0]
    with pytest.raises(TypeError):
        group.reserve(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        group.reserved(1)  # type: ignore[arg-type]
