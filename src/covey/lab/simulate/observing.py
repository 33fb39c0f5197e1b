"""What a client's store says, read row by row: what the judge goes by.

May import the store's port, the engine, and the client's events and rows. Nothing here asks the
client: a client that is wrong about itself would say so in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from covey.client import events
from covey.client.sync.rows import groups
from covey.client.words.profile import EXTENSION_TYPES, Role, profile_of, role_of
from covey.errors import StateError, StorageError
from covey.mls import Group, Policy, Ports
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.events.base import Happened
    from covey.client.sync.rows.groups import Status
    from covey.store.port import Rows, Store

_STANDINGS: Final = """
SELECT gid, status, epoch, seq,
    (SELECT count(*) FROM outbox WHERE group_ = groups.id)
    + (SELECT count(*) FROM wishes WHERE group_ = groups.id)
    + (SELECT count(*) FROM pending WHERE group_ = groups.id)
    + (SELECT count(*) FROM postings)
FROM groups ORDER BY id
"""

_PORTS: Final = Ports(Policy(extension_types=EXTENSION_TYPES), entropy=system_entropy, now=int)


class Message(NamedTuple):
    """A message in a history.

    Attributes:
        number: Its number in this history.
        id: The id in its content.
        seq: Its place in the log; None while it waits.
        epoch: In which it was said; None while it waits.
        sender: Who said it.
        text: What.
        since: When it came, in seconds since the epoch.
    """

    number: int
    id: bytes
    seq: int | None
    epoch: int | None
    sender: str
    text: str
    since: int


class Held(NamedTuple):
    """What a client holds of a group.

    Attributes:
        gid: The log.
        predecessor: The log that it goes on from; empty for none.
        status: How the client stands to it.
        trouble: Why, for people.
        epoch: In which epoch it is.
        authenticator: Of that epoch; empty where there are no secrets.
        members: Who is in it, as the client's tree says.
        awaited: Those of them who have not come yet, as the client's tree says.
        owners: Those of them who own the group.
        name: What the group is called.
        seq: How far the log was read.
        hash: Of the log up to there.
        joined_at: When it came in, in seconds since the epoch.
        renewed_at: When it has renewed its keys last; 0 for never since then.
        messages: The history.
        waiting: How many messages wait to be sent.
        wishes: How many wishes wait.
        pending: Whether a commit is under way.
        secrets: How many rows of the engine there are.
    """

    gid: bytes
    predecessor: bytes
    status: Status
    trouble: str
    epoch: int
    authenticator: bytes
    members: tuple[str, ...]
    awaited: tuple[str, ...]
    owners: tuple[str, ...]
    name: str
    seq: int
    hash: bytes
    joined_at: int
    renewed_at: int
    messages: tuple[Message, ...]
    waiting: int
    wishes: int
    pending: bool
    secrets: int


class Told(NamedTuple):
    """An event that a client told its application.

    Attributes:
        number: Its number.
        at: When, in seconds since the epoch, by the client's clock.
        event: What.
    """

    number: int
    at: int
    event: Event


class Observed(NamedTuple):
    """What a client's store says.

    Attributes:
        name: Whose.
        groups: By gid.
        told: All events, in order.
    """

    name: str
    groups: dict[bytes, Held]
    told: tuple[Told, ...]

    def events(
        self, *kinds: type[Happened], group: bytes | None = None, since: float = 0.0
    ) -> list[Told]:
        """The events of some kinds, of a group and since a time if those are given."""
        return [
            each
            for each in self.told
            if isinstance(each.event, kinds)
            and each.at >= int(since)
            and (group is None or each.event.group == group.hex())
        ]


def watch(store: Store) -> None:
    """Let a store keep all events, from its beginning."""
    with store.transaction() as rows:
        events.begin(rows, "judge")


def observe(name: str, store: Store) -> Observed:
    """Read a client's store."""
    with store.reading() as rows:
        held = {row.gid: _held(rows, row) for row in groups.every(rows)}
        found = rows.all("SELECT number, happened_at, event FROM events ORDER BY number")
    typed = cast("list[tuple[int, int, bytes]]", found)
    told = tuple(Told(number, at, events.decode(event)) for number, at, event in typed)
    return Observed(name, held, told)


def _held(rows: Rows, row: groups.GroupRow) -> Held:
    engine = groups.engine_rows(rows, row.id)
    authenticator, trouble = b"", row.trouble
    members: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    if row.status.is_in:
        try:
            group = Group.load(engine, _PORTS)
            authenticator = group.epoch_authenticator
            members = tuple(each.identity.decode() for each in group.members)
            awaited = tuple(
                identity(leaf.credential).decode()
                for _, leaf in group.tree.members()
                if leaf.leaf_node_source is LeafNodeSource.key_package
            )
            stated = profile_of(group.extensions)
            if stated is not None:
                owners = tuple(n for n in members if role_of(stated, n.encode()) == Role.owner)
        except (StateError, StorageError) as error:
            trouble = f"the group cannot be used: {error}"
    return Held(
        row.gid,
        row.predecessor or b"",
        row.status,
        trouble,
        row.epoch,
        authenticator,
        members,
        awaited,
        owners,
        row.name,
        row.seq,
        row.hash,
        row.joined_at,
        row.renewed_at,
        messages(rows, row.id),
        _count(rows, "outbox", row.id),
        _count(rows, "wishes", row.id),
        bool(_count(rows, "pending", row.id)),
        len(engine),
    )


def standing(store: Store) -> list[bytes]:
    """The groups that a client takes itself to be in, by gid."""
    with store.reading() as rows:
        found = rows.all("SELECT gid FROM groups WHERE status = 'active' ORDER BY id")
    return [cast("bytes", gid) for (gid,) in found]


class Standing(NamedTuple):
    """How a client stands to a group, in short.

    Attributes:
        gid: The log.
        status: How it stands to it.
        epoch: In which epoch it is.
        seq: How far the log was read.
        waits: How many messages, wishes, commits and pointers of its wait.
    """

    gid: bytes
    status: str
    epoch: int
    seq: int
    waits: int


def standings(store: Store) -> list[Standing]:
    """How a client stands to all of its groups."""
    with store.reading() as rows:
        found = rows.all(_STANDINGS)
    return [Standing(*row) for row in cast("list[tuple[bytes, str, int, int, int]]", found)]


def messages(rows: Rows, number: int) -> tuple[Message, ...]:
    """The history of a group, in its order."""
    found = rows.all(
        "SELECT id, message, seq, epoch, sender, text, received_at FROM messages"
        " WHERE group_ = ? AND kind = 'text' ORDER BY id",
        number,
    )
    typed = cast("list[tuple[int, bytes, int | None, int | None, bytes, str, int]]", found)
    return tuple(
        Message(at, name, seq, epoch, sender.decode(), text, since)
        for at, name, seq, epoch, sender, text, since in typed
    )


def _count(rows: Rows, table: str, number: int) -> int:
    found = rows.one(f"SELECT count(*) FROM {table} WHERE group_ = ?", number)  # noqa: S608 - ours
    assert found is not None
    return cast("int", found[0])
