"""What a runner sees of a group by itself: who is in it, with which keys and extensions.

May import the structs and the tree of :mod:`covey.mls`. Clients could agree about a commit that
leaves out what was asked for; so after each epoch one of them is asked for a GroupInfo (RFC 9420
§12.4.3), and that is compared with what should have happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.errors import CoveyError
from covey.lab.interop.service.policy import is_named
from covey.mls.group.external import decode_group_info
from covey.mls.group.peeking import peek
from covey.mls.structs.tree import LeafNode, RatchetTreeNodes
from covey.mls.wire.code_points import ExtensionType, LeafNodeSource, WireFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.lab.interop.play.answers import Published
    from covey.mls.structs.schedule import GroupContext


class DisagreementError(CoveyError):
    """Clients do not agree, or have not done what they were asked to."""


class Seen(NamedTuple):
    """A group in one epoch, as a GroupInfo shows it."""

    context: GroupContext
    leaves: tuple[LeafNode, ...]
    carries_tree: bool

    def leaf(self, name: bytes) -> LeafNode:
        """The leaf of a member.

        Raises:
            DisagreementError: There is not exactly one of that name.
        """
        found = [each for each in self.leaves if is_named(each.credential, name)]
        if len(found) != 1:
            msg = f"{len(found)} leaves are called {name!r} in epoch {self.context.epoch}"
            raise DisagreementError(msg)
        return found[0]


def seen(published: Published) -> Seen:
    """What a GroupInfo shows; its tree in it, or beside it."""
    info = decode_group_info(published.group_info)
    carried = [
        each.extension_data
        for each in info.extensions
        if each.extension_type == ExtensionType.ratchet_tree
    ]
    nodes = RatchetTreeNodes.decode(carried[0] if carried else published.ratchet_tree)
    leaves = tuple(each for each in nodes.ratchet_tree if isinstance(each, LeafNode))
    return Seen(info.group_context, leaves, bool(carried))


def require_members(found: Seen, names: Iterable[bytes]) -> None:
    """Exactly these are members.

    Raises:
        DisagreementError: Somebody is missing, or too many are there.
    """
    expected = list(names)
    for name in expected:
        found.leaf(name)
    if len(found.leaves) != len(expected):
        msg = f"the tree has {len(found.leaves)} members, {len(expected)} are in the group"
        raise DisagreementError(msg)


def require_group(
    found: Seen, group_id: bytes, suite: int, epoch: int, extensions: Sequence[tuple[int, bytes]]
) -> None:
    """The GroupContext is what it should be (§8.1).

    Raises:
        DisagreementError: It is not.
    """
    context = found.context
    there = [(each.extension_type, each.extension_data) for each in context.extensions]
    for what, has, should in (
        ("group_id", context.group_id, group_id),
        ("cipher suite", context.cipher_suite, suite),
        ("epoch", context.epoch, epoch),
        ("list of extensions", there, list(extensions)),
    ):
        if has != should:
            msg = f"the group's {what} is {has!r}, and should be {should!r}"
            raise DisagreementError(msg)


def require_path(found: Seen, name: bytes) -> None:
    """The last commit of a member brought a path: its leaf is from a commit (§7.2).

    Raises:
        DisagreementError: It is not.
    """
    if found.leaf(name).leaf_node_source is not LeafNodeSource.commit:
        msg = f"the commit of {name.decode()} has no path"
        raise DisagreementError(msg)


def require_new_key(before: Seen, after: Seen, name: bytes) -> None:
    """A member has another encryption key than before.

    Raises:
        DisagreementError: It has the same.
    """
    if before.leaf(name).encryption_key == after.leaf(name).encryption_key:
        msg = f"{name.decode()} has the same key as before"
        raise DisagreementError(msg)


def require_form(message: bytes, *, encrypted: bool) -> None:
    """A handshake is sent in the form that was asked for (§6).

    Raises:
        DisagreementError: It is in the other.
    """
    expected = WireFormat.mls_private_message if encrypted else WireFormat.mls_public_message
    found = peek(message).wire_format
    if found != expected:
        msg = f"a handshake was sent as {found.name}, not as {expected.name}"
        raise DisagreementError(msg)
