"""Both stores of blobs, each empty for each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from broker.blobs.grounds import Ground
from lengths import only_in_full
from s3 import is_at_hand, running_s3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3 import Server


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    """A real S3-compatible server that all tests of a session use."""
    if not is_at_hand():
        only_in_full("it takes minutes to build an S3 server")
    with running_s3() as server:
        yield server


@pytest.fixture(params=["files", "s3"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """What a store stands on: tests open as many stores on it as they like."""
    if request.param == "files":
        return Ground(folder=str(tmp_path / "blobs"))
    return Ground.on(request.getfixturevalue("s3"), prefix=os.urandom(8).hex())
