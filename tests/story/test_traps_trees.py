"""Defects that other implementations had in the ratchet tree, and in keeping its keys.

Each test is named after the issue or release that told of the defect; all of them are
listed in ``tests/traps.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import AuthenticationError, RemoteProtocolError
from covey.mls.framing import authenticate
from covey.mls.group.member import sign_leaf
from covey.mls.structs.framing import FramedContentAuthData
from covey.mls.structs.tree import LeafNode, Lifetime, Node, ParentNode
from covey.mls.wire.code_points import LeafNodeSource
from group_samples import (
    PRIVATE,
    PUBLIC,
    agree,
    commit_of,
    epoch,
    everyone,
    found,
    from_member,
    key_package,
    member,
    refuses,
)
from insider import group_info, lawless, rewrapped

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])


def grown() -> mls.Group:
    """A group of seven with a full tree, one blank leaf and unmerged leaves."""
    groups = found("abcdefgh")
    for number in (1, 4, 6):
        pending = groups[number].commit()
        everyone(groups, pending.message)
    pending = groups[0].commit(remove=[5])
    everyone(groups, pending.message)
    pending = groups[0].commit(add=[key_package(member("i"))], path=False)
    groups[0].accept(pending)
    return groups[0]


GROUP = grown()
NODES = GROUP.tree.to_nodes()
PARENTS = [index for index, node in enumerate(NODES) if isinstance(node, ParentNode)]


def with_node(index: int, node: Node | None) -> list[Node | None]:
    """The tree with one node changed."""
    return [*NODES[:index], node, *NODES[index + 1 :]]


def parent(index: int) -> ParentNode:
    """A parent node that is there."""
    node = NODES[index]
    assert isinstance(node, ParentNode)
    return node


def leaf(index: int) -> LeafNode:
    """A leaf that is there."""
    node = NODES[2 * index]
    assert isinstance(node, LeafNode)
    return node


def nobody_joins(nodes: list[Node | None], match: str) -> None:
    """A signed GroupInfo with a bad tree lets nobody in."""
    info = group_info(GROUP, nodes)
    with pytest.raises((RemoteProtocolError, AuthenticationError), match=match):
        mls.Group.join_externally(member("x"), info)


def test_the_tree_itself_lets_people_in() -> None:
    mls.Group.join_externally(member("x"), group_info(GROUP, NODES))
    assert len(PARENTS) == 4
    assert any(parent(index).unmerged_leaves for index in PARENTS)


# --- parent hashes ----------------------------------------------------------------------


@pytest.mark.parametrize("index", PARENTS)
def test_trap_mls_rs_315_every_parent_is_checked(index: int) -> None:
    other = member("x").suite.generate_key_pair(GROUP.ports.entropy)[1]
    nobody_joins(with_node(index, parent(index).replace(encryption_key=other)), "VAL-067")


@pytest.mark.parametrize("index", PARENTS)
def test_trap_mls_rs_342_a_parent_hash_that_nothing_carries(index: int) -> None:
    nobody_joins(with_node(index, parent(index).replace(parent_hash=bytes(32))), "VAL-067")


@pytest.mark.parametrize("index", PARENTS)
def test_trap_mls_rs_352_a_node_that_is_missing_from_the_chain(index: int) -> None:
    if parent(index).parent_hash:
        nobody_joins(with_node(index, None), r"VAL-067|VAL-070")


@pytest.mark.parametrize("index", [index for index in PARENTS if parent(index).parent_hash])
def test_trap_mls_rs_360_a_parent_hash_that_is_empty(index: int) -> None:
    nobody_joins(with_node(index, parent(index).replace(parent_hash=b"")), "VAL-067")


def test_trap_mls_rs_360_an_empty_parent_hash_in_a_commit() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    commit = commit_of(message)
    assert commit.path is not None
    for wrong in (b"", bytes(32)):
        changed = commit.path.leaf_node.replace(parent_hash=wrong, signature=b"")
        signed = sign_leaf(alice.suite, changed, epoch(alice).signer, b"group", 0)
        forged = commit.replace(path=commit.path.replace(leaf_node=signed))
        sender = from_member(alice.own_index)
        content = authenticate.commit_content(b"group", alice.epoch, sender, b"", forged)
        bad = rewrapped(alice, message, content=content, resign=True)
        refuses(bob, bad, RemoteProtocolError, "VAL-081")
    bob.receive(message)


def test_trap_mlspp_430_the_left_half_of_the_tree_is_empty() -> None:
    groups = found("abcdefgh")
    right = groups[4:]
    pending = right[0].commit(remove=[0, 1, 2, 3])
    for group in right:
        group.receive(pending.message)
    for group in right:
        pending = group.commit()
        for each in right:
            each.receive(pending.message)
        agree(right)
    joined = mls.Group.join_externally(member("x"), right[1].group_info())
    for group in right:
        group.receive(joined.commit)
    assert joined.group.own_index == 0
    agree([*right, joined.group])


@pytest.mark.parametrize("last", range(4))
def test_trap_mls_rs_365_a_single_member_that_is_not_at_leaf_0(last: int) -> None:
    group = found("abcd")[last]
    pending = group.commit(remove=[index for index in range(4) if index != last])
    group.accept(pending)
    for _ in range(2):
        group.accept(group.commit())
        agree([group])
    bob = member("bob")
    package = bob.key_package()
    pending = group.commit(add=[package.message])
    group.accept(pending)
    joined = mls.Group.join(bob, package, pending.welcome)
    agree([group, joined])
    external = mls.Group.join_externally(member("x"), joined.group_info())
    everyone([group, joined], external.commit)
    agree([group, joined, external.group])


NEW = 5
"""The leaf of the last member that was added: no parent hash covers it yet."""

UNMERGED = next(index for index in PARENTS if parent(index).unmerged_leaves)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda listed: (*listed, *listed), "VAL-013"),
        (lambda listed: (*listed, 0), "VAL-013"),
        (lambda listed: (*listed, 13), "VAL-070"),
        (lambda _: (), "VAL-06"),
    ],
    ids=["twice", "unsorted", "no member", "left out"],
)
def test_trap_mls_rs_321_unmerged_leaves(
    change: Callable[[tuple[int, ...]], tuple[int, ...]], match: str
) -> None:
    node = parent(UNMERGED)
    changed = node.replace(unmerged_leaves=change(node.unmerged_leaves))
    nobody_joins(with_node(UNMERGED, changed), match)


def test_trap_mls_rs_339_the_index_of_the_tree_follows_every_change() -> None:
    """Also mls-rs-328: keys are looked up in an index that changes with the tree."""
    groups = found("abcdefgh")
    for number, step in enumerate(
        (
            lambda group: group.commit(),
            lambda group: group.commit(remove=[6, 7]),
            lambda group: group.commit(add=[key_package(member("x"))], path=False),
            lambda group: group.commit(update=member("d"), remove=[1]),
            lambda group: group.commit(remove=[4, 5, 6]),
        )
    ):
        committer = groups[3] if number == 3 else groups[0]
        pending = step(committer)
        for group in [each for each in groups if each.is_active]:
            group.receive(pending.message)
        tree = groups[0].tree
        again = type(tree).from_nodes(tree.suite, tree.to_nodes())
        assert (again.keys, again.census) == (tree.keys, tree.census)
        assert again.tree_hash == tree.tree_hash


@FORMS
def test_trap_openmls_1797_the_tree_is_trimmed_before_places_are_given(
    form: mls.WireFormat,
) -> None:
    groups = found("abcde", policy=mls.Policy(handshake=form))
    pending = groups[0].commit(remove=[4, 3], add=[key_package(member("x"))])
    for group in groups[:3]:
        group.receive(pending.message)
    agree(groups[:3])
    assert groups[0].tree.height == 2
    assert groups[0].find(b"x") == groups[0].member_at(3)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 9])
def test_trap_openmls_1797_a_resync_is_placed_after_removal_and_cut(size: int) -> None:
    names = "abcdefghi"[:size]
    groups = found(names)
    lost = size - 1
    again = mls.Group.join_externally(member(names[lost]), groups[0].group_info(), resync=lost)
    for group in groups[:lost]:
        group.receive(again.commit)
    groups[lost].receive(again.commit)
    assert not groups[lost].is_active
    assert again.group.own_index == lost
    agree([*groups[:lost], again.group])


@pytest.mark.parametrize("unmerged", range(8))
def test_trap_ts_mls_436_when_a_path_is_made(unmerged: int) -> None:
    group = found("abcd")[0]
    for number in range(unmerged):
        pending = group.commit(add=[key_package(member(f"x{number}"))], path=False)
        group.accept(pending)
    assert group.commit().changed.with_path
    group.discard(group.pending)  # type: ignore[arg-type]
    adding = group.commit(add=[key_package(member("y"))])
    listed = [
        len(node.unmerged_leaves)
        for height in range(1, group.tree.height + 1)
        if (node := _node(group, height)) is not None
    ]
    assert adding.changed.with_path == (max(listed) > 2 * group.tree.height)


def _node(group: mls.Group, height: int) -> ParentNode | None:
    subtree = group.tree.subtree(height, group.own_index >> height)
    node = None if subtree is None else subtree.node
    return node if isinstance(node, ParentNode) else None


# --- what a joiner checks ---------------------------------------------------------------


def signed_again(index: int, **changes: object) -> LeafNode:
    """A leaf of the group, changed and signed by its own key, which the insider has."""
    node = leaf(index).replace(signature=b"", **changes)
    return sign_leaf(GROUP.suite, node, epoch(GROUP).signer, GROUP.group_id, index)


@pytest.mark.parametrize(
    ("nodes", "match"),
    [
        (with_node(2 * NEW, leaf(NEW).replace(signature=bytes(64))), "VAL-029"),
        (with_node(2, leaf(1).replace(signature_key=leaf(2).signature_key)), "VAL-048"),
        (with_node(2, leaf(1).replace(encryption_key=leaf(2).encryption_key)), "VAL-049"),
        (with_node(2, leaf(1).replace(encryption_key=parent(7).encryption_key)), "VAL-049"),
        (with_node(2 * NEW, leaf(NEW).replace(encryption_key=bytes(32))), "VAL-010"),
        (with_node(1, parent(1).replace(encryption_key=b"short")), "VAL-010"),
        (with_node(2, parent(1)), "VAL-065"),
        (with_node(1, leaf(0)), "VAL-065"),
        ([*NODES, None, None], "VAL-063"),
        ([], r"VAL-063|VAL-065"),
        (with_node(0, signed_again(0, extensions=(mls.Extension(0xF0AA, b""),))), "VAL-039"),
        (
            with_node(
                0,
                signed_again(0, capabilities=leaf(0).capabilities.replace(cipher_suites=(2,))),
            ),
            "VAL-047",
        ),
        (
            with_node(
                0,
                signed_again(0, capabilities=leaf(0).capabilities.replace(credentials=(2,))),
            ),
            r"VAL-04[04]",
        ),
        (
            with_node(
                0,
                signed_again(
                    0,
                    leaf_node_source=LeafNodeSource.key_package,
                    parent_hash=None,
                    lifetime=Lifetime(0, 2**63),
                ),
            ),
            r"VAL-038|VAL-067",
        ),
    ],
    ids=[
        "leaf signature",
        "signature key twice",
        "encryption key twice",
        "key of a parent",
        "invalid leaf key",
        "invalid parent key",
        "parent at a leaf",
        "leaf at a parent",
        "trailing blanks",
        "nothing",
        "unlisted extension",
        "suite not supported",
        "credential not supported",
        "endless lifetime",
    ],
)
def test_trap_mlspp_363_a_joiner_validates_the_whole_tree(
    nodes: list[Node | None], match: str
) -> None:
    """Also openmls-1702, the checks of a Welcome that were missing."""
    nobody_joins(nodes, match)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"tree_hash": bytes(32)}, "VAL-066"),
        ({"version": 2}, "VAL-187"),
        ({"cipher_suite": 3}, "VAL-187"),
        ({"extensions": (mls.Extension(0xF0AA, b""),)}, "VAL-046"),
        ({"extensions": (mls.Extension(0x3A3A, b""),)}, "VAL-223"),
        ({"group_id": b"another"}, "VAL-029"),
    ],
    ids=["tree hash", "version", "suite", "extension", "grease", "group"],
)
def test_trap_openmls_1702_a_joiner_validates_the_context(
    changes: dict[str, object], match: str
) -> None:
    info = group_info(GROUP, NODES, **changes)
    with pytest.raises((RemoteProtocolError, AuthenticationError), match=match):
        mls.Group.join_externally(member("x"), info)


# --- keeping the keys -------------------------------------------------------------------


def kept(group: mls.Group, store: dict[bytes, bytes]) -> mls.Group:
    """The group after a restart from its store; a snapshot says the same."""
    group.changes().apply_to(store)
    again = mls.Group.load(store, group.ports)
    assert again.snapshot() == group.snapshot()
    assert mls.Group.restore(group.snapshot(), group.ports).snapshot() == group.snapshot()
    return again


@FORMS
def test_trap_mls_go_2026_04_path_keys_are_kept(form: mls.WireFormat) -> None:
    groups = found("abcde", policy=mls.Policy(handshake=form))
    stores: list[dict[bytes, bytes]] = [{} for _ in groups]
    for committer in (0, 3, 4, 1):
        pending = groups[committer].commit()
        groups = [kept(group, store) for group, store in zip(groups, stores, strict=True)]
        everyone(groups, pending.message)
        groups = [kept(group, store) for group, store in zip(groups, stores, strict=True)]
        agree(groups)


@FORMS
def test_trap_mls_go_2026_06_the_keys_of_a_pending_update_are_kept(form: mls.WireFormat) -> None:
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    stores: list[dict[bytes, bytes]] = [{}, {}, {}]
    for update in (None, member("b")):
        message = bob.propose_update(update)
        for group in (alice, carol):
            group.receive(message)
        alice, bob, carol = (
            kept(group, store) for group, store in zip((alice, bob, carol), stores, strict=True)
        )
        pending = alice.commit()
        alice = kept(alice, stores[0])
        everyone([alice, bob, carol], pending.message)
        agree([alice, bob, carol])
        alice, bob, carol = (
            kept(group, store) for group, store in zip((alice, bob, carol), stores, strict=True)
        )
        agree([alice, bob, carol])
        assert isinstance(alice.receive(bob.protect(b"updated")), mls.MessageReceived)


@FORMS
def test_trap_mls_go_2026_06_a_pending_commit_is_kept(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    store: dict[bytes, bytes] = {}
    for _ in range(3):
        carol = member("c")
        package = carol.key_package()
        pending = alice.commit(add=[package.message])
        alice = kept(alice, store)
        assert alice.pending is not None
        assert alice.pending.message == pending.message
        assert alice.pending.welcomes == pending.welcomes
        assert alice.pending.changed == pending.changed
        assert alice.pending.export("x", b"", 16) == pending.export("x", b"", 16)
        alice.accept(alice.pending)
        bob.receive(pending.message)
        joined = mls.Group.join(carol, package, pending.welcome)
        alice = kept(alice, store)
        agree([alice, bob, joined])
        assert isinstance(alice.receive(bob.protect(b"new epoch")), mls.MessageReceived)
        gone = alice.commit(remove=[joined.own_index])
        alice.discard(gone)
        alice = kept(alice, store)
        assert alice.pending is None
        gone = alice.commit(remove=[joined.own_index])
        everyone([alice, bob], gone.message)


def test_trap_mls_go_2026_06_a_leaf_key_after_a_merge() -> None:
    alice, bob, carol = found("abc")
    update = bob.propose_update()
    for group in (alice, carol):
        group.receive(update)
    pending = alice.commit()
    everyone([alice, bob, carol], pending.message)
    for committer in (carol, bob, alice, carol):
        pending = committer.commit()
        everyone([alice, bob, carol], pending.message)
        agree([alice, bob, carol])


# --- a commit that is not right ---------------------------------------------------------


@pytest.mark.parametrize("by_value", [True, False])
def test_the_confirmation_tag_is_the_last_word(
    monkeypatch: pytest.MonkeyPatch, *, by_value: bool
) -> None:
    alice, bob = found("ab")
    with lawless(monkeypatch):
        message = alice.commit(remove=[1] if by_value else [], handshake=PUBLIC).message
    commit = commit_of(message)
    assert commit.path is not None
    auth = FramedContentAuthData(b"", bytes(32))
    bad = rewrapped(alice, message, auth=auth, resign=True)
    if by_value:
        assert bob.receive(bad).removed  # type: ignore[union-attr]
    else:
        refuses(bob, bad, AuthenticationError, "VAL-157")
