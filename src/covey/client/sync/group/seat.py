"""A group as it is in memory, and how it changes: in one transaction with its rows, or not at all.

May import the engine, the protocol and the rows. Two processes may have the same store open: each
change begins by looking whether the group's version has moved, and reads it anew if it has.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from covey.access.member.addresses import epochs_before
from covey.access.member.epochs import EpochAccess
from covey.access.structs.heads import Position
from covey.access.structs.sealed import ClaimedPosition
from covey.client.sync.group.own_idems import OwnIdems
from covey.client.sync.rows import groups, marks, parents
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.marks import Mark
from covey.errors import StateError, StorageError
from covey.mls import ContentType, Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covey.access.structs.log import Entry
    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Ports
    from covey.store.port import Rows

RESERVED: Final = 16
"""Generations of our ratchet for messages that are given up at once (DESIGN: storage, 1)."""

RESERVED_HANDSHAKES: Final = 2
"""Likewise, of that for proposals and commits."""

_BACK: Final = "you are let in anew as soon as a member is online; try again then"
_INVITED: Final = "ask a member to invite you again"
_NOT_IN: Final = {
    Status.left: ("you are not in this group any more, since you left it", _INVITED),
    Status.removed: ("you are not in this group any more, since you were removed", _INVITED),
    Status.broken: (
        "you are not in this group at this moment, since it broke",
        "it goes on as a new one of the same name; try again then",
    ),
    Status.branched: (
        "you are not in this group any more, since it goes on as another",
        "use the other one; `covey groups` lists them",
    ),
    Status.lost: ("you are not in this group at this moment, since you lost your place", _BACK),
    Status.restored: (
        "you are not in this group at this moment, since this store was restored",
        _BACK,
    ),
    Status.copy: (
        "you are not in this group, since this store is a copy",
        "delete it, and use the other one",
    ),
}
"""How we stand to a group in which we are not, and what to do."""


def log_epoch(group: Group, epoch: int) -> int:
    """The epoch of a log, of the one of a group."""
    return epochs_before(group.extensions) + epoch


class Seat:
    """Our place in one group.

    Args:
        home: What all groups share.
        row: The group's row, as it was read last.
        group: The group, if it has been loaded.

    Attributes:
        home: What all groups share.
        row: The group's row; replaced inside of :meth:`change` only.
        closing: A commit that the broker says has closed an epoch, until it has been read.
        proposed_at: When the first proposal of this epoch was seen.
        again: Whether the log is read anew from an earlier place: what was taken in is passed over.
        gap_in: The epoch of which entries are not kept any more that we have not read.
        let_in_at: When somebody else let people in with the commit that opened this epoch.
        page: The hashes up to the entries that are taken in now, by their numbers.
    """

    def __init__(self, home: Home, row: GroupRow, group: Group | None = None) -> None:
        self.home: Home = home
        self.row: GroupRow = row
        self.closing: Entry | None = None
        self.proposed_at: float | None = None
        self.again: bool = False
        self.gap_in: int | None = None
        self.let_in_at: float | None = None
        self.page: dict[int, bytes] = {}
        self._group = group
        self._access: EpochAccess | None = None
        self._own_idems: OwnIdems | None = None
        self._looked = False
        self._before: Group | None = None  # as it was when another process changed it

    def __repr__(self) -> str:
        return f"Seat({self.row!r})"

    @property
    def number(self) -> int:
        """The group's number in the store."""
        return self.row.id

    @property
    def group(self) -> Group:
        """The engine's group, loaded when it is first needed.

        Raises:
            StorageError: Its rows are damaged.
        """
        if self._group is None:
            with self.home.store.reading() as rows:
                self._load(rows)
        assert self._group is not None
        return self._group

    def group_in(self, rows: Rows) -> Group:
        """The engine's group, of a seat that is looked at inside another's transaction.

        Raises:
            StorageError: Its rows are damaged.
        """
        if self._group is None:
            self._load(rows)
        assert self._group is not None
        return self._group

    @property
    def access(self) -> EpochAccess:
        """The keys of the group's epoch.

        Raises:
            StateError: We are not in the group any more.
        """
        group = self.group
        epoch = self.epoch
        if self._access is None or self._access.epoch != epoch:
            row = self.row
            self._access = EpochAccess.derive(group.export, row.broker_id, row.gid, epoch)
        return self._access

    @property
    def epoch(self) -> int:
        """The log's epoch; that of the group is smaller when it took the place of another."""
        group = self.group
        return log_epoch(group, group.epoch)

    @property
    def is_in(self) -> bool:
        """Whether we read and may send, as of the last look."""
        return self.row.status.is_in

    @property
    def claimed(self) -> ClaimedPosition:
        """What we tell others of the log."""
        return ClaimedPosition(Position(max(self.row.seq, 0), self.row.hash or bytes(32)))

    @property
    def hex(self) -> str:
        """The group as events name it: its gid in hex."""
        return self.row.gid.hex()

    # --- changing ------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[Rows]:
        """Change the group, with its rows, in one transaction.

        Whatever goes wrong, the group is read from its rows before it is used again.

        Raises:
            StorageError: The store cannot be used, or the group is not there any more.
        """
        try:
            with self.home.store.transaction() as rows:
                self._up_to_date(rows)
                yield rows
                self._keep(rows)
        except BaseException:
            self._forget()
            raise

    def replace(self, **columns: object) -> None:
        """Change columns of the group's row; inside of :meth:`change` only."""
        self.row = self.row.replaced(**columns)

    def become(self, rows: Rows, stored: Mapping[bytes, bytes]) -> None:
        """Go on as the group that takes the place of ours; inside of :meth:`change` only.

        Nothing stays of the secrets of the one before.

        Args:
            rows: The transaction.
            stored: The engine's rows of the new one.
        """
        self._forget()
        groups.replace_engine(rows, self.number, stored)
        self._group = Group.load(stored, self.home.ports)
        self.replace(suite=self._group.suite.code, moves=self.row.moves + 1)

    def ended(self) -> None:
        """Let go of the group, whose rows have been deleted; inside of :meth:`change` only."""
        self._forget()

    def look(self) -> GroupRow:
        """The row as it is now, whoever changed it."""
        with self.home.store.reading() as rows:
            self._look(rows)
        return self.row

    def _look(self, rows: Rows) -> None:
        found = groups.of(rows, self.row.id)
        if found is None:
            msg = "the group has been deleted from this store"
            raise StorageError(msg)
        if found.version != self.row.version:  # another process has changed it
            before = self._group
            self._forget()
            if found.moves == self.row.moves:  # else nothing of it is the same
                self._before = before
        if not self._looked:
            self.again, self._looked = marks.has(rows, self.row.id, Mark.read_anew), True
        self.row = found

    def _up_to_date(self, rows: Rows) -> None:
        self._look(rows)
        if self._group is None and self.row.status.is_in:
            self._load(rows)

    def _load(self, rows: Rows) -> None:
        found = groups.of(rows, self.row.id)
        assert found is not None
        self.row, self._access = found, None
        if self._before is None:
            ports = self._ports(rows)
            self._group = Group.load(groups.engine_rows(rows, self.row.id), ports)
            return
        small = groups.small_rows(rows, self.row.id)
        self._group = self._before.reloaded(small, partial(groups.node_rows, rows, self.row.id))
        self._before = None

    def _ports(self, rows: Rows) -> Ports:
        """What the group uses; one that begins a branch or a subgroup, also the other one's PSK."""
        row, ports = self.row, self.home.ports
        before = None if row.predecessor is None else groups.by_gid(rows, row.predecessor)
        if before is None:
            before = parents.to_begin(rows, row)
        elif before.status is not Status.broken:
            before = None
        if row.epoch or before is None:
            return ports
        return ports.linked_to(Group.load(groups.engine_rows(rows, before.id), ports))

    def _keep(self, rows: Rows) -> None:
        epoch = self.row.epoch
        if self._group is not None:
            groups.apply(rows, self.row.id, self._group.changes())
            epoch = log_epoch(self._group, self._group.epoch)
        self.replace(version=self.row.version + 1, epoch=epoch)
        groups.update(rows, self.row)

    def _forget(self) -> None:
        self._group = self._access = self._before = None
        self._looked = False

    # --- giving up generations -------------------------------------------------------------

    def reserve(self, content_type: ContentType) -> None:
        """Give up generations of our ratchet before one of them is used.

        What encrypts with them is only in memory: who steals the file, or starts again after a
        crash, has the ratchet behind them.
        """
        if self.group.reserved(content_type):
            return
        application = content_type == ContentType.application
        with self.change():
            self.group.reserve(content_type, RESERVED if application else RESERVED_HANDSHAKES)

    def idem(self, content_type: ContentType) -> bytes:
        """The idem of the next message of ours."""
        group = self.group
        generation = group.next_generation(content_type)
        return self.access.idem(content_type, group.own_index, generation, self.home.mark)

    def could_make(self, idem: bytes) -> bool:
        """Whether an idem of this epoch is one that we, and our copies, can make, and nobody else.

        A copy may be ahead of us, as far as it gets between two looks of ours.
        """
        group, access = self.group, self.access
        known = self._own_idems
        if known is None or not known.are_of(access, group.own_index):
            known = self._own_idems = OwnIdems(access, group.own_index, self.home.mark)
        return known.has(idem, access, group)

    def require_in(self) -> None:
        """Refuse what only members can do.

        Raises:
            StateError: We are in the group no more.
        """
        if not self.row.status.is_in:
            known = self.row.trouble and self.row.status is not Status.restored
            why = f" ({self.row.trouble})" if known else ""
            standing, then = _NOT_IN[self.row.status]
            msg = f"{standing}{why}: {then}"
            raise StateError(msg)
