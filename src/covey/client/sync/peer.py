"""One identity, and all that is due for it besides its groups.

May import the flows below: its account, its arrivals, its branches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.sync import subgroups
from covey.client.sync.account import Account
from covey.client.sync.arriving import Arrivals
from covey.client.sync.branching import Branches
from covey.client.sync.coming import returning
from covey.client.sync.finishing import Finishing
from covey.client.sync.gathering import Gathering, invite_again
from covey.client.sync.identity import key_packages, posting, replacing
from covey.client.sync.identity.key_packages import Further
from covey.client.sync.rows import by_hand, memberships
from covey.errors import BrokerError

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.client.sync.identity.key_packages import Restocked
    from covey.client.sync.log.place import Place

_STOCK_EVERY: Final = 3600.0
_FORGETS_EVERY: Final = 86_400.0


class Peer(Account):
    """One identity; see :class:`~covey.client.sync.account.Account` for what it has."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._stocked_at = 0.0
        self._forgot_at = 0.0
        self._branches = Branches(self)
        self._gathering = Gathering(self)
        self._finishing = Finishing(self)
        self._arrivals = Arrivals(self)

    def attend(self, wait: int | None = 0) -> Flow[float]:
        """Do what is due besides the groups: post pointers, look into the inbox, keep the stock.

        Args:
            wait: How long to wait for something in the inbox, in milliseconds; None when another
                flow looks into it.

        Returns:
            When to do it again, in seconds since the epoch.

        Raises:
            BrokerError: The broker refuses.
            TransportError: It does not answer.
        """
        home = self.home
        if self.device is None:
            self.refresh()
        self._forget()
        subgroups.drop_barren(home)
        due = yield from posting.post(home)
        now = home.world.now()
        refused: BrokerError | None = None
        if self.device is not None and self.inbox is not None:
            if not 0 <= now - self._stocked_at < _STOCK_EVERY:  # or the clock was set back
                try:
                    yield from self.keep_stock()
                    self._stocked_at = now
                except BrokerError as error:
                    refused = error  # of our KeyPackages; the rest is due all the same
            if wait is not None:
                yield from self.look_into_inbox(wait)
                if replacing.is_suspect(home):
                    self._stocked_at = 0.0
            due = min(due, self._stocked_at + _STOCK_EVERY)
        yield from self._arrivals.come_back()
        due = min(due, (yield from self._branches.attend()))
        due = min(due, (yield from self._gathering.attend()))
        due = min(due, (yield from self._finishing.attend()))
        yield from invite_again(self)
        if refused is not None:
            raise refused
        return due

    def _forget(self) -> None:
        """Drop what was begun long ago, and came to nothing."""
        now = self.home.world.now()
        if not 0 <= now - self._forgot_at < _FORGETS_EVERY:
            self._forgot_at = now
            with self.home.store.transaction() as rows:
                by_hand.drop_old(rows, int(now))
                returning.drop_old(rows, int(now))
                memberships.drop_old(rows, int(now))

    def keep_stock(self) -> Flow[Restocked]:
        """See to it that enough KeyPackages wait, and none whose keys were not in a backup."""
        assert self.device is not None
        assert self.inbox is not None
        home = self.home
        if (yield from replacing.withdraw(home, self.device)):
            self.refresh()
        return (
            yield from key_packages.keep_stock(
                home.store,
                self.device,
                home.member,
                self.inbox.address,
                home.world,
                least=home.pace.stock,
                further=[
                    Further(home.member_of(each), home.vouched(each)) for each in home.upgrades
                ],
            )
        )

    def look_into_inbox(self, wait: int = 0) -> Flow[list[Place]]:
        """Come into the groups whose pointers wait in the inbox.

        Args:
            wait: How long to wait for something, in milliseconds.

        Returns:
            Those that we have come into.
        """
        return (yield from self._arrivals.look(wait))
