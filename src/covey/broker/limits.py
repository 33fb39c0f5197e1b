"""Limits that are the protocol's or the database's, not the operator's. May import nothing.

What an operator may set is in :mod:`covey.broker.config`.
"""

from __future__ import annotations

from typing import Final

KiB: Final = 1024
MiB: Final = 1024 * KiB

FIRST_EPOCH: Final = 2**62
"""A log begins with an epoch below this, so that all of them fit into a database's integer."""

BIGGEST: Final = 2**63 - 1
"""The largest integer of a database."""
