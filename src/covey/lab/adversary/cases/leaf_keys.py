"""RFC 9420 §7.3, §16.7: leaves with keys that stand in the tree already. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import (
    beside,
    changing,
    in_add,
    in_committed_update,
    in_path,
    one_of_two,
    packaged,
    with_fields,
)
from covey.lab.adversary.taking_out import without
from covey.lab.adversary.victims import Trial
from covey.mls.group.member import Member
from covey.mls.structs.tree import LeafNode, ParentNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage

# --- VAL-048: signature keys ------------------------------------------------------------


def _twin(stage: Stage) -> Member:
    """Mallory's identity with the signature key of Dave, who helps it."""
    leaf = stage.mallory.tree.leaf(stage.mallory.own_index)
    assert leaf is not None
    return Member.from_credential(
        leaf.credential,
        stage.suite.code,
        signer=forge.epoch_of(stage.dave).signer,
        policy=stage.mallory.ports.policy,
        entropy=stage.entropy,
    )


@breaks("VAL-048")
def a_path_with_the_signature_key_of_another_member(stage: Stage) -> Trial:
    """Mallory commits a path with the signature_key of Dave."""
    bad = forge.committed(stage.mallory, "VAL-048", update=_twin(stage))
    return Trial(stage.victim(), bad.message, stage.mallory.commit(update=True).message)


@breaks("VAL-048")
def an_update_with_the_signature_key_of_another_member(stage: Stage) -> Trial:
    """A commit takes an Update with the signature_key of another member."""
    stage.send(stage.mallory.propose_update(_twin(stage)))
    stage.send(stage.mallory.propose_update())
    return one_of_two(stage, "VAL-048")


@breaks("VAL-048")
def a_welcome_with_a_signature_key_twice(stage: Stage) -> Trial:
    """In the tree of a Welcome two members have the same signature_key."""
    client, package = stage.newcomer()
    bad = forge.committed(stage.mallory, "VAL-048", update=_twin(stage), add=[package])
    good = stage.mallory.commit(update=True, add=[package])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


# --- VAL-049, VAL-051: encryption keys --------------------------------------------------


def _daves_key(stage: Stage) -> Callable[[LeafNode], LeafNode]:
    leaf = stage.dave.tree.leaf(stage.dave.own_index)
    assert leaf is not None
    return with_fields(encryption_key=leaf.encryption_key)


@breaks("VAL-049")
def an_add_with_the_encryption_key_of_another_member(stage: Stage) -> Trial:
    """Mallory adds a client whose leaf has the encryption_key of Dave."""
    return in_add(stage, _daves_key(stage), "VAL-049")


@breaks("VAL-049")
def an_update_with_the_encryption_key_of_another_member(stage: Stage) -> Trial:
    """A commit takes an Update with the encryption_key of another member."""
    return in_committed_update(stage, changing(_daves_key(stage)), "VAL-049")


@breaks("VAL-049", instead=without("VAL-049", "VAL-084"), named="VAL-084")
def a_path_with_the_encryption_key_of_another_member(stage: Stage) -> Trial:
    """Mallory commits a path whose leaf has the encryption_key of Dave."""
    return in_path(stage, changing(_daves_key(stage)), "VAL-049")


@breaks("VAL-049")
def two_adds_with_one_encryption_key(stage: Stage) -> Trial:
    """Mallory adds two clients whose leaves have the same encryption_key."""
    (_, one), (_, other) = stage.newcomer(), stage.newcomer()
    same = with_fields(encryption_key=one.package.leaf_node.encryption_key)
    bad = forge.committed(stage.mallory, "VAL-049", add=[one, packaged(other, same)])
    good = stage.mallory.commit(add=[one, other])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-049")
def a_welcome_with_an_encryption_key_twice(stage: Stage) -> Trial:
    """In the tree of a Welcome two members have the same encryption_key."""
    _, package = stage.newcomer()
    return beside(stage, packaged(package, _daves_key(stage)), package, "VAL-049")


def _key_of_the_root(stage: Stage) -> Callable[[LeafNode], LeafNode]:
    root = stage.mallory.tree.root
    assert root is not None
    assert isinstance(root.node, ParentNode)
    return with_fields(encryption_key=root.node.encryption_key)


@breaks("VAL-051")
def an_add_with_the_encryption_key_of_a_parent(stage: Stage) -> Trial:
    """Mallory adds a client whose leaf has the encryption_key of the root."""
    return in_add(stage, _key_of_the_root(stage), "VAL-051")


@breaks("VAL-051")
def a_welcome_with_the_encryption_key_of_a_parent(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf has the encryption_key of the root."""
    _, package = stage.newcomer()
    return beside(stage, packaged(package, _key_of_the_root(stage)), package, "VAL-051")
