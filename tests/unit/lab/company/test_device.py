"""A device on the identity plane, and what becomes of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.sync.asking import append
from covey.client.sync.identity.device import LANE, Device
from covey.errors import BrokerError, PolicyError
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker_thread import ThreadBroker
    from covey.lab.company.lines import Lines
    from covey.lab.company.person import Person


def test_a_person_is_found_by_its_name(person: Callable[..., Person]) -> None:
    alice, bob = person("alice"), person("bob")
    claimed = {alice.claim([bob.name])[0] for _ in range(2)}
    assert claimed == {each.message for each in bob.packages if not each.last_resort}
    [resort] = [each.message for each in bob.packages if each.last_resort]
    assert alice.claim([bob.name]) == (resort,)
    with pytest.raises(BrokerError, match="account_unknown"):
        alice.claim(["nobody"])


def test_a_new_connection_is_proved_anew(
    person: Callable[..., Person], lines: Callable[..., Lines]
) -> None:
    alice, elsewhere = person("alice"), lines()
    moved = Device(alice.broker_id, alice.device.seed)
    moved._token = alice.device._token  # noqa: SLF001 - a token of another connection
    assert moved._token  # noqa: SLF001
    assert elsewhere.run(moved.devices()) == (alice.device.key,)
    assert elsewhere.run(moved.stock()).last_resorts == 1


def test_devices_come_and_go(person: Callable[..., Person], lines: Callable[..., Lines]) -> None:
    alice, elsewhere = person("alice"), lines()
    second = Device(alice.broker_id, system_entropy(32))
    added = alice.run(alice.device.add_device(second.to_be_added(alice.name)))
    assert set(added) == {alice.device.key, second.key}
    assert set(elsewhere.run(second.devices())) == {alice.device.key, second.key}
    assert alice.run(alice.device.remove_device(second.key)) == (alice.device.key,)
    with pytest.raises(BrokerError, match="account_unknown"):
        elsewhere.run(second.devices())


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
    request = seat.access.append(bytes(16), b"body")
    with pytest.raises(BrokerError, match="wrong_plane"):
        alice.run(append(LANE, request))
