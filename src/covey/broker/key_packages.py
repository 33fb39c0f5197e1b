"""What the broker reads in a KeyPackage before it hands it to others (RFC 9420 §10).

May import structs. Not checked here: the signature and the credential, which concern those
who claim it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from covey.broker.limits import KEY_PACKAGE
from covey.broker.refusals import Code, refused
from covey.errors import DecodeError
from covey.mls.structs.extensions import AppDataDictionary
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.code_points import ExtensionType, ProtocolVersion

_LAST_RESORT_COMPONENT: Final = 0x0004  # ComponentID of draft-ietf-mls-extensions


class Offer(NamedTuple):
    """A KeyPackage to be handed out.

    Attributes:
        message: The MLSMessage.
        cipher_suite: Of its keys.
        not_after: The end of its lifetime, in seconds since the epoch.
        last_resort: Whether it may be handed out more than once.
    """

    message: bytes
    cipher_suite: int
    not_after: int
    last_resort: bool


def offer(message: bytes, now: int) -> Offer:
    """Read a KeyPackage.

    Args:
        message: The MLSMessage that holds it.
        now: Seconds since the epoch.

    Raises:
        BrokerError: ``too_large``, or ``bad_key_package`` when it is none or has expired.
    """
    if len(message) > KEY_PACKAGE:
        raise refused(Code.too_large)
    try:
        decoded = MLSMessage.decode(message)
        package = decoded.message
        if not isinstance(package, KeyPackage) or decoded.version != ProtocolVersion.mls10:
            raise refused(Code.bad_key_package)
        last_resort = _is_last_resort(package)
    except DecodeError:
        raise refused(Code.bad_key_package) from None
    lifetime = package.leaf_node.lifetime
    if lifetime is None or not now <= lifetime.not_after < 2**63:
        raise refused(Code.bad_key_package)
    return Offer(message, package.cipher_suite, lifetime.not_after, last_resort)


def _is_last_resort(package: KeyPackage) -> bool:
    for extension in package.extensions:
        if extension.extension_type == ExtensionType.last_resort:
            return True
        if extension.extension_type == ExtensionType.app_data_dictionary:
            dictionary = AppDataDictionary.decode(extension.extension_data)
            components = {each.component_id for each in dictionary.component_data}
            if _LAST_RESORT_COMPONENT in components:
                return True
    return False
