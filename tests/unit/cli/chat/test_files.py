"""Files that commands read and write."""

from __future__ import annotations

from pathlib import Path

import pytest

from covey import mls
from covey.cli.chat import files, qr
from covey.client.words import cards, safety
from covey.errors import DecodeError, StorageError


def test_what_is_written_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new"
    files.write_new(file, b"secret")
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert files.read_text(file) == "secret"


def test_what_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "noise"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DecodeError, match="noise holds no text"):
        files.read_text(file)
    with file.open() as given:
        monkeypatch.setattr("sys.stdin", given)
        with pytest.raises(DecodeError, match=r"^standard input holds no text"):
            files.read_text(Path("-"))


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


def test_what_no_code_can_hold_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    qr.show("x" * 5_000)
    qr.show("short")
    shown = capsys.readouterr()
    assert shown.err.startswith("Note: 5000 characters do not fit into one QR code")
    assert shown.out == f"{safety.as_qr('short')}\n"
    assert set(shown.out) <= {" ", "█", "▀", "▄", "\n"}


def test_a_card_takes_no_more_room_than_it_has_to(capsys: pytest.CaptureFixture[str]) -> None:
    suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
    card = cards.Card(1, mls.Member.basic(b"amy", suite).key_package().message)
    text = cards.to_text(card)
    qr.show(text)
    shown = capsys.readouterr()
    assert shown.out == f"{safety.as_qr(cards.to_qr(card))}\n"
    assert len(shown.out) < len(safety.as_qr(text))
