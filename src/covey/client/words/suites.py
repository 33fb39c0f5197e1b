"""Cipher suites for people: what they are called, and what of them a quantum computer breaks.

May import the engine's crypto. Those after the RFC's have no numbers of their own yet; covey uses
its own, of the range for private use (:mod:`covey.mls.crypto.dialects`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import StateError
from covey.mls.crypto.dialects import get_suite, is_known, known_suites
from covey.mls.crypto.quantum import safety

if TYPE_CHECKING:
    from covey.mls.crypto.quantum import Safety

CLASSICAL: Final = 0x0001
"""MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519."""

XWING: Final = 0xFC01
"""X-Wing, that is ML-KEM-768 with X25519, and Ed25519."""

XWING_MLDSA44: Final = 0xFC09
"""X-Wing and ML-DSA-44."""

UPGRADES: Final = (XWING, XWING_MLDSA44)
"""The suites for which a client keeps KeyPackages, unless it is told others."""

_SHORT: Final = {
    "classical": CLASSICAL,
    "x-wing": XWING,
    "x-wing-mldsa44": XWING_MLDSA44,
}
"""What one types for those that are used most."""


def to_be_left(code: int) -> str:
    """What somebody has to do who has left no keys for a suite."""
    if code in UPGRADES:
        return "they have to be online once with a covey that knows it"
    given = f"`covey suites 0x{code:04x}`, or upgrades= in a program"
    return f"they have to say once that their client is to leave keys for it ({given})"


def to_be_tried(code: int, who: str) -> str:
    """What to do when somebody has left no keys for a suite."""
    if code in {CLASSICAL, *UPGRADES}:
        return f"try again when {who} is online"
    return to_be_left(code)


def safety_of(code: int) -> Safety | None:
    """What of a suite outlasts a quantum computer, by its number; None if it is not known here."""
    return safety(get_suite(code)) if is_known(code) else None


def sentence(code: int) -> str:
    """What a suite is, and of what it is safe."""
    found = safety_of(code)
    if found is None:
        return f"suite 0x{code:04x}, which is not known here"
    return f"{name(code)} ({found})"


def name(code: int) -> str:
    """The name of a suite, or its number if it is not known here."""
    return get_suite(code).name if is_known(code) else f"0x{code:04x}"


def parse(given: object) -> int:
    """A suite by its number, its name, or a short one: ``x-wing``, ``x-wing-mldsa44``.

    Raises:
        StateError: There is none such here.
    """
    code = _found(given)
    if code is None or not is_known(code):
        short = ", ".join(_SHORT)
        msg = f"there is no suite {given}: say {short}, or a number or a name, as in the reference"
        raise StateError(msg)
    return code


def _found(given: object) -> int | None:
    if isinstance(given, int) and not isinstance(given, bool):
        return int(given)
    if not isinstance(given, str):
        return None
    wanted = given.strip().lower()
    if wanted in _SHORT:
        return _SHORT[wanted]
    for suite in known_suites():
        if suite.name.lower() == wanted:
            return suite.code
    try:
        return int(wanted, 0)
    except ValueError:
        return None
