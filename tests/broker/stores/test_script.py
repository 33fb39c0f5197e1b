"""Scripts, and what their statements become on each engine."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from covey.broker.script import Many, Query, Statement, play

if TYPE_CHECKING:
    from covey.broker.script import Row, Script, Step

ONE = Statement("SELECT $1")


def test_values_are_numbered_for_postgresql_and_in_order_for_sqlite() -> None:
    statement = Statement("UPDATE t SET a = $2, b = $10 WHERE c = $1 AND d = $2")
    assert statement.postgres == "UPDATE t SET a = $2, b = $10 WHERE c = $1 AND d = $2"
    text, values = statement.sqlite([*range(1, 11)])
    assert text == "UPDATE t SET a = ?, b = ? WHERE c = ? AND d = ?"
    assert values == (2, 10, 1, 2)


def test_only_postgresql_is_told_to_lock() -> None:
    statement = Statement("SELECT a FROM t WHERE b = $1", lock="FOR NO KEY UPDATE")
    assert statement.postgres == "SELECT a FROM t WHERE b = $1 FOR NO KEY UPDATE"
    assert statement.sqlite([7]) == ("SELECT a FROM t WHERE b = ?", (7,))


@pytest.mark.parametrize("keys", [(), (b"x",), (b"x", b"y", b"z")])
def test_a_list_of_keys(keys: tuple[bytes, ...]) -> None:
    statement = Statement("SELECT a FROM t WHERE b = $2 AND c IN $1 AND d = $3 AND NOT e in $1")
    assert statement.postgres == (
        "SELECT a FROM t WHERE b = $2 AND c = ANY($1) AND d = $3 AND NOT e = ANY($1)"
    )
    text, values = statement.sqlite([keys, 2, 3])
    wanted = "SELECT a FROM t WHERE b = ? AND c IN (*) AND d = ? AND NOT e IN (*)"
    assert text == wanted.replace("*", ", ".join("?" * len(keys)))
    assert values == (2, *keys, 3, *keys)


def test_a_list_that_is_no_list() -> None:
    with pytest.raises(TypeError, match="tuple of keys, not bytes"):
        Statement("SELECT 1 WHERE x IN $1").sqlite([b"key"])


def test_a_statement_shows_itself() -> None:
    assert repr(ONE) == "Statement('SELECT $1')"


def test_sqlite_understands_what_comes_out() -> None:
    statement = Statement("SELECT $2, $1, $2 WHERE $1 IN $3")
    with closing(sqlite3.connect(":memory:")) as database:
        query = statement.sqlite([b"a", 5, (b"b", b"a")])
        assert database.execute(*query).fetchall() == [(5, b"a", 5)]


def test_a_script_is_sent_its_rows() -> None:
    asked: list[Step] = []

    def script() -> Script[int]:
        [(first,)] = yield ONE.of(3)
        assert (yield Many(ONE, [(1,), (2,)])) == []
        [(second,)] = yield Query(ONE, (4,))
        total: int = first + second
        return total

    def run(step: Step) -> list[Row]:
        asked.append(step)
        return [step.args] if isinstance(step, Query) else []

    assert play(script(), run) == 7
    assert asked == [ONE.of(3), Many(ONE, [(1,), (2,)]), ONE.of(4)]


def test_a_script_that_yields_nothing() -> None:
    def script() -> Script[str]:
        return "done"
        yield ONE.of(1)  # type: ignore[unreachable]

    assert play(script(), lambda _: []) == "done"


def test_a_step_that_fails_ends_the_script() -> None:
    ended = []

    def script() -> Script[None]:
        try:
            yield ONE.of(1)
        except sqlite3.Error:
            ended.append("saw it")
        finally:
            ended.append("closed")

    def run(_: Step) -> list[Row]:
        msg = "no"
        raise sqlite3.OperationalError(msg)

    with pytest.raises(sqlite3.OperationalError, match=re.escape("no")):
        play(script(), run)
    assert ended == ["closed"]
