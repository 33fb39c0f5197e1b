"""What must be refused, and shows it without secrets: the adversary's cases, inspected."""

from __future__ import annotations

from typing import Any

import pytest

from covey.lab.adversary.cases import ALL_CASES
from covey.lab.adversary.vectors import vector
from covey.lab.inspect.examine import inspect
from covey.lab.inspect.judging.verdicts import Surroundings

VISIBLE = (
    "a_group_info_that_its_signer_has_not_signed",
    "a_group_info_of_no_wire_format",
    "a_group_info_of_another_version",
    "a_group_info_with_a_wrong_leaf_signature",
    "a_node_whose_presence_is_2",
    "a_message_of_no_wire_format",
    "a_sender_of_no_type",
    "an_add_that_nobody_has_signed",
    "a_tree_that_ends_with_blanks_by_group_info",
    "a_group_info_with_a_wrong_parent_hash",
    "an_unmerged_leaf_that_is_not_below_by_group_info",
    "two_parents_with_one_key_by_group_info",
    "another_tree_beside_the_group_info",
    "a_committer_removes_itself",
    "a_reinit_and_a_remove",
    "bytes_after_a_welcome",
    "neither_leaf_nor_parent",
    "two_removes_of_one_leaf",
)
CASES = {case.name: case for case in ALL_CASES}


@pytest.mark.parametrize("name", VISIBLE)
def test_what_must_be_refused_breaks_its_rule(name: str) -> None:
    made: Any = vector(CASES[name], 1, b"inspect")
    negative = made["negative"]
    tree = negative.get("ratchet_tree")
    around = Surroundings(tree=None if tree is None else bytes.fromhex(tree))
    found = inspect(negative["message"].encode(), around=around)
    shown = {finding.rule for finding in found.broken}
    if found.stop is not None:
        shown.add(found.stop.rule)
    assert not found.good
    assert shown & {negative["rule"], *negative["refused_as"]}


UNKNOWABLE = (
    "a_committer_removes_itself_by_reference",
    "a_committer_updates_itself",
    "a_group_info_of_another_suite",
    "a_joiner_commits_by_reference",
    "a_path_with_the_encryption_key_of_another_member",
    "a_path_with_the_key_of_another_member",
    "a_reinit_by_reference_and_a_psk",
    "an_add_of_another_suite",
    "an_update_and_a_remove_of_one_leaf",
    "one_psk_by_value_and_by_reference",
    "two_lists_of_extensions_by_reference",
    "two_updates_of_one_leaf",
)


@pytest.mark.parametrize("name", UNKNOWABLE)
def test_what_cannot_be_known_is_not_said_to_hold(name: str) -> None:
    """Of a message without its group, and of a commit without the proposals it refers to."""
    negative: Any = vector(CASES[name], 1, b"inspect")["negative"]
    found = inspect(negative["message"].encode())
    names = {negative["rule"], *negative["refused_as"]}
    assert "not judged" in {each.verdict for each in found.findings if each.rule in names}
    assert found.good
