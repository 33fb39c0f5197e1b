"""What is said when the engine does not do what it promises. May import nothing."""

from __future__ import annotations


class Unkept(Exception):  # noqa: N818 - it is a finding
    """The engine did not do what it promises."""


def ensure(kept: object, what: str) -> None:
    """Raise ``Unkept`` unless something is so."""
    if not kept:
        raise Unkept(what)
