"""Turning a group's state into rows and back.

May import this folder's state and rows, and the tree. A full snapshot is all rows at once; a
change is what differs from the rows that were handed out before: in a group of 10,000 a
commit changes a few dozen.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from covey.mls.group import rows
from covey.mls.tree.diff import changed_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def _small_rows(state: State) -> dict[bytes, bytes]:
    """All rows but those of trees and of the pending commit."""
    found = {
        rows.FORMAT: rows.VERSION.to_bytes(2),
        rows.EPOCH: _epoch_row(state.epoch).encode(),
        rows.STATUS: rows.StatusRow(int(state.removed), state.reinit, state.accepted).encode(),
    }
    for past in state.past:
        found[rows.PAST + rows.number(past.context.epoch)] = _past_row(past).encode()
    for epoch, psk in state.resumption.items():
        found[rows.RESUMPTION + rows.number(epoch)] = psk
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
    return found


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

    __slots__ = ("_pending", "_secret_trees", "_small", "_trees")

    def __init__(self, state: State | None = None) -> None:
        self._small: dict[bytes, bytes] = {}
        self._trees: list[tuple[int, RatchetTree]] = []
        self._secret_trees: dict[int, SecretTree] = {}
        self._pending: PendingCommit | None = None
        if state is not None:
            self._remember(_small_rows(state), state)

    def changes(self, state: State) -> Changes:
        """What differs from the state that was handed out last."""
        small = _small_rows(state)
        put = {key: value for key, value in small.items() if self._small.get(key) != value}
        delete = {key for key in self._small if key not in small}
        ranges: list[tuple[bytes, bytes]] = []
        self._compare_trees(state, put, ranges)
        self._compare_secrets(state, put, delete, ranges)
        if state.pending is not self._pending:
            if self._pending is not None:
                delete.add(rows.PENDING)
                ranges += [_whole(rows.PENDING_NODE), _whole(rows.PENDING_SECRET)]
            if state.pending is not None:
                put |= _pending_rows(state.pending, state)
        self._remember(small, state)
        return Changes(tuple(ranges), frozenset(delete), put)

    def _remember(self, small: dict[bytes, bytes], state: State) -> None:
        self._small = small
        self._trees = _trees(state)
        self._secret_trees = dict(_secret_trees(state))
        self._pending = state.pending

    def _compare_trees(
        self, state: State, put: dict[bytes, bytes], ranges: list[tuple[bytes, bytes]]
    ) -> None:
        """New versions of nodes, and the versions that no kept epoch needs any more."""
        last = self._trees[-1] if self._trees else None
        chain = list(self._trees)
        for epoch, tree in _trees(state):
            if last is not None and epoch <= last[0]:
                continue
            put |= _node_rows(None if last is None else last[1], tree, epoch)
            last = (epoch, tree)
            chain.append(last)
        oldest = _trees(state)[0][0]
        for (_, before), (epoch, tree) in itertools.pairwise(chain):
            if epoch <= oldest:
                for index in changed_nodes(before, tree):
                    key = rows.NODE + rows.number(index)
                    ranges.append((key, key + rows.number(epoch)))

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
        for epoch, secret_tree in kept.items():
            prefix = rows.SECRET + rows.number(epoch)
            fresh, erased = secret_tree.drain_changes()
            if self._secret_trees.get(epoch) is not secret_tree:
                fresh, erased = secret_tree.all_rows(), set()
            put |= {prefix + key: value for key, value in fresh.items()}
            delete |= {prefix + key for key in erased}
        for epoch, secret_tree in self._secret_trees.items():
            if kept.get(epoch) is not secret_tree:
                ranges.append(_whole(rows.SECRET + rows.number(epoch)))


def _whole(prefix: bytes) -> tuple[bytes, bytes]:
    """The range of all keys with a prefix."""
    beyond = (int.from_bytes(prefix) + 1).to_bytes(len(prefix))
    return prefix, beyond
