"""Whether guesses are better than chance.

May import nothing of covey. A guess is a table of scores: how much speaks for each account being in
each group. For each account the group with the highest score is taken, and it is a hit when the
account is, or was, in it. Chance is what the same guesses would hit if they were about other
accounts: the rows are shuffled many times, so that what is known of the groups (some are
larger) or of the accounts (some are in more groups) is worth nothing, and only what joins an
account with a group is.
"""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

Account = TypeVar("Account", str, bytes)

_SHUFFLES: Final = 2_000

# Student's t, 97.5 %, by degrees of freedom.
_T: Final = {
    1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23,
    11: 2.20, 12: 2.18, 13: 2.16, 14: 2.14, 15: 2.13, 19: 2.09, 24: 2.06, 29: 2.05,
}  # fmt: skip


class Rate(NamedTuple):
    """A mean over several runs, with its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.0%} ({max(self.low, 0):.0%}-{min(self.high, 1):.0%})"


class Scored(NamedTuple):
    """How good the guesses of one run are.

    Attributes:
        hits: The share of accounts whose best guess is right.
        chance: The same, on average, when the guesses are about other accounts.
        p: The share of shufflings that hit as often: how probable that is by chance.
        precision: Of the pairs of an account and a group that most speaks for, as many as are true,
            the share that is true.
        precision_chance: The share of such pairs among all.
    """

    hits: float
    chance: float
    p: float
    precision: float
    precision_chance: float

    @property
    def lift(self) -> float:
        """How much better than chance the best guesses are."""
        return self.hits - self.chance


def scored(
    scores: Mapping[Account, Mapping[bytes, float]],
    truth: Mapping[Account, AbstractSet[bytes]],
    gids: Sequence[bytes],
    seed: int,
) -> Scored:
    """Compare guesses with the truth.

    Args:
        scores: By account, then by gid; what is missing is 0.
        truth: The groups that each account is, or was, in; those in none do not count.
        gids: All groups.
        seed: Of the shuffling, and of how ties are broken.
    """
    random = Random(seed)  # noqa: S311 - no secret
    accounts = sorted(name for name in truth if truth[name])
    table = [
        [scores.get(name, {}).get(gid, 0.0) + random.random() * 1e-9 for gid in gids]
        for name in accounts
    ]
    best = [gids[max(range(len(gids)), key=row.__getitem__)] for row in table]
    hits = _hits(best, accounts, truth)
    shuffled = []
    for _ in range(_SHUFFLES):
        random.shuffle(best)
        shuffled.append(_hits(best, accounts, truth))
    chance = fmean(shuffled)
    p = sum(each >= hits for each in shuffled) / _SHUFFLES
    pairs = [(row[g], gid in truth[name]) for name, row in zip(accounts, table, strict=True)
             for g, gid in enumerate(gids)]  # fmt: skip
    return Scored(hits, chance, p, _precision(pairs), fmean(true for _, true in pairs))


def _hits(
    best: Sequence[bytes], accounts: Sequence[Account], truth: Mapping[Account, AbstractSet[bytes]]
) -> float:
    return fmean(gid in truth[name] for gid, name in zip(best, accounts, strict=True))


def _precision(pairs: Iterable[tuple[float, bool]]) -> float:
    """Of those with the highest scores, as many as are true, the share that is true.

    It is the precision and the recall at once, since as many are guessed as there are.
    """
    ranked = sorted(pairs, reverse=True)
    wanted = sum(true for _, true in ranked)
    return sum(true for _, true in ranked[:wanted]) / wanted if wanted else 0.0


def over(values: Sequence[float]) -> Rate:
    """The mean of some runs, with its 95 % confidence interval by Student's t."""
    mean = fmean(values)
    if len(values) == 1:
        return Rate(mean, mean, mean)
    freedom = len(values) - 1
    t = next((_T[each] for each in sorted(_T, reverse=True) if each <= freedom), 1.96)
    half = t * stdev(values) / math.sqrt(len(values))
    return Rate(mean, mean - half, mean + half)
