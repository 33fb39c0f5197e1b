"""The secret tree against a naive model that derives everything from the root each time."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from covey.errors import MissingKeyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, SecretTree

if TYPE_CHECKING:
    from covey.mls.schedule.secret_tree import RatchetKind

SUITE = get_suite(1)
ROOT = bytes(range(32))
DEPTH = 3
LEAVES = 1 << DEPTH
MAX_FORWARD = 12
MAX_SKIPPED = 4
LABELS = {HANDSHAKE: "handshake", APPLICATION: "application"}

leaves = st.integers(0, LEAVES - 1)
kinds = st.sampled_from([HANDSHAKE, APPLICATION])


@functools.cache
def node_secret(path: str) -> bytes:
    """The secret of the node that a path of ``l`` and ``r`` leads to."""
    if not path:
        return ROOT
    side = {"l": b"left", "r": b"right"}[path[-1]]
    return SUITE.expand_with_label(node_secret(path[:-1]), "tree", side, 32)


def path_to(leaf: int) -> str:
    """The way from the root down to a leaf."""
    return "".join("lr"[leaf >> height & 1] for height in reversed(range(DEPTH)))


@functools.cache
def ratchet_secret(leaf: int, kind: RatchetKind, generation: int) -> bytes:
    """A ratchet's secret of a generation, derived from the root."""
    if generation == 0:
        return SUITE.expand_with_label(node_secret(path_to(leaf)), LABELS[kind], b"", 32)
    before = ratchet_secret(leaf, kind, generation - 1)
    return SUITE.derive_tree_secret(before, "secret", generation - 1, 32)


def message_key(leaf: int, kind: RatchetKind, generation: int) -> tuple[bytes, bytes]:
    """A generation's key and nonce, derived from the root."""
    secret = ratchet_secret(leaf, kind, generation)
    return (
        SUITE.derive_tree_secret(secret, "key", generation, SUITE.Nk),
        SUITE.derive_tree_secret(secret, "nonce", generation, SUITE.Nn),
    )


class SecretTreeMachine(RuleBasedStateMachine):
    """Messages in any order, forged ones, and restarts between them."""

    @initialize()
    def begin(self) -> None:
        self.tree = SecretTree(
            SUITE, LEAVES, ROOT, max_forward=MAX_FORWARD, max_skipped=MAX_SKIPPED
        )
        self.rows: dict[bytes, bytes] = {}
        self.heads: dict[tuple[int, RatchetKind], int] = {}
        self.waiting: dict[tuple[int, RatchetKind], list[int]] = {}
        self.used: set[tuple[int, RatchetKind, int]] = set()
        self.touched: set[int] = set()

    def advance(self, leaf: int, kind: RatchetKind, generation: int) -> None:
        """Do to the model what using a generation does."""
        self.touched.add(leaf)
        self.used.add((leaf, kind, generation))
        head, waiting = self.heads.get((leaf, kind), 0), self.waiting.setdefault((leaf, kind), [])
        if generation < head:
            waiting.remove(generation)
        else:
            waiting.extend(range(head, generation))
            del waiting[: max(0, len(waiting) - MAX_SKIPPED)]
            self.heads[leaf, kind] = generation + 1

    @rule(leaf=leaves, kind=kinds, ahead=st.integers(-8, MAX_FORWARD + 3), forged=st.booleans())
    def receive(self, leaf: int, kind: RatchetKind, ahead: int, *, forged: bool) -> None:
        head = self.heads.get((leaf, kind), 0)
        generation = max(0, head + ahead)
        kept = generation in self.waiting.get((leaf, kind), [])
        if generation - head > MAX_FORWARD or (generation < head and not kept):
            with pytest.raises(MissingKeyError):
                self.tree.peek(leaf, kind, generation)
            return
        step = self.tree.peek(leaf, kind, generation)
        assert (step.key, step.nonce) == message_key(leaf, kind, generation)
        if not forged:
            self.tree.apply(step)
            self.advance(leaf, kind, generation)

    @rule(leaf=leaves, kind=kinds)
    def send(self, leaf: int, kind: RatchetKind) -> None:
        step = self.tree.peek_next(leaf, kind)
        assert step.generation == self.heads.get((leaf, kind), 0)
        assert (step.key, step.nonce) == message_key(leaf, kind, step.generation)
        assert (leaf, kind, step.generation) not in self.used
        self.tree.apply(step)
        self.advance(leaf, kind, step.generation)

    @rule()
    def restart(self) -> None:
        self.store()
        self.tree = SecretTree.from_rows(
            SUITE, LEAVES, self.rows, max_forward=MAX_FORWARD, max_skipped=MAX_SKIPPED
        )

    @rule()
    def store(self) -> None:
        """Write what changed into the rows: exactly what may be kept is kept."""
        puts, deletes = self.tree.drain_changes()
        assert not puts.keys() & deletes
        assert deletes <= self.rows.keys()
        self.rows = {key: row for key, row in self.rows.items() if key not in deletes} | puts
        assert self.tree.all_rows() == self.rows
        kept = {row[-12:] if key[:1] == b"s" else row[-32:] for key, row in self.rows.items()}
        assert kept == self.expected()

    def expected(self) -> set[bytes]:
        """The secrets that are not consumed, and of each message key its nonce."""
        paths = [""]
        for leaf in self.touched:
            path = path_to(leaf)
            paths += [path[:length] + side for length in range(DEPTH) for side in "lr"]
        consumed = {path_to(leaf)[:length] for leaf in self.touched for length in range(DEPTH + 1)}
        expected = {node_secret(path) for path in paths if path not in consumed}
        for leaf in self.touched:
            for kind in (HANDSHAKE, APPLICATION):
                expected.add(ratchet_secret(leaf, kind, self.heads.get((leaf, kind), 0)))
        for (leaf, kind), generations in self.waiting.items():
            expected |= {message_key(leaf, kind, generation)[1] for generation in generations}
        return expected

    def teardown(self) -> None:
        self.store()


TestSecretTree = SecretTreeMachine.TestCase
TestSecretTree.settings = settings(stateful_step_count=40)
