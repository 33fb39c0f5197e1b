"""RFC 9420 §7.5, §7.6, §12.4.2: UpdatePaths that nobody may merge. May import the forge.

Mallory's engine makes another path than the RFC says; the commit around it is signed, its
tag and its transcript are right. Victor shares only the root with her.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.tree import filled
from covey.lab.adversary.taking_out import altered, altering, always, without, without_rules
from covey.lab.adversary.victims import Trial
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.structs.extensions import Extension
from covey.mls.tree import nodes as tree_nodes
from covey.mls.tree.nodes import Branch
from covey.mls.tree.ratchet_tree import PathStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.structs.tree import UpdatePathNode
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.tree.update_path import PathSecrets

    Function = Callable[..., Any]


def _committed(
    stage: Stage,
    *checks: str,
    by: Group | None = None,
    under: Function,
    **options: Any,  # noqa: ANN401
) -> Trial:
    """A member, by default Mallory, commits the same twice: with another engine, and with its own.

    Args:
        stage: The stage.
        checks: Ids of rules that its engine lacks.
        by: Who commits.
        under: Begins what else is different in its engine.
        options: Those of the commit.
    """
    committer = by or stage.mallory
    options = {"path": True, **options}
    bad = forge.committed(committer, *checks, under=under, **options)
    return Trial(stage.victim(), bad.message, committer.commit(**options).message)


# --- which nodes there are (§7.6) -------------------------------------------------------


def _unfiltered(original: Function) -> Function:
    def path(self: RatchetTree, leaf: int) -> tuple[PathStep, ...]:
        steps = {step.height: step for step in original(self, leaf)}
        for height in range(1, self.height + 1):
            place = leaf >> (height - 1) ^ 1
            hashed = tree_nodes.blank_hash(self.suite.code, height - 1, place)
            nobody = Branch(None, None, None, hashed, 0, 0)
            steps.setdefault(height, PathStep(height, place, nobody))
        return tuple(steps[height] for height in sorted(steps))

    return path


def _without_lowest(original: Function) -> Function:
    return lambda self, leaf: original(self, leaf)[1:]


_UNFILTERED = altering(("tree.ratchet_tree:RatchetTree.filtered_path", _unfiltered))
_WITHOUT_LOWEST = altering(("tree.ratchet_tree:RatchetTree.filtered_path", _without_lowest))


@breaks("VAL-079", instead=_UNFILTERED)
def a_path_that_is_not_filtered(stage: Stage) -> Trial:
    """Mallory's path has a node whose other child has nobody below it."""
    mallory = stage.mallory
    stage.commit(mallory, remove=[stage.alice.own_index])
    return _committed(stage, by=mallory, under=_UNFILTERED)


@breaks("VAL-079", instead=_WITHOUT_LOWEST)
def a_path_without_its_first_node(stage: Stage) -> Trial:
    """Mallory's path leaves out the node directly above her leaf."""
    return _committed(stage, under=_WITHOUT_LOWEST)


# --- to whom they are encrypted (§7.6) --------------------------------------------------


def _second(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Function:
    """An alteration of ``encrypt``: change the ciphertexts of the second node."""

    def alter(original: Function) -> Function:
        def encrypt(*given: Any) -> tuple[UpdatePathNode, ...]:  # noqa: ANN401
            first, second, *rest = original(*given)
            ciphertexts = change(second.encrypted_path_secret)
            return (first, second.replace(encrypted_path_secret=ciphertexts), *rest)

        return encrypt

    return alter


@breaks("VAL-080")
def a_ciphertext_too_many(stage: Stage) -> Trial:
    """A path secret is encrypted once more than there are nodes to encrypt it to."""
    twice = _second(lambda ciphertexts: (*ciphertexts, ciphertexts[-1]))
    return _committed(stage, under=altering(("tree.update_path:encrypt", twice)))


@breaks("VAL-080")
def a_ciphertext_too_few(stage: Stage) -> Trial:
    """A path secret is not encrypted to all below the copath: Carol and Dave are left out."""
    fewer = _second(lambda ciphertexts: ciphertexts[:-1])
    return _committed(stage, under=altering(("tree.update_path:encrypt", fewer)))


def _to_newcomers_too(original: Function) -> Function:
    def encrypt(*given: Any) -> object:  # noqa: ANN401
        suite, steps, secrets, context, _, *rest = given
        return original(suite, steps, secrets, context, (), *rest)

    return encrypt


@breaks("VAL-080")
def a_ciphertext_for_a_newcomer(stage: Stage) -> Trial:
    """A path secret is encrypted to the leaf that the same commit adds."""
    add = [stage.newcomer()[1].message]
    under = altering(("tree.update_path:encrypt", _to_newcomers_too))
    return _committed(stage, under=under, add=add)


@breaks("VAL-087")
def a_ciphertext_for_an_unmerged_newcomer(stage: Stage) -> Trial:
    """A path secret is encrypted to an added leaf that a node lists as unmerged."""
    filled(stage, 6)
    add = [stage.newcomer()[1].message]
    under = altering(("tree.update_path:encrypt", _to_newcomers_too))
    return _committed(stage, under=under, add=add)


# --- what the leaf says (§7.3, §7.9.2, §12.4.2) -----------------------------------------


def _another_hash(original: Function) -> Function:
    def parents(suite: Any, *given: Any) -> object:  # noqa: ANN401
        made, _ = original(suite, *given)
        return made, bytes(suite.Nh)

    return parents


@breaks("VAL-081")
def a_leaf_with_another_parent_hash(stage: Stage) -> Trial:
    """The parent_hash of Mallory's leaf does not fit her path."""
    under = altering(("tree.parent_hashes:path_parents", _another_hash))
    return _committed(stage, under=under)


def _with_extension(original: Function) -> Function:
    def sign(suite: Any, leaf: Any, *given: Any) -> object:  # noqa: ANN401
        return original(suite, leaf.replace(extensions=(Extension(0xF0AA, b""),)), *given)

    return sign


@breaks("VAL-082", instead=altering(("group.staging:_check_leaf", always(None))), named="VAL-039")
def a_leaf_with_an_extension_that_it_does_not_list(stage: Stage) -> Trial:
    """The leaf of Mallory's path has an extension that its capabilities do not list."""
    under = altering(("group.member:sign_leaf", _with_extension))
    return _committed(stage, "VAL-039", under=under)


def _elsewhere(original: Function) -> Function:
    return lambda *given: original(*given[:-1], given[-1] + 1)


@breaks(
    "VAL-082",
    instead=altering(("group.verify:Checker.signatures", always(None))),
    named="VAL-029",
)
def a_leaf_that_is_signed_for_another_place(stage: Stage) -> Trial:
    """The leaf of Mallory's path is signed for another leaf index."""
    return _committed(stage, under=altering(("group.member:sign_leaf", _elsewhere)))


def _same_leaf_key(group: Group) -> Function:
    """An alteration of ``generate_key_pair``: what a member has for its leaf already."""
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    return always((forge.epoch_of(group).private.leaf, leaf.encryption_key))


@breaks("VAL-083", instead=without("VAL-083", "VAL-084"))
def a_path_that_keeps_the_key_of_the_leaf(stage: Stage) -> Trial:
    """The leaf of Mallory's path has the encryption_key of her current leaf."""
    same = _same_leaf_key(stage.mallory)
    under = altering(("crypto.suite:Suite.generate_key_pair", same))
    return _committed(stage, "VAL-083", under=under)


@breaks("VAL-083")
def a_return_with_the_key_of_the_old_leaf(stage: Stage) -> Trial:
    """Dave joins again in place of himself, with the encryption_key of his old leaf."""
    info, index, ports = stage.alice.group_info(), stage.dave.own_index, stage.ports()
    leaf = stage.dave.tree.leaf(index)
    assert leaf is not None
    again = Member.from_credential(
        leaf.credential, stage.suite.code, policy=ports.policy, entropy=stage.entropy
    )
    same = altering(("crypto.suite:Suite.generate_key_pair", _same_leaf_key(stage.dave)))
    with without_rules("VAL-083"), same():
        bad = Group.join_externally(again, info, resync=index, ports=ports).commit
    good = Group.join_externally(again, info, resync=index, ports=ports).commit
    return Trial(stage.victim(), bad, good)


# --- which keys there are (§12.4.2) -----------------------------------------------------


def _first_secret(secret: bytes) -> Function:
    """An alteration of ``derive``: at its first call it begins with another path secret."""
    waiting = [secret]

    def alter(original: Function) -> Function:
        def derive(suite: Any, steps: Any, path_secret: bytes) -> object:  # noqa: ANN401
            return original(suite, steps, waiting.pop() if waiting else path_secret)

        return derive

    return alter


@breaks("VAL-084")
def a_path_with_the_keys_of_the_last_one(stage: Stage) -> Trial:
    """Mallory uses the path secrets of her last path again."""
    secret = stage.entropy(stage.suite.Nh)
    with altered("tree.update_path:derive", _first_secret(secret)):
        stage.commit(stage.mallory)
    return _committed(stage, under=altering(("tree.update_path:derive", _first_secret(secret))))


def _public(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Function:
    """An alteration of ``derive``: change the public keys that are sent."""

    def alter(original: Function) -> Function:
        def derive(*given: Any) -> PathSecrets:  # noqa: ANN401
            secrets: PathSecrets = original(*given)
            return secrets._replace(public=change(secrets.public))

        return derive

    return alter


_UNIQUE = without("VAL-084", "VAL-049")


@breaks("VAL-084", instead=_UNIQUE)
def a_path_with_the_key_of_another_member(stage: Stage) -> Trial:
    """A node of Mallory's path has the encryption_key of Carol's leaf."""
    carol = stage.mallory.tree.leaf(stage.carol.own_index)
    assert carol is not None
    theirs = _public(lambda keys: (carol.encryption_key, *keys[1:]))
    return _committed(stage, "VAL-049", under=altering(("tree.update_path:derive", theirs)))


@breaks("VAL-084", instead=_UNIQUE)
def a_path_with_one_key_twice(stage: Stage) -> Trial:
    """Two nodes of Mallory's path have the same encryption_key."""
    twice = _public(lambda keys: (keys[1], *keys[1:]))
    return _committed(stage, "VAL-049", under=altering(("tree.update_path:derive", twice)))


@breaks("VAL-085", instead=altering(("group.process_commit:_are_sent", always(value=True))))
def a_key_that_does_not_follow_from_the_path_secret(stage: Stage) -> Trial:
    """The root has another public key than Victor's path secret yields."""
    other = stage.suite.generate_key_pair(stage.entropy)[1]
    altered_root = _public(lambda keys: (*keys[:-1], other))
    return _committed(stage, under=altering(("tree.update_path:derive", altered_root)))
