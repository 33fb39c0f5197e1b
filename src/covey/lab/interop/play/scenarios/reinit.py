"""Groups that continue a whole group with other parameters (RFC 9420 §11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.interop.calls import CallError
from covey.lab.interop.play.scenarios.commit import PRIVATE, REQUIRED
from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.play.witness import DisagreementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene
    from covey.lab.interop.proto import mls_client_pb2 as pb

_NAMES = ("alice", "bob", "carol", "dave")


def _company(scene: Scene) -> list[Actor]:
    members = [scene.actor(name) for name in _NAMES]
    scene.create(*members)
    return members


def _reinit(
    scene: Scene,
    roles: tuple[Actor, Actor, Actor],
    *,
    suite: int | None = None,
    group_id: bytes | None = None,
    extensions: Sequence[pb.Extension] = (),
    force_path: bool = False,
    external_tree: bool = False,
) -> None:
    """One member proposes, one commits, one makes the new group."""
    proposer, committer, founder = roles
    scene.group_id = group_id or scene.random.randbytes(16)
    scene.suite = suite or scene.suite
    scene.extensions = [(each.extension_type, each.extension_data) for each in extensions]
    proposal = proposer.propose_reinit(scene.suite, scene.group_id, extensions)
    follow(scene, committer, founder, proposal, force_path=force_path, external_tree=external_tree)


def follow(
    scene: Scene,
    committer: Actor,
    founder: Actor,
    proposal: bytes,
    *,
    force_path: bool = False,
    external_tree: bool = False,
) -> None:
    """Commit a ReInit, make the group that follows, and have everybody join it.

    The scene's group_id, suite and extensions are those of the new group already.

    Raises:
        DisagreementError: Members differ about the last epoch of the old group, or the new one.
    """
    made = committer.commit([proposal], call="ReInitCommit")
    ended = {
        each: each.accept_reinit()
        if each is committer
        else each.receive_reinit(made.commit, [proposal])
        for each in scene.members
    }
    if len({each.epoch_authenticator for each in ended.values()}) != 1:
        msg = "members differ about the last epoch of the old group"
        raise DisagreementError(msg)
    others = [each for each in scene.members if each is not founder]
    founded = founder.reinit_welcome(
        [ended[each].key_package for each in others],
        force_path=force_path,
        external_tree=external_tree,
    )
    for each in others:
        each.join_reinit(founded.welcome, founded.ratchet_tree)
    scene.succeed(founder, founded, force_path=force_path)
    scene.commit(others[0], force_path=True)


@scenario
def group_id(scene: Scene) -> None:
    """Another group_id; proposed, committed and continued by three members."""
    alice, bob, carol, _ = _company(scene)
    _reinit(scene, (alice, bob, carol))


@scenario
def suite(scene: Scene) -> None:
    """Another cipher suite, that all have."""
    alice, bob, carol, _ = _company(scene)
    common = set.intersection(*(scene.suites_of(each) for each in scene.cast))
    others = sorted(common - {scene.suite})
    if not others:
        raise CallError(scene.cast[-1].name, "ReInitProposal", "UNIMPLEMENTED", "no other suite")
    _reinit(scene, (bob, carol, alice), suite=others[0])


@scenario
def same_group_id(scene: Scene) -> None:
    """The same group_id, and all else the same too."""
    alice, bob, carol, _ = _company(scene)
    _reinit(scene, (carol, bob, alice), group_id=scene.group_id)


@scenario
def extensions(scene: Scene) -> None:
    """Other extensions."""
    alice, bob, _, dave = _company(scene)
    _reinit(scene, (dave, bob, alice), extensions=[REQUIRED, PRIVATE])


@scenario
def one_does_all(scene: Scene) -> None:
    """All by one member."""
    _, bob, _, _ = _company(scene)
    _reinit(scene, (bob, bob, bob))


@scenario
def external_tree(scene: Scene) -> None:
    """With the ratchet tree beside the Welcome."""
    alice, bob, carol, _ = _company(scene)
    _reinit(scene, (carol, alice, bob), external_tree=True)


@scenario
def force_path(scene: Scene) -> None:
    """With a path in the new group's first commit."""
    alice, bob, _, dave = _company(scene)
    _reinit(scene, (alice, dave, bob), force_path=True)
