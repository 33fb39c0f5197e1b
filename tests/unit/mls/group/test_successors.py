"""Groups that continue another: which members they must have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import RemoteProtocolError
from covey.mls.group.successors import clients_of, link
from covey.mls.wire.code_points import ResumptionPSKUsage
from group_samples import external_psk, found, resumption_psk

if TYPE_CHECKING:
    from covey.mls.structs.tree import LeafNode


def leaves(names: str) -> list[LeafNode]:
    """The leaves of a group with these members."""
    return [leaf for _, leaf in found(names)[0].tree.members()]


def test_the_psk_by_which_a_group_continues_another() -> None:
    reinit = resumption_psk(ResumptionPSKUsage.reinit)
    branch = resumption_psk(ResumptionPSKUsage.branch)
    assert link([]) is None
    assert link([external_psk(), resumption_psk()]) is None
    assert link([external_psk(), reinit]) is reinit
    assert link([branch, external_psk()]) is branch


def test_members_are_matched_by_the_application() -> None:
    policy = mls.Policy()
    assert clients_of(leaves("ab"), policy) < clients_of(leaves("abc"), policy)
    assert not clients_of(leaves("abx"), policy) <= clients_of(leaves("abc"), policy)
    assert clients_of([], policy) == frozenset()

    class Anybody(mls.Policy):
        def client_id(self, leaf: LeafNode) -> bytes:
            del leaf
            return b"anybody"

    assert clients_of(leaves("xyz"), Anybody()) == clients_of(leaves("a"), Anybody())


def test_after_a_reinit_nobody_comes_into_a_group_that_is_not_linked_to_the_old_one() -> None:
    """Whoever brings it could bring one of a weaker suite, with other people in it."""
    alice, bob = found("ab")
    pending = alice.commit(reinit=mls.ReInit(b"next", 1, 3, ()))
    for each in (alice, bob):
        each.receive(pending.message)
    mallory = mls.Member.basic(b"mallory", mls.CipherSuite(1))
    bobs = mls.Member.basic(b"b", mls.CipherSuite(1))
    package = bobs.key_package()
    founded = mls.Group.found(mallory, [package.message])
    with pytest.raises(RemoteProtocolError) as refused:
        mls.Group.join(bobs, package, founded.welcome, successor_of=bob)
    assert refused.value.rule == "VAL-203"
    assert mls.Group.join(bobs, package, founded.welcome).epoch == 1  # as into any other group
