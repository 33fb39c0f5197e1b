"""The named bugs of other stacks, read from ``bugs.toml``.

A failed play is excused by a bug only if the bug names the play's scenario and what was said.
A bug that no play shows any more is out of date, and fails the run like any other surprise.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from covey.lab.interop.calls import CallError
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from covey.lab.interop.calls import Client
    from covey.lab.interop.play.runner import Outcome

FILE: Final = Path(__file__).parent / "bugs.toml"


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bug of another stack.

    Attributes:
        id: By what the table names it.
        peer: The folder of the stack.
        title: What is wrong, a sentence.
        section: Of RFC 9420, which it breaks.
        evidence: What shows it: bytes, a message, a place in the stack's source. Markdown.
        scenarios: Ids or kinds of the scenarios that show it.
        said: Patterns, one of which is found in what a failed play says.
        avoid: Calls that random stories leave out because of it: the name of a call, or
            ``Commit:`` and a type of proposal; with ``later`` behind it, once the client has
            applied its first commit.
    """

    id: str
    peer: str
    title: str
    section: str
    evidence: str
    scenarios: list[str]
    said: list[str]
    avoid: list[str] = []

    def explains(self, peer: str, outcome: Outcome) -> bool:
        """Whether a failed play of this peer is this bug."""
        kind = outcome.scenario.partition("/")[0]
        return (
            peer == self.peer
            and not {outcome.scenario, kind}.isdisjoint(self.scenarios)
            and any(re.search(pattern, outcome.detail) for pattern in self.said)
        )


class _File(msgspec.Struct, forbid_unknown_fields=True):
    bug: list[Bug] = []


def read(path: Path = FILE) -> tuple[Bug, ...]:
    """All bugs that have a name."""
    return tuple(msgspec.toml.decode(path.read_bytes(), type=_File).bug)


class Careful:
    """A client that is not asked for what it is known to do wrong; for random stories.

    Args:
        client: The client.
        bugs: Its bugs.
    """

    def __init__(self, client: Client, bugs: Iterable[Bug]) -> None:
        self._client = client
        self._is_later = False
        self._avoided = {call: bug.id for bug in bugs for call in bug.avoid}

    @property
    def name(self) -> str:
        """The client's own."""
        return self._client.name

    def answer(self, call: str, request: Message) -> Message:
        """The client's answer, or UNIMPLEMENTED for what it does wrong.

        Raises:
            CallError: It is avoided, or the client refused.
        """
        for each in self._asked(call, request):
            if each in self._avoided:
                why = f"{each} of {self.name} is left out ({self._avoided[each]})"
                raise CallError(self.name, call, "UNIMPLEMENTED", why)
        answer = self._client.answer(call, request)
        self._is_later = self._is_later or call in {"HandleCommit", "HandlePendingCommit"}
        return answer

    def close(self) -> None:
        """Let go of the client."""
        self._client.close()

    def _asked(self, call: str, request: Message) -> list[str]:
        """A call by its names: ``Commit``, ``Commit:add``, ``Commit later`` and the like."""
        names = [call]
        if isinstance(request, pb.CommitRequest):
            names += [f"{call}:{each.proposal_type.decode()}" for each in request.by_value]
        return names + [f"{each} later" for each in names if self._is_later]
