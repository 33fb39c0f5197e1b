"""Leaves that are wrong in one way, by each of the ways by which a leaf comes (RFC 9420 §7.3).

May import the forge. A leaf comes in an Update, in the KeyPackage of an Add, in the path of a
commit, and in the tree that somebody joins. Each function here makes a Trial of one such way
from one change; Mallory signs the leaf after the change, so that it is authentic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.taking_out import altering, without_rules
from covey.lab.adversary.victims import Trial
from covey.mls.group import proposing
from covey.mls.group.group import Group
from covey.mls.structs.proposals import Add

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.pending import PendingCommit
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode

UNHEARD_OF: Final = 0xF0AA
"""A code point for private use, which nobody supports."""

Change = "Callable[[LeafNode], LeafNode]"
"""From a leaf that is right to one that is not, not yet signed."""


def with_fields(**fields: object) -> Callable[[LeafNode], LeafNode]:
    """A change: some fields are different."""
    return lambda leaf: leaf.replace(**fields)


def listing(**lists: tuple[int, ...]) -> Callable[[LeafNode], LeafNode]:
    """A change: the capabilities have other lists."""
    return lambda leaf: leaf.replace(capabilities=leaf.capabilities.replace(**lists))


def changing(change: Callable[[LeafNode], LeafNode]) -> Callable[[], Any]:
    """What begins to change every leaf just before it is signed."""

    def instead(sign: Callable[..., LeafNode]) -> Callable[..., LeafNode]:
        return lambda suite, leaf, *given: sign(suite, change(leaf), *given)

    return altering(("group.member:sign_leaf", instead))


def changing_after(change: Callable[[LeafNode], LeafNode]) -> Callable[[], Any]:
    """What begins to change every leaf just after it has been signed."""

    def instead(sign: Callable[..., LeafNode]) -> Callable[..., LeafNode]:
        return lambda *given: change(sign(*given))

    return altering(("group.member:sign_leaf", instead))


def unread(label: str) -> Callable[[], Any]:
    """What begins to take all signatures of one kind for good.

    Args:
        label: ``"LeafNodeTBS"`` or ``"KeyPackageTBS"``.
    """

    def instead(verify: Callable[..., None]) -> Callable[..., None]:
        return lambda check, suite, jobs: verify(
            check, suite, [job for job in jobs if job[1] != label]
        )

    return altering(("group.verify:Checker.signatures", instead))


# --- in an Update -----------------------------------------------------------------------


def in_update(stage: Stage, begin: Callable[[], Any]) -> Trial:
    """Mallory proposes an Update of its leaf.

    Args:
        stage: The stage.
        begin: Begins what is different in Mallory's engine, such as ``changing(...)``.
    """
    with begin():
        bad = update(stage)
    return Trial(stage.victim(), bad, update(stage))


def update(stage: Stage) -> bytes:
    """An Update of Mallory's leaf, which its engine has not looked at."""
    mallory = stage.mallory
    proposal, _ = proposing.own_update(forge.epoch_of(mallory), None, stage.entropy)
    return forge.proposed(mallory, proposal)


def in_committed_update(stage: Stage, begin: Callable[[], Any], *checks: str) -> Trial:
    """Mallory proposes two Updates, valid by themselves; a commit takes the wrong one.

    Args:
        stage: The stage.
        begin: Begins what is different in Mallory's engine.
        checks: Ids of rules that the committer's engine lacks.
    """
    with begin():
        stage.send(stage.mallory.propose_update())
    stage.send(stage.mallory.propose_update())
    return one_of_two(stage, *checks)


def one_of_two(stage: Stage, *checks: str) -> Trial:
    """A commit takes the wrong one of two proposals that have been sent; or the right one.

    Args:
        stage: The stage.
        checks: Ids of rules that the committer's engine lacks.
    """
    wrong, right = (each.reference or b"" for each in stage.alice.proposals)
    bad = forge.committed(stage.alice, *checks, references=[wrong])
    return Trial(stage.victim(), bad.message, stage.alice.commit(references=[right]).message)


# --- in an Add --------------------------------------------------------------------------


def packaged(
    package: PrivateKeyPackage,
    change: Callable[[LeafNode], LeafNode],
    **changes: Any,  # noqa: ANN401 - any field of a KeyPackage
) -> PrivateKeyPackage:
    """A KeyPackage whose leaf is changed and signed again.

    Args:
        package: What it is made from.
        change: What is different in the leaf.
        changes: What is different in the KeyPackage.
    """
    leaf = change(package.package.leaf_node)
    return forge.repackaged(package, leaf=msgspec.structs.asdict(leaf) | {"raw": b""}, **changes)


def proposed_add(stage: Stage, bad: KeyPackage, good: KeyPackage) -> Trial:
    """Mallory proposes to add a client."""
    return Trial(
        stage.victim(),
        forge.proposed(stage.mallory, Add(bad)),
        forge.proposed(stage.mallory, Add(good)),
    )


def committed_add(
    stage: Stage, bad: PrivateKeyPackage, good: PrivateKeyPackage, *checks: str
) -> Trial:
    """Mallory, whose engine lacks some checks, commits to add a client."""
    wrong = forge.committed(stage.mallory, *checks, add=[bad], path=False)
    right = stage.mallory.commit(add=[good], path=False)
    return Trial(stage.victim(), wrong.message, right.message)


def in_add(stage: Stage, change: Callable[[LeafNode], LeafNode], *checks: str) -> Trial:
    """Mallory commits to add a client, with a KeyPackage whose leaf is changed.

    Args:
        stage: The stage.
        change: What is different in the leaf.
        checks: Ids of rules that Mallory's engine lacks.
    """
    _, package = stage.newcomer()
    return committed_add(stage, packaged(package, change), package, *checks)


# --- in the path of a commit ------------------------------------------------------------


def in_path(stage: Stage, begin: Callable[[], Any], *checks: str) -> Trial:
    """Mallory commits a path.

    Args:
        stage: The stage.
        begin: Begins what is different in Mallory's engine.
        checks: Ids of rules that it lacks.
    """
    bad = forge.committed(stage.mallory, *checks, under=begin, path=True)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(path=True).message)


def in_external_path(stage: Stage, begin: Callable[[], Any], *checks: str) -> Trial:
    """A stranger joins by an external commit.

    Args:
        stage: The stage.
        begin: Begins what is different in the stranger's engine.
        checks: Ids of rules that it lacks.
    """
    client, info = stage.member(), stage.alice.group_info()
    with without_rules(*checks), begin():
        bad = Group.join_externally(client, info, ports=stage.ports())
    good = Group.join_externally(client, info, ports=stage.ports())
    return Trial(stage.victim(), bad.commit, good.commit)


# --- in a tree that somebody joins ------------------------------------------------------


def in_welcome(stage: Stage, begin: Callable[[], Any], *checks: str) -> Trial:
    """Mallory commits a path and welcomes a newcomer, who sees Mallory's leaf in the tree.

    Args:
        stage: The stage.
        begin: Begins what is different in Mallory's engine.
        checks: Ids of rules that it lacks.
    """
    client, package = stage.newcomer()
    bad = forge.committed(stage.mallory, *checks, under=begin, add=[package], path=True)
    good = stage.mallory.commit(add=[package], path=True)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


def in_group_info(stage: Stage, begin: Callable[[], Any], *checks: str) -> Trial:
    """Mallory commits a path and publishes a GroupInfo, by which a stranger sees its leaf.

    Args:
        stage: The stage.
        begin: Begins what is different in Mallory's engine.
        checks: Ids of rules that it lacks.
    """
    bad = forge.committed(stage.mallory, *checks, under=begin, path=True)
    good = forge.committed(stage.mallory, path=True)
    return Trial(stage.outsider(), _info(bad), _info(good))


def _info(pending: PendingCommit) -> bytes:
    return pending.group_info()


def beside(stage: Stage, bad: PrivateKeyPackage, good: PrivateKeyPackage, *checks: str) -> Trial:
    """Mallory welcomes two newcomers, one of whom must not be in the tree; the other joins.

    Args:
        stage: The stage.
        bad: Who must not be there.
        good: Who might be there instead.
        checks: Ids of rules that Mallory's engine lacks.
    """
    client, package = stage.newcomer()
    wrong = forge.committed(stage.mallory, *checks, add=[bad, package], path=False)
    right = forge.committed(stage.mallory, add=[good, package], path=False)
    return Trial(stage.joiner(client, package), wrong.welcome, right.welcome)
