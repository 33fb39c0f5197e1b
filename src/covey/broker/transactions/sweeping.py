"""What is thrown away, and when: on every shard, each hour, in portions.

A portion is one transaction; whoever sweeps goes on until one is not full, so that nobody waits
long meanwhile. First come epochs that are too old, and only then what is written by the week:
as long as an epoch can be proved, the commit that closed it is there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.broker.hours import DAY, week_of
from covey.broker.script import Statement

if TYPE_CHECKING:
    from covey.broker.script import Script

PORTION: Final = 500
"""Rows of each kind that are thrown away in one transaction, at most."""

KNOCK_DAYS: Final = 14
"""For which a knock waits for an answer."""

SWEPT: Final = (
    "entries", "epochs", "groups", "parcels", "knocks", "capabilities", "key_packages", "inbox",
    "invites", "answers",
)  # fmt: skip
"""The kinds of rows that are thrown away."""


def _delete(table: str, key: str, column: str) -> Statement:
    return Statement(
        f"DELETE FROM {table} WHERE ({key}) IN"  # noqa: S608 - names from below
        f" (SELECT {key} FROM {table} WHERE {column} < $1 LIMIT {PORTION}) RETURNING 1"
    )


_EXPIRED: Final = (
    ("key_packages", _delete("key_package", "device, cipher_suite, last_resort, ref", "not_after")),
    ("key_packages", _delete("published", "ref", "not_after")),
    ("key_packages", _delete("shelved", "shelf, last_resort, name", "not_after")),
    ("key_packages", _delete("claim", "inbox, ref", "not_after")),
    ("invites", _delete("invite", "digest", "not_after")),
    ("capabilities", _delete("capability", "gid, key", "not_after")),
)
_ANSWERED: Final = (
    ("answers", _delete("answer", "idem", "hour")),
    ("answers", _delete("posted", "mark", "hour")),
)
_WRITTEN: Final = (
    ("entries", _delete("entry", "gid, seq", "week")),
    ("parcels", _delete("parcel", "id", "week")),
    ("parcels", _delete("pointer_list", "gid, epoch", "week")),
)
_KNOCKS: Final = _delete("knock", "gid, id", "hour")
_INBOX: Final = _delete("inbox_entry", "inbox, seq", "hour")

_OLD_EPOCHS = Statement(
    "DELETE FROM epoch WHERE (gid, epoch) IN (SELECT gid, epoch FROM epoch"  # noqa: S608 - a number
    f" WHERE closed_week < $1 ORDER BY closed_week, epoch LIMIT {PORTION}) RETURNING gid"
)
_RAISE_FLOOR = Statement(
    "UPDATE log SET floor = (SELECT min(epoch.epoch) FROM epoch WHERE epoch.gid = log.gid)"
    " WHERE gid IN $1"
)
_UNPROVEN = Statement(
    f"SELECT gid FROM log WHERE unproven < $1 LIMIT {PORTION}",  # noqa: S608 - a number
    lock="FOR UPDATE",
)
_OF_A_LOG: Final = tuple(  # all that there can be before the first commit
    Statement(f"DELETE FROM {table} WHERE gid IN $1")  # noqa: S608 - likewise
    for table in ("entry", "epoch", "log")
)


class Ages(NamedTuple):
    """What is too old.

    Attributes:
        hour: Now.
        retention: Hours for which logs and inboxes are kept.
    """

    hour: int
    retention: int

    @property
    def oldest_week(self) -> int:
        """The oldest week that is still kept whole."""
        return week_of(self.hour - self.retention)


def is_full(swept: Counter[str]) -> bool:
    """Whether there may be more to throw away than this portion."""
    return any(rows >= PORTION for rows in swept.values())


def sweep_epochs(ages: Ages) -> Script[Counter[str]]:
    """Forget epochs that were closed too long ago; returns how many."""
    closed = yield _OLD_EPOCHS.of(ages.oldest_week)
    if closed:
        yield _RAISE_FLOOR.of(tuple({row[0] for row in closed}))
    return Counter(epochs=len(closed))


def sweep(ages: Ages) -> Script[Counter[str]]:
    """Throw away what else is too old; returns how many rows of each kind that were."""
    swept: Counter[str] = Counter()
    hour = ages.hour
    for kind, statement in _EXPIRED:
        swept[kind] += len((yield statement.of(hour)))
    for kind, statement in _ANSWERED:
        swept[kind] += len((yield statement.of(hour - DAY)))
    for kind, statement in _WRITTEN:
        swept[kind] += len((yield statement.of(ages.oldest_week)))
    swept["knocks"] += len((yield _KNOCKS.of(hour - KNOCK_DAYS * DAY)))
    swept["inbox"] += len((yield _INBOX.of(hour - ages.retention)))
    forgotten = yield _UNPROVEN.of(hour - DAY)
    swept["groups"] += len(forgotten)
    if forgotten:
        for statement in _OF_A_LOG:
            yield statement.of(tuple(row[0] for row in forgotten))
    return swept
