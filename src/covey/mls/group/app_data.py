"""draft-ietf-mls-extensions: the data of components, in leaves and in the GroupContext.

May import structs, rules and the policy.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from covey.errors import DecodeError
from covey.mls.structs.components import ComponentsList, app_data, with_app_data
from covey.mls.wire.code_points import COMPONENT_GREASE, ComponentID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.policy import Policy
    from covey.mls.structs.extensions import Extension


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
