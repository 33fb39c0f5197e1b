"""Wishing for a change of a group, or saying something, and waiting until it is done or refused.

May import the engine and the flows. What is wanted is in the store before anybody waits: whoever
stops to wait, or is killed, has wished, or said it, all the same.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from covey.client import events, roles
from covey.client.running.awaiting import Awaited
from covey.client.sync.group import commits
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import contents, history, profile
from covey.errors import CoveyError, PolicyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.running.engine import Engine
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.wishes import Wish
    from covey.client.words.contents import Body, Content
    from covey.client.words.history import Message
    from covey.store.port import Rows

T = TypeVar("T")

_WISHED = "it stays wished for, and is done when the broker can be reached"
_QUEUED = "it stays queued, and is sent when the broker can be reached"


async def place_of(engine: Engine, number: int) -> Place:
    """A group by its number in the store."""
    return await engine.call(partial(engine.peer.place, number))


# --- wishes ------------------------------------------------------------------------------


async def wish(engine: Engine, number: int, wanted: Wish, timeout: float | None) -> None:
    """Let a commit of ours do something, and wait until it has won.

    Args:
        engine: Drives the group.
        number: The group's number in the store.
        wanted: What.
        timeout: Seconds to wait.

    Raises:
        PolicyError: It is refused: by the group's roles, the application's policies, the broker.
        StateError: We are not in the group.
        TransportError: The broker cannot be reached; it stays wished for.
    """
    seat = (await place_of(engine, number)).seat

    def wished() -> tuple[int, int]:
        with seat.change() as rows:
            seat.require_in()
            since = events.latest(rows)
            return queues.wish(rows, number, wishes.encode(wanted)), since

    wish_number, since = await engine.call(wished)

    def refused() -> str | None:
        with engine.store.reading() as rows:
            if queues.still_wished(rows, wish_number):
                return None
            return refusal(rows, since, wish_number)

    awaited = Awaited(number, wish=wish_number)
    try:
        why = await settled(engine, number, refused, _WISHED, timeout, awaited)
    except TransportError as error:
        foreseen = await engine.call(partial(_foreseen, seat, wish_number, wanted))
        if foreseen is None:
            raise
        raise TransportError(foretold(error, foreseen)) from error
    if why:
        raise PolicyError(why)


def foretold(error: TransportError, why: str) -> str:
    """What is said of something that waits for the broker, and would be refused then."""
    return f"{error}; but as far as is known here it will be refused: {why}"


def _foreseen(seat: Seat, wish_number: int, wanted: Wish) -> str | None:
    """Why a wish would be refused in the group as we know it; None if it would not.

    Where other wishes come before it, or the group is about to go on as another one, nobody knows.
    """
    with seat.home.store.reading() as rows:
        if list(queues.wishes(rows, seat.number)) != [wish_number]:
            return None
    if seat.group.reinit is not None:
        return None
    try:
        merged = commits.merge(seat, (wanted,))
        judged = roles.dry_run(
            seat.group,
            add=merged.add,
            remove=merged.remove,
            extensions=merged.extensions,
            references=(),
        )
    except CoveyError as error:
        return str(error)
    return judged.refused


def refusal(rows: Rows, since: int, wish_number: int) -> str:
    """Why a wish was refused; empty when it was not.

    Args:
        rows: The transaction.
        since: The number of the last event before it was wished.
        wish_number: Its number in the store.
    """
    found = events.refusals(rows, since, wish_number)
    return next((each.why or "it was refused" for each in found), "")


async def settled(
    engine: Engine,
    number: int,
    look: Callable[[], T | None],
    otherwise: str,
    timeout: float | None,
    awaited: Awaited | None = None,
) -> T:
    """Let a group take a turn, and wait for something that comes of it.

    Args:
        engine: Drives the group.
        number: The group's number in the store.
        look: Looks for it, in the worker thread; None while it is not there.
        otherwise: What becomes of it when the broker cannot be reached now.
        timeout: Seconds to wait.
        awaited: The message or the wish that it is about, if it is about one.

    Raises:
        TransportError: The broker cannot be reached.
    """
    if engine.keeper(number) is None:
        await engine.look_at_groups()
    keeper = engine.keeper(number)
    turn = 0
    if keeper is not None:
        turn = keeper.begun + 1
        keeper.nudge()

    def ready() -> T | None:
        found = look()
        if found is not None:
            return found
        kept = engine.keeper(number)
        if kept is None and keeper is not None:  # it ended: the group's state has changed
            return look()
        if kept is None and engine.offline:
            msg = f"{engine.offline}; {otherwise}"
            raise TransportError(msg)
        if kept is not None and kept.ended >= turn and kept.trouble:
            raise kept.error(otherwise)
        return None

    return await engine.until(ready, timeout, f"there is no answer yet; {otherwise}", awaited)


# --- saying ------------------------------------------------------------------------------


async def say(
    engine: Engine,
    number: int,
    body: Body,
    *,
    kept: bool = True,
    expires_after: int | None = None,
    timeout: float | None = None,
    wait: bool = True,
) -> Message | None:
    """Say something; it is in the store when this returns.

    Args:
        engine: Drives the group.
        number: The group's number in the store.
        body: What.
        kept: Whether it belongs into the history.
        expires_after: Seconds after which it disappears, 0 for never; None as the group has it.
        timeout: Seconds to wait until the broker has it.
        wait: Whether to wait for that.

    Returns:
        The message as it stands in the history; None when it is not kept.

    Raises:
        StateError: We are not in the group, or it cannot be sent any more.
        TransportError: The broker cannot be reached; it stays queued.
        ValueError: It is too long.
    """
    content, since = await engine.call(
        partial(_said, await place_of(engine, number), body, kept=kept, expires_after=expires_after)
    )
    if wait:
        awaited = Awaited(number)
        sent = partial(_sent, engine, awaited, content.id, since)
        why = await settled(engine, number, sent, _QUEUED, timeout, awaited)
        if why:
            msg = f"it cannot be sent: {why}"
            raise StateError(msg)
    else:
        engine.nudge_group(number)
    if not contents.belongs(content):
        return None
    return await engine.call(partial(_found, engine, number, content.id))


def _said(
    place: Place, body: Body, *, kept: bool, expires_after: int | None
) -> tuple[Content, int]:
    """Let it wait in the outbox; the content, and the number of the last event before it."""
    seat = place.seat
    with seat.change() as rows:
        seat.require_in()
        if seat.row.status is Status.leaving:
            msg = "you are leaving this group, and cannot say anything in it any more"
            raise StateError(msg)
        since = events.latest(rows)
        after = _expires_after(seat) if expires_after is None else expires_after
        return hearing.say(seat, rows, body, kept=kept, expires_after=after), since


def _sent(engine: Engine, awaited: Awaited, message_id: bytes, since: int) -> str | None:
    """Why a message cannot be sent; empty when it is; None while it waits."""
    with engine.store.reading() as rows:
        awaited.place = queues.place_of(rows, awaited.number, message_id)
        if awaited.place is not None:
            row = groups.of(rows, awaited.number)
            return row.trouble if row is not None and row.status is Status.copy else None
        return events.why_lost(rows, since, message_id.hex())


def _expires_after(seat: Seat) -> int:
    """What the group has agreed on, in seconds; 0 for never."""
    stated = profile.profile_of(seat.group.extensions)
    return 0 if stated is None else stated.expires_after


def _found(engine: Engine, number: int, message_id: bytes) -> Message | None:
    with engine.store.reading() as rows:
        return history.find(rows, number, message_id, now=engine.home.world.second)
