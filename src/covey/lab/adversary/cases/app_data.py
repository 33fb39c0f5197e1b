"""draft-ietf-mls-extensions: what components put into a group. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import by_value
from covey.lab.adversary.taking_out import altered, altering, always, without_rules
from covey.lab.adversary.victims import Trial
from covey.mls.structs.components import ComponentsList, SafeAAD, SafeAADItem, with_app_data
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.structs.proposals import AppDataUpdate, AppEphemeral, GroupContextExtensions
from covey.mls.wire.code_points import (
    AppDataUpdateOperation,
    ComponentID,
    ExtensionType,
    ProposalType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.lab.adversary.stage import Stage

KNOWN: Final = 0x8001
"""A component that all members know."""
STRANGE: Final = 0x8002
"""One that nobody knows."""
_REMOVE: Final = AppDataUpdate(KNOWN, AppDataUpdateOperation.remove)


def _latest(old: bytes | None, updates: Sequence[bytes]) -> bytes:
    del old
    return updates[-1]


def _update(data: bytes) -> AppDataUpdate:
    return AppDataUpdate(KNOWN, AppDataUpdateOperation.update, data)


def _begin(stage: Stage) -> None:
    """Let all members know a component, of which the group holds something."""
    stage.begin(components={KNOWN: _latest})
    stage.commit(stage.alice, proposals=[_update(b"old")])


@breaks("APP-DATA-1", portable=False)
def a_group_info_with_a_garbled_app_data_dictionary(stage: Stage) -> Trial:
    """No dictionary is in the app_data_dictionary of a GroupInfo."""
    garbled = Extension(ExtensionType.app_data_dictionary, b"\xff")
    with without_rules("APP-DATA-1"):
        bad = stage.mallory.group_info(extensions=[garbled])
    return Trial(stage.outsider(), bad, stage.mallory.group_info(extensions=with_app_data((), {})))


@breaks("APP-DATA-2", portable=False)
def a_component_is_required_that_nobody_lists(stage: Stage) -> Trial:
    """Mallory requires a component that no member says it supports."""
    _begin(stage)
    bad, good = (
        GroupContextExtensions(with_app_data((), {ComponentID.app_components: listed.encode()}))
        for listed in (ComponentsList((KNOWN, STRANGE)), ComponentsList((KNOWN,)))
    )
    return by_value(stage, [bad], [good], ("APP-DATA-2",))


@breaks("APP-DATA-3", portable=False)
def a_component_is_removed_and_updated(stage: Stage) -> Trial:
    """Mallory commits the removal of what it updates in the same commit."""
    _begin(stage)
    return by_value(stage, [_update(b"new"), _REMOVE], [_REMOVE], ("APP-DATA-3",))


@breaks("APP-DATA-4", portable=False)
def a_component_is_removed_that_is_not_there(stage: Stage) -> Trial:
    """Mallory removes what somebody has removed before."""
    _begin(stage)
    stage.commit(stage.alice, proposals=[_REMOVE])
    return by_value(stage, [_REMOVE], [_update(b"new")], ("APP-DATA-4",))


@breaks("APP-DATA-5", portable=False)
def a_dictionary_is_replaced_where_it_may_not_be(stage: Stage) -> Trial:
    """Mallory changes a component's data by GroupContextExtensions, not by AppDataUpdate."""
    _begin(stage)
    required = RequiredCapabilities((), (ProposalType.app_data_update,), ())
    extension = Extension(ExtensionType.required_capabilities, required.encode())
    kept = (*stage.alice.extensions, extension)
    stage.commit(stage.alice, extensions=kept)
    bad = GroupContextExtensions(with_app_data(kept, {KNOWN: b"new"}))
    return by_value(stage, [bad], [GroupContextExtensions(kept)], ("APP-DATA-5",))


@breaks("APP-DATA-6", portable=False)
def a_component_that_the_application_does_not_know(stage: Stage) -> Trial:
    """Mallory says something to a component that nobody has heard of."""
    _begin(stage)
    bad, good = AppEphemeral(STRANGE, b"hello"), AppEphemeral(KNOWN, b"hello")
    return by_value(stage, [bad], [good], ("APP-DATA-6",))


@breaks("APP-DATA-6", portable=False)
def a_component_that_the_application_does_not_know_is_proposed(stage: Stage) -> Trial:
    """Mallory proposes the same, for others to commit."""
    _begin(stage)
    bad = forge.proposed(stage.mallory, AppEphemeral(STRANGE, b"hello"))
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, AppEphemeral(KNOWN, b"hello")))


_UNREAD: Final = altering(("structs.components:read_safe_aad", always({})))


@breaks("SAFE-AAD-1", instead=_UNREAD, portable=False)
def authenticated_data_that_is_no_safe_aad(stage: Stage) -> Trial:
    """Mallory proposes something, with bytes beside it that belong to no component."""
    _frame(stage)
    with altered("group.safe_aad:framed", _as_it_is):
        bad = stage.mallory.propose(_PROPOSED, authenticated_data=b"mine")
    good = stage.mallory.propose(_PROPOSED, authenticated_data={KNOWN: b"mine"})
    return Trial(stage.victim(), bad, good)


@breaks("SAFE-AAD-1", instead=_UNREAD, portable=False)
def safe_aad_that_is_not_sorted(stage: Stage) -> Trial:
    """Mallory commits, and the components beside the commit decrease."""
    _frame(stage)
    items = (SafeAADItem(STRANGE, b"2"), SafeAADItem(KNOWN, b"1"))
    unsorted, right = SafeAAD(items).encode(), {STRANGE: b"2", KNOWN: b"1"}
    under = altering(("group.safe_aad:framed", _as_it_is))
    bad = forge.committed(stage.mallory, under=under, authenticated_data=unsorted)
    good = stage.mallory.commit(authenticated_data=right)
    return Trial(stage.victim(), bad.message, good.message)


_PROPOSED: Final = AppEphemeral(KNOWN, b"hello")


def _frame(stage: Stage) -> None:
    """Let the group have safe_aad."""
    stage.begin(components={KNOWN: _latest})
    listed: dict[int, bytes] = {ComponentID.safe_aad: ComponentsList(()).encode()}
    stage.commit(stage.alice, extensions=with_app_data((), listed))


def _as_it_is(_: object) -> Callable[[bytes, object], bytes]:
    return lambda data, _: data
