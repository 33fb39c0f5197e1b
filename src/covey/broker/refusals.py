"""The closed list of errors that the broker answers with: a code, a status and a sentence.

May import :mod:`covey.errors`. An error is JSON, ``{"code": …, "sentence": …}``; only
``epoch_closed`` is not an error but an answer, the struct EpochClosed under its status.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from covey.errors import BrokerError


class Code(StrEnum):
    """Every code."""

    bad_request = "bad_request"
    bad_key_package = "bad_key_package"
    unknown_operation = "unknown_operation"
    group_unknown = "group_unknown"
    nothing_to_claim = "nothing_to_claim"
    epoch_closed = "epoch_closed"
    too_large = "too_large"
    group_exists = "group_exists"
    idem_mismatch = "idem_mismatch"
    key_package_known = "key_package_known"
    epoch_unknown = "epoch_unknown"
    inbox_full = "inbox_full"
    broken = "broken"
    unavailable = "unavailable"


class Refusal(NamedTuple):
    """How a code is answered.

    Attributes:
        status: The HTTP status.
        sentence: What it means; the same for everybody, so that it can give nothing away.
    """

    status: int
    sentence: str


REFUSALS: Final = {
    Code.bad_request: Refusal(400, "The body is not an encoding of this operation's request."),
    Code.bad_key_package: Refusal(
        400, "A KeyPackage is no MLSMessage with a KeyPackage, or its lifetime is over."
    ),
    Code.unknown_operation: Refusal(404, "There is no such operation, or it is not a POST."),
    Code.group_unknown: Refusal(404, "There is no log of this group here."),
    Code.nothing_to_claim: Refusal(404, "No KeyPackage of this cipher suite waits there."),
    Code.epoch_closed: Refusal(409, "A commit has closed the epoch; it is in the answer."),
    Code.too_large: Refusal(413, "The request is larger than the broker takes."),
    Code.group_exists: Refusal(422, "There is a log of this group already."),
    Code.idem_mismatch: Refusal(422, "Something else was sent under the same idem before."),
    Code.key_package_known: Refusal(
        422, "A KeyPackage for one use was left in this inbox before; nothing was published."
    ),
    Code.epoch_unknown: Refusal(422, "The log does not hold this epoch, or not yet."),
    Code.inbox_full: Refusal(507, "As much as may wait in this inbox waits there already."),
    Code.broken: Refusal(500, "The broker has a bug; where, is in its log."),
    Code.unavailable: Refusal(503, "The broker cannot reach its database; try again later."),
}


def refused(code: Code) -> BrokerError:
    """The error of a code, to be raised."""
    return BrokerError(code.value, REFUSALS[code].sentence)
