"""Keys open what they began, show nothing, and say what is missing."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoneThere
from keyring.errors import KeyringLocked
from rich.pretty import pretty_repr

from covey.errors import StorageError
from covey.mls.crypto.argon2 import argon2id
from covey.store import (
    Kind,
    NoKeyring,
    NotAStore,
    OsKeyring,
    Passphrase,
    RawKey,
    WrongKey,
    keys,
    open_store,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.store import StoreKey


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False
        self.keeps = True

    def get_password(self, service: str, username: str) -> str | None:
        """The entry."""
        if self.is_locked:
            raise KeyringLocked
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        if self.keeps:
            self.entries[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A keyring in the place of the machine's."""
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    "key", [Passphrase("secret words"), RawKey(b"secret words" + bytes(20))], ids=["words", "raw"]
)
def test_a_key_shows_nothing(key: StoreKey) -> None:
    for shown in (repr(key), str(key), pretty_repr(key)):
        assert "secret" not in shown
        assert "words" not in shown


def test_a_keyring_shows_which_entry_it_is() -> None:
    assert repr(OsKeyring("covey", "alice")) == "OsKeyring('covey', 'alice')"


def test_argon2id_is_that_of_rfc_9106() -> None:
    """As the reference implementation has it: 3 passes, 64 MiB, 4 lanes, 32 bytes."""
    known = "0e54da40c39ece45ea7f33228efa2aee96ed7e178d90febfa99490613c716244"
    assert argon2id(b"password", b"somesalt0000").hex() == known


def test_a_key_opens_what_it_began() -> None:
    key = RawKey(bytes(range(32)))
    head, secret = keys.begun(key, "label", lambda length: b"r" * length)
    assert (len(head), len(secret)) == (keys.HEAD, 32)
    assert head[:12] == b"\x01" + b"r" * 11
    assert keys.opened(key, "label", head, "it") == secret
    assert secret not in (bytes(range(32)), keys.begun(key, "label")[1])
    with pytest.raises(WrongKey):
        keys.opened(key, "other label", head, "it")
    with pytest.raises(WrongKey):
        keys.opened(RawKey(bytes(32)), "label", head, "it")


@pytest.mark.parametrize("head", [b"", b"\x01" * 15, b"\x00" * 16, b"\x03" * 16, b"S" * 16])
def test_another_head_is_none(head: bytes) -> None:
    with pytest.raises(NotAStore):
        keys.opened(RawKey(bytes(32)), "label", head, "it")


def test_letters_may_be_composed_in_any_way() -> None:
    composed, apart = (unicodedata.normalize(form, "Schlüssel é") for form in ("NFC", "NFD"))
    assert composed != apart
    head, secret = keys.begun(Passphrase(composed), "label")
    assert keys.opened(Passphrase(apart), "label", head, "it") == secret


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("\ud800", "no character")])
def test_a_passphrase_has_to_be_one(text: str, said: str) -> None:
    with pytest.raises(StorageError, match=said):
        Passphrase(text)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_32_bytes(length: int) -> None:
    with pytest.raises(StorageError, match="32 random bytes"):
        RawKey(bytes(length))


def test_a_keyring_keeps_a_key_of_its_own_making(path: Path, ring: Ring) -> None:
    key = OsKeyring("covey", str(path))
    assert key.kind is Kind.key
    open_store(path, key, create=True).close()
    [kept] = ring.entries.items()
    assert kept[0] == ("covey", str(path))
    open_store(path, OsKeyring("covey", str(path))).close()
    assert ring.entries == dict([kept])


def test_stores_of_one_entry_share_it(tmp_path: Path, ring: Ring) -> None:
    key = OsKeyring("covey", "both")
    for name in ("one", "other"):
        open_store(tmp_path / name, key, create=True).close()
    assert len(ring.entries) == 1
    for name in ("one", "other"):
        open_store(tmp_path / name, key).close()


def test_a_key_that_is_gone_is_not_made_anew(path: Path, ring: Ring) -> None:
    key = OsKeyring("covey", "alice")
    open_store(path, key, create=True).close()
    ring.entries.clear()
    with pytest.raises(NoKeyring, match="no such entry"):
        open_store(path, key)
    assert not ring.entries


def test_a_locked_keyring_says_so(path: Path, ring: Ring) -> None:
    ring.is_locked = True
    with pytest.raises(NoKeyring, match="unlock it"):
        open_store(path, OsKeyring("covey", "alice"), create=True)
    assert not path.exists()


def test_a_keyring_that_keeps_nothing_begins_no_store(path: Path, ring: Ring) -> None:
    ring.keeps = False
    with pytest.raises(NoKeyring, match="does not keep"):
        open_store(path, OsKeyring("covey", "alice"), create=True)
    assert not path.exists()


def test_another_entry_is_left_alone(path: Path, ring: Ring) -> None:
    ring.entries["covey", "alice"] = "hunter2"
    with pytest.raises(NoKeyring, match="something else") as caught:
        open_store(path, OsKeyring("covey", "alice"), create=True)
    assert "hunter2" not in str(caught.value)
    assert ring.entries["covey", "alice"] == "hunter2"


@pytest.mark.usefixtures("ring")
def test_a_machine_without_keyring_says_what_to_do(path: Path) -> None:
    keyring.set_keyring(NoneThere())
    with pytest.raises(NoKeyring, match="Secret Service"):
        open_store(path, OsKeyring("covey", "alice"), create=True)


def test_without_the_package_it_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setitem(sys.modules, "keyring.errors", None)
    with pytest.raises(NoKeyring, match="pip install"):
        open_store(path, OsKeyring("covey", "alice"), create=True)
