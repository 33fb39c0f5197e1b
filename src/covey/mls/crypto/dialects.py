"""Which number means which suite: a registry of dialects, and the suites that are in use.

May import this package. The suites of RFC 9420 have numbers for good (§17.1). Those of
draft-ietf-mls-pq-ciphersuites have none yet, and each ecosystem has made up its own; some mean
two things by one number, so that not all dialects can be spoken at once. A process speaks the
ones of :data:`SPOKEN` from its beginning, and :func:`speak` others
(docs/adr/0014-post-quantum-suites.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from covey.errors import UnsupportedError
from covey.mls.crypto.draft_suites import DRAFT_06, OPENMLS_XWING, TS_MLS
from covey.mls.crypto.hybrid import MLKEM768_X25519, XWING_DRAFT
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.crypto.draft_suites import Row
    from covey.mls.crypto.suite import Suite


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """The numbers of an ecosystem.

    Attributes:
        name: Its name.
        suites: Its suites beside those of the RFC, by code point.
    """

    name: str
    suites: Mapping[int, Suite]


def dialect(name: str, rows: Mapping[int, Row]) -> Dialect:
    """Give numbers to suites.

    Args:
        name: The name of the dialect.
        rows: The suites, by code point.

    Raises:
        ValueError: A number is one of the RFC's, or none of 16 bits; or the name is the RFC's, or
            none.
    """
    if not name or name == RFC_9420:
        msg = f"a dialect cannot be called {name!r}"
        raise ValueError(msg)
    for code in rows:
        if code in SUITES or not 0 < code < 1 << 16:
            msg = f"0x{code:04x} is no number that a dialect can give"
            raise ValueError(msg)
    return Dialect(
        name, MappingProxyType({code: row.suite(code, name) for code, row in rows.items()})
    )


def _numbered(codes: Mapping[int, int]) -> dict[int, Row]:
    """The draft's suites, by code point, of their places in its list from 1."""
    return {code: DRAFT_06[place - 1] for code, place in codes.items()}


_OPENMLS: Final = _numbered(
    {
        0x004F: 1,
        0x004E: 2,
        0xF042: 6,
        0x0050: 7,
        0x0042: 8,
        0x0052: 9,
        0x0051: 10,
        0x0907: 11,
    }
)

RFC_9420: Final = "rfc9420"
"""The name of the dialect that all speak."""

PRIVATE: Final = dialect("private", _numbered({0xFC00 + place: place for place in range(1, 12)}))
"""covey's own, in the range that the RFC leaves to private use; what it uses by default."""

DRAFT_06_OPENMLS: Final = dialect("draft-06-openmls", _OPENMLS)
"""OpenMLS since September 2026, with the draft's DeriveKeyPair."""

OPENMLS_0_9: Final = dialect(
    "openmls-0.9",
    {0x004D: OPENMLS_XWING}
    | {
        code: row._replace(kem=XWING_DRAFT)
        for code, row in _OPENMLS.items()
        if row.kem is MLKEM768_X25519
    },
)
"""OpenMLS 0.9.2 and before: its X-Wing suites, with X-Wing's own DeriveKeyPair."""

MLSPP: Final = dialect("mlspp", _numbered({0x0008: 2, 0x0009: 4, 0x000A: 5}))
"""mlspp, and the vectors of draft-ietf-mls-partial."""

TS_MLS_1: Final = dialect(
    "ts-mls-1", dict(zip((0x0053, 0x0054, 0x0057, 0x0058), TS_MLS, strict=True))
)
"""ts-mls 1.6, its suites with X-Wing; its own DeriveKeyPair of ML-KEM fits no suite of the RFC."""

TS_MLS_2: Final = dialect(
    "ts-mls", dict(zip((0xF00D, 0xF00E, 0xF011, 0xF012), TS_MLS, strict=True))
)
"""ts-mls 2.0, the same suites."""

DIALECTS: Final = MappingProxyType(
    {
        each.name: each
        for each in (PRIVATE, DRAFT_06_OPENMLS, OPENMLS_0_9, MLSPP, TS_MLS_1, TS_MLS_2)
    }
)
"""All dialects that come with covey, by name."""

SPOKEN: Final = (PRIVATE, DRAFT_06_OPENMLS, MLSPP, TS_MLS_1, TS_MLS_2)
"""What a process speaks from its beginning."""

_known: dict[int, Suite] = dict(SUITES)


def speak(*dialects: Dialect | str) -> None:
    """Speak these from now on, and no others; the suites of the RFC are always known.

    For the beginning of a program: groups of a dialect that is not spoken any more cannot be
    opened.

    Args:
        dialects: Those, or the names of some that come with covey.

    Raises:
        ValueError: Two of them mean different suites by one number, or there is none of a name;
            nothing has changed.
    """
    known = dict(SUITES)
    for each in map(_found, dialects):
        for code, suite in each.suites.items():
            if code in known:
                msg = f"{known[code].dialect} and {each.name} both have a suite 0x{code:04x}"
                raise ValueError(msg)
            known[code] = suite
    _known.clear()
    _known.update(known)


def _found(named: Dialect | str) -> Dialect:
    if not isinstance(named, str):
        return named
    if named not in DIALECTS:
        msg = f"there is no dialect {named!r}; there are {', '.join(DIALECTS)}"
        raise ValueError(msg)
    return DIALECTS[named]


def get_suite(code: int) -> Suite:
    """Find the suite of a code point, in the dialects that are spoken.

    Raises:
        UnsupportedError: No such suite here.
    """
    try:
        return _known[code]
    except KeyError:
        msg = f"cipher suite 0x{code:04x} is not supported"
        raise UnsupportedError(msg) from None


def is_known(code: int) -> bool:
    """Whether a code point means a suite, in the dialects that are spoken."""
    return code in _known


def known_suites() -> tuple[Suite, ...]:
    """Every suite of the dialects that are spoken; those of the RFC first."""
    return tuple(_known.values())


speak(*SPOKEN)
