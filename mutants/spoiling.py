"""Putting spoiled code into a process that has loaded the engine already.

The functions that are there keep their identity and get other code, so that whoever has
imported one of them meets the spoiled one. It is meant for a process that is forked for it.
"""

from __future__ import annotations

import gc
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from mutants.comparisons import turned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutants.comparisons import Comparison


def spoil(comparison: Comparison) -> int:
    """Turn a comparison round, here and now.

    Returns:
        How many functions have other code now; 0 when it stands outside of all functions.
    """
    path = str(comparison.path)
    module = compile(turned(comparison), path, "exec", dont_inherit=True)
    new = {_place(code): code for code in _codes(module)}
    changed = 0
    for function in _functions(path):
        code = new.get(_place(function.__code__))
        if code is not None and _words(code) != _words(function.__code__):
            function.__code__ = code
            changed += 1
    return changed


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _words(code: CodeType) -> list[bytes]:
    """The instructions of a code and of what is nested in it; codes compare equal too easily."""
    return [each.co_code for each in _codes(code)]


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _functions(path: str) -> list[FunctionType]:
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, FunctionType) and found.__code__.co_filename == path
    ]
