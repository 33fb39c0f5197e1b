"""Files and functions stay small, and every module says what it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tracked import name_of, python_files

if TYPE_CHECKING:
    from pathlib import Path

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50

SOURCES = python_files("src")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_source_file_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_OF_A_FILE


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_is_short(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {
        function.name: lines
        for function in functions
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LINES_OF_A_FUNCTION
    }
    assert not long


@pytest.mark.parametrize("path", python_files("src", "tests", "benchmarks"), ids=name_of)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_the_package_is_typed() -> None:
    assert any(path.parent.name == "covey" for path in SOURCES)
    assert (SOURCES[0].parent / "py.typed").is_file()
