"""Which request wins: functions from what is known of a log, and a request, to a decision.

May import the broker's messages, limits and codes. Nothing here does I/O: a store looks up
what a decision depends on, asks, and makes the decision so, in one transaction.

The order of the checks is that of the protocol. The idem comes before the epoch, so that a
retry is answered as the first try was, also when its epoch has closed since; the epoch comes
before the size, so that whoever is too late learns of the commit first. An epoch closes with
its first commit, always: there is no grace, and no flag that would tell one commit from
another.
"""

from __future__ import annotations

from typing import NamedTuple

from covey.broker.limits import BODY, FIRST_EPOCH
from covey.broker.messages import Append, Create, Entry, Kind, Read
from covey.broker.refusals import Code


class Log(NamedTuple):
    """What ordering needs to know of a group's log.

    Attributes:
        epoch: The current epoch, to which entries can be added.
        seq: The number of the last entry; 0 when there is none.
        idem: Under which the log was created.
        first_epoch: The epoch that it began with.
    """

    epoch: int
    seq: int
    idem: bytes
    first_epoch: int


class Began(NamedTuple):
    """A log begins, or has begun by the same request before."""

    log: Log


class Taken(NamedTuple):
    """The entry is taken, and the log is then as given."""

    log: Log
    entry: Entry


class Repeated(NamedTuple):
    """The same was taken before, under this number."""

    seq: int


class Late(NamedTuple):
    """The epoch is closed; its commit is the answer."""

    epoch: int


class Allowed(NamedTuple):
    """The entries of an epoch can be read; ``closed`` when no more will come."""

    closed: bool


class Refused(NamedTuple):
    """Nothing is done."""

    code: Code


def create(log: Log | None, request: Create) -> Began | Refused:
    """Decide whether a log begins.

    Args:
        log: The log of this gid, if there is one.
        request: What is asked for.
    """
    if request.epoch >= FIRST_EPOCH:
        return Refused(Code.bad_request)
    if log is None:
        return Began(Log(request.epoch, 0, request.idem, request.epoch))
    if log.idem != request.idem:
        return Refused(Code.group_exists)
    if log.first_epoch != request.epoch:
        return Refused(Code.idem_mismatch)
    return Began(log)


def append(
    log: Log | None, earlier: Entry | None, request: Append
) -> Taken | Repeated | Late | Refused:
    """Decide whether an entry is taken.

    Args:
        log: The log of this gid, if there is one.
        earlier: The entry that was taken under the same idem, if there is one.
        request: What is asked for.
    """
    if log is None:
        return Refused(Code.group_unknown)
    if earlier is not None:
        return _again(earlier, request)
    if not log.first_epoch <= request.epoch <= log.epoch:
        return Refused(Code.epoch_unknown)
    if request.epoch < log.epoch:
        return Late(request.epoch)
    if len(request.body) > BODY[request.kind]:
        return Refused(Code.too_large)
    entry = Entry(log.seq + 1, request.epoch, request.kind, request.idem, request.body)
    epoch = log.epoch + 1 if request.kind is Kind.commit else log.epoch
    return Taken(log._replace(epoch=epoch, seq=entry.seq), entry)


def read(log: Log | None, request: Read) -> Allowed | Refused:
    """Decide whether the entries of an epoch can be read."""
    if log is None:
        return Refused(Code.group_unknown)
    if not log.first_epoch <= request.epoch <= log.epoch:
        return Refused(Code.epoch_unknown)
    return Allowed(closed=request.epoch < log.epoch)


def _again(earlier: Entry, request: Append) -> Repeated | Refused:
    same = (
        earlier.epoch == request.epoch
        and earlier.kind is request.kind
        and earlier.body == request.body
    )
    return Repeated(earlier.seq) if same else Refused(Code.idem_mismatch)
