"""What a rule is, who is blamed, and that each of them says what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import covey
from covey.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from covey.mls.rules import (
    app_data,
    joining,
    key_packages,
    leaves,
    messages,
    paths,
    proposals,
    trees,
)
from covey.mls.rules.registry import RULES, Local, Remote, Rule, enforce, rule

SOURCES = sorted(Path(covey.__file__).parent.glob("mls/group/*.py"))
MODULES = (app_data, joining, key_packages, leaves, messages, paths, proposals, trees)


def even(subject: int) -> str | None:
    """A number is even.

    More about it.
    """
    return f"{subject} is odd" if subject % 2 else None


def made(**options: object) -> Rule:
    """A rule that is not kept in the registry."""
    before = len(RULES)
    new = rule("VAL-000", "0.0", **options)(even)  # type: ignore[arg-type]
    del RULES[before:]
    return new


def test_a_rule_has_its_id_section_and_statement_as_data() -> None:
    found = made(also=("VAL-999",))
    assert (found.id, found.section) == ("VAL-000", "0.0")
    assert found.statement == "A number is even."
    assert found.also == ("VAL-999",)
    assert found.check(2) is None
    assert found.check(3) == "3 is odd"


def test_registering_puts_a_rule_into_the_registry() -> None:
    before = list(RULES)
    new = rule("VAL-000", "0.0")(even)
    assert [*before, new] == RULES
    RULES.pop()


@pytest.mark.parametrize(
    ("blame", "error"), [(Local, LocalProtocolError), (Remote, RemoteProtocolError)]
)
def test_a_broken_rule_blames_whom_the_caller_says(
    blame: type[LocalProtocolError | RemoteProtocolError], error: type[Exception]
) -> None:
    enforce((made(),), 2, blame)
    with pytest.raises(error) as caught:
        enforce((made(),), 3, blame)
    assert isinstance(caught.value, LocalProtocolError | RemoteProtocolError)
    assert caught.value.rule == "VAL-000"
    assert caught.value.section == "0.0"
    assert caught.value.statement == "A number is even."
    assert caught.value.detail == "3 is odd"


def test_strict_rules_count_in_strict_mode_only() -> None:
    strict = made(strict=True)
    enforce((strict,), 3, Remote, strict=False)
    with pytest.raises(RemoteProtocolError):
        enforce((strict,), 3, Remote, strict=True)


def test_the_first_broken_rule_is_told() -> None:
    def positive(subject: int) -> str | None:
        """A number is positive."""
        return "it is not" if subject < 1 else None

    second = rule("VAL-001", "0.0")(positive)
    RULES.pop()
    with pytest.raises(RemoteProtocolError, match="VAL-001"):
        enforce((second, made()), -1, Remote)
    with pytest.raises(RemoteProtocolError, match="VAL-000"):
        enforce((made(), second), -1, Remote)


def test_every_rule_is_registered_and_documented() -> None:
    own = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, Rule) and value.check.__module__ == module.__name__
    ]
    assert {id(each) for each in own} == {id(each) for each in RULES}
    for each in RULES:
        assert re.fullmatch(r"VAL-\d{3}|SELF-REMOVE-\d|APP-DATA-\d|SAFE-AAD-1", each.id)
        assert re.fullmatch(r"\d+(\.\d+)*|extensions draft, \w+", each.section)
        assert each.statement.endswith((".", ")."))
        assert all(re.fullmatch(r"VAL-\d{3}", other) for other in each.also)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_every_rule_is_enforced_somewhere(module: object) -> None:
    sets = [
        value
        for each in MODULES
        for value in vars(each).values()
        if isinstance(value, tuple) and all(isinstance(entry, Rule) for entry in value)
    ]
    in_sets = {entry.check.__name__ for each in sets for entry in each}
    group = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for value in vars(module).values():
        if isinstance(value, Rule):
            name = value.check.__name__
            assert name in in_sets or name in group


@pytest.mark.parametrize(
    ("section", "cited"),
    [("12.2", "RFC 9420 §12.2"), ("extensions draft, SelfRemove", "extensions draft, SelfRemove")],
)
def test_a_refusal_cites_what_the_rule_is_of(section: str, cited: str) -> None:
    refused = RemoteProtocolError("VAL-0", section, "Nothing is so.")
    assert str(refused) == f"VAL-0 ({cited}) Nothing is so."
    assert str(DecodeError("it is short").of(rule="VAL-0", section=section)).endswith(
        f"(VAL-0, {cited})"
    )
