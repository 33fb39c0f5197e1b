"""The receiving half of the facade (RFC 9420 §6, §12). May import this folder's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.errors import StateError
from covey.mls.group import receiving
from covey.mls.group.committing import Committing
from covey.mls.group.events import EpochChanged
from covey.mls.rules.registry import Remote
from covey.mls.wire.struct import as_bytes

if TYPE_CHECKING:
    from covey.mls.group.events import Changed, Event
    from covey.mls.group.receiving import Outcome
    from covey.mls.group.state import State


class StagedCommit(NamedTuple):
    """A commit that has been verified and not applied: look, then ``Group.apply`` it."""

    changed: Changed
    event: Event
    base: State
    outcome: Outcome

    def __repr__(self) -> str:
        return f"StagedCommit({self.changed!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("event", self.event)]

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_fields("StagedCommit", {"changed": self.changed})


class Listening(Committing):
    """What a member does with the messages that come in."""

    __slots__ = ()

    def receive(self, message: bytes) -> Event:
        """Verify a message and do what it says (§6, §12).

        Raises:
            DecodeError: The bytes are no message.
            ProtocolError: A rule is broken.
            AuthenticationError: A signature, a tag or an encryption does not verify.
            MissingKeyError: The key is gone, or a proposal or PSK is not known.
            PolicyError: The policy refuses.
            StateError: The message is not one that a group receives.
        """
        outcome = self._receive(message)
        self._finish(outcome)
        return outcome.event

    def stage(self, message: bytes) -> StagedCommit | Event:
        """Like ``receive``, but a commit is only verified, ours too: ``apply`` it, or drop it."""
        base = self._state
        outcome = self._receive(message)
        if not isinstance(outcome.event, EpochChanged):
            self._finish(outcome)
            return outcome.event
        return StagedCommit(outcome.event.changed, outcome.event, base, outcome)

    def apply(self, staged: StagedCommit) -> Event:
        """Apply a commit that was staged.

        Raises:
            StateError: Something else happened to the group in between; stage it again.
        """
        if staged.base is not self._state:
            msg = "the group has changed since the commit was staged; stage it again"
            raise StateError(msg)
        self._finish(staged.outcome)
        return staged.event

    def _receive(self, message: bytes) -> Outcome:
        if self._state.removed:
            msg = "we have been removed from this group"
            raise StateError(msg).of(rule="VAL-162", section="12.4.2")
        message = as_bytes(message)
        return receiving.receive(message, self._state, self._ours(), self.ports.check(Remote))

    def _finish(self, outcome: Outcome) -> None:
        """Make an outcome so: erase the key that was used, then one assignment."""
        if outcome.spend is not None:
            secret_tree, step = outcome.spend
            secret_tree.apply(step)
        self._become(outcome.state)
