"""Where a request comes from, as coarsely as quotas need it, and kept from everybody else.

May import nothing of covey. Of an address only its network counts (IPv4 /24, IPv6 /48: what
one customer of a provider commonly has), and of the network a keyed hash, whose key is made
anew by each process. It is never logged and never stored; it names a bucket.
"""

from __future__ import annotations

import hashlib
import secrets
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_V4: Final = 24  # bits of an IPv4 address that count
_V6: Final = 48  # bits of an IPv6 address that count
_SIZE: Final = 16  # bytes of a mark


class Prefixes:
    """Marks of networks, under the key of this process.

    Args:
        secret: The key; random by default.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secrets.token_bytes(32) if secret is None else secret

    def of(self, address: str | None) -> bytes:
        """The mark of an address's network (16 bytes).

        Args:
            address: An IPv4 or IPv6 address, with or without a zone. Anything else (a Unix
                socket has none, a proxy may write "unknown") is one network of its own.
        """
        return hashlib.blake2b(_network(address), digest_size=_SIZE, key=self._secret).digest()


def read(address: str | None) -> IPv4Address | IPv6Address | None:
    """An address without its zone, and as IPv4 if it is that in the guise of IPv6.

    Returns:
        The address, or None where there is none.
    """
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, as nobody else can reach it."""
    address = read(host.strip("[]"))
    return host == "localhost" or (address is not None and address.is_loopback)


def _network(address: str | None) -> bytes:
    """The network of an address, as bytes; none are those of no address."""
    found = read(address)
    if found is None:
        return b""
    if isinstance(found, IPv4Address):
        return b"4" + found.packed[: _V4 // 8]
    return b"6" + found.packed[: _V6 // 8]
