"""Who steals the files finds nothing of what was in them, and nothing of what was deleted."""

from __future__ import annotations

import base64
import sqlite3
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from covey.store import RawKey, keys, settings, write_backup
from covey.store.file import LABEL
from store.filling import put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from covey.store import Rows, SqlStore

SECRETS = tuple(f"secret number {number:03} of many".encode() for number in range(40))
_PAGE = 4096
_RESERVED = 80  # bytes at the end of a page: the IV (16), the HMAC (64)
_SHORTEST = 12
"""Bytes of a secret that would be recognised."""


def _forms(secret: bytes) -> set[bytes]:
    """How a secret may be written; of base64, whatever comes before it."""
    forms = {secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode()}
    forms |= {secret.decode().encode(encoding) for encoding in ("utf-16-le", "utf-16-be")}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(bytes(before) + secret)[4:-4])
    return forms


def found(content: bytes, secrets: Iterable[bytes]) -> set[bytes]:
    """The secrets of which a part is somewhere, in any form."""
    return {
        secret
        for secret in secrets
        for part in (secret[:_SHORTEST], secret[-_SHORTEST:])
        if any(form in content for form in _forms(part))
    }


def _put(rows: Rows) -> None:
    for number, secret in enumerate(SECRETS):
        settings.put(rows, f"kept {number}", secret * 200)
        put(
            rows, "messages", group_=1, message=number.to_bytes(2), text=secret.decode(),
            content=secret * 2000,
        )  # fmt: skip


def _live(store: SqlStore, look: Callable[[], None]) -> None:
    """Write the secrets, replace some, delete all; look at each step."""
    with store.transaction() as rows:
        put(rows, "groups")
    with store.transaction() as rows:
        _put(rows)
    look()
    with store.transaction() as rows:
        rows.do("UPDATE settings SET value = x'00' WHERE name GLOB 'kept 1*'")
        rows.do("DELETE FROM messages WHERE id % 2 = 0")
    look()
    with store.transaction() as rows:
        rows.do("DELETE FROM settings WHERE name GLOB 'kept *'")
        rows.do("DELETE FROM messages")
    look()


def test_no_file_shows_a_secret(path: Path, in_file: SqlStore) -> None:
    looked = []

    def look() -> None:
        for each in sorted(path.parent.iterdir()):
            content = each.read_bytes()
            looked.append((each.suffix, len(content)))
            assert found(content, SECRETS) == set(), each.name

    # What is read here is copied by the kernel; the locks that it drops are those of nobody else.
    _live(in_file, look)
    write_backup(in_file, path.with_name("backup"), RawKey(b"w" * 32))
    in_file.close()
    look()
    assert {suffix for suffix, _ in looked} == {".covey", ".covey-wal", ".covey-shm", ""}
    assert max(size for _, size in looked) > 1_000_000


def _deciphered(path: Path, key: RawKey) -> bytes:
    """The pages of a store, as who has the key can lay them open (SQLCipher 4, a raw key)."""
    content = path.read_bytes()
    aes = algorithms.AES256(keys.opened(key, LABEL, content[: keys.HEAD], str(path)))
    pages = []
    for at in range(0, len(content), _PAGE):
        page = content[at : at + _PAGE]
        body, iv = page[keys.HEAD if at == 0 else 0 : -_RESERVED], page[-_RESERVED:][:16]
        cipher = Cipher(aes, modes.CBC(iv)).decryptor()
        pages.append(cipher.update(body) + cipher.finalize())
    return b"".join(pages)


def test_what_was_deleted_is_in_no_free_page(path: Path, in_file: SqlStore, key: RawKey) -> None:
    """Nor does who has the key find it."""
    kept = b"what was kept until the end"
    with in_file.transaction() as rows:
        settings.put(rows, "kept", kept)
    _live(in_file, lambda: None)
    with in_file.reading() as rows:
        assert rows.all("PRAGMA freelist_count") > [(100,)]
    in_file.close()
    content = _deciphered(path, key)
    assert b"CREATE TABLE settings" in content
    assert found(content, [*SECRETS, kept]) == {kept}


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """In a plain file without `secure_delete` every secret is found, deleted or not."""
    plain = sqlite3.connect(tmp_path / "plain")
    plain.executescript("PRAGMA secure_delete = OFF; CREATE TABLE a (b); BEGIN;")
    for number, secret in enumerate(SECRETS):
        shapes = (secret, secret.hex(), base64.b64encode(b"\0" * (number % 3) + secret))
        plain.execute("INSERT INTO a VALUES (?)", (shapes[number % len(shapes)],))
    plain.commit()
    assert found((tmp_path / "plain").read_bytes(), SECRETS) == set(SECRETS)
    plain.execute("DELETE FROM a WHERE rowid > 1")
    plain.commit()
    plain.close()
    assert len(found((tmp_path / "plain").read_bytes(), SECRETS)) > len(SECRETS) // 2
