"""Commits and paths, judged as far as their proposals and their group are known."""

from __future__ import annotations

import pytest

from covey import mls
from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import commits
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
    UnknownProposal,
)
from covey.mls.wire.code_points import ProposalOrRefType, SenderType
from group_samples import (
    PUBLIC,
    commit_of,
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
OF_LIST = {
    *("VAL-116", "VAL-117", "VAL-118", "VAL-119", "VAL-120", "VAL-121", "VAL-014", "VAL-024"),
    *("VAL-134", "VAL-135", "VAL-136", "VAL-137", "VAL-138", "VAL-139", "VAL-140", "VAL-141"),
    *("VAL-142", "VAL-143", "SELF-REMOVE-2"),
}
"""The rules for the list of a regular commit, but for whether it needs a path."""


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def value(proposal: mls.Proposal) -> ProposalOrRef:
    return ProposalOrRef(ProposalOrRefType.proposal, proposal)


def reference(name: bytes = b"r") -> ProposalOrRef:
    return ProposalOrRef(ProposalOrRefType.reference, reference=name)


def of_commit(
    *listed: ProposalOrRef,
    path: bool = True,
    around: Surroundings = ALONE,
    sender: Sender | None = None,
) -> Verdicts:
    into = Verdicts()
    commits.commit(into, Commit(listed, PATH if path else None), sender, around)
    return into


REINIT = value(ReInit(b"g", 1, 1, ()))


@pytest.mark.parametrize(
    ("listed", "broken"),
    [
        ([value(Remove(1)), value(Remove(1))], "VAL-136"),
        ([REINIT, value(Remove(1))], "VAL-141"),
        ([REINIT, reference()], "VAL-141"),
        ([value(GroupContextExtensions(())), value(GroupContextExtensions(()))], "VAL-140"),
        ([value(SelfRemove())], "SELF-REMOVE-2"),
        ([reference(), reference()], "VAL-149"),
        ([value(mls.PreSharedKey(external_psk()))] * 2, "VAL-139"),
        ([value(ExternalInit(b""))], "VAL-142"),
        ([value(UnknownProposal(0x0A0A, b""))], "VAL-143"),
        ([value(Remove(2))], "VAL-135"),
    ],
)
def test_what_is_wrong_with_a_list_is_found(listed: list[ProposalOrRef], broken: str) -> None:
    """Whatever else it refers to."""
    for more in ((), (reference(b"another"),)):
        for around in (ALONE, KNOWN):
            into = of_commit(*listed, *more, sender=from_member(2), around=around)
            assert broken in rules(into, "broken")


@pytest.mark.parametrize("around", [ALONE, KNOWN], ids=["alone", "known"])
def test_a_list_is_judged_when_all_of_it_is_known(around: Surroundings) -> None:
    into = of_commit(reference(), value(Remove(1)), sender=from_member(0), around=around)
    assert rules(into, "broken") == set()
    assert rules(into, "not judged") >= {*OF_LIST, "VAL-148", "VAL-048", "VAL-049"}
    assert not rules(into, "holds") & (OF_LIST - {"VAL-014"})  # which its leaf has too
    assert {"VAL-149", "VAL-155"} <= rules(into, "holds")
    needs = {each.detail for each in into.findings if each.rule in OF_LIST - {"VAL-014"}}
    assert needs == {"needs the proposals that it refers to"}


def test_what_other_proposals_could_undo_is_not_judged() -> None:
    add = value(Add(key_package(member("b"))))
    signer = GROUP.tree.leaf(1)
    assert signer is not None
    package = key_package(member("b"))
    again = package.replace(leaf_node=package.leaf_node.replace(signature_key=signer.signature_key))
    add = value(Add(again))
    into = of_commit(add, sender=from_member(0), around=KNOWN)
    assert "VAL-138" in rules(into, "broken")
    into = of_commit(add, reference(), sender=from_member(0), around=KNOWN)
    assert "VAL-138" in rules(into, "not judged")
    strange = value(UnknownProposal(0xF00D, b""))
    assert "VAL-143" in rules(of_commit(strange, around=KNOWN), "broken")
    assert "VAL-143" in rules(of_commit(strange, reference(), around=KNOWN), "not judged")


def test_a_path_is_asked_for_where_it_can_be_known() -> None:
    assert "VAL-155" in rules(of_commit(path=False), "broken")
    assert "VAL-155" in rules(of_commit(value(Remove(1)), path=False), "broken")
    assert "VAL-155" in rules(of_commit(value(Remove(1)), reference(), path=False), "broken")
    into = of_commit(reference(), path=False)
    assert "VAL-155" in rules(into, "not judged")
    assert "VAL-148" in rules(into, "not judged")


def test_an_external_commit_has_its_own_list() -> None:
    assert "VAL-171" in rules(of_commit(sender=EXTERNAL), "broken")
    init = value(ExternalInit(b""))
    into = of_commit(init, sender=EXTERNAL)
    assert {"VAL-168", "VAL-170", "VAL-171", "VAL-172"} <= rules(into, "holds")
    assert "VAL-142" not in {each.rule for each in into.findings}
    assert "VAL-171" in rules(of_commit(init), "holds")  # what else should have one?
    into = of_commit(init, reference(), sender=EXTERNAL)
    assert {"VAL-170", "VAL-171", "VAL-172"} <= rules(into, "not judged")
    assert "VAL-168" in rules(into, "holds")
    assert "VAL-171" in rules(of_commit(reference(), sender=EXTERNAL), "not judged")
    assert "VAL-171" in rules(of_commit(init, init, reference(), sender=EXTERNAL), "broken")


def test_the_leaf_of_a_joiner_replaces_the_one_that_it_removes() -> None:
    init = value(ExternalInit(b""))
    asked = of_commit(init, sender=EXTERNAL, around=KNOWN).findings
    assert "VAL-083" not in {each.rule for each in asked}
    into = of_commit(init, value(Remove(1)), sender=EXTERNAL, around=KNOWN)
    assert "VAL-083" in rules(into, "holds")
    into = of_commit(init, value(Remove(1)), sender=EXTERNAL)
    assert "VAL-083" in rules(into, "not judged")


def test_a_committer_is_known_by_its_message() -> None:
    into = of_commit(value(Remove(2)), sender=from_member(2), around=KNOWN)
    assert "VAL-135" in rules(into, "broken")
    assert "VAL-135" in rules(of_commit(value(Remove(2)), sender=from_member(1)), "holds")
    into = of_commit(value(Remove(2)), around=KNOWN)
    assert "VAL-135" in rules(into, "not judged")
    assert {each.detail for each in into.findings if each.rule in {"VAL-135", "VAL-079"}} == {
        "needs its sender: the message that it came in"
    }


def test_keys_that_a_commit_brings_are_compared_with_each_other() -> None:
    assert PATH is not None
    one, other = key_package(member("d")), key_package(member("e"))
    same = one.leaf_node.encryption_key
    twin = other.replace(leaf_node=other.leaf_node.replace(encryption_key=same))
    into = of_commit(value(Add(one)), value(Add(other)))
    assert {"VAL-048", "VAL-049", "VAL-084"} <= rules(into, "not judged")
    assert "VAL-049" in rules(of_commit(value(Add(one)), value(Add(twin))), "broken")
    of_path = one.leaf_node.replace(encryption_key=PATH.nodes[0].encryption_key)
    into = of_commit(value(Add(one.replace(leaf_node=of_path))))
    assert "VAL-084" in rules(into, "broken")
    signed = one.leaf_node.replace(signature_key=PATH.leaf_node.signature_key)
    into = of_commit(value(Add(one.replace(leaf_node=signed))))
    assert "VAL-048" in rules(into, "broken")
    into = of_commit(value(mls.PreSharedKey(external_psk())), path=False)
    assert not {"VAL-048", "VAL-049"} & {each.rule for each in into.findings}


def test_a_path_is_judged_alone() -> None:
    assert PATH is not None
    for around in (ALONE, KNOWN):
        into = Verdicts()
        commits.update_path(into, PATH, around)
        assert rules(into, "broken") == set()
        assert rules(into, "not judged") >= {"VAL-079", "VAL-080", "VAL-081", "VAL-084"}
    into = Verdicts()
    commits.update_path(into, PATH.replace(nodes=PATH.nodes * 2), ALONE)
    assert "VAL-084" in rules(into, "broken")
    unknown = PATH.leaf_node.replace(encryption_key=b"")
    into = Verdicts()
    commits.update_path(into, PATH.replace(leaf_node=unknown), ALONE)
    assert "VAL-010" in rules(into, "not judged")


def test_the_path_of_a_member_replaces_its_leaf() -> None:
    into = of_commit(sender=from_member(0), around=KNOWN)
    assert rules(into, "broken") == set()
    assert {"VAL-029", "VAL-083"} <= rules(into, "holds")
    assert {"VAL-079", "VAL-080", "VAL-081", "VAL-084"} <= rules(into, "not judged")
