"""Cases of the three families passive-client-…. May import the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.generate.scenes import HANDSHAKES, PSK_ID, Scene
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.structs.proposals import ReInit
from covey.mls.wire.code_points import CredentialType, ExtensionType, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.group import Group

_MEMBERS: Final = 5  # without the watcher
_RANDOM_EPOCHS: Final = 30
_MOST: Final = 12  # members of a random group, about


def passive_client_welcome(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """With and without a PSK, a tree in the Welcome, a path in the commit."""
    for psk in (False, True):
        for tree_inside in (True, False):
            for path in (False, True):
                scene = Scene(suite, entropy)
                scene.found(1 + entropy.below(_MEMBERS))
                scene.welcome_watcher(psk=psk, tree_inside=tree_inside, path=path)
                yield scene.case()


def passive_client_handling_commit(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """Every kind of commit, in public and in private handshakes."""
    for kind in _KINDS:
        for handshake in HANDSHAKES:
            scene = Scene(suite, entropy, handshake)
            scene.found(_MEMBERS)
            scene.welcome_watcher()
            kind(scene)
            if scene.groups[0].is_active:
                scene.epoch(scene.groups[-1])
            yield scene.case()


def _empty(scene: Scene) -> None:
    scene.epoch(scene.groups[2])


def _add(scene: Scene) -> None:
    newcomer = scene.newcomer()
    scene.epoch(scene.groups[1], (), [newcomer], add=[newcomer[1].message])


def _proposed_add(scene: Scene) -> None:
    newcomer, proposer = scene.newcomer(), scene.groups[3]
    message = proposer.propose_add(newcomer[1].message)
    scene.epoch(scene.groups[1], [(proposer, message)], [newcomer])


def _remove(scene: Scene) -> None:
    scene.epoch(scene.groups[1], remove=[scene.groups[2].own_index])


def _proposed_remove(scene: Scene) -> None:
    proposer = scene.groups[3]
    message = proposer.propose_remove(scene.groups[4].own_index)
    scene.epoch(scene.groups[0], [(proposer, message)])


def _update(scene: Scene) -> None:
    updates = [(group, group.propose_update()) for group in scene.groups[:2]]
    scene.epoch(scene.groups[4], updates)


def _external_psk(scene: Scene) -> None:
    scene.share_psk()
    scene.epoch(scene.groups[1], psks=[PSK_ID])
    proposer = scene.groups[2]
    scene.epoch(scene.groups[0], [(proposer, proposer.propose_psk(PSK_ID))])


def _resumption_psk(scene: Scene) -> None:
    scene.epoch(scene.groups[1])
    committer = scene.groups[0]
    scene.epoch(committer, psks=[committer.resumption_psk_id(committer.epoch - 1)])


def _extensions(scene: Scene) -> None:
    required = RequiredCapabilities((), (), (CredentialType.basic,))
    extension = Extension(ExtensionType.required_capabilities, required.encode())
    scene.epoch(scene.groups[1], extensions=[extension])
    proposer = scene.groups[2]
    scene.epoch(scene.groups[3], [(proposer, proposer.propose_extensions(()))])


def _external_join(scene: Scene) -> None:
    scene.join_externally()


def _resync(scene: Scene) -> None:
    scene.join_externally(resync=scene.groups[2])


def _reinit(scene: Scene) -> None:
    reinit = ReInit(scene.entropy(16), ProtocolVersion.mls10, scene.suite.code, ())
    scene.epoch(scene.groups[1], reinit=reinit)


def _all_at_once(scene: Scene) -> None:
    scene.share_psk()
    one, other, proposer = scene.newcomer(), scene.newcomer(), scene.groups[1]
    proposals = [
        (proposer, proposer.propose_add(one[1].message)),
        (proposer, proposer.propose_psk(PSK_ID)),
        (proposer, proposer.propose_remove(scene.groups[2].own_index)),
        (scene.groups[3], scene.groups[3].propose_update()),
    ]
    removed = scene.groups[4].own_index
    scene.epoch(scene.groups[0], proposals, [one, other], add=[other[1].message], remove=[removed])


_KINDS: Final[tuple[Callable[[Scene], None], ...]] = (
    _empty,
    _add,
    _proposed_add,
    _remove,
    _proposed_remove,
    _update,
    _external_psk,
    _resumption_psk,
    _extensions,
    _external_join,
    _resync,
    _reinit,
    _all_at_once,
)


def passive_client_random(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """Many epochs, each with a few proposals of several members."""
    scene = Scene(suite, entropy)
    scene.found(3)
    scene.welcome_watcher()
    scene.share_psk()
    for _ in range(_RANDOM_EPOCHS):
        _random_epoch(scene)
    yield scene.case()


def _random_epoch(scene: Scene) -> None:
    """One change for each member at most; newcomers by reference or by value."""
    entropy, groups = scene.entropy, list(scene.groups)
    if entropy.below(8) == 0:
        scene.join_externally()
        return
    committer = groups.pop(entropy.below(len(groups)))
    proposals: list[tuple[Group, bytes]] = []
    for group in groups:
        choice = entropy.below(6)
        if choice == 0:
            proposals.append((group, group.propose_update()))
        elif choice == 1 and len(groups) > 2:
            proposals.append((committer, committer.propose_remove(group.own_index)))
    newcomers = [scene.newcomer() for _ in range(entropy.below(4))]
    if len(groups) >= _MOST:
        newcomers = []
    by_value = []
    for newcomer in newcomers:
        if entropy.below(2):
            by_value.append(newcomer[1].message)
        else:
            proposals.append((committer, committer.propose_add(newcomer[1].message)))
    psks = [PSK_ID] if entropy.below(3) == 0 else []
    scene.epoch(committer, proposals, newcomers, add=by_value, psks=psks)
