"""Every family of vectors of the access protocol. May import :mod:`.generate`."""

from __future__ import annotations

from typing import Final

from covey.lab.conformance.access.generate import basics, joining, logs
from covey.lab.conformance.generate.written import Written

WRITTEN: Final = Written(
    without_suite={
        "access-structs": basics.structs,
        "access-signatures": basics.signatures,
        "access-handles": basics.handles,
        "access-links": basics.links_,
        "access-envelopes": logs.sealed,
        "access-chain": logs.chains,
        "access-heads": logs.heads,
        "access-parcels": joining.sealed_parcels,
    },
    for_each_suite={
        "access-epochs": logs.epochs,
        "access-pointers": joining.pointed,
        "access-knocks": joining.knocked,
        "access-notes": joining.noted,
    },
)
"""The families."""
