"""RFC 9420 §13.4: extensions, and the data of those that the RFC defines.

Data only; may import the wire layer and the credentials.
"""

from __future__ import annotations

from covey.mls.structs.credentials import Credential
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16


class Extension(WireStruct):
    """One extension of any type (§7.2).

    struct {
        ExtensionType extension_type;
        opaque extension_data<V>;
    } Extension;
    """

    extension_type: uint16
    extension_data: opaque


class ApplicationId(WireStruct):
    """Data of ``application_id`` (§5.3.3); not authenticated by anyone (VAL-026).

    opaque application_id<V>;
    """

    application_id: opaque


class RequiredCapabilities(WireStruct):
    """Data of ``required_capabilities`` (§11.1).

    struct {
        ExtensionType extension_types<V>;
        ProposalType proposal_types<V>;
        CredentialType credential_types<V>;
    } RequiredCapabilities;
    """

    extension_types: tuple[uint16, ...]
    proposal_types: tuple[uint16, ...]
    credential_types: tuple[uint16, ...]


class ExternalPub(WireStruct):
    """Data of ``external_pub`` (§12.4.3.2).

    struct {
        HPKEPublicKey external_pub;
    } ExternalPub;
    """

    external_pub: opaque


class ExternalSender(WireStruct):
    """Somebody outside who may send proposals (§12.1.8.1).

    struct {
        SignaturePublicKey signature_key;
        Credential credential;
    } ExternalSender;
    """

    signature_key: opaque
    credential: Credential


class ExternalSenders(WireStruct):
    """Data of ``external_senders`` (§12.1.8.1).

    ExternalSender external_senders<V>;
    """

    external_senders: tuple[ExternalSender, ...]
