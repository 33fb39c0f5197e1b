"""What the tests of the stores share: each kind of store, over a schema of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stores import KINDS
from things import write_schema

if TYPE_CHECKING:
    from pathlib import Path

    from stores import Kind


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of store in turn."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """The folder of the schemas; the folder of each kind has its name."""
    return write_schema(tmp_path / "schemas")


@pytest.fixture
def schema(schemas: Path, kind: Kind) -> Path:
    """The folder of the schema of this kind."""
    return schemas / kind
