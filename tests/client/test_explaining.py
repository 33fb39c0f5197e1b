"""Errors in people's words: what happened, what to do next, and the reference at the end."""

from __future__ import annotations

import re

import pytest

from covey.access.refusals import Code, refused
from covey.client.words.explaining import _CODES, _RULES, explained
from covey.errors import (
    AuthenticationError,
    CoveyError,
    LocalProtocolError,
    PolicyError,
    RemoteProtocolError,
)
from tracked import ROOT


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LocalProtocolError("VAL-135", "12.2", "A regular Commit …", "leaf 3"),
            "nobody removes itself: leave the group (VAL-135, RFC 9420 §12.2; leaf 3)",
        ),
        (
            RemoteProtocolError("VAL-101", "6", "A message is for the group."),
            (
                "the group's protocol does not allow it, for: A message is for the group; look at"
                " the group as it is now, and try again (VAL-101, RFC 9420 §6)"
            ),
        ),
        (
            AuthenticationError("VAL-099", "6.2"),
            (
                "something is damaged, or was made by somebody else than it says: ask for it again"
                " (VAL-099, RFC 9420 §6.2)"
            ),
        ),
        (
            AuthenticationError("VAL-055", "10.1"),
            "this card or KeyPackage cannot be used: ask for a new one (VAL-055, RFC 9420 §10.1)",
        ),
        (
            refused(Code.capability_refused),
            (
                "this link is not good any more, since it has expired or was taken back: ask for a"
                " new one (capability_refused)"
            ),
        ),
        (PolicyError("admins invite"), "admins invite"),
        (PolicyError("admins invite").of(rule="VAL-145", section="12.2"), "admins invite"),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error: CoveyError, said: str) -> None:
    assert explained(error) == said


def test_every_sentence_is_about_something_that_there_is() -> None:
    known = set(re.findall(r"VAL-\d{3}", (ROOT / "docs" / "rules.md").read_text()))
    assert set(_CODES) <= set(Code)
    assert set(_RULES) <= known


@pytest.mark.parametrize("said", sorted({*_RULES.values(), *_CODES.values()}))
def test_each_of_them_says_what_to_do(said: str) -> None:
    _, _, then = said.partition(": ")
    assert then.split()[0] in {"see", "ask", "begin", "update", "leave", "send", "try", "tell"}
