"""The named bugs of other stacks, read from ``bugs.toml``.

A failed play is excused by a bug only if the bug names the play's scenario and what was said.
A bug that no play shows any more is out of date, and fails the run like any other surprise.
"""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from covey.lab.interop.calls import CallError
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        suites: The cipher suites in which it shows; in all, if it lists none.
        anywhere: Those of the scenarios in which it shows in all suites.
        avoid: Calls that random stories leave out because of it: the name of a call, or
            ``Commit:`` and a type of proposal; with ``later`` behind it, once the client has
            applied its first commit.
        apart: Stacks that it cannot be in one group with.
        absent: Suites in which it can be in no group with several stacks.
    """

    id: str
    peer: str
    title: str
    section: str
    evidence: str
    scenarios: list[str]
    said: list[str]
    suites: tuple[int, ...] = ()
    anywhere: list[str] = []
    avoid: list[str] = []
    apart: list[str] = []
    absent: list[int] = []

    def explains(self, company: Iterable[str], outcome: Outcome) -> bool:
        """Whether a failed play of these stacks is this bug."""
        kind = outcome.scenario.partition("/")[0]
        return (
            self.peer in company
            and self._shows_in(outcome)
            and not {outcome.scenario, kind}.isdisjoint(self.scenarios)
            and any(re.search(pattern, outcome.detail) for pattern in self.said)
        )

    def _shows_in(self, outcome: Outcome) -> bool:
        in_suite = not self.suites or outcome.suite in self.suites
        return in_suite or outcome.scenario in self.anywhere


class Gap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that another stack does not offer, which is known.

    Attributes:
        peer: The folder of the stack.
        said: A pattern for what it says, to be found in its UNIMPLEMENTED.
    """

    peer: str
    said: str


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about the other stacks.

    Attributes:
        suites: The cipher suites that each stack has.
        gap: What they do not offer.
        bug: What they do wrong.
    """

    suites: dict[str, list[int]]
    gap: list[Gap]
    bug: list[Bug]

    def is_gap(self, company: Iterable[str], reason: str) -> bool:
        """Whether it is known that one of these stacks does not offer something."""
        return any(each.peer in company and re.search(each.said, reason) for each in self.gap)


def read_all(path: Path = FILE) -> Known:
    """All that is known."""
    return msgspec.toml.decode(path.read_bytes(), type=Known)


def read(path: Path = FILE) -> tuple[Bug, ...]:
    """All bugs that have a name."""
    return tuple(read_all(path).bug)


def companies(peers: Sequence[str], suite: int, known: Sequence[Bug]) -> list[tuple[str, ...]]:
    """The stacks that are put into one group: all of them, then as many as their bugs allow.

    Args:
        peers: Those that have the suite.
        suite: The cipher suite.
        known: Their bugs.
    """
    absent = {each.peer for each in known if suite in each.absent}
    apart = {frozenset((each.peer, other)) for each in known for other in each.apart}
    able = [each for each in peers if each not in absent]
    found: list[tuple[str, ...]] = []
    for size in range(len(able), 1, -1):
        for company in combinations(able, size):
            if any(pair <= set(company) for pair in apart):
                continue
            if not any(set(company) <= set(larger) for larger in found):
                found.append(company)
    everybody = tuple(peers)
    return found if everybody in found or len(peers) < 2 else [everybody, *found]


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
