"""Safe AAD: what components say beside messages, in a group that wants it framed so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import LocalProtocolError, RemoteProtocolError, StateError
from covey.mls.framing import authenticate
from covey.mls.group import seal
from covey.mls.structs.components import with_app_data
from covey.mls.structs.proposals import AppEphemeral
from covey.mls.wire.code_points import ContentType
from group_samples import (
    PRIVATE,
    PUBLIC,
    agree,
    epoch,
    external_senders,
    found,
    member,
    refuses,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE, TWO = 0x8001, 0x8002
POLICY = mls.Policy(components={ONE: None, TWO: None}, safe_aad=frozenset({ONE, TWO}))
FRAMED = with_app_data((), {2: mls.ComponentsList((ONE,)).encode()})
SAID = {TWO: b"two", ONE: b"one"}
ENCODED = bytes.fromhex("0c8001036f6e6580020374776f")


def group(names: str = "ab", **options: object) -> list[mls.Group]:
    """A group with safe_aad."""
    return found(names, policy=POLICY, **{"extensions": FRAMED, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [{}, b"", SAID, ENCODED])
def test_what_goes_beside_a_message(data: bytes | Mapping[int, bytes]) -> None:
    alices, bobs = group()
    event = bobs.receive(alices.protect(b"hello", data))
    assert isinstance(event, mls.MessageReceived)
    assert event.authenticated_data == (ENCODED if data else b"\x00")
    assert event.aad_items == ({ONE: b"one", TWO: b"two"} if data else {})


@pytest.mark.parametrize("form", [PUBLIC, PRIVATE])
def test_what_goes_beside_proposals_and_commits(form: mls.WireFormat) -> None:
    groups = group("abc")
    message = groups[0].propose(AppEphemeral(ONE, b""), authenticated_data=SAID, handshake=form)
    for each in groups[1:]:
        event = each.receive(message)
        assert isinstance(event, mls.ProposalReceived)
        assert event.aad_items == SAID
    pending = groups[1].commit(authenticated_data={TWO: b"done"}, handshake=form)
    for each in (groups[0], groups[2]):
        changed = each.receive(pending.message)
        assert isinstance(changed, mls.EpochChanged)
        assert changed.aad_items == {TWO: b"done"}
    groups[1].accept(pending)
    agree(groups)


def test_without_a_word_there_is_an_empty_frame() -> None:
    alices, bobs = group()
    pending = alices.commit()
    event = bobs.receive(pending.message)
    assert isinstance(event, mls.EpochChanged)
    assert (event.authenticated_data, event.aad_items) == (b"\x00", {})


def test_external_commits_and_proposals_are_framed() -> None:
    steward, new = (member(name, policy=POLICY) for name in ("steward", "new"))
    groups = group(extensions=[*FRAMED, external_senders(steward)])
    info = groups[0].group_info()
    observer = mls.PublicGroup(info, ports=mls.Ports(POLICY))
    event = groups[1].receive(observer.propose(steward, AppEphemeral(ONE, b"")))
    assert isinstance(event, mls.ProposalReceived)
    assert event.aad_items == {}
    made = mls.Group.join_externally(new, info, authenticated_data=SAID)
    for each in (*groups, observer):
        changed = each.receive(made.commit)
        assert isinstance(changed, mls.EpochChanged)
        assert changed.aad_items == SAID
    agree([*groups, made.group])


def test_a_stranger_who_asks_to_be_added_frames_it() -> None:
    class Welcoming(mls.Policy):
        """Lets strangers ask."""

        def accept_proposal(self, sent: mls.Sent, state: mls.PublicState) -> None:
            """Any is welcome."""

    policy = Welcoming(components={ONE: None, TWO: None}, safe_aad=frozenset({ONE}))
    alices = found("ab", policy=policy, extensions=FRAMED)[0]
    new = member("new", policy=policy)
    asked = mls.propose_to_join(
        new, new.key_package(), alices.group_info(), authenticated_data={ONE: b"please"}
    )
    event = alices.receive(asked)
    assert isinstance(event, mls.ProposalReceived)
    assert event.aad_items == {ONE: b"please"}


@pytest.mark.parametrize("data", [b"hello", ENCODED[:-1], bytes.fromhex("0880020080010100")])
def test_other_bytes_are_not_sent(data: bytes) -> None:
    alices = group()[0]
    before = alices.snapshot()
    with pytest.raises(LocalProtocolError, match="SAFE-AAD-1"):
        alices.protect(b"hello", data)
    with pytest.raises(LocalProtocolError, match="SAFE-AAD-1"):
        alices.commit(authenticated_data=data)
    with pytest.raises(LocalProtocolError, match="SAFE-AAD-1"):
        alices.propose(AppEphemeral(ONE, b""), authenticated_data=data)
    assert alices.snapshot() == before


@pytest.mark.parametrize("data", [b"", b"hello", bytes.fromhex("0880020080010100")])
def test_other_bytes_are_not_received(data: bytes) -> None:
    alices, bobs = group()
    known = epoch(alices)
    content = authenticate.application_content(
        alices.group_id, alices.epoch, seal.own_sender(known), data, b"hello"
    )
    signed = seal.sign(known, content, PRIVATE)
    message = seal.protect(
        known,
        alices._state.secret_tree,  # noqa: SLF001 - what no honest engine sends
        signed,
        None,
        POLICY,
        alices.ports.entropy,
    )
    refuses(bobs, message, RemoteProtocolError, "SAFE-AAD-1")


def test_in_other_groups_bytes_are_bytes() -> None:
    alices, bobs = found("ab", policy=POLICY, extensions=with_app_data((), {ONE: b"data"}))
    event = bobs.receive(alices.protect(b"hello", b"anything"))
    assert isinstance(event, mls.MessageReceived)
    assert (event.authenticated_data, event.aad_items) == (b"anything", None)
    with pytest.raises(StateError, match="no safe_aad"):
        alices.protect(b"hello", SAID)


def test_a_late_message_is_framed_as_its_own_epoch_wants_it() -> None:
    alices, bobs = found("ab", policy=POLICY)
    late = alices.protect(b"late", b"plain")
    pending = alices.commit(extensions=FRAMED)
    bobs.receive(pending.message)
    alices.accept(pending)
    event = bobs.receive(late)
    assert isinstance(event, mls.MessageReceived)
    assert (event.authenticated_data, event.aad_items) == (b"plain", None)


@pytest.mark.parametrize("data", [{-1: b""}, {0x10000: b""}])
def test_there_are_no_such_components(data: Mapping[int, bytes]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        group()[0].protect(b"", data)


def test_what_they_say_are_bytes() -> None:
    with pytest.raises(TypeError, match="bytes are needed"):
        group()[0].protect(b"", {ONE: "text"})  # type: ignore[dict-item]


def test_somebody_who_lacks_a_component_beside_messages_is_not_added() -> None:
    others = mls.Policy(components={ONE: None, TWO: None}, safe_aad=frozenset({TWO}))
    with pytest.raises(LocalProtocolError, match="APP-DATA-2"):
        group()[0].commit(add=[member("c", policy=others).key_package().message])


def test_the_reserve_counts_framed_messages_like_others() -> None:
    alices, bobs = group()
    alices.reserve(ContentType.application, 2)
    for each in (b"1", b"2"):
        event = bobs.receive(alices.protect(each, SAID))
        assert isinstance(event, mls.MessageReceived)
