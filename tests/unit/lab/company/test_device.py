"""A device on the identity plane, and what becomes of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member import accounts
from covey.errors import BrokerError, PolicyError
from covey.lab.company.device import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker_thread import ThreadBroker
    from covey.lab.company.lines import Lines
    from covey.lab.company.person import Person


def test_a_person_is_found_by_its_name(person: Callable[..., Person]) -> None:
    alice, bob = person("alice"), person("bob")
    claimed = {alice.claim([bob.name])[0] for _ in range(2)}
    assert claimed == {each.message for each in bob.packages if not each.last_resort}
    assert alice.claim([bob.name]) == (bob.packages[-1].message,)
    with pytest.raises(BrokerError, match="account_unknown"):
        alice.claim(["nobody"])


def test_a_new_connection_is_proved_anew(
    person: Callable[..., Person], lines: Callable[..., Lines]
) -> None:
    alice = person("alice")
    moved = Device(lines().identity(), alice.broker_id, alice.device.seed)
    moved._token = alice.device._token  # noqa: SLF001 - a token of another connection
    assert moved.devices() == (alice.device.key,)
    assert moved.stock().last_resorts == 1


def test_devices_come_and_go(person: Callable[..., Person], lines: Callable[..., Lines]) -> None:
    alice = person("alice")
    second = Device(lines().identity(), alice.broker_id)
    handle = alice.device.handle(alice.name)
    added = accounts.new_device(second.seed, alice.broker_id, handle)
    assert set(alice.device.add_device(added)) == {alice.device.key, second.key}
    assert set(second.devices()) == {alice.device.key, second.key}
    assert alice.device.remove_device(second.key) == (alice.device.key,)
    with pytest.raises(BrokerError, match="account_unknown"):
        second.devices()


def test_a_broker_that_hands_out_somebody_else_is_caught(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, mallory = person("alice"), person("bob"), person("mallory")
    real = alice.device.handle
    monkeypatch.setattr(alice.device, "handle", lambda _: real(mallory.name))
    with pytest.raises(PolicyError, match="not bob"):
        alice.claim([bob.name])


def test_a_connection_that_named_a_device_speaks_for_no_group(
    person: Callable[..., Person], broker: ThreadBroker
) -> None:
    alice = person("alice")
    assert alice.broker_id == broker.broker_id
    seat = alice.found()
    seat.log.line = alice.lines.identity()
    with pytest.raises(BrokerError, match="wrong_plane"):
        seat.log.append(seat.log.access.append(bytes(16), b"body"))
