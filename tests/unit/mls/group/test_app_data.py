"""Data of components in the group: AppDataUpdate and AppEphemeral (extensions draft)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import (
    AuthenticationError,
    LocalProtocolError,
    PolicyError,
    ProtocolError,
    RemoteProtocolError,
)
from covey.mls.structs.components import app_data, with_app_data
from covey.mls.structs.proposals import AppDataUpdate, AppEphemeral
from covey.mls.wire.code_points import AppDataUpdateOperation, ProposalType
from group_samples import (
    PUBLIC,
    agree,
    commit_of,
    epoch,
    extension,
    external_senders,
    found,
    member,
    refuses,
    required,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TOPIC, SILENT, STRANGE = 0x8001, 0x8002, 0x8003


def appended(old: bytes | None, updates: Sequence[bytes]) -> bytes:
    """Data that grows; it takes no ``!``."""
    if b"!" in b"".join(updates):
        msg = "nobody shouts here"
        raise PolicyError(msg)
    return b"|".join((() if old is None else (old,)) + tuple(updates))


COMPONENTS = {TOPIC: appended, SILENT: None}
POLICY = mls.Policy(components=COMPONENTS, handshake=PUBLIC)


def update(data: bytes, component: int = TOPIC) -> AppDataUpdate:
    """An update of a component's data."""
    return AppDataUpdate(component, AppDataUpdateOperation.update, data)


def remove(component: int = TOPIC) -> AppDataUpdate:
    """The removal of a component's data."""
    return AppDataUpdate(component, AppDataUpdateOperation.remove)


def group(names: str = "abc", **options: object) -> list[mls.Group]:
    """A group whose members know the components."""
    return found(names, policy=POLICY, **options)


def committed(groups: list[mls.Group], *proposals: mls.AppDataUpdate, by: int = 0) -> None:
    """Commit proposals by value; everybody follows."""
    pending = groups[by].commit(proposals=proposals)
    for each in groups:
        each.receive(pending.message)
    agree(groups)


def everyone_else(groups: list[mls.Group], sender: int, message: bytes) -> None:
    """Deliver a message to all but its sender."""
    for index, each in enumerate(groups):
        if index != sender:
            each.receive(message)


def judged_by(group: mls.Group, **changes: object) -> mls.Group:
    """The same group under another policy."""
    policy = mls.Policy(**{"components": COMPONENTS, "handshake": PUBLIC, **changes})  # type: ignore[arg-type]
    return mls.Group.restore(group.snapshot(), mls.Ports(policy))


def test_updates_by_value_reach_everybody() -> None:
    groups = group()
    committed(groups, update(b"tea"), update(b"coffee"))
    assert {each.app_data[TOPIC] for each in groups} == {b"tea|coffee"}
    committed(groups, update(b"milk"), by=2)
    assert {each.app_data[TOPIC] for each in groups} == {b"tea|coffee|milk"}


def test_updates_by_reference_count_in_the_order_of_the_commit() -> None:
    groups = group()
    for proposer, word in ((1, b"one"), (2, b"two")):
        everyone_else(groups, proposer, groups[proposer].propose(update(word)))
    committed(groups, update(b"three"))
    assert {each.app_data[TOPIC] for each in groups} == {b"one|two|three"}


def test_no_path_is_needed_and_one_can_be_had() -> None:
    groups = group()
    pending = groups[0].commit(proposals=[update(b"x")])
    assert commit_of(pending.message).path is None
    assert not pending.changed.with_path
    groups[0].discard(pending)
    with_path = groups[0].commit(proposals=[update(b"x")], path=True)
    assert commit_of(with_path.message).path is not None


def test_the_dictionary_is_added_at_the_end_and_keeps_its_place() -> None:
    groups = group(extensions=[required((6,))])
    committed(groups, update(b"x"))
    assert [each.extension_type for each in groups[1].extensions] == [3, 6]
    pending = groups[0].commit(extensions=[groups[0].extensions[1], required((6,))])
    for each in groups:
        each.receive(pending.message)
    committed(groups, update(b"y"))
    assert [each.extension_type for each in groups[1].extensions] == [6, 3]
    assert groups[2].app_data == {TOPIC: b"x|y"}


def test_a_removal_takes_the_entry_and_leaves_the_dictionary() -> None:
    groups = group(extensions=with_app_data((), {9: b"nine", TOPIC: b"tea"}))
    committed(groups, remove())
    assert [each.app_data for each in groups] == [{9: b"nine"}] * 3
    groups = group(extensions=with_app_data((), {TOPIC: b"tea"}))
    committed(groups, remove())
    assert groups[1].extensions == with_app_data((), {})


def test_what_components_hold_is_there_for_who_joins() -> None:
    groups = group()
    committed(groups, update(b"tea"))
    new = member("d", policy=POLICY)
    package = new.key_package()
    pending = groups[0].commit(add=[package.message], proposals=[update(b"cake")])
    for each in groups:
        each.receive(pending.message)
    joined = mls.Group.join(new, package, pending.welcome)
    assert joined.app_data == {TOPIC: b"tea|cake"}
    agree([*groups, joined])


@pytest.mark.parametrize(
    ("proposals", "rule"),
    [
        ([update(b"x"), remove()], "APP-DATA-3"),
        ([remove(), remove()], "APP-DATA-3"),
        ([remove()], "APP-DATA-4"),
        ([update(b"x", STRANGE)], "APP-DATA-6"),
        ([AppEphemeral(STRANGE, b"x")], "APP-DATA-6"),
        ([update(b"hey!")], "APP-DATA-7"),
        ([update(b"x", SILENT)], "APP-DATA-7"),
    ],
)
def test_what_may_not_be_committed_changes_nothing(
    proposals: list[mls.AppDataUpdate | mls.AppEphemeral], rule: str
) -> None:
    alices = group()[0]
    before = alices.snapshot()
    with pytest.raises((LocalProtocolError, PolicyError), match=rule):
        alices.commit(proposals=proposals)
    assert alices.snapshot() == before


def test_who_receives_asks_its_own_application() -> None:
    groups = group("ab")
    pending = groups[0].commit(proposals=[update(b"x")])

    def nothing(old: bytes | None, updates: Sequence[bytes]) -> bytes:
        del old, updates
        msg = "not here"
        raise PolicyError(msg)

    refusing = judged_by(groups[1], components={TOPIC: nothing})
    refuses(refusing, pending.message, PolicyError, "APP-DATA-7")
    refuses(
        judged_by(groups[1], components={TOPIC: None}), pending.message, PolicyError, "APP-DATA-7"
    )
    ignorant = judged_by(groups[1], components={SILENT: None})
    refuses(ignorant, pending.message, RemoteProtocolError, "APP-DATA-6")


def test_a_function_that_fails_refuses_and_blocks_no_commit() -> None:
    """What nobody can read is left out of commits, and refused where it comes in one."""
    groups = group("ab")
    reads = {TOPIC: lambda _, updates: updates[0].decode().encode()}
    alice = judged_by(groups[0], components=reads)
    alice.receive(groups[1].propose(update(b"\xff\xff")))
    pending = alice.commit()
    assert pending.changed.app_data_updates == ()
    alice.discard(pending)
    refuses(alice, groups[1].commit(proposals=[update(b"\xff")]).message, PolicyError, "APP-DATA-7")


def test_a_component_that_is_forgotten_between_proposal_and_commit() -> None:
    groups = group("ab")
    groups[1].receive(groups[0].propose(update(b"x")))
    pending = groups[0].commit()
    refuses(judged_by(groups[1], components={}), pending.message, PolicyError, "APP-DATA-7")


def test_who_computes_something_else_is_told_by_the_confirmation_tag() -> None:
    groups = group("ab")
    pending = groups[0].commit(proposals=[update(b"x")])
    other = judged_by(groups[1], components={TOPIC: lambda *_: b"other"})
    refuses(other, pending.message, AuthenticationError, "VAL-157")


def test_what_an_application_returns_has_to_be_bytes() -> None:
    alices = judged_by(group("ab")[0], components={TOPIC: lambda *_: "text"})
    with pytest.raises(TypeError, match="bytes are needed"):
        alices.commit(proposals=[update(b"x")])


def test_a_proposal_about_a_strange_component_is_not_kept() -> None:
    groups = group("ab")
    knowing = judged_by(groups[0], components={STRANGE: None, **COMPONENTS})
    refuses(groups[1], knowing.propose(update(b"x", STRANGE)), RemoteProtocolError, "APP-DATA-6")
    with pytest.raises(LocalProtocolError, match="APP-DATA-6"):
        groups[1].propose(update(b"x", STRANGE))


def test_proposals_that_exclude_each_other_do_not_block_commits() -> None:
    groups = group(extensions=with_app_data((), {TOPIC: b"tea"}))
    for proposer, proposal in ((1, update(b"cake")), (2, remove())):
        everyone_else(groups, proposer, groups[proposer].propose(proposal))
    pending = groups[0].commit()
    assert len(pending.changed.app_data_updates) == 1
    for each in groups:
        each.receive(pending.message)
    agree(groups)


def test_other_extensions_can_be_replaced_in_the_same_commit() -> None:
    groups = group("ab", extensions=[required((6,), (ProposalType.app_data_update,))])
    committed(groups, update(b"tea"))
    kept = [*groups[0].extensions, external_senders(member("steward"))]
    pending = groups[0].commit(proposals=[update(b"cake")], extensions=kept)
    kinds = [type(each.proposal).__name__ for each in pending.changed.proposals]
    assert kinds == ["GroupContextExtensions", "AppDataUpdate"]
    for each in groups:
        each.receive(pending.message)
    assert groups[1].app_data == {TOPIC: b"tea|cake"}
    assert groups[1].extension(5) is not None


def test_the_dictionary_is_not_replaced_where_updates_are_required() -> None:
    groups = group("ab", extensions=[required((6,), (ProposalType.app_data_update,))])
    committed(groups, update(b"tea"))
    with pytest.raises(LocalProtocolError, match="APP-DATA-5"):
        groups[0].commit(extensions=groups[0].extensions[:1])
    other = with_app_data(groups[0].extensions, {TOPIC: b"other"})
    with pytest.raises(LocalProtocolError, match="APP-DATA-5"):
        groups[0].propose_extensions(other)


def test_the_dictionary_is_replaced_where_they_are_not() -> None:
    groups = group("ab")
    pending = groups[0].commit(extensions=with_app_data((), {TOPIC: b"tea"}))
    for each in groups:
        each.receive(pending.message)
    assert groups[1].app_data == {TOPIC: b"tea"}


def test_updates_stand_after_all_else_in_a_commit() -> None:
    groups = group("abc")
    for proposal in (update(b"x"), AppEphemeral(SILENT, b"now")):
        groups[0].receive(groups[1].propose(proposal))
    pending = groups[0].commit(remove=[2])
    kinds = [type(each.proposal).__name__ for each in pending.changed.proposals]
    assert kinds == ["Remove", "AppEphemeral", "AppDataUpdate"]
    groups[1].receive(pending.message)
    groups[0].accept(pending)
    agree(groups[:2])


def test_an_ephemeral_is_told_with_the_commit_and_changes_nothing() -> None:
    groups = group()
    before = groups[0].extensions
    told = [AppEphemeral(SILENT, b"one"), AppEphemeral(TOPIC, b"two"), AppEphemeral(SILENT, b"3")]
    pending = groups[0].commit(proposals=told)
    assert commit_of(pending.message).path is None
    for each in groups:
        event = each.receive(pending.message)
        assert isinstance(event, mls.EpochChanged)
        assert event.changed.app_ephemerals == tuple(told)
        assert event.changed.app_data_updates == ()
        assert each.extensions == before
    agree(groups)


def test_not_all_members_need_support_what_nobody_uses() -> None:
    """Who supports no component is in the group with who does; but nothing is proposed there."""
    alice, bob = member("a", policy=POLICY), member("b")
    package = bob.key_package()
    begun = mls.Group.found(alice, [package.message])
    joined = mls.Group.join(bob, package, begun.welcome)
    with pytest.raises(LocalProtocolError, match="VAL-143"):
        begun.group.commit(proposals=[update(b"x")])
    with pytest.raises(LocalProtocolError, match="VAL-143"):
        begun.group.propose(AppEphemeral(TOPIC, b"x"))
    agree([begun.group, joined])


def test_somebody_who_lacks_a_required_component_is_not_added() -> None:
    lists = {1: mls.ComponentsList((TOPIC,)).encode()}
    groups = group("ab", extensions=with_app_data((), lists))
    with pytest.raises(LocalProtocolError, match="APP-DATA-2"):
        groups[0].commit(add=[member("c").key_package().message])
    others = mls.Policy(components={SILENT: None})
    with pytest.raises(LocalProtocolError, match="APP-DATA-2"):
        groups[0].commit(add=[member("c", policy=others).key_package().message])
    groups[0].commit(add=[member("c", policy=POLICY).key_package().message])


def test_what_a_member_supports_can_change() -> None:
    groups = group("ab")
    later = mls.Policy(components={**COMPONENTS, STRANGE: None})
    lists = with_app_data((), {1: mls.ComponentsList((STRANGE,)).encode()})
    with pytest.raises(LocalProtocolError, match="APP-DATA-2"):
        groups[0].commit(extensions=lists)
    for by, other in ((0, 1), (1, 0)):
        client = mls.Member.basic(b"ab"[by : by + 1], 1, policy=later)
        pending = groups[by].commit(update=client)
        groups[other].receive(pending.message)
        groups[by].accept(pending)
    pending = groups[0].commit(extensions=lists)
    groups[1].receive(pending.message)
    groups[0].accept(pending)
    assert groups[1].app_data == app_data(lists)


def test_other_extensions_of_a_leaf_leave_its_components_there() -> None:
    groups = group("ab")
    pending = groups[0].commit(leaf_extensions=[extension(1, b"id")])
    groups[1].receive(pending.message)
    leaf = groups[1].tree.leaf(0)
    assert leaf is not None
    assert [each.extension_type for each in leaf.extensions] == [1, 6]


def test_an_external_sender_proposes_data() -> None:
    steward = member("steward", policy=POLICY)
    groups = group("ab", extensions=[external_senders(steward)])
    observer = mls.PublicGroup(groups[0].group_info(), ports=mls.Ports(POLICY))
    message = observer.propose(steward, update(b"from outside"))
    for each in groups:
        assert isinstance(each.receive(message), mls.ProposalReceived)
    observer.receive(message)
    pending = groups[0].commit()
    groups[1].receive(pending.message)
    groups[0].accept(pending)
    event = observer.receive(pending.message)
    assert isinstance(event, mls.EpochChanged)
    assert observer.context == groups[1].context
    assert groups[1].app_data == {TOPIC: b"from outside"}


def test_an_external_commit_brings_data() -> None:
    groups = group("ab")
    made = mls.Group.join_externally(
        member("c", policy=POLICY),
        groups[0].group_info(),
        proposals=[update(b"hello"), AppEphemeral(SILENT, b"now")],
    )
    for each in groups:
        event = each.receive(made.commit)
        assert isinstance(event, mls.EpochChanged)
        assert [one.data for one in event.changed.app_ephemerals] == [b"now"]
    agree([*groups, made.group])
    assert made.group.app_data == {TOPIC: b"hello"}


def test_an_external_commit_brings_no_other_proposals() -> None:
    info = group("ab")[0].group_info()
    with pytest.raises(LocalProtocolError, match="VAL-172"):
        mls.Group.join_externally(
            member("c", policy=POLICY), info, proposals=[mls.GroupContextExtensions(())]
        )
    with pytest.raises(TypeError, match="proposal is needed"):
        mls.Group.join_externally(member("c"), info, proposals=[b"x"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="no option leaf"):
        mls.Group.join_externally(member("c"), info, leaf=3)  # type: ignore[call-arg]


def test_an_external_commit_keeps_to_the_rules_for_data() -> None:
    info = group("ab")[0].group_info()
    for proposal, rule in ((remove(), "APP-DATA-4"), (update(b"!"), "APP-DATA-7")):
        with pytest.raises((ProtocolError, PolicyError), match=rule):
            mls.Group.join_externally(member("c", policy=POLICY), info, proposals=[proposal])


def test_a_pending_commit_with_data_is_kept() -> None:
    groups = group("ab")
    pending = groups[0].commit(proposals=[update(b"x"), AppEphemeral(SILENT, b"now")])
    restored = mls.Group.restore(groups[0].snapshot(), mls.Ports(POLICY))
    assert restored.pending is not None
    assert restored.pending.changed == pending.changed
    restored.accept(restored.pending)
    groups[1].receive(pending.message)
    agree([restored, groups[1]])
    assert epoch(restored).public.context.extensions == groups[1].extensions
