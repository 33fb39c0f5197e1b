"""What a case is, and the list of all of them. May import :mod:`.taking_out`.

There are two kinds. Most checks refuse something: the case makes a message that breaks the
check and one that does not, and says who is attacked with them. The others promise how the
engine behaves (it deletes a key, it bears an unknown value): the case looks whether it does.
Both have to come out differently when the check is taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from covey.lab.adversary.taking_out import without
from covey.mls.rules.checks import rules_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.lab.adversary.victims import Trial


class Case(NamedTuple):
    """One case of a check.

    Attributes:
        check: Its id, such as ``"VAL-135"``.
        name: The name of the function, which says what happens.
        sentence: The first sentence of its docstring.
        play: Makes a Trial in a stage; or looks, and raises unless all is as promised.
        refuses: Whether it makes a Trial.
        without: Begins to do without the check.
        named: The ids that the refusal may name.
        suites: The suites it is played in by default.
        portable: Whether other implementations can play it from a vector.
    """

    check: str
    name: str
    sentence: str
    play: Callable[[Stage], Any]
    refuses: bool
    without: Callable[[], Any]
    named: frozenset[str]
    suites: tuple[int, ...]
    portable: bool

    @property
    def label(self) -> str:
        """The id and the name."""
        return f"{self.check}-{self.name}"


CASES: Final[list[Case]] = []
"""All cases, in the order in which the files of :mod:`.cases` are imported."""

Play = "Callable[[Stage], Any]"


def breaks(
    check: str,
    *,
    instead: Callable[[], Any] | None = None,
    named: str | tuple[str, ...] = (),
    suites: tuple[int, ...] = (1,),
    portable: bool = True,
) -> Callable[[Callable[[Stage], Trial]], Callable[[Stage], Trial]]:
    """Make a function a case whose Trial a check refuses.

    Args:
        check: The id of the check.
        instead: Begins to do without the check, when it is no rule: see ``altering``.
        named: Ids that the refusal names, when it is noticed by another check: who computes
            something differently is found out by a tag that does not fit.
        suites: The suites it is played in by default.
        portable: False when the refusal depends on something that a vector cannot hold, such
            as what the application thinks of a credential.
    """
    expected = frozenset(_several(named) or _own_names(check))
    return _register(check, expected, instead, suites, refuses=True, portable=portable)


def shows(
    check: str,
    *,
    instead: Callable[[], Any] | None = None,
    named: str | tuple[str, ...] = (),
    suites: tuple[int, ...] = (1,),
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Make a function a case that looks whether the engine keeps a promise.

    It raises ``Unkept`` when the promise is not kept, as it must be when the check is taken out.

    Args:
        check: The id of the check.
        instead: Begins to do without the check, when it is no rule: see ``altering``.
        named: Ids of the errors of covey that tell, too, that the promise is not kept.
        suites: The suites it is played in by default.
    """
    return _register(check, frozenset(_several(named)), instead, suites, refuses=False)


def _several(named: str | tuple[str, ...]) -> tuple[str, ...]:
    return (named,) if isinstance(named, str) else named


def _own_names(check: str) -> frozenset[str]:
    return frozenset({check, *(rule.id for rule in rules_of(check))})


def _register(
    check: str,
    named: frozenset[str],
    instead: Callable[[], Any] | None,
    suites: tuple[int, ...],
    *,
    refuses: bool,
    portable: bool = False,
) -> Callable[[Any], Any]:
    def register(play: Callable[[Stage], Any]) -> Callable[[Stage], Any]:
        name = getattr(play, "__name__", "case")
        sentence = " ".join((play.__doc__ or "").split("\n\n")[0].split())
        begin = instead or without(check)
        CASES.append(Case(check, name, sentence, play, refuses, begin, named, suites, portable))
        return play

    return register
