"""Path secrets: derived, encrypted to whom they concern, decrypted (RFC 9420 §7.4-7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import AuthenticationError
from covey.mls.crypto.entropy import system_entropy
from covey.mls.tree import update_path
from covey.mls.tree.private import PrivateTree
from path_group import CONTEXT, PathGroup
from tree_samples import SUITE, leaf, tree_of

if TYPE_CHECKING:
    from covey.mls.tree.ratchet_tree import RatchetTree


def test_secrets_follow_from_the_first_one() -> None:
    """§7.4, written out for two nodes."""
    steps = tree_of(4).filtered_path(2)
    first = bytes(SUITE.Nh)
    second = SUITE.derive_secret(first, "path")
    derived = update_path.derive(SUITE, steps, first)
    assert derived.by_height == {1: first, 2: second}
    assert derived.commit_secret == SUITE.derive_secret(second, "path")
    for height, secret in derived.by_height.items():
        private, public = SUITE.derive_key_pair(SUITE.derive_secret(secret, "node"))
        assert derived.private[height] == private
        assert derived.public[height - 1] == public


def test_without_a_node_the_secret_is_the_commit_secret() -> None:
    derived = update_path.derive(SUITE, (), b"secret")
    assert derived == update_path.PathSecrets({}, {}, (), b"secret")


def test_secrets_do_not_show() -> None:
    derived = update_path.derive(SUITE, tree_of(2).filtered_path(0), b"secret")
    assert repr(derived) == "PathSecrets(heights=(1,), …)"


@pytest.mark.parametrize("size", range(1, 10))
def test_everybody_decrypts_the_path_of_everybody(size: int) -> None:
    group = PathGroup(system_entropy)
    if size > 1:
        group.commit(0, adds=size - 1)
    for committer in range(size):
        group.commit(committer)
        group.check()


def test_new_members_get_no_ciphertext() -> None:
    group = PathGroup(system_entropy)
    group.commit(0, adds=3)
    tree = group.tree.edited(added=[leaf(name) for name in "xyz"]).tree
    added = (4, 5, 6)
    steps = tree.filtered_path(0)
    assert [step.height for step in steps] == [1, 2, 3]
    assert [update_path.recipients(step, added) for step in steps] == [1, 2, 0]
    secrets = update_path.derive(SUITE, steps, bytes(SUITE.Nh))
    path = update_path.encrypt(SUITE, steps, secrets, CONTEXT, added, system_entropy)
    assert [len(node.encrypted_path_secret) for node in path] == [1, 2, 0]
    assert tuple(node.encryption_key for node in path) == secrets.public


def test_new_members_get_no_ciphertext_when_they_surface_as_unmerged() -> None:
    """ERR-20: the new leaf is in the resolution through ``unmerged_leaves`` of its parent."""
    group = PathGroup(system_entropy)
    group.commit(0, adds=6)
    group.commit(4)
    group.commit(6)
    tree = group.tree.edited(added=(leaf("new"),)).tree
    assert tree.resolution(1, 3) == [12, 14]
    assert tree.resolution(2, 1) == [11, 14]
    (top,) = (step for step in tree.filtered_path(0) if step.height == 3)
    assert update_path.recipients(top, (7,)) == 1
    assert update_path.recipients(top, ()) == 2
    group.commit(0, adds=1)
    group.check()


def found(tree: RatchetTree, member: PrivateTree, added: tuple[int, ...] = ()) -> object:
    """(step, ciphertext, height of the key) for a member, of a path from leaf 0."""
    target = update_path.find_target(tree.filtered_path(0), member, added)
    return None if target is None else (target.step, target.ciphertext, target.height)


def test_only_who_is_below_the_copath_finds_a_ciphertext() -> None:
    tree = tree_of(4)
    keyless = [PrivateTree(index, b"", {}) for index in range(4)]
    assert [found(tree, member) for member in keyless] == [
        None, (0, 0, 0), (1, 0, 0), (1, 1, 0)
    ]  # fmt: skip
    assert found(tree, keyless[3], added=(2,)) == (1, 0, 0)
    assert update_path.find_target((), keyless[0], ()) is None


def test_who_lacks_the_key_of_a_node_and_is_not_unmerged_finds_nothing() -> None:
    group = PathGroup(system_entropy)
    group.commit(0, adds=3)
    group.commit(2)
    assert found(group.tree, PrivateTree(3, b"", {})) is None
    assert found(group.tree, group.members[3]) == (1, 0, 1)


def test_another_context_does_not_decrypt() -> None:
    group = PathGroup(system_entropy)
    group.commit(0, adds=2)
    steps = group.tree.filtered_path(0)
    secrets = update_path.derive(SUITE, steps, bytes(SUITE.Nh))
    path = update_path.encrypt(SUITE, steps, secrets, CONTEXT, (), system_entropy)
    member = group.members[2]
    target = update_path.find_target(steps, member, ())
    assert target is not None
    decrypted = update_path.decrypt(SUITE, path, target, member, CONTEXT)
    assert decrypted == secrets.by_height[2]
    with pytest.raises(AuthenticationError):
        update_path.decrypt(SUITE, path, target, member, CONTEXT + b"!")
    other = target._replace(step=0)
    with pytest.raises(AuthenticationError):
        update_path.decrypt(SUITE, path, other, member, CONTEXT)
