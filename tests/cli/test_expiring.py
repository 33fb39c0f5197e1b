"""Messages that disappear, on the command line, whose commands end at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from terminals import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with thread_broker() as broker:
        yield broker.url


def test_what_has_disappeared_is_shown_by_no_command(url: str, tmp_path: Path) -> None:
    alice = Terminal(tmp_path, "alice", url).begin()
    plan = tmp_path / "vanishing plan.txt"
    plan.write_text("to the mill", encoding="utf-8")
    alice.says("create", "team", "--expires-after", "3600")
    [team] = alice.finds("groups")["groups"]
    assert (team["inviting"], team["expires_after"]) == ("admins", 3600)
    assert "messages disappear after 3600 seconds" in alice.says("groups", "--offline")
    said = alice.finds("send", "team", "--file", str(plan), "--expires-after", "6")
    assert said["expires_at"] == said["received_at"] + 6
    alice.says("send", "team", "--expires-after", "6", "vanishing", "words")
    alice.says("send", "team", "--expires-after", "0", "lasting", "words")
    time.sleep(6.2)
    for _ in ("once", "once more"):
        assert [each["text"] for each in alice.finds("search", "words")["messages"]] == [
            "lasting words"
        ]
        [found] = alice.finds("history", "team", "--offline")["messages"]
        assert found["text"] == "lasting words"
    refused = alice.refuses("download", "team", str(said["number"]), "--out", str(tmp_path / "x"))
    assert f"there is no message {said['number']}" in refused
