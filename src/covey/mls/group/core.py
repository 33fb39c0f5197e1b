"""What the parts of the group facade share: the state, the policy and the ports.

May import this folder's steps.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from covey.errors import LocalProtocolError, StateError
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group import restoring, rows
from covey.mls.group.create_commit import Kit
from covey.mls.group.member import Member
from covey.mls.group.policy import Policy
from covey.mls.group.process_commit import Ours
from covey.mls.group.psks import MemoryPsks, PskStore
from covey.mls.group.results import Membership
from covey.mls.group.storing import Changes, Ledger, all_rows
from covey.mls.group.successors import clients_of
from covey.mls.group.verify import Checker
from covey.mls.group.view import GroupView
from covey.mls.rules.registry import Local
from covey.mls.wire.struct import as_a

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.state import State
    from covey.mls.rules.registry import Blame


class Ports:
    """What a group needs from outside.

    Args:
        policy: The application's decisions and limits.
        psks: Where external PSKs are found.
        entropy: Where randomness comes from.
        now: The time, in seconds since the epoch.
        linked: Other groups of ours whose resumption PSKs may be used.
        require_reserved: Whether nothing is encrypted but with generations that ``Group.reserve``
            took and ``Group.changes`` gave up: for programs that keep their groups in a store.
    """

    __slots__ = ("entropy", "linked", "now", "policy", "psks", "require_reserved")

    def __init__(
        self,
        policy: Policy | None = None,
        psks: PskStore | None = None,
        entropy: Entropy = system_entropy,
        now: Callable[[], int] = lambda: int(time.time()),
        linked: Iterable[GroupView] = (),
        *,
        require_reserved: bool = False,
    ) -> None:
        self.policy: Policy = policy or Policy()
        self.psks: PskStore = MemoryPsks() if psks is None else psks
        self.entropy: Entropy = entropy
        self.now: Callable[[], int] = now
        self.linked: tuple[GroupView, ...] = tuple(linked)
        self.require_reserved: bool = require_reserved

    def linked_to(self, group: GroupView) -> Ports:
        """The same ports for a group that may use another's resumption PSKs."""
        return Ports(
            self.policy,
            self.psks,
            self.entropy,
            self.now,
            (*self.linked, group),
            require_reserved=self.require_reserved,
        )

    def check(self, blame: Blame) -> Checker:
        """How things are checked now."""
        return Checker(self.policy, self.now(), blame)

    def kit(self, blame: Blame, own: State | None = None) -> Kit:
        """What making a commit draws on."""
        return Kit(self.check(blame), self.entropy, self.psks, self.resumption(own))

    def resumption(self, own: State | Membership | None) -> Callable[[bytes, int], bytes | None]:
        """Finds resumption PSKs: of a state of our own, or an epoch of it; of linked groups."""
        if isinstance(own, Membership):
            return own.psk

        def find(group_id: bytes, epoch: int) -> bytes | None:
            if own is not None and own.epoch.public.context.group_id == group_id:
                psk = own.resumption.get(epoch)
                if psk is not None:
                    return psk
            for group in self.linked:
                if group.group_id == group_id:
                    return group.resumption_psk(epoch)
            return None

        return find


def ports_of(member: Member, ports: Ports | None) -> Ports:
    """The ports that were handed in, or else a member's: its policy and its randomness.

    Raises:
        TypeError: One of the two is something else.
    """
    member = as_a(Member, member)
    return as_a(Ports, ports or Ports(member.policy, entropy=member.entropy))


class GroupCore(GroupView):
    """A group's state and ports."""

    __slots__ = ("_ledger", "ports")

    def __init__(self, state: State, ports: Ports, ledger: Ledger | None = None) -> None:
        self._state: State = state
        self._ledger: Ledger = ledger or Ledger()
        self.ports: Ports = ports

    def snapshot(self) -> bytes:
        """All that the group knows, secrets included: encrypt it before you keep it.

        Equal states give equal bytes. It is versioned; ``Group.restore`` reads it. To keep a
        group by rows, use ``changes``.
        """
        return rows.encode_snapshot(all_rows(self._state))

    def changes(self) -> Changes:
        """What changed since the last call, as rows for a store; at first, everything.

        Write it in one transaction with the message that it belongs to. If that fails, load
        the group anew: what was handed out is not handed out again.
        """
        return self._ledger.changes(self._state)

    def reloaded(
        self, stored: Mapping[bytes, bytes], nodes: Callable[[int], Mapping[bytes, bytes]]
    ) -> Self:
        """This group as its rows say that it is now: another process may have changed them.

        Like ``Group.load``, but trees that are still the same are not read again, however many
        members are in them. What was reserved here is not reserved there.

        Args:
            stored: The rows, without those of trees, whose keys begin with ``N``.
            nodes: Reads rows of trees, if they are needed: those whose last 8 bytes of the key
                are a greater number than the one that it is given; with -1, all of them.

        Raises:
            StorageError: Rows are missing or damaged, or of another version.
        """
        held = self._state
        trees = (held.epoch.public.tree, *(past.tree for past in held.past))
        known = restoring.Known(trees, nodes)
        state = restoring.restore(stored, self.ports.kit(Local), known)
        return type(self)(state, self.ports, Ledger(state))

    def membership(self) -> Membership:
        """What an application keeps of this epoch, to join a branch from it later (§8.6, §11.3).

        The group itself keeps the resumption PSKs of ``Policy.resumption_epochs``, and who was in
        the last ``Policy.past_epochs``.
        """
        psk = self.resumption_psk(self.epoch)
        assert psk is not None
        leaves = (leaf for _, leaf in self.tree.members())
        clients = clients_of(leaves, self.ports.policy)
        return Membership(self.group_id, self.suite.code, self.epoch, psk, clients)

    @property
    def require_reserved(self) -> bool:
        """Whether nothing is encrypted but with generations that ``reserve`` took (``Ports``)."""
        return self.ports.require_reserved

    def _become(self, state: State) -> None:
        """Take on a state, in one assignment; what was reserved in an epoch ends with it."""
        before, self._state = self._state, state
        if before.secret_tree is not state.secret_tree:
            before.secret_tree.reserve.clear()

    def _ours(self) -> Ours:
        state, ports = self._state, self.ports
        return Ours(
            state.epoch, state.proposals, state.updates, ports.psks, ports.resumption(state)
        )

    def _require_active(self) -> None:
        """Refuse to send when we are out, or the group has ended (VAL-162, VAL-163)."""
        if self._state.removed:
            msg = "we have been removed from this group"
            raise StateError(msg).of(rule="VAL-162", section="12.4.2")
        if self._state.reinit is not None:
            statement = "After a commit with a ReInit no more messages are sent in the group."
            msg_0 = "VAL-163"
            raise LocalProtocolError(msg_0, "12.4.2", statement)
