"""Which request wins: functions from what is known of a log, and a request, to a decision.

May import the protocol (:mod:`covey.access`) and nothing that does I/O: a store looks up what a
decision depends on, asks, and makes the decision so, in one transaction.

The order of the checks is that of the protocol. That the request is signed by the key of its
epoch has been seen before. Then comes the idem, so that a retry is answered as the first try
was, also when its epoch has closed since; then the epoch, so that whoever is too late learns of
the commit first; then the size and the quota. An epoch closes with its first commit, always:
there is no grace, and no flag that would tell one commit from another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.access import chain
from covey.access.refusals import Code
from covey.access.structs.log import Append, Create, Entry
from covey.broker.limits import FIRST_EPOCH

if TYPE_CHECKING:
    from covey.access.structs.heads import Position


class Log(NamedTuple):
    """What ordering needs to know of a group's log.

    Attributes:
        epoch: The current epoch, to which entries can be added.
        head: The last entry's place.
        floor: The oldest epoch that is still kept.
    """

    epoch: int
    head: Position
    floor: int


class Begun(NamedTuple):
    """What is remembered of how a log began.

    Attributes:
        digest: SHA-256 of the request that began it.
        start: The place before its first entry.
    """

    digest: bytes
    start: Position


class Admitted(NamedTuple):
    """A request to append whose signature fits its epoch's key.

    Attributes:
        request: What is asked for.
        digest: SHA-256 of the request as it was signed.
        limit: How many bytes its body may have.
        fault: Why it cannot be taken even if it comes in time; None if it can.
        access_key: The key that its signature fits, compared with that of the epoch; None where
            there is nothing to compare.
    """

    request: Append
    digest: bytes
    limit: int
    fault: Code | None = None
    access_key: bytes | None = None


class Earlier(NamedTuple):
    """An entry that was taken before, and the SHA-256 of the request for it."""

    position: Position
    digest: bytes


class Began(NamedTuple):
    """A log begins, or has begun by the same request before."""

    begun: Begun


class Taken(NamedTuple):
    """The entry is taken.

    Attributes:
        log: The log with it.
        entry: What is added.
        previous: The hash before it.
    """

    log: Log
    entry: Entry
    previous: bytes


class Repeated(NamedTuple):
    """The same was taken before, and this is its place."""

    position: Position


class Late(NamedTuple):
    """The epoch is closed; its commit is the answer."""

    epoch: int


class Refused(NamedTuple):
    """Nothing is done."""

    code: Code


def create(begun: Begun | None, request: Create, digest: bytes) -> Began | Refused:
    """Decide whether a log begins.

    Args:
        begun: How the log of this gid began, if there is one.
        request: What is asked for.
        digest: SHA-256 of the request as it was signed.
    """
    if request.epoch >= FIRST_EPOCH:
        return Refused(Code.malformed)
    if begun is None:
        return Began(Begun(digest, chain.start(request)))
    return Began(begun) if begun.digest == digest else Refused(Code.group_exists)


def append(
    log: Log, earlier: Earlier | None, admitted: Admitted
) -> Taken | Repeated | Late | Refused:
    """Decide whether an entry is taken.

    Args:
        log: The log.
        earlier: What was taken under the same idem, if anything was.
        admitted: What is asked for.
    """
    request = admitted.request
    if earlier is not None:
        same = earlier.digest == admitted.digest
        return Repeated(earlier.position) if same else Refused(Code.idem_mismatch)
    if (unknown := epoch_is_kept(log, request.epoch)) is not None:
        return Refused(unknown)
    if request.epoch < log.epoch:
        return Late(request.epoch)
    if len(request.body) > admitted.limit:
        return Refused(Code.too_large)
    if admitted.fault is not None:
        return Refused(admitted.fault)
    seq = log.head.seq + 1
    entry = Entry(seq, request.epoch, request.kind, request.idem, request.body)
    head = chain.link(log.head, request.gid, entry)
    epoch = log.epoch if request.next is None else log.epoch + 1
    return Taken(Log(epoch, head, log.floor), entry, log.head.hash)


def epoch_is_kept(log: Log, epoch: int) -> Code | None:
    """None when the log holds an epoch, otherwise the code that says why it does not."""
    if epoch > log.epoch:
        return Code.epoch_unknown
    return Code.gone if epoch < log.floor else None
