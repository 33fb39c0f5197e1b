"""The idems of one epoch that we, and our copies, can make, and nobody else. May import the access.

Every member can write an entry that names our leaf, and each such entry is looked up here: so they
are worked out once, whatever number of entries comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls import ContentType

if TYPE_CHECKING:
    from covey.access.member.epochs import EpochAccess
    from covey.mls import Group

AHEAD: Final = 1_024
"""How many generations ahead of us a copy may be, and still be known."""

_KINDS: Final = (ContentType.application, ContentType.proposal, ContentType.commit)


class OwnIdems:
    """Our idems of one epoch, as far as they were needed.

    Args:
        access: The keys of the epoch; they are not kept.
        leaf: Our leaf index.
        mark: What this store and its copies know, and nobody else (32 bytes).
    """

    def __init__(self, access: EpochAccess, leaf: int, mark: bytes) -> None:
        self._of = (access.access_key, leaf)
        self._mark = mark
        self._known: set[bytes] = set()
        self._upto = dict.fromkeys(_KINDS, 0)

    def __repr__(self) -> str:
        return f"OwnIdems({len(self._known)})"

    def are_of(self, access: EpochAccess, leaf: int) -> bool:
        """Whether they are those of an epoch and a leaf."""
        return self._of == (access.access_key, leaf)

    def has(self, idem: bytes, access: EpochAccess, group: Group) -> bool:
        """Whether an idem is among them, up to where a copy may be by now.

        Args:
            idem: It.
            access: The keys of the epoch.
            group: The group, in that epoch.
        """
        _, leaf = self._of
        for kind in _KINDS:
            beyond = group.next_generation(kind) + AHEAD
            for generation in range(self._upto[kind], beyond):
                self._known.add(access.idem(kind, leaf, generation, self._mark))
            self._upto[kind] = max(self._upto[kind], beyond)
        return idem in self._known
