"""Tickets are worth something to whom they were given, for what, and for ten minutes."""

from __future__ import annotations

import pytest

from access_samples import GID, changed
from covey.access.structs.basics import Ticket, TicketKind
from covey.access.tickets import LIFETIME, Mint

ONE, OTHER = b"one connection", b"another one"


class Clock:
    """Seconds."""

    def __init__(self) -> None:
        self.now: float = 1000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mint(clock: Clock) -> Mint:
    return Mint(bytes(range(32)), clock)


def test_a_ticket_is_known_again(mint: Mint) -> None:
    given = mint.issue(TicketKind.group, ONE, GID, 7)
    ticket = mint.read(TicketKind.group, ONE, given)
    assert ticket is not None
    assert (ticket.subject, ticket.epoch) == (GID, 7)


@pytest.mark.parametrize("kind", [each for each in TicketKind if each is not TicketKind.group])
def test_a_ticket_of_another_kind_is_none(mint: Mint, kind: TicketKind) -> None:
    assert mint.read(kind, ONE, mint.issue(TicketKind.group, ONE, GID, 7)) is None


def test_a_ticket_of_another_connection_is_none(mint: Mint) -> None:
    assert mint.read(TicketKind.group, OTHER, mint.issue(TicketKind.group, ONE, GID, 7)) is None


def test_a_ticket_of_another_process_is_none(mint: Mint, clock: Clock) -> None:
    other = Mint(bytes(32), clock)
    assert other.read(TicketKind.group, ONE, mint.issue(TicketKind.group, ONE, GID, 7)) is None


def test_every_byte_of_a_ticket_counts(mint: Mint) -> None:
    given = mint.issue(TicketKind.group, ONE, GID, 7)
    for at in range(len(given)):
        assert mint.read(TicketKind.group, ONE, changed(given, at)) is None
    for bad in (b"", given[:-1], given + b"\0"):
        assert mint.read(TicketKind.group, ONE, bad) is None


def test_a_ticket_cannot_be_made_longer(mint: Mint) -> None:
    ticket = Ticket.decode(mint.issue(TicketKind.device, ONE, GID))
    longer = ticket.replace(expires=ticket.expires + 1)
    assert mint.read(TicketKind.device, ONE, longer.encode()) is None


def test_a_ticket_expires(mint: Mint, clock: Clock) -> None:
    given = mint.issue(TicketKind.challenge, ONE)
    clock.now += LIFETIME - 1
    assert mint.read(TicketKind.challenge, ONE, given) is not None
    clock.now += 2
    assert mint.read(TicketKind.challenge, ONE, given) is None
