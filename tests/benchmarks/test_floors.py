"""The floors of the post-quantum suites: the engine makes the calls that they have, and no others.

Of suite 1 `make bench` counts the calls itself, each time.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.counting import replace_field
from benchmarks.groups import founded, full_tree
from benchmarks.operations import OPERATIONS, Scene
from benchmarks.primitive_names import DECAP, DERIVE, ENCAP, GENERATE, SIGN, VERIFY
from benchmarks.timing import Effort

from benchmarks import quantum
from covey.mls import Policy
from covey.mls.crypto.dialects import PRIVATE, get_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBERS = 9
KEM = {"generate_private_key": GENERATE, "derive_private_key": DERIVE, "encap": ENCAP}
SIGNATURE = {"sign": SIGN, "verify": VERIFY}


class Counting:
    """A KEM, one of its keys, or a signature scheme, whose calls are counted."""

    def __init__(self, inner: Any, names: dict[str, str], counts: Counter[str]) -> None:  # noqa: ANN401
        self.inner, self.names, self.counts = inner, names, counts

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it has
        if name in self.names:
            self.counts[self.names[name]] += 1
        return getattr(self.inner, name)

    def load(self, private: bytes, public: bytes | None = None) -> Counting:
        return Counting(self.inner.load(private, public), {"decap": DECAP}, self.counts)


@pytest.fixture
def counted(suite: int) -> Iterator[Counter[str]]:
    """What the engine calls in a suite, while the test runs."""
    row, counts = get_suite(suite), Counter[str]()
    kem = Counting(row.kem, KEM, counts)
    with ExitStack() as stack:
        for owner in (row, row._hpke):  # noqa: SLF001 - the other one who holds the KEM
            replace_field(stack, owner, "kem", kem)
        replace_field(stack, row, "signature", Counting(row.signature, SIGNATURE, counts))
        yield counts


@pytest.mark.parametrize("suite", PRIVATE.suites, ids=hex)
def test_the_engine_makes_the_calls_of_the_floor_and_no_others(
    suite: int, counted: Counter[str]
) -> None:
    group = full_tree(founded(MEMBERS, suite))
    scene = Scene(MEMBERS, "full", group, "private", Policy(threads=1))
    for operation in (each for each in OPERATIONS if each.name in quantum.MEASURED):
        sample = operation.prepare(scene)
        counted.clear()
        result = sample.call()
        made = dict(counted)
        needed = sample.explain(result).calls.counts()
        assert made == {name: needed[name] for name in made}, operation.name
        assert set(made) == set(needed) & {GENERATE, DERIVE, ENCAP, DECAP, SIGN, VERIFY}


def test_all_suites_are_measured_by_turns() -> None:
    found = quantum.run((3,), Effort(2, 2, 0.0), lambda name: name.startswith("process it"))
    assert list(found.figures) == [1, *PRIVATE.suites]
    for suite, (figure,) in found.figures.items():
        assert (figure.operation, figure.count) == ("process it", 3)
        assert len(figure.times) == len(figure.floors) == 2
        assert min(figure.floors + figure.times) > 0
        assert figure.sizes["commit"] > get_suite(suite).Nenc
        assert all(price > 0 for price in found.prices[suite].values())
        assert 0 < found.lengths[suite, 3].message < found.lengths[suite, 3].tree
    assert found.lengths[1, 3].key_package < found.lengths[0xFC01, 3].key_package
