"""Groups of any size in which every member's keys are known, to measure any member from.

A real member knows its own keys only, and n members process each commit. Here one object
holds what all of them know: the public state once, the secrets of the epoch once, and every
private key by its public key. :meth:`WholeGroup.member` then makes the :class:`Group` that
the member at a leaf would have, at any moment and in O(log n).

* :func:`founded`: n members, brought together by one real commit.
* :func:`log_tree`: then real commits from the leaves 1, 2, 4, 8, … and from leaf 0.
* :func:`full_tree`: then every member renews its path, in random order. The paths, parent
  hashes and signatures are real; they are not encrypted to anybody, and only after the last
  one does an epoch begin. What is left out is what leaves no trace in a tree.

Both are checked: whoever joins by a Welcome goes through all rules for a tree, and every round of
every operation compares the epoch authenticators of the two sides.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, NamedTuple, Self

from covey.mls import CipherSuite, Group, Member, Policy, Ports
from covey.mls.group.epoch import Epoch, PublicState, begin
from covey.mls.group.member import sign_leaf
from covey.mls.group.state import first_state
from covey.mls.schedule import key_schedule, transcript
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import ParentNode
from covey.mls.tree import update_path
from covey.mls.tree.parent_hashes import path_parents
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from covey.mls import PendingCommit, PrivateKeyPackage
    from covey.mls.tree.ratchet_tree import RatchetTree

SUITE = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
POLICY = Policy()


class Client(NamedTuple):
    """A client that is about to join a group."""

    member: Member
    package: PrivateKeyPackage


def client(name: str, suite: int = SUITE) -> Client:
    """A client with a fresh KeyPackage."""
    member = Member.basic(name.encode(), suite, policy=POLICY)
    return Client(member, member.key_package())


def clients(count: int, suite: int = SUITE) -> list[Client]:
    """Clients with fresh KeyPackages."""
    return [client(f"member {number}", suite) for number in range(count)]


class WholeGroup:
    """A group, with the keys of all its members.

    Attributes:
        epoch: The current epoch as one of the members sees it, its own keys apart.
        members: The leaf indices of all members, sorted.
    """

    def __init__(
        self,
        epoch: Epoch,
        secret_tree: SecretTree,
        keys: dict[bytes, bytes],
        signers: dict[bytes, bytes],
    ) -> None:
        self.epoch = epoch
        self._rows = secret_tree.all_rows()
        self._keys = keys
        self._signers = signers
        self.members = [index for index, _ in self.tree.members()]

    @property
    def tree(self) -> RatchetTree:
        """The ratchet tree."""
        return self.epoch.public.tree

    def member(self, index: int, policy: Policy = POLICY) -> Group:
        """The group as the member at a leaf has it, with nothing sent in the epoch yet."""
        epoch = self.epoch
        signer = self._signer(index)
        own = Epoch(epoch.public, epoch.secrets, self._private(index), signer, epoch.exporter)
        secret_tree = SecretTree.from_rows(epoch.public.suite, self.tree.size, self._rows)
        epoch.public.suite.sign_with_label(signer, "", b"")  # a member keeps its key ready
        return Group(first_state(own, secret_tree), Ports(policy))

    def _signer(self, index: int) -> bytes:
        leaf = self.tree.leaf(index)
        assert leaf is not None
        return self._signers[leaf.signature_key]

    def _private(self, index: int) -> PrivateTree:
        """The keys that a member holds: of its leaf, and where it is not unmerged (§4.2)."""
        tree, path = self.tree, {}
        for height in range(1, tree.height + 1):
            subtree = tree.subtree(height, index >> height)
            node = None if subtree is None else subtree.node
            if type(node) is ParentNode and index not in node.unmerged_leaves:
                path[height] = self._keys[node.encryption_key]
        leaf = tree.leaf(index)
        assert leaf is not None
        return PrivateTree(index, self._keys[leaf.encryption_key], path)

    def advance(self, pending: PendingCommit, joining: Iterable[PrivateKeyPackage] = ()) -> None:
        """Let a commit take effect, for all members at once."""
        self.epoch = pending.epoch
        self._rows = pending.secret_tree.all_rows()
        self._learn(pending.epoch.private)
        for package in joining:
            _register(package, self._keys, self._signers)
        changed = pending.changed
        if changed.removed or changed.added:
            gone = {each.index for each in changed.removed}
            stay = [index for index in self.members if index not in gone]
            self.members = sorted([*stay, *(each.index for each in changed.added)])

    def _learn(self, private: PrivateTree) -> None:
        tree = self.tree
        for height, key in ((0, private.leaf), *private.path.items()):
            subtree = tree.subtree(height, private.index >> height)
            assert subtree is not None
            assert subtree.node is not None
            self._keys[subtree.node.encryption_key] = key

    def copy(self) -> Self:
        """The same group, to go another way."""
        secret_tree = SecretTree.from_rows(self.tree.suite, self.tree.size, self._rows)
        return type(self)(self.epoch, secret_tree, dict(self._keys), dict(self._signers))

    def renewed(self, order: Sequence[int]) -> WholeGroup:
        """A later epoch of the group: some members, one after the other, renewed their path."""
        suite, context = self.tree.suite, self.epoch.public.context
        tree, keys = self.tree, dict(self._keys)
        for index in order:
            steps = tree.filtered_path(index)
            derived = update_path.derive(suite, steps, os.urandom(suite.Nh))
            parents, parent_hash = path_parents(suite, steps, derived.public)
            keys |= zip(derived.public, derived.private.values(), strict=True)
            private, public = suite.generate_key_pair(os.urandom)
            keys[public] = private
            old = tree.leaf(index)
            assert old is not None
            leaf = old.replace(
                encryption_key=public,
                leaf_node_source=LeafNodeSource.commit,
                lifetime=None,
                parent_hash=parent_hash,
            )
            signer = self._signers[leaf.signature_key]
            leaf = sign_leaf(suite, leaf, signer, context.group_id, index)
            tree = tree.with_path(index, leaf, parents)
        epoch, secret_tree = _epoch_of(tree, context, len(order), self.epoch)
        current = {node.encryption_key for node in tree.to_nodes() if node is not None}
        kept = {public: private for public, private in keys.items() if public in current}
        return WholeGroup(epoch, secret_tree, kept, dict(self._signers))


def _epoch_of(
    tree: RatchetTree, before: GroupContext, commits: int, like: Epoch
) -> tuple[Epoch, SecretTree]:
    """An epoch with a given tree, whose transcript and secrets come out of nowhere."""
    suite = tree.suite
    context = GroupContext(
        before.version,
        before.cipher_suite,
        before.group_id,
        before.epoch + commits,
        tree.tree_hash,
        os.urandom(suite.Nh),
        before.extensions,
    )
    secrets = key_schedule.from_epoch_secret(suite, os.urandom(suite.Nh))
    tag = transcript.confirmation_tag(
        suite, secrets.confirmation_key, context.confirmed_transcript_hash
    )
    public = PublicState.of(context, tree, tag)
    return begin(public, secrets, like.private, like.signer, *POLICY.bounds)


def _register(
    package: PrivateKeyPackage, keys: dict[bytes, bytes], signers: dict[bytes, bytes]
) -> None:
    leaf = package.package.leaf_node
    keys[leaf.encryption_key] = package.leaf_private
    signers[leaf.signature_key] = package.signer


def founded(count: int, suite: int = SUITE) -> WholeGroup:
    """A group of ``count`` members, in epoch 1: its founder has added all others at once."""
    founder, *others = clients(count, suite)
    made = Group.found(founder.member, [each.package.message for each in others])
    keys: dict[bytes, bytes] = {}
    signers = {founder.member.signature_key: founder.member.signer}
    for each in others:
        _register(each.package, keys, signers)
    pending = made.commit
    group = WholeGroup(pending.epoch, pending.secret_tree, keys, signers)
    group.advance(pending)
    return group


def log_tree(base: WholeGroup) -> WholeGroup:
    """The members at the leaves 1, 2, 4, 8, … have committed, then the one at leaf 0."""
    group = base.copy()
    powers = [1 << bit for bit in range(group.tree.height)]
    for index in (*(each for each in powers if each in group.members), 0):
        group.advance(group.member(index).commit())
    return group


def full_tree(base: WholeGroup) -> WholeGroup:
    """Every member has committed, in random order."""
    order = base.members.copy()
    random.Random(len(order)).shuffle(order)  # noqa: S311 - which order, nobody has to guess
    return base.renewed(order)


TREES: dict[str, Callable[[WholeGroup], WholeGroup]] = {"log": log_tree, "full": full_tree}
"""The kinds of trees, by name."""
