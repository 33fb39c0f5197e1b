"""What a reader believes a broker, and what not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_samples import BROKER, GID, RANDOM, SIGNER, Log, changed
from covey.access import heads
from covey.access.member.replies import Followed, GapError, RestoredError, RolledBackError, compare
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.sealed import ClaimedPosition
from covey.errors import AuthenticationError, DecodeError, ForkError

KINDS = "oocooocco"


def creator(log: Log) -> Followed:
    """Somebody who has seen the log begin."""
    return Followed(BROKER, GID, log.positions[0])


@given(kinds=st.text("oc", max_size=12), most=st.integers(1, 4))
def test_an_honest_log_is_followed_to_its_end(kinds: str, most: int) -> None:
    log = Log().fill(kinds)
    followed = creator(log)
    for epoch in range(log.epoch + 1):
        while True:
            assert followed.position is not None
            answer = log.answer(epoch, followed.position.seq, most)
            followed = followed.read(epoch, answer)
            if answer.complete:
                break
    assert followed.position == log.positions[-1]
    assert followed.head is not None
    assert followed.head.head.position == log.positions[-1]


def test_a_joiner_takes_the_first_place_as_it_is_told() -> None:
    log = Log().fill(KINDS)
    followed = Followed(BROKER, GID).read(3, log.answer(3, 0))
    assert followed.position == log.positions[9]
    assert Followed(BROKER, GID).begin(log.positions[8]).position == log.positions[8]


def test_a_new_log_begins_with_a_signed_head() -> None:
    log = Log()
    first = creator(log).reach(log.signed(log.positions[0]), complete=True)
    assert first.position == log.positions[0]
    with pytest.raises(ForkError):
        creator(log).reach(log.signed(Position(0, bytes(32))), complete=True)


def test_frames_are_checked_like_answers() -> None:
    log = Log().fill("ooc")
    followed = creator(log).begin(log.positions[0])
    for entry in log.entries:
        followed = followed.take(0, [entry])
    assert followed.reach(log.signed(log.positions[3]), complete=True).position == log.positions[3]
    with pytest.raises(ForkError, match="before it said where"):
        Followed(BROKER, GID).take(0, log.entries)
    with pytest.raises(ForkError, match="before it said where"):
        Followed(BROKER, GID).reach(log.signed(log.positions[3]), complete=True)


def refuse(log: Log, match: str, error: type[Exception] = ForkError, **changes: object) -> None:
    """An answer that was changed is refused, and nothing is taken over."""
    followed = creator(log)
    answer = log.answer(0, 0)
    with pytest.raises(error, match=match) as raised:
        followed.read(0, answer.replace(**changes))
    assert type(raised.value) is error
    assert followed == creator(log)


def test_gaps_are_seen() -> None:
    log = Log().fill("oooc")
    entries = log.entries
    refuse(log, "held back", entries=tuple(entries[1:]))
    refuse(log, "held back", entries=(entries[0], *entries[2:]))
    refuse(log, "entries 4 to 4 are held back", entries=tuple(entries[:3]))
    refuse(log, "entries 1 to 4 are held back", entries=())
    refuse(log, "held back", entries=(entries[1], entries[0], *entries[2:]))
    refuse(log, "held back", entries=(entries[0], *entries))


def test_another_log_is_seen() -> None:
    log = Log().fill("oooc")
    bent = log.entries[1].replace(body=changed(log.entries[1].body, 0))
    entries = (log.entries[0], bent, *log.entries[2:])
    refuse(log, "signed another log up to entry 4", entries=entries)
    refuse(log, "than it has shown before", before=Position(0, bytes(32)))
    refuse(log, "entries 1 to 1 are held back", GapError, before=log.positions[1])
    refuse(log, "signed another log", head=log.signed(Position(4, bytes(32))))


def test_entries_stay_in_their_epoch() -> None:
    log = Log().fill("oc")
    late = log.entries[1].replace(seq=3, kind=Kind.other)
    refuse(log, "does not belong", entries=(*log.entries, late))
    refuse(log, "does not belong", entries=(log.entries[0].replace(epoch=1), log.entries[1]))


def test_a_rollback_is_seen() -> None:
    log = Log().fill("ooo")
    followed = creator(log).read(0, log.answer(0, 0))
    with pytest.raises(RolledBackError, match="ends at entry 1, and entry 3"):
        followed.reach(log.signed(log.positions[1]), complete=True)
    with pytest.raises(RolledBackError):
        followed.reach(log.signed(log.positions[2]), complete=False)
    refuse(log, "ends at entry 1", RolledBackError, head=log.signed(log.positions[1]))
    shorter = Log().fill("o")
    with pytest.raises(RolledBackError, match="ends at entry 1, and entry 3"):
        followed.read(0, shorter.answer(0, 3))


def test_who_was_away_for_long_can_go_on_behind_the_gap() -> None:
    log = Log().fill("ooo")
    swept = log.answer(0, 2)
    with pytest.raises(GapError, match="entries 1 to 2 are held back, or no longer kept") as raised:
        creator(log).read(0, swept)
    assert raised.value.missing.head == swept.head  # signed, and so held against what follows
    assert raised.value.missing.read(0, swept).position == log.positions[3]


def test_a_restored_database_is_seen() -> None:
    log = Log().fill("ooo")
    followed = creator(log).read(0, log.answer(0, 0))
    other = log.answer(0, 3).replace(head=log.signed(log.positions[3], RANDOM(16)))
    with pytest.raises(RestoredError, match="restored from a backup"):
        followed.read(0, other)


def test_two_heads_for_one_entry_are_evidence() -> None:
    log = Log().fill("ooo")
    followed = creator(log).read(0, log.answer(0, 0))
    with pytest.raises(ForkError, match="signed two heads for entry 3"):
        followed.reach(log.signed(Position(3, bytes(32))), complete=True)


def test_a_head_has_to_be_signed_for_this_broker_and_log() -> None:
    log = Log().fill("ooo")
    stranger = heads.HeadSigner(RANDOM(32), 1, RANDOM)
    incarnation = log.answer(0, 0).head.head.incarnation
    forged = stranger.sign(GID, log.positions[3], incarnation)
    refuse(log, "authentication failed", AuthenticationError, head=forged)
    other = SIGNER.sign(bytes(32), log.positions[3], incarnation)
    refuse(log, "another log", head=other)
    refuse(log, "complete is 0 or 1", DecodeError, complete=2)


def test_members_compare_what_they_were_shown() -> None:
    log = Log().fill("ooo")
    history = {each.seq: each.hash for each in log.positions[1:]}
    assert compare(history, ClaimedPosition(log.positions[2]))
    assert not compare(history, ClaimedPosition(Position(9, bytes(32))))
    assert not compare(history, ClaimedPosition(log.positions[0]))
    with pytest.raises(ForkError, match="another log up to entry 2"):
        compare(history, ClaimedPosition(Position(2, bytes(32))))
