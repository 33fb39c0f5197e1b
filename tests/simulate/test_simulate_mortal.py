"""A store that dies with its process, and what was kept."""

from __future__ import annotations

import pytest

from covey.errors import AuthenticationError
from covey.lab.simulate.mortal import Died, Mortal
from covey.lab.simulate.sealing import noted
from covey.lab.simulate.virtual import EndlessError
from covey.mls.crypto.aead import AES_128_GCM
from covey.store import memory_store, settings


def put(store: Mortal, name: str) -> None:
    with store.transaction() as rows:
        settings.put(rows, name, b"1")


def put_two(store: Mortal) -> None:
    put(store, "one")
    put(store, "two")


def put_for_ever(store: Mortal) -> None:
    while True:
        put(store, "again")


def names(store: object) -> list[str]:
    with store.reading() as rows:  # type: ignore[attr-defined]
        return [name for (name,) in rows.all("SELECT name FROM settings ORDER BY name")]


@pytest.mark.parametrize("writes", range(4))
def test_dying_at_a_write_keeps_what_was_committed_and_nothing_else(writes: int) -> None:
    store = memory_store()
    life = Mortal(store)
    put(life, "before")
    life.doom(writes)
    with pytest.raises(Died):
        put_two(life)
    kept = [each for each in names(store) if each in {"before", "one", "two"}]
    assert kept == ["before", "one"][: 1 + writes // 2]


@pytest.mark.parametrize("commits", [1, 2])
def test_dying_after_a_commit_keeps_it(commits: int) -> None:
    store = memory_store()
    life = Mortal(store)
    life.doom_commit(commits)
    with pytest.raises(Died):
        put_two(life)
    assert [each for each in names(store) if each in {"one", "two"}] == ["one", "two"][:commits]


def test_the_dead_do_nothing_more() -> None:
    store = memory_store()
    life = Mortal(store)
    life.die()
    with pytest.raises(Died), life.reading():
        pass
    with pytest.raises(Died):
        put(life, "after")
    assert "after" not in names(store)


def test_a_flow_that_goes_round_in_circles_is_ended() -> None:
    life = Mortal(memory_store())
    with pytest.raises(EndlessError):
        put_for_ever(life)


def test_who_asks_for_something_does_not_go_round_in_circles() -> None:
    life = Mortal(memory_store())
    for _ in range(1_000):
        with life.reading():
            life.rest()


def test_a_key_that_seals_two_things_is_noted() -> None:
    told = []
    with noted(lambda: told.append(1)) as sealed:
        AES_128_GCM.seal(bytes(16), bytes(12), b"", b"one")
        AES_128_GCM.seal(bytes(16), bytes(12), b"", b"one")
        assert not sealed.twice
        AES_128_GCM.seal(bytes(16), b"\x01" * 12, b"", b"one")
    assert (sealed.count, len(sealed.twice), told) == (3, 1, [1])
    with pytest.raises(AuthenticationError):
        AES_128_GCM.open(bytes(16), bytes(12), b"", bytes(20))
