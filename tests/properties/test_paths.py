"""Everybody arrives at the same commit secret, in any tree (RFC 9420 §7.4-7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from path_group import PathGroup

if TYPE_CHECKING:
    from random import Random


@settings(max_examples=settings.default.max_examples // 4)
@given(random=st.randoms(use_true_random=True))
def test_everybody_follows_every_path(random: Random) -> None:
    group = PathGroup(random.randbytes)
    group.commit(0, adds=random.randint(0, 15))
    for _ in range(8):
        members = sorted(group.members)
        committer = random.choice(members)
        others = [index for index in members if index != committer]
        random.shuffle(others)
        gone = others[: random.choice((0, 0, 1, 2, len(others) // 2))]
        stay = others[len(gone) :]
        updated = stay[: random.choice((0, 0, 1, 2))]
        adds = random.choice((0, 1, 1, 3)) if len(members) < 20 else 0
        path = bool(gone or updated) or random.random() < 0.6
        group.commit(committer, updated=updated, removed=gone, adds=adds, path=path)
        group.check()
