"""All that a group knows at one moment, as one frozen value. May import this folder's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.mls.group.epoch import Epoch, PastEpoch, past
from covey.mls.group.pending import PendingCommit
from covey.mls.group.process_commit import OwnUpdate
from covey.mls.rules.proposal_list import Sent
from covey.mls.schedule.exporter_tree import ExporterTree
from covey.mls.schedule.key_schedule import EpochSecrets
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.structs.proposals import ReInit
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.group.policy import Policy


class State(Unshown, frozen=True):
    """The state of a group. Changing it means replacing it, in one assignment.

    Attributes:
        epoch: The current epoch.
        secret_tree: Its secret tree; the one part that changes in place.
        past: Past epochs whose late messages can be read, the newest first.
        resumption: Resumption PSKs of this and past epochs, by epoch.
        proposals: Proposals of this epoch by reference, in the order they came.
        updates: Our own proposed Updates, by reference.
        pending: A commit of ours that nobody has accepted yet.
        reinit: The ReInit that ended the group.
        removed: Whether we have been removed.
        accepted: The hash of our last commit that was accepted, to know its echo by.
    """

    epoch: Epoch
    secret_tree: SecretTree
    past: tuple[PastEpoch, ...]
    resumption: dict[int, bytes]
    proposals: dict[bytes, Sent] = msgspec.field(default_factory=dict)
    updates: dict[bytes, OwnUpdate] = msgspec.field(default_factory=dict)
    pending: PendingCommit | None = None
    reinit: ReInit | None = None
    removed: bool = False
    accepted: bytes = b""

    def __repr__(self) -> str:
        return f"<State of {self.epoch!r}>"

    def replace(self, **changes: object) -> State:
        """The state with some parts changed."""
        return msgspec.structs.replace(self, **changes)

    def advanced(
        self,
        epoch: Epoch,
        secret_tree: SecretTree,
        reinit: ReInit | None,
        policy: Policy,
    ) -> State:
        """The state in the next epoch; what is too old by the policy is let go."""
        number = epoch.public.context.epoch
        kept = (past(self.epoch, self.secret_tree), *self.past)[: policy.past_epochs]
        resumption = {
            each: psk
            for each, psk in self.resumption.items()
            if each >= number - policy.resumption_epochs
        }
        resumption[number] = epoch.secrets.resumption_psk
        return State(epoch, secret_tree, kept, resumption, reinit=reinit, accepted=self.accepted)

    def wiped(self) -> State:
        """What is left once we have been removed: who was in the group, and no secret (VAL-162)."""
        public, index = self.epoch.public, self.epoch.private.index
        secrets = EpochSecrets(*(b"" for _ in EpochSecrets.__struct_fields__))
        epoch = Epoch(public, secrets, PrivateTree(index, b"", {}), b"", ExporterTree({}))
        empty = SecretTree.from_rows(public.suite, public.tree.size, {})
        return State(epoch, empty, (), {}, removed=True)


def first_state(epoch: Epoch, secret_tree: SecretTree) -> State:
    """The state of a group that was just created or joined."""
    number = epoch.public.context.epoch
    return State(epoch, secret_tree, (), {number: epoch.secrets.resumption_psk})
