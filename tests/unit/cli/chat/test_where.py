"""Which store a command is about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from covey.cli.chat import where
from covey.cli.chat.where import Where
from covey.errors import StorageError
from covey.store import OsKeyring, Passphrase, RawKey, open_store

KEY = RawKey(bytes(32))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "covey"


@pytest.mark.parametrize(
    ("platform", "variable", "under"),
    [
        ("linux", "", ".local/share/covey"),
        ("darwin", "", "Library/Application Support/covey"),
        ("win32", "", "AppData/Local/covey"),
        ("linux", "XDG_DATA_HOME", "elsewhere/covey"),
        ("win32", "LOCALAPPDATA", "elsewhere/covey"),
    ],
)
def test_stores_are_where_the_system_keeps_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, under: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for each in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(each, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert where.folder() == tmp_path / under


@pytest.mark.parametrize(
    "name", ["alice", "a b", "../up", ".hidden", "ali/ce", "Zoë", "a\\b", "CON:"]
)
def test_any_name_is_a_file_in_the_folder_and_comes_back(home: Path, name: str) -> None:
    path = Where(None, None).new(name)
    assert path.parent == home
    assert not path.name.startswith(".")
    path.touch()
    assert where.names() == [name]
    assert Where(None, None).present() == Where(None, name).present() == path


def test_a_name_that_is_too_long_for_a_file(home: Path) -> None:
    with pytest.raises(StorageError, match="too long for a file"):
        Where(None, None).new("ä" * 100)
    assert not home.exists()


def test_the_folder_is_for_its_owner_only(home: Path) -> None:
    Where(None, None).new("alice")
    assert home.stat().st_mode & 0o777 == 0o700


def test_nobody_is_there(home: Path) -> None:
    with pytest.raises(StorageError, match="no identity yet: begin one with `covey init NAME"):
        Where(None, None).present()
    assert not home.exists()


def test_one_of_several_has_to_be_named(home: Path) -> None:
    for name in ("bob", "alice"):
        Where(None, None).new(name).touch()
    with pytest.raises(StorageError, match="there are alice, bob: say which one with --as NAME"):
        Where(None, None).present()
    assert Where(None, "bob").present() == home / "bob.covey"
    with pytest.raises(StorageError, match="no identity 'carol' here: there is alice, bob"):
        Where(None, "carol").present()


def test_a_file_that_was_said_wins(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    with pytest.raises(StorageError, match="there is no store"):
        Where(file, "alice").present()
    file.touch()
    assert Where(file, "alice").present() == Where(file, None).new("bob") == file
    assert not home.exists()


def test_what_opens_a_store_is_seen_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_PASSPHRASE", "herons at dawn")
    open_store(tmp_path / "key", KEY, create=True).close()
    open_store(tmp_path / "words", Passphrase("herons at dawn"), create=True).close()
    assert isinstance(where.key_of(tmp_path / "key"), OsKeyring)
    open_store(tmp_path / "words", where.key_of(tmp_path / "words")).close()
    assert isinstance(where.new_key("alice", in_keyring=True), OsKeyring)


def test_a_passphrase_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, confirmation_prompt: bool, **_: object) -> str:
        asked.append((text, confirmation_prompt))
        return "herons"

    monkeypatch.delenv("COVEY_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", prompt)
    where.passphrase("Passphrase")
    where.new_key("alice", in_keyring=False)
    assert asked == [("Passphrase", False), ("New passphrase for alice", True)]


def test_nobody_is_there_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVEY_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(StorageError, match="set COVEY_PASSPHRASE"):
        where.passphrase("Passphrase")
