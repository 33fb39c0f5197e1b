"""Accounts and their devices. Nothing here knows a group, an inbox, or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.access.refusals import Code, refused
from covey.broker.script import Statement
from covey.broker.transactions.log import use_invite

if TYPE_CHECKING:
    from covey.broker.script import Script

_DEVICE = Statement("SELECT handle FROM device WHERE device = $1")
_ACCOUNT = Statement("SELECT handle FROM account WHERE handle = $1", lock="FOR NO KEY UPDATE")
_BEGIN = Statement(
    "INSERT INTO account (handle, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING handle"
)
_ADD = Statement(
    "INSERT INTO device (device, handle) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING device"
)
_IS_TAKEN = Statement("SELECT handle FROM account WHERE handle = $1")
_DEVICES = Statement("SELECT device FROM device WHERE handle = $1 ORDER BY device")
_REMOVE = Statement("DELETE FROM device WHERE device = $1 AND handle = $2 RETURNING device")
_DROP_KEY_PACKAGES = Statement("DELETE FROM key_package WHERE device = $1")
_ADD_INVITE = Statement(
    "INSERT INTO invite (digest, purpose, not_after) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
)


class Evidence(NamedTuple):
    """What somebody has shown to be given an account.

    Attributes:
        invite: The digest of an invite that it costs, or None.
        subject: The digest of who an issuer says it is, or None.
        hour: Now.
        paid: Whether something new can be afforded; what is asked again costs nothing.
    """

    invite: bytes | None
    subject: bytes | None
    hour: int
    paid: bool = True


def enrol(handle: bytes, device: bytes, evidence: Evidence) -> Script[None]:
    """Begin an account with its first device. The same twice is one.

    Raises:
        BrokerError: ``handle_taken``: the account is there with other devices, or the device is
            another account's; ``enrolment_refused``: the subject has an account already, or the
            invite is not good.
    """
    if (yield from _has(handle, device)):
        return
    if not evidence.paid:
        raise refused(Code.over_quota)
    if not (yield _BEGIN.of(handle, evidence.subject)):
        if (yield from _has(handle, device)):  # by the same request, at this moment
            return
        taken = yield _IS_TAKEN.of(handle)
        raise refused(Code.handle_taken if taken else Code.enrolment_refused)
    if not (yield _ADD.of(device, handle)):
        raise refused(Code.handle_taken)
    if evidence.invite is not None:
        yield from use_invite(evidence.invite, "enrol", evidence.hour)


def _has(handle: bytes, device: bytes) -> Script[bool]:
    """Whether a device is one of an account.

    Raises:
        BrokerError: ``handle_taken``: it is another account's.
    """
    known = yield _DEVICE.of(device)
    if known and known[0][0] != handle:
        raise refused(Code.handle_taken)
    return bool(known)


def handle_of(device: bytes) -> Script[bytes]:
    """The account of a device.

    Raises:
        BrokerError: ``account_unknown``.
    """
    rows = yield _DEVICE.of(device)
    if not rows:
        raise refused(Code.account_unknown)
    return bytes(rows[0][0])


def devices(handle: bytes) -> Script[tuple[bytes, ...]]:
    """The devices of an account, by key."""
    rows = yield _DEVICES.of(handle)
    return tuple(row[0] for row in rows)


def add_device(handle: bytes, device: bytes, most: int) -> Script[tuple[bytes, ...]]:
    """Add a device; returns all of the account. The same twice is one.

    Raises:
        BrokerError: ``handle_taken``: it is another account's; ``full``.
    """
    yield _ACCOUNT.of(handle)
    if not (yield from _has(handle, device)):
        if len((yield from devices(handle))) >= most:
            raise refused(Code.full)
        if not (yield _ADD.of(device, handle)):  # another account has, at this moment
            raise refused(Code.handle_taken)
    return (yield from devices(handle))


def remove_device(handle: bytes, device: bytes) -> Script[tuple[bytes, ...]]:
    """Remove a device with its KeyPackages; returns what is left. Twice is once."""
    if (yield _REMOVE.of(device, handle)):
        yield _DROP_KEY_PACKAGES.of(device)
    return (yield from devices(handle))


def add_invite(digest: bytes, purpose: str, not_after: int) -> Script[None]:
    """Let an invite code be used once.

    Args:
        digest: Of the code.
        purpose: ``enrol`` or ``create``.
        not_after: The last hour in which it is good.
    """
    yield _ADD_INVITE.of(digest, purpose, not_after)
