"""A member's store, looked at after each of its transactions: what it holds that is secret.

May import the client's rows and the engine. No application does so: a member's own process looks
over its shoulder here, so that the demo knows what to search the broker's database for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from covey.access.member.epochs import EpochAccess
from covey.client.sync.identity import key_packages
from covey.client.sync.rows import groups
from covey.lab.demo import known_secrets
from covey.mls import Group
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Member, Ports, PrivateKeyPackage
    from covey.store import Rows, Store

_SEEDS = {"device": "device private key", "inbox seed": "inbox private key"}


class Observed:
    """A store that is looked at (see :class:`~covey.store.port.Store`).

    Args:
        inner: The store.
        member: Whose it is.
        ports: What its groups use.
        hoards: Whether the first state of every epoch is kept, which no honest member does.

    Attributes:
        secrets: What was seen and not yet fetched, by what it is.
        states: The states that were kept, in their order.
    """

    def __init__(self, inner: Store, member: Member, ports: Ports, *, hoards: bool) -> None:
        self.secrets: dict[str, bytes] = known_secrets.of_member(member)
        self.states: list[bytes] = []
        self._inner = inner
        self._member = member
        self._ports = ports
        self._hoards = hoards
        self._epochs: dict[int, int] = {}

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Read and write; then look."""
        with self._inner.transaction() as rows:
            yield rows
        with self._inner.reading() as rows:
            self._look(rows)

    def reading(self) -> AbstractContextManager[Rows]:
        """Read one consistent state."""
        return self._inner.reading()

    def close(self) -> None:
        """Let go of the store."""
        self._inner.close()

    def look(self) -> None:
        """Look now."""
        with self._inner.reading() as rows:
            self._look(rows)

    def group(self) -> Group | None:
        """The group as it is now; None before, and after a removal."""
        with self._inner.reading() as rows:
            found = [row for row in groups.every(rows) if row.status.is_in]
            return self._loaded(rows, found[0]) if found else None

    def row(self) -> GroupRow | None:
        """What the client knows of the group; None before there is one."""
        with self._inner.reading() as rows:
            return next(iter(groups.every(rows)), None)

    def _loaded(self, rows: Rows, row: GroupRow) -> Group:
        return Group.load(groups.engine_rows(rows, row.id), self._ports)

    def _look(self, rows: Rows) -> None:
        for name, what in _SEEDS.items():
            seed = settings.get(rows, name)
            if seed is not None:
                self.secrets[what] = seed
        for row in groups.every(rows):
            if row.status.is_in and self._epochs.get(row.id) != row.epoch:
                self._epochs[row.id] = row.epoch
                self._enter(self._loaded(rows, row), row)

    def _enter(self, group: Group, row: GroupRow) -> None:
        """Note the secrets of a new epoch."""
        if self._hoards:
            self.states.append(group.snapshot())
        self.secrets |= known_secrets.of_group(group)
        access = EpochAccess.derive(group.export, row.broker_id, row.gid, group.epoch)
        self.secrets |= known_secrets.of_access(access, group)

    def packages(self) -> list[PrivateKeyPackage]:
        """Our KeyPackages; their private keys are noted."""
        with self._inner.reading() as rows:
            found = key_packages.every(rows)
        for each in found:
            self.secrets |= known_secrets.of_key_package(each)
        return found

    def fetched(self) -> dict[str, bytes]:
        """The secrets that are new since this was asked last."""
        secrets, self.secrets = self.secrets, {}
        return secrets
