"""Cards, invitations and links: texts that survive mail and chat, or say what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.team import SUITE
from covey import mls
from covey.access.member import links
from covey.access.structs.log import Parcel
from covey.access.structs.sealed import Link, SealedPointer
from covey.client.words import cards, safety
from covey.client.words.cards import Card, Invitation
from covey.errors import DecodeError, UnsupportedError

CARD = Card(1, mls.Member.basic(b"bob", SUITE).key_package().message)
POINTER = SealedPointer(bytes(32), bytes(400)).encode()
INVITATION = Invitation(1, bytes(32), b"https://broker.example", bytes(32), POINTER, ())
WHOLE = INVITATION.replace(parcels=(Parcel(bytes(32), bytes(5_000)),))
LINK = Link(1, bytes(32), bytes(range(32)), 1, bytes(32))
PAPERS = {"card": CARD, "invitation": INVITATION, "whole": WHOLE}


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_comes_back_from_its_text(name: str) -> None:
    text = cards.to_text(PAPERS[name])
    assert text.startswith("covey ")
    assert max(map(len, text.splitlines())) <= 64
    assert cards.from_text(text) == PAPERS[name]


@pytest.mark.parametrize("name", ["card", "invitation"])
def test_a_paper_comes_back_from_one_qr_code(name: str) -> None:
    text = cards.to_qr(PAPERS[name])
    assert cards.from_text(text) == PAPERS[name]
    assert cards.from_text(f" {text.lower()}\n") == PAPERS[name]
    assert safety.as_qr(text)


def test_what_is_too_long_for_a_qr_code_goes_by_file() -> None:
    with pytest.raises(ValueError, match="hand over a file"):
        safety.as_qr(cards.to_qr(WHOLE))


WAYS = {
    "quoted": lambda text: "".join(f"> > {line}\r\n" for line in text.splitlines()),
    "around": lambda text: f"Here is my covey card for you:\n\n{text}\n-- \nBob, covey card owner",
    "flat": lambda text: " ".join(text.split()),
    "spaced": lambda text: text.replace("\n", "\n\n   \u200b"),
    "rewrapped": lambda text: "\n".join(text[each : each + 50] for each in range(0, 99_999, 50)),
    "shouted": lambda text: text.replace("covey", "COVEY"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_text_survives_what_happens_to_it(way: str) -> None:
    lines = cards.to_text(CARD).splitlines()
    body = "".join(lines[1:-1])
    text = f"{lines[0]}\n{body}\n{lines[-1]}\n" if way == "rewrapped" else "\n".join(lines)
    if way == "rewrapped":
        wrapped = "\n".join(body[each : each + 50] for each in range(0, len(body), 50))
        text = text.replace(body, wrapped)
        assert cards.from_text(text) == CARD
        return
    assert cards.from_text(WAYS[way](text)) == CARD


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: "hello", "no covey card or invitation"),
        (lambda text: text[:200], "the end is missing"),
        (lambda text: text[text.index("\n") :], "the heading is missing"),
        (lambda text: text.replace("\n", "\nA", 1), "not complete, or was changed"),
        (lambda text: text.replace("card", "invitation"), "not complete, or was changed"),
        (lambda text: text.replace("\n", "\n!", 1), "not complete, or was changed"),
    ],
    ids=["none", "cut", "beheaded", "longer", "renamed", "damaged"],
)
def test_what_is_wrong_says_what_to_do(spoil: object, said: str) -> None:
    assert callable(spoil)
    with pytest.raises(DecodeError, match=said):
        cards.from_text(spoil(cards.to_text(CARD)))


def test_a_qr_code_that_was_read_wrongly_says_so() -> None:
    text = cards.to_qr(CARD)
    for wrong in (text[:-9], text.replace("COVEY:C", "COVEY:I"), "COVEY:C:A"):
        with pytest.raises(DecodeError, match="scan it again"):
            cards.from_text(wrong)


def test_a_later_version_says_so() -> None:
    with pytest.raises(UnsupportedError, match="update covey"):
        cards.from_text(cards.to_text(CARD.replace(version=2)))


@pytest.mark.parametrize(
    "wrong",
    [
        Card(1, POINTER),
        Card(1, mls.Group.create(mls.Member.basic(b"a", SUITE)).group_info()),
        INVITATION.replace(pointer=b"\1"),
        INVITATION.replace(url=b"\xff"),
        INVITATION.replace(url=b"file:///etc/passwd"),
    ],
    ids=["bytes", "info", "pointer", "utf8", "scheme"],
)
def test_what_is_inside_is_looked_at(wrong: Card | Invitation) -> None:
    with pytest.raises(DecodeError):
        cards.from_text(cards.to_text(wrong))


@given(st.text() | st.binary().map(lambda data: f"covey card\n{data!r}\ncovey end 00000000"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        cards.from_text(text)


def test_many_headings_take_no_long_time() -> None:
    with pytest.raises(DecodeError):
        cards.from_text("covey card " * 100_000 + "covey end 00000000")


# --- links ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://broker.example", "http://127.0.0.1:8440", "https://[::1]:8440/path"]
)
def test_a_link_comes_back(url: str) -> None:
    text = cards.link_text(url, links.encode(LINK))
    assert text.startswith("covey:http")
    assert cards.parse_link(text) == (url, LINK)
    assert cards.parse_link(f" {text[:40]}\n{text[40:]} ") == (url, LINK)
    assert cards.parse_link(text.removeprefix("covey:")) == (url, LINK)
    assert safety.as_qr(text)


def test_a_link_does_not_show_its_seed() -> None:
    parsed = cards.parse_link(cards.link_text("https://a.example", links.encode(LINK)))
    assert repr(parsed) == "InviteLink(url='https://a.example', link=Link(…))"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "https://me@a.example",
        "https://a.example:x",
        "a",
        "https://[",
        "https://ä.example",
    ],
)
def test_a_link_that_leads_to_no_broker_is_refused(url: str) -> None:
    with pytest.raises(DecodeError):
        cards.link_text(url, links.encode(LINK))
    with pytest.raises(DecodeError):
        cards.parse_link(f"covey:{url}#{links.encode(LINK)}")


@pytest.mark.parametrize("text", ["", "covey:https://a.example", "covey:https://a.example#AQEB"])
def test_a_link_that_is_cut_off_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        cards.parse_link(text)
