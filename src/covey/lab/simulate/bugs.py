"""Bugs that can be planted, each in one named function: what the simulator is tested with.

May import what it spoils: the client's flows and rows, the protocol, the broker's ordering, and the
broker here. A judge that finds nothing proves nothing, unless it finds these.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from covey.access import chain
from covey.access.member import replies
from covey.broker import ordering
from covey.client.sync.group import electing
from covey.client.sync.group.seat import Seat
from covey.client.sync.log import entering, hearing, reading, troubles
from covey.client.sync.rows import groups, queues
from covey.client.words import history
from covey.lab.simulate import broker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from covey.access.member.replies import Followed
    from covey.access.structs.heads import Position
    from covey.access.structs.log import Entries, Entry
    from covey.broker.ordering import Admitted, Earlier, Log
    from covey.client.sync.rows.queues import Waiting
    from covey.client.words.history import Place
    from covey.mls import ContentType
    from covey.store.port import Rows

    Function = Callable[..., Any]


class Bug(NamedTuple):
    """A bug.

    Attributes:
        what: What is wrong, as a sentence.
        owner: The module or the class whose function is spoilt.
        name: Of the function.
        spoil: Makes the wrong function from the right one.
        also: Spoils besides what would hide the bug.
    """

    what: str
    owner: object
    name: str
    spoil: Callable[[Function], Function]
    also: Callable[[], AbstractContextManager[None]]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the bug while the block lasts."""
        wrong = self.spoil(getattr(self.owner, self.name))
        with patch.object(self.owner, self.name, wrong), self.also():
            yield


BUGS: dict[str, Bug] = {}
"""Every bug, by name."""


def _bug(
    owner: object,
    name: str,
    what: str,
    also: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Callable[[Callable[[Function], Function]], None]:
    """Register a bug under the name of what spoils the function."""

    def register(spoil: Callable[[Function], Function]) -> None:
        BUGS[spoil.__name__.strip("_").replace("_", "-")] = Bug(what, owner, name, spoil, also)

    return register


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


# --- the broker ----------------------------------------------------------------------------


@_bug(
    ordering,
    "append",
    "The broker takes a request again that it has taken before.",
    broker.letting_idems_recur,
)
def _idem_ignored(right: Function) -> Function:
    def append(log: Log, _: Earlier | None, admitted: Admitted) -> object:
        return right(log, None, admitted)

    return append


@_bug(ordering, "append", "A second commit is taken in an epoch, instead of the first alone.")
def _late_commits_taken(right: Function) -> Function:
    def append(log: Log, earlier: Earlier | None, admitted: Admitted) -> object:
        made = right(log, earlier, admitted)
        if isinstance(made, ordering.Late) and admitted.request.next is None:
            return ordering.Repeated(log.head)
        return made

    return append


# --- reading -------------------------------------------------------------------------------


@_bug(replies.Followed, "read", "A reader believes whatever the broker sends.")
def _chain_unchecked(_: Function) -> Function:
    def read(self: Followed, __: int, answer: Entries) -> Followed:
        position = answer.before
        for entry in answer.entries:
            position = chain.link(position, self.gid, entry)
        return replies.Followed(self.broker_id, self.gid, position, answer.head)

    return read


@_bug(replies.Followed, "read", "A log that ends before what was seen is taken for a quiet one.")
def _old_heads_accepted(right: Function) -> Function:
    def read(self: Followed, epoch: int, answer: Entries) -> Followed:
        try:
            return right(self, epoch, answer)  # type: ignore[no-any-return]
        except replies.RolledBackError:
            return self

    return read


@_bug(replies.Followed, "begin", "Entries that are missing before the first one are passed over.")
def _gaps_accepted(_: Function) -> Function:
    def begin(self: Followed, before: Position) -> Followed:
        return replies.Followed(self.broker_id, self.gid, before, self.head)

    return begin


@_bug(reading, "take", "How far the log was read is kept before what was read.")
def _cursor_before_rows(right: Function) -> Function:
    def take(seat: Seat, epoch: int, after: int, answer: Entries, promised: int) -> bool:
        with seat.change():
            before = seat.row
            if seat.is_in and (before.epoch, max(before.seq, 0)) == (epoch, after):
                seat.row = before.at(before.followed.read(epoch, answer))
        with seat.change():  # who is killed here has a cursor, and nothing of what it stands for
            seat.replace(seq=before.seq, hash=before.hash, head=before.head)
        return right(seat, epoch, after, answer, promised)  # type: ignore[no-any-return]

    return take


@_bug(troubles.Troubles, "_tell_once", "What is wrong with the broker is kept from people.")
def _lies_unsaid(_: Function) -> Function:
    return _nothing


# --- sending -------------------------------------------------------------------------------


@_bug(Seat, "reserve", "Generations are used before they are given up.")
def _reservation_skipped(_: Function) -> Function:
    def reserve(self: Seat, content_type: ContentType) -> None:
        if not self.group.reserved(content_type):
            self.group.reserve(content_type, 1)

    return reserve


@_bug(queues, "to_be_encrypted_anew", "What was encrypted for a closed epoch is thrown away.")
def _outbox_dropped_after_race(_: Function) -> Function:
    def drop(rows: Rows, number: int) -> None:
        rows.do("DELETE FROM outbox WHERE group_ = ? AND request IS NOT NULL", number)

    return drop


@_bug(queues, "encrypted", "What is to be sent is taken out of the outbox before it is sent.")
def _outbox_emptied_too_early(_: Function) -> Function:
    def encrypted(rows: Rows, waiting: Waiting, *_: object) -> None:
        queues.done(rows, waiting)

    return encrypted


@_bug(history, "placed", "An echo of one's own is put into the history beside what was said.")
def _own_echo_twice(right: Function) -> Function:
    def placed(rows: Rows, group: int, message: bytes, place: Place) -> int | None:
        number: int | None = right(rows, group, message, place)
        rows.do(
            "INSERT INTO messages (group_, message, seq, epoch, sender, leaf, kind, text, content,"
            " sent_at, received_at) SELECT group_, substr(message, 2) || x'00', seq, epoch, sender,"
            " leaf, kind, text, content, sent_at, received_at FROM messages"
            " WHERE group_ = ? AND message = ?",
            *(group, message),
        )
        return number

    return placed


@_bug(groups, "note_sent", "A client forgets what it has sent.")
def _sent_forgotten(_: Function) -> Function:
    return _nothing


# --- commits -------------------------------------------------------------------------------


@_bug(queues, "begin_commit", "A commit is sent before it is kept.")
def _pending_commit_not_kept(_: Function) -> Function:
    return _nothing


@_bug(queues, "end_commit", "What was wanted of a commit that has lost is forgotten.")
def _wishes_not_rebased(right: Function) -> Function:
    def end_commit(rows: Rows, number: int) -> None:
        under = queues.under_way(rows, number)
        if under is not None:
            queues.unwish(rows, under.wishes)
        right(rows, number)

    return end_commit


@_bug(
    electing.Election,
    "waits_to_go",
    "A client that wants to leave waits for nobody to let it go.",
)
def _leaver_goes_on(_: Function) -> Function:
    def is_leaving(_: object) -> bool:
        return False

    return is_leaving


@_bug(queues, "post_later", "Pointers for those who were added are never posted.")
def _pointers_never_posted(_: Function) -> Function:
    return _nothing


@_bug(groups, "forget_engine", "Who is out of a group keeps its secrets.")
def _secrets_kept_after_removal(_: Function) -> Function:
    return _nothing


@_bug(entering, "_ended", "Who has been removed takes itself for a member.")
def _removal_unnoticed(_: Function) -> Function:
    return _nothing


@_bug(hearing, "_take", "Now and then a message is read, and not kept.")
def _messages_lost(right: Function) -> Function:
    def take(seat: Seat, rows: Rows, entry: Entry, sender: Any, content: Any) -> None:  # noqa: ANN401
        if content.counter % 16 != 3:
            right(seat, rows, entry, sender, content)

    return take


NAMES: Final = tuple(BUGS)
"""The names of all bugs."""
