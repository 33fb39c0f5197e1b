"""Which number means which suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import UnsupportedError
from covey.mls.crypto.dialects import (
    DIALECTS,
    DRAFT_06_OPENMLS,
    MLSPP,
    OPENMLS_0_9,
    PRIVATE,
    SPOKEN,
    TS_MLS_1,
    TS_MLS_2,
    dialect,
    get_suite,
    is_known,
    known_suites,
    speak,
)
from covey.mls.crypto.draft_suites import DRAFT_06
from covey.mls.crypto.hybrid import MLKEM768_X25519, XWING_DRAFT
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    speak(*SPOKEN)


def test_each_suite_of_the_draft_has_a_number_of_ours() -> None:
    assert [suite.name for suite in PRIVATE.suites.values()] == [row.name for row in DRAFT_06]
    assert all(0xF000 <= code <= 0xFFFF for code in PRIVATE.suites)  # RFC 9420 section 17.1
    assert len({suite.name for suite in known_suites() if suite.dialect == "private"}) == 11


def test_the_suites_of_the_rfc_are_of_every_dialect() -> None:
    speak()
    assert {suite.code for suite in known_suites()} == set(SUITES)
    assert not is_known(0xFC01)
    with pytest.raises(UnsupportedError, match="0xfc01"):
        get_suite(0xFC01)
    with pytest.raises(ValueError, match="0x0001 is no number"):
        dialect("mine", {1: DRAFT_06[0]})
    with pytest.raises(ValueError, match="0x10000 is no number"):
        dialect("mine", {1 << 16: DRAFT_06[0]})


def test_what_is_spoken_from_the_beginning_means_one_thing() -> None:
    assert get_suite(0x004F).name == get_suite(0xFC01).name
    assert (get_suite(0x004F).dialect, get_suite(0xFC01).dialect) == (
        "draft-06-openmls",
        "private",
    )
    found = [get_suite(code).dialect for code in (8, 0x0053, 0xF00D)]
    assert found == ["mlspp", "ts-mls-1", "ts-mls"]
    assert set(SPOKEN) == {PRIVATE, DRAFT_06_OPENMLS, MLSPP, TS_MLS_1, TS_MLS_2}


def test_two_meanings_of_a_number_are_not_spoken_at_once() -> None:
    with pytest.raises(ValueError, match=r"draft-06-openmls and openmls-0\.9 both have"):
        speak(DRAFT_06_OPENMLS, OPENMLS_0_9)
    assert is_known(0xFC01)  # nothing has changed
    assert get_suite(0x004F).kem is MLKEM768_X25519
    speak(OPENMLS_0_9)
    assert get_suite(0x004F).kem is XWING_DRAFT
    assert get_suite(0x004F).dialect == "openmls-0.9"
    assert get_suite(0x004D).name == "MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519"


def test_ts_mls_has_numbered_its_suites_twice() -> None:
    first, second = ([each.name for each in one.suites.values()] for one in (TS_MLS_1, TS_MLS_2))
    assert first == second
    assert len(first) == 4


def test_an_ecosystem_may_number_as_it_likes() -> None:
    speak(PRIVATE, dialect("mine", {0xF123: DRAFT_06[8]}))
    suite = get_suite(0xF123)
    assert (suite.dialect, suite.signature_scheme) == ("mine", "mldsa44")
    assert repr(suite) == f"<Suite 0xf123 {DRAFT_06[8].name}>"


def test_what_comes_with_covey_is_spoken_by_name() -> None:
    speak("openmls-0.9", PRIVATE)
    assert get_suite(0x004F).dialect == "openmls-0.9"
    with pytest.raises(ValueError, match="there is no dialect 'openmls'; there are private, "):
        speak("openmls")
    assert get_suite(0x004F).dialect == "openmls-0.9"


@pytest.mark.parametrize("name", ["", "rfc9420"])
def test_a_dialect_has_a_name_of_its_own(name: str) -> None:
    """What is stored names none for the suites of the RFC."""
    with pytest.raises(ValueError, match="cannot be called"):
        dialect(name, {0xF00D: DRAFT_06[0]})


def test_all_dialects_are_listed_by_name() -> None:
    assert {name: each.name for name, each in DIALECTS.items()} == {
        name: name
        for name in (
            *("private", "draft-06-openmls", "openmls-0.9", "mlspp"),
            *("ts-mls-1", "ts-mls"),
        )
    }
    for each in DIALECTS.values():
        assert {suite.dialect for suite in each.suites.values()} == {each.name}
