"""The secret tree: a key and a nonce for every message (RFC 9420 §9, §6.3.2, §15.3).

May import :mod:`covey.errors` and :mod:`covey.mls.crypto`.

An epoch's ``encryption_secret`` is the root of a binary tree with a leaf for each leaf of
the ratchet tree; a leaf's secret begins two hash ratchets, one for handshake messages and
one for application messages, and each generation of a ratchet gives one key and nonce::

    root ──> nodes ──> leaf ──> ratchet secret 0 ──> 1 ──> 2 ──> … the head
                                                     └> key 1, nonce 1

**What is kept.** Of the tree, the secrets of those nodes of which no leaf was used: at the
beginning the root, then the siblings left and right of each path taken. Of each ratchet,
the secret of its head, the lowest generation of which nothing was derived, and the keys of
generations below it that were skipped, because their messages are late or lost.

**What is erased** (§9.2, VAL-211). When a leaf is first used, every secret from the root
down to it; when a generation is used, its key, its nonce and its ratchet secret; when more
keys than ``max_skipped`` are waiting in one ratchet, the oldest of them.

**Half-changes do not exist.** :meth:`SecretTree.peek` derives on the side and changes
nothing, so that a message which then fails to decrypt costs nobody a key (VAL-214).
:meth:`SecretTree.apply` is the only place where the tree changes, and it takes a step only
if nothing else changed in between. Nothing at all is derived for a generation beyond
``max_forward`` (VAL-212), nor for one whose key is gone (VAL-213).

**Cost.** 3 HMAC for each message, and 2d + 2 more for the first one of a sender in a tree
of depth d; 1 HMAC for each generation skipped, and 2 more for it if the message is real.

**Storage.** The state is rows (:meth:`SecretTree.drain_changes`): one for each node, each
ratchet head and each skipped key. Keys that a sender takes ahead of its messages are not stored.

Nodes are numbered as in Appendix C: leaf i is node 2i, a parent lies between its children.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn, Self

from covey.errors import MissingKeyError, StateError
from covey.mls.schedule import rows
from covey.mls.schedule.reserve import MOST, Reserve
from covey.mls.schedule.steps import APPLICATION, HANDSHAKE, Descent, RatchetKind, Step, descend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.crypto.suite import Suite
    from covey.mls.schedule.rows import RowKey

__all__ = ["APPLICATION", "HANDSHAKE", "RatchetKind", "SecretTree", "Step", "sender_data"]

MAX_FORWARD: Final = 1000
"""Generations that a ratchet is followed beyond its head, unless told otherwise."""

MAX_SKIPPED: Final = 100
"""Skipped keys kept for each ratchet, unless told otherwise."""

_MAX_GENERATION: Final = (1 << 32) - 1


class SecretTree:
    """One epoch's secret tree. Not for use from two threads at a time.

    Args:
        suite: The group's cipher suite.
        leaf_count: Leaves of the ratchet tree, blank ones too; rounded up to a power of 2.
        encryption_secret: The root, Nh bytes. The caller drops its own copy.
        max_forward: How far beyond its head a ratchet is followed, in generations.
        max_skipped: How many skipped keys are kept for each ratchet.
    """

    def __init__(
        self,
        suite: Suite,
        leaf_count: int,
        encryption_secret: bytes,
        *,
        max_forward: int = MAX_FORWARD,
        max_skipped: int = MAX_SKIPPED,
    ) -> None:
        self._suite = suite
        self._depth = (leaf_count - 1).bit_length()
        self.max_forward: int = max_forward
        self.max_skipped: int = max_skipped
        self.reserve: Reserve = Reserve()
        root = (1 << self._depth) - 1
        self._nodes: dict[int, bytes] = {root: encryption_secret}
        self._heads: tuple[dict[int, tuple[int, bytes]], ...] = ({}, {})
        self._skipped: tuple[dict[int, dict[int, bytes]], ...] = ({}, {})
        self._fresh: set[RowKey] = {(rows.NODE, root, 0, 0)}
        self._erased: set[RowKey] = set()
        self._state = object()

    def peek(self, leaf: int, kind: RatchetKind, generation: int) -> Step:
        """Find the key of a received message, and change nothing.

        Args:
            leaf: The sender's leaf index.
            kind: Which of its ratchets.
            generation: From the message's sender data.

        Raises:
            MissingKeyError: The key was used or erased, or lies too far ahead, or the
                tree has no such leaf.
        """
        head = self._heads[kind].get(leaf)
        if head is None:
            return self._peek_first(leaf, kind, generation)
        if generation >= head[0]:
            return self._peek_ahead(leaf, kind, generation, head, None)
        kept = self._skipped[kind].get(leaf, {}).get(generation)
        if kept is None:
            msg = "the key was used already, or is too old"
            gone = MissingKeyError(msg, generation=generation)
            raise gone.of(rule="VAL-213", section="15.3")
        split = self._suite.Nk
        return Step(kept[:split], kept[split:], leaf, kind, generation, self._state)

    def peek_next(self, leaf: int, kind: RatchetKind) -> Step:
        """Find the key of the next message to send, and change nothing.

        Raises:
            StateError: All 2^32 generations are used.
            MissingKeyError: The tree has no such leaf.
        """
        head = self._heads[kind].get(leaf)
        if head is None:
            return self._peek_first(leaf, kind, 0)
        if head[0] > _MAX_GENERATION:
            msg = "every generation of the ratchet is used; a new epoch brings more"
            raise StateError(msg).of(rule="VAL-218", section="15.2")
        return self._peek_ahead(leaf, kind, head[0], head, None)

    def next_generation(self, leaf: int, kind: RatchetKind) -> int:
        """The generation of the next message to send; 2^32 when all are used."""
        ahead = self.reserve.first(leaf, kind)
        return self._heads[kind].get(leaf, (0, b""))[0] if ahead is None else ahead

    def take_ahead(self, leaf: int, kind: RatchetKind, count: int) -> None:
        """Make the next steps so, and keep their keys in the reserve: all of them, or none.

        Raises:
            ValueError: They are none, or more than a reserve holds with those that are left.
            StateError: The ratchet has no such generations any more.
            MissingKeyError: The tree has no such leaf.
        """
        left = self.reserve.left(leaf, kind)
        if not 1 <= count <= MOST - left:
            msg = f"{count} generations cannot be reserved: 1 to {MOST - left} can"
            raise ValueError(msg)
        if self._heads[kind].get(leaf, (0, b""))[0] + count - 1 > _MAX_GENERATION:
            msg = "the ratchet has no such generations any more; a new epoch brings more"
            raise StateError(msg).of(rule="VAL-218", section="15.2")
        for _ in range(count):
            step = self.peek_next(leaf, kind)
            self.apply(step)
            self.reserve.add(step)

    def apply(self, step: Step) -> None:
        """Make a step so: its message was sent, or decrypted.

        Raises:
            StateError: The tree changed since the step was made.
        """
        if step.state is not self._state:
            msg = "the secret tree changed since this step was made"
            raise StateError(msg)
        if step.ratchet_secret is None:
            self._drop_skipped(step.kind, step.leaf, step.generation)
        else:
            suite, generation = self._suite, step.generation
            head = suite.derive_tree_secret(step.ratchet_secret, "secret", generation, suite.Nh)
            first = generation - len(step.passed)
            keys = {
                first + offset: b"".join(self._key_and_nonce(secret, first + offset))
                for offset, secret in enumerate(step.passed)
            }
            if step.descent is not None:
                self._split(step.leaf, step.descent)
            self._set_head(step.kind, step.leaf, generation + 1, head)
            if keys:
                self._keep_skipped(step.kind, step.leaf, keys)
        self._state = object()

    # Deriving, on the side

    def _peek_first(self, leaf: int, kind: RatchetKind, generation: int) -> Step:
        """Derive a leaf of which nothing was used yet, then its ratchet up to a generation."""
        if generation > self.max_forward:
            self._refuse_distance(generation)
        level, node = 0, 2 * leaf
        while node not in self._nodes:
            if level >= self._depth:
                msg = "the secret tree has no such leaf"
                raise MissingKeyError(msg, generation=generation)
            node = (node | 1 << level) & ~(2 << level)
            level += 1
        descent = self._derive_leaf(leaf, node, level)
        head = (0, descent.ratchet_secrets[kind])
        return self._peek_ahead(leaf, kind, generation, head, descent)

    def _derive_leaf(self, leaf: int, node: int, level: int) -> Descent:
        """Walk down from a node at ``level`` to a leaf below it (§9)."""
        siblings, secret = descend(self._suite, self._nodes[node], node, level, leaf)
        derive = self._suite.derive_secret
        ratchets = (derive(secret, "handshake"), derive(secret, "application"))
        return Descent(node, siblings, ratchets)

    def _peek_ahead(
        self,
        leaf: int,
        kind: RatchetKind,
        generation: int,
        head: tuple[int, bytes],
        descent: Descent | None,
    ) -> Step:
        """Follow a ratchet from its head to a generation (§9.1)."""
        start, secret = head
        passed: deque[bytes] | tuple[()] = ()
        if generation != start:
            if generation - start > self.max_forward:
                self._refuse_distance(generation)
            passed = deque(maxlen=self.max_skipped)
            derive, length = self._suite.derive_tree_secret, self._suite.Nh
            for position in range(start, generation):
                passed.append(secret)
                secret = derive(secret, "secret", position, length)
        key, nonce = self._key_and_nonce(secret, generation)
        return Step(key, nonce, leaf, kind, generation, self._state, secret, tuple(passed), descent)

    def _key_and_nonce(self, secret: bytes, generation: int) -> tuple[bytes, bytes]:
        suite = self._suite
        key = suite.derive_tree_secret(secret, "key", generation, suite.Nk)
        return key, suite.derive_tree_secret(secret, "nonce", generation, suite.Nn)

    def _refuse_distance(self, generation: int) -> NoReturn:
        msg = f"the generation is more than {self.max_forward} ahead"
        far = MissingKeyError(msg, generation=generation)
        raise far.of(rule="VAL-212", section="15.3")

    # Changing: only from `apply`

    def _split(self, leaf: int, descent: Descent) -> None:
        """Replace a node by the siblings beside the path to a leaf, and by its ratchets."""
        del self._nodes[descent.consumed]
        self._forget((rows.NODE, descent.consumed, 0, 0))
        for node, secret in descent.siblings:
            self._nodes[node] = secret
            self._fresh.add((rows.NODE, node, 0, 0))
        for kind, secret in enumerate(descent.ratchet_secrets):
            self._set_head(kind, leaf, 0, secret)

    def _set_head(self, kind: int, leaf: int, generation: int, secret: bytes) -> None:
        self._heads[kind][leaf] = (generation, secret)
        self._fresh.add((rows.HEAD, leaf, kind, 0))

    def _keep_skipped(self, kind: int, leaf: int, keys: dict[int, bytes]) -> None:
        """Keep skipped keys, and erase the oldest of too many."""
        kept = self._skipped[kind].setdefault(leaf, {})
        kept.update(keys)
        self._fresh.update((rows.SKIPPED, leaf, kind, generation) for generation in keys)
        for generation in list(kept)[: max(0, len(kept) - self.max_skipped)]:
            self._drop_skipped(kind, leaf, generation)

    def _drop_skipped(self, kind: int, leaf: int, generation: int) -> None:
        kept = self._skipped[kind][leaf]
        del kept[generation]
        if not kept:
            del self._skipped[kind][leaf]
        self._forget((rows.SKIPPED, leaf, kind, generation))

    def _forget(self, row: RowKey) -> None:
        """Note a row as erased, unless it never left this object."""
        if row in self._fresh:
            self._fresh.remove(row)
        else:
            self._erased.add(row)

    # Storage

    def drain_changes(self) -> tuple[dict[bytes, bytes], set[bytes]]:
        """Hand out what changed since the last call: rows to put, and keys to delete.

        If they cannot be stored, this object is ahead of the store: load it anew.
        """
        puts = {rows.encode_key(row): self._value(row) for row in self._fresh}
        deletes = {rows.encode_key(row) for row in self._erased}
        self._fresh, self._erased = set(), set()
        self.reserve.settle()
        return puts, deletes

    def all_rows(self) -> dict[bytes, bytes]:
        """Encode everything that is kept, as for a store that has nothing yet."""
        keys: list[RowKey] = [(rows.NODE, node, 0, 0) for node in self._nodes]
        for kind in (HANDSHAKE, APPLICATION):
            keys += [(rows.HEAD, leaf, kind, 0) for leaf in self._heads[kind]]
            for leaf, kept in self._skipped[kind].items():
                keys += [(rows.SKIPPED, leaf, kind, generation) for generation in kept]
        return {rows.encode_key(row): self._value(row) for row in keys}

    def _value(self, row: RowKey) -> bytes:
        """Encode the value of a row that exists."""
        table, index, kind, generation = row
        if table == rows.NODE:
            return self._nodes[index]
        if table == rows.SKIPPED:
            return self._skipped[kind][index][generation]
        head, secret = self._heads[kind][index]
        return rows.encode_head(head, secret)

    @classmethod
    def from_rows(
        cls,
        suite: Suite,
        leaf_count: int,
        stored: Mapping[bytes, bytes],
        *,
        max_forward: int = MAX_FORWARD,
        max_skipped: int = MAX_SKIPPED,
    ) -> Self:
        """Load a tree from all rows that :meth:`drain_changes` left in storage.

        Raises:
            StorageError: A row is not one of a secret tree of this suite.
        """
        tree = cls(suite, leaf_count, b"", max_forward=max_forward, max_skipped=max_skipped)
        tree._nodes.clear()
        tree._fresh.clear()
        for (table, index, kind, generation), value in rows.read(suite, stored):
            if table == rows.NODE:
                tree._nodes[index] = value
            elif table == rows.HEAD:
                tree._heads[kind][index] = rows.decode_head(value)
            else:
                tree._skipped[kind].setdefault(index, {})[generation] = value
        return tree


def sender_data(suite: Suite, sender_data_secret: bytes, ciphertext: bytes) -> tuple[bytes, bytes]:
    """Derive ``sender_data_key`` and ``sender_data_nonce`` (RFC 9420 §6.3.2).

    Args:
        suite: The group's cipher suite.
        sender_data_secret: Of the epoch.
        ciphertext: The content's; its first Nh bytes are the sample, or all if fewer.
    """
    sample = ciphertext[: suite.Nh]
    key = suite.expand_with_label(sender_data_secret, "key", sample, suite.Nk)
    return key, suite.expand_with_label(sender_data_secret, "nonce", sample, suite.Nn)
