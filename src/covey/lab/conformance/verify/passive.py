"""A client that joins a group and follows it (RFC 9420 §12.4).

May import the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case


def passive_client(case: Case) -> None:
    """Join by a Welcome, then process every commit with its proposals."""
    raise NotImplementedError
