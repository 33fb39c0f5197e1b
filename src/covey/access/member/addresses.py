"""Where this protocol stands inside of MLS: three extensions of private use.

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
)
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode

T = TypeVar("T", bound=WireStruct)

EXTENSION_TYPES: Final = frozenset(int(code) for code in ExtensionCode)
"""What a client's policy lists, so that its KeyPackages are valid and groups can take it."""

_CODES: Final[dict[type[WireStruct], ExtensionCode]] = {
    InboxAddress: ExtensionCode.inbox_address,
    NoteSlot: ExtensionCode.note_slot,
    GroupCapabilities: ExtensionCode.capabilities,
}


def extension(value: InboxAddress | NoteSlot | GroupCapabilities) -> Extension:
    """The extension that holds one of the three."""
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
        DecodeError: The extension is there, and holds something else.
    """
    return _find(extensions, GroupCapabilities) or GroupCapabilities(())


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
