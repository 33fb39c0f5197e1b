"""Groups of some of the members (RFC 9420 §11.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.interop.play.scenarios.commit import PRIVATE, REQUIRED
from covey.lab.interop.play.scenarios.registry import scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.interop.play.scene import Scene
    from covey.lab.interop.proto import mls_client_pb2 as pb

_NAMES = ("alice", "bob", "carol", "dave")


def _branch(
    scene: Scene,
    count: int,
    extensions: Sequence[pb.Extension] = (),
    *,
    force_path: bool = False,
    external_tree: bool = False,
) -> None:
    """Make a branch with the first members, then go on in both groups."""
    members = [scene.actor(name) for name in _NAMES]
    scene.create(*members)
    old, old_epoch = [each.another_life() for each in members], scene.epoch
    founder, *others = members[:count]
    packages = [each.key_package() for each in others]
    group_id = scene.random.randbytes(16)
    founded = founder.branch(
        group_id,
        extensions,
        packages,
        force_path=force_path,
        external_tree=external_tree,
    )
    for each in others:
        each.join_branch(founded.welcome, founded.ratchet_tree)
    was = (scene.group_id, old, old_epoch, scene.extensions)
    scene.group_id, scene.members = group_id, [founder, *others]
    scene.extensions = [(each.extension_type, each.extension_data) for each in extensions]
    scene.succeed(founder, founded, force_path=force_path)
    scene.commit(others[0], force_path=True)
    scene.group_id, scene.members, scene.epoch, scene.extensions = was
    scene.agree()
    scene.commit(old[-1], force_path=True)
    scene.talk()


@scenario
def everybody(scene: Scene) -> None:
    """With all members."""
    _branch(scene, len(_NAMES))


@scenario
def some(scene: Scene) -> None:
    """With some members, while the others go on without."""
    _branch(scene, 3)


@scenario
def with_extensions(scene: Scene) -> None:
    """With other extensions."""
    _branch(scene, 3, [REQUIRED, PRIVATE])


@scenario
def external_tree(scene: Scene) -> None:
    """With the ratchet tree beside the Welcome."""
    _branch(scene, 3, external_tree=True)


@scenario
def force_path(scene: Scene) -> None:
    """With a path in its first commit."""
    _branch(scene, 3, force_path=True)
