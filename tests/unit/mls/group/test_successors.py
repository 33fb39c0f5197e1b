"""Groups that continue another: which members they must have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey import mls
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
