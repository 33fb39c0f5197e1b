"""draft-ietf-mls-extensions: the data of components, in leaves and in the GroupContext.

May import structs, rules and the policy.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from covey.errors import DecodeError, PolicyError
from covey.mls.structs.components import ComponentsList, app_data, with_app_data
from covey.mls.wire.code_points import COMPONENT_GREASE, AppDataUpdateOperation, ComponentID
from covey.mls.wire.struct import as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.policy import Policy
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.proposals import AppDataUpdate


def announced(
    extensions: Iterable[Extension], policy: Policy, entropy: Entropy
) -> tuple[Extension, ...]:
    """A leaf's extensions, with the components that its client supports (extensions draft).

    As they are when it supports none; and so is a dictionary that is none, for a rule to refuse.
    """
    kept = tuple(extensions)
    if not policy.components:
        return kept
    understood = {ComponentID.app_components, ComponentID.safe_aad, *policy.components}
    lists = {ComponentID.app_components: understood, ComponentID.safe_aad: policy.safe_aad}
    with suppress(DecodeError):
        entries = app_data(kept)
        for component, codes in lists.items():
            listed = [int(each) for each in sorted(codes)]
            if policy.grease:
                listed.append(COMPONENT_GREASE[entropy(1)[0] % len(COMPONENT_GREASE)])
            entries[int(component)] = ComponentsList(tuple(listed)).encode()
        return with_app_data(kept, entries)
    return kept


def updated(
    extensions: tuple[Extension, ...], updates: Sequence[AppDataUpdate], policy: Policy
) -> tuple[Extension, ...]:
    """The extensions of a GroupContext after the AppDataUpdates of a commit (extensions draft).

    Args:
        extensions: Those after all other proposals.
        updates: The AppDataUpdates, in the order of the commit; the rules for lists hold.
        policy: Knows what the data of each component means.

    Raises:
        PolicyError: The application refuses an update.
    """
    if not updates:
        return extensions
    entries = app_data(extensions)
    by_component: dict[int, list[bytes]] = {}
    for each in updates:
        if each.op is AppDataUpdateOperation.remove:
            entries.pop(each.component_id, None)
        else:
            by_component.setdefault(each.component_id, []).append(each.update or b"")
    for component_id, given in by_component.items():
        entries[component_id] = _ask(component_id, entries.get(component_id), given, policy)
    return with_app_data(extensions, entries)


def _ask(component_id: int, old: bytes | None, given: Sequence[bytes], policy: Policy) -> bytes:
    """The new data of a component, as the application makes it."""
    update = policy.components.get(component_id)
    rule, section = "APP-DATA-7", "extensions draft, AppDataUpdate"
    if update is None:
        msg = f"the data of component 0x{component_id:04x} is not updated by proposals"
        raise PolicyError(msg).of(rule=rule, section=section)
    try:
        made = update(old, tuple(given))
    except PolicyError as error:
        raise (error if error.rule else error.of(rule=rule, section=section)) from error.__cause__
    except Exception as error:
        failed = f"fails, by {type(error).__name__}, and so it refuses"
        msg = f"the application's function for component 0x{component_id:04x} {failed}"
        raise PolicyError(msg).of(rule=rule, section=section) from error
    return as_bytes(made)
