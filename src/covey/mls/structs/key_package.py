"""RFC 9420 §10: key packages. Data only; may import the wire layer and the tree's structs."""

from __future__ import annotations

from typing import ClassVar

from covey.mls.structs.components import app_data
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import LeafNode
from covey.mls.wire.code_points import ComponentID, ExtensionType, WireFormat
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16


class KeyPackage(WireStruct):
    """What a client publishes so that others can add it to a group (§10).

    struct {
        ProtocolVersion version;
        CipherSuite cipher_suite;
        HPKEPublicKey init_key;
        LeafNode leaf_node;
        Extension extensions<V>;
        opaque signature<V>;
    } KeyPackage;
    """

    tag: ClassVar[int] = WireFormat.mls_key_package

    version: uint16
    cipher_suite: uint16
    init_key: opaque
    leaf_node: LeafNode
    extensions: tuple[Extension, ...]
    signature: opaque
    raw: bytes = b""


def is_last_resort(package: KeyPackage) -> bool:
    """Whether a KeyPackage may be used more than once (extensions draft, ERR-12).

    It says so by the component, or as older drafts had it, by an extension of its own.

    Raises:
        DecodeError: Its ``app_data_dictionary`` is none.
    """
    if any(each.extension_type == ExtensionType.last_resort for each in package.extensions):
        return True
    return ComponentID.last_resort_key_package in app_data(package.extensions)
