"""What a credential identifies (RFC 9420 §5.3). May import crypto and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.crypto import x509
from covey.mls.structs.credentials import BasicCredential, X509Credential

if TYPE_CHECKING:
    from covey.mls.structs.credentials import Credential

_EMPTY: Final = "the chain of the X.509 credential is empty"


def identity(credential: Credential) -> bytes:
    """The identity of a basic credential; the DER subject of an X.509 end entity.

    Raises:
        DecodeError: The end entity is no certificate, or there is none.
    """
    if isinstance(credential, BasicCredential):
        return credential.identity
    if isinstance(credential, X509Credential):
        if not credential.certificates:
            raise DecodeError(_EMPTY).of(rule="VAL-015", section="5.3")
        return x509.subject(credential.certificates[0].cert_data)
    return credential.data
