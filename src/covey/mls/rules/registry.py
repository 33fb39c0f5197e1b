"""What a rule is, and the one place that enforces them.

May import :mod:`covey.errors`. A rule is pure, total and short: it looks at one subject and
returns None when it holds, or what broke it. Its id (``VAL-nnn``) and its section are data.
The same rules serve creating and receiving; who is to blame is decided by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from covey.errors import LocalProtocolError, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Blame = type[LocalProtocolError] | type[RemoteProtocolError]
Local: Final = LocalProtocolError
Remote: Final = RemoteProtocolError


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: Such as ``"VAL-135"``.
        section: Of RFC 9420, such as ``"12.2"``.
        statement: The rule, as a sentence.
        check: Returns None when the rule holds for a subject, else what broke it.
        also: Ids of checks that are the same rule seen from another place.
        strict: Checked in strict mode only.
    """

    id: str
    section: str
    statement: str
    check: Callable[[Any], str | None]
    also: tuple[str, ...] = ()
    strict: bool = False


RULES: Final[list[Rule]] = []
"""All rules, in the order in which the rule files are imported; some share an id."""


def rule(
    id: str,  # noqa: A002 - what a rule has is an id
    section: str,
    *,
    also: tuple[str, ...] = (),
    strict: bool = False,
) -> Callable[[Callable[[Any], str | None]], Rule]:
    """Make a function a rule; its docstring's first paragraph is the statement."""

    def register(check: Callable[[Any], str | None]) -> Rule:
        statement = " ".join((check.__doc__ or "").split("\n\n")[0].split())
        made = Rule(id, section, statement, check, also, strict)
        RULES.append(made)
        return made

    return register


def enforce(rules: Iterable[Rule], subject: object, blame: Blame, *, strict: bool = True) -> None:
    """Check rules in order; the first that is broken raises.

    Args:
        rules: An ordered set, such as ``REGULAR_COMMIT``.
        subject: What they look at.
        blame: Who broke the rule, if it is broken: ``Local`` or ``Remote``.
        strict: Whether rules that are marked strict count.

    Raises:
        LocalProtocolError: We were about to break a rule.
        RemoteProtocolError: A peer broke a rule.
    """
    for each in rules:
        if each.strict and not strict:
            continue
        broken = each.check(subject)
        if broken is not None:
            raise blame(each.id, each.section, each.statement, broken)
