"""Components of the extensions draft in live groups with OpenMLS, which has them as a feature.

Building OpenMLS takes minutes; so `make soak` plays this, beside `make interop`.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from covey import mls
from covey.errors import RemoteProtocolError
from covey.mls.structs.components import with_app_data
from covey.mls.structs.proposals import AppDataUpdate, AppEphemeral
from covey.mls.wire.code_points import AppDataUpdateOperation, ProposalType
from group_samples import PRIVATE, PUBLIC, refuses, required
from interop import building
from lengths import only_in_full

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ONE, TWO = 0x8001, 0x8002
REQUIRED = required((6,), (ProposalType.app_data_update, ProposalType.app_ephemeral))
FRAMED = with_app_data((), {2: mls.ComponentsList(()).encode()})
SUITES = (1, 2, 3)
[OPENMLS] = (each for each in building.ALL if each.name == "openmls")


def appended(old: bytes | None, updates: Sequence[bytes]) -> bytes:
    """What the harness does with updates."""
    return (old or b"") + b"".join(updates)


class Peer:
    """OpenMLS, by lines of JSON."""

    def __init__(self) -> None:
        command = OPENMLS.command()
        self._process = subprocess.Popen(  # noqa: S603 - the harness that was built
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._state: int = 0

    def asks(self, call: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """The answer to a call; a refusal raises."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"state_id": self._state, **fields}
        self._process.stdin.write(json.dumps({"call": call, "request": request}).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RefusedError(answer["error"]["message"])
        return answer["response"]  # type: ignore[no-any-return]

    def joins(self, group: mls.Group, *, suite: int) -> None:
        """Let a member add it."""
        made = self.asks("CreateKeyPackage", cipher_suite=suite, identity=text(b"openmls"))
        pending = group.commit(add=[b64decode(made["key_package"])])
        group.accept(pending)
        joined = self.asks(
            "JoinGroup",
            transaction_id=made["transaction_id"],
            identity=text(b"openmls"),
            welcome=text(pending.welcome),
            encrypt_handshake=group.ports.policy.handshake == PRIVATE,
        )
        self._state = joined["state_id"]
        assert b64decode(joined["epoch_authenticator"]) == group.epoch_authenticator

    def holds(self, component: int) -> bytes | None:
        """What its group has of a component."""
        held = self.asks("AppData", component_id=component)["data"]
        return None if held is None else b64decode(held)

    def applies(self, commit: mls.PendingCommit, *proposals: bytes) -> dict[str, Any]:
        """Let it follow a commit."""
        answer = self.asks(
            "HandleAppDataCommit",
            commit=text(commit.message),
            proposal=[text(each) for each in proposals],
        )
        assert b64decode(answer["epoch_authenticator"]) == commit.epoch_authenticator
        return answer

    def commits(self, group: mls.Group, **fields: Any) -> mls.EpochChanged:  # noqa: ANN401 - JSON
        """Let it commit, and follow."""
        event = group.receive(b64decode(self.asks("CommitAppData", **fields)["commit"]))
        merged = self.asks("HandlePendingCommit")
        assert b64decode(merged["epoch_authenticator"]) == group.epoch_authenticator
        assert isinstance(event, mls.EpochChanged)
        return event

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class RefusedError(Exception):
    """What OpenMLS would not do."""


def text(data: bytes) -> str:
    """Bytes in JSON."""
    return b64encode(data).decode()


def update(data: bytes, component: int = ONE) -> AppDataUpdate:
    """An update of a component's data."""
    return AppDataUpdate(component, AppDataUpdateOperation.update, data)


@pytest.fixture
def peer() -> Iterator[Peer]:
    only_in_full("it takes minutes to build OpenMLS")
    made = Peer()
    try:
        yield made
    finally:
        made.close()


def group_of(
    suite: int = 1,
    handshake: mls.WireFormat = PUBLIC,
    extensions: tuple[mls.Extension, ...] = (REQUIRED,),
) -> mls.Group:
    """A group of one."""
    policy = mls.Policy(
        components={ONE: appended, TWO: appended}, handshake=handshake, grease=False
    )
    member = mls.Member.basic(b"covey", suite, policy=policy)
    return mls.Group.create(member, extensions=extensions)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_updates_of_both(peer: Peer, suite: int, handshake: mls.WireFormat) -> None:
    group = group_of(suite, handshake)
    peer.joins(group, suite=suite)

    pending = group.commit(proposals=[update(b"a"), update(b"z", TWO), update(b"b")])
    group.accept(pending)
    peer.applies(pending)
    assert (peer.holds(ONE), peer.holds(TWO)) == (b"ab", b"z")

    event = peer.commits(
        group,
        by_value=[
            {"component_id": TWO, "data": text(b"y")},
            {"component_id": ONE, "data": text(b"c")},
            {"component_id": TWO, "data": text(b"x")},
        ],
    )
    assert not event.changed.with_path
    assert group.app_data == {ONE: b"abc", TWO: b"zyx"}
    assert (peer.holds(ONE), peer.holds(TWO)) == (b"abc", b"zyx")


def test_updates_by_reference(peer: Peer) -> None:
    group = group_of()
    peer.joins(group, suite=1)
    proposed = b64decode(
        peer.asks("ProposeAppData", component_id=ONE, data=text(b"theirs"))["proposal"]
    )
    group.receive(proposed)
    ours = group.propose(update(b"ours"))
    pending = group.commit()
    group.accept(pending)
    peer.applies(pending, proposed, ours)
    assert peer.holds(ONE) == group.app_data[ONE] == b"theirsours"

    last = group.propose(update(b"!"))
    event = peer.commits(group, by_reference=[text(last)])
    assert len(event.changed.app_data_updates) == 1
    assert peer.holds(ONE) == group.app_data[ONE] == b"theirsours!"


def test_removals_of_both(peer: Peer) -> None:
    group = group_of(extensions=(REQUIRED, *with_app_data((), {ONE: b"1", TWO: b"2"})))
    peer.joins(group, suite=1)
    assert peer.holds(TWO) == b"2"
    pending = group.commit(proposals=[AppDataUpdate(ONE, AppDataUpdateOperation.remove)])
    group.accept(pending)
    peer.applies(pending)
    peer.commits(group, by_value=[{"component_id": TWO, "remove": True}])
    assert group.app_data == {}
    assert (peer.holds(ONE), peer.holds(TWO)) == (None, None)


def test_ephemerals_of_both(peer: Peer) -> None:
    group = group_of()
    peer.joins(group, suite=1)
    pending = group.commit(proposals=[AppEphemeral(TWO, b"two"), AppEphemeral(ONE, b"one")])
    group.accept(pending)
    told = peer.applies(pending)["app_ephemerals"]
    assert [(each["component_id"], b64decode(each["data"])) for each in told] == [
        (TWO, b"two"),
        (ONE, b"one"),
    ]
    told = {"component_id": ONE, "data": text(b"hello"), "ephemeral": True}
    event = peer.commits(group, by_value=[told])
    assert event.changed.app_ephemerals == (AppEphemeral(ONE, b"hello"),)


def test_extensions_are_replaced_in_the_same_commit(peer: Peer) -> None:
    group = group_of()
    peer.joins(group, suite=1)
    pending = group.commit(proposals=[update(b"a")], extensions=[REQUIRED])
    group.accept(pending)
    peer.applies(pending)
    assert peer.holds(ONE) == group.app_data[ONE] == b"a"


def test_a_dictionary_that_may_not_be_replaced(peer: Peer) -> None:
    group = group_of(extensions=(REQUIRED, *with_app_data((), {ONE: b"1"})))
    peer.joins(group, suite=1)
    kept = {"extension_type": 3, "extension_data": text(REQUIRED.extension_data)}
    emptied = {"extension_type": 6, "extension_data": text(b"\x00")}
    replaced = [kept, emptied]
    commit = {"proposal_type": text(b"groupContextExtensions"), "extensions": replaced}
    with pytest.raises(RefusedError, match="CannotUpdateDictionaryDirectly"):
        peer.asks("Commit", by_value=[commit])


@pytest.mark.parametrize(
    ("by_value", "rule"),
    [
        (
            [{"component_id": ONE, "data": text(b"x")}, {"component_id": ONE, "remove": True}],
            "APP-DATA-3",
        ),
        ([{"component_id": TWO, "remove": True}], "APP-DATA-4"),
        ([{"component_id": 0x8003, "data": text(b"x"), "ephemeral": True}], "APP-DATA-6"),
    ],
)
def test_what_openmls_sends_and_the_draft_forbids(
    peer: Peer, by_value: list[dict[str, Any]], rule: str
) -> None:
    """OpenMLS 0.9.2 looks at removals only where a GroupContextExtensions is in the commit."""
    group = group_of(extensions=(REQUIRED, *with_app_data((), {ONE: b"1"})))
    peer.joins(group, suite=1)
    commit = b64decode(peer.asks("CommitAppData", by_value=by_value)["commit"])
    refuses(group, commit, RemoteProtocolError, rule)


@pytest.mark.parametrize("suite", SUITES)
def test_exported_secrets_are_the_same(peer: Peer, suite: int) -> None:
    group = group_of(suite)
    peer.joins(group, suite=suite)
    for component in (0, 1, 0x5555, ONE, TWO, 0xFFFF):
        theirs = b64decode(peer.asks("SafeExportSecret", component_id=component)["secret"])
        assert group.safe_export_secret(component) == theirs
    with pytest.raises(RefusedError, match="PuncturedInput"):
        peer.asks("SafeExportSecret", component_id=ONE)
    peer.commits(group)
    theirs = b64decode(peer.asks("SafeExportSecret", component_id=ONE)["secret"])
    assert group.safe_export_secret(ONE) == theirs


@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_what_components_say_beside_messages(peer: Peer, handshake: mls.WireFormat) -> None:
    group = group_of(handshake=handshake, extensions=(REQUIRED, *FRAMED))
    peer.joins(group, suite=1)
    said = [{"component_id": ONE, "data": text(b"1")}, {"component_id": TWO, "data": text(b"2")}]
    for items, expected in ((said, {ONE: b"1", TWO: b"2"}), ([], {})):
        message = peer.asks("ProtectSafe", plaintext=text(b"hi"), safe_aad=items)["ciphertext"]
        event = group.receive(b64decode(message))
        assert isinstance(event, mls.MessageReceived)
        assert (event.data, event.aad_items) == (b"hi", expected)
        ours = text(group.protect(b"hello", expected))
        read = peer.asks("UnprotectSafe", ciphertext=ours)
        assert (b64decode(read["plaintext"]), read["safe_aad"]) == (b"hello", items)
    changed = peer.commits(group, safe_aad=said)
    assert changed.aad_items == {ONE: b"1", TWO: b"2"}
    pending = group.commit(proposals=[update(b"a")], authenticated_data={TWO: b"2"})
    group.accept(pending)
    assert peer.applies(pending)["safe_aad"] == said[1:]
