"""For how long we slept between two looks. May import the identity's home.

What is to be done once others have not answered for some time is put off by it: they could not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covey.client.sync.identity.home import Home


class Waking:
    """Looks, and the time between them.

    While something is awaited, that is no longer than :meth:`next_look` says, or we slept, or there
    was no broker.

    Args:
        home: What all groups share.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._looked_at = 0.0

    def slept(self) -> float:
        """Look; for how many seconds we slept since the last look, and 0 if we did not."""
        now, pace = self._home.world.now(), self._home.pace.knocks
        slept = now - self._looked_at - pace
        is_first, self._looked_at = not self._looked_at, now
        return 0.0 if is_first or slept <= pace else slept

    def next_look(self) -> float:
        """When to look again at the latest, in seconds since the epoch."""
        return self._home.world.now() + self._home.pace.knocks
