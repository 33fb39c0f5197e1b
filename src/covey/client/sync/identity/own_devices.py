"""Which key the other devices of a person have in groups, as far as this one knows for itself.

May import the settings. A broker knows the devices of an account, and says which KeyPackages are
whose: so it could name the wrong one where a device is to be removed. Who adds a device has read
both of its keys from that device itself, and keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows

_KNOWN: Final = "device "


def keep(rows: Rows, device: bytes, signature_key: bytes) -> None:
    """Keep what a device has said of itself.

    Args:
        rows: The transaction.
        device: Its key in the account.
        signature_key: Its first one in groups.
    """
    settings.put(rows, f"{_KNOWN}{device.hex()}", signature_key)


def known(rows: Rows) -> dict[bytes, bytes]:
    """The first signature keys, by the keys in the account."""
    found = settings.beginning(rows, _KNOWN)
    return {bytes.fromhex(name.removeprefix(_KNOWN)): value for name, value in found}


def drop(rows: Rows, device: bytes) -> None:
    """Forget a device: it is in no group any more."""
    settings.drop(rows, f"{_KNOWN}{device.hex()}")
