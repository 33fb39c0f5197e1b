"""What the broker reads in a KeyPackage before it hands it to others (RFC 9420 §10).

May import the protocol and the engine's structs. Not checked here: the signature and the
credential, which concern those who claim it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.extensions import ExtensionCode, InboxAddress
from covey.broker.hours import HOUR, hour_of
from covey.errors import DecodeError, UnsupportedError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.key_package import KeyPackage, is_last_resort
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.code_points import ProtocolVersion

_TOLERANCE: Final = 1 * HOUR  # by which a client's clock may differ


class Offer(NamedTuple):
    """A KeyPackage to be handed out.

    Attributes:
        message: The MLSMessage.
        ref: Its KeyPackageRef (Nh bytes).
        inbox: Where a pointer for it is to be left.
        cipher_suite: Of its keys.
        not_after: The last hour of its lifetime, in hours since the epoch.
        last_resort: Whether it may be handed out more than once.
    """

    message: bytes
    ref: bytes
    inbox: bytes
    cipher_suite: int
    not_after: int
    last_resort: bool


class Terms(NamedTuple):
    """What a KeyPackage has to keep to.

    Attributes:
        broker_id: Of the broker that its inbox has to be at.
        size: Bytes of the MLSMessage, at most.
        lifetime: Seconds that are left of its lifetime, at most.
        now: Seconds since the epoch.
    """

    broker_id: bytes
    size: int
    lifetime: int
    now: int


def offer(message: bytes, terms: Terms) -> Offer:
    """Read a KeyPackage.

    Args:
        message: The MLSMessage that holds it.
        terms: What it has to keep to.

    Raises:
        BrokerError: ``too_large``; or ``bad_key_package``: it is none, of a suite that is not
            known, not alive yet or not any more, lives too long, or names no inbox here.
    """
    if len(message) > terms.size:
        raise refused(Code.too_large)
    try:
        package = _key_package(message)
        extensions = {each.extension_type: each.extension_data for each in package.extensions}
        address = InboxAddress.decode(extensions[ExtensionCode.inbox_address])
        last_resort = is_last_resort(package)
        suite = get_suite(package.cipher_suite)
    except (DecodeError, KeyError, UnsupportedError):
        raise refused(Code.bad_key_package) from None
    lifetime = package.leaf_node.lifetime
    if lifetime is None or address.broker_id != terms.broker_id:
        raise refused(Code.bad_key_package)
    left = lifetime.not_after - terms.now
    begun = lifetime.not_before <= terms.now + _TOLERANCE
    if not (begun and 0 <= left <= terms.lifetime + _TOLERANCE):
        raise refused(Code.bad_key_package)
    return Offer(
        message,
        suite.ref_hash("MLS 1.0 KeyPackage Reference", package.encode()),
        address.inbox,
        package.cipher_suite,
        hour_of(lifetime.not_after),
        last_resort,
    )


def _key_package(message: bytes) -> KeyPackage:
    decoded = MLSMessage.decode(message)
    package = decoded.message
    if not isinstance(package, KeyPackage) or decoded.version != ProtocolVersion.mls10:
        raise refused(Code.bad_key_package)
    return package
