"""The Exporter Tree: one forward-secure secret for each component (extensions draft).

May import :mod:`covey.errors` and :mod:`covey.mls.crypto`.

The ``application_export_secret`` of an epoch is the root of a binary tree with a leaf for each of
the 2^16 ComponentIDs, derived downwards like the secret tree (RFC 9420 §9). The secret at a leaf is
what its component gets, once: then every secret on the path down to it is gone, and what is kept
instead are the siblings of that path (§9.2). A tree never changes; exporting gives another one.

An export costs 32 HMAC at first, and fewer the more is exported; the nodes of an epoch of which
nothing was exported are one.

Nodes are numbered as in Appendix C: the leaf of component i is node 2i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from covey.errors import MissingKeyError
from covey.mls.schedule.steps import descend
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

DEPTH: Final = 16
_ROOT: Final = (1 << DEPTH) - 1
LAST: Final = (1 << DEPTH) - 1
"""The greatest ComponentID."""


class ExporterTree(Unshown, frozen=True):
    """What is left of an epoch's Exporter Tree.

    Attributes:
        nodes: The secrets of those nodes of which no leaf was used, Nh bytes each.
    """

    nodes: dict[int, bytes]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.nodes)} node(s)>"

    @classmethod
    def of(cls, application_export_secret: bytes) -> Self:
        """The tree of an epoch that begins."""
        return cls({_ROOT: application_export_secret})

    def export(self, suite: Suite, component_id: int) -> tuple[bytes, Self]:
        """SafeExportSecret(ComponentID): Nh bytes, and the tree without them.

        Args:
            suite: The group's cipher suite.
            component_id: From 0 to 0xFFFF.

        Raises:
            MissingKeyError: The component has had its secret.
            ValueError: There is no such component.
        """
        if not 0 <= component_id <= LAST:
            msg = f"{component_id} is no ComponentID"
            raise ValueError(msg)
        level, node = 0, 2 * component_id
        while node not in self.nodes:
            if level == DEPTH:
                msg = f"component 0x{component_id:04x} has had its secret of this epoch"
                raise MissingKeyError(msg).of(
                    rule="SAFE-EXPORT-1", section="extensions draft, exporter"
                )
            node = (node | 1 << level) & ~(2 << level)
            level += 1
        siblings, secret = descend(suite, self.nodes[node], node, level, component_id)
        kept = {each: self.nodes[each] for each in self.nodes if each != node}
        return secret, type(self)({**kept, **dict(siblings)})
