"""The registries of RFC 9420 §17 and the closed enums of its structs.

May import nothing of covey. Open registries are plain integers on the wire, so unknown
and GREASE values (§13.5) survive a round trip; the classes here only name the known ones.
Closed enums are one byte, and the compiler refuses any other value (VAL-007).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ProtocolVersion(IntEnum):
    """Versions of MLS (§6); an open registry."""

    mls10 = 1


class CipherSuite(IntEnum):
    """Cipher suites (§17.1); an open registry."""

    MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 = 0x0001
    MLS_128_DHKEMP256_AES128GCM_SHA256_P256 = 0x0002
    MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 = 0x0003
    MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448 = 0x0004
    MLS_256_DHKEMP521_AES256GCM_SHA512_P521 = 0x0005
    MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448 = 0x0006
    MLS_256_DHKEMP384_AES256GCM_SHA384_P384 = 0x0007


class WireFormat(IntEnum):
    """Wire formats (§17.2); an open registry."""

    mls_public_message = 0x0001
    mls_private_message = 0x0002
    mls_welcome = 0x0003
    mls_group_info = 0x0004
    mls_key_package = 0x0005


class ExtensionType(IntEnum):
    """Extension types (§17.3, and the extensions draft); an open registry."""

    application_id = 0x0001
    ratchet_tree = 0x0002
    required_capabilities = 0x0003
    external_pub = 0x0004
    external_senders = 0x0005
    app_data_dictionary = 0x0006
    last_resort = 0x000A


class ProposalType(IntEnum):
    """Proposal types (§17.4, and the extensions draft); an open registry."""

    add = 0x0001
    update = 0x0002
    remove = 0x0003
    psk = 0x0004
    reinit = 0x0005
    external_init = 0x0006
    group_context_extensions = 0x0007
    app_data_update = 0x0008
    app_ephemeral = 0x0009
    self_remove = 0x000A


class ComponentID(IntEnum):
    """Components of an application (the extensions draft); an open registry."""

    app_components = 0x0001
    safe_aad = 0x0002
    content_media_types = 0x0003
    last_resort_key_package = 0x0004
    app_ack = 0x0005


class CredentialType(IntEnum):
    """Credential types (§17.5); an open registry."""

    basic = 0x0001
    x509 = 0x0002


class ContentType(IntEnum):
    """What a FramedContent holds (§6); closed."""

    application = 1
    proposal = 2
    commit = 3


class SenderType(IntEnum):
    """Who sent a FramedContent (§6); closed."""

    member = 1
    external = 2
    new_member_proposal = 3
    new_member_commit = 4


class LeafNodeSource(IntEnum):
    """How a leaf came into the tree (§7.2); closed."""

    key_package = 1
    update = 2
    commit = 3


class NodeType(IntEnum):
    """The kinds of tree nodes (§7.8); closed."""

    leaf = 1
    parent = 2


class PSKType(IntEnum):
    """Where a pre-shared key comes from (§8.4); closed."""

    external = 1
    resumption = 2


class ResumptionPSKUsage(IntEnum):
    """What a resumption PSK is used for (§8.4); closed."""

    application = 1
    reinit = 2
    branch = 3


class AppDataUpdateOperation(IntEnum):
    """What becomes of a component's data (the extensions draft); closed."""

    update = 1
    remove = 2


class ProposalOrRefType(IntEnum):
    """Whether a commit holds a proposal or refers to it (§12.4); closed."""

    proposal = 1
    reference = 2


DEFAULT_EXTENSION_TYPES: Final = frozenset(range(0x0001, 0x0006))
"""Extension types that every client supports and none may list (§7.2)."""

DEFAULT_PROPOSAL_TYPES: Final = frozenset(range(0x0001, 0x0008))
"""Proposal types that every client supports and none may list (§7.2)."""

GREASE: Final = tuple(high << 12 | 0xA00 | high << 4 | 0xA for high in range(15))
"""0x0A0A, 0x1A1A … 0xEAEA: values that a sender mixes in and a receiver ignores (§13.5)."""

COMPONENT_GREASE: Final = GREASE[:8]
"""0x0A0A … 0x7A7A: the same for components (the extensions draft)."""
