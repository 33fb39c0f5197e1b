"""Reads the RFC's presentation language, as far as its structs use it (RFC 9420 §2.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"optional<\w+>|<V>|\[\w+\]|[\w.]+|[{}();:=]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Field(NamedTuple):
    """A field; ``only`` is (what a select looks at, the cases in which the field is there)."""

    type: str
    name: str
    only: tuple[str, tuple[str, ...]] | None = None


class Declaration(NamedTuple):
    """``struct { fields } name;``, or one field that stands alone (then without a name)."""

    name: str | None
    fields: list[Field]


def read(text: str) -> Declaration | None:
    """The declaration inside a docstring, or None."""
    text = _COMMENT.sub("", text)
    found = re.search(r"^struct \{", text, re.MULTILINE)
    if found is not None:
        return _Reader(_TOKEN.findall(text[found.start() :])).struct()
    alone = re.search(r"^[\w<>]+ \w+<V>;$", text, re.MULTILINE)
    if alone is not None:
        return Declaration(None, [_Reader(_TOKEN.findall(alone.group())).field()])
    return None


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next(self, *expected: str) -> str:
        token = self._tokens[self._at]
        assert not expected or token in expected, f"{token} where {expected} should stand"
        self._at += 1
        return token

    def _is(self, token: str) -> bool:
        return self._tokens[self._at] == token

    def struct(self) -> Declaration:
        self._next("struct")
        self._next("{")
        fields: list[Field] = []
        while not self._is("}"):
            fields += self._select() if self._is("select") else [self.field()]
        self._next("}")
        return Declaration(self._next(), fields)

    def field(self) -> Field:
        """``T name;``, ``T name<V>;``, ``T name[n];`` or ``T name = value;``."""
        kind, name = self._next(), ""
        if not self._is(";"):
            name = self._next()
        if not self._is(";"):
            mark = self._next()
            if mark == "=":
                self._next()
            else:
                kind += mark
        self._next(";")
        return Field(kind, name)

    def _select(self) -> list[Field]:
        self._next("select")
        self._next("(")
        on = self._next().split(".", 1)[1]
        self._next(")")
        self._next("{")
        fields: list[Field] = []
        while not self._is("}"):
            cases = self._cases()
            fields += [field._replace(only=(on, cases)) for field in self._arm()]
        self._next("}")
        self._next(";")
        return fields

    def _cases(self) -> tuple[str, ...]:
        cases = []
        while self._is("case"):
            self._next("case")
            cases.append(self._next())
            self._next(":")
        return tuple(cases)

    def _arm(self) -> list[Field]:
        if self._is("struct"):
            for token in ("struct", "{", "}", ";"):
                self._next(token)
            return []
        fields = []
        while not self._is("case") and not self._is("}"):
            fields.append(self.field())
        return fields
