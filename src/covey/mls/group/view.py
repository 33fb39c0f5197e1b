"""What can be read off a group. May import this folder's state; the facade builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import StateError
from covey.mls.framing.private import ratchet_of
from covey.mls.group.events import MemberInfo, member_info
from covey.mls.schedule import exporter
from covey.mls.structs.components import app_data
from covey.mls.wire.code_points import ContentType
from covey.mls.wire.struct import as_a, as_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.state import State
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.schedule.key_schedule import EpochSecrets
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree

_OWN_LABELS: Final = frozenset(("UpdatePathNode", "Welcome", b"UpdatePathNode", b"Welcome"))
"""The labels of EncryptWithLabel in RFC 9420 (§7.5, §12.4.3.1)."""


def _as_label(label: object) -> str | bytes:
    return label if isinstance(label, str) else as_bytes(label)


class GroupView:
    """The read-only half of a group."""

    __slots__ = ("_state",)

    _state: State

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self._state.epoch.public.suite

    @property
    def context(self) -> GroupContext:
        """The GroupContext (§8.1)."""
        return self._state.epoch.public.context

    @property
    def group_id(self) -> bytes:
        """The group_id."""
        return self.context.group_id

    @property
    def epoch(self) -> int:
        """The number of the current epoch."""
        return self.context.epoch

    @property
    def extensions(self) -> Sequence[Extension]:
        """The GroupContext extensions."""
        return self.context.extensions

    def extension(self, extension_type: int) -> bytes | None:
        """The data of a GroupContext extension, or None when the group has none of this type."""
        return self._state.epoch.public.extension(extension_type)

    @property
    def app_data(self) -> dict[int, bytes]:
        """What the group's ``app_data_dictionary`` holds, by component (extensions draft)."""
        return app_data(self.extensions)

    @property
    def epoch_authenticator(self) -> bytes:
        """Equal among members who agree on the group (Nh bytes, §8.7).

        Raises:
            StateError: We have been removed.
        """
        return self._secrets.epoch_authenticator

    @property
    def _secrets(self) -> EpochSecrets:
        """The secrets of the epoch."""
        self._require_not_removed()
        return self._state.epoch.secrets

    def _require_not_removed(self) -> None:
        """Refuse what needs a secret: nothing is left of them after a removal (VAL-162)."""
        if self._state.removed:
            msg = "we have been removed from this group, and its secrets are deleted"
            raise StateError(msg).of(rule="VAL-162", section="12.4.2")

    @property
    def own_index(self) -> int:
        """Our leaf index."""
        return self._state.epoch.private.index

    @property
    def members(self) -> list[MemberInfo]:
        """All members, by leaf index."""
        return [member_info(index, leaf) for index, leaf in self.tree.members()]

    @property
    def tree(self) -> RatchetTree:
        """The ratchet tree."""
        return self._state.epoch.public.tree

    @property
    def ratchet_tree(self) -> bytes:
        """The encoded tree, to hand out of band (§12.4.3.3)."""
        return self.tree.encode()

    @property
    def proposals(self) -> Sequence[Sent]:
        """The proposals of this epoch that can be committed, in the order they came."""
        return tuple(self._state.proposals.values())

    @property
    def pending(self) -> PendingCommit | None:
        """Our commit that has been neither accepted nor discarded."""
        return self._state.pending

    @property
    def reinit(self) -> ReInit | None:
        """The ReInit that ended the group, or None."""
        return self._state.reinit

    @property
    def is_active(self) -> bool:
        """Whether we can send: neither removed, nor the group reinitialized."""
        return not self._state.removed and self._state.reinit is None

    @property
    def can_send(self) -> bool:
        """Whether :meth:`covey.mls.Group.protect` is allowed now: no proposal waits (VAL-112)."""
        return self.is_active and not self._state.proposals

    def member_at(self, index: int) -> MemberInfo | None:
        """The member at a leaf index, or None."""
        leaf = self.tree.leaf(index)
        return None if leaf is None else member_info(index, leaf)

    def find(self, identity: bytes) -> MemberInfo | None:
        """The first member with this identity, or None. Looks at all members."""
        return next((each for each in self.members if each.identity == identity), None)

    def export(self, label: str, context: bytes, length: int) -> bytes:
        """MLS-Exporter(Label, Context, Length): a secret of this epoch (§8.5).

        Args:
            label: What it is for.
            context: Further bytes that it depends on.
            length: How many bytes, up to 255 times Nh.

        Raises:
            StateError: We have been removed.
            TypeError: The label is no str, or the context no bytes.
            ValueError: There is no such length.
        """
        label, context = as_a(str, label), as_bytes(context)
        return exporter.export(self.suite, self._secrets.exporter_secret, label, context, length)

    def next_generation(self, content_type: ContentType) -> int:
        """The generation that our next PrivateMessage of a kind will have in this epoch (§9.1).

        It names that message before it is made, and is used up by it even if it is never sent.
        A PublicMessage has none.

        Args:
            content_type: Application; or proposal or commit, which share one ratchet.

        Raises:
            StateError: We have been removed.
            TypeError: It is no ContentType.
        """
        kind = ratchet_of(as_a(ContentType, content_type))
        self._require_not_removed()
        return self._state.secret_tree.next_generation(self.own_index, kind)

    def reserved(self, content_type: ContentType) -> int:
        """How many generations are left of those that :meth:`covey.mls.Group.reserve` took.

        Args:
            content_type: Application; or proposal or commit, which share one ratchet.

        Raises:
            TypeError: It is no ContentType.
        """
        kind = ratchet_of(as_a(ContentType, content_type))
        return self._state.secret_tree.reserve.left(self.own_index, kind)

    def decrypt_with_label(
        self, label: str | bytes, context: bytes, kem_output: bytes, ciphertext: bytes
    ) -> bytes:
        """What somebody encrypted to the encryption_key of our leaf (§5.1.3), beside the protocol.

        Args:
            label: As with ``Suite.encrypt_with_label``; one of the protocol's own is refused. A
                component's is made by ``component_label``.
            context: Likewise.
            kem_output: What that returned.
            ciphertext: Likewise.

        Raises:
            StateError: We have been removed.
            ValueError: The label is the protocol's own.
            AuthenticationError: It was not encrypted so, or to another key, such as that of
                another epoch.
        """
        if _as_label(label) in _OWN_LABELS:
            msg = f"{label!r} is a label of RFC 9420: take another one"
            raise ValueError(msg)
        if not self.is_active:
            msg = "we have been removed from the group, and have no leaf"
            raise StateError(msg)
        private = self._state.epoch.private.leaf
        context, kem_output = as_bytes(context), as_bytes(kem_output)
        return self.suite.decrypt_with_label(
            private, _as_label(label), context, kem_output, as_bytes(ciphertext)
        )

    def resumption_psk(self, epoch: int) -> bytes | None:
        """The resumption PSK of an epoch (Nh bytes, §8.6); None when it is not kept."""
        return self._state.resumption.get(epoch)

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        notes = {
            "our leaf": self.own_index,
            "proposals": len(self._state.proposals),
            "pending commit": self._state.pending is not None,
            "active": self.is_active,
        }
        return page.of_group(self.context, self.tree, own=self.own_index, notes=notes)

    def __repr__(self) -> str:
        count = self.tree.census.members
        return f"<Group {self.group_id.hex()} epoch {self.epoch}, {count} members>"
