"""A commit that has been made and not yet accepted (RFC 9420 §14). Holds secrets, shows none."""

from __future__ import annotations

from collections.abc import Callable

from covey.errors import StateError
from covey.mls.group.epoch import Epoch
from covey.mls.group.events import Changed
from covey.mls.group.welcome import Invitation
from covey.mls.schedule import exporter
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.wire.struct import Unshown, as_a, as_bytes


class PendingCommit(Unshown, frozen=True):
    """What a commit sends, and what it will change once it is accepted.

    Attributes:
        message: The MLSMessage with the commit, for all members.
        welcomes: What new members need; to be delivered once the commit is accepted.
        changed: What the commit changes.
        epoch: The epoch that it opens.
        secret_tree: Of that epoch.
        info: Makes a GroupInfo of that epoch, when asked.
    """

    message: bytes
    welcomes: tuple[Invitation, ...]
    changed: Changed
    epoch: Epoch
    secret_tree: SecretTree
    info: Callable[..., bytes]

    def __repr__(self) -> str:
        return f"PendingCommit(epoch={self.changed.epoch}, {len(self.message)} bytes)"

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        sizes = {"message": f"{len(self.message):,} bytes", "welcomes": str(len(self.welcomes))}
        return page.of_fields("PendingCommit", {**sizes, "changed": self.changed})

    @property
    def welcome(self) -> bytes:
        """The one Welcome for all new members.

        Raises:
            StateError: The commit adds nobody, or made a Welcome for each.
        """
        if len(self.welcomes) != 1:
            msg = f"the commit made {len(self.welcomes)} Welcomes; look at .welcomes"
            raise StateError(msg)
        return self.welcomes[0].message

    @property
    def ratchet_tree(self) -> bytes:
        """The tree of the next epoch, to hand out of band (§12.4.3.3)."""
        return self.epoch.public.tree.encode()

    @property
    def epoch_authenticator(self) -> bytes:
        """Of the next epoch (Nh bytes, §8.7)."""
        return self.epoch.secrets.epoch_authenticator

    def export(self, label: str, context: bytes, length: int) -> bytes:
        """A secret of the *next* epoch (§8.5).

        Args:
            label: What it is for.
            context: Further bytes that it depends on.
            length: How many bytes.
        """
        suite, secret = self.epoch.public.suite, self.epoch.secrets.exporter_secret
        return exporter.export(suite, secret, as_a(str, label), as_bytes(context), length)

    def group_info(self, *, with_tree: bool = True) -> bytes:
        """A GroupInfo of the next epoch for external joins, as an MLSMessage (§12.4.3.2)."""
        return self.info(with_tree=with_tree)
