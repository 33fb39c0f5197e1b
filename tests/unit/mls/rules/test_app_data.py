"""Proposals about the data of components: every rule, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey import mls
from covey.mls.rules import app_data
from covey.mls.rules.app_data import ComponentSubject
from covey.mls.structs.components import with_app_data
from covey.mls.structs.proposals import AppDataUpdate, GroupContextExtensions, Proposal
from covey.mls.wire.code_points import AppDataUpdateOperation, ProposalType
from group_samples import extension, found, proposal_list, required
from rule_cases import Case, breaks, each_of, holds, without_cases

if TYPE_CHECKING:
    from covey.mls.rules.proposal_list import ProposalList

HELD = with_app_data((), {5: b"five", 7: b"seven"})
POLICY = mls.Policy(components={5: None, 6: None, 7: None})
EMPTY = found("ab", policy=POLICY)[0]
HOLDING = found("ab", policy=POLICY, extensions=HELD)[0]
NEEDED = required((), (ProposalType.app_data_update,))
REQUIRING = found("ab", policy=POLICY, extensions=(*HELD, NEEDED))[0]
REQUIRING_ONLY = found("ab", policy=POLICY, extensions=(NEEDED,))[0]
GARBLED = GroupContextExtensions((extension(6, b"x"),))


def of(*items: Proposal, group: mls.Group = HOLDING) -> ProposalList:
    """The list of a commit."""
    return proposal_list(group, *items)


def update(component: int, data: bytes = b"") -> AppDataUpdate:
    """An update of a component's data."""
    return AppDataUpdate(component, AppDataUpdateOperation.update, data)


def remove(component: int) -> AppDataUpdate:
    """The removal of a component's data."""
    return AppDataUpdate(component, AppDataUpdateOperation.remove)


def replaced(*extensions: mls.Extension) -> GroupContextExtensions:
    """A GroupContextExtensions."""
    return GroupContextExtensions(extensions)


CASES = [
    *holds(
        app_data.one_removal_or_updates,
        of(),
        of(update(5), update(5), update(7)),
        of(remove(5), remove(7)),
        of(remove(5), update(7), update(7)),
    ),
    *breaks(
        app_data.one_removal_or_updates,
        (of(remove(5), remove(5)), "0x0005"),
        (of(update(5), remove(7), update(7)), "0x0007"),
        (of(update(5), remove(5)), "0x0005"),
    ),
    *holds(
        app_data.removals_find_data,
        of(),
        of(remove(5), remove(7)),
        of(update(6)),
        of(replaced(*with_app_data((), {6: b""})), remove(6)),
        of(GARBLED, update(6)),
    ),
    *breaks(
        app_data.removals_find_data,
        (of(remove(6)), "0x0006"),
        (of(remove(5), group=EMPTY), "0x0005"),
        (of(remove(5), remove(8)), "0x0008"),
        (of(replaced(*with_app_data((), {6: b""})), remove(5)), "0x0005"),
        (of(GARBLED, remove(5)), ""),
    ),
    *holds(
        app_data.dictionary_is_left_alone,
        of(replaced()),
        of(replaced(), group=EMPTY),
        of(replaced(NEEDED, *HELD), group=REQUIRING),
        of(replaced(*HELD), group=REQUIRING),
        of(replaced(extension(1)), group=REQUIRING_ONLY),
        of(update(5), group=REQUIRING),
    ),
    *breaks(
        app_data.dictionary_is_left_alone,
        (of(replaced(NEEDED), group=REQUIRING), "app_data_dictionary"),
        (of(replaced(*with_app_data((), {5: b"5"})), group=REQUIRING), "app_data_dictionary"),
        (of(replaced(*HELD), group=REQUIRING_ONLY), "app_data_dictionary"),
        (of(replaced(*HELD), replaced(), group=REQUIRING), "app_data_dictionary"),
    ),
    *holds(app_data.component_is_known, ComponentSubject(5, {5: None})),
    *breaks(
        app_data.component_is_known,
        (ComponentSubject(5, {}), "0x0005"),
        (ComponentSubject(0x8001, {1: None}), "0x8001"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_cases() -> None:
    assert without_cases(app_data, CASES) == set()
