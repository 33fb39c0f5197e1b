"""Which of the received proposals a commit takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.mls.group.choosing import choose, without_spoilers
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
)
from group_samples import UNKNOWN_TYPE, external_psk, found, key_package, member, sent

if TYPE_CHECKING:
    from covey.mls.rules.proposal_list import Sent

TREE = found("abcd")[0].tree
LEAF = TREE.leaf(1)
assert LEAF is not None
UPDATE = Update(LEAF.replace(encryption_key=b"a fresh key"))
STALE = Update(LEAF)
ADD = Add(key_package(member("new")))
SAME_CLIENT = Add(ADD.key_package.replace(init_key=b"another"))
MEMBER_AGAIN = Add(ADD.key_package.replace(leaf_node=UPDATE.leaf_node))
PSK = PreSharedKey(external_psk())
GCE = GroupContextExtensions(())
REINIT = ReInit(b"next", 1, 1, ())
CUSTOM = UnknownProposal(UNKNOWN_TYPE, b"")


def received(*proposals: tuple[Proposal, int]) -> list[Sent]:
    """Proposals of members, in the order they came."""
    return [sent(each, leaf, bytes([number])) for number, (each, leaf) in enumerate(proposals)]


def chosen(*proposals: tuple[Proposal, int], own: tuple[Proposal, ...] = ()) -> list[Proposal]:
    """What leaf 0 would commit of them."""
    mine = tuple(sent(each) for each in own)
    return [each.proposal for each in choose(received(*proposals), mine, 0, TREE)]


@pytest.mark.parametrize(
    ("proposals", "own", "expected"),
    [
        ([(ADD, 1), (PSK, 2), (Remove(3), 1)], (), [ADD, PSK, Remove(3)]),
        ([(ADD, 1)], (PSK,), [ADD, PSK]),
        ([(UPDATE, 0)], (), []),
        ([(Remove(0), 1)], (), []),
        ([(SelfRemove(), 0)], (), []),
        ([(UPDATE, 1), (Remove(1), 2)], (), [Remove(1)]),
        ([(Remove(1), 2), (UPDATE, 1)], (), [Remove(1)]),
        ([(UPDATE, 1)], (Remove(1),), [Remove(1)]),
        ([(Remove(1), 2), (Remove(1), 3)], (), [Remove(1)]),
        ([(Remove(2), 3), (SelfRemove(), 2)], (), [SelfRemove()]),
        ([(SelfRemove(), 2)], (Remove(2),), [SelfRemove()]),
        ([(SelfRemove(), 2)], (Remove(3),), [SelfRemove(), Remove(3)]),
        ([(STALE, 1)], (), []),
        ([(UPDATE, 1), (Update(UPDATE.leaf_node.replace(signature_key=b"x")), 2)], (), [UPDATE]),
        ([(ADD, 1), (SAME_CLIENT, 2)], (), [ADD]),
        ([(SAME_CLIENT, 2)], (ADD,), [ADD]),
        ([(MEMBER_AGAIN, 2)], (), []),
        ([(MEMBER_AGAIN, 2), (Remove(1), 3)], (), [MEMBER_AGAIN, Remove(1)]),
        ([(PSK, 1), (PSK, 2)], (), [PSK]),
        ([(PSK, 1)], (PSK,), [PSK]),
        ([(GCE, 1), (GCE, 2)], (), [GCE]),
        ([(GCE, 1)], (GCE,), [GCE]),
        ([(REINIT, 1), (PSK, 2)], (), [PSK]),
        ([(REINIT, 1), (REINIT, 2)], (), [REINIT]),
        ([(REINIT, 1)], (ADD,), [ADD]),
        ([(CUSTOM, 1), (CUSTOM, 2)], (), [CUSTOM, CUSTOM]),
    ],
)
def test_what_is_chosen(
    proposals: list[tuple[Proposal, int]], own: tuple[Proposal, ...], expected: list[Proposal]
) -> None:
    assert chosen(*proposals, own=own) == expected


def test_the_last_update_of_a_member_counts() -> None:
    first, second = received((UPDATE, 1), (UPDATE, 1))
    assert choose([first, second], (), 0, TREE) == (second,)


def test_nothing_spoils_what_works() -> None:
    items = tuple(received((ADD, 1), (PSK, 2)))
    assert without_spoilers(items, (), lambda _: True) == items


def test_what_cannot_be_committed_alone_goes_first() -> None:
    items = tuple(received(*((PSK, number) for number in range(10))))
    asked: list[int] = []

    def works(tried: tuple[Sent, ...]) -> bool:
        asked.append(len(tried))
        return items[3] not in tried and items[7] not in tried

    kept = without_spoilers(items, (), works)
    assert kept == tuple(item for item in items if item not in (items[3], items[7]))
    assert len(asked) == 1 + 10 + 1


def test_of_two_that_exclude_each_other_the_first_stays() -> None:
    items = tuple(received(*((PSK, number) for number in range(8))))
    kept = without_spoilers(items, (), lambda tried: items[2] not in tried or items[5] not in tried)
    assert kept == tuple(item for item in items if item is not items[5])


def test_who_leaves_comes_before_all_that_exclude_each_other() -> None:
    """However many they are: at some time the rest is left for another commit."""
    spoilers = [(PSK, 1)] * 200
    items = tuple(received(*spoilers[:100], (SelfRemove(), 2), *spoilers[100:], (SelfRemove(), 3)))
    leaving = [each for each in items if isinstance(each.proposal, SelfRemove)]
    kept = without_spoilers(
        items, (), lambda tried: sum(each.proposal is PSK for each in tried) < 2
    )
    assert [each for each in kept if each in leaving] == leaving
    assert list(kept) == sorted(kept, key=items.index)
    assert len(kept) == 3


def test_our_own_proposals_stay_even_if_nothing_works() -> None:
    own = (sent(ADD),)
    items = (*received((PSK, 1)), *own)
    assert without_spoilers(items, own, lambda _: False) == own
    assert without_spoilers(own, own, lambda _: False) == own
