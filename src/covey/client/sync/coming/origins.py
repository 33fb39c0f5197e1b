"""From which group of ours another one goes on, into which we are let (RFC 9420 §11.3).

May import the seat, the engine and the rows. A Welcome into it names a resumption PSK; whoever was
in that epoch of that group has it, and sees from it that the other group comes from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.client.sync.group import remembering
from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.seat import Seat
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.client.words.showing import line
from covey.errors import PolicyError, StateError
from covey.mls.group.successors import link

if TYPE_CHECKING:
    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.groups import GroupRow
    from covey.errors import MissingKeyError
    from covey.mls import Group, Membership, StagedWelcome
    from covey.store.port import Rows

_GOES_ON: Final = frozenset({Status.active, Status.leaving, Status.broken, Status.branched})
_AHEAD: Final = "it begins in an epoch of a group of ours that we have not reached yet"


class AheadError(StateError):
    """It goes on from an epoch that is ahead of us.

    Attributes:
        gids: The logs in which to read on; more than one when we cannot tell in which it is.
        is_known: Whether we can.
    """

    def __init__(self, gids: tuple[bytes, ...], *, is_known: bool) -> None:
        self.gids = gids
        self.is_known = is_known
        super().__init__(_AHEAD)


class Origin(NamedTuple):
    """A group of ours from which another one goes on.

    Attributes:
        row: Its row.
        known: It, or what is kept of the epoch from which that goes on.
    """

    row: GroupRow
    known: Group | Membership


def find(home: Home, missing: MissingKeyError, suite: int) -> Origin:
    """The group of ours whose resumption PSK a Welcome names.

    Args:
        home: What all groups share.
        missing: What the engine has raised, for want of that PSK.
        suite: The cipher suite of the Welcome.

    Raises:
        AheadError: We are not in that epoch yet.
        StateError: We are not in that group any more, or nothing is kept of that epoch.
        MissingKeyError: It is of no group that we know.
    """
    group_id, epoch = missing.group_id, missing.epoch
    if group_id is None or epoch is None:
        raise missing
    with home.store.reading() as rows:
        every = groups.every(rows)
        ours = [each for each in every if each.status in _GOES_ON and each.opens]
        for row in ours:
            known = _known(home, rows, row, group_id, epoch)
            if known is not None:
                return Origin(row, known)
    named = next((each for each in every if each.group_id == group_id), None)
    behind = [each.gid for each in ours if each.status.is_in and each.suite != suite]
    if named is None and behind:  # one of them may have been moved to this suite meanwhile
        raise AheadError(tuple(behind), is_known=False)
    if named is None:
        raise missing
    msg = (
        f"it is a subgroup of {line(named.name)}, and we are not in that any more, or were not when"
        " it was made, or too long ago"
    )
    raise StateError(msg).of(rule="VAL-184", section="12.4.3.1")


def _known(
    home: Home, rows: Rows, row: GroupRow, group_id: bytes, epoch: int
) -> Group | Membership | None:
    """What is known of an epoch of a group.

    Raises:
        AheadError: We are not in it yet.
    """
    if row.group_id != group_id and not row.moves:
        return None
    seat = Seat(home, row)
    kept = remembering.of(seat, rows, group_id, epoch)
    group = seat.group_in(rows)
    if kept is not None or group.group_id != group_id:
        return kept
    if epoch > group.epoch and row.status.is_in:
        raise AheadError((row.gid,), is_known=True)
    return group if group.resumption_psk(epoch) is not None else None


def require_maker(home: Home, parent: GroupRow, staged: StagedWelcome, *, has_read: bool) -> None:
    """Refuse a subgroup of somebody who is not in its parent any more.

    Who was removed keeps the secrets of the epochs in which it was.

    Args:
        home: What all groups share.
        parent: The parent.
        staged: The subgroup.
        has_read: Whether we have just read on in the parent.

    Raises:
        AheadError: We have to, first: we may have been removed ourselves.
        PolicyError: Whoever has made it is not in the parent.
    """
    if parent.status.is_in and not has_read:
        raise AheadError((parent.gid,), is_known=True)
    leaf = staged.joined.epoch.public.tree.leaf(staged.joined.info.signer)
    if leaf is None or key_of(leaf) not in keys_of(Seat(home, parent).group):
        msg = (
            f"whoever says that it is a subgroup of {line(parent.name)} is not in that any more: "
            "ask to be invited by somebody who is"
        )
        raise PolicyError(msg)


def is_subgroup(staged: StagedWelcome, missing: MissingKeyError) -> bool:
    """Whether a group is a subgroup of ours; else it is one in which ours goes on (ADR 0013).

    Args:
        staged: It, verified with a PSK of ours.
        missing: What was raised without that PSK.

    Raises:
        MissingKeyError: It is neither: our PSKs are for nothing else.
    """
    if link(staged.joined.psks) is None:
        raise missing
    stated = profile.profile_of(staged.joined.epoch.public.context.extensions)
    return stated is None or not stated.goes_on_from
