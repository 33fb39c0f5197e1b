"""Joining by a Welcome (RFC 9420 §12.4.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.forge.certificates import Authority
from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.play.values import add, external_psk, remove
from covey.lab.interop.play.witness import DisagreementError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.credentials import X509Credential

if TYPE_CHECKING:
    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene


@scenario
def without_path(scene: Scene) -> None:
    """A Welcome without a path secret."""
    alice, bob, carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
    scene.create(alice)
    scene.commit(alice, joiners=[bob])
    scene.commit(bob, joiners=[carol])
    scene.talk()


@scenario
def with_path(scene: Scene) -> None:
    """A Welcome with a path secret."""
    alice, bob, carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
    scene.create(alice)
    scene.commit(alice, joiners=[bob], force_path=True)
    scene.commit(bob, joiners=[carol], force_path=True)
    scene.talk()


@scenario
def with_psk(scene: Scene) -> None:
    """A Welcome with an external PSK; who lacks it cannot join."""
    alice, bob, carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
    scene.create(alice)
    for committer, joiner, name in ((alice, bob, "dave"), (bob, carol, "erin")):
        without = scene.actor(name)
        packages = [each.key_package() for each in (joiner, without)]
        psk = scene.install_psk(*scene.members, joiner)
        scene.commit(
            committer,
            by_value=[*map(add, packages), external_psk(psk)],
            welcomed=[joiner, without],
            lost=[without],
        )
        scene.commit(committer, by_value=[remove(without)], removed=[without])
    scene.talk()


@scenario
def external_tree(scene: Scene) -> None:
    """The ratchet tree beside the Welcome."""
    alice, bob, carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
    scene.create(alice)
    scene.commit(alice, joiners=[bob], external_tree=True)
    scene.commit(bob, joiners=[carol], external_tree=True)
    scene.talk()


@scenario
def batched(scene: Scene) -> None:
    """Five new members by one commit, and three more by the next, of another member."""
    alice, bob, *others = (scene.actor(f"member {index}") for index in range(9))
    scene.create(alice)
    scene.commit(alice, joiners=[bob, *others[:4]])
    scene.commit(bob, joiners=others[4:])
    scene.talk()


@scenario
def x509(scene: Scene) -> None:
    """Members with X.509 credentials."""
    authority = Authority("Interop Authority", scene.random.randbytes)
    # a client keeps a certificate for as long as it runs: names that no other scenario has
    names = (f"{name} {scene.random.randbytes(4).hex()}" for name in ("alice", "bob", "carol"))
    alice, bob, carol = map(scene.actor, names)
    for each in (alice, bob, carol):
        _certify(scene, authority, each)
    scene.create(alice, bob)
    scene.commit(bob, joiners=[carol])
    if not all(isinstance(each.credential, X509Credential) for each in scene.look().leaves):
        msg = "somebody has no X.509 credential, and was given a certificate"
        raise DisagreementError(msg)
    scene.talk()
    scene.commit(carol, removed=[alice], by_reference=[bob.propose_remove(alice)])
    scene.talk()


def _certify(scene: Scene, authority: Authority, actor: Actor) -> None:
    scheme = get_suite(scene.suite).signature
    key = scheme.generate(scene.random.randbytes)
    certificate = authority.certificate(actor.name, scheme, scheme.public_key(key))
    actor.use_certificate([certificate], [authority.root], key)
