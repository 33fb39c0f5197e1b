"""RFC 9420 §7.3, §7.9, §12.4.3.1, §13: what a whole ratchet tree must satisfy.

May import structs and the tree. The first set is checked after every commit and costs a few
look-ups; the second is what a joiner checks, once, over all nodes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.rules import leaves
from covey.mls.rules.leaves import duplicate_types
from covey.mls.rules.registry import rule
from covey.mls.structs.components import read_negotiation
from covey.mls.structs.extensions import Extension, ExternalSenders, RequiredCapabilities
from covey.mls.structs.tree import LeafNode, ParentNode
from covey.mls.tree.census import COMPONENT_KINDS, Kind
from covey.mls.tree.parent_hashes import first_invalid_parent, first_wrong_unmerged_leaf
from covey.mls.wire.code_points import GREASE, ComponentID, ExtensionType, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.tree import Node
    from covey.mls.tree.ratchet_tree import RatchetTree


def _required(data: bytes) -> RequiredCapabilities:
    return RequiredCapabilities.decode(data)


def _senders(data: bytes) -> ExternalSenders:
    return ExternalSenders.decode(data)


_KNOWN: Final[dict[int, leaves.Reader]] = {
    ExtensionType.required_capabilities: _required,
    ExtensionType.external_senders: _senders,
    **leaves.NEGOTIATION,
}
"""The extensions of a GroupContext that are read."""


class TreeSubject(NamedTuple):
    """A tree and the GroupContext extensions that it has to live with."""

    tree: RatchetTree
    extensions: tuple[Extension, ...]


def find_extension(extensions: Sequence[Extension], wanted: int) -> bytes | None:
    """The data of the extension of a type, or None."""
    return next((each.extension_data for each in extensions if each.extension_type == wanted), None)


@rule("VAL-014", "13.4")
def context_extensions_are_unique(subject: TreeSubject) -> str | None:
    """The extensions of a GroupContext have at most one of each type."""
    return duplicate_types(subject.extensions)


@rule("VAL-223", "13.5")
def context_extensions_are_not_grease(subject: TreeSubject) -> str | None:
    """No GREASE value stands among the extensions of a GroupContext."""
    for each in subject.extensions:
        if each.extension_type in GREASE:
            return f"extension type 0x{each.extension_type:04x}"
    return None


@rule("VAL-024", "12.1.8.1", also=("VAL-130",))
def known_extensions_decode(subject: TreeSubject) -> str | None:
    """The extensions of a GroupContext whose structs are known hold them."""
    return undecodable(subject.extensions)


def undecodable(extensions: Sequence[Extension]) -> str | None:
    """Which extension of a GroupContext does not hold what it should, or None (VAL-024)."""
    return leaves.undecodable(extensions, _KNOWN)


@rule("VAL-043", "7.3", also=("VAL-124", "VAL-190"))
def required_capabilities_are_met(subject: TreeSubject) -> str | None:
    """Every member supports what required_capabilities lists."""
    data = find_extension(subject.extensions, ExtensionType.required_capabilities)
    if data is None:
        return None
    required = RequiredCapabilities.decode(data)
    census = subject.tree.census
    for kind, codes in (
        (Kind.extension, required.extension_types),
        (Kind.proposal, required.proposal_types),
        (Kind.credential, required.credential_types),
    ):
        for code in codes:
            if not census.all_support(kind, code):
                return f"some member does not support {kind.name} type 0x{code:04x}"
    return None


@rule("APP-DATA-2", "extensions draft, negotiation")
def required_components_are_supported(subject: TreeSubject) -> str | None:
    """Every member lists the components that the group's app_components and safe_aad list."""
    data = find_extension(subject.extensions, ExtensionType.app_data_dictionary)
    required = {} if data is None else read_negotiation(data)
    for component, codes in required.items():
        for code in codes:
            if not subject.tree.census.all_support(COMPONENT_KINDS[component], code):
                where = ComponentID(component).name
                return f"some member does not list component 0x{code:04x} in {where}"
    return None


@rule("VAL-044", "7.3", also=("VAL-027", "VAL-045"))
def credential_types_are_supported(subject: TreeSubject) -> str | None:
    """Every member supports every credential type in use."""
    census = subject.tree.census
    for code in census.in_use:
        if not census.all_support(Kind.credential, code):
            return f"some member does not support credential type 0x{code:04x}"
    return None


@rule("VAL-046", "13.4", also=("VAL-125", "VAL-189", "VAL-221"))
def context_extensions_are_supported(subject: TreeSubject) -> str | None:
    """Every member supports every extension of the GroupContext."""
    census = subject.tree.census
    for each in subject.extensions:
        if not census.all_support(Kind.extension, each.extension_type):
            return f"some member does not support extension type 0x{each.extension_type:04x}"
    return None


@rule("VAL-047", "11.1")
def suite_and_version_are_supported(subject: TreeSubject) -> str | None:
    """Every member supports the group's cipher suite and protocol version."""
    census = subject.tree.census
    if not census.all_support(Kind.cipher_suite, subject.tree.suite.code):
        return f"some member does not list suite 0x{subject.tree.suite.code:04x}"
    if not census.all_support(Kind.version, ProtocolVersion.mls10):
        return "some member does not list version mls10"
    return None


@rule("VAL-048", "7.3")
def signature_keys_are_unique(subject: TreeSubject) -> str | None:
    """No two members have the same signature_key."""
    twice = subject.tree.keys.twice_signature
    return f"{len(twice)} key(s) stand twice" if twice else None


@rule("VAL-049", "7.3", also=("VAL-051", "VAL-072"))
def encryption_keys_are_unique(subject: TreeSubject) -> str | None:
    """No two nodes of the tree have the same encryption_key."""
    twice = subject.tree.keys.twice_encryption
    return f"{len(twice)} key(s) stand twice" if twice else None


UNIQUE_KEYS: Final = (signature_keys_are_unique, encryption_keys_are_unique)
"""What a commit can change even when nobody comes or goes."""

TREE: Final = (
    context_extensions_are_unique,
    context_extensions_are_not_grease,
    known_extensions_decode,
    required_capabilities_are_met,
    required_components_are_supported,
    credential_types_are_supported,
    context_extensions_are_supported,
    suite_and_version_are_supported,
    *UNIQUE_KEYS,
)
"""What the tree satisfies after every commit (VAL-144) and when joining."""


class ArraySubject(NamedTuple):
    """The array form of a tree, as it came."""

    nodes: tuple[Node | None, ...]
    suite: Suite

    def parents(self) -> Iterator[tuple[int, ParentNode]]:
        """(array index, parent node) of all that are not blank."""
        for index in range(1, len(self.nodes), 2):
            node = self.nodes[index]
            if type(node) is ParentNode:
                yield index, node


@rule("VAL-063", "12.4.3.3")
def last_node_is_not_blank(subject: ArraySubject) -> str | None:
    """The last node of a ratchet_tree extension is not blank."""
    return "it is blank" if not subject.nodes or subject.nodes[-1] is None else None


@rule("VAL-065", "12.4.3.3", also=("VAL-064",))
def nodes_stand_at_their_places(subject: ArraySubject) -> str | None:
    """Leaves stand at even places of a ratchet_tree, parents at odd ones."""
    for index, node in enumerate(subject.nodes):
        if node is not None and type(node) is not (ParentNode if index & 1 else LeafNode):
            return f"node {index}"
    return None if len(subject.nodes) & 1 else f"the length {len(subject.nodes)} is even"


@rule("VAL-013", "7.1", also=("VAL-076",))
def unmerged_leaves_are_sorted(subject: ArraySubject) -> str | None:
    """The unmerged_leaves of a parent node increase strictly."""
    for index, node in subject.parents():
        if any(one >= other for one, other in pairwise(node.unmerged_leaves)):
            return f"node {index}"
    return None


@rule("VAL-010", "5.1.1")
def parent_keys_are_valid(subject: ArraySubject) -> str | None:
    """The encryption_key of a parent node is a public key of the suite's KEM."""
    for index, node in subject.parents():
        try:
            subject.suite.check_hpke_public(node.encryption_key)
        except DecodeError as error:
            return f"node {index}: {error}"
    return None


ARRAY: Final = (
    last_node_is_not_blank,
    nodes_stand_at_their_places,
    unmerged_leaves_are_sorted,
    parent_keys_are_valid,
)
"""What the array form satisfies before a tree is made of it."""


@rule("VAL-070", "12.4.3.1", also=("VAL-071",))
def unmerged_leaves_are_below(subject: TreeSubject) -> str | None:
    """Unmerged leaves are non-blank leaves below, known to every node in between."""
    wrong = first_wrong_unmerged_leaf(subject.tree)
    return None if wrong is None else f"leaf {wrong[1]} at node {wrong[0]}"


@rule("VAL-067", "7.9.2", also=("VAL-068", "VAL-069"))
def parent_hashes_are_valid(subject: TreeSubject) -> str | None:
    """Every non-blank parent node is parent-hash valid."""
    wrong = first_invalid_parent(subject.tree)
    return None if wrong is None else f"node {wrong}"


@rule("VAL-078", "7.5")
def root_has_no_parent_hash(subject: TreeSubject) -> str | None:
    """The parent_hash of the root is empty, for nothing is above it."""
    node = subject.tree.node_at(subject.tree.size - 1)
    return "it is not" if isinstance(node, ParentNode) and node.parent_hash else None


JOINED_TREE: Final = (
    unmerged_leaves_are_below,
    parent_hashes_are_valid,
    root_has_no_parent_hash,
)
"""What a joiner checks over the whole tree besides TREE and its leaves (VAL-073, VAL-192)."""
