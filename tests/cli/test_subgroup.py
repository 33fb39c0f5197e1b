"""``covey subgroup``, and what is shown of the group of which another one is a subgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with thread_broker(rates__enrolments="1000 per second") as broker:
        yield broker.url


@pytest.fixture
def people(tmp_path: Path, url: str) -> list[Terminal]:
    """Alice, Bob and Carol, in a group."""
    names = ("alice", "bob", "carol")
    found = [Terminal(tmp_path, f"{each}-{tmp_path.name}", url).begin() for each in names]
    alice, *others = found
    alice.says("create", "team", "--expires-after", "3600")
    alice.says("invite", "team", *(each.name for each in others))
    for each in others:
        each.says("join")
    return found


def test_some_members_have_a_group_of_their_own(people: list[Terminal]) -> None:
    alice, bob, carol = people
    said = bob.says("subgroup", "team", "two", carol.name)
    assert said == f"created two, a subgroup of team, with {carol.name} in it\n"
    lines = carol.says("groups").splitlines()
    assert "active, a subgroup of team, messages disappear after 3600 seconds" in lines[1]
    team, two = carol.finds("groups")["groups"]
    assert (team["parent"], two["parent"]) == (None, team["id"])
    assert [each["name"] for each in alice.finds("groups")["groups"]] == ["team"]
    carol.says("send", "two", "only us")
    assert "only us" in bob.says("history", "two")
    assert {each["name"]: each["role"] for each in carol.finds("members", "two")["members"]} == {
        bob.name: "owner",
        carol.name: "member",
    }


def test_what_is_made_is_told_as_json_and_to_who_follows(people: list[Terminal]) -> None:
    alice, bob, _ = people
    with bob.beside("follow") as following:
        options = ("--expires-after", "0", "--inviting", "members")
        made = alice.finds("subgroup", "team", "two", bob.name, *options)
        lines_until(following, f"you are in the subgroup 'two', let in by {alice.name}")
    assert (made["name"], made["invited"]) == ("two", [bob.name])
    assert (made["expires_after"], made["inviting"]) == (0, "members")
    assert made["parent"] == alice.finds("groups")["groups"][0]["id"]


def test_mistakes_are_told(people: list[Terminal], tmp_path: Path, url: str) -> None:
    alice, bob, _ = people
    dora = Terminal(tmp_path, f"dora-{tmp_path.name}", url).begin()
    assert "is not in this group" in alice.refuses("subgroup", "team", "two", dora.name)
    assert "Missing argument" in alice.refuses("subgroup", "team", "two", code=2)
    assert "somebody besides you" in alice.refuses("subgroup", "team", "two", alice.name)
    said = alice.refuses("subgroup", "team", "team", bob.name)
    assert "you are in a group called team already" in said
    assert [each["name"] for each in alice.finds("groups")["groups"]] == ["team"]
    alice.says("subgroup", "team", "team", bob.name, "--force")
    assert [each["name"] for each in alice.finds("groups")["groups"]] == ["team", "team"]
