"""docs/rules.md lists the rules as they are in the code.

`python tests/house/test_rules_page.py` writes its table anew, with `src` in PYTHONPATH where
covey is not installed.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from covey.lab.adversary.cases import ALL_CASES
from covey.mls.rules.places import PLACES
from covey.mls.rules.registry import RULES
from tracked import ROOT

if TYPE_CHECKING:
    from covey.mls.rules.registry import Rule

HEAD = ("| id | § | | in `covey.mls` | cases |", "|---|---|---|---|---|")
PAGE = ROOT / "docs" / "rules.md"
TABLE = re.compile(r"^\| id \|.*\n(?:\|.*\n)+", re.MULTILINE)


def table() -> str:
    """All rules and places, by id, as a table."""
    rows = [(_number(rule.id), _rule_row(rule)) for rule in RULES]
    rows += [
        (
            _number(id_),
            f"| {id_} | {place.section} | {place.how} | `{place.where}` | {_tests(id_)} |",
        )
        for id_, place in PLACES.items()
    ]
    lines = [row for _, row in sorted(rows)]
    return "\n".join([*HEAD, *lines, ""])


def _number(id_: str) -> tuple[str, str]:
    return ("VAL" if id_.startswith("VAL") else "~", id_)


def _rule_row(rule: Rule) -> str:
    also = "".join(f", {each}" for each in rule.also)
    strict = " *Strict.*" if rule.strict else ""
    where = f"{rule.check.__module__.removeprefix('covey.mls.')}:{rule.check.__name__}"
    tests = _tests(rule.id, *rule.also)
    return f"| {rule.id}{also} | {rule.section} | {rule.statement}{strict} | `{where}` | {tests} |"


def _tests(*ids: str) -> str:
    """The cases of the matrix that break a check."""
    names = [f"`{case.name}`" for case in ALL_CASES if case.check in ids]
    return ", ".join(dict.fromkeys(names))


def test_the_table_is_that_of_the_code() -> None:
    [written] = TABLE.findall(PAGE.read_text(encoding="utf-8"))
    assert written == table(), "python tests/house/test_rules_page.py writes it anew"


def test_every_rule_is_where_the_table_says() -> None:
    for rule in RULES:
        assert getattr(importlib.import_module(rule.check.__module__), rule.check.__name__) is rule


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8")
