"""Reading a group's state back from rows. May import this folder's state and rows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from covey.errors import CoveyError, StorageError
from covey.mls.group import rows
from covey.mls.group.create_commit import group_info_maker
from covey.mls.group.epoch import Epoch, PastEpoch, PublicState
from covey.mls.group.events import Changed, MemberInfo
from covey.mls.group.identities import suite_of
from covey.mls.group.pending import PendingCommit
from covey.mls.group.process_commit import OwnUpdate
from covey.mls.group.state import State
from covey.mls.group.welcome import Invitation
from covey.mls.rules.proposal_list import Sent
from covey.mls.schedule.exporter_tree import ExporterTree
from covey.mls.schedule.key_schedule import EpochSecrets
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.tree.math import height_of
from covey.mls.tree.private import PrivateTree
from covey.mls.tree.stored import patched, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.create_commit import Kit
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.tree.stored import Stored


def decode_snapshot(data: bytes) -> dict[bytes, bytes]:
    """The rows of a snapshot.

    Raises:
        StorageError: It is none, or of a newer version.
    """
    try:
        snapshot = rows.SnapshotRows.decode(data)
    except CoveyError as error:
        msg = f"this is no snapshot of a group: {error}"
        raise StorageError(msg) from None
    _require_version(snapshot.version)
    return {row.key: row.value for row in snapshot.rows}


def _require_version(version: int) -> None:
    if version != rows.VERSION:
        msg = f"the group is stored in version {version}, this covey reads {rows.VERSION}"
        raise StorageError(msg)


class Known(NamedTuple):
    """What is known of a group whose rows are read again.

    Attributes:
        trees: Trees of its epochs.
        nodes: Reads the rows of trees that are of later epochs than a given one; all for -1.
    """

    trees: Iterable[RatchetTree]
    nodes: Callable[[int], Mapping[bytes, bytes]]


def restore(stored: Mapping[bytes, bytes], kit: Kit, known: Known | None = None) -> State:
    """The state of a group from all of its rows.

    Args:
        stored: The rows.
        kit: What a pending commit draws on to make a GroupInfo.
        known: What is known of it; the rows of trees are then not in ``stored``.

    Raises:
        StorageError: Rows are missing or damaged, or of another version.
    """
    try:
        _require_version(int.from_bytes(stored[rows.FORMAT]))
        return _Reader(stored, kit, known).state()
    except (KeyError, IndexError, ValueError) as error:
        msg = f"the rows of the group are incomplete or damaged ({type(error).__name__})"
        raise StorageError(msg) from None


class _Reader:
    """Reads one group; the rows sorted by table."""

    def __init__(self, stored: Mapping[bytes, bytes], kit: Kit, known: Known | None) -> None:
        self._kit = kit
        self._known = known
        self._tables: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        for key in sorted(stored):
            self._tables[key[:1]][key[1:]] = stored[key]

    def state(self) -> State:
        """The whole state."""
        row = rows.EpochRow.decode(self._tables[rows.EPOCH][b""])
        named = self._tables[rows.DIALECT].get(b"")
        suite = suite_of("group", row.context.cipher_suite, named)
        past_rows = [_past_row(*item) for item in self._tables[rows.PAST].items()]
        kept: list[rows.PastRow | rows.EpochRow] = [*past_rows, row]
        trees = self._trees(suite, [(each.context, each.height) for each in kept])
        past = tuple(self._past(each, trees[each.context.epoch]) for each in reversed(past_rows))
        epoch = _epoch(row, trees[row.context.epoch], self._exporter(suite, rows.EXPORTER))
        status = rows.StatusRow.decode(self._tables[rows.STATUS][b""])
        return State(
            epoch,
            self._secret_tree(suite, row.context.epoch, epoch.public.tree),
            past,
            {
                epoch: psk
                for key, psk in self._tables[rows.RESUMPTION].items()
                for epoch in rows.numbers(key, 1)
            },
            self._proposals(),
            {
                reference: OwnUpdate(update.leaf_private, update.signer)
                for reference, value in self._tables[rows.UPDATE].items()
                for update in (rows.UpdateRow.decode(value),)
            },
            self._pending(epoch.public.tree),
            status.reinit,
            bool(status.removed),
            status.accepted,
        )

    def _trees(
        self, suite: Suite, epochs: list[tuple[GroupContext, int]]
    ) -> dict[int, RatchetTree]:
        """The trees of the kept epochs, those that are not known each from the one before it."""
        held = self._held(epochs)
        versions: dict[int, dict[int, Stored]] = defaultdict(dict)
        first = epochs[0][0].epoch
        for key, value in self._tables[rows.NODE].items():
            index, epoch = rows.numbers(key, 2)  # of two up to the first epoch, the later stays
            versions[max(epoch, first)][index] = rows.stored_node(value)
        found: dict[int, RatchetTree] = {}
        before: RatchetTree | None = None
        for (context, height), known in zip(epochs, held, strict=True):
            tree = known
            if tree is None:
                changes = versions[context.epoch]
                _require_height(height, changes, 0 if before is None else before.height)
                tree = (
                    stored(suite, changes, height)
                    if before is None
                    else patched(before, changes, height)
                )
            found[context.epoch] = before = tree
        return found

    def _held(self, epochs: list[tuple[GroupContext, int]]) -> list[RatchetTree | None]:
        """The trees that are known, by their hash; the rows are read that the others need."""
        if self._known is None:
            return [None] * len(epochs)
        trees = {(tree.tree_hash, tree.height): tree for tree in self._known.trees}
        held = [trees.get((context.tree_hash, height)) for context, height in epochs]
        if any(each is None for each in held):
            after = -1 if held[0] is None else epochs[0][0].epoch
            nodes = self._known.nodes(after)
            self._tables[rows.NODE] = {key[1:]: nodes[key] for key in sorted(nodes)}
        return held

    def _past(self, row: rows.PastRow, tree: RatchetTree) -> PastEpoch:
        context = row.context
        _require_same(tree, context)
        return PastEpoch(
            context,
            context.encode(),
            tree,
            row.index,
            row.sender_data_secret,
            self._secret_tree(tree.suite, context.epoch, tree),
        )

    def _secret_tree(self, suite: Suite, epoch: int, tree: RatchetTree) -> SecretTree:
        prefix = rows.number(epoch)
        table = {
            key[len(prefix) :]: value
            for key, value in self._tables[rows.SECRET].items()
            if key.startswith(prefix)
        }
        return self._load(suite, tree, table)

    def _exporter(self, suite: Suite, table: bytes) -> ExporterTree:
        """What is left of an Exporter Tree; nothing of one from before there were any."""
        nodes: dict[int, bytes] = {}
        for key, secret in self._tables[table].items():
            [node] = rows.numbers(key, 1)
            nodes[node] = secret
        if any(len(each) != suite.Nh for each in nodes.values()):
            msg = "a secret of the Exporter Tree has another length"
            raise ValueError(msg)
        return ExporterTree(nodes)

    def _load(self, suite: Suite, tree: RatchetTree, table: Mapping[bytes, bytes]) -> SecretTree:
        policy = self._kit.check.policy
        return SecretTree.from_rows(
            suite,
            tree.size,
            table,
            max_forward=policy.max_forward,
            max_skipped=policy.max_skipped,
        )

    def _proposals(self) -> dict[bytes, Sent]:
        found = [
            (rows.ProposalRow.decode(value), reference)
            for reference, value in self._tables[rows.PROPOSAL].items()
        ]
        found.sort(key=lambda pair: pair[0].order)
        return {
            reference: Sent(row.proposal, row.sender, reference, bool(row.verified))
            for row, reference in found
        }

    def _pending(self, tree: RatchetTree) -> PendingCommit | None:
        value = self._tables[rows.PENDING].get(b"")
        if value is None:
            return None
        row = rows.PendingRow.decode(value)
        changes = {
            index: rows.stored_node(node)
            for key, node in self._tables[rows.PENDING_NODE].items()
            for index in rows.numbers(key, 1)
        }
        _require_height(row.epoch.height, changes, tree.height)
        after = patched(tree, changes, row.epoch.height)
        epoch = _epoch(row.epoch, after, self._exporter(after.suite, rows.PENDING_EXPORTER))
        return PendingCommit(
            row.message,
            tuple(
                Invitation(each.message, tuple(ref.reference for ref in each.references))
                for each in row.welcomes
            ),
            _changed(row.changed),
            epoch,
            self._load(after.suite, after, self._tables[rows.PENDING_SECRET]),
            group_info_maker(epoch, self._kit),
        )


def _require_same(tree: RatchetTree, context: GroupContext) -> None:
    """Refuse another tree than the epoch's."""
    if tree.tree_hash != context.tree_hash:
        msg = "the stored tree is not the one of the epoch"
        raise ValueError(msg)


def _require_height(height: int, changes: Mapping[int, Stored], before: int) -> None:
    """Refuse a tree that is higher than its leaves need: its blanks would take ages to hash."""
    last = max((index for index, node in changes.items() if node is not None), default=0)
    if height > max(height_of(last // 2 + 1), before):
        msg = "a tree is higher than its leaves need"
        raise ValueError(msg)


def _past_row(key: bytes, value: bytes) -> rows.PastRow:
    row = rows.PastRow.decode(value)
    if rows.numbers(key, 1) != (row.context.epoch,):
        msg = "a past epoch is stored as another one"
        raise ValueError(msg)
    return row


def _epoch(row: rows.EpochRow, tree: RatchetTree, exporter: ExporterTree) -> Epoch:
    secrets = row.secrets
    _require_same(tree, row.context)
    private = PrivateTree(
        row.index, row.leaf_private, {each.height: each.private_key for each in row.path}
    )
    if private.leaf and private.mismatch(tree) is not None:
        msg = "the stored private keys are not those of the tree"
        raise ValueError(msg)
    return Epoch(
        PublicState.of(row.context, tree, row.confirmation_tag),
        EpochSecrets(
            secrets.sender_data_secret,
            b"",
            secrets.exporter_secret,
            secrets.external_secret,
            b"",
            secrets.membership_key,
            secrets.resumption_psk,
            secrets.epoch_authenticator,
            secrets.init_secret,
            b"",
        ),
        private,
        row.signer,
        exporter,
    )


def _changed(row: rows.ChangedRow) -> Changed:
    return Changed(
        row.epoch,
        _member(row.committer),
        bool(row.external),
        tuple(map(_member, row.added)),
        tuple(map(_member, row.removed)),
        tuple(map(_member, row.updated)),
        tuple(
            Sent(each.proposal, each.sender, each.reference or None, bool(each.verified))
            for each in row.proposals
        ),
        bool(row.with_path),
    )


def _member(row: rows.MemberRow) -> MemberInfo:
    return MemberInfo(row.index, row.credential, row.signature_key)
