"""What differs between two ratchet trees or two GroupInfos: data, and lines for a terminal.

May import the picture layer's names. All of it is public: it comes from GroupContexts and trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.mls.picture.names import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LISTED: Final = 40  # members of a kind that are listed in lines; the data has all of them
_NAME: Final = 28  # columns of a field's name


class Change(msgspec.Struct, frozen=True):
    """A field, before and after.

    Attributes:
        field: Its name, the RFC's.
        before: Its value, for people; empty when it was not there.
        after: Likewise.
    """

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.field} {self.values()}"

    def values(self) -> str:
        """The values, without the name."""
        if not self.before:
            return f"added: {self.after}"
        return f"{self.before} → {self.after}" if self.after else f"removed: {self.before}"


class Seat(msgspec.Struct, frozen=True):
    """A member at a leaf.

    Attributes:
        leaf: The leaf index.
        name: Whom its credential names.
        elsewhere: The leaf at which the same signature key stands in the other tree; None
            when it does not. Somebody who came back, such as by a resync, has one.
    """

    leaf: int
    name: str
    elsewhere: int | None = None


class Updated(msgspec.Struct, frozen=True):
    """A member whose leaf is another: it has the same credential, or the same signature key.

    Attributes:
        leaf: The leaf index.
        name: Whom its credential names now.
        fields: What changed in the leaf.
    """

    leaf: int
    name: str
    fields: tuple[Change, ...]


class Unmerged(msgspec.Struct, frozen=True):
    """A parent whose list of unmerged leaves is another.

    Attributes:
        node: Its array index.
        added: Leaf indices that have come into the list.
        removed: Leaf indices that have gone from it.
    """

    node: int
    added: tuple[int, ...]
    removed: tuple[int, ...]


class Parents(msgspec.Struct, frozen=True):
    """The parents that differ, by array index.

    Attributes:
        blanked: They had a key and have none; also those that were cut off with their subtree.
        filled: They had no key and have one.
        rekeyed: They have another key.
        rehashed: They have the same key and another parent_hash.
        unmerged: Their lists of unmerged leaves differ. Where the key is new, so is the list.
    """

    blanked: tuple[int, ...] = ()
    filled: tuple[int, ...] = ()
    rekeyed: tuple[int, ...] = ()
    rehashed: tuple[int, ...] = ()
    unmerged: tuple[Unmerged, ...] = ()


class TreeDifference(msgspec.Struct, frozen=True):
    """What differs between two trees.

    Attributes:
        leaves: How many leaves they have, blank ones included.
        members: How many members they have.
        added: Members of the second tree only.
        removed: Members of the first tree only.
        updated: Members of both, whose leaves differ.
        parents: The parents that differ.
        committer: The one member whose commit explains all new keys; None when there is no
            such member, or more than one.
    """

    leaves: tuple[int, int]
    members: tuple[int, int]
    added: tuple[Seat, ...] = ()
    removed: tuple[Seat, ...] = ()
    updated: tuple[Updated, ...] = ()
    parents: Parents = Parents()
    committer: Seat | None = None

    @property
    def same(self) -> bool:
        """Whether the trees are the same."""
        changed = self.added or self.removed or self.updated
        return not changed and self.parents == Parents() and self.leaves[0] == self.leaves[1]


class Difference(msgspec.Struct, frozen=True):
    """What differs between two trees or GroupInfos.

    Attributes:
        kinds: What they are.
        context: Fields of the GroupContext that differ, extensions by their names.
        info: Fields of the GroupInfo that differ, extensions by their names.
        tree: What differs between the trees; None when one of them is not at hand.
        notes: What could not be compared, and what else is to be said, as sentences.
    """

    kinds: tuple[str, str]
    context: tuple[Change, ...] = ()
    info: tuple[Change, ...] = ()
    tree: TreeDifference | None = None
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing was found to differ."""
        return not self.context and not self.info and (self.tree is None or self.tree.same)

    def lines(self) -> list[str]:
        """What differs, for a terminal."""
        said = [f"{self.kinds[0]} → {self.kinds[1]}"]
        if self.same:
            said.append("Nothing differs in what both of them hold.")
        said += _fields("GroupContext", self.context)
        said += _fields("GroupInfo", self.info)
        if self.tree is not None and not self.tree.same:
            said += ["Ratchet tree", *(f"  {line}" for line in _of_tree(self.tree))]
        return [*said, *self.notes]


def _fields(title: str, changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    return [title, *(f"  {each.field:<{_NAME}} {each.values()}" for each in changes)]


def _of_tree(tree: TreeDifference) -> Iterator[str]:
    if tree.leaves[0] != tree.leaves[1]:
        yield f"{'leaves':<{_NAME}} {tree.leaves[0]:,} → {tree.leaves[1]:,}"
    if tree.members[0] != tree.members[1]:
        yield f"{'members':<{_NAME}} {tree.members[0]:,} → {tree.members[1]:,}"
    yield from _listed([f"+ {_seat(each, 'before at')}" for each in tree.added], "added")
    yield from _listed([f"- {_seat(each, 'now at')}" for each in tree.removed], "removed")
    yield from _listed([f"~ {_updated(each)}" for each in tree.updated], "updated")
    yield from _of_parents(tree.parents)
    if tree.committer is not None:
        who = f"leaf {tree.committer.leaf}  {tree.committer.name}"
        yield f"All new keys of parents are on one path: as of a commit by {who}."


def _seat(seat: Seat, where: str) -> str:
    moved = "" if seat.elsewhere is None else f" ({where} leaf {seat.elsewhere})"
    return f"leaf {seat.leaf}  {seat.name}{moved}"


def _updated(member: Updated) -> str:
    """What changed in a leaf; that so did the signature over it goes without saying."""
    fields = [str(each) for each in member.fields if each.field != "signature"]
    return f"leaf {member.leaf}  {member.name}: {'; '.join(fields) or 'signature'}"


def _listed(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:_LISTED]
    if len(lines) > _LISTED:
        yield f"… and {len(lines) - _LISTED:,} more {what}"


def _of_parents(parents: Parents) -> Iterator[str]:
    for said, indices in (
        ("parents newly blank", parents.blanked),
        ("parents newly with keys", parents.filled),
        ("parents with other keys", parents.rekeyed),
        ("parents with other hashes", parents.rehashed),
    ):
        if indices:
            yield f"{said:<{_NAME}} {_nodes(indices)}"
    yield from _listed([_unmerged(each) for each in parents.unmerged], "with other unmerged leaves")


def _nodes(indices: Sequence[int]) -> str:
    """Array indices, of which parents have every second one: as ranges of parents."""
    steps = [index // 2 for index in indices]
    if len(steps) > 2 and steps[-1] - steps[0] == len(steps) - 1:
        return f"nodes {indices[0]}, {indices[1]} … {indices[-1]} ({len(indices):,} in all)"
    shown = ", ".join(map(str, indices[:_LISTED]))
    more = len(indices) - _LISTED
    return f"node{'s' * (len(indices) > 1)} {shown}" + (f", … ({more:,} more)" if more > 0 else "")


def _unmerged(change: Unmerged) -> str:
    parts = [f"+ {_leaves(change.added)}"] if change.added else []
    if change.removed:
        parts.append(f"- {_leaves(change.removed)}")
    return f"{f'unmerged at node {change.node}':<{_NAME}} {', '.join(parts)}"


def _leaves(indices: Sequence[int]) -> str:
    return f"{'leaf' if len(indices) == 1 else 'leaves'} {ranges(indices)}"
