"""Commits of every kind of proposal, by value and by reference (RFC 9420 §12.1, §12.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.interop.play import values
from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene

PRIVATE: Final = pb.Extension(extension_type=0xF0A0, extension_data=b"of the application")
"""An extension for private use, which our test clients support (§17.3)."""

REQUIRED: Final = pb.Extension(extension_type=3, extension_data=bytes.fromhex("02f0a00000"))
"""``required_capabilities`` (§11.1): all members support the extension above."""


def _company(scene: Scene) -> tuple[Actor, Actor, Actor, Actor]:
    alice, bob, carol, dave = (scene.actor(name) for name in ("alice", "bob", "carol", "dave"))
    scene.create(alice, bob, carol, dave)
    return alice, bob, carol, dave


@scenario
def empty(scene: Scene) -> None:
    """No proposal: the committer renews its keys."""
    for each in _company(scene):
        scene.commit(each)
    scene.talk()


@scenario
def add(scene: Scene) -> None:
    """Add, by value and by reference."""
    alice, bob, carol, dave = _company(scene)
    scene.commit(bob, joiners=[scene.actor("erin")])
    scene.commit(alice, joiners=[scene.actor("frank")])
    for proposer, committer, name in ((carol, dave, "grace"), (carol, carol, "heidi")):
        joiner = scene.actor(name)
        proposal = proposer.propose_add(joiner.key_package())
        scene.commit(committer, by_reference=[proposal], welcomed=[joiner])
    scene.talk()


@scenario
def update(scene: Scene) -> None:
    """Update, by reference."""
    alice, bob, carol, dave = _company(scene)
    for proposer, committer in ((bob, alice), (alice, bob), (carol, dave), (dave, carol)):
        scene.commit(committer, by_reference=[proposer.propose_update()], renewed=[proposer])
    scene.talk()


@scenario
def remove(scene: Scene) -> None:
    """Remove, by value and by reference, until one is left."""
    alice, bob, carol, dave = _company(scene)
    proposal = alice.propose_remove(dave)
    scene.commit(bob, by_reference=[proposal], removed=[dave])
    scene.talk()
    scene.commit(bob, by_value=[values.remove(alice)], removed=[alice])
    scene.talk()
    scene.commit(carol, by_value=[values.remove(bob)], removed=[bob])


@scenario
def remove_and_add(scene: Scene) -> None:
    """The places of removed members are filled again, in the same commit and in later ones."""
    alice, bob, carol, dave = _company(scene)
    erin, frank = scene.actor("erin"), scene.actor("frank")
    scene.commit(carol, by_value=[values.remove(bob)], joiners=[erin], removed=[bob])
    scene.commit(dave, by_value=[values.remove(alice)], removed=[alice])
    scene.commit(erin, joiners=[frank])
    scene.commit(frank)
    scene.talk()


@scenario
def unmerged(scene: Scene) -> None:
    """Paths that meet members where those are unmerged, and joining such trees."""
    alice, bob, carol, dave, erin, *others = (scene.actor(f"member {each}") for each in range(9))
    scene.create(alice, bob, carol)
    scene.commit(carol, force_path=True)
    scene.commit(carol, joiners=[dave, erin])
    scene.commit(erin, force_path=True)
    for each in others:
        scene.commit(alice, joiners=[each])
        scene.commit(bob, force_path=True)
    scene.commit(others[0], force_path=True)
    scene.talk()


@scenario
def external_psk(scene: Scene) -> None:
    """An external PSK, by value and by reference; who lacks it cannot follow."""
    alice, bob, carol, dave = _company(scene)
    psk = scene.install_psk(alice, bob, carol)
    scene.commit(alice, by_value=[values.external_psk(psk)], lost=[dave])
    erin = scene.actor("erin")
    scene.commit(bob, by_value=[values.remove(dave)], joiners=[erin], removed=[dave])
    psk = scene.install_psk(alice, bob, carol)
    proposal = carol.propose_external_psk(psk.id)
    scene.commit(bob, by_reference=[proposal], lost=[erin])
    scene.commit(carol, by_value=[values.external_psk(scene.install_psk())])
    scene.talk()


@scenario
def resumption_psk(scene: Scene) -> None:
    """The resumption PSK of a past epoch, by value and by reference; newcomers lack it."""
    alice, bob, carol, dave = _company(scene)
    scene.commit(alice, by_value=[values.resumption_psk(scene.epoch)])
    scene.commit(bob, by_value=[values.resumption_psk(scene.epoch - 1)])
    erin = scene.actor("erin")
    scene.commit(carol, joiners=[erin])
    proposal = dave.propose_resumption_psk(scene.epoch - 1)
    scene.commit(carol, by_reference=[proposal], lost=[erin])
    scene.commit(dave, by_value=[values.remove(erin)], removed=[erin])
    scene.talk()


@scenario
def extensions(scene: Scene) -> None:
    """GroupContextExtensions, by value and by reference."""
    alice, bob, carol, dave = _company(scene)
    scene.commit(alice, by_value=[values.extensions(PRIVATE)])
    listed = [REQUIRED, PRIVATE]
    scene.commit(bob, by_reference=[dave.propose_extensions(listed)], extended=listed)
    scene.commit(carol, joiners=[scene.actor("erin")])
    scene.talk()


@scenario
def no_extensions(scene: Scene) -> None:
    """GroupContextExtensions with extensions, then without any."""
    alice, bob, _, _ = _company(scene)
    scene.commit(alice, by_value=[values.extensions(REQUIRED, PRIVATE)])
    scene.commit(alice, by_value=[values.extensions()])
    scene.commit(alice, force_path=True)
    scene.commit(bob, force_path=True)
    scene.talk()


@scenario
def with_path(scene: Scene) -> None:
    """Proposals that need no path, with one all the same."""
    alice, bob, _, _ = _company(scene)
    scene.commit(alice, joiners=[scene.actor("erin")], force_path=True)
    psk = values.external_psk(scene.install_psk())
    scene.commit(bob, by_value=[psk], force_path=True)
    scene.talk()


@scenario
def mixed(scene: Scene) -> None:
    """Many kinds of proposals in one commit, of several members, by value and by reference."""
    _mixed(scene, with_update=False)


@scenario
def mixed_with_update(scene: Scene) -> None:
    """The same, and an Update."""
    _mixed(scene, with_update=True)


def _mixed(scene: Scene, *, with_update: bool) -> None:
    alice, bob, carol, dave = _company(scene)
    erin, frank, grace = (scene.actor(name) for name in ("erin", "frank", "grace"))
    scene.commit(dave, joiners=[erin])
    first, second = scene.install_psk(), scene.install_psk()
    by_reference = [
        *([alice.propose_update()] if with_update else []),
        carol.propose_remove(dave),
        carol.propose_external_psk(first.id),
        erin.propose_extensions([REQUIRED, PRIVATE]),
        erin.propose_add(frank.key_package()),
    ]
    # who comes has to have the PSKs too: the Welcome is encrypted by them (§12.4.3)
    package = grace.key_package()
    for each in (frank, grace):
        for psk in (first, second):
            each.store_psk(psk.id, psk.secret)
    scene.commit(
        bob,
        by_reference=by_reference,
        by_value=[values.add(package), values.external_psk(second)],
        welcomed=[frank, grace],
        removed=[dave],
        renewed=[alice] if with_update else [],
        extended=[REQUIRED, PRIVATE],
    )
    scene.talk()


@scenario
def proposals_left(scene: Scene) -> None:
    """A proposal that is not committed lapses with the epoch, and another member's may follow."""
    alice, bob, carol, dave = _company(scene)
    psk = scene.install_psk()
    carol.propose_external_psk(psk.id)
    scene.commit(alice, force_path=True)
    scene.commit(bob, by_reference=[dave.propose_external_psk(psk.id)])
    scene.talk()


@scenario
def overtaken(scene: Scene) -> None:
    """Two members commit at once; who loses drops its own and follows the other's."""
    alice, bob, carol, _ = _company(scene)
    bob.commit(force_path=True)
    scene.commit(alice, force_path=True)
    carol.commit(force_path=True)
    scene.commit(bob, force_path=True)
    scene.commit(carol, force_path=True)
    scene.talk()
