"""A bug of covey itself stops the group that it is in, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.sync.log import hearing
from covey.errors import BugError
from people import Town, group, texts, until

if TYPE_CHECKING:
    from covey.access.structs.log import Entry
    from covey.client.sync.group.seat import Seat
    from covey.mls import MessageReceived
    from covey.store.port import Rows

pytestmark = pytest.mark.anyio

SAID = "what alice has said"


async def test_a_bug_in_one_group_stops_that_group_only(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        other, others = await group(alice, bob)
        real, stopped = hearing.heard, theirs.id

        def falls(seat: Seat, rows: Rows, entry: Entry, event: MessageReceived) -> None:
            if seat.hex == stopped and seat.home.identity == bob.name.encode():
                raise KeyError(event.data)
            real(seat, rows, entry, event)

        with monkeypatch.context() as planted:
            planted.setattr(hearing, "heard", falls)
            await ours.send(SAID)
            await until(lambda: theirs.trouble)
            assert theirs.trouble.startswith("a bug of covey: KeyError in covey.client.sync.log.")
            assert theirs.trouble.endswith("; what was said is kept")
            with pytest.raises(BugError, match="it stays queued"):
                await theirs.send("can you hear me?")
            with pytest.raises(BugError, match=r"^a bug of covey: KeyError in covey\.client"):
                await bob.sync()
            await other.send("elsewhere")
            await until(lambda: texts(others) == ["elsewhere"])
            assert bob.online
        await until(lambda: texts(theirs) == ["can you hear me?", SAID])
        await until(lambda: not theirs.trouble)
    [*logged] = [each for each in caplog.records if each.name == "covey.client"]
    assert all(each.levelname == "ERROR" for each in logged)
    assert "in take" in logged[0].getMessage()
    assert SAID not in caplog.text


async def test_a_bug_in_the_inbox_stops_no_group(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        with monkeypatch.context() as planted:
            planted.setattr(type(bob._engine.peer), "look_into_inbox", None)  # noqa: SLF001
            crew = await alice.create_group("crew")
            await crew.invite(bob.name)  # so that its inbox is asked again
            await ours.send("hello")
            await until(lambda: texts(theirs) == ["hello"])
            await until(lambda: "a bug of covey: TypeError" in bob.trouble)
            with pytest.raises(BugError, match="a bug of covey: TypeError"):
                await bob.sync()
        await until(lambda: bob._engine._unheard is None)  # noqa: SLF001
        await bob.sync()
