"""The closed list of errors that a broker answers with: a code, a status and a sentence.

May import :mod:`covey.errors`. Over HTTP an error is JSON, ``{"code": …, "sentence": …}``, over
a WebSocket the frame Refused; only ``epoch_closed`` is an answer and no error: the struct
EpochClosed under its status. Sentences are the same for everybody, so that they can give
nothing away.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from covey.errors import BrokerError


class Code(StrEnum):
    """Every code."""

    malformed = "malformed"
    bad_key_package = "bad_key_package"
    unauthenticated = "unauthenticated"
    stale_proof = "stale_proof"
    wrong_plane = "wrong_plane"
    proof_refused = "proof_refused"
    capability_refused = "capability_refused"
    enrolment_refused = "enrolment_refused"
    invite_needed = "invite_needed"
    not_offered = "not_offered"
    unknown_operation = "unknown_operation"
    group_unknown = "group_unknown"
    account_unknown = "account_unknown"
    inbox_unknown = "inbox_unknown"
    nothing_to_claim = "nothing_to_claim"
    parcel_unknown = "parcel_unknown"
    blob_unknown = "blob_unknown"
    epoch_closed = "epoch_closed"
    epoch_passed = "epoch_passed"
    wrong_offset = "wrong_offset"
    gone = "gone"
    too_large = "too_large"
    group_exists = "group_exists"
    handle_taken = "handle_taken"
    inbox_exists = "inbox_exists"
    blob_exists = "blob_exists"
    parcel_exists = "parcel_exists"
    idem_mismatch = "idem_mismatch"
    key_package_known = "key_package_known"
    not_claimed = "not_claimed"
    epoch_unknown = "epoch_unknown"
    over_quota = "over_quota"
    full = "full"
    broken = "broken"
    unavailable = "unavailable"
    issuer_unavailable = "issuer_unavailable"


class Refusal(NamedTuple):
    """How a code is answered.

    Attributes:
        status: The HTTP status.
        sentence: What it means, and what to do.
    """

    status: int
    sentence: str


REFUSALS: Final = {
    Code.malformed: Refusal(400, "The body is not an encoding of this operation's request."),
    Code.bad_key_package: Refusal(
        400, "A KeyPackage is none, has expired, lives too long, or names no inbox here."
    ),
    Code.unauthenticated: Refusal(
        401, "This needs a device's token, or the signature does not fit the device's key."
    ),
    Code.stale_proof: Refusal(
        401, "The nonce, ticket or token is not of this connection, or too old: ask for another."
    ),
    Code.wrong_plane: Refusal(
        403, "A connection speaks for a device or for groups, never for both: open another one."
    ),
    Code.proof_refused: Refusal(
        403, "The signature does not fit this epoch's key: you hold a fork of it, or are no member."
    ),
    Code.capability_refused: Refusal(
        403, "No group takes knocks with this key here: it has expired, or has been withdrawn."
    ),
    Code.enrolment_refused: Refusal(403, "The evidence does not entitle to an account here."),
    Code.invite_needed: Refusal(403, "Groups begin here with an invite code that was not used."),
    Code.not_offered: Refusal(403, "This broker does not offer that."),
    Code.unknown_operation: Refusal(404, "There is no such operation, or not with this method."),
    Code.group_unknown: Refusal(404, "There is no log of this group here."),
    Code.account_unknown: Refusal(404, "There is no such account here, or no such device of it."),
    Code.inbox_unknown: Refusal(404, "There is no such inbox here, or no slot for this token."),
    Code.nothing_to_claim: Refusal(404, "No KeyPackage waits there, or none of this cipher suite."),
    Code.parcel_unknown: Refusal(404, "There is no such parcel, or not any more."),
    Code.blob_unknown: Refusal(404, "There is no such blob, or not any more, or not all of it."),
    Code.epoch_closed: Refusal(409, "A commit has closed the epoch; it is in the answer."),
    Code.epoch_passed: Refusal(409, "The epoch has passed: read on, and ask in the current one."),
    Code.wrong_offset: Refusal(409, "The blob has another size by now; it is in the header."),
    Code.gone: Refusal(410, "The epoch is older than what is kept: ask to be let in anew."),
    Code.too_large: Refusal(413, "The request is larger than the broker takes."),
    Code.group_exists: Refusal(422, "There is a log of this group already."),
    Code.handle_taken: Refusal(422, "Somebody else has an account of this name."),
    Code.inbox_exists: Refusal(422, "There is an inbox of this number, with another key."),
    Code.blob_exists: Refusal(422, "There is a blob of this number, with another size."),
    Code.parcel_exists: Refusal(422, "There is a parcel or a knock of this number already."),
    Code.idem_mismatch: Refusal(
        422, "Something else was sent under the same idem: stop, this client may be a copy."
    ),
    Code.key_package_known: Refusal(
        422, "A KeyPackage for one use was published before; nothing was published."
    ),
    Code.not_claimed: Refusal(
        422, "The KeyPackage was not claimed, or a pointer for it was left already."
    ),
    Code.epoch_unknown: Refusal(422, "The log has not reached this epoch."),
    Code.over_quota: Refusal(429, "Too much in too short a time: try again later."),
    Code.full: Refusal(507, "As much as may wait there waits there already."),
    Code.broken: Refusal(500, "The broker has a bug; where, is in its log."),
    Code.unavailable: Refusal(503, "The broker cannot reach its database; try again later."),
    Code.issuer_unavailable: Refusal(
        503, "The broker cannot reach who signs people in; try later."
    ),
}


def refused(code: Code) -> BrokerError:
    """The error of a code, to be raised."""
    return BrokerError(code.value, REFUSALS[code].sentence)
