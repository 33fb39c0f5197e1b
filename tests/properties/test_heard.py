"""Whatever a member says, a client takes it in or passes over it, and can show both."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from client.table import Table
from covey.access.member import envelopes
from covey.access.structs.heads import Position
from covey.access.structs.sealed import ClaimedPosition, Door, Purpose
from covey.client.events import MessageArrived
from covey.client.sync.asking import append
from covey.client.sync.rows import groups
from covey.client.words import contents, history
from covey.client.words.contents import (
    Attachment,
    ContentFrame,
    Data,
    NewDoor,
    Parting,
    Reaction,
    Recovery,
    Text,
)
from covey.mls import ContentType
from covey.store import words

if TYPE_CHECKING:
    from client.table import Someone

SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

LONG = st.integers(contents.MOST - 200, contents.MOST + 1000).map(lambda size: b"x" * size)
WORDS = st.one_of(
    st.text(max_size=20).map(str.encode),
    st.text(max_size=20).map(str.encode),
    st.sampled_from((b"\0", b"\x1b[31m", b"/", b'"', b"\n\n", "\u202e".encode())),
    st.binary(max_size=40),
    LONG,
)
TYPES = st.one_of(WORDS.map(lambda said: b"text/" + said), WORDS)
KEYS = st.binary(min_size=32, max_size=32)
IDS = st.binary(min_size=16, max_size=16)
ABOUT = st.one_of(st.just(b""), IDS, IDS, st.binary(max_size=20))
LARGE = st.sampled_from((0, 1, 2**31, 2**63 - 2, 2**63 - 1, 2**63, 2**64 - 1))
BODIES = st.one_of(
    st.builds(Text, WORDS, ABOUT),
    st.builds(Reaction, IDS, WORDS, st.sampled_from((0, 0, 1, 2, 255))),
    st.builds(Attachment, KEYS, KEYS, WORDS, WORDS, LARGE, LARGE, ABOUT),
    st.builds(Data, TYPES, WORDS),
    st.builds(NewDoor, st.builds(Door, KEYS, st.integers(0, 0xFFFF), st.binary(max_size=40))),
    st.builds(Recovery, KEYS, KEYS),
    st.builds(Parting, KEYS),
)
FAULTS = ("bytes", "version", "id", "counter", "kept", "type", "body", "cut", "rest", *[""] * 20)


@cache
def _team() -> tuple[Someone, Someone]:
    table = Table()
    alice, mallory = table.team("alice", "mallory")
    return alice, mallory


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """What a member can seal: most of it is nearly right."""
    body, fault = draw(BODIES), draw(st.sampled_from(FAULTS))
    if fault == "bytes":
        return draw(st.binary(max_size=100))
    named = contents.new_id(b"mallory", sha256(body.encode()).digest()[:8])
    whole = ContentFrame(
        draw(st.integers(0, 255)) if fault == "version" else 1,
        draw(IDS) if fault == "id" else named,
        draw(LARGE) if fault == "counter" else draw(st.integers(0, 50)),
        draw(LARGE),
        draw(st.sampled_from((0, 1, 2**32 - 1))),
        draw(st.integers(0, 255)) if fault == "kept" else draw(st.integers(0, 1)),
        draw(st.integers(0, 255)) if fault == "type" else body.tag,
        draw(WORDS) if fault == "body" else body.encode(),
    ).encode()
    return {"cut": whole[:-1], "rest": whole + b"\0"}.get(fault, whole)


def _longest(more: int) -> bytes:
    """A text of the longest content that there is, and of so many bytes more."""
    named = contents.new_id(b"mallory", more.to_bytes(8))
    empty = len(ContentFrame(1, named, 0, 0, 0, 1, 1, Text(b"x" * 20_000).encode()).encode())
    text = Text(b"x" * (contents.MOST - empty + 20_000 - 16 + more))
    return ContentFrame(1, named, 0, 0, 0, 1, 1, text.encode()).encode()


CLAIMED = st.builds(Position, LARGE, KEYS).map(lambda at: ClaimedPosition(at).encode())
AUTHENTICATED = st.one_of(st.none(), st.binary(max_size=80), CLAIMED)


@SETTINGS
@given(data=frames(), authenticated=AUTHENTICATED)
@example(data=_longest(0), authenticated=None)
@example(data=_longest(1), authenticated=None)
@example(data=_longest(1200), authenticated=None)
def test_nothing_that_a_member_says_is_in_the_way(data: bytes, authenticated: bytes | None) -> None:
    alice, mallory = _team()
    alice.news()
    _say(mallory, data, authenticated)
    alice.turn()
    told, number = alice.news(), alice.place.seat.number
    assert all(map(str, told))
    with alice.store.transaction() as rows:
        words.index(rows)
        for each in told:
            if isinstance(each, MessageArrived):
                assert history.encoded(rows, number, bytes.fromhex(each.id)) == data
    assert alice.place.seat.row.trouble == ""


def _say(mallory: Someone, data: bytes, authenticated: bytes | None) -> None:
    """Let her say what her client would not."""
    seat = mallory.place.seat
    seat.reserve(ContentType.application)
    with seat.change() as rows:
        idem = seat.idem(ContentType.application)
        claimed = seat.claimed.encode() if authenticated is None else authenticated
        message = seat.group.protect(data, claimed)
        entropy = seat.home.world.entropy
        try:
            body = envelopes.seal(seat.access, Purpose.other, idem, message, entropy)
        except ValueError:
            reject()  # no broker takes it
        request = seat.access.append(idem, body)
        groups.note_sent(rows, seat.number, idem)
    mallory.run(append(mallory.place.turns.speaker.lane, request))
    mallory.turn()
