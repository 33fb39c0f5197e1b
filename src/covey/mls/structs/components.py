"""draft-ietf-mls-extensions: what the components of an application put into MLS.

Data only, and its reading from a list of extensions; may import the wire layer and the extensions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import ComponentID, ExtensionType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BASE_LABEL: Final = b"MLS Component"
"""The ``base_label`` of every ComponentOperationLabel."""


class ComponentOperationLabel(WireStruct):
    """The label of an operation that a component makes with a key of MLS (extensions draft).

    struct {
        opaque base_label<V>;
        ComponentID component_id;
        opaque label<V>;
    } ComponentOperationLabel;
    """

    base_label: opaque
    component_id: uint16
    label: opaque


def component_label(component_id: int, label: str) -> bytes:
    """The label by which a component signs and encrypts with MLS keys (extensions draft).

    ``sign_with_label`` with it is SafeSignWithLabel, and so on: what one component has signed or
    encrypted counts for no other component, nor for MLS.
    """
    return ComponentOperationLabel(BASE_LABEL, component_id, label.encode()).encode()


class ComponentData(WireStruct):
    """One entry of ``app_data_dictionary`` (extensions draft).

    struct {
        ComponentID component_id;
        opaque data<V>;
    } ComponentData;
    """

    component_id: uint16
    data: opaque


class AppDataDictionary(WireStruct):
    """Data of ``app_data_dictionary``; its components increase (extensions draft).

    struct {
        ComponentData component_data<V>;
    } AppDataDictionary;
    """

    component_data: tuple[ComponentData, ...]


class ComponentsList(WireStruct):
    """Data of the components ``app_components`` and ``safe_aad`` (extensions draft).

    struct {
        ComponentID component_ids<V>;
    } ComponentsList;
    """

    component_ids: tuple[uint16, ...]


class SafeAADItem(WireStruct):
    """What one component says beside a message (extensions draft).

    struct {
        ComponentID component_id;
        opaque aad_item_data<V>;
    } SafeAADItem;
    """

    component_id: uint16
    aad_item_data: opaque


class SafeAAD(WireStruct):
    """The whole ``authenticated_data`` where a group has ``safe_aad``; its components increase.

    struct {
        SafeAADItem aad_items<V>;
    } SafeAAD;
    """

    aad_items: tuple[SafeAADItem, ...]


def increase(items: Sequence[ComponentData | SafeAADItem]) -> bool:
    """Whether items are sorted by component, with at most one for each."""
    ids = [each.component_id for each in items]
    return all(one < other for one, other in pairwise(ids))


def read_app_data(data: bytes) -> dict[int, bytes]:
    """The entries of an encoded AppDataDictionary, by component, in ascending order.

    Raises:
        DecodeError: It is none, or its entries are not sorted, or a component stands twice.
    """
    entries = AppDataDictionary.decode(data).component_data
    if not increase(entries):
        msg = "AppDataDictionary: its component_ids do not increase"
        raise DecodeError(msg)
    return {each.component_id: each.data for each in entries}


def read_negotiation(data: bytes) -> dict[int, tuple[int, ...]]:
    """What the dictionary of a leaf or a GroupContext lists under ``app_components``, ``safe_aad``.

    Raises:
        DecodeError: It is no dictionary, or something else stands under one of the two.
    """
    entries = read_app_data(data)
    return {
        each: ComponentsList.decode(entries[each]).component_ids
        for each in (ComponentID.app_components, ComponentID.safe_aad)
        if each in entries
    }


def app_data(extensions: Iterable[Extension]) -> dict[int, bytes]:
    """What ``app_data_dictionary`` holds among some extensions, by component; {} without one.

    Raises:
        DecodeError: It is no dictionary.
    """
    for each in extensions:
        if each.extension_type == ExtensionType.app_data_dictionary:
            return read_app_data(each.extension_data)
    return {}


def has_safe_aad(extensions: Iterable[Extension]) -> bool:
    """Whether a group with these extensions frames ``authenticated_data`` as SafeAAD."""
    return ComponentID.safe_aad in app_data(extensions)


def read_safe_aad(data: bytes) -> dict[int, bytes]:
    """What an encoded SafeAAD says, by component.

    Raises:
        DecodeError: It is none, or its items are not sorted, or a component stands twice.
    """
    items = SafeAAD.decode(data).aad_items
    if not increase(items):
        msg = "SafeAAD: its component_ids do not increase"
        raise DecodeError(msg)
    return {each.component_id: each.aad_item_data for each in items}


def with_app_data(
    extensions: Iterable[Extension], entries: Mapping[int, bytes]
) -> tuple[Extension, ...]:
    """The extensions with these entries as their ``app_data_dictionary``.

    It stands where the one before it stood, else at the end.
    """
    data = AppDataDictionary(
        tuple(ComponentData(each, entries[each]) for each in sorted(entries))
    ).encode()
    made = Extension(ExtensionType.app_data_dictionary, data)
    kept = tuple(extensions)
    if all(each.extension_type != made.extension_type for each in kept):
        return (*kept, made)
    return tuple(made if each.extension_type == made.extension_type else each for each in kept)
