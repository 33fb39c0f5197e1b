"""What is wrong with a configuration: all of it at once, each with where it was said.

May import :mod:`covey.errors`.
"""

from __future__ import annotations

from typing import NamedTuple

from covey.errors import CoveyError


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        key: The setting, such as ``retention_days``.
        origin: Where it was said: a flag, a variable, a file and its line.
        sentence: What was there, and what would do. Never a password.
    """

    key: str
    origin: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.sentence}" if self.origin else self.sentence


class ConfigError(CoveyError):
    """The broker cannot run with this configuration.

    Attributes:
        faults: Everything that is wrong with it.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))
