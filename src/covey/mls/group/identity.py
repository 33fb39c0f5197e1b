"""What a credential identifies (RFC 9420 §5.3). May import crypto and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.crypto import x509
from covey.mls.structs.credentials import BasicCredential, X509Credential

if TYPE_CHECKING:
    from covey.mls.structs.credentials import Credential


def identity(credential: Credential) -> bytes:
    """The identity of a basic credential; the DER subject of an X.509 end entity.

    Raises:
        DecodeError: The end entity is no certificate.
    """
    if isinstance(credential, BasicCredential):
        return credential.identity
    if isinstance(credential, X509Credential):
        return x509.subject(credential.certificates[0].cert_data)
    return credential.data
