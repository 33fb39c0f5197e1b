"""A member as it speaks: what is said waits until the broker has it.

May import the protocol, the engine, and the listening half. A message whose epoch closes before
it gets there is encrypted anew; one whose answer got lost is sent again as it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from covey.access.member import envelopes
from covey.access.refusals import Code
from covey.access.structs.log import Appended, EpochClosed
from covey.access.structs.sealed import Purpose
from covey.errors import BrokerError, StateError
from covey.lab.company.contents import Content
from covey.lab.company.listening import COPY, Listening
from covey.mls.crypto.entropy import system_entropy
from covey.mls.wire.code_points import ContentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.access.structs.basics import Signed
    from covey.access.structs.sealed import Door
    from covey.lab.company.contents import Said
    from covey.lab.company.log import Log
    from covey.mls import Group


class _Waiting:
    """Something to be said: as it is, and as it was sent, once it was."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.request: Signed | None = None


class Speaking(Listening, ABC):
    """The listening and the speaking half of a seat; for its arguments see there."""

    def __init__(
        self, group: Group, log: Log, doors: Iterable[Door] = (), sent: Iterable[bytes] = ()
    ) -> None:
        super().__init__(group, log, doors, sent)
        self._outbox: deque[_Waiting] = deque()

    @abstractmethod
    def renew(self) -> int:
        """Commit what was proposed, with fresh keys of our own; returns the commit's number."""

    def say(self, said: Said, *, look_first: bool = True) -> int:
        """Say something; returns the number of its entry.

        Args:
            said: What to say.
            look_first: Whether to read the log before, as every honest client does.

        Raises:
            StateError: We are a copy, or have been removed.
            TransportError: The broker does not answer; :meth:`flush` tries again.
        """
        self._outbox.append(_Waiting(Content(said).encode()))
        return self.flush(look_first=look_first)

    def flush(self, *, look_first: bool = True) -> int:
        """Send what waits, in its order; returns the number of the last entry."""
        seq = 0
        while self._outbox:
            waiting = self._outbox[0]
            if waiting.request is None:
                if look_first:
                    self._commit_what_waits()
                waiting.request = self._message(waiting.content)
            answer = self._append(waiting.request)
            if isinstance(answer, EpochClosed):
                waiting.request = None
                self.read()
                continue
            self._outbox.popleft()
            seq = answer.position.seq
        return seq

    def _commit_what_waits(self) -> None:
        """Read, and commit the proposals that have to be before anything is said (VAL-112)."""
        self.read()
        while self.group.is_active and not self.group.can_send:
            self.renew()

    def _message(self, content: bytes) -> Signed:
        idem = self._idem(ContentType.application)
        message = self.group.protect(content, self.claimed.encode())
        return self._sealed(idem, message)

    def propose(self, make: Callable[[Group], bytes]) -> int:
        """Propose something, again until it gets there before its epoch closes.

        Args:
            make: Makes the proposal; ``Group.leave``, for example.

        Returns:
            The number of its entry.
        """
        while True:
            self.read()
            idem = self._idem(ContentType.proposal)
            answer = self._append(self._sealed(idem, make(self.group)))
            if isinstance(answer, Appended):
                return answer.position.seq

    def _idem(self, content_type: ContentType) -> bytes:
        generation = self.group.next_generation(content_type)
        return self.log.access.idem(content_type, self.group.own_index, generation)

    def _sealed(self, idem: bytes, message: bytes) -> Signed:
        access = self.log.access
        body = envelopes.seal(access, Purpose.other, idem, message, system_entropy)
        self._sent.add(idem)
        return access.append(idem, body)

    def _append(self, request: Signed) -> Appended | EpochClosed:
        try:
            return self.log.append(request)
        except BrokerError as error:
            if error.code != Code.idem_mismatch:
                raise
            raise StateError(COPY) from error
