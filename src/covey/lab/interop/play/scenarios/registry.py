"""The list of all scenarios (imports scenes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.interop.play.scene import Scene


class Scenario(NamedTuple):
    """One scenario.

    Attributes:
        kind: The file it is in, such as ``"commit"``.
        name: Its function, such as ``"update"``.
        title: What happens in it, a sentence.
        play: Plays it in a scene without members.
    """

    kind: str
    name: str
    title: str
    play: Callable[[Scene], None]

    @property
    def id(self) -> str:
        """``kind/name``."""
        return f"{self.kind}/{self.name}"


_LIST: list[Scenario] = []


def scenario(play: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Put a function on the list; its docstring's first sentence is its title."""
    kind = play.__module__.rpartition(".")[2]
    title = (play.__doc__ or "").partition("\n")[0].removesuffix(".")
    _LIST.append(Scenario(kind, play.__name__, title, play))
    return play


def scenarios() -> tuple[Scenario, ...]:
    """All that have been put on the list, in the order of the files that were imported."""
    return tuple(_LIST)
