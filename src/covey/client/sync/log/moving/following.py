"""Following a ReInit, and coming into the group after it. May import the seat and the rows.

What closes the last epoch of a group that a ReInit has ended is no commit of it, but the group
after it: with a Welcome for everybody. There is one such entry in a log, whoever has made it; so
all members come into the same group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.member import envelopes
from covey.access.structs.sealed import Purpose, Successor
from covey.client.events import Upgraded
from covey.client.sync.group import capabilities, devices, remembering
from covey.client.sync.group.telling import tell
from covey.client.sync.identity import key_packages
from covey.client.sync.log.moving import kept
from covey.client.sync.log.moving.kept import Moving
from covey.client.sync.log.moving.making import rows_of
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.wishes import Upgrade
from covey.client.words import safety, suites
from covey.errors import DecodeError, MissingKeyError, PolicyError, StateError
from covey.mls import Group
from covey.mls.group.identity import identity
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import Welcome
from covey.mls.wire.code_points import ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.access.structs.log import Entry
    from covey.client.sync.group.seat import Seat
    from covey.mls import PrivateKeyPackage, StagedWelcome
    from covey.store.port import Rows


class NoSuiteError(StateError):
    """This client has no keys for the suite of the next group; others have."""


def ended(seat: Seat, rows: Rows, packages: tuple[bytes, ...] = ()) -> None:
    """A commit of a ReInit has taken effect: nothing but the next group follows.

    Args:
        seat: The group.
        rows: The transaction.
        packages: The KeyPackages of the others, if it was ours.
    """
    kept.put(rows, Moving(seat.number, seat.home.world.now(), packages))


def follow(seat: Seat, rows: Rows, entry: Entry) -> None:
    """Come into the group after the ReInit; inside of :meth:`Seat.change`.

    Raises:
        AuthenticationError: Something in it does not verify.
        DecodeError: It is none.
        MissingKeyError: It has no Welcome for us, or one for a KeyPackage that is gone.
        NoSuiteError: We have no keys for its suite.
        PolicyError: There are others in it than before.
        ProtocolError: It breaks a rule of the RFC.
    """
    under = queues.under_way(rows, seat.number)
    if under is not None and under.idem == entry.idem:
        stored = kept.successor(rows, seat.number)
        assert stored is not None
        _become(seat, rows, entry, stored)
        taken = queues.Accepted(under.idem, entry.seq, under.epoch, None, (), under.request)
        queues.taken(rows, seat.number, taken)
        seat.replace(renewed_at=seat.home.world.second)
        return
    suite = 0 if seat.group.reinit is None else seat.group.reinit.cipher_suite
    if suite not in seat.home.suites:
        msg = (
            f"the group was moved to {suites.name(suite)}, and this client was opened without it:"
            f" name it in upgrades=, or with `covey suites 0x{suite:04x}`, or update covey; then"
            " you are let in anew"
        )
        raise NoSuiteError(msg)
    body = envelopes.unseal(seat.access, Purpose.successor, entry.idem, entry.body)
    content = Successor.decode(body)
    package = _ours(rows, content.welcome)
    staged = Group.stage_welcome(
        seat.home.member_of(suite),
        package,
        content.welcome,
        ratchet_tree=content.ratchet_tree,
        successor_of=seat.group,
        ports=seat.home.ports,
    )
    _require_announced(seat.group, staged)
    _become(seat, rows, entry, rows_of(staged.accept()))
    key_packages.use(rows, package, content.welcome, seat.home.world.second)
    seat.replace(renewed_at=0, joined_at=seat.home.world.second)


def _ours(rows: Rows, message: bytes) -> PrivateKeyPackage:
    """The KeyPackage of ours for which a Welcome is."""
    welcome = MLSMessage.decode(message).message
    if not isinstance(welcome, Welcome):
        msg = "the group after the ReInit comes without a Welcome"
        raise DecodeError(msg)
    for each in welcome.secrets:
        found = key_packages.find(rows, each.new_member)
        if found is not None:
            return found
    msg = "the group after the ReInit has no Welcome for a KeyPackage of ours that is still here"
    raise MissingKeyError(msg)


def _require_announced(old: Group, staged: StagedWelcome) -> None:
    """Refuse another group than that which the ReInit says, linked to this one (§11.2, §12.4.3.1).

    The engine checks a link that is there; here there has to be one.

    Raises:
        PolicyError: It is another one.
    """
    reinit, context = old.reinit, staged.joined.epoch.public.context
    assert reinit is not None
    announced = (reinit.group_id, reinit.version, reinit.cipher_suite, tuple(reinit.extensions))
    found = (context.group_id, context.version, context.cipher_suite, tuple(context.extensions))
    links = [
        (each.psk_group_id, each.psk_epoch)
        for each in staged.joined.psks
        if each.usage is ResumptionPSKUsage.reinit
    ]
    if found != announced or context.epoch != 1 or links != [(old.group_id, old.epoch)]:
        msg = "this is another group than the one that the ReInit has announced"
        raise PolicyError(msg)


def _become(seat: Seat, rows: Rows, entry: Entry, stored: Mapping[bytes, bytes]) -> None:
    old = seat.group
    new = Group.load(stored, seat.home.ports)
    changed = devices.require_same(old, (leaf for _, leaf in new.tree.members()))
    _carry_over(seat, rows, old, changed)
    queues.end_commit(rows, seat.number)
    kept.drop(rows, seat.number)
    groups.forget_sent(rows, seat.number)
    queues.to_be_encrypted_anew(rows, seat.number)
    seat.proposed_at = seat.let_in_at = None
    remembering.moved_on(seat, rows, old)
    seat.become(rows, stored)
    seat.replace(began=entry.seq, began_hash=seat.row.hash, sent=0)
    _open_doors(seat, rows)
    _fulfil(seat, rows)
    told = Upgraded(seat.hex, before=old.suite.code, suite=new.suite.code, epoch=seat.epoch)
    tell(seat, rows, told)


def _carry_over(seat: Seat, rows: Rows, old: Group, changed: Mapping[bytes, bytes]) -> None:
    """What is known of a device by its key stands for the key that it has from now on."""
    identities = {leaf.signature_key: identity(leaf.credential) for _, leaf in old.tree.members()}
    for before, after in changed.items():
        groups.counts_on(rows, seat.number, before, after)
        who = identities[before]
        if safety.is_verified(rows, who, before):
            safety.mark(rows, who, after, seat.home.world.second)


def _open_doors(seat: Seat, rows: Rows) -> None:
    """Who comes back by a way that we know may do so at a door of the new suite, too."""
    ways = (capabilities.keys_of(seat, each).door for each in capabilities.known(seat))
    groups.add_doors(rows, seat.number, ways)


def _fulfil(seat: Seat, rows: Rows) -> None:
    """Whoever has done it: what we wished for is so."""
    wished = queues.wishes(rows, seat.number)
    suite = seat.group.suite.code
    done = [
        number
        for number, encoded in wished.items()
        if isinstance(wish := wishes.decode(encoded), Upgrade) and wish.suite == suite
    ]
    queues.unwish(rows, done)
