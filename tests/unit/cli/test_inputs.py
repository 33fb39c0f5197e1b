"""Reading files and standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from covey.cli import inputs
from covey.errors import StorageError


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0\1")
    assert inputs.read_input(path) == b"\0\1"
    assert not inputs.is_stdin(path)
    assert not inputs.is_stdin(None)


def test_what_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LIMIT", 1 << 20)
    path = tmp_path / "file"
    path.write_bytes(bytes(1 << 20))
    assert len(inputs.read_input(path)) == 1 << 20
    path.write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(StorageError, match="holds more than 1 MiB"):
        inputs.read_input(path)


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert inputs.is_stdin(Path("-"))
    with pytest.raises(StorageError, match="standard input is closed"):
        inputs.read_input(Path("-"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="absent cannot be read"):
        inputs.read_input(tmp_path / "absent")
