"""What the tests of the store share: stores in files and in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.store import RawKey, SqlStore, memory_store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def key() -> RawKey:
    """A key, which costs no time as a passphrase does."""
    return RawKey(bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be begun."""
    return tmp_path / "alice.covey"


@pytest.fixture
def in_file(path: Path, key: RawKey) -> Iterator[SqlStore]:
    """A store in a file."""
    store = open_store(path, key, create=True)
    yield store
    store.close()


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """A store of either kind."""
    if request.param == "file":
        yield request.getfixturevalue("in_file")
        return
    memory = memory_store()
    yield memory
    memory.close()
