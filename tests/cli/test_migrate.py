"""``covey migrate``, and what members are shown of the suite of their group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from broker_thread import thread_broker
from covey import blocking
from covey.client.words.suites import CLASSICAL, UPGRADES, XWING
from covey.store import Passphrase
from terminals import Terminal

if TYPE_CHECKING:
    from pathlib import Path


def team(alice: Terminal, bob: Terminal) -> None:
    alice.says("create", "team")
    alice.says("invite", "team", bob.name)
    bob.says("join")


def test_a_group_is_moved_while_somebody_is_offline(alice: Terminal, bob: Terminal) -> None:
    team(alice, bob)
    before = alice.finds("members", "team")["suite"]
    assert before["name"] == "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
    assert before["confidentiality_quantum_safe"] is False
    assert "everybody in team can come along" in alice.says(
        "migrate", "team", "--suite", "x-wing", "--check"
    )
    moved = alice.says("migrate", "team", "--suite", "x-wing")
    assert "team has another suite now:" in moved
    assert "what is said is quantum-safe, and who says it is not quantum-safe" in moved
    alice.says("send", "team", "hello from the other side")
    assert "hello from the other side" in bob.says("history", "team")
    shown = bob.says("members", "team")
    assert "suite MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519" in shown
    found = alice.finds("migrate", "team", "--suite", "X-Wing-MLDSA44")
    assert found["suite"]["authentication_quantum_safe"] is True
    assert bob.finds("groups")["groups"][0]["suite"] == found["suite"]
    bob.says("send", "team", "and back")
    assert "and back" in alice.says("history", "team")


def test_keys_are_left_for_every_suite_that_somebody_names(alice: Terminal, bob: Terminal) -> None:
    """So that a group can be moved there, or begun there, by commands alone."""
    team(alice, bob)
    refused = alice.refuses("migrate", "team", "--suite", "0xfc0b", "--wait", "0.1")
    assert f"{bob.name} cannot be carried along" in refused
    assert "`covey suites 0xfc0b`" in refused
    shown = [each["code"] for each in bob.finds("suites")["suites"]]
    assert shown == [CLASSICAL, *UPGRADES]
    assert "MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87" in bob.says("suites", "0xfc0b")
    assert "everybody in team can come along" in alice.says(
        "migrate", "team", "--suite", "0xfc0b", "--check"
    )
    alice.says("migrate", "team", "--suite", "0xfc0b")
    alice.says("send", "team", "hello")
    assert "hello" in bob.says("history", "team")
    assert [each["code"] for each in bob.finds("suites")["suites"]] == [*shown, 0xFC0B]
    assert "there is no suite x-ring" in bob.refuses("suites", "x-ring")


def test_a_suite_that_is_named_while_the_broker_is_away_is_kept(tmp_path: Path) -> None:
    """The next command leaves the keys."""
    with thread_broker() as broker:
        dan = Terminal(tmp_path, "dan", broker.url).begin()
    assert "the next command tries again" in dan.run("suites", "0xfc0b").stderr
    shown = [each["code"] for each in dan.finds("suites")["suites"]]
    assert shown == [CLASSICAL, *UPGRADES, 0xFC0B]


def test_a_group_begins_in_any_suite(alice: Terminal, bob: Terminal) -> None:
    assert alice.finds("create", "mine", "--suite", "0xfc04")["suite"]["code"] == 0xFC04
    assert "`covey suites 0xfc04`" in alice.refuses("invite", "mine", bob.name)
    bob.says("suites", "0xfc04")
    alice.says("invite", "mine", bob.name)
    bob.says("join")
    alice.says("send", "mine", "hello")
    assert "hello" in bob.says("history", "mine")
    card = bob.folder / "card"
    bob.says("join", "--card", str(card), "--suite", "0xfc05")
    alice.says("create", "cards", "--suite", "0xfc05")
    invitation = alice.folder / "invitation"
    alice.says("invite", "cards", "--card", str(card), "--out", str(invitation))
    bob.says("join", str(invitation))


def test_mistakes_are_told(alice: Terminal, bob: Terminal) -> None:
    team(alice, bob)
    said = alice.refuses("migrate", "team", "--suite", "x-ring")
    assert "there is no suite x-ring: say classical, x-wing, x-wing-mldsa44" in said
    assert "already" in alice.refuses("migrate", "team", "--suite", "1")
    assert "that is for owners" in bob.refuses("migrate", "team", "--suite", "x-wing")
    assert "there are: team" in alice.refuses("migrate", "crew", "--suite", "x-wing")


def test_who_cannot_come_along_is_named_or_removed(
    alice: Terminal, bob: Terminal, tmp_path: Path, url: str
) -> None:
    team(alice, bob)
    old = f"old-{tmp_path.name}"
    key = Passphrase("words of dora")
    with blocking.Client.open(
        tmp_path / "dora.covey", broker=url, name=old, key=key, upgrades=()
    ) as dora:
        alice.says("invite", "team", old)
        dora.next_group(20)
    checked = alice.run("migrate", "team", "--suite", "x-wing", "--check", "--json")
    assert (checked.exit_code, json.loads(checked.stdout)) == (
        1,
        {"suite": XWING, "lacking": [old]},
    )
    refused = alice.refuses("migrate", "team", "--suite", "x-wing", "--wait", "0.1")
    assert f"{old} cannot be carried along" in refused
    assert "--remove-missing" in refused
    moved = alice.run("migrate", "team", "--suite", "x-wing", "--remove-missing")
    assert moved.exit_code == 0
    assert f"removing the devices of {old} that cannot come along" in moved.stderr
    names = [each["name"] for each in bob.finds("members", "team")["members"]]
    assert names == [alice.name, bob.name]


def test_nobody_is_removed_for_a_move_that_cannot_be(
    alice: Terminal, bob: Terminal, tmp_path: Path, url: str
) -> None:
    """Whoever asks is no owner; or the group does not take the suite."""
    alice.says("create", "team", "--suite", "x-wing", "--quantum-safe")
    alice.says("invite", "team", bob.name)
    bob.says("join")
    alice.says("role", "team", bob.name, "admin")
    old = f"old-{tmp_path.name}"
    with blocking.Client.open(
        tmp_path / "dora.covey", broker=url, name=old, key=Passphrase("dora"), upgrades=("x-wing",)
    ) as dora:
        alice.says("invite", "team", old)
        dora.next_group(20)
    for terminal, suite, why in (
        (alice, "2", "is to be quantum-safe"),
        (bob, "x-wing-mldsa44", "that is for owners"),
    ):
        for how in ("--remove-missing", "--check"):
            assert why in terminal.refuses("migrate", "team", "--suite", suite, how)
        names = [each["name"] for each in terminal.finds("members", "team")["members"]]
        assert names == [alice.name, bob.name, old]
    alice.says("remove", "team", bob.name)
    out = "not in this group any more"
    assert out in bob.says("members", "team")
    assert out in bob.refuses("migrate", "team", "--suite", "x-wing")


def test_a_group_that_is_to_be_quantum_safe_stays_so(alice: Terminal, bob: Terminal) -> None:
    assert "needs such a suite" in alice.refuses("create", "team", "--quantum-safe")
    alice.says("create", "team", "--suite", "x-wing", "--quantum-safe")
    alice.says("invite", "team", bob.name)
    bob.says("join")
    assert "no other than quantum-safe ones" in bob.says("members", "team")
    assert "is to be quantum-safe" in alice.refuses("migrate", "team", "--suite", "classical")
    alice.says("migrate", "team", "--suite", "x-wing-mldsa44")
    assert bob.finds("members", "team")["quantum_safe_only"] is True
