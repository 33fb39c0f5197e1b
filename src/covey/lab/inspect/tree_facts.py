"""A ratchet tree as values that JSON has: who is in it, and who holds which key (RFC 9420 §4.1).

May import the tree and the words of its pictures. All of it is public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.mls.picture.holding import encrypted_to, holders, nodes_held_by
from covey.mls.picture.layout import layout
from covey.mls.picture.names import name_of
from covey.mls.structs.tree import ParentNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.tree.ratchet_tree import RatchetTree


def tree_facts(tree: RatchetTree, leaf: int | None = None) -> dict[str, Any]:
    """Members and parents of a tree.

    Args:
        tree: The tree.
        leaf: A member of whom to say which private keys it holds.
    """
    said: dict[str, Any] = {
        "leaves": tree.size,
        "members": [
            {"leaf": index, "node": 2 * index, "name": name_of(each.credential)}
            for index, each in tree.members()
        ],
        "parents": list(_parents(tree, leaf)),
    }
    if leaf is not None:
        said["leaf"] = {
            "leaf": leaf,
            "holds": nodes_held_by(tree, leaf),
            "encrypts_to": encrypted_to(tree, leaf),
        }
    return said


def _parents(tree: RatchetTree, leaf: int | None) -> Iterator[dict[str, Any]]:
    """The parents in the order of the array form, without those below which nobody is."""
    held = frozenset() if leaf is None else frozenset(nodes_held_by(tree, leaf))
    for shape in layout(tree, rows=None).rows():
        if shape.is_leaf or shape.subtree is None:
            continue
        node = shape.node if isinstance(shape.node, ParentNode) else None
        said: dict[str, Any] = {
            "node": shape.index,
            "encryption_key": node.encryption_key.hex() if node else None,
            "holders": holders(shape.subtree, *shape.place),
            "unmerged_leaves": list(node.unmerged_leaves) if node else [],
            "resolution": tree.resolution(*shape.place),
        }
        if leaf is not None:
            said["held"] = shape.index in held
        yield said
