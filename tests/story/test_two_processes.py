"""Two Python processes do everything that RFC 9420 offers, with bytes between them only.

Alice and Carol live in one process, Bob and Dave in the other. Every story runs in every
cipher suite, with public and with private handshakes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from certificates import Authority
from covey import mls
from group_samples import external_senders, required
from peer import CUSTOM, PeerError, Process

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORITY = Authority()
CUSTOM_EXTENSION = [CUSTOM, b"data"]
WAYS = [
    pytest.param((suite, form), id=f"suite{suite.value}-{form.name.split('_')[1]}")
    for suite in mls.CipherSuite
    for form in (mls.WireFormat.mls_public_message, mls.WireFormat.mls_private_message)
]


class Client:
    """A client in one of the processes."""

    def __init__(self, process: Process, name: str, suite: int, form: int) -> None:
        self.name = name
        self.label = "main"
        self._process = process
        process.ask(name, "new", int(suite), int(form), [AUTHORITY.root])

    def do(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """Let it do something over there."""
        return self._process.ask(self.name, method, *args, **options)


class Scene:
    """Four clients in two processes."""

    def __init__(self, processes: tuple[Process, Process], suite: int, form: int) -> None:
        here, there = processes
        self.suite = suite
        self.private = form == mls.WireFormat.mls_private_message
        self.alice = Client(here, "alice", suite, form)
        self.bob = Client(there, "bob", suite, form)
        self.carol = Client(here, "carol", suite, form)
        self.dave = Client(there, "dave", suite, form)

    def gather(self, *clients: Client, **options: Any) -> list[Client]:  # noqa: ANN401
        """A group of some of them."""
        first, *others = clients
        packages = [client.do("key_package") for client in others]
        welcomes = first.do("found", packages, group_id=b"group", **options)
        for client in others:
            client.do("join", *welcomes)
        self.agree(*clients)
        return list(clients)

    def tell(self, sender: Client, message: bytes, *others: Client) -> None:
        """Deliver a proposal to its sender and the others."""
        assert sender.do("receive", message) == {"kind": "own"}
        for client in others:
            assert client.do("receive", message)["kind"] == "proposal"

    def settle(self, sender: Client, made: dict[str, Any], *others: Client) -> None:
        """The group takes a commit."""
        sender.do("accept")
        for client in others:
            event = client.do("receive", made["message"])
            assert event["kind"] == "epoch"
            assert {key: event[key] for key in CHANGES} == {key: made[key] for key in CHANGES}
        self.agree(sender, *others)
        assert sender.do("state")["exported"] == made["secret"]

    def agree(self, *clients: Client, label: str = "main") -> None:
        """All are in the same epoch, and can read one another."""
        states = [client.do("state", label) for client in clients]
        assert all(state == states[0] for state in states)
        for sender in clients:
            message = sender.do("protect", b"from " + sender.name.encode(), b"beside", label)
            for client in clients:
                event = client.do("receive", message, label)
                if client is sender:
                    assert event == {"kind": "own"}
                else:
                    assert event["data"] == b"from " + sender.name.encode()
                    assert (event["beside"], event["sender"]) == (b"beside", sender.name)


CHANGES = ("added", "removed", "updated", "committer", "psks", "path")


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[Process, Process]]:
    """The two processes."""
    pair = (Process(), Process())
    yield pair
    for process in pair:
        process.close()


@pytest.fixture(params=WAYS)
def scene(request: pytest.FixtureRequest, processes: tuple[Process, Process]) -> Scene:
    """Four clients in two processes, in each suite and with each kind of handshake."""
    return Scene(processes, *request.param)


def test_they_are_processes_of_their_own(processes: tuple[Process, Process]) -> None:
    assert len({os.getpid(), *(process.pid for process in processes)}) == 3


def test_a_conversation(scene: Scene) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    messages = [bob.do("protect", f"{number}".encode()) for number in range(4)]
    for number in (2, 0, 3):
        assert carol.do("receive", messages[number])["data"] == f"{number}".encode()
    for number in (2, 0):
        with pytest.raises(PeerError, match="MissingKeyError"):
            carol.do("receive", messages[number])
    made = alice.do("commit")
    assert made["path"]
    scene.settle(alice, made, bob, carol, dave)
    assert carol.do("receive", messages[1]) == {
        "kind": "message",
        "data": b"1",
        "beside": b"",
        "sender": "bob",
        "epoch": 1,
    }


def test_adding_and_removing(scene: Scene) -> None:
    alice, bob, carol, dave = scene.alice, scene.bob, scene.carol, scene.dave
    scene.gather(alice, bob)
    made = bob.do("commit", add=[carol.do("key_package")], path=False, welcome_tree=False)
    assert (made["added"], made["path"]) == (["carol"], False)
    scene.settle(bob, made, alice)
    with pytest.raises(PeerError, match="StateError"):
        carol.do("join", *made["welcomes"])
    assert carol.do("stage_welcome", *made["welcomes"], tree=made["tree"]) == [
        "alice",
        "bob",
        "carol",
    ]
    carol.do("accept_welcome")
    scene.agree(alice, bob, carol)
    scene.tell(carol, carol.do("propose", "add", dave.do("key_package")), alice, bob)
    scene.tell(alice, alice.do("propose", "remove", bob.do("index")), bob, carol)
    with pytest.raises(PeerError, match="VAL-112"):
        alice.do("protect", b"too early")
    made = alice.do("commit")
    assert (made["added"], made["removed"]) == (["dave"], ["bob"])
    scene.settle(alice, made, carol)
    event = bob.do("receive", made["message"])
    assert event["out"]
    assert not bob.do("state")["active"]
    dave.do("join", *made["welcomes"])
    scene.agree(alice, carol, dave)
    made = carol.do("commit", remove=[alice.do("index")], add=[bob.do("key_package")])
    scene.settle(carol, made, dave)
    assert alice.do("receive", made["message"])["out"]
    bob.do("join", *made["welcomes"])
    scene.agree(carol, dave, bob)
    with pytest.raises(PeerError, match="StateError"):
        alice.do("receive", bob.do("protect", b"not for alice"))


def test_one_welcome_each_and_a_last_resort(scene: Scene) -> None:
    alice, bob, carol, dave = scene.alice, scene.bob, scene.carol, scene.dave
    alice.do("create", b"group")
    packages = [
        bob.do("key_package"),
        carol.do("key_package", last_resort=True),
        dave.do("key_package"),
    ]
    made = alice.do("commit", add=packages, one_welcome_each=True)
    assert len(made["welcomes"]) == 3
    scene.settle(alice, made)
    for client, welcome in zip((bob, carol, dave), made["welcomes"], strict=True):
        for other in set(made["welcomes"]) - {welcome}:
            with pytest.raises(PeerError, match="for no KeyPackage of ours"):
                client.do("join", other)
        client.do("join", welcome)
    scene.agree(alice, bob, carol, dave)


def test_updates(scene: Scene) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    scene.tell(bob, bob.do("propose", "update"), alice, carol, dave)
    carol.do("rotate")
    scene.tell(carol, carol.do("propose", "identity"), alice, bob, dave)
    made = dave.do("commit", update=True)
    assert made["updated"] == ["bob", "carol"]
    scene.settle(dave, made, alice, bob, carol)
    alice.do("rotate")
    made = alice.do("commit", update="identity")
    scene.settle(alice, made, bob, carol, dave)
    scene.tell(alice, alice.do("propose", "update"), bob, carol, dave)
    for client in (alice, bob, carol, dave):
        client.do("restart")
    made = carol.do("commit")
    scene.settle(carol, made, alice, bob, dave)


def test_psks_extensions_and_custom_proposals(scene: Scene) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    everyone = (alice, bob, carol, dave)
    for client in (alice, bob, carol):
        client.do("learn", b"shared", b"secret")
    made = alice.do("commit", psks=[b"shared", 1])
    assert (made["psks"], made["path"]) == (2, False)
    with pytest.raises(PeerError, match="MissingKeyError"):
        dave.do("receive", made["message"])
    dave.do("learn", b"shared", b"another")
    with pytest.raises(PeerError, match="AuthenticationError"):
        dave.do("receive", made["message"])
    dave.do("learn", b"shared", b"secret")
    scene.settle(alice, made, bob, carol, dave)
    scene.tell(bob, bob.do("propose", "psk", b"shared"), alice, carol, dave)
    scene.tell(dave, dave.do("propose", "custom", b"for the application"), alice, bob, carol)
    wanted = required((CUSTOM,), (CUSTOM,), (1,))
    extensions = [[wanted.extension_type, wanted.extension_data], CUSTOM_EXTENSION]
    scene.tell(carol, carol.do("propose", "extensions", extensions), alice, bob, dave)
    made = dave.do("commit")
    assert (made["psks"], made["path"]) == (1, True)
    scene.settle(dave, made, alice, bob, carol)
    made = bob.do("commit", custom=b"by value")
    scene.settle(bob, made, alice, carol, dave)
    made = carol.do("commit", extensions=[])
    scene.settle(carol, made, alice, bob, dave)
    assert len({client.do("state")["context"] for client in everyone}) == 1


def test_proposals_from_outside(scene: Scene) -> None:
    alice, bob, carol, dave = scene.alice, scene.bob, scene.carol, scene.dave
    scene.gather(alice, bob, carol)
    member = mls.Member.basic(b"dave", scene.suite)
    listed = external_senders(
        mls.Member(member.suite, member.credential, dave.do("signature_key"), b"")
    )
    made = bob.do("commit", extensions=[[listed.extension_type, listed.extension_data]])
    scene.settle(bob, made, alice, carol)
    message = dave.do("propose_from_outside", alice.do("info"), carol.do("index"))
    for client in (alice, bob, carol):
        assert client.do("receive", message)["type"] == "Remove"
    made = alice.do("commit")
    assert made["removed"] == ["carol"]
    scene.settle(alice, made, bob)
    message = dave.do("ask_to_join", bob.do("info"))
    for client in (alice, bob):
        assert client.do("receive", message)["type"] == "Add"
    made = bob.do("commit")
    scene.settle(bob, made, alice)
    dave.do("join", *made["welcomes"])
    scene.agree(alice, bob, dave)


def test_joining_from_outside(scene: Scene) -> None:
    alice, bob, carol, dave = scene.alice, scene.bob, scene.carol, scene.dave
    scene.gather(alice, bob)
    for client in (alice, bob, carol):
        client.do("learn", b"shared", b"secret")
    commit = carol.do("enter", alice.do("info"), psks=[b"shared"])
    for client in (alice, bob):
        event = client.do("receive", commit)
        assert (event["added"], event["committer"]) == ([], "carol")
    carol.do("entered")
    scene.agree(alice, bob, carol)
    leaving = alice.do("propose", "leave")
    scene.tell(alice, leaving, bob, carol)
    info, tree = bob.do("info", with_tree=False), bob.do("tree")
    commit = dave.do("enter", info, tree, self_removes=[leaving])
    assert alice.do("receive", commit)["out"]
    for client in (bob, carol):
        assert client.do("receive", commit)["removed"] == ["alice"]
    dave.do("entered")
    scene.agree(bob, carol, dave)
    commit = carol.do("enter", bob.do("info"), resync=carol.do("index"))
    for client in (bob, dave):
        assert client.do("receive", commit)["removed"] == ["carol"]
    carol.do("entered")
    scene.agree(bob, carol, dave)
    scene.tell(dave, dave.do("propose", "leave"), bob, carol)
    made = carol.do("commit")
    assert made["removed"] == ["dave"]
    scene.settle(carol, made, bob)


def test_looking_before_and_losing_a_race(scene: Scene) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    made, other = alice.do("commit"), bob.do("commit", remove=[dave.do("index")])
    assert carol.do("stage", other["message"])["removed"] == ["dave"]
    before = carol.do("state")
    assert carol.do("stage", made["message"])["removed"] == []
    assert carol.do("state") == before
    assert carol.do("apply")["committer"] == "alice"
    event = bob.do("receive", made["message"])
    assert event["lost"]
    with pytest.raises(PeerError, match="VAL-102"):
        carol.do("receive", other["message"])
    event = alice.do("receive", made["message"])
    assert event["own"]
    dave.do("receive", made["message"])
    scene.agree(alice, bob, carol, dave)
    for _ in range(3):
        bob.do("commit", remove=[dave.do("index")])
        bob.do("discard")
    made = bob.do("commit")
    bob.do("restart")
    scene.settle(bob, made, alice, carol, dave)


def test_branching(scene: Scene) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    packages = [client.do("key_package") for client in (alice, carol)]
    welcomes = bob.do("branch", packages, "branch")
    for client in (alice, carol):
        with pytest.raises(PeerError, match=r"MissingKeyError|StateError"):
            client.do("join", *welcomes, label="branch")
        client.do("join", *welcomes, label="branch", successor_of="main")
    scene.agree(alice, bob, carol, label="branch")
    scene.agree(alice, bob, carol, dave)


@pytest.mark.parametrize("by_value", [True, False])
def test_reinitializing(scene: Scene, *, by_value: bool) -> None:
    alice, bob, carol, dave = scene.gather(scene.alice, scene.bob, scene.carol, scene.dave)
    other_suite = scene.suite % 7 + 1
    reinit = [b"new group", 1, other_suite]
    if by_value:
        made = alice.do("commit", reinit=reinit)
    else:
        scene.tell(dave, dave.do("propose", "reinit", reinit), alice, bob, carol)
        made = alice.do("commit")
    alice.do("accept")
    for client in (bob, carol, dave):
        assert client.do("receive", made["message"])["kind"] == "epoch"
        assert not client.do("state")["active"]
    with pytest.raises(PeerError, match="VAL-163"):
        bob.do("protect", b"too late")
    for client in (alice, bob, carol, dave):
        client.do("move", other_suite)
    packages = [client.do("key_package") for client in (alice, carol, dave)]
    welcomes = bob.do("reinitialize", packages, "new")
    for client in (alice, carol, dave):
        client.do("join", *welcomes, label="new", successor_of="main")
    scene.agree(alice, bob, carol, dave, label="new")
    with pytest.raises(PeerError, match="VAL-205"):
        carol.do("reinitialize", [alice.do("key_package")], "few")


def test_x509_credentials(scene: Scene) -> None:
    alice, bob, carol, dave = scene.alice, scene.bob, scene.carol, scene.dave
    for client in (alice, bob, carol):
        client.do("certify", AUTHORITY.chain(client.name, client.do("signature_key"), scene.suite))
    packages = [client.do("key_package") for client in (bob, carol, dave)]
    welcomes = alice.do("found", packages, group_id=b"group")
    for client in (bob, carol, dave):
        client.do("join", *welcomes)
    states = [client.do("state") for client in (alice, bob, carol, dave)]
    assert all(state == states[0] for state in states)
    made = bob.do("commit", update=True)
    bob.do("accept")
    for client in (alice, carol, dave):
        client.do("receive", made["message"])
    message = carol.do("protect", b"certified")
    for client in (alice, bob, dave):
        assert client.do("receive", message)["data"] == b"certified"
    other = Authority("another")
    dave.do("certify", other.chain("dave", dave.do("signature_key"), scene.suite))
    with pytest.raises(PeerError, match="AuthenticationError"):
        alice.do("commit", add=[dave.do("key_package")], remove=[dave.do("index")])
