"""What the demo draws."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from covey.lab.demo.orders import DrawnNode
from covey.lab.demo.scenes import (
    Act,
    Agreed,
    Began,
    Check,
    Curtain,
    Known,
    KnownLog,
    Line,
    Note,
    Scenes,
    Talk,
    Tally,
    Tree,
    Tried,
)
from covey.lab.demo.screen import Screen


def shown(scene: Scenes) -> str:
    out = io.StringIO()
    Screen(Console(file=out, width=100, highlight=False)).show(scene)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        (Began("alice", 7, "at home"), "  alice    pid 7       at home"),
        (Note("[bold]Nothing[/] is markup."), "  [bold]Nothing[/] is markup."),
        (Agreed(3, ["alice"], "ab12"), "  epoch 3, authenticator ab12…"),
        (Check("it holds", passed=True), "  ok    it holds"),
        (Check("it holds", passed=False, detail="not"), "  FAILED it holds (not)"),
        (Curtain(passed=True, checks=3, seconds=1.5), "\nAll of 3 checks passed, in 1.5 s."),
        (Curtain(passed=False, checks=3, seconds=1.5), "\nNOT all of 3 checks passed, in 1.5 s."),
    ],
)
def test_a_line_says_it(scene: Scenes, text: str) -> None:
    assert shown(scene) == text


def test_an_act_has_a_title() -> None:
    title, sentence = shown(Act("A group", "It begins.")).splitlines()[1:]
    assert title.startswith("A group ─")
    assert sentence == "It begins."


def test_a_message_stands_beside_what_the_broker_holds() -> None:
    line = Line(4, 2, "alice", "hello", ["bruno", "carol"], "c0ffee", 190)
    text = shown(Talk([line]))
    assert "the last bytes that\n" in text
    assert "the broker's database holds\n" in text
    first, second = text.splitlines()[-2:]
    assert first.split() == ["alice", "hello", "…c0ffee"]
    assert second.split() == ["→", "bruno", "carol", "entry", "4,", "epoch", "2,", "190", "bytes"]


def test_a_tree_grows_from_its_root() -> None:
    root = DrawnNode(
        "",
        "aaaa",
        [],
        [
            DrawnNode("", "bbbb", ["bruno"], [DrawnNode("alice", "01"), DrawnNode("bruno", "02")]),
            DrawnNode("", "", [], [DrawnNode("carol", "03"), DrawnNode("", "")]),
        ],
    )
    assert shown(Tree(5, root)).splitlines() == [
        "ratchet tree of epoch 5: aaaa…",
        "├── bbbb… but not bruno",
        "│   ├── alice 01…",
        "│   └── bruno 02…",
        "└── blank",
        "    ├── carol 03…",
        "    └── blank",
    ]


def test_an_attempt_says_what_came_of_it() -> None:
    tallies = [
        Tally("before", 5, 0, because="MissingKeyError: the key was used already"),
        Tally("between", 2, 2, text="hello"),
        Tally("after", 2, 0, because="AuthenticationError: no"),
    ]
    assert shown(Tried("thief", tallies, 3, 6, "proof_refused")).splitlines() == [
        "  thief before: 0 of 5 read (no key for it: MissingKeyError)",
        "  thief between: 2 of 2 read (“hello”)",
        "  thief after: 0 of 2 read (the key does not open it: AuthenticationError)",
        "  3 keys, tried by hand, open no later message either.",
        "  asked with the stolen keys, the broker gives out 6 entries, then answers proof_refused.",
    ]


def test_a_long_line_goes_on_below_its_beginning() -> None:
    first, second = shown(Check("word " * 30, passed=True)).splitlines()
    assert first.startswith("  ok    word ")
    assert second.startswith("        word ")
    first, second = shown(Note("word " * 30)).splitlines()
    assert len(first) <= 100
    assert second.startswith("  word ")


def test_what_the_broker_knows_is_listed() -> None:
    log = KnownLog("ab" * 32, 3, 5, {512: 4, 1024: 1})
    known = Known([log], {"account": 2, "entry": 5}, {"hour": [498_681], "week": [2_968]})
    assert shown(known).splitlines() == [
        "  a group abababababababab…: 3 epochs, 5 entries of 512 bytes (4), 1024 bytes (1)",
        "  times, in UTC: 09:00–10:00 on 21 Nov 2026; the week of 19 Nov 2026",
        "  rows: 2 account, 5 entry",
    ]
