"""The blocking face: the same names with the same parameters, and a conversation."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import covey
from broker_thread import thread_broker
from covey import blocking
from covey.client import blocking as faces
from covey.client import client
from covey.client.conversing import conversation
from covey.client.events import MessageArrived
from covey.client.running import feeds
from covey.errors import BrokerError, StateError
from people import KEY, LATE, PACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker_thread import ThreadBroker

WORDS = "words to remember"

FACES = [
    (blocking.Client, client.Client),
    (blocking.Conversation, conversation.Conversation),
    (blocking.Feed, feeds.Feed),
]


@pytest.fixture(scope="module")
def broker() -> Iterator[ThreadBroker]:
    with thread_broker() as running:
        yield running


def opened(broker: ThreadBroker, name: str, path: Path | None = None) -> blocking.Client:
    key = None if path is None else KEY
    return blocking.Client.open(path, broker=broker.url, name=name, key=key, pace=PACE)


def public(kind: type) -> dict[str, Any]:
    return {
        name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")
    }


def parameters(value: Any) -> list[tuple[str, object, object]]:  # noqa: ANN401
    """Names, kinds and defaults, without ``self`` or ``cls``."""
    if isinstance(value, faces.Method):
        value = value._method  # noqa: SLF001
    if isinstance(value, classmethod):
        value = value.__func__
    if isinstance(value, staticmethod):
        value = value.__func__.__wrapped__
    if isinstance(value, property):
        return []
    found = inspect.signature(value).parameters.values()
    return [
        (each.name, each.kind, each.default) for each in found if each.name not in {"self", "cls"}
    ]


@pytest.mark.parametrize(("face", "inner"), FACES)
def test_both_have_the_same_names_and_parameters(face: type, inner: type) -> None:
    here, there = public(face), public(inner)
    attributes = {"happened_at", "last_number", "number", "start", "close"}
    assert here.keys() - attributes == there.keys() - attributes
    for name in here.keys() - attributes:
        assert isinstance(here[name], property) is isinstance(there[name], property)
        assert parameters(here[name]) == parameters(there[name]), name


def test_two_people_talk(broker: ThreadBroker) -> None:
    with opened(broker, "alice") as alice, opened(broker, "bob") as bob:
        team = alice.create_group("team")
        team.invite("bob")
        theirs = bob.next_group(LATE)
        feed = theirs.events()
        said = team.send("hello")
        arrived = next(each for each in feed if isinstance(each, MessageArrived))
        assert arrived.id == said.id
        assert feed.number > 0
        assert [each.text for each in theirs.history()] == ["hello"]
        assert alice.groups() == [team] == [alice.group("team")]
        assert len({team, alice.group("team")}) == 1
        assert (theirs.name, theirs.status, theirs.is_in) == ("team", "active", True)
        assert (team.trouble, team.waiting, team.id) == ("", 0, theirs.id)
        assert [each.name for each in team.members] == ["alice", "bob"]
        assert team.epoch >= 1
        assert (alice.name, alice.path, alice.broker) == ("alice", None, broker.url)
        assert alice.has_account
        assert (alice.online, alice.trouble) == (True, "")
        kinds = [type(each).__name__ for each in bob.events(live=False)]
        assert kinds[0] == "Joined"
        assert bob.last_number > 0


def test_a_client_over_several_cells(broker: ThreadBroker) -> None:
    client = opened(broker, "erin").start()
    with pytest.raises(StateError, match="open already"):
        client.start()
    assert client.groups() == []
    for _ in range(2):  # cells are run again
        client.close()
    with pytest.raises(StateError, match="or start it"):
        client.groups()


def test_errors_are_those_of_the_other_face(broker: ThreadBroker) -> None:
    with opened(broker, "carol") as carol:
        team = carol.create_group("team")
        with pytest.raises(BrokerError, match="account_unknown"):
            team.invite("nobody")
        with pytest.raises(BrokerError, match="handle_taken"), opened(broker, "carol"):
            pass
        with pytest.raises(StateError, match="open already"), carol:
            pass
    with pytest.raises(StateError, match="not open"):
        carol.groups()
    with pytest.raises(StateError, match="not open"):
        _ = team.name


def test_a_backup_is_restored(broker: ThreadBroker, tmp_path: Path) -> None:
    with opened(broker, "dora", tmp_path / "dora.covey") as dora:
        dora.create_group("team").send("kept")
        dora.backup(tmp_path / "backup", WORDS)
    blocking.Client.restore(
        tmp_path / "backup", tmp_path / "again.covey", backup_passphrase=WORDS, key=KEY
    )
    with blocking.Client.open(tmp_path / "again.covey", key=KEY, pace=PACE) as dora:
        assert [each.text for each in dora.group("team").history()] == ["kept"]


@pytest.mark.parametrize("ends", ["", "raise SystemExit('a mistake')", "del alice"])
def test_python_ends_though_nobody_has_closed_it(broker: ThreadBroker, ends: str) -> None:
    """As where a cell of a notebook is never run."""
    script = (
        "from covey import blocking\n"
        f"alice = blocking.Client.open(None, name='e{len(ends)}', broker={broker.url!r}).start()\n"
        f"alice.create_group('team').send('hello')\nprint(alice.name)\n{ends}\n"
    )
    ended = subprocess.run(  # noqa: S603 - a script of this test
        (sys.executable, "-c", script), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout == f"e{len(ends)}\n"
    assert ended.stderr == ("a mistake\n" if "raise" in ends else "")


def test_methods_have_the_docstrings_of_the_others() -> None:
    assert inspect.getattr_static(blocking.Conversation, "send").__doc__ == (
        conversation.Conversation.send.__doc__
    )


@pytest.mark.parametrize("name", covey.__all__)
def test_public_names_are_there(name: str) -> None:
    assert getattr(covey, name) is not None
    assert name in dir(covey)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = covey.nothing
