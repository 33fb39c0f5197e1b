"""Proposals, commits and paths, judged by themselves."""

from __future__ import annotations

import pytest

from covey import mls
from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import proposals
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from covey.mls.wire.code_points import ProposalOrRefType, SenderType
from group_samples import (
    PUBLIC,
    commit_of,
    extension,
    external_psk,
    found,
    from_member,
    key_package,
    member,
)

GROUP = found("abc", policy=mls.Policy(handshake=PUBLIC))[0]
KNOWN = Surroundings(group=group_of(GROUP.group_info(), None))
ALONE = Surroundings()
PATH = commit_of(GROUP.commit(update=True).message).path
assert PATH is not None
EXTERNAL = Sender(SenderType.new_member_commit)


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def of(
    proposal: mls.Proposal, around: Surroundings = ALONE, sender: Sender | None = None
) -> Verdicts:
    into = Verdicts()
    proposals.proposal(into, proposal, sender, around)
    return into


def value(proposal: mls.Proposal) -> ProposalOrRef:
    return ProposalOrRef(ProposalOrRefType.proposal, proposal)


def reference(name: bytes) -> ProposalOrRef:
    return ProposalOrRef(ProposalOrRefType.reference, reference=name)


def of_commit(
    *listed: ProposalOrRef,
    path: bool = True,
    around: Surroundings = ALONE,
    sender: Sender | None = None,
) -> Verdicts:
    into = Verdicts()
    proposals.commit(into, Commit(listed, PATH if path else None), sender, around)
    return into


def test_what_a_proposal_brings_in_is_judged() -> None:
    package = key_package(member("d"))
    assert rules(of(Add(package)), "broken") == set()
    assert "VAL-055" in rules(of(Add(package)), "holds")
    assert "VAL-055" in rules(of(Add(package.replace(signature=bytes(64)))), "broken")
    assert "VAL-052" in rules(of(Add(key_package(member("d", 2))), KNOWN), "broken")
    leaf = GROUP.tree.leaf(1)
    assert leaf is not None
    assert "VAL-032" in rules(of(Update(leaf)), "broken")
    assert "VAL-034" in rules(of(Update(leaf), KNOWN, from_member(1)), "broken")


def test_what_looks_at_the_group_is_judged_with_it() -> None:
    assert "VAL-117" in rules(of(Remove(7)), "not judged")
    assert "VAL-117" in rules(of(Remove(7), KNOWN), "broken")
    assert rules(of(Remove(1), KNOWN), "broken") == set()


@pytest.mark.parametrize(
    ("proposal", "broken"),
    [
        (GroupContextExtensions((extension(9), extension(9))), "VAL-014"),
        (GroupContextExtensions((extension(3, b"x"),)), "VAL-024"),
        (ExternalInit(b""), "VAL-142"),
    ],
)
def test_what_is_wrong_with_a_proposal_is_found(proposal: mls.Proposal, broken: str) -> None:
    assert broken in rules(of(proposal), "broken")


@pytest.mark.parametrize(
    ("listed", "broken"),
    [
        ([value(Remove(1)), value(Remove(1))], "VAL-136"),
        ([value(ReInit(b"g", 1, 1, ())), reference(b"r"), value(Remove(1))], "VAL-141"),
        ([value(GroupContextExtensions(())), value(GroupContextExtensions(()))], "VAL-140"),
        ([value(SelfRemove())], "SELF-REMOVE-2"),
        ([reference(b"r"), reference(b"r")], "VAL-149"),
        ([value(mls.PreSharedKey(external_psk()))] * 2, "VAL-139"),
        ([value(ExternalInit(b""))], "VAL-142"),
    ],
)
def test_what_is_wrong_with_a_list_is_found(listed: list[ProposalOrRef], broken: str) -> None:
    assert broken in rules(of_commit(*listed), "broken")


def test_a_path_is_asked_for_where_it_can_be_known() -> None:
    assert "VAL-155" in rules(of_commit(path=False), "broken")
    assert "VAL-155" in rules(of_commit(value(Remove(1)), path=False), "broken")
    into = of_commit(reference(b"r"), path=False)
    assert "VAL-155" in rules(into, "not judged")
    assert "VAL-148" in rules(into, "not judged")


def test_an_external_commit_has_its_own_list() -> None:
    assert "VAL-171" in rules(of_commit(sender=EXTERNAL), "broken")
    into = of_commit(value(ExternalInit(b"")), sender=EXTERNAL)
    assert "VAL-171" in rules(into, "holds")
    assert "VAL-142" not in rules(into, "broken")


def test_a_committer_is_known_by_its_message() -> None:
    into = of_commit(value(Remove(2)), sender=from_member(2), around=KNOWN)
    assert "VAL-135" in rules(into, "broken")


def test_a_path_is_judged() -> None:
    assert PATH is not None
    into = Verdicts()
    proposals.update_path(into, PATH, None, ALONE)
    assert rules(into, "broken") == set()
    assert {"VAL-079", "VAL-080", "VAL-081"} <= rules(into, "not judged")
    twice = PATH.replace(nodes=PATH.nodes * 2)
    into = Verdicts()
    proposals.update_path(into, twice, None, ALONE)
    assert "VAL-084" in rules(into, "broken")
    into = Verdicts()
    proposals.update_path(into, PATH, 0, KNOWN)
    assert rules(into, "broken") == set()
    assert "VAL-029" in rules(into, "holds")
