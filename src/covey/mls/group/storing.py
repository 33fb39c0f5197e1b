"""Turning a group's state into rows and back.

May import this folder's state and rows, and the tree. A full snapshot is all rows at once; a
change is what differs from the rows that were handed out before: in a group of 10,000 a
commit changes a few dozen.
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from covey.mls.crypto.dialects import RFC_9420
from covey.mls.group import rows
from covey.mls.tree.diff import changed_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covey.mls.group.epoch import Epoch, PastEpoch
    from covey.mls.group.events import Changed, MemberInfo
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.state import State
    from covey.mls.schedule.secret_tree import SecretTree
    from covey.mls.tree.ratchet_tree import RatchetTree


class Changes(NamedTuple):
    """What a store has to do, in this order and in one transaction.

    Attributes:
        ranges: Half-open ranges of keys to delete, as (first, beyond the last).
        delete: Keys to delete.
        put: Rows to write, new or in place of others.
    """

    ranges: tuple[tuple[bytes, bytes], ...]
    delete: frozenset[bytes]
    put: dict[bytes, bytes]

    def __repr__(self) -> str:
        return f"Changes({len(self.put)} put, {len(self.delete)} deleted)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []

    def apply_to(self, store: dict[bytes, bytes]) -> None:
        """Do it to a dict, as the simplest store there is."""
        for first, beyond in self.ranges:
            for key in [key for key in store if first <= key < beyond]:
                del store[key]
        for key in self.delete:
            store.pop(key, None)
        store.update(self.put)


def all_rows(state: State) -> dict[bytes, bytes]:
    """Every row of a state."""
    found = _small_rows(state)
    before: RatchetTree | None = None
    for epoch, tree in _trees(state):
        found |= _node_rows(before, tree, epoch)
        before = tree
    for epoch, secret_tree in _secret_trees(state):
        prefix = rows.SECRET + rows.number(epoch)
        found |= {prefix + key: value for key, value in secret_tree.all_rows().items()}
    if state.pending is not None:
        found |= _pending_rows(state.pending, state)
    return found


def _trees(state: State) -> list[tuple[int, RatchetTree]]:
    """The trees that are kept, by epoch, the oldest first."""
    kept = [(past.context.epoch, past.tree) for past in reversed(state.past)]
    public = state.epoch.public
    return [*kept, (public.context.epoch, public.tree)]


def _secret_trees(state: State) -> Iterator[tuple[int, SecretTree]]:
    for past in state.past:
        yield past.context.epoch, past.secret_tree
    yield state.epoch.public.context.epoch, state.secret_tree


def _node_rows(old: RatchetTree | None, new: RatchetTree, epoch: int) -> dict[bytes, bytes]:
    return {
        rows.NODE + rows.number(index) + rows.number(epoch): rows.NodeRow(node).encode()
        for index, node in changed_nodes(old, new).items()
    }


def _superseded(old: RatchetTree, new: RatchetTree, epoch: int) -> list[tuple[bytes, bytes]]:
    """The rows of nodes that no tree before an epoch is read from any more.

    A node that became blank in it needs no row either; so one that was blank has none.
    """
    found = []
    for index, node in changed_nodes(old, new).items():
        if old.node_at(index) is not None:
            key = rows.NODE + rows.number(index)
            found.append((key, key + rows.number(epoch + (node is None))))
    return found


def _small_rows(
    state: State, last: State | None = None, known: Mapping[bytes, bytes] = MappingProxyType({})
) -> dict[bytes, bytes]:
    """All rows but those of trees and of the pending commit.

    Args:
        state: The state.
        last: Another one; of epochs that are also in that, nothing is encoded again.
        known: Its rows.
    """
    same = last is not None and last.epoch is state.epoch
    held = set() if last is None else set(map(id, last.past))
    found = {
        rows.FORMAT: rows.VERSION.to_bytes(2),
        rows.EPOCH: known[rows.EPOCH] if same else _epoch_row(state.epoch).encode(),
        rows.STATUS: rows.StatusRow(int(state.removed), state.reinit, state.accepted).encode(),
    }
    if (dialect := state.epoch.public.tree.suite.dialect) != RFC_9420:
        found[rows.DIALECT] = dialect.encode()
    for past in state.past:
        key = rows.PAST + rows.number(past.context.epoch)
        found[key] = known[key] if id(past) in held else _past_row(past).encode()
    for epoch, psk in state.resumption.items():
        found[rows.RESUMPTION + rows.number(epoch)] = psk
    found |= _exporter_rows(rows.EXPORTER, state.epoch)
    for order, (reference, sent) in enumerate(state.proposals.items()):
        row = rows.ProposalRow(order, sent.sender, int(sent.verified), sent.proposal)
        found[rows.PROPOSAL + reference] = row.encode()
    for reference, update in state.updates.items():
        found[rows.UPDATE + reference] = rows.UpdateRow(*update).encode()
    return found


def _epoch_row(epoch: Epoch) -> rows.EpochRow:
    public, secrets, private = epoch.public, epoch.secrets, epoch.private
    return rows.EpochRow(
        public.context,
        public.confirmation_tag,
        public.tree.height,
        rows.SecretsRow(
            secrets.sender_data_secret,
            secrets.exporter_secret,
            secrets.external_secret,
            secrets.membership_key,
            secrets.resumption_psk,
            secrets.epoch_authenticator,
            secrets.init_secret,
        ),
        private.index,
        private.leaf,
        tuple(rows.PathKeyRow(height, key) for height, key in sorted(private.path.items())),
        epoch.signer,
    )


def _exporter_rows(table: bytes, epoch: Epoch) -> dict[bytes, bytes]:
    return {table + rows.number(node): secret for node, secret in epoch.exporter.nodes.items()}


def _past_row(past: PastEpoch) -> rows.PastRow:
    return rows.PastRow(past.context, past.tree.height, past.index, past.sender_data_secret)


def _pending_rows(pending: PendingCommit, state: State) -> dict[bytes, bytes]:
    welcomes = tuple(
        rows.InvitationRow(each.message, tuple(map(rows.ReferenceRow, each.references)))
        for each in pending.welcomes
    )
    row = rows.PendingRow(
        pending.message, welcomes, _changed_row(pending.changed), _epoch_row(pending.epoch)
    )
    found = {rows.PENDING: row.encode()}
    changed = changed_nodes(state.epoch.public.tree, pending.epoch.public.tree)
    for index, node in changed.items():
        found[rows.PENDING_NODE + rows.number(index)] = rows.NodeRow(node).encode()
    for key, value in pending.secret_tree.all_rows().items():
        found[rows.PENDING_SECRET + key] = value
    return found | _exporter_rows(rows.PENDING_EXPORTER, pending.epoch)


def _changed_row(changed: Changed) -> rows.ChangedRow:
    return rows.ChangedRow(
        changed.epoch,
        _member_row(changed.committer),
        int(changed.external),
        tuple(map(_member_row, changed.added)),
        tuple(map(_member_row, changed.removed)),
        tuple(map(_member_row, changed.updated)),
        tuple(
            rows.SentRow(each.sender, int(each.verified), each.reference or b"", each.proposal)
            for each in changed.proposals
        ),
        int(changed.with_path),
    )


def _member_row(member: MemberInfo) -> rows.MemberRow:
    return rows.MemberRow(*msgspec.structs.astuple(member))


class Ledger:
    """Remembers which rows of a group were handed out, and finds what differs.

    Args:
        state: The state that is stored already, or None when nothing is.
    """

    __slots__ = ("_small", "_state")

    def __init__(self, state: State | None = None) -> None:
        self._state: State | None = state
        self._small: dict[bytes, bytes] = {} if state is None else _small_rows(state)

    def changes(self, state: State) -> Changes:
        """What differs from the state that was handed out last."""
        put: dict[bytes, bytes] = {}
        delete: set[bytes] = set()
        ranges: list[tuple[bytes, bytes]] = []
        if state is not self._state:  # else a message was sent or received, and no more
            self._compare_small(state, put, delete)
            self._compare_trees(state, put, ranges)
            self._compare_pending(state, put, delete, ranges)
        self._compare_secrets(state, put, delete, ranges)
        self._state = state
        return Changes(tuple(ranges), frozenset(delete), put)

    def _compare_small(self, state: State, put: dict[bytes, bytes], delete: set[bytes]) -> None:
        before, self._small = self._small, _small_rows(state, self._state, self._small)
        put |= {key: value for key, value in self._small.items() if before.get(key) != value}
        delete |= before.keys() - self._small.keys()

    def _compare_pending(
        self,
        state: State,
        put: dict[bytes, bytes],
        delete: set[bytes],
        ranges: list[tuple[bytes, bytes]],
    ) -> None:
        before = None if self._state is None else self._state.pending
        if state.pending is before:
            return
        if before is not None:
            delete.add(rows.PENDING)
            tables = (rows.PENDING_NODE, rows.PENDING_SECRET, rows.PENDING_EXPORTER)
            ranges += [_whole(table) for table in tables]
        if state.pending is not None:
            put |= _pending_rows(state.pending, state)

    def _compare_trees(
        self, state: State, put: dict[bytes, bytes], ranges: list[tuple[bytes, bytes]]
    ) -> None:
        """New versions of nodes, and the versions that no kept epoch needs any more."""
        chain = [] if self._state is None else _trees(self._state)
        last = chain[-1] if chain else None
        for epoch, tree in _trees(state):
            if last is not None and epoch <= last[0]:
                continue
            put |= _node_rows(None if last is None else last[1], tree, epoch)
            last = (epoch, tree)
            chain.append(last)
        oldest = _trees(state)[0][0]
        for (_, before), (epoch, tree) in itertools.pairwise(chain):
            if epoch <= oldest:
                ranges += _superseded(before, tree, epoch)

    def _compare_secrets(
        self,
        state: State,
        put: dict[bytes, bytes],
        delete: set[bytes],
        ranges: list[tuple[bytes, bytes]],
    ) -> None:
        """What changed in secret trees; of one that is new all, of one that went nothing stays.

        A pending commit's was loaded with it; a removal puts an empty one in its epoch's place.
        """
        kept = dict(_secret_trees(state))
        before = {} if self._state is None else dict(_secret_trees(self._state))
        for epoch, secret_tree in kept.items():
            prefix = rows.SECRET + rows.number(epoch)
            fresh, erased = secret_tree.drain_changes()
            if before.get(epoch) is not secret_tree:
                fresh, erased = secret_tree.all_rows(), set()
            put |= {prefix + key: value for key, value in fresh.items()}
            delete |= {prefix + key for key in erased}
        for epoch, secret_tree in before.items():
            if kept.get(epoch) is not secret_tree:
                ranges.append(_whole(rows.SECRET + rows.number(epoch)))


def _whole(prefix: bytes) -> tuple[bytes, bytes]:
    """The range of all keys with a prefix."""
    beyond = (int.from_bytes(prefix) + 1).to_bytes(len(prefix))
    return prefix, beyond
