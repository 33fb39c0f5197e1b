"""What one process plays: groups, clients that wait for a Welcome, external signers.

May import :mod:`covey.mls`. Every thing has a number; states, transactions, reinits and signers
share one sequence, since a PSK may be stored for a state or for a transaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from covey import mls
from covey.lab.interop.service.policy import InteropPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class UnknownNumberError(LookupError):
    """A request names something that is not there."""


@dataclass
class Playing:
    """A member in a group.

    Attributes:
        group: Its view of the group.
        member: Who it is.
        psks: The external PSKs that were stored for it.
        references: The ProposalRefs of its own proposals, by their MLSMessage.
    """

    group: mls.Group
    member: mls.Member
    psks: mls.MemoryPsks
    references: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """A client that has published a KeyPackage, and waits for a Welcome."""

    member: mls.Member
    package: mls.PrivateKeyPackage
    psks: mls.MemoryPsks


@dataclass(frozen=True)
class Continuing:
    """A member of a group that a ReInit has ended, and who it will be in the next one."""

    old: Playing
    waiting: Waiting


@dataclass(frozen=True)
class Certified:
    """What X.509 credential an identity has."""

    chain: Sequence[bytes]
    signer: bytes


class Desk:
    """All that one process plays."""

    def __init__(self) -> None:
        self.groups: Final[dict[int, Playing]] = {}
        self.waiting: Final[dict[int, Waiting]] = {}
        self.continuing: Final[dict[int, Continuing]] = {}
        self.signers: Final[dict[int, mls.Member]] = {}
        self.certified: Final[dict[tuple[bytes, int], Certified]] = {}
        self.roots: Final[list[bytes]] = []
        self._numbers = count(1)

    def file(self, drawer: dict[int, T], thing: T) -> int:
        """Put a thing into one of the drawers; returns its number."""
        number = next(self._numbers)
        drawer[number] = thing
        return number

    def playing(self, state_id: int) -> Playing:
        """The member of a state id."""
        return _in(self.groups, state_id, "state_id")

    def client(self, identity: bytes, suite: int) -> mls.Member:
        """A client with fresh keys, or with the certificate that it has been given."""
        policy = InteropPolicy(trust_anchors=tuple(self.roots))
        certified = self.certified.get((identity, suite))
        if certified is None:
            return mls.Member.basic(identity, suite, policy=policy)
        return mls.Member.x509(certified.chain, certified.signer, suite, policy=policy)

    def wait(self, member: mls.Member) -> Waiting:
        """A client with a fresh KeyPackage."""
        return Waiting(member, member.key_package(now=int(time.time())), mls.MemoryPsks())

    def waiting_client(self, transaction_id: int) -> Waiting:
        """The client of a transaction; once it has joined, its KeyPackage is used up (§10)."""
        return _in(self.waiting, transaction_id, "transaction_id")

    def continuing_member(self, reinit_id: int) -> Continuing:
        """The member of a reinit id, until it is in the next group."""
        return _in(self.continuing, reinit_id, "reinit_id")

    def signer(self, signer_id: int) -> mls.Member:
        """The external signer of a signer id."""
        return _in(self.signers, signer_id, "signer_id")

    def psks(self, number: int) -> mls.MemoryPsks:
        """The PSKs of a state or a transaction."""
        if number in self.waiting:
            return self.waiting[number].psks
        return _in(self.groups, number, "state_or_transaction_id").psks


def _in(drawer: dict[int, T], number: int, name: str) -> T:
    if number not in drawer:
        msg = f"there is no {name} {number} here; it may have been freed or used up"
        raise UnknownNumberError(msg)
    return drawer[number]
