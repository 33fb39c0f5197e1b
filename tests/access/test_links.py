"""Links: whole, or refused with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_samples import BROKER, GID, RANDOM
from covey.access.member import links
from covey.access.structs.sealed import Link
from covey.errors import DecodeError, UnsupportedError

LINK = Link(1, BROKER, GID, 1, RANDOM(32))
TEXT = links.encode(LINK)


def test_a_link_is_base64url_without_padding() -> None:
    assert len(TEXT) == 132
    assert TEXT.replace("-", "").replace("_", "").isalnum()
    assert links.decode(TEXT) == LINK


@pytest.mark.parametrize("written", ["abc", "", TEXT[:20], "i" * 131])
def test_what_is_shorter_than_a_link_is_none_of_any_version(written: str) -> None:
    with pytest.raises(DecodeError, match="copy"):
        links.decode(f"covey:https://x#{written}")


@pytest.mark.parametrize(
    "written",
    [
        f"#{TEXT}",
        f"  {TEXT}\n",
        f"{TEXT}=",
        f"{TEXT[:40]}\r\n {TEXT[40:]}",
        f"{TEXT[:9]}\u200b{TEXT[9:]}",
        f"covey:join?at=somewhere#{TEXT}",
    ],
    ids=["hash", "around", "padded", "broken in two", "no-width space", "a whole URL"],
)
def test_what_mail_does_to_a_link_does_no_harm(written: str) -> None:
    assert links.decode(written) == LINK


@pytest.mark.parametrize(
    ("mangled", "match"),
    [
        ("", "belong into none"),
        ("#", "belong into none"),
        (TEXT[:-1], "cut off|last character"),
        (TEXT[:-5], "cut off"),
        (TEXT + "A", "not complete|last character"),
        (TEXT + "AAAA", "not complete"),
        (TEXT[:50] + "…" + TEXT[51:], "belong into none"),
        (TEXT[:50] + "+" + TEXT[51:], "belong into none"),
        (TEXT[:50] + "=" + TEXT[51:], "belong into none"),
    ],
)
def test_a_mangled_link_is_refused(mangled: str, match: str) -> None:
    with pytest.raises(DecodeError, match=match):
        links.decode(mangled)


def test_a_link_of_a_later_version_says_so() -> None:
    later = links.encode(LINK.replace(version=2))
    with pytest.raises(UnsupportedError, match="newer client"):
        links.decode(later)


def test_unused_bits_have_to_be_zero() -> None:
    """99 bytes fill their digits; a Link of another length would not, and is none anyway."""
    assert len(LINK.encode()) % 3 == 0


@given(text=st.text(max_size=200))
def test_any_text_is_refused_or_a_link(text: str) -> None:
    try:
        link = links.decode(text)
    except (DecodeError, UnsupportedError):
        return
    assert links.decode(links.encode(link)) == link
