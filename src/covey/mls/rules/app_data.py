"""draft-ietf-mls-extensions: proposals about the data of components.

May import structs and the tree. What the data means is for the application, which
:mod:`covey.mls.group.app_data` asks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.rules.proposal_list import extensions_after
from covey.mls.rules.registry import rule
from covey.mls.rules.trees import find_extension
from covey.mls.structs.components import app_data
from covey.mls.structs.extensions import RequiredCapabilities
from covey.mls.structs.proposals import AppDataUpdate, GroupContextExtensions
from covey.mls.wire.code_points import AppDataUpdateOperation, ExtensionType, ProposalType

if TYPE_CHECKING:
    from collections.abc import Container

    from covey.mls.rules.proposal_list import ProposalList
    from covey.mls.structs.schedule import GroupContext


class ComponentSubject(NamedTuple):
    """The component that a proposal is about, and those that the application knows."""

    component_id: int
    known: Container[int]


@rule("APP-DATA-3", "extensions draft, AppDataUpdate")
def one_removal_or_updates(subject: ProposalList) -> str | None:
    """For each component, AppDataUpdates are either one removal, or any number of updates."""
    updates = subject.of(AppDataUpdate)
    count = Counter(each.component_id for each in updates)
    for each in updates:
        if each.op is AppDataUpdateOperation.remove and count[each.component_id] > 1:
            return f"component 0x{each.component_id:04x} is removed, and changed otherwise"
    return None


@rule("APP-DATA-4", "extensions draft, AppDataUpdate")
def removals_find_data(subject: ProposalList) -> str | None:
    """An AppDataUpdate removes only what the group's app_data_dictionary has."""
    removed = [
        each.component_id
        for each in subject.of(AppDataUpdate)
        if each.op is AppDataUpdateOperation.remove
    ]
    if not removed:
        return None
    try:
        entries = app_data(extensions_after(subject))
    except DecodeError as error:
        return str(error)
    missing = [each for each in removed if each not in entries]
    return f"there is nothing of component 0x{missing[0]:04x}" if missing else None


@rule("APP-DATA-5", "extensions draft, AppDataUpdate")
def dictionary_is_left_alone(subject: ProposalList) -> str | None:
    """Where AppDataUpdate is required, a GroupContextExtensions leaves the dictionary as it is."""
    replaced = subject.of(GroupContextExtensions)
    if not replaced or not _requires_app_data_update(subject.context):
        return None
    code = ExtensionType.app_data_dictionary
    before = find_extension(subject.context.extensions, code)
    if all(find_extension(each.extensions, code) == before for each in replaced):
        return None
    return "it changes the app_data_dictionary"


def _requires_app_data_update(context: GroupContext) -> bool:
    data = find_extension(context.extensions, ExtensionType.required_capabilities)
    if data is None:
        return False
    return ProposalType.app_data_update in RequiredCapabilities.decode(data).proposal_types


@rule("APP-DATA-6", "extensions draft, AppDataUpdate")
def component_is_known(subject: ComponentSubject) -> str | None:
    """An AppDataUpdate or AppEphemeral is about a component that the application knows."""
    if subject.component_id in subject.known:
        return None
    return f"component 0x{subject.component_id:04x}"


LISTED: Final = (one_removal_or_updates, removals_find_data, dictionary_is_left_alone)
"""What a list of proposals satisfies, be it of one only."""

EACH: Final = (component_is_known,)
"""What a proposal about a component satisfies besides."""
