"""RFC 9420 §5.3: credentials. Data only; may import the wire layer."""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.mls.wire.code_points import CredentialType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Tagged, opaque, uint16


class Certificate(WireStruct):
    """One DER-encoded X.509 certificate (§5.3).

    struct {
        opaque cert_data<V>;
    } Certificate;
    """

    cert_data: opaque


class BasicCredential(WireStruct):
    """The ``basic`` arm of Credential (§5.3): a bare assertion of an identity."""

    tag: ClassVar[int] = CredentialType.basic

    identity: opaque


class X509Credential(WireStruct):
    """The ``x509`` arm of Credential (§5.3): a chain, the end entity first."""

    tag: ClassVar[int] = CredentialType.x509

    certificates: tuple[Certificate, ...]


class UnknownCredential(WireStruct):
    """A credential of a type that covey does not know, kept as it came.

    RFC 9420 gives no length to the content of an unknown type. The convention of the
    stacks in use is one ``opaque data<V>``; anything else is a DecodeError.
    """

    credential_type: uint16
    data: opaque


Credential = Annotated[
    BasicCredential | X509Credential | UnknownCredential, Tagged(2, other=UnknownCredential)
]
"""The identity of a member (§5.3).

struct {
    CredentialType credential_type;
    select (Credential.credential_type) {
        case basic: opaque identity<V>;
        case x509:  Certificate certificates<V>;
    };
} Credential;
"""


def credential_type(credential: Credential) -> int:
    """The ``credential_type`` of a Credential."""
    if isinstance(credential, UnknownCredential):
        return credential.credential_type
    return credential.tag
