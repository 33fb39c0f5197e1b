"""How large and how many: the broker's limits, served at a well-known address.

May import the broker's messages.
"""

from __future__ import annotations

from typing import Final

from covey.broker.messages import Kind

KiB: Final = 1024
MiB: Final = 1024 * KiB

BODY: Final = {Kind.other: 64 * KiB, Kind.commit: 16 * MiB}
"""Bytes of a log entry's body. Application messages are small, handshakes need not be."""

WELCOME: Final = 16 * MiB
"""Bytes of a message to an inbox."""

KEY_PACKAGE: Final = 64 * KiB
"""Bytes of a KeyPackage."""

KEY_PACKAGES: Final = 200
"""KeyPackages that wait in one inbox, and in one request."""

WAITING: Final = 1_000
"""Messages that wait in one inbox."""

WAIT: Final = 25_000
"""Milliseconds that a reader is kept waiting for something new."""

PAGE_ENTRIES: Final = 256
"""Entries in one answer to a reader."""

PAGE_BYTES: Final = 4 * MiB
"""Bytes of entries in one answer; the first entry is always in it."""

FIRST_EPOCH: Final = 2**62
"""A log begins with an epoch below this, so that all of them fit into a database's integer."""


def served() -> dict[str, int]:
    """The limits as operators and clients read them, in bytes, counts and milliseconds."""
    return {
        "application_message": BODY[Kind.other],
        "handshake_message": BODY[Kind.commit],
        "welcome": WELCOME,
        "key_package": KEY_PACKAGE,
        "key_packages": KEY_PACKAGES,
        "waiting": WAITING,
        "wait": WAIT,
    }
