"""Application messages (RFC 9420 §6.3, §15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.play.values import remove

if TYPE_CHECKING:
    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene


class _Sent(NamedTuple):
    message: bytes
    plaintext: bytes
    authenticated_data: bytes


def _send(sender: Actor, number: int) -> _Sent:
    plaintext, beside = f"message {number}".encode(), f"beside {number}".encode()
    return _Sent(sender.protect(plaintext, beside), plaintext, beside)


@scenario
def in_order(scene: Scene) -> None:
    """Messages in the order in which they were sent, both ways."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice, bob)
    for sender, reader in ((alice, bob), (bob, alice)):
        for sent in [_send(sender, number) for number in range(5)]:
            scene.read(reader, *sent)


@scenario
def out_of_order(scene: Scene) -> None:
    """Messages of one epoch in another order, both ways."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice, bob)
    for sender, reader in ((alice, bob), (bob, alice)):
        sent = [_send(sender, number) for number in range(10)]
        for number in (9, 0, 5, 4, 1, 8, 2, 3, 7, 6):
            scene.read(reader, *sent[number])


@scenario
def past_epochs(scene: Scene) -> None:
    """Messages of the last three epochs after those of the present one, both ways."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice, bob)
    sent: list[tuple[Actor, _Sent]] = []
    for epoch in range(3):
        sent += [(bob, _send(alice, number)) for number in range(3)]
        sent += [(alice, _send(bob, number)) for number in range(3)]
        scene.commit((alice, bob)[epoch % 2], force_path=True)
    scene.talk()
    for reader, each in reversed(sent):
        scene.read(reader, *each)


@scenario
def sizes(scene: Scene) -> None:
    """Messages of no byte, of 100,000 bytes, and with as much beside them."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice, bob)
    long = scene.random.randbytes(100_000)
    for sender, reader in ((alice, bob), (bob, alice)):
        for plaintext, beside in ((b"", b""), (long, b""), (b"", long), (b"\0" * 64, b"\0")):
            scene.read(reader, sender.protect(plaintext, beside), plaintext, beside)


@scenario
def many(scene: Scene) -> None:
    """Messages of five members to all others, in three epochs."""
    members = [scene.actor(f"member {index}") for index in range(5)]
    scene.create(*members)
    for index in range(3):
        scene.talk()
        scene.commit(members[index], force_path=True)


@scenario
def sender_removed(scene: Scene) -> None:
    """Messages of members that have been removed since."""
    alice, bob, carol, dave = (scene.actor(name) for name in ("alice", "bob", "carol", "dave"))
    scene.create(alice, bob, carol, dave)
    for removed, reader in ((dave, alice), (carol, bob)):
        sent = _send(removed, 1)
        scene.commit(reader, by_value=[remove(removed)], removed=[removed])
        for each in (alice, bob):
            scene.read(each, *sent)
