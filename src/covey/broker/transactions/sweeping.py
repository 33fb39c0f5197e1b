"""What is thrown away, and when. Run on every shard, each hour."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.broker.script import Statement
from covey.broker.hours import DAY, week_of

if TYPE_CHECKING:
    from covey.broker.script import Script


def _delete(table: str, column: str) -> Statement:
    return Statement(
        f"DELETE FROM {table} WHERE {column} < $1 RETURNING 1"  # noqa: S608 - names from below
    )


_BY_HOUR: Final = (
    ("key_packages", _delete("key_package", "not_after")),
    ("key_packages", _delete("published", "not_after")),
    ("key_packages", _delete("shelved", "not_after")),
    ("key_packages", _delete("claim", "not_after")),
    ("invites", _delete("invite", "not_after")),
    ("capabilities", _delete("capability", "not_after")),
)
_BY_DAY: Final = (("answers", _delete("answer", "hour")), ("answers", _delete("posted", "hour")))
_BY_WEEK: Final = (
    ("entries", _delete("entry", "week")),
    ("parcels", _delete("parcel", "week")),
    ("parcels", _delete("pointer_list", "week")),
)
_KNOCKS: Final = _delete("knock", "hour")
_INBOX: Final = _delete("inbox_entry", "hour")
_OLD_EPOCHS = Statement("DELETE FROM epoch WHERE closed_week < $1 RETURNING gid")
_RAISE_FLOOR = Statement(
    "UPDATE log SET floor = (SELECT min(epoch.epoch) FROM epoch WHERE epoch.gid = log.gid)"
    " WHERE gid IN $1"
)
_UNPROVEN = Statement("SELECT gid FROM log WHERE unproven < $1")
_OF_A_LOG: Final = tuple(
    Statement(f"DELETE FROM {table} WHERE gid IN $1")  # noqa: S608 - likewise
    for table in ("entry", "parcel", "pointer_list", "capability", "knock", "epoch", "log")
)

SWEPT: Final = (
    "entries", "epochs", "groups", "parcels", "knocks", "capabilities", "key_packages", "inbox",
    "invites", "answers",
)  # fmt: skip
"""The kinds of rows that are thrown away."""

KNOCK_DAYS: Final = 14
"""For which a knock waits for an answer."""


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


def sweep(ages: Ages) -> Script[Counter[str]]:
    """Throw away what is too old; returns how many rows of each kind that were."""
    swept: Counter[str] = Counter()
    hour = ages.hour
    for kind, statement in _BY_HOUR:
        swept[kind] += len((yield statement.of(hour)))
    for kind, statement in _BY_DAY:
        swept[kind] += len((yield statement.of(hour - DAY)))
    for kind, statement in _BY_WEEK:
        swept[kind] += len((yield statement.of(ages.oldest_week)))
    swept["knocks"] += len((yield _KNOCKS.of(hour - KNOCK_DAYS * DAY)))
    swept["inbox"] += len((yield _INBOX.of(hour - ages.retention)))
    closed = yield _OLD_EPOCHS.of(ages.oldest_week)
    swept["epochs"] += len(closed)
    if closed:
        yield _RAISE_FLOOR.of(tuple({row[0] for row in closed}))
    forgotten = yield _UNPROVEN.of(hour - DAY)
    swept["groups"] += len(forgotten)
    if forgotten:
        for statement in _OF_A_LOG:
            yield statement.of(tuple(row[0] for row in forgotten))
    return swept
