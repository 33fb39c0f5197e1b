"""Framed messages, judged without secrets."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from covey import mls
from covey.errors import AuthenticationError, DecodeError, PolicyError, RemoteProtocolError
from covey.lab.inspect.examine import group_of
from covey.lab.inspect.inspected import Finding
from covey.lab.inspect.judging import messages
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
from covey.mls.group import process_commit
from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.code_points import SenderType
from group_samples import PUBLIC, found, key_package, member

GROUPS = found("abc", policy=mls.Policy(handshake=PUBLIC))
ALONE = Surroundings()
KNOWN = Surroundings(group=group_of(GROUPS[0].group_info(), None))


def public(data: bytes) -> PublicMessage:
    message = MLSMessage.decode(data).message
    assert isinstance(message, PublicMessage)
    return message


COMMIT = public(GROUPS[0].commit(update=True, add=[key_package(member("d"))]).message)
PROPOSAL = public(GROUPS[1].propose_remove(2))


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def of(message: PublicMessage, around: Surroundings = ALONE) -> Verdicts:
    into = Verdicts()
    messages.public_message(into, message, around)
    return into


def test_alone_it_is_judged_by_what_it_says() -> None:
    into = of(COMMIT)
    assert rules(into, "broken") == set()
    assert {"VAL-089", "VAL-099", "VAL-101", "VAL-102", "VAL-157"} <= rules(into, "not judged")
    assert {"VAL-097", "VAL-055", "VAL-155"} <= rules(into, "holds")


def test_with_its_group_it_is_judged_by_an_observer() -> None:
    for message in (COMMIT, PROPOSAL):
        into = of(message, KNOWN)
        assert rules(into, "broken") == set()
        assert {"VAL-089", "VAL-101", "VAL-102"} <= rules(into, "holds")
        assert "VAL-099" in rules(into, "not judged")


def test_what_a_component_means_is_for_its_application() -> None:
    policy = mls.Policy(handshake=PUBLIC, components={0x8001: lambda *_: b"new"})
    group = found("ab", policy=policy)[0]
    around = Surroundings(group=group_of(group.group_info(), None))
    told = mls.AppEphemeral(0x8001, b"hello")
    update = mls.AppDataUpdate(0x8001, mls.AppDataUpdateOperation.update, b"x")
    for proposals, open_rules in (([told], set()), ([told, update], {"APP-DATA-7"})):
        pending = group.commit(proposals=proposals)
        group.discard(pending)
        into = of(public(pending.message), around)
        assert rules(into, "broken") == set()
        assert {each for each in rules(into, "not judged") if "DATA" in each} == open_rules


def test_beside_messages_of_a_group_with_safe_aad_components_are_read() -> None:
    framed = mls.with_app_data((), {2: b"\x00"})
    policy = mls.Policy(handshake=PUBLIC, components={0x8001: None})
    group = found("ab", policy=policy, extensions=framed)[0]
    around = Surroundings(group=group_of(group.group_info(), None))
    right = public(group.propose_remove(1))
    assert "SAFE-AAD-1" in rules(of(right, around), "holds")
    wrong = right.replace(content=right.content.replace(authenticated_data=b"mine"))
    assert "SAFE-AAD-1" in rules(of(wrong, around), "broken")
    assert "SAFE-AAD-1" not in {each.rule for each in of(right).findings}
    assert "SAFE-AAD-1" not in {each.rule for each in of(PROPOSAL, KNOWN).findings}


def test_what_is_wrong_with_a_message_is_found() -> None:
    auth = COMMIT.auth.replace(signature=bytes(64))
    assert rules(of(COMMIT.replace(auth=auth), KNOWN), "broken") == {"VAL-089"}
    other = PROPOSAL.content.replace(group_id=b"other")
    assert "VAL-101" in rules(of(PROPOSAL.replace(content=other), KNOWN), "broken")
    later = PROPOSAL.content.replace(epoch=9)
    assert "VAL-102" in rules(of(PROPOSAL.replace(content=later), KNOWN), "broken")
    sender = PROPOSAL.content.sender.replace(leaf_index=77)
    into = of(PROPOSAL.replace(content=PROPOSAL.content.replace(sender=sender)), KNOWN)
    assert "VAL-096" in rules(into, "broken")
    assert "VAL-089" in rules(into, "not judged")
    outside = sender.replace(sender_type=SenderType.external, leaf_index=None, sender_index=3)
    into = of(PROPOSAL.replace(content=PROPOSAL.content.replace(sender=outside)), KNOWN)
    assert "VAL-093" in rules(into, "broken")


def of_rule(into: Verdicts, rule: str) -> list[tuple[str, str]]:
    return [(each.verdict, each.detail) for each in into.findings if each.rule == rule]


def test_what_an_observer_has_verified_holds() -> None:
    into = of(COMMIT, KNOWN)
    path = {"VAL-079", "VAL-080", "VAL-081", "VAL-083", "VAL-084", "VAL-048", "VAL-049", "VAL-029"}
    assert path <= rules(into, "holds")
    application = {"VAL-038", "VAL-021", "VAL-023", "VAL-037"}
    assert rules(into, "not judged") == {"VAL-099", "VAL-157", *application}


def test_a_joiner_is_followed_to_its_leaf() -> None:
    joined = mls.Group.join_externally(
        member("z", policy=mls.Policy(handshake=PUBLIC)), GROUPS[0].group_info()
    )
    message = public(joined.commit)
    into = of(message, KNOWN)
    assert rules(into, "broken") == set()
    assert {"VAL-029", "VAL-079", "VAL-094"} <= rules(into, "holds")
    assert rules(into, "not judged") == {"VAL-023", "VAL-157"}
    assert not of_rule(into, "VAL-083")


def test_only_what_is_about_a_sender_is_asked() -> None:
    asked = {each.rule for each in of(PROPOSAL).findings}
    assert "VAL-096" in asked
    assert not asked & {"VAL-092", "VAL-093", "VAL-094", "VAL-095", "SELF-REMOVE-1"}
    left = public(GROUPS[1].leave())
    into = of(left)
    assert "SELF-REMOVE-1" in rules(into, "holds")
    assert not {"VAL-117", "VAL-120", "VAL-121"} & {each.rule for each in into.findings}


def test_a_content_alone_does_not_say_how_it_came() -> None:
    into = Verdicts()
    messages.framed_content(into, public(GROUPS[1].leave()).content, 0, ALONE)
    assert rules(into, "broken") == set()
    assert {"SELF-REMOVE-1", "VAL-097"} <= rules(into, "not judged")


def test_by_the_group_of_another_epoch_little_is_judged() -> None:
    later = PROPOSAL.replace(content=PROPOSAL.content.replace(epoch=9))
    into = of(later, KNOWN)
    assert rules(into, "broken") == {"VAL-102"}
    assert {"VAL-096", "VAL-117", "VAL-089"} <= rules(into, "not judged")


def test_what_only_an_observer_sees_is_found() -> None:
    commit = COMMIT.content.commit
    assert commit is not None
    assert commit.path is not None
    shorter = commit.replace(path=commit.path.replace(nodes=commit.path.nodes[1:]))
    content = COMMIT.content.replace(commit=shorter)
    into = Verdicts()
    messages.authenticated_content(
        into, messages.AuthenticatedContent(1, content, COMMIT.auth), KNOWN
    )
    assert "VAL-089" in rules(into, "broken")
    into = Verdicts()
    messages.followed(into, messages.AuthenticatedContent(1, content, COMMIT.auth), KNOWN)
    assert rules(into, "broken") == {"VAL-079"}


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_rule_that_is_broken_is_not_also_open(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were asked before it hold; those after it wait for it."""
    order = ["VAL-079", "VAL-080", "VAL-084", "VAL-081"]

    def refuse(*_: object) -> None:
        raise RemoteProtocolError(order[place], "7.6", "It is so.", "it is not")

    monkeypatch.setattr(process_commit, "observe", refuse)
    into = of(COMMIT, KNOWN)
    assert rules(into, "broken") == {order[place]}
    assert of_rule(into, order[place]) == [("broken", "it is not")]
    assert set(order[:place]) <= rules(into, "holds")
    assert set(order[place + 1 :]) <= rules(into, "not judged")


def test_what_else_an_observer_finds_is_said_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, found_ in (
        (AuthenticationError("VAL-029", "7.3"), ("broken", "it does not")),
        (DecodeError("not so").of(rule="VAL-010", section="5"), ("broken", "not so")),
        (PolicyError("no").of(rule="VAL-145", section="12.2"), ("not judged", "its consent: no")),
    ):
        monkeypatch.setattr(process_commit, "observe", Mock(side_effect=error))
        verdict, detail = of_rule(of(COMMIT, KNOWN), error.rule)[-1]
        assert verdict == found_[0]
        assert found_[1] in detail


def test_a_reference_that_is_not_known_is_not_judged() -> None:
    groups = found("abc", policy=mls.Policy(handshake=PUBLIC))
    around = Surroundings(group=group_of(groups[0].group_info(), None))
    groups[0].receive(groups[1].propose_remove(2))
    into = of(public(groups[0].commit().message), around)
    assert rules(into, "broken") == set()
    assert [each for each in into.findings if each.rule == "VAL-148"] == [
        Finding(
            "VAL-148",
            "12.4",
            "Every proposal that a commit refers to has been received.",
            "not judged",
            "needs the proposals that it refers to",
            "commit",
        )
    ]


def private(data: bytes) -> PrivateMessage:
    message = MLSMessage.decode(data).message
    assert isinstance(message, PrivateMessage)
    return message


def of_private(message: PrivateMessage, around: Surroundings = ALONE) -> Verdicts:
    into = Verdicts()
    messages.private_message(into, message, around)
    return into


def test_of_a_private_message_only_lengths_are_judged() -> None:
    message = private(GROUPS[0].protect(b"hello"))
    into = of_private(message)
    assert rules(into, "broken") == set()
    assert {"VAL-104", "VAL-105", "VAL-110", "VAL-089", "VAL-101"} <= rules(into, "not judged")
    assert rules(of_private(message.replace(encrypted_sender_data=b"")), "broken") == {""}
    assert rules(of_private(message.replace(ciphertext=b"")), "broken") == {""}
    assert "VAL-101" in rules(of_private(message, KNOWN), "holds")
    assert "VAL-101" in rules(of_private(message.replace(group_id=b"x"), KNOWN), "broken")
    late = found("ab")[0].commit(update=True).message
    assert "VAL-102" in rules(of_private(private(late).replace(epoch=9), KNOWN), "broken")
