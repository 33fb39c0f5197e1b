"""Moving a group to another cipher suite, as an application asks for it.

May import the engine, the flows and the waiting for wishes.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio

from covey.access.member.addresses import epochs_before
from covey.access.refusals import Code
from covey.client import roles
from covey.client.conversing import wishing
from covey.client.conversing.bound import Bound, seconds
from covey.client.sync.group import devices, reiniting
from covey.client.sync.rows.wishes import Describe, Expel, Upgrade
from covey.client.words import profile, suites
from covey.client.words.showing import name_of
from covey.errors import BrokerError, DecodeError, PolicyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.client.sync.group.devices import Device
    from covey.client.sync.log.place import Place
    from covey.mls import Group

_NOTHING_LEFT: Final = frozenset({Code.account_unknown.value, Code.nothing_to_claim.value})
"""By what a broker says that somebody has left no KeyPackage."""

_LEAST: Final = 5.0
"""Seconds that are waited in any case for what is wished for."""

_ASKING: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two looks whether all have left keys; the last one over and over."""


class _Left(NamedTuple):
    """What the others have left at the broker to be moved by.

    Attributes:
        packages: KeyPackages, as MLSMessages.
        there: All other devices of the group, as they were then.
        lacking: Those of which there is none, or none of use.
    """

    packages: tuple[bytes, ...] = ()
    there: frozenset[Device] = frozenset()
    lacking: tuple[Device, ...] = ()


class Moving(Bound):
    """To which cipher suite a group belongs, and moving it to another one."""

    @property
    def suite(self) -> int:
        """The number of its cipher suite; :mod:`covey.client.words.suites` says what that is."""
        return self._row.suite

    @property
    def was_moved(self) -> bool:
        """Whether it has had another cipher suite before."""
        return self._with_group(_was_moved)

    def own_devices(self) -> dict[bytes, str]:
        """Our other devices: their signature keys here, in hex, by their first ones.

        A device has a signature key for each suite, and vouches for those by its first one.
        """
        return self._with_group(partial(_own_devices, self._engine.home.identity))

    @property
    def quantum_safe(self) -> bool:
        """Whether it refuses every suite whose secrets a quantum computer would open."""
        return self._with_group(_is_quantum_safe)

    async def set_quantum_safe(
        self,
        only: bool = True,  # noqa: FBT001, FBT002 - what it is about
        *,
        timeout: float | None = None,
    ) -> None:
        """Let the group refuse every suite whose secrets a quantum computer would open.

        Args:
            only: Whether it does; only owners let it take others again.
            timeout: Seconds to wait; 30 by default.

        Raises:
            PolicyError: We may not, or its own suite is none: move it first.
            StateError: We are not in the group.
            TransportError: The broker cannot be reached.
        """
        wish = Describe(quantum_safe=bool(only))
        await wishing.wish(self._engine, self._number, wish, seconds(timeout))

    async def lacking(self, suite: int | str) -> tuple[str, ...]:
        """Who could not be carried along to another suite now, by their names.

        Whoever opens a client leaves KeyPackages for the suites of its ``upgrades`` at the broker.
        Who has not been online with such a client yet, or has no account, lacks them; and so does
        who has left some with which no group can be made.

        Args:
            suite: Its name or number: ``x-wing``, ``x-wing-mldsa44``, …

        Raises:
            PolicyError: We may not move the group, or not to this suite.
            StateError: There is no such suite here, or the group has it already, or is too large
                for it; or we are not in the group, or were opened without the suite.
            BrokerError: It does not say who has left some, such as when it is asked too often.
            TransportError: The broker cannot be reached.
        """
        code, is_under_way = self._wanted(suite)
        return () if is_under_way else _names((await self._left(code)).lacking)

    def _wanted(self, suite: int | str) -> tuple[int, bool]:
        """A suite to which we could move the group, and whether it is on its way there.

        Raises:
            PolicyError: We may not move it, or not to that one.
            StateError: There is none such, or it is the one that it has, or not ours; or we are not
                in the group, or it is being moved to another one.
        """
        code = suites.parse(suite)
        return code, self._with_group(partial(_is_under_way, code))

    async def upgrade(
        self,
        suite: int | str,
        *,
        remove_missing: bool = False,
        waits: Callable[[tuple[str, ...]], None] | None = None,
        removes: Callable[[tuple[str, ...]], None] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Move the group to another cipher suite, with all members, roles, links and its history.

        A group is moved as a whole: all have to have left keys for the suite, which their clients
        do by themselves. This waits until they have. What is said meanwhile waits, and is sent in
        the new suite. Who is offline comes along when it is back.

        Args:
            suite: Its name or number: ``x-wing``, ``x-wing-mldsa44``, …
            remove_missing: Whether to remove the devices that have left no keys, or none that are
                of use, and not to wait.
            waits: Is told for whom it waits, each time that these are others.
            removes: Is told whom it removes, before it does.
            timeout: Seconds to wait in all; 30 by default. Removing and moving have 5 each anyway.

        Raises:
            PolicyError: We may not: that is for owners.
            StateError: There is no such suite here, or the group has it already, or is being moved
                to another one; or we are not in the group, or were opened without the suite.
            TransportError: The broker cannot be reached; or somebody has left no keys yet, whose
                names the error says.
        """
        code, is_under_way = self._wanted(suite)
        patience = seconds(timeout)
        ends = anyio.current_time() + patience
        left = _Left() if is_under_way else await self._left(code)
        if left.lacking and remove_missing:
            if removes is not None:
                removes(_names(left.lacking))
            await self._expel(left.lacking, max(ends - anyio.current_time(), _LEAST))
        elif left.lacking:
            left = await self._all_left(code, left, patience, waits)
        wish = Upgrade(code, left.packages)
        rest = max(ends - anyio.current_time(), _LEAST)
        await wishing.wish(self._engine, self._number, wish, rest)

    async def _expel(self, lacking: Iterable[Device], patience: float) -> None:
        """Remove the devices that cannot come along."""
        leaves = self._with_group(_leaves)
        keys = tuple(leaves[each] for each in lacking if each in leaves)
        if keys:
            await wishing.wish(self._engine, self._number, Expel(keys=keys), patience)

    async def _all_left(
        self,
        suite: int,
        left: _Left,
        patience: float,
        waits: Callable[[tuple[str, ...]], None] | None,
    ) -> _Left:
        """Wait until all have left keys; only for those who have not are they asked for again.

        Raises:
            TransportError: Somebody has not.
        """
        told: tuple[str, ...] = ()
        looks = 0
        with anyio.move_on_after(patience):
            while left.lacking:
                if waits is not None and _names(left.lacking) != told:
                    told = _names(left.lacking)
                    waits(told)
                await anyio.sleep(_ASKING[min(looks, len(_ASKING) - 1)])
                looks += 1
                left = await self._left(suite, left)
            return left
        names = ", ".join(_names(left.lacking))
        msg = (
            f"{names} cannot be carried along to {suites.name(suite)} yet:"
            f" {suites.to_be_left(suite)}, and need an account; wait longer, or remove them"
            " (remove_missing=True, or --remove-missing)"
        )
        raise TransportError(msg)

    async def _left(self, suite: int, before: _Left | None = None) -> _Left:
        """What the others have left for a suite.

        Args:
            suite: The suite.
            before: What they had left when we looked last; the others are not asked for again.

        Raises:
            StateError: The group after it would be too large.
            LocalProtocolError: It cannot be made, and it is nobody's KeyPackage.
            BrokerError: It does not say whether somebody has left any.
        """
        engine = self._engine
        there = self._with_group(lambda _, group: frozenset(devices.others(group)))
        known = _Left() if before is None else before
        packages = known.packages
        for who in sorted({each.identity for each in (there if before is None else known.lacking)}):
            try:
                packages += await engine.run(engine.peer.claim(name_in(who), suite))
            except BrokerError as error:
                if error.code not in _NOTHING_LEFT:  # else a busy broker would have them removed
                    raise
            except (DecodeError, PolicyError):
                continue  # what they have left there is none of theirs
        packages = tuple(dict.fromkeys(packages))
        if (packages, there) == (known.packages, known.there):
            return known
        look = partial(_lacking, packages, suite)
        lacking = await engine.call(partial(self._look, look))  # it may take seconds
        return _Left(packages, there, lacking)


def _is_under_way(suite: int, place: Place, group: Group) -> bool:
    """Whether a move has begun; one that nobody would follow is refused before all else."""
    place.seat.home.member_of(suite)
    if group.reinit is not None:
        if group.reinit.cipher_suite == suite:
            return True
        msg = f"this group is being moved to {suites.name(group.reinit.cipher_suite)}: wait for it"
        raise StateError(msg)
    if group.suite.code == suite:
        msg = f"the group has {suites.name(suite)} already"
        raise StateError(msg)
    ending = reiniting.reinit(place.seat, Upgrade(suite, ()))
    judged = roles.dry_run(group, reinit=ending, references=())
    if judged.refused is not None:
        raise PolicyError(judged.refused)
    return False


def name_in(who: bytes) -> str:
    """An identity as a name at the broker; what is none finds nobody there."""
    return who.decode(errors="replace")


def _own_devices(who: bytes, _: Place, group: Group) -> dict[bytes, str]:
    there = devices.others(group).items()
    return {each.key: leaf.signature_key.hex() for each, leaf in there if each.identity == who}


def _was_moved(_: Place, group: Group) -> bool:
    return epochs_before(group.extensions) > 0


def _is_quantum_safe(_: Place, group: Group) -> bool:
    stated = profile.profile_of(group.extensions)
    return stated is not None and stated.quantum_safe == 1


def _lacking(packages: tuple[bytes, ...], suite: int, place: Place, _: Group) -> tuple[Device, ...]:
    """Who cannot come along by these KeyPackages."""
    return reiniting.lacking(place.seat, Upgrade(suite, packages))


def _leaves(_: Place, group: Group) -> dict[Device, bytes]:
    """The signature keys in the tree, by the devices."""
    return {each: leaf.signature_key for each, leaf in devices.others(group).items()}


def _names(lacking: Iterable[Device]) -> tuple[str, ...]:
    return tuple(sorted({name_of(each.identity) for each in lacking}))
