"""The errors of covey: one tree, typed, with fields and never a secret in them.

May import nothing. Every public call promises errors of this tree only; what a library
below raises is translated once, where it enters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


def cited(section: str) -> str:
    """A section as it is cited: one of RFC 9420 by its number, one of a draft as it is called."""
    return f"RFC 9420 §{section}" if section[:1].isdigit() else section


class CoveyError(Exception):
    """The root of every error that covey raises on purpose.

    Attributes:
        rule: The id of the check that failed, such as ``"VAL-135"``; empty when it is none of
            the RFC's.
        section: The section of RFC 9420 it comes from, such as ``"12.2"``, or the draft.
    """

    rule: str = ""
    section: str = ""

    def of(self, *, rule: str, section: str) -> Self:
        """The same error, which names a check of the RFC."""
        self.rule = rule
        self.section = section
        return self

    def __str__(self) -> str:
        return super().__str__() + self._where()

    def _where(self) -> str:
        """The check, in brackets, or nothing."""
        return f" ({self.rule}, {cited(self.section)})" if self.rule else ""


class DecodeError(CoveyError, ValueError):
    """Bytes are not an encoding of the struct that was expected (RFC 9420 §2.1)."""


class ProtocolError(CoveyError):
    """A rule of the RFC would be, or was, broken.

    Attributes:
        rule: The id of the rule, such as ``"VAL-135"``.
        section: The section of RFC 9420 it comes from, such as ``"12.2"``.
        statement: The rule, as a sentence.
        detail: What broke it here; never a secret.
    """

    def __init__(self, rule: str, section: str, statement: str, detail: str = "") -> None:
        self.rule = rule
        self.section = section
        self.statement = statement
        self.detail = detail
        super().__init__(rule, section, statement, detail)

    def __str__(self) -> str:
        broken = f": {self.detail}" if self.detail else ""
        return f"{self.rule} ({cited(self.section)}) {self.statement}{broken}"


class LocalProtocolError(ProtocolError):
    """We were asked to send what the RFC forbids; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """A peer sent what the RFC forbids; nothing was changed."""


class WrongEpochError(RemoteProtocolError):
    """A handshake message is for another epoch: it came late, or something before it is missing.

    Attributes:
        epoch: The epoch of the message.
        current: The epoch of the group.
    """

    def __init__(self, rule: str, section: str, statement: str, epoch: int, current: int) -> None:
        self.epoch = epoch
        self.current = current
        late = "it is late" if epoch < current else "messages before it are missing"
        detail = f"it is for epoch {epoch}, the group is in {current}: {late}"
        super().__init__(rule, section, statement, detail)


class AuthenticationError(CoveyError):
    """A signature, a tag or an AEAD did not verify. Says which check, and no more.

    Attributes:
        rule: The id of the check, such as ``"VAL-099"``; empty below the protocol.
        section: The section of RFC 9420 it comes from.
    """

    def __init__(self, rule: str = "", section: str = "") -> None:
        self.rule = rule
        self.section = section
        super().__init__(rule, section)

    def __str__(self) -> str:
        return f"authentication failed{self._where()}"


class PolicyError(CoveyError):
    """The application's policy refused something that the RFC allows."""


class StateError(CoveyError):
    """The right call at the wrong moment, such as accepting a commit that is not pending."""


class MissingKeyError(CoveyError):
    """The key for a message is deleted already, too old, or too far ahead.

    Attributes:
        epoch: The epoch of the message, if known.
        generation: The generation of the message in its sender's ratchet, if known.
        group_id: The group of a resumption PSK, if that is what is missing.
    """

    def __init__(
        self,
        reason: str,
        *,
        epoch: int | None = None,
        generation: int | None = None,
        group_id: bytes | None = None,
    ) -> None:
        self.reason = reason
        self.group_id = group_id
        self.epoch = epoch
        self.generation = generation
        super().__init__(reason)

    def __str__(self) -> str:
        where = [
            f"{name} {value}"
            for name, value in (("epoch", self.epoch), ("generation", self.generation))
            if value is not None
        ]
        known = f" ({', '.join(where)})" if where else ""
        return self.reason + known + self._where()


class UnsupportedError(CoveyError):
    """A code point that covey does not implement."""


class BugError(CoveyError):
    """Something went wrong in a way that nobody has thought of; its cause is what Python raised.

    Says where, and not what: that may be what somebody has said.
    """


class StorageError(CoveyError):
    """Stored state could not be read or written."""


class UnstorableError(StorageError):
    """A value is none that a store can hold or find, and the store itself is well."""


class TransportError(CoveyError):
    """A peer or a broker could not be reached."""


class ForkError(CoveyError):
    """What a broker shows contradicts what it showed before, or what other members saw.

    It dropped, reordered, replayed or rolled back entries, or shows different members
    different logs.

    Attributes:
        heads: Evidence: what it had signed before, and what it has signed now, as encoded
            SignedHeads whose signatures were verified; empty when there is none.
    """

    heads: tuple[bytes, ...] = ()


class BrokerError(CoveyError):
    """The broker answered with an error.

    Attributes:
        code: The machine-readable code, from a short closed list.
        retry_after: Seconds after which it makes sense to try again; 0 where that is not known.
    """

    retry_after: float = 0.0

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code
