"""A device has a token when it needs one, and gets another when the connection is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member import accounts
from covey.access.refusals import Code, refused
from covey.access.structs import identity
from covey.access.structs.basics import Nothing
from covey.client.sync.effects import Ask, Use
from covey.client.sync.identity.device import LANE, Device
from covey.errors import BrokerError
from flows import played

if TYPE_CHECKING:
    from flows import Played

BROKER = bytes(range(32))
TOKEN = identity.Token(b"token", 600)
STOCK = identity.Stock(3, 1, 0)
STALE = refused(Code.stale_proof)


def device() -> Device:
    return Device(BROKER, bytes(32))


def known() -> Device:
    """A device that has a token."""
    one = device()
    played(one.authenticate(), [TOKEN])
    return one


def tokens(done: Played) -> list[bytes]:
    return [each.token for each in done.effects if isinstance(each, Ask)]


def test_enrolling_gives_a_token() -> None:
    one = device()
    assert played(one.enrol("alice"), [TOKEN]).operations == ["challenge", "enrol"]
    assert tokens(played(one.stock(), [STOCK])) == [b"token"]


def test_an_enrolment_whose_connection_broke_is_proven_again() -> None:
    done = played(device().enrol("alice"), [STALE, TOKEN])
    assert done.operations == ["challenge", "enrol"] * 2


def test_the_first_request_gets_a_token() -> None:
    done = played(device().stock(), [TOKEN, STOCK])
    assert done.operations == ["challenge", "authenticate", "stock"]
    assert tokens(done) == [b"", b"", b"token"]
    assert done.result == STOCK


@pytest.mark.parametrize("code", [Code.stale_proof, Code.unauthenticated])
def test_a_token_of_another_connection_is_replaced(code: Code) -> None:
    done = played(known().stock(), [refused(code), identity.Token(b"new", 600), STOCK])
    assert done.operations == ["stock", "challenge", "authenticate", "stock"]
    assert tokens(done) == [b"token", b"", b"", b"new"]


def test_the_connection_may_break_once_more_in_between() -> None:
    done = played(known().stock(), [STALE, TOKEN, STALE, TOKEN, STOCK])
    assert done.result == STOCK


def test_a_device_that_was_removed_is_told_so() -> None:
    with pytest.raises(BrokerError, match="account_unknown"):
        played(known().stock(), [refused(Code.account_unknown)])


def test_everything_goes_over_the_connection_of_the_device() -> None:
    one = known()
    added = Device(BROKER, bytes(31) + b"1").to_be_added("alice")
    devices = identity.Devices((identity.Device(one.key),))
    claimed = identity.Claimed(())
    shelved = identity.ShelvedKeyPackage(1, 0, b"sealed")
    for flow, answer, result in [
        (one.devices(), devices, (one.key,)),
        (one.add_device(added), devices, (one.key,)),
        (one.remove_device(bytes(32)), devices, (one.key,)),
        (one.publish([b"package"], bytes(16)), STOCK, STOCK),
        (one.claim("bob", 1, bytes(16)), claimed, claimed),
        (one.put_on_shelf(bytes(32), (shelved,), bytes(16)), identity.Shelved(5), 5),
        (one.create_inbox(bytes(32), bytes(32)), Nothing(), None),
    ]:
        done = played(flow, [answer])
        assert done.result == result
        [asked] = done.effects
        assert isinstance(asked, Ask)
        assert asked.lane == LANE
        assert LANE.use is Use.identity


def test_a_claim_names_the_handle_and_not_the_name() -> None:
    done = played(known().claim("bob", 1, bytes(16)), [identity.Claimed(())])
    [asked] = done.effects
    assert isinstance(asked, Ask)
    assert asked.request == identity.Claim(accounts.handle(BROKER, "bob"), bytes(16), 1)


def test_it_shows_no_secret() -> None:
    one = Device(BROKER, b"\x5a" * 32)
    assert (b"\x5a" * 32).hex() not in repr(one) + repr(one.__rich_repr__())
