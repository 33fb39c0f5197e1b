"""Connections of a person: whose they are, what goes over which, and what carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest

from covey.access.refusals import Code
from covey.access.structs.basics import Challenge
from covey.client.sync.asking import alone, challenge
from covey.client.sync.effects import HangUp, Lane, Pause, Use, World
from covey.errors import BrokerError, StateError, TransportError
from covey.lab.company.lines import Lines
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow

WORLD = World(system_entropy, lambda: 0.0)
DEVICE = Lane(Use.identity)
ONE, OTHER = Lane(Use.speak, b"one"), Lane(Use.listen, b"other")


class Numbered(httpx.BaseTransport):
    """A broker that answers with the number of the connection, and notes what it carried.

    Attributes:
        made: All of them.
        asked: How many requests came over it.
        closed: Whether it was hung up.
    """

    made: ClassVar[list[Numbered]] = []

    def __init__(self) -> None:
        self.made.append(self)
        self.number = len(self.made)
        self.asked = 0
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.read() == b""
        self.asked += 1
        nonce = bytes([self.number])
        return httpx.Response(200, content=Challenge(nonce, 600).encode())

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[Numbered]:
    """All transports that are made."""
    made: ClassVar[list[Numbered]] = []
    monkeypatch.setattr(Numbered, "made", made)
    return made


def over_all() -> Flow[list[int]]:
    """The numbers of the connections that several uses go over, one after the other."""
    numbers = []
    for lane in (DEVICE, ONE, OTHER, ONE):
        numbers += yield from challenge(lane)
    for _ in range(2):
        numbers += yield from alone(WORLD, challenge)
    yield Pause(0)
    yield HangUp(ONE)
    return [*numbers, *(yield from challenge(ONE)), *(yield from challenge(DEVICE))]


def test_each_use_has_a_connection_of_its_own(ways: list[Numbered]) -> None:
    with Lines("http://broker", transport=Numbered) as lines:
        assert lines.run(over_all()) == [1, 2, 3, 2, 4, 5, 6, 1]
        assert [each.closed for each in ways] == [False, True, False, True, True, False]
    assert all(each.closed for each in ways)


def test_groups_share_a_connection_only_when_told_to(ways: list[Numbered]) -> None:
    with Lines("http://broker", multiplexed=True, transport=Numbered) as lines:
        assert lines.run(over_all()) == [1, 2, 2, 2, 2, 2, 2, 1]
        assert [each.closed for each in ways] == [False, False]
    assert all(each.closed for each in ways)


@pytest.mark.parametrize("multiplexed", [False, True])
def test_a_flow_sees_what_went_wrong_and_goes_on(*, multiplexed: bool) -> None:
    def carry(request: httpx.Request) -> httpx.Response:
        message = "lost"
        raise httpx.ReadError(message, request=request)

    def tries() -> Flow[str]:
        try:
            yield from challenge(ONE)
        except TransportError as error:
            return str(error)
        return "it was answered"

    with Lines(
        "http://broker", multiplexed=multiplexed, transport=lambda: httpx.MockTransport(carry)
    ) as lines:
        assert lines.run(tries()) == "the broker does not answer: lost"


def test_what_a_flow_raises_is_raised(ways: list[Numbered]) -> None:
    def refused() -> Flow[None]:
        yield from challenge(ONE)
        raise BrokerError(Code.proof_refused.value, "")

    with (
        Lines("http://broker", multiplexed=True, transport=Numbered) as lines,
        pytest.raises(BrokerError, match="proof_refused"),
    ):
        lines.run(refused())
    assert len(ways) == 1


def test_nothing_is_driven_after_the_end() -> None:
    lines = Lines("http://broker")
    lines.close()
    lines.close()
    with pytest.raises(StateError, match="not open"):
        lines.run(challenge(ONE))
