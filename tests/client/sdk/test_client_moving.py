"""A group is moved to another cipher suite: its members, its history and its links come along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.events import Upgraded, Upgrading
from covey.client.words.suites import CLASSICAL, XWING, XWING_MLDSA44
from people import LATE, group, happens, texts, until

if TYPE_CHECKING:
    from people import Town

pytestmark = pytest.mark.anyio


async def test_two_go_on_in_another_suite(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        assert ours.suite == theirs.suite == CLASSICAL
        await ours.send("before")
        feed = theirs.events()
        assert await ours.lacking("x-wing") == ()
        await ours.upgrade("x-wing", timeout=LATE)
        assert ours.suite == XWING
        assert (await happens(feed, Upgrading)).suite == XWING
        told = await happens(feed, Upgraded)
        assert (told.before, told.suite) == (CLASSICAL, XWING)
        assert "confidentiality quantum-safe, authentication not quantum-safe" in str(told)
        await theirs.send("after")
        await until(lambda: texts(ours) == texts(theirs) == ["before", "after"])
        assert (ours.id, ours.name) == (theirs.id, "team")
        assert [each.role for each in theirs.members] == ["owner", "member"]
        await ours.upgrade(XWING_MLDSA44, timeout=LATE)
        await ours.send("and after that")
        await until(lambda: "and after that" in texts(theirs))
        await until(lambda: ours.group_number() == theirs.group_number())
