"""What the members of a group support, as counters that change with the tree.

May import structs and the wire layer. RFC 9420 asks of every leaf, every extension and
every proposal type whether *all* members support it (§7.3, §12.1.7, §13). A scan would cost
O(n) per commit; a counter per code point answers in one look-up, and a commit that adds and
removes nobody does not touch it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import immutables
import msgspec

from covey.errors import DecodeError
from covey.mls.structs.components import read_negotiation
from covey.mls.structs.credentials import credential_type
from covey.mls.wire.code_points import (
    DEFAULT_EXTENSION_TYPES,
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    ComponentID,
    ExtensionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from covey.mls.structs.tree import Capabilities, LeafNode


class Kind(IntEnum):
    """What a code point counts."""

    version = 0
    cipher_suite = 1
    extension = 2
    proposal = 3
    credential = 4
    component = 5
    safe_aad = 6


COMPONENT_KINDS: Final[dict[int, Kind]] = {
    ComponentID.app_components: Kind.component,
    ComponentID.safe_aad: Kind.safe_aad,
}
"""Which lists of components a leaf has in its ``app_data_dictionary`` (extensions draft)."""


_DEFAULTS: Final = {
    Kind.extension: DEFAULT_EXTENSION_TYPES,
    Kind.proposal: DEFAULT_PROPOSAL_TYPES,
}


class Census(msgspec.Struct, frozen=True, gc=False):
    """How many members there are, and how many of them support each code point.

    Attributes:
        members: How many members there are.
        counts: How many list a code point, by ``kind << 16 | code``.
        in_use: How many present a credential of each type.
    """

    members: int
    counts: immutables.Map[int, int]
    in_use: immutables.Map[int, int]

    def all_support(self, kind: Kind, code: int) -> bool:
        """Whether every member lists ``code``; default types need not be listed (ERR-09)."""
        if code in _DEFAULTS.get(kind, ()):
            return True
        return self.counts.get(kind << 16 | code, 0) == self.members

    def replaced(self, old: LeafNode | None, new: LeafNode) -> Census:
        """The census after one leaf took the place of another, or of a blank."""
        if old is None:
            return self.changed((), (new,))
        same = old.capabilities == new.capabilities and old.extensions == new.extensions
        if same and credential_type(old.credential) == credential_type(new.credential):
            return self
        return self.changed((old,), (new,))

    def changed(self, gone: Iterable[LeafNode], come: Iterable[LeafNode]) -> Census:
        """The census after some leaves have left and others have come."""
        tally, used, members = _Tally(), Counter[int](), self.members
        for leaf in come:
            members += 1
            used[credential_type(leaf.credential)] += 1
            tally.count(leaf, 1)
        for leaf in gone:
            members -= 1
            used[credential_type(leaf.credential)] -= 1
            tally.count(leaf, -1)
        return Census(members, _add(self.counts, tally.listed()), _add(self.in_use, used))


class _Tally:
    """Counts whole lists of code points first: members repeat them, GREASE or not."""

    def __init__(self) -> None:
        self._lists: dict[tuple[int, tuple[int, ...]], int] = {}

    def count(self, leaf: LeafNode, times: int) -> None:
        """Count the lists of one member."""
        lists, capabilities = self._lists, leaf.capabilities
        for key in (
            (Kind.version, capabilities.versions),
            (Kind.cipher_suite, capabilities.cipher_suites),
            (Kind.extension, capabilities.extensions),
            (Kind.proposal, capabilities.proposals),
            (Kind.credential, capabilities.credentials),
            *_components(leaf),
        ):
            lists[key] = lists.get(key, 0) + times

    def listed(self) -> Counter[int]:
        """By counter key; twice in a list counts once, GREASE does not count (VAL-222)."""
        listed = Counter[int]()
        for (kind, codes), times in self._lists.items():
            if times:
                for code in set(codes).difference(GREASE):
                    listed[kind << 16 | code] += times
        return listed


def _components(leaf: LeafNode) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The lists of components of a leaf; none where its dictionary is none (APP-DATA-1)."""
    for extension in leaf.extensions:
        if extension.extension_type == ExtensionType.app_data_dictionary:
            with suppress(DecodeError):
                listed = read_negotiation(extension.extension_data)
                yield from ((COMPONENT_KINDS[each], codes) for each, codes in listed.items())


EMPTY: Final = Census(0, immutables.Map(), immutables.Map())


def lists(capabilities: Capabilities, kind: Kind, code: int) -> bool:
    """Whether one client supports ``code``; default types need not be listed (ERR-09)."""
    if code in _DEFAULTS.get(kind, ()):
        return True
    return code in _field(capabilities, kind)


def _field(capabilities: Capabilities, kind: Kind) -> tuple[int, ...]:
    return (
        capabilities.versions,
        capabilities.cipher_suites,
        capabilities.extensions,
        capabilities.proposals,
        capabilities.credentials,
    )[kind]


def _add(counts: immutables.Map[int, int], delta: Counter[int]) -> immutables.Map[int, int]:
    if not any(delta.values()):
        return counts
    changed = counts.mutate()
    for key, difference in delta.items():
        total = changed.get(key, 0) + difference
        if total:
            changed[key] = total
        elif key in changed:
            del changed[key]
    return changed.finish()
