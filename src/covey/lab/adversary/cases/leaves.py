"""RFC 9420 §7.2, §7.3: leaves that may not stand in a tree. May import the forge.

Their signatures, and where they come from. Their keys are in :mod:`.leaf_keys`, what they
support in :mod:`.leaf_capabilities` and :mod:`.leaf_compatibility`, for how long in
:mod:`.leaf_lifetimes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import (
    changing,
    changing_after,
    in_add,
    in_external_path,
    in_group_info,
    in_path,
    in_update,
    in_welcome,
    packaged,
    proposed_add,
    unread,
    update,
    with_fields,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, recompiled, without
from covey.lab.adversary.victims import Trial
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import Add
from covey.mls.structs.tree import LeafNode, Lifetime
from covey.mls.wire.code_points import ExtensionType, LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage

SIGNATURE_UNREAD: Final = unread("LeafNodeTBS")

# --- VAL-029, VAL-030, VAL-050: the signature -------------------------------------------


def _unsigned(leaf: LeafNode) -> LeafNode:
    return leaf.replace(signature=bytes(len(leaf.signature)))


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def an_update_with_a_wrong_signature(stage: Stage) -> Trial:
    """Mallory proposes an Update whose leaf nobody has signed."""
    return in_update(stage, changing_after(_unsigned))


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def a_path_with_a_wrong_signature(stage: Stage) -> Trial:
    """Mallory commits a path whose leaf nobody has signed."""
    return in_path(stage, changing_after(_unsigned))


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def an_external_path_with_a_wrong_signature(stage: Stage) -> Trial:
    """A stranger joins with a leaf that nobody has signed."""
    return in_external_path(stage, changing_after(_unsigned))


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def a_key_package_with_a_wrong_leaf_signature(stage: Stage) -> Trial:
    """Mallory proposes to add a client, who has signed its KeyPackage, but not the leaf in it."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, leaf_node=_unsigned(package.package.leaf_node))
    return proposed_add(stage, bad.package, package.package)


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def a_welcome_with_a_wrong_leaf_signature(stage: Stage) -> Trial:
    """In the tree of a Welcome stands a leaf that nobody has signed."""
    return in_welcome(stage, changing_after(_unsigned))


@breaks("VAL-029", instead=SIGNATURE_UNREAD)
def a_group_info_with_a_wrong_leaf_signature(stage: Stage) -> Trial:
    """In the tree of a GroupInfo stands a leaf that nobody has signed."""
    return in_group_info(stage, changing_after(_unsigned))


def _to_be_signed(change: Callable[..., tuple[Any, ...]]) -> Callable[[], Any]:
    """What begins to sign and verify leaves of another group or place."""

    def instead(tbs: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda leaf, group_id, index: tbs(*change(leaf, group_id, index))

    return altering(("rules.leaves:leaf_tbs", instead))


OTHER_GROUP: Final = _to_be_signed(lambda leaf, group_id, index: (leaf, group_id + b"?", index))
OTHER_LEAF: Final = _to_be_signed(lambda leaf, group_id, index: (leaf, group_id, index + 1))


@breaks("VAL-030", named="VAL-029", instead=OTHER_GROUP)
def an_update_signed_for_another_group(stage: Stage) -> Trial:
    """Mallory proposes a leaf that somebody has signed for an Update of another group."""
    return in_update(stage, OTHER_GROUP)


@breaks("VAL-030", named="VAL-029", instead=OTHER_LEAF)
def an_update_signed_for_another_leaf(stage: Stage) -> Trial:
    """Mallory proposes a leaf that was signed for another place in the tree."""
    return in_update(stage, OTHER_LEAF)


@breaks("VAL-030", named="VAL-029", instead=OTHER_GROUP)
def a_path_signed_for_another_group(stage: Stage) -> Trial:
    """Mallory commits a leaf that somebody has signed for a commit in another group."""
    return in_path(stage, OTHER_GROUP)


@breaks("VAL-030", named="VAL-029", instead=OTHER_LEAF)
def a_path_signed_for_another_leaf(stage: Stage) -> Trial:
    """Mallory commits a leaf that was signed for another place in the tree."""
    return in_path(stage, OTHER_LEAF)


@breaks("VAL-030", named="VAL-029", instead=SIGNATURE_UNREAD)
def a_welcome_with_a_leaf_of_another_place(stage: Stage) -> Trial:
    """In the tree of a Welcome stands a leaf that was signed for another place."""
    return in_welcome(stage, OTHER_LEAF)


def _always_with_group(tbs: Callable[..., bytes]) -> Callable[..., bytes]:
    def made(leaf: LeafNode, group_id: bytes, index: int) -> bytes:
        bound = leaf.leaf_node_source is not LeafNodeSource.key_package
        covered = tbs(leaf, group_id, index)
        return covered if bound else covered + b"\x00" + index.to_bytes(4)

    return made


GROUP_IN_KEY_PACKAGES: Final = altering(("rules.leaves:leaf_tbs", _always_with_group))


@breaks("VAL-030", named="VAL-029", instead=GROUP_IN_KEY_PACKAGES)
def a_key_package_whose_leaf_is_signed_for_a_group(stage: Stage) -> Trial:
    """A client signs the leaf of a KeyPackage with a group_id and a leaf_index, empty and 0."""
    _, package = stage.newcomer()
    with GROUP_IN_KEY_PACKAGES():
        bad = forge.repackaged(package)
    return proposed_add(stage, bad.package, package.package)


def _extended(leaf: LeafNode) -> LeafNode:
    return leaf.replace(extensions=(Extension(ExtensionType.application_id, b"\x04mine"),))


@breaks("VAL-050", named="VAL-029", instead=SIGNATURE_UNREAD)
def an_update_changed_after_signing(stage: Stage) -> Trial:
    """Mallory proposes a leaf to which an extension was added after it was signed."""
    return in_update(stage, changing_after(_extended))


@breaks("VAL-050", named="VAL-029", instead=SIGNATURE_UNREAD)
def a_path_changed_after_signing(stage: Stage) -> Trial:
    """Mallory commits a leaf to which an extension was added after it was signed."""
    return in_path(stage, changing_after(_extended))


@breaks("VAL-050", named="VAL-029", instead=SIGNATURE_UNREAD)
def a_welcome_with_a_leaf_changed_after_signing(stage: Stage) -> Trial:
    """In the tree of a Welcome stands a leaf that was changed after it was signed."""
    return in_welcome(stage, changing_after(_extended))


@shows("VAL-050", instead=changing_after(_extended), named="VAL-029")
def a_leaf_stands_as_it_was_signed(stage: Stage) -> None:
    """What Mallory signs is what stands in the trees of all, and newcomers verify it."""
    client, package = stage.newcomer()
    pending = stage.mallory.commit(add=[package], update=True)
    joined = stage.joiner(client, package).attempt(pending.welcome)
    signed = pending.epoch.public.tree.leaf(stage.mallory.own_index)
    standing = joined.tree.leaf(stage.mallory.own_index)
    assert signed is not None
    assert standing is not None
    ensure(standing.encode() == signed.encode(), "a leaf is kept as it was signed")


# --- VAL-031 … VAL-035: where it comes from ---------------------------------------------

_AS_UPDATE: Final = with_fields(
    leaf_node_source=LeafNodeSource.update, lifetime=None, parent_hash=None
)
_AS_COMMIT: Final = with_fields(
    leaf_node_source=LeafNodeSource.commit, lifetime=None, parent_hash=b""
)


def _as_key_package(stage: Stage) -> Callable[[LeafNode], LeafNode]:
    now = stage.mallory.ports.now()
    return with_fields(
        leaf_node_source=LeafNodeSource.key_package,
        lifetime=Lifetime(now - 1, now + 3600),
        parent_hash=None,
    )


@breaks("VAL-031")
def a_key_package_with_the_leaf_of_an_update(stage: Stage) -> Trial:
    """Mallory adds a client whose KeyPackage has a leaf of source update."""
    return in_add(stage, _AS_UPDATE, "VAL-031")


@breaks("VAL-031")
def a_key_package_with_the_leaf_of_a_commit(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose KeyPackage has a leaf of source commit."""
    _, package = stage.newcomer()
    return proposed_add(stage, packaged(package, _AS_COMMIT).package, package.package)


@breaks("VAL-032")
def an_update_with_the_leaf_of_a_key_package(stage: Stage) -> Trial:
    """Mallory proposes an Update with a leaf of source key_package."""
    return in_update(stage, changing(_as_key_package(stage)))


@breaks("VAL-032")
def an_update_with_the_leaf_of_a_commit(stage: Stage) -> Trial:
    """Mallory proposes an Update with a leaf of source commit."""
    return in_update(stage, changing(_AS_COMMIT))


# A leaf of another source has no parent_hash, so that this check has to be missing, too.


@breaks("VAL-033", instead=without("VAL-033", "VAL-081"))
def a_path_with_the_leaf_of_an_update(stage: Stage) -> Trial:
    """Mallory commits a path with a leaf of source update."""
    return in_path(stage, changing(_AS_UPDATE), "VAL-033")


@breaks("VAL-033", instead=without("VAL-033", "VAL-081"))
def a_path_with_the_leaf_of_a_key_package(stage: Stage) -> Trial:
    """Mallory commits a path with a leaf of source key_package."""
    return in_path(stage, changing(_as_key_package(stage)), "VAL-033")


@breaks("VAL-033", instead=without("VAL-033", "VAL-081"))
def an_external_path_with_the_leaf_of_an_update(stage: Stage) -> Trial:
    """A stranger joins by a path with a leaf of source update."""
    return in_external_path(stage, changing(_AS_UPDATE), "VAL-033")


@breaks("VAL-034")
def an_update_that_keeps_the_encryption_key(stage: Stage) -> Trial:
    """Mallory proposes an Update with the encryption_key that it already has."""
    old = stage.mallory.tree.leaf(stage.mallory.own_index)
    assert old is not None
    return in_update(stage, changing(with_fields(encryption_key=old.encryption_key)))


def _select(arm: int, *sources: int) -> Callable[[], Any]:
    """What begins to have an arm of a LeafNode's select for other sources."""

    def instead(among: Callable[..., str]) -> Callable[..., str]:
        def condition(subject: str, values: tuple[int, ...]) -> str:
            ours = subject.endswith("leaf_node_source") and values == (arm,)
            return f"{subject} in {sources}" if ours else among(subject, values)

        return condition

    return recompiled(("wire.compiler:_among", instead))


LIFETIME_IN_UPDATES: Final = _select(LeafNodeSource.key_package, 1, 2)
NO_LIFETIME: Final = _select(LeafNodeSource.key_package, 0)


@breaks("VAL-035", instead=LIFETIME_IN_UPDATES, named="VAL-006")
def an_update_with_a_lifetime(stage: Stage) -> Trial:
    """Mallory proposes an Update whose leaf has a lifetime, which only KeyPackages have.

    Whoever knows of no lifetime there reads its zeros as empty extensions and signatures,
    and has bytes left over.
    """
    with LIFETIME_IN_UPDATES(), changing(with_fields(lifetime=Lifetime(0, 1)))():
        bad = update(stage)
    return Trial(stage.victim(), bad, update(stage))


@breaks("VAL-035", instead=NO_LIFETIME, named="VAL-006")
def a_key_package_without_a_lifetime(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose leaf has no lifetime.

    Whoever takes the next bytes for it, which are an extension's, has bytes left over.
    """
    _, package = stage.newcomer()
    zeros = (Extension(ExtensionType.application_id, bytes(40)),)
    with NO_LIFETIME():
        bare = packaged(package, with_fields(lifetime=None, extensions=zeros))
        bad = forge.proposed(stage.mallory, Add(bare.package))
    full = packaged(package, with_fields(extensions=zeros))
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, Add(full.package)))
