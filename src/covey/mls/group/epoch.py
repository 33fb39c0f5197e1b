"""What a member knows of one epoch, as frozen values (RFC 9420 §8, §12.4).

May import schedule, tree and structs. An epoch never changes: a commit computes the next one
wholly and it is swapped in with one assignment. The only thing with a life of its own is the
secret tree, whose keys are erased as they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.mls.rules.trees import find_extension
from covey.mls.schedule import key_schedule, transcript
from covey.mls.schedule.exporter_tree import ExporterTree
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.structs.schedule import GroupContext
from covey.mls.tree.private import PrivateTree
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite


class PublicState(msgspec.Struct, frozen=True, gc=False):
    """What anybody can know who has followed the group's public messages.

    Attributes:
        context: The GroupContext.
        encoded: Its encoding.
        tree: The ratchet tree.
        confirmation_tag: Of the commit that opened the epoch.
        interim: The interim transcript hash (Nh bytes).
    """

    context: GroupContext
    encoded: bytes
    tree: RatchetTree
    confirmation_tag: bytes
    interim: bytes

    @classmethod
    def of(cls, context: GroupContext, tree: RatchetTree, confirmation_tag: bytes) -> PublicState:
        """The state of a GroupContext, its tree and its confirmation tag."""
        interim = transcript.interim(
            tree.suite, context.confirmed_transcript_hash, confirmation_tag
        )
        return cls(context, context.encode(), tree, confirmation_tag, interim)

    @property
    def suite(self) -> Suite:
        """The cipher suite of the group."""
        return self.tree.suite

    def extension(self, extension_type: int) -> bytes | None:
        """The data of a GroupContext extension, or None when the group has none of this type."""
        return find_extension(self.context.extensions, extension_type)


class Epoch(Unshown, frozen=True, gc=False):
    """What a member knows of the current epoch.

    Attributes:
        public: What everybody knows.
        secrets: Of the key schedule, without those that are used up at once.
        private: The member's keys in the tree.
        signer: The private key of the member's leaf signature key.
        exporter: What is left of the Exporter Tree (extensions draft).
    """

    public: PublicState
    secrets: key_schedule.EpochSecrets
    private: PrivateTree
    signer: bytes
    exporter: ExporterTree

    def __repr__(self) -> str:
        return f"<Epoch {self.public.context.epoch}>"


class PastEpoch(Unshown, frozen=True):
    """What is kept of an epoch in order to read its late messages (§15.3).

    Attributes:
        context: The GroupContext.
        encoded: Its encoding.
        tree: Its tree; a late message is verified against the leaf of its own epoch.
        index: The member's leaf index then.
        sender_data_secret: Of that epoch.
        secret_tree: Of that epoch.
    """

    context: GroupContext
    encoded: bytes
    tree: RatchetTree
    index: int
    sender_data_secret: bytes
    secret_tree: SecretTree

    def __repr__(self) -> str:
        return f"<PastEpoch {self.context.epoch}>"


def past(epoch: Epoch, secret_tree: SecretTree) -> PastEpoch:
    """What is kept of an epoch that ends."""
    public = epoch.public
    return PastEpoch(
        public.context,
        public.encoded,
        public.tree,
        epoch.private.index,
        epoch.secrets.sender_data_secret,
        secret_tree,
    )


def begin(
    public: PublicState,
    secrets: key_schedule.EpochSecrets,
    private: PrivateTree,
    signer: bytes,
    max_forward: int,
    max_skipped: int,
) -> tuple[Epoch, SecretTree]:
    """An epoch and its secret tree; the keys that are used up here are not kept (§9.2)."""
    secret_tree = SecretTree(
        public.suite,
        public.tree.size,
        secrets.encryption_secret,
        max_forward=max_forward,
        max_skipped=max_skipped,
    )
    exporter = ExporterTree.of(secrets.application_export_secret)
    kept = msgspec.structs.replace(
        secrets, encryption_secret=b"", confirmation_key=b"", application_export_secret=b""
    )
    return Epoch(public, kept, private, signer, exporter), secret_tree
