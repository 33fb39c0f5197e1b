"""Proposals, judged by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import proposals
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    ExternalInit,
    GroupContextExtensions,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from covey.mls.wire.code_points import AppDataUpdateOperation
from group_samples import extension, external_psk, found, from_member, key_package, member

if TYPE_CHECKING:
    from covey.mls.structs.framing import Sender

GROUP = found("abc")[0]
KNOWN = Surroundings(group=group_of(GROUP.group_info(), None))
ALONE = Surroundings()


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def of(
    proposal: mls.Proposal, around: Surroundings = ALONE, sender: Sender | None = None
) -> Verdicts:
    into = Verdicts()
    proposals.proposal(into, proposal, sender, around)
    return into


def test_what_a_proposal_brings_in_is_judged() -> None:
    package = key_package(member("d"))
    assert rules(of(Add(package)), "broken") == set()
    assert "VAL-055" in rules(of(Add(package)), "holds")
    assert "VAL-055" in rules(of(Add(package.replace(signature=bytes(64)))), "broken")
    leaf = GROUP.tree.leaf(1)
    assert leaf is not None
    assert "VAL-032" in rules(of(Update(leaf)), "broken")
    assert "VAL-034" in rules(of(Update(leaf), KNOWN, from_member(1)), "broken")


def test_the_suite_of_an_add_is_that_of_its_group_where_it_is_known() -> None:
    other = Add(key_package(member("d", 2)))
    assert "VAL-052" in rules(of(other), "not judged")
    assert rules(of(other, KNOWN), "broken") == {"VAL-052"}
    assert "VAL-052" in rules(of(Add(key_package(member("d"))), KNOWN), "holds")


def test_what_looks_at_the_group_is_judged_with_it() -> None:
    assert rules(of(Remove(7)), "not judged") == {"VAL-117"}
    assert rules(of(Remove(7), KNOWN), "broken") == {"VAL-117"}
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
    assert broken in rules(of(proposal, sender=from_member(1)), "broken")


REMOVAL = AppDataUpdate(5, AppDataUpdateOperation.remove)


@pytest.mark.parametrize(
    ("proposal", "asked"),
    [
        (Remove(1), {"VAL-117"}),
        (SelfRemove(), set()),
        (ReInit(b"g", 1, 1, ()), {"VAL-014", "VAL-121"}),
        (GroupContextExtensions(()), {"VAL-014", "VAL-024", "APP-DATA-5"}),
        (REMOVAL, {"APP-DATA-3", "APP-DATA-4"}),
        (mls.PreSharedKey(external_psk()), {"VAL-118", "VAL-119", "VAL-120"}),
    ],
)
def test_only_what_is_about_a_proposal_is_asked(proposal: mls.Proposal, asked: set[str]) -> None:
    for around in (ALONE, KNOWN):
        into = of(proposal, around, from_member(1))
        assert {each.rule for each in into.findings} == asked


def test_without_a_message_its_sender_is_not_known() -> None:
    assert rules(of(ExternalInit(b"")), "not judged") == {"VAL-142"}
    leaf = GROUP.tree.leaf(0)
    assert leaf is not None
    assert {"VAL-116", "VAL-034", "VAL-029"} <= rules(of(Update(leaf), KNOWN), "not judged")
    assert "VAL-116" in rules(of(Update(leaf), sender=from_member(1)), "holds")
