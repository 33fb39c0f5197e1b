"""What receiving a message yields."""

from __future__ import annotations

from covey import mls
from covey.mls.group.events import MemberInfo, member_info
from group_samples import UNKNOWN_TYPE, everyone, extension, found, key_package, member

ABLE = mls.Policy(
    extension_types=frozenset({UNKNOWN_TYPE}), proposal_types=frozenset({UNKNOWN_TYPE})
)


def test_a_member_as_the_tree_shows_it() -> None:
    group = found("ab")[0]
    leaf = group.tree.leaf(1)
    assert leaf is not None
    info = member_info(1, leaf)
    assert info == MemberInfo(1, leaf.credential, leaf.signature_key)
    assert info.identity == b"b"
    assert group.members[1] == info


def test_a_change_tells_what_it_consists_of() -> None:
    groups = found("abcd", policy=ABLE)
    leaving = groups[3].leave()
    for group in groups:
        group.receive(leaving)
    psk = groups[0].resumption_psk_id(1)
    pending = groups[0].commit(
        add=[key_package(member("e", policy=ABLE))],
        remove=[2],
        psks=[psk],
        extensions=[extension(UNKNOWN_TYPE)],
        proposals=[mls.UnknownProposal(UNKNOWN_TYPE, b"x")],
    )
    changed = pending.changed
    assert [each.identity for each in changed.added] == [b"e"]
    assert changed.joined == changed.added
    assert {each.identity for each in changed.removed} == {b"c", b"d"}
    assert [each.identity for each in changed.left] == [b"d"]
    assert changed.psks == (psk,)
    assert changed.extensions == (extension(UNKNOWN_TYPE),)
    assert changed.custom == (mls.UnknownProposal(UNKNOWN_TYPE, b"x"),)
    assert changed.reinit is None
    assert len(changed.proposals) == 6
    events = everyone(groups, pending.message)
    assert all(event.changed == changed for event in events)  # type: ignore[union-attr]


def test_a_change_that_ends_the_group_says_so() -> None:
    reinit = mls.ReInit(b"next", 1, 1, ())
    changed = found("ab")[0].commit(reinit=reinit).changed
    assert changed.reinit == reinit
    assert changed.extensions is None
    assert changed.joined == changed.left == changed.custom == changed.psks == ()


def test_an_external_joiner_is_the_committer() -> None:
    joined = mls.Group.join_externally(member("x"), found("ab")[0].group_info())
    assert joined.changed.added == ()
    assert [each.identity for each in joined.changed.joined] == [b"x"]
    assert joined.changed.committer.index == 2
