"""The tables of a store that a backup holds, and those that it leaves out.

May import the port. Every table of the schema is in one of the two lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.store.port import Rows, Value

_BATCH: Final = 64  # rows that are read at once


class Table(NamedTuple):
    """A table, and what of it is kept.

    Attributes:
        name: Of the table.
        key: The columns by which its rows are ordered and told apart.
        instead: For some columns, what is kept in their place, in SQL.
        where: Which rows are kept, in SQL.
    """

    name: str
    key: tuple[str, ...]
    instead: tuple[tuple[str, str], ...] = ()
    where: str = "TRUE"

    def columns(self, rows: Rows) -> list[str]:
        """The names of its columns, in their order; none when there is no such table."""
        found = rows.all("SELECT name FROM pragma_table_info(?) ORDER BY cid", self.name)
        return [str(name) for (name,) in found]

    def count(self, rows: Rows) -> int:
        """How many of its rows are kept."""
        row = rows.one(f"SELECT count(*) FROM {self.name} WHERE {self.where}")  # noqa: S608 - ours
        assert row is not None
        [number] = row
        assert isinstance(number, int)
        return number

    def batches(self, rows: Rows, columns: list[str]) -> Iterator[list[tuple[Value, ...]]]:
        """The rows that are kept, some at a time, in the order of their keys."""
        instead = dict(self.instead)
        kept = ", ".join(instead.get(column, column) for column in columns)
        key = ", ".join(self.key)
        places = [columns.index(column) for column in self.key]
        select = f"SELECT {kept} FROM {self.name} WHERE ({self.where})"  # noqa: S608 - ours
        order = f"ORDER BY {key} LIMIT {_BATCH}"
        after = f"AND ({key}) > ({', '.join('?' for _ in self.key)})"
        batch = rows.all(f"{select} {order}")
        while batch:
            yield batch
            last = [batch[-1][place] for place in places]
            batch = rows.all(f"{select} {after} {order}", *last)


BACKED_UP: Final = (
    Table(
        "settings",
        ("name",),
        # What is under way with keys that are left out.
        where="name NOT GLOB 'knock *' AND name NOT GLOB 'by hand *' AND name NOT GLOB 'used *'"
        " AND name NOT GLOB 'was in *'"
        " AND name NOT IN ('restored', 'pointers that wait')",
    ),
    Table(
        "groups",
        ("id",),
        # Who was in a group has to be let in again; who was on the way out is out.
        instead=(
            (
                "status",
                """CASE WHEN status IN ('left', 'removed', 'branched') THEN status
                WHEN out_since > 0 THEN 'left' ELSE 'restored' END""",
            ),
        ),
    ),
    Table("places", ("group_", "seq")),
    Table("doors", ("group_", "capability")),
    Table("slots", ("token",)),
    # What was sent under keys of then is to be sent anew, or is known by its number to whom has it.
    # What is ephemeral is not: the 38th byte of a content says that it is kept, and the 39th, from
    # 128 on, that it is for clients alone.
    Table(
        "outbox",
        ("id",),
        instead=(("epoch", "NULL"), ("idem", "NULL"), ("request", "NULL")),
        where="length(content) < 39"
        " OR substr(content, 38, 1) <> x'00' OR substr(content, 39, 1) >= x'80'",
    ),
    # Before their rows: so the numbers go on, and none is used twice, though all may be gone.
    Table("sqlite_sequence", ("name",), where="name IN ('events', 'messages', 'wishes')"),
    Table("messages", ("id",)),
    Table("heard", ("message",)),
    Table("counters", ("group_", "signature_key")),
    Table(
        "events",
        ("number",),
        where="""instr(event, CAST('{"event":"EphemeralArrived"' AS BLOB)) <> 1""",
    ),
    Table("consumers", ("name",)),
    Table("verified", ("identity", "signature_key")),
)
"""What a backup holds, in an order in which it can be inserted."""

LEFT_OUT: Final = {
    "group_rows": "opens messages; who comes back is given new keys",
    "packages": "opens Welcomes; new ones are published",
    "sent": "belongs to an epoch that is over for who comes back",
    "accepted": "likewise",
    "pending": "likewise",
    "wishes": "may have come true since",
    "postings": "go out within seconds, or any other member posts them",
    "migration": "is written by the migrations",
    "words": "is made of the messages",
    "indexed": "says how far, and begins anew",
}
"""What a backup does not hold, and why."""
