"""Applying proposals and a path to the public state."""

from __future__ import annotations

from covey import mls
from covey.mls.group import staging
from covey.mls.rules.registry import Local
from group_samples import (
    commit_of,
    extension,
    found,
    key_package,
    member,
    proposal_list,
    public_state,
    sent,
)

GROUP = found("abcde")[0]
STATE = public_state(GROUP)
CHECK = GROUP.ports.check(Local)


def applied(*proposals: object, committer: int | None = 0) -> staging.Provisional:
    """The state after some proposals."""
    items = proposal_list(GROUP, *proposals, committer=committer)  # type: ignore[arg-type]
    return staging.apply_proposals(items, STATE, CHECK)


def test_val_146_the_order_of_application() -> None:
    update = found("abcde")[1].propose_update
    del update
    add = mls.Add(key_package(member("x")))
    provisional = applied(add, mls.GroupContextExtensions((extension(0x000A),)), mls.Remove(1))
    assert provisional.added == (1,)
    assert provisional.extensions == (extension(0x000A),)
    leaf = provisional.tree.leaf(1)
    assert leaf is not None
    assert leaf.encode() == add.key_package.leaf_node.encode()


def test_val_126_the_extensions_are_replaced() -> None:
    assert applied().extensions == STATE.context.extensions
    assert applied(mls.GroupContextExtensions(())).extensions == ()


def test_erratum_13_a_joiner_goes_to_the_leftmost_blank_leaf() -> None:
    init = sent(mls.ExternalInit(b""), None)
    provisional, index = staging.place_joiner(applied(init, committer=None))
    assert (index, provisional.tree.size) == (5, 8)
    provisional, index = staging.place_joiner(
        applied(init, sent(mls.Remove(4), None), committer=None)
    )
    assert (index, provisional.tree.size) == (4, 8)
    provisional, index = staging.place_joiner(
        applied(init, sent(mls.Remove(2), None), committer=None)
    )
    assert index == 2


def test_whose_place_a_leaf_takes() -> None:
    assert staging.replaced_leaf(applied(), STATE, 3) == STATE.tree.leaf(3)
    init = sent(mls.ExternalInit(b""), None)
    assert staging.replaced_leaf(applied(init, committer=None), STATE, 5) is None
    resync = applied(init, sent(mls.Remove(2), None), committer=None)
    assert staging.replaced_leaf(resync, STATE, 5) == STATE.tree.leaf(2)


def test_the_next_context() -> None:
    tree = applied(mls.Remove(1)).tree
    extensions = (extension(1),)
    following = staging.next_context(STATE, tree, extensions, b"hash")
    assert following == STATE.context.replace(
        epoch=2,
        tree_hash=tree.tree_hash,
        confirmed_transcript_hash=b"hash",
        extensions=extensions,
    )


def test_a_path_is_merged() -> None:
    groups = found("abcde")
    pending = groups[3].commit(handshake=mls.WireFormat.mls_public_message)
    path = commit_of(pending.message).path
    assert path is not None
    state = public_state(groups[0])
    items = proposal_list(groups[0], committer=3)
    provisional = staging.apply_proposals(items, state, CHECK)
    merged = staging.merge_path(provisional, state, path, 3, CHECK)
    assert merged.tree.tree_hash == pending.epoch.public.tree.tree_hash
    assert [step.height for step in merged.steps] == [1, 2, 3]
