"""The broker of the simulator: real operations, at once, and on copies."""

from __future__ import annotations

import os
import random
import secrets
import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from covey.access.operations import Plane
from covey.access.structs.basics import Challenge, Nothing
from covey.broker.script import Statement
from covey.broker.stores.wakes import Wakes
from covey.errors import BrokerError
from covey.lab.conformance.generate.seeded import Seeded
from covey.lab.simulate import broker
from covey.lab.simulate.broker import Copy, Identity, Line, MemoryStore, answering_at_once
from covey.lab.simulate.virtual import BEGIN, Agenda, EndlessError, RealityError, nothing_real

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.broker.script import Script


def a_copy(seed: bytes = b"seed") -> Copy:
    broker.prepare()
    identity = Identity.drawn(Seeded(seed, "broker"), lambda: BEGIN)
    return Copy(identity, MemoryStore(Wakes()), 30)


def a_line(purpose: str = "line") -> Line:
    return Line(Seeded(b"seed", purpose))


def challenge(copy: Copy, line: Line) -> bytes:
    return copy.answer(line, "challenge", Nothing().encode(), b"").answer


def test_an_operation_is_answered_at_once_and_without_the_system() -> None:
    copy, line = a_copy(), a_line()
    with nothing_real(), answering_at_once():
        answer = challenge(copy, line)
    assert Challenge.decode(answer).lifetime > 0


def test_the_same_seed_gives_the_same_broker() -> None:
    assert challenge(a_copy(), a_line()) == challenge(a_copy(), a_line())
    assert challenge(a_copy(), a_line()) != challenge(a_copy(b"other"), a_line())


def test_a_body_that_is_none_is_malformed() -> None:
    with pytest.raises(BrokerError, match="malformed"):
        a_copy().answer(a_line(), "challenge", b"more", b"")


def test_planes_are_kept_apart() -> None:
    copy, line = a_copy(), a_line()
    line.enter(Plane.group)
    with pytest.raises(BrokerError, match="wrong_plane"):
        copy.answer(line, "devices", Nothing().encode(), b"token")


def test_what_needs_a_token_is_refused_without_one() -> None:
    with pytest.raises(BrokerError, match="unauthenticated"):
        a_copy().answer(a_line(), "devices", Nothing().encode(), b"")


def test_a_copy_of_the_database_goes_its_own_way() -> None:
    first = a_copy()
    second = first.store.copy()
    assert first.store.play(_count) == second.play(_count) == 1
    first.store.play(_delete)
    assert (first.store.play(_count), second.play(_count)) == (0, 1)


def play_out(agenda: Agenda, seconds: float) -> None:
    while agenda.step(BEGIN + seconds):
        pass


def _count() -> Script[int]:
    rows = yield Statement("SELECT count(*) FROM broker").of()
    return int(rows[0][0])


def _delete() -> Script[None]:
    yield Statement("DELETE FROM broker").of()


DRAWS: dict[str, Callable[[], object]] = {
    "the time": lambda: time.time(),  # noqa: PLW0108 - it is looked up when it is called
    "the steady time": lambda: time.monotonic(),  # noqa: PLW0108
    "random bytes": lambda: os.urandom(1),
    "secrets": lambda: secrets.token_bytes(1),
    "chance": lambda: random.SystemRandom().random(),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_nobody_draws_on_the_system(draw: Callable[[], object]) -> None:
    draw()
    with nothing_real(), pytest.raises(RealityError):
        draw()
    draw()


def test_the_agenda_keeps_the_order_of_time_and_then_of_planning() -> None:
    agenda, happened = Agenda(), []
    for name, seconds in (("b", 2.0), ("a", 1.0), ("c", 2.0), ("late", 9.0)):
        agenda.after(seconds, lambda name=name: happened.append(name))  # type: ignore[misc]
    play_out(agenda, 5.0)
    assert happened == ["a", "b", "c"]
    assert agenda.now == BEGIN + 5.0


def test_what_never_ends_is_ended() -> None:
    agenda = Agenda()

    def again() -> None:
        agenda.after(0.0, again)

    again()
    with pytest.raises(EndlessError):
        play_out(agenda, 1.0)


def test_other_threads_keep_their_clock() -> None:
    """A server in another thread of the process goes on while a seed is played."""
    told: list[float] = []
    with nothing_real():
        other = Thread(target=lambda: told.append(time.monotonic()))
        other.start()
        other.join()
        with pytest.raises(RealityError):
            time.monotonic()
    assert told
