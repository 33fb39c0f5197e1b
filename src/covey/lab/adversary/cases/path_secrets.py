"""RFC 9420 §7.5: how path secrets are encrypted, and which keys are forgotten afterwards.

May import the forge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.tree import filled
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering
from covey.lab.adversary.victims import Trial
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.epoch import PublicState
    from covey.mls.structs.schedule import GroupContext

    Function = Callable[..., Any]


def _encrypted(stage: Stage, under: Function, **options: Any) -> Trial:  # noqa: ANN401
    """Mallory commits the same twice: with path secrets encrypted otherwise, and rightly."""
    bad = forge.committed(stage.mallory, under=under, path=True, **options)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(path=True, **options).message)


# --- under which context (§7.6, §12.4.2) ------------------------------------------------


def _context(change: Callable[[GroupContext, PublicState], GroupContext]) -> Function:
    """What begins to use another provisional GroupContext, made from it and the old state."""

    def alter(original: Function) -> Function:
        def context(public: PublicState, *given: Any) -> GroupContext:  # noqa: ANN401
            return change(original(public, *given), public)

        return context

    return altering(("group.staging:provisional_context", alter))


_OLD_EPOCH = _context(lambda context, public: context.replace(epoch=public.context.epoch))
_OLD_TREE = _context(lambda context, public: context.replace(tree_hash=public.context.tree_hash))
_OLD_EXTENSIONS = _context(
    lambda context, public: context.replace(extensions=public.context.extensions)
)
_INTERIM = _context(
    lambda context, public: context.replace(confirmed_transcript_hash=public.interim)
)
_LABEL = altering(("tree.update_path:_LABEL", lambda _: "UpdatePath"))


@breaks("VAL-086", instead=_OLD_EPOCH)
def path_secrets_under_the_old_epoch(stage: Stage) -> Trial:
    """Path secrets are encrypted under a GroupContext with the number of the old epoch."""
    return _encrypted(stage, _OLD_EPOCH)


@breaks("VAL-086", instead=_OLD_TREE)
def path_secrets_under_the_old_tree_hash(stage: Stage) -> Trial:
    """Path secrets are encrypted under a GroupContext with the hash of the old tree."""
    return _encrypted(stage, _OLD_TREE)


@breaks("VAL-086", instead=_INTERIM)
def path_secrets_under_another_transcript_hash(stage: Stage) -> Trial:
    """Path secrets are encrypted under the interim transcript hash, not the confirmed one."""
    return _encrypted(stage, _INTERIM)


@breaks("VAL-086", instead=_OLD_EXTENSIONS)
def path_secrets_under_the_old_extensions(stage: Stage) -> Trial:
    """Path secrets are encrypted under the extensions that the same commit replaces."""
    data = RequiredCapabilities((), (), ()).encode()
    extensions = [Extension(ExtensionType.required_capabilities, data)]
    return _encrypted(stage, _OLD_EXTENSIONS, extensions=extensions)


@breaks("VAL-086", instead=_LABEL)
def path_secrets_under_another_label(stage: Stage) -> Trial:
    """Path secrets are encrypted under the label "UpdatePath", not "UpdatePathNode"."""
    return _encrypted(stage, _LABEL)


# --- what is forgotten (§7.5) -----------------------------------------------------------


def _has_forgotten(stage: Stage, key: bytes | None) -> None:
    assert key is not None
    ensure(key not in stage.victor.snapshot(), "Victor has deleted the private key")


def _keep_blanked(_: object) -> Function:
    return lambda self, _before, _after: self


@shows("VAL-088", instead=altering(("tree.private:PrivateTree.following", _keep_blanked)))
def the_key_of_a_blanked_node_is_deleted(stage: Stage) -> None:
    """A member above whom a node becomes blank deletes its private key."""
    filled(stage, 6)
    key = forge.epoch_of(stage.victor).private.key(2)
    assert key is not None
    assert key in stage.victor.snapshot()
    stage.commit(stage.mallory, remove=[6])
    _has_forgotten(stage, key)


def _keep_replaced(original: Function) -> Function:
    def with_keys(self: PrivateTree, keys: Any, leaf: bytes | None = None) -> PrivateTree:  # noqa: ANN401
        merged = original(self, keys, leaf)
        return PrivateTree(merged.index, merged.leaf, {**keys, **self.path})

    return with_keys


@shows(
    "VAL-088",
    instead=altering(
        ("tree.private:PrivateTree.with_keys", _keep_replaced),
        ("tree.private:PrivateTree.following", _keep_blanked),
    ),
)
def the_key_of_a_node_with_a_new_one_is_deleted(stage: Stage) -> None:
    """A member who receives a path deletes the private keys that it replaces."""
    key = forge.epoch_of(stage.victor).private.key(3)
    pending = stage.mallory.commit()
    stage.victor.receive(pending.message)
    _has_forgotten(stage, key)


def _keep_leaf(original: Function) -> Function:
    def with_keys(self: PrivateTree, keys: Any, leaf: bytes | None = None) -> PrivateTree:  # noqa: ANN401
        beside = {} if leaf is None else {_ABOVE_ALL: self.leaf}
        renewed: PrivateTree = original(self, {**keys, **beside}, leaf)
        return renewed

    return with_keys


_ABOVE_ALL = 40
"""A height that no tree has, where a key can be kept that fits nowhere any more."""


@shows(
    "VAL-088",
    instead=altering(
        ("tree.private:PrivateTree.with_keys", _keep_leaf),
        ("tree.private:PrivateTree.following", _keep_blanked),
    ),
)
def the_key_of_an_updated_leaf_is_deleted(stage: Stage) -> None:
    """A member whose Update is committed deletes the private key of its old leaf."""
    key = forge.epoch_of(stage.victor).private.leaf
    stage.send(stage.victor.propose_update())
    stage.commit(stage.mallory)
    _has_forgotten(stage, key)


def _keep_updates(original: Function) -> Function:
    return lambda self, *given: original(self, *given).replace(updates=self.updates)


@shows("VAL-088", instead=altering(("group.state:State.advanced", _keep_updates)))
def a_proposed_key_that_nobody_commits_is_deleted(stage: Stage) -> None:
    """A member whose Update is not committed deletes the private key that it proposed."""
    stage.victor.propose_update()
    (update,) = stage.victor._state.updates.values()  # noqa: SLF001 - to look for its key
    pending = stage.mallory.commit()
    stage.victor.receive(pending.message)
    _has_forgotten(stage, update.leaf_private)
