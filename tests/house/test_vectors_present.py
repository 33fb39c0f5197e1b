"""The test vectors are there, and they are the ones that are meant."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tracked import ROOT
from vectors_path import vectors_path

if TYPE_CHECKING:
    from pathlib import Path

LINES = (ROOT / "tests" / "vectors.sha256").read_text(encoding="utf-8").splitlines()
CHECKSUMS = {name: checksum for checksum, name in (line.split("  ") for line in LINES)}
FAMILIES = 16


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_vector_file_has_its_checksum(vectors: Path, name: str) -> None:
    assert hashlib.sha256((vectors / name).read_bytes()).hexdigest() == CHECKSUMS[name]


def test_all_families_are_listed() -> None:
    assert sum(name.startswith("mls/") for name in CHECKSUMS) == FAMILIES


def test_absent_vectors_are_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COVEY_VECTORS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="COVEY_VECTORS"):
        vectors_path("mls")
