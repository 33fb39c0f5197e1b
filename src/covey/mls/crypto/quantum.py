"""What of a cipher suite outlasts a quantum computer. May import this package.

Its KEM decides over confidentiality, its signatures over authentication: what is recorded today can
be opened later, and nobody can sign in the past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.mls.crypto.dhkem import DhKem
from covey.mls.crypto.mldsa import MlDsa

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

_WORDS = {True: "quantum-safe", False: "not quantum-safe"}


class Safety(NamedTuple):
    """What of a suite outlasts a quantum computer.

    Attributes:
        confidentiality: Whether what is said now stays secret then.
        authentication: Whether nobody can speak in another's name once there is one.
    """

    confidentiality: bool
    authentication: bool

    def __str__(self) -> str:
        secrecy, signing = (_WORDS[each] for each in self)
        return f"confidentiality {secrecy}, authentication {signing}"


def safety(suite: Suite) -> Safety:
    """What of a suite outlasts a quantum computer: by its KEM, and by its signatures."""
    return Safety(not isinstance(suite.kem, DhKem), isinstance(suite.signature, MlDsa))
