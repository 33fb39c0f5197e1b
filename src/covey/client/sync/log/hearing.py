"""What members say: contents become history and events, once each. May import the rows.

A content's id says that it is the same one when it comes again, encrypted anew after a lost race;
its counter says how many of its sender's never came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses
from covey.client.events import (
    EphemeralArrived,
    MessageArrived,
    MessageSent,
    MessagesLost,
    Unreadable,
)
from covey.client.sync.branches import parting
from covey.client.sync.group import capabilities
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, queues
from covey.client.words import contents, expiring, history, profile
from covey.client.words.contents import Content, Data, NewDoor, Parting, Recovery
from covey.client.words.showing import name_of
from covey.errors import DecodeError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.log import Entry
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.queues import Waiting
    from covey.mls import MessageReceived
    from covey.mls.group.events import MemberInfo
    from covey.store.port import Rows


_ANOTHERS: Final = "it has an id that its sender cannot have made"

_LARGEST: Final = (1 << 63) - 1
"""The largest number that a store keeps."""


def heard(seat: Seat, rows: Rows, entry: Entry, event: MessageReceived) -> None:
    """Take in what somebody says."""
    try:
        content = contents.decode(event.data)
    except (DecodeError, UnsupportedError) as error:
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=str(error)))
        return
    sender = event.sender
    if not contents.is_by(content, sender.identity):
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=_ANOTHERS))
        return
    controls = isinstance(content.body, contents.CONTROL)  # these go without a number
    if content.counter >= _LARGEST:
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why="it counts beyond all numbers"))
        return
    missing = 0
    if not controls:
        missing = groups.counted(rows, seat.number, sender.signature_key, content.counter)
    if missing:
        told = MessagesLost(
            seat.hex,
            count=missing,
            sender=name_of(sender.identity),
            why="the sender counts more than came",
        )
        tell(seat, rows, told)
    _take(seat, rows, entry, sender, content)


def _take(seat: Seat, rows: Rows, entry: Entry, sender: MemberInfo, content: Content) -> None:
    body, now = content.body, seat.home.world.second
    match body:
        case NewDoor():
            _take_door(seat, rows, body, sender)
        case Recovery():
            take_recovery(seat, rows, body)
        case Parting():
            parting.heard(seat, rows, body, sender)
        case _ if not content.kept:
            if expiring.note_heard(rows, content.id, now + expiring.DAY):
                tell(seat, rows, _ephemeral(seat, sender, content))
        case _ if not expiring.was_heard(rows, content.id):
            new = history.keep(
                rows,
                seat.number,
                content,
                sender=sender.identity,
                leaf=sender.index,
                place=_place(entry),
                now=now,
            )
            if new:
                tell(seat, rows, MessageArrived(seat.hex, id=content.id.hex(), seq=entry.seq))


def _place(entry: Entry) -> history.Place:
    return history.Place(entry.seq, entry.epoch, entry.idem)


def _take_door(seat: Seat, rows: Rows, body: NewDoor, sender: MemberInfo) -> None:
    """Keep the key of a door, from who has opened it; one that is there stays."""
    key = body.door.capability
    stated = addresses.capabilities_of(seat.group.extensions).capabilities
    leaf = seat.group.tree.leaf(sender.index)
    theirs = leaf and profile.opener_at(leaf)
    is_theirs = any(each.key == key and each.creator == theirs for each in stated)
    known = {each.capability for each in groups.doors(rows, seat.number)}
    if is_theirs and key not in known:
        groups.add_doors(rows, seat.number, (body.door,))


def take_recovery(seat: Seat, rows: Rows, body: Recovery) -> None:
    """Keep the seed with which we can ask to be let in anew, and let others in who do so.

    Of several, that which is good for longest comes first, whoever tells us the other ones.
    """
    until = capabilities.until(seat, body.seed)
    if until is None or capabilities.key(body.seed) != body.capability:
        return
    groups.add_doors(rows, seat.number, (capabilities.keys_of(seat, body.seed).door,))
    known = capabilities.recovery(seat)
    before = None if known is None else capabilities.until(seat, known)
    if before is None or before < until:
        seat.replace(recovery=capabilities.with_seed(seat.row, body.seed))
    elif body.seed not in capabilities.seeds(seat.row):
        seat.replace(recovery=capabilities.with_another(seat.row, body.seed))


def tell_ways_back(seat: Seat, rows: Rows, seeds: Iterable[bytes]) -> None:
    """Tell the others how they come back."""
    for seed in seeds:
        say(seat, rows, Recovery(capabilities.key(seed), seed), kept=False)


def _ephemeral(seat: Seat, sender: MemberInfo, content: Content) -> EphemeralArrived:
    body = content.body
    kind, data = (
        (body.content_type.decode(errors="replace"), body.data)
        if isinstance(body, Data)
        else (contents.kind_of(body), contents.text_of(body).encode())
    )
    return EphemeralArrived(
        seat.hex,
        sender=name_of(sender.identity),
        content_type=kind,
        data=data,
        leaf=sender.index,
        sent_at=content.sent_at,
    )


def has_it(seat: Seat, rows: Rows, waiting: Waiting, seq: int) -> None:
    """The broker has something of ours."""
    queues.done(rows, waiting)
    assert waiting.epoch is not None
    assert waiting.idem is not None
    assert waiting.request is not None
    content = contents.decode(waiting.content) if waiting.content else None
    taken = queues.Accepted(
        waiting.idem,
        seq,
        waiting.epoch,
        None if content is None else waiting.message,
        (),
        waiting.request,
        waiting.content if content and isinstance(content.body, contents.CONTROL) else None,
        waiting.expires_at,
    )
    queues.taken(rows, seat.number, taken)
    if content is None:  # that we leave
        return
    place = history.Place(seq, waiting.epoch, waiting.idem)
    history.placed(rows, seat.number, content.id, place)
    if isinstance(content.body, Recovery):
        _told_recovery(seat, content.body.seed)
    if not isinstance(content.body, contents.CONTROL):
        tell(seat, rows, MessageSent(seat.hex, id=content.id.hex(), seq=seq))


def _told_recovery(seat: Seat, seed: bytes) -> None:
    """The others know a way back of ours from now on, so that we knock there first."""
    if capabilities.until(seat, seed) is not None:
        seat.replace(recovery=capabilities.with_seed(seat.row, seed))


def has_it_elsewhere(seat: Seat, rows: Rows, entry: Entry) -> None:
    """Something of ours that the broker had taken, and we had not read, has another place now."""
    for each in queues.accepted(rows, seat.number):
        if each.idem == entry.idem and each.seq != entry.seq:
            queues.moved(rows, seat.number, each.idem, entry.seq)
            if each.message is not None:
                history.placed(rows, seat.number, each.message, _place(entry))


def say(
    seat: Seat, rows: Rows, body: contents.Body, *, kept: bool = True, expires_after: int = 0
) -> Content:
    """Let something be said: it waits in the outbox, and stands in the history already.

    Returns:
        The content, with its id.
    """
    world, row = seat.home.world, seat.row
    content = Content(
        contents.VERSION,
        contents.new_id(seat.home.identity, world.entropy(contents.RANDOM)),
        row.counter,
        world.second,
        expires_after,
        int(kept),
        body,
    )
    encoded = contents.encode(content)
    if not isinstance(body, contents.CONTROL):
        seat.replace(counter=row.counter + 1)
    expires_at = expiring.due(rows, seat.number, content, world.second)
    queues.say(rows, seat.number, content.id, encoded, expires_at)
    if kept and not isinstance(body, contents.CONTROL):
        own = seat.group.own_index
        history.keep(
            rows,
            seat.number,
            content,
            sender=seat.home.identity,
            leaf=own,
            now=world.second,
        )
    return content
