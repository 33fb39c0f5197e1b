"""Where this protocol stands inside of MLS: four extensions of private use.

May import the structs and the engine. A KeyPackage says where its pointer is to be left, a leaf
where notes for its member may be left, and the GroupContext which capabilities there are. None
of them holds a secret. A client that uses them hands :data:`EXTENSION_TYPES` to its policy,
``mls.Policy(extension_types=EXTENSION_TYPES)``, for leaves have to list what they carry and
what the groups carry that they are in (RFC 9420 §7.2, §13.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from covey.access.structs.extensions import (
    ExtensionCode,
    GroupCapabilities,
    InboxAddress,
    NoteSlot,
    Succession,
)
from covey.errors import DecodeError
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode

T = TypeVar("T", bound=WireStruct)

MOST_CAPABILITIES: Final = 128
"""How many a group has at most: each commit states all, and a broker takes no more than 256."""

MOST_EPOCHS: Final = 1 << 31
"""How many epochs a log has at most; the place of a branch is an epoch and a leaf in 63 bits."""

EXTENSION_TYPES: Final = frozenset(int(code) for code in ExtensionCode)
"""What a client's policy lists, so that its KeyPackages are valid and groups can take it."""

_CODES: Final[dict[type[WireStruct], ExtensionCode]] = {
    InboxAddress: ExtensionCode.inbox_address,
    NoteSlot: ExtensionCode.note_slot,
    GroupCapabilities: ExtensionCode.capabilities,
    Succession: ExtensionCode.succession,
}


def extension(value: InboxAddress | NoteSlot | GroupCapabilities | Succession) -> Extension:
    """The extension that holds one of the four."""
    return Extension(_CODES[type(value)], value.encode())


def inbox_of(package: KeyPackage) -> InboxAddress | None:
    """Where the pointer for a KeyPackage is to be left; None when it does not say.

    Raises:
        DecodeError: The extension is there, and is no InboxAddress.
    """
    return _find(package.extensions, InboxAddress)


def note_slot_of(leaf: LeafNode) -> NoteSlot | None:
    """Where notes for a member may be left; None when its leaf does not say.

    Raises:
        DecodeError: The extension is there, and is no NoteSlot.
    """
    return _find(leaf.extensions, NoteSlot)


def capabilities_of(extensions: Sequence[Extension]) -> GroupCapabilities:
    """The capabilities of a group, of its GroupContext extensions; empty when there are none.

    Raises:
        DecodeError: The extension is there, and holds something else, or one of them twice, or
            more than :data:`MOST_CAPABILITIES`.
    """
    found = _find(extensions, GroupCapabilities) or GroupCapabilities(())
    if len(found.capabilities) > MOST_CAPABILITIES:
        msg = f"a group has at most {MOST_CAPABILITIES} capabilities"
        raise DecodeError(msg)
    if len({each.key for each in found.capabilities}) < len(found.capabilities):
        msg = "the group would have the same capability twice"
        raise DecodeError(msg)
    return found


def with_capabilities(
    extensions: Sequence[Extension], capabilities: GroupCapabilities
) -> tuple[Extension, ...]:
    """The GroupContext extensions, with these capabilities in place of what there was.

    What every member has to support is among them, so that nobody can be added who would not
    understand the group: with ``Group.create(extensions=with_capabilities((), …))`` it begins.
    """
    ours = {ExtensionCode.capabilities, ExtensionType.required_capabilities}
    others = tuple(each for each in extensions if each.extension_type not in ours)
    return (requiring(extensions, EXTENSION_TYPES), *others, extension(capabilities))


def epochs_before(extensions: Sequence[Extension]) -> int:
    """How many epochs of the log are another group's, whose place this one took.

    Args:
        extensions: Of the GroupContext.

    Raises:
        DecodeError: The extension is there, and is no Succession.
    """
    found = _find(extensions, Succession)
    return 0 if found is None else found.epochs


def log_epoch(extensions: Sequence[Extension], epoch: int) -> int:
    """The number that the log has of an epoch of a group.

    Args:
        extensions: Of the GroupContext.
        epoch: The group's own number of it.

    Raises:
        DecodeError: The extension is there, and is no Succession; or no log has so many epochs.
    """
    found = epochs_before(extensions) + epoch
    if found >= MOST_EPOCHS:
        msg = f"a log has at most {MOST_EPOCHS} epochs, and this would be its epoch {found}"
        raise DecodeError(msg)
    return found


def first_group_id(group_id: bytes, extensions: Sequence[Extension]) -> bytes:
    """The group_id by which a group is known to who was away while it was moved.

    Args:
        group_id: The group's own.
        extensions: Of its GroupContext.

    Raises:
        DecodeError: The extension is there, and is no Succession.
    """
    found = _find(extensions, Succession)
    return group_id if found is None else found.first_group_id


def moved_on(group_id: bytes, extensions: Sequence[Extension], epoch: int) -> tuple[Extension, ...]:
    """The GroupContext extensions of the group that takes the place of one in its log.

    All is as it was: the doors, too, for who has opened them is known by its device, not its leaf.

    Args:
        group_id: Of the group whose place it takes.
        extensions: Of that group.
        epoch: The epoch of that group that the commit of the ReInit opens.

    Raises:
        DecodeError: They cannot be read.
    """
    before = _find(extensions, Succession) or Succession(group_id, 0)
    after = before.replace(epochs=before.epochs + epoch)
    others = (each for each in extensions if each.extension_type != ExtensionCode.succession)
    return (*others, extension(after))


def requiring(extensions: Sequence[Extension], needed: Iterable[int]) -> Extension:
    """The required_capabilities of a group, with further extension types among them (§11.1).

    Args:
        extensions: The group's.
        needed: The further types.
    """
    code = ExtensionType.required_capabilities
    given = next((each for each in extensions if each.extension_type == code), None)
    before = RequiredCapabilities((), (), ())
    if given is not None:
        before = RequiredCapabilities.decode(given.extension_data)
    types = sorted({*before.extension_types, *needed})
    return Extension(code, before.replace(extension_types=tuple(types)).encode())


def _find(extensions: Sequence[Extension], kind: type[T]) -> T | None:
    code = _CODES[kind]
    for each in extensions:
        if each.extension_type == code:
            return kind.decode(each.extension_data)
    return None
