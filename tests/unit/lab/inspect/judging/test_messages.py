"""Framed messages, judged without secrets."""

from __future__ import annotations

from covey import mls
from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import messages
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
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


def test_a_reference_that_is_not_known_is_not_judged() -> None:
    groups = found("abc", policy=mls.Policy(handshake=PUBLIC))
    around = Surroundings(group=group_of(groups[0].group_info(), None))
    groups[0].receive(groups[1].propose_remove(2))
    into = of(public(groups[0].commit().message), around)
    assert rules(into, "broken") == set()
    assert "VAL-148" in rules(into, "not judged")


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
