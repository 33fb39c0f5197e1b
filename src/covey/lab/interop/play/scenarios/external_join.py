"""Joining by an external commit (RFC 9420 §12.4.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.interop.play.scenarios.registry import scenario

if TYPE_CHECKING:
    from covey.lab.interop.play.scene import Scene


@scenario
def alone(scene: Scene) -> None:
    """Into a group of one."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice)
    scene.external_join(alice, bob)
    scene.talk()


@scenario
def more_members(scene: Scene) -> None:
    """Into a group of four, by the GroupInfo of each of them in turn."""
    members = [scene.actor(f"member {index}") for index in range(4)]
    scene.create(*members)
    clients = [each.client for each in members]
    for index, helper in enumerate(members):  # by a member of another stack
        joiner = scene.engage(f"newcomer {index}", clients[(index + 1) % len(clients)])
        scene.external_join(helper, joiner)
    scene.talk()


@scenario
def with_psk(scene: Scene) -> None:
    """With external PSKs; a member that lacks one cannot follow."""
    alice, bob, carol, dave = (scene.actor(name) for name in ("alice", "bob", "carol", "dave"))
    scene.create(alice, dave)
    scene.external_join(alice, bob, psks=[scene.install_psk(alice)], lost=[dave])
    scene.external_join(bob, carol, psks=[scene.install_psk(), scene.install_psk()])
    scene.talk()


@scenario
def resync(scene: Scene) -> None:
    """In place of an older appearance of oneself."""
    alice, bob, carol, dave = (scene.actor(name) for name in ("alice", "bob", "carol", "dave"))
    scene.create(alice, bob, carol, dave)
    for each, helper in ((bob, alice), (carol, dave)):
        again = scene.engage(each.name, each.client)
        scene.external_join(helper, again, prior=each)
    scene.talk()


@scenario
def external_tree(scene: Scene) -> None:
    """With the ratchet tree beside the GroupInfo."""
    alice, bob, carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
    scene.create(alice)
    scene.external_join(alice, bob, external_tree=True)
    scene.external_join(bob, carol, external_tree=True)
    scene.talk()
