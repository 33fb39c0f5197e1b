"""The group after a ReInit, made of everybody's KeyPackages; and the request that brings it.

May import the protocol, the seat and the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.access.member import addresses, envelopes, knocks
from covey.access.member.epochs import EpochAccess
from covey.access.structs.log import NextEpoch
from covey.access.structs.sealed import Purpose, Successor
from covey.client.events import WishRefused
from covey.client.sync.group import devices
from covey.client.sync.group.commits import leaf_extensions
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.sync.group.telling import tell
from covey.client.sync.log.moving import kept
from covey.client.sync.rows import groups, queues
from covey.client.sync.rows.queues import UnderWay
from covey.client.words.same_device import SAME_DEVICE
from covey.mls import ContentType

if TYPE_CHECKING:
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.log.moving.kept import Moving
    from covey.mls import Extension, Group
    from covey.store.port import Rows


def made(seat: Seat) -> UnderWay | None:
    """The group after the ReInit as a request, if it is for us to make it now.

    Another process may have been faster.
    """
    with seat.change() as rows:
        if not seat.row.status.is_in or seat.group.reinit is None:
            return None
        under = queues.under_way(rows, seat.number)
        moving = kept.of(rows, seat.number)
        if under is not None or moving is None:
            return under
        try:
            return _make(seat, rows, moving)
        except devices.LackingError:
            kept.put(rows, msgspec.structs.replace(moving, packages=()))
        except IMPOSSIBLE as error:
            kept.put(rows, msgspec.structs.replace(moving, packages=(), tries=moving.tries + 1))
            told = WishRefused(seat.hex, what="move the group to another suite", why=str(error))
            if not moving.tries:
                tell(seat, rows, told)
    return None


def refused(rows: Rows, number: int) -> None:
    """The broker does not take the group that we have made: it is made anew, of other keys."""
    moving = kept.of(rows, number)
    if moving is not None:
        kept.drop(rows, number)
        kept.put(rows, msgspec.structs.replace(moving, packages=(), tries=moving.tries + 1))


def _make(seat: Seat, rows: Rows, moving: Moving) -> UnderWay:
    """Make it, and keep it.

    Raises:
        LackingError: There is no KeyPackage of somebody who is in the group.
        LocalProtocolError: It cannot be made so.
        StateError: No ReInit was committed, or we have no keys for its suite.
    """
    group, access, home = seat.group, seat.access, seat.home
    reinit = group.reinit
    assert reinit is not None
    suite = reinit.cipher_suite
    packages = devices.carried(group, moving.packages, suite)
    founded = group.reinitialize(
        home.member_of(suite),
        packages,
        ports=home.ports,
        path=True,
        welcome_tree=False,
        leaf_extensions=_leaf_extensions(seat, rows, suite),
    )
    new = founded.group
    following = EpochAccess.derive(new.export, access.broker_id, access.gid, access.epoch + 1)
    idem = seat.idem(ContentType.commit)
    welcome = founded.welcome if packages else b""
    content = Successor(welcome, new.ratchet_tree).encode()
    body = envelopes.seal(access, Purpose.successor, idem, content, home.world.entropy)
    standing = knocks.for_the_broker(addresses.capabilities_of(reinit.extensions))
    next_epoch = NextEpoch(following.access_key, (), b"", standing, (), ())
    request = access.append(idem, body, next_epoch).encode()
    made = UnderWay(access.epoch, idem, request, (), ())
    queues.begin_commit(rows, seat.number, made)
    groups.note_sent(rows, seat.number, idem)
    kept.put_successor(rows, seat.number, rows_of(new))
    return made


def _leaf_extensions(seat: Seat, rows: Rows, suite: int) -> list[Extension]:
    """Those of our leaf as it is, but that it says anew of which device it is."""
    ours = leaf_extensions(seat, rows)
    others = [each for each in ours if each.extension_type != SAME_DEVICE]
    return [*others, *seat.home.vouched(suite)]


def rows_of(group: Group) -> dict[bytes, bytes]:
    """The engine's rows of a group that has not been kept yet."""
    return dict(group.changes().put)
