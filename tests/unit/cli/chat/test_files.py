"""Files that commands read and write."""

from __future__ import annotations

from pathlib import Path

import pytest

from covey.cli.chat import files, qr
from covey.errors import DecodeError, StateError, StorageError


def test_what_is_written_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new"
    files.write_new(file, b"secret")
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert files.read_text(file) == "secret"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_bytes(b"kept")
    for write in (lambda: files.write_new(file, b"new"), lambda: files.require_new(file)):
        with pytest.raises(StorageError, match="is there already: choose another"):
            write()
    assert file.read_bytes() == b"kept"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: No such file or directory"):
        files.write_new(tmp_path / "no folder" / "new", b"")


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    files.require_new(Path("-"))
    files.write_new(Path("-"), b"shown\n")
    assert capsys.readouterr().out == "shown\n"


def test_what_holds_no_text(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(DecodeError, match="holds no text"):
        files.read_text(file)


def test_without_a_terminal_waiting_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with files.waiting("waiting for a heron"):
        pass
    assert capsys.readouterr().err == "waiting for a heron\n"


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with files.progress("plan") as told:
        told(1, 2)
        told(2, 2)
    assert capsys.readouterr() == ("", "")


def test_a_code_is_drawn() -> None:
    lines = qr.drawn("covey").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert set("".join(lines)) <= {" ", "█", "▀", "▄"}


def test_a_text_that_no_code_can_hold() -> None:
    with pytest.raises(StateError, match="5000 characters are too many for a QR code"):
        qr.drawn("x" * 5_000)


def test_what_no_code_can_hold_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    qr.show("x" * 5_000)
    qr.show("short")
    shown = capsys.readouterr()
    assert shown.err.startswith("Note: 5000 characters are too many")
    assert shown.out.count("\n") == len(qr.drawn("short").splitlines())
