"""RFC 9420 §12.4.2: processing a commit of somebody else, in the RFC's order.

May import the other steps of this folder. The result is staged: nothing changes until it is
applied, and it can be looked at before.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple

from covey.errors import AuthenticationError, MissingKeyError, RemoteProtocolError
from covey.mls.group import psks, staging
from covey.mls.group.create_commit import Following, Path, advance, without_path
from covey.mls.group.events import member_info
from covey.mls.group.seal import Signed
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Remote
from covey.mls.schedule import key_schedule
from covey.mls.structs.proposals import ExternalInit, Update
from covey.mls.tree import update_path
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import Epoch, PublicState
    from covey.mls.group.events import Changed
    from covey.mls.group.psks import PskStore
    from covey.mls.group.staging import Merged, Provisional
    from covey.mls.group.verify import Checker
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.framing import AuthenticatedContent
    from covey.mls.structs.tree import UpdatePathNode
    from covey.mls.tree.private import PrivateTree
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.tree.update_path import Target

EXTERNAL_INIT_LABEL = "MLS 1.0 external init secret"


class OwnUpdate(NamedTuple):
    """The keys of an Update that we have proposed and nobody has committed yet."""

    leaf_private: bytes
    signer: bytes

    def __repr__(self) -> str:
        return "OwnUpdate(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Ours(NamedTuple):
    """What a member adds to what everybody sees: its secrets, and where others come from.

    Attributes:
        epoch: The current epoch.
        proposals: Proposals of this epoch by reference.
        updates: Our own proposed Updates, by reference.
        psks: External PSKs.
        resumption: Resumption PSKs, by group_id and epoch.
    """

    epoch: Epoch
    proposals: Mapping[bytes, Sent]
    updates: Mapping[bytes, OwnUpdate]
    psks: PskStore
    resumption: Callable[[bytes, int], bytes | None]

    def __repr__(self) -> str:
        return f"Ours({self.epoch!r}, …)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Staged(NamedTuple):
    """A commit that was verified; ``following`` is None when it removes us."""

    changed: Changed
    following: Following | None


def resolve(
    commit: Commit, authenticated: AuthenticatedContent, known: Mapping[bytes, Sent]
) -> tuple[Sent, ...]:
    """The proposals of a commit, by value and by reference (§12.4).

    Raises:
        MissingKeyError: A reference names no proposal that was received (VAL-148). Receive
            it, and the commit can be processed.
    """
    sender = authenticated.content.sender
    items = []
    for each in commit.proposals:
        if each.reference is None:
            assert each.proposal is not None
            items.append(Sent(each.proposal, sender))
            continue
        found = known.get(each.reference)
        if found is None:
            raise unknown_proposal(each.reference, authenticated.content.epoch)
        items.append(found)
    return tuple(items)


def unknown_proposal(reference: bytes, epoch: int) -> MissingKeyError:
    """What is raised about a reference to a proposal that was not received (VAL-148)."""
    msg = f"proposal {reference.hex()} has not been received"
    return MissingKeyError(msg, epoch=epoch).of(rule="VAL-148", section="12.4")


class Observed(NamedTuple):
    """What a commit does to the public state.

    Attributes:
        provisional: The state after the proposals.
        merged: The tree and the path, or None without a path.
        committer: The leaf of the committer.
        changed: What changes, for people.
    """

    provisional: Provisional
    merged: Merged | None
    committer: int
    changed: Changed

    @property
    def tree(self) -> RatchetTree:
        """The tree of the next epoch."""
        return self.provisional.tree if self.merged is None else self.merged.tree


def observe(
    authenticated: AuthenticatedContent,
    public: PublicState,
    known: Mapping[bytes, Sent],
    check: Checker,
) -> Observed:
    """All of a commit that needs no secret: rules, proposals, path (§12.4.2).

    The signature of ``authenticated`` has been verified.
    """
    content = authenticated.content
    commit = content.commit
    assert commit is not None
    external = content.sender.sender_type is SenderType.new_member_commit
    items = ProposalList(
        resolve(commit, authenticated, known),
        None if external else content.sender.leaf_index,
        public.context,
        public.tree,
        successor=False,
        has_path=commit.path is not None,
    )
    provisional = staging.apply_proposals(items, public, check)
    index = content.sender.leaf_index
    if external:
        provisional, index = staging.place_joiner(provisional)
    assert index is not None
    merged = None
    if commit.path is not None:
        merged = staging.merge_path(provisional, public, commit.path, index, check)
    tree = provisional.tree if merged is None else merged.tree
    staging.check_result(public, tree, provisional.extensions, check)
    leaf = tree.leaf(index)
    assert leaf is not None
    changed = staging.summarise(
        provisional, public, member_info(index, leaf), with_path=merged is not None
    )
    staging.ask_policy(changed, public, check)
    return Observed(provisional, merged, index, changed)


def process_commit(authenticated: AuthenticatedContent, ours: Ours, check: Checker) -> Staged:
    """Verify a commit and compute the epoch that it opens (§12.4.2).

    The signature, and the membership tag or the encryption, have been verified.

    Raises:
        ProtocolError: A rule is broken.
        AuthenticationError: The path or the confirmation tag does not verify.
        MissingKeyError: A proposal or a PSK is not known.
        PolicyError: The policy refuses.
    """
    epoch = ours.epoch
    public = epoch.public
    observed = observe(authenticated, public, ours.proposals, check)
    provisional = observed.provisional
    items = provisional.items
    if epoch.private.index in items.removed:
        return Staged(observed.changed, None)
    signer, private = _own_keys(ours, provisional)
    path = _open_path(authenticated, public, observed, private, signer)
    psk_secret = psks.combine(public.suite, items.psks, ours.psks, ours.resumption)
    signed = Signed(
        authenticated.content,
        authenticated.wire_format,
        b"",
        authenticated.auth.signature,
    )
    init_secret = _init_secret(epoch, items)
    following = advance(public, provisional, path, signed, init_secret, psk_secret, check)
    tag = authenticated.auth.confirmation_tag
    assert tag is not None
    if not same_tag(following.epoch.public.confirmation_tag, tag):
        rule = "VAL-157"
        raise AuthenticationError(rule, "12.4.2")
    return Staged(observed.changed, following)


def _own_keys(ours: Ours, provisional: Provisional) -> tuple[bytes, PrivateTree]:
    """Our keys after the proposals; an Update of ours brings its own (§12.1.2)."""
    epoch = ours.epoch
    private = epoch.private.following(epoch.public.tree, provisional.tree)
    for each in provisional.items.sent(Update):
        update = ours.updates.get(each.reference or b"")
        if each.sender.leaf_index == private.index and update is not None:
            return update.signer, private.with_keys({}, update.leaf_private)
    return epoch.signer, private


def _open_path(
    authenticated: AuthenticatedContent,
    public: PublicState,
    observed: Observed,
    private: PrivateTree,
    signer: bytes,
) -> Path:
    """Decrypt our path secret and derive the keys from there up (§7.5)."""
    suite, provisional, merged = public.suite, observed.provisional, observed.merged
    commit = authenticated.content.commit
    if merged is None or commit is None or commit.path is None:
        return without_path(provisional.tree, private, signer)
    kept = private.following(provisional.tree, merged.tree)
    if not merged.steps:
        msg = "an UpdatePath without any node reaches nobody"
        msg_0 = "VAL-079"
        raise RemoteProtocolError(msg_0, "7.6", "An UpdatePath has its nodes.", msg)
    context = staging.provisional_context(public, merged.tree, provisional.extensions)
    target = update_path.find_target(merged.steps, private, provisional.added)
    if target is None:
        reason = "we hold no key that the path is encrypted to"
        raise MissingKeyError(reason, epoch=public.context.epoch)
    nodes = commit.path.nodes
    secret = _open_secret(suite, nodes, target, private, context.encode())
    derived = update_path.derive(suite, merged.steps[target.step :], secret)
    if not _are_sent(derived.public, nodes[target.step :]):
        statement = "The keys derived from a path secret are those of the path."
        msg_0 = "VAL-085"
        raise Remote(msg_0, "7.5", statement, "a key differs")
    return Path(
        commit.path,
        merged.tree,
        kept.with_keys(derived.private),
        derived.commit_secret,
        {},
        signer,
    )


def _open_secret(
    suite: Suite,
    nodes: Sequence[UpdatePathNode],
    target: Target,
    private: PrivateTree,
    context: bytes,
) -> bytes:
    """Our path secret (Nh bytes), encrypted under the provisional GroupContext (VAL-086)."""
    try:
        return update_path.decrypt(suite, nodes, target, private, context)
    except AuthenticationError as error:
        if not error.rule:
            error.of(rule="VAL-086", section="7.5")
        raise


def _are_sent(derived: tuple[bytes, ...], nodes: Sequence[UpdatePathNode]) -> bool:
    """Whether public keys are those of the nodes of a path (VAL-085)."""
    return derived == tuple(node.encryption_key for node in nodes)


def _init_secret(epoch: Epoch, items: ProposalList) -> bytes:
    """The init secret of the epoch, or the one that an external joiner sent (§8.3)."""
    suite = epoch.public.suite
    for each in items.of(ExternalInit):
        private, _ = key_schedule.external_key_pair(suite, epoch.secrets.external_secret)
        return suite.export_from(private, each.kem_output, EXTERNAL_INIT_LABEL, suite.Nh)
    return epoch.secrets.init_secret


def same_tag(expected: bytes, tag: bytes) -> bool:
    """Compare tags in constant time, after their lengths."""
    return len(expected) == len(tag) and compare_digest(expected, tag)
