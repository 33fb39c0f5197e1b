"""The floor of every operation: which primitive calls it cannot do without.

Let d be the depth of the tree, L the length of the committer's filtered path, R the number of
ciphertexts on it, j the nodes of the path from the common ancestor with the receiver up:

* An HPKE seal is 1 Encap, 3 HMAC and 1 AEAD, an open 1 Decap instead; the label and context of all
  seals of a batch are 1 HMAC. Of suite 1, DeriveKeyPair is 2 HMAC and 1 X25519, Encap 2 X25519 and
  2 HMAC, and Decap one X25519 less.
* A new epoch is 13 HMAC, 1 for the confirmation tag, and 2 transcript hashes. A path adds two
  HMAC and 1 DeriveKeyPair for each node whose key is derived.
* A public handshake adds 1 HMAC; a private one 2 AEAD and 5 HMAC, and, being the sender's first
  message in its epoch, 2d + 2 HMAC more.
* Every subtree that changes is hashed once; every node of a path has its parent hash.
* Signatures: 1 for the content, 1 for the leaf of a path, 1 for the GroupInfo of a Welcome;
  whoever receives verifies these, and 2 for each Add by value.
* From 32 signatures to verify, or 32 members to seal to, threads can share the work: its time is
  divided by their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.primitive_names import (
    AEAD,
    DECAP,
    DERIVE,
    ENCAP,
    GENERATE,
    HASH,
    HMAC,
    SIGN,
    VERIFY,
)
from benchmarks.primitives import Calls
from covey.mls.tree.math import common_height
from covey.mls.tree.nodes import Branch
from covey.mls.tree.update_path import recipients

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls import PendingCommit
    from covey.mls.tree.nodes import Subtree
    from covey.mls.tree.ratchet_tree import RatchetTree

SHARED_FROM: Final = 32
"""Signatures to verify, or members to seal to, from which on threads share the work."""

_EPOCH = 13
_EPOCH_ZERO = 9


class Commit(NamedTuple):
    """A commit, as its floors see it.

    Attributes:
        pending: The commit.
        sender: The leaf of the committer.
        private: Whether it is a PrivateMessage.
        depth: Of the tree before the commit.
        tree_inside: Whether the Welcome carries the tree.
    """

    pending: PendingCommit
    sender: int
    private: bool
    depth: int
    tree_inside: bool = False

    @property
    def tree(self) -> RatchetTree:
        """The tree of the next epoch."""
        return self.pending.epoch.public.tree

    @property
    def added(self) -> list[int]:
        """The leaves of the new members, sorted."""
        return sorted(each.index for each in self.pending.changed.added)

    @property
    def path_length(self) -> int:
        """L."""
        if not self.pending.changed.with_path:
            return 0
        return len(self.tree.filtered_path(self.sender))

    @property
    def ciphertexts(self) -> int:
        """R."""
        if not self.pending.changed.with_path:
            return 0
        added = self.added
        return sum(recipients(step, added) for step in self.tree.filtered_path(self.sender))

    def above(self, receiver: int) -> int:
        """The number j: nodes of the path from the common ancestor with a receiver up."""
        if not self.pending.changed.with_path:
            return 0
        lowest = common_height(self.sender, receiver)
        return sum(step.height >= lowest for step in self.tree.filtered_path(self.sender))

    @property
    def hashed(self) -> int:
        """How many subtrees have another tree hash than before."""
        changed = self.pending.changed
        touched = [each.index for each in (*changed.added, *changed.removed)]
        if changed.with_path:
            touched.append(self.sender)
        height = self.tree.height
        return len({(at, leaf >> at) for leaf in touched for at in range(height + 1)})


def create(commit: Commit) -> Calls:
    """Creating a commit, and the Welcome for those whom it adds."""
    calls = Calls(commit.tree.suite.code)
    size, added = len(commit.pending.message), len(commit.added)
    _shared(calls, VERIFY, 2 * added, jobs=2 * added)
    _new_path(calls, commit)
    calls.add(SIGN, size=size)
    _next_epoch(calls, commit, commit.path_length)
    _framing(calls, size, private=commit.private, first_in=commit.depth)
    if added:
        _welcome(calls, commit, added)
    return calls


def _new_path(calls: Calls, commit: Commit) -> None:
    if not commit.pending.changed.with_path:
        return
    length, sealed = commit.path_length, commit.ciphertexts
    calls.add(GENERATE)
    calls.add(SIGN)
    calls.add(DERIVE, length)
    calls.add(HMAC, 2 * length)
    if sealed:
        calls.add(HMAC)
        _seals(calls, sealed)


def _seals(calls: Calls, count: int) -> None:
    for primitive, times in ((ENCAP, 1), (HMAC, 3), (AEAD, 1)):
        _shared(calls, primitive, times * count, jobs=count)


def _shared(calls: Calls, primitive: str, count: int, *, jobs: int) -> None:
    """Calls of so many jobs: only many of them are worth more than one thread."""
    add = calls.add_spread if jobs >= SHARED_FROM else calls.add
    add(primitive, count)


def _next_epoch(calls: Calls, commit: Commit, parent_hashes: int) -> None:
    calls.add(HMAC, _EPOCH + 1)
    calls.add(HASH, size=len(commit.pending.message))
    calls.add(HASH, 1 + parent_hashes + commit.hashed)


def _framing(calls: Calls, size: int, *, private: bool, first_in: int | None) -> None:
    """A membership tag, or encryption; ``first_in`` is the depth if it is a first message."""
    if not private:
        calls.add(HMAC, size=size)
        return
    calls.add(AEAD)
    calls.add(AEAD, size=size)
    calls.add(HMAC, 5)
    if first_in is not None:
        calls.add(HMAC, 2 * first_in + 2)


def _welcome(calls: Calls, commit: Commit, added: int) -> None:
    info = len(commit.pending.ratchet_tree) if commit.tree_inside else 0
    calls.add(HMAC, 3)
    calls.add(SIGN, size=info)
    calls.add(AEAD, size=info)
    calls.add(HMAC, size=info)
    calls.add(HASH, added)
    _seals(calls, added)


def build(commit: Commit) -> Calls:
    """Creating a group with its first members: a group of one, then a commit."""
    calls = create(commit)
    calls.add(GENERATE)
    calls.add(SIGN)
    calls.add(HASH, 2)
    calls.add(HMAC, _EPOCH_ZERO + 1)
    return calls


def process(commit: Commit, receiver: int) -> Calls:
    """Processing a commit of somebody else."""
    calls = Calls(commit.tree.suite.code)
    size, length = len(commit.pending.message), commit.path_length
    calls.add(VERIFY, size=size)
    _shared(calls, VERIFY, 2 * len(commit.added), jobs=2 * len(commit.added))
    if length:
        above = commit.above(receiver)
        calls.add(VERIFY)
        calls.add(HMAC)
        _open(calls)
        calls.add(DERIVE, above)
        calls.add(HMAC, 2 * above)
    _next_epoch(calls, commit, length)
    _framing(calls, size, private=commit.private, first_in=commit.depth)
    return calls


def _open(calls: Calls) -> None:
    for primitive, times in ((DECAP, 1), (HMAC, 3), (AEAD, 1)):
        calls.add(primitive, times)


def join(tree: RatchetTree, tree_size: int) -> Calls:
    """Joining by a Welcome of a commit without a path.

    Args:
        tree: The tree that is joined.
        tree_size: Its bytes if it is inside the Welcome, else 0.
    """
    calls = Calls(tree.suite.code)
    members = tree.census.members
    _shared(calls, VERIFY, members, jobs=members)
    calls.add(VERIFY, size=tree_size)
    calls.add(HMAC, size=tree_size)
    _open(calls)
    calls.add(AEAD, size=tree_size)
    calls.add(HMAC, 4 + _EPOCH - 2 + 1)
    calls.add(HASH, 2 + sum(_hashes(tree.root)))
    return calls


def _hashes(subtree: Subtree) -> Iterable[int]:
    """Hashes of a tree: each subtree that is not blank, each parent node's parent hash."""
    if subtree is None:
        return
    yield 1
    if type(subtree) is Branch:
        yield subtree.node is not None
        yield from _hashes(subtree.left)
        yield from _hashes(subtree.right)


def protect(suite: int, size: int, depth: int | None) -> Calls:
    """Sending an application message; ``depth`` of the tree if it is the first of its sender."""
    calls = Calls(suite)
    calls.add(SIGN, size=size)
    _framing(calls, size, private=True, first_in=depth)
    return calls


def unprotect(suite: int, size: int, depth: int | None) -> Calls:
    """Reading one; ``depth`` of the tree if it is the first of its sender."""
    calls = Calls(suite)
    calls.add(VERIFY, size=size)
    _framing(calls, size, private=True, first_in=depth)
    return calls
