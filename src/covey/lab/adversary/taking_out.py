"""Taking one check out of the engine, for as long as a ``with`` block lasts.

May import the rules. This is how a case proves its point: with its check taken out, what was
refused is accepted; and how an adversary comes by a message that breaks one rule only: its
own engine lacks that rule. The engine itself knows nothing of it.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import ExitStack, contextmanager
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import covey.mls.group.group  # noqa: F401 - what is altered has to be there
from covey.mls.rules.checks import rules_of
from covey.mls.wire import compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.mls.rules.registry import Rule

Without = "Callable[[], AbstractContextManager[None]]"
"""What begins to do without a check."""

_ENGINE = "covey.mls"


@contextmanager
def without_rules(*checks: str) -> Iterator[None]:
    """Within this, the rules of some checks hold for everything.

    Args:
        checks: Ids, such as ``"VAL-135"``; each has a rule.
    """
    with ExitStack() as stack:
        for check in checks:
            found = rules_of(check)
            if not found:
                msg = f"{check} is no rule; say what to alter instead"
                raise ValueError(msg)
            for rule in found:
                stack.enter_context(without_rule(rule))
        yield


@contextmanager
def without_rule(rule: Rule) -> Iterator[None]:
    """Within this, one rule holds for everything."""
    before = rule.check
    object.__setattr__(rule, "check", _holds)
    try:
        yield
    finally:
        object.__setattr__(rule, "check", before)


def _holds(_: object) -> None:
    return None


@contextmanager
def altered(where: str, change: Callable[[Any], Any]) -> Iterator[None]:
    """Within this, another function stands in a place of the engine.

    Args:
        where: ``module:name`` or ``module:Class.name``, below ``covey.mls``.
        change: From what stands there to what shall stand there instead.
    """
    module_name, _, path = where.partition(":")
    *owners, name = path.split(".")
    module = importlib.import_module(f"{_ENGINE}.{module_name}")
    owner = reduce(getattr, owners, module)
    before = vars(owner)[name]
    after = change(before)
    places = [owner] if owners else _holders(name, before)
    for place in places:
        setattr(place, name, after)
    try:
        yield
    finally:
        for place in places:
            setattr(place, name, before)


def _holders(name: str, value: object) -> list[Any]:
    """The modules of the engine that know something by its name."""
    loaded = list(sys.modules.items())
    return [
        module
        for module_name, module in loaded
        if module_name.startswith(_ENGINE) and vars(module).get(name) is value
    ]


def altering(*changes: tuple[str, Callable[[Any], Any]]) -> Callable[[], Any]:
    """What begins some alterations together, for a case to name."""

    @contextmanager
    def begin() -> Iterator[None]:
        with ExitStack() as stack:
            for where, change in changes:
                stack.enter_context(altered(where, change))
            yield

    return begin


def together(*begins: Callable[[], Any]) -> Callable[[], Any]:
    """What begins several things at once, such as ``without(...)`` and ``altering(...)``."""

    @contextmanager
    def begin() -> Iterator[None]:
        with ExitStack() as stack:
            for each in begins:
                stack.enter_context(each())
            yield

    return begin


def always(value: object) -> Callable[[Any], Any]:
    """A change: whatever it is asked, it answers with one value."""
    return lambda _: lambda *__, **___: value


def without(*checks: str) -> Callable[[], Any]:
    """What begins to do without the rules of some checks, for a case to name."""
    return partial(without_rules, *checks)


def recompiled(*changes: tuple[str, Callable[[Any], Any]]) -> Callable[[], Any]:
    """What begins some alterations of the compiler, and compiles all codecs anew under them."""

    @contextmanager
    def begin() -> Iterator[None]:
        with altering(*changes)():
            kept = dict(compiler._codecs)  # noqa: SLF001 - what was compiled without them
            compiler._codecs.clear()  # noqa: SLF001
            try:
                yield
            finally:
                compiler._codecs.clear()  # noqa: SLF001
                compiler._codecs.update(kept)  # noqa: SLF001

    return begin
