"""Quotas: nobody uses up what is another's, and what is asked again costs nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from broker_talk import Device, Group, Inbox, offered
from broker_thread import thread_broker
from covey.access import signing
from covey.access.structs import identity, joining, log
from covey.access.structs.basics import Nothing
from covey.access.structs.log import Appended, Capability
from covey.errors import BrokerError

if TYPE_CHECKING:
    from broker_talk import Line
    from covey.access.structs.basics import Signed
    from covey.mls.wire.struct import WireStruct


def _refusal(line: Line, operation: str, request: WireStruct) -> str:
    with pytest.raises(BrokerError) as refused:
        line.ask(operation, request)
    return refused.value.code


def _late(line: Line, request: Signed) -> str:
    with pytest.raises(BrokerError) as refused:
        line.ask("append", request, Appended)
    return refused.value.code


def test_who_was_removed_uses_up_nothing_of_the_group() -> None:
    rates = {"rates__appends": "4 per day", "rates__appends_of_epoch": "5 per day"}
    with thread_broker(**rates) as broker, broker.line() as line:
        group = broker.group(line)
        removed = group.access
        group.commit()
        late = [_late(line, removed.append(os.urandom(16), b"x")) for _ in range(6)]
        assert set(late[:4]) == {"epoch_closed"}
        assert [group.say().position.seq for _ in range(3)] == [2, 3, 4]
        assert _late(line, group.access.append(os.urandom(16), b"x")) == "over_quota"


def test_commits_are_counted_whatever_epoch_they_open() -> None:
    with thread_broker(rates__appends="3 per day") as broker, broker.line() as line:
        group = broker.group(line)
        for _ in range(3):
            group.commit()
        request = group.access.append(os.urandom(16), b"commit", group.following())
        assert _late(line, request) == "over_quota"


def test_a_group_pays_for_bytes_too() -> None:
    with thread_broker(rates__log_bytes="20 KiB per day") as broker, broker.line() as line:
        group = broker.group(line)
        parcel = log.Parcel(os.urandom(32), bytes(15_000))
        group.commit(parcels=(parcel,))
        group.say(bytes(5_000))
        assert _late(line, group.access.append(os.urandom(16), bytes(5_000))) == "over_quota"


@pytest.mark.parametrize("exhausted", ["appends", "log_bytes", "appends_of_epoch"])
def test_an_append_that_is_asked_again_is_answered_as_before(exhausted: str) -> None:
    amount = "10 KiB" if exhausted == "log_bytes" else "1"
    rates = {f"rates__{exhausted}": f"{amount} per day"}
    with thread_broker(**rates) as broker, broker.line() as line:  # type: ignore[arg-type]
        group = broker.group(line)
        request = group.access.append(os.urandom(16), bytes(10_000))
        first = line.ask("append", request, Appended)
        assert _late(line, group.access.append(os.urandom(16), bytes(9_000))) == "over_quota"
        assert line.ask("append", request, Appended) == first


def test_who_is_late_learns_of_the_commit_whatever_it_brings() -> None:
    with thread_broker(limits__capabilities=1) as broker, broker.line() as line:
        group = broker.group(line)
        old, following = group.access, group.following
        many = tuple(Capability(signing.public_key(os.urandom(32)), 2**30) for _ in range(2))
        group.commit()
        late = old.append(os.urandom(16), b"commit", following(capabilities=many))
        assert _late(line, late) == "epoch_closed"
        now = group.access.append(os.urandom(16), b"commit", following(capabilities=many))
        assert _late(line, now) == "too_large"


def test_junk_does_not_shut_an_inbox_or_a_door() -> None:
    rates = {"rates__postings": "1 per day", "rates__knocks": "1 per day"}
    with (
        thread_broker(**rates) as broker,
        broker.line() as own,
        broker.line() as reader,
        broker.line() as anybody,
    ):
        inbox = Inbox(Device(own, broker.broker_id).enrol(), reader)
        for _ in range(5):
            junk = joining.Post(inbox.id, os.urandom(32), b"junk")
            assert _refusal(anybody, "post", junk) == "not_claimed"
        inbox.claimed()
        anybody.ask("post", joining.Post(inbox.id, inbox.ref, b"pointer"), Nothing)
        group, seed = Group(anybody, broker.broker_id).create(), os.urandom(32)
        key = signing.public_key(seed)
        group.commit(capabilities=(Capability(key, 2**30),))
        for number in range(5):
            other = os.urandom(32)
            request = joining.Knock(
                broker.broker_id, group.gid, bytes([number]) * 16, signing.public_key(other), b"x"
            )
            knock = signing.signed(other, "knock", request)
            assert _refusal(anybody, "knock", knock) == "capability_refused"
        request = joining.Knock(broker.broker_id, group.gid, bytes(16), key, b"me")
        anybody.ask("knock", signing.signed(seed, "knock", request), Nothing)
        again = joining.Knock(broker.broker_id, group.gid, b"again" + bytes(11), key, b"me")
        assert _refusal(anybody, "knock", signing.signed(seed, "knock", again)) == "over_quota"
        anybody.ask("knock", signing.signed(seed, "knock", request), Nothing)


def test_a_claim_that_is_asked_again_costs_nothing() -> None:
    with (
        thread_broker(rates__claims_of_target="1 per day") as broker,
        broker.line() as own,
        broker.line() as other,
    ):
        bob = Device(own, broker.broker_id).enrol()
        two = [offered(broker.broker_id).message for _ in range(2)]
        bob.publish(*two)
        alice = Device(other, broker.broker_id).enrol()
        request = identity.Claim(bob.handle, bytes(16), 1)
        first = other.ask("claim", request)
        assert other.ask("claim", request) == first
        more = identity.Claim(bob.handle, b"other" + bytes(11), 1)
        assert _refusal(other, "claim", more) == "over_quota"
        assert alice.handle != bob.handle


def test_an_account_and_a_group_that_are_asked_for_again_cost_nothing() -> None:
    rates = {"rates__creations": "1 per day", "rates__enrolments": "1 per day"}
    with thread_broker(**rates) as broker, broker.line() as own, broker.line() as line:
        Device(own, broker.broker_id).enrol().enrol()
        with broker.line() as third:
            other = Device(third, broker.broker_id)
            with pytest.raises(BrokerError) as refused:
                other.enrol()
            assert refused.value.code == "over_quota"
        group = Group(line, broker.broker_id).create().create()
        assert group.epoch == 0
        assert _refusal(line, "create", Group(line, broker.broker_id).access.create()) == (
            "over_quota"
        )
