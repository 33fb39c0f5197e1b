"""The rows in which a secret tree is stored: one for each secret that it keeps.

May import :mod:`covey.errors` and :mod:`covey.mls.crypto`. A key is 10 bytes, made so that
all rows of one ratchet's skipped keys sort by generation::

    table (1)  node or leaf index (4)  ratchet kind (1)  generation (4)

The value is a secret of Nh bytes (node), a generation and a secret (head of a ratchet), or
a key and a nonce (skipped). Storage encrypts them; here they are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covey.mls.crypto.suite import Suite

RowKey = tuple[bytes, int, int, int]
"""Table, node or leaf index, ratchet kind, generation; what a table lacks is 0."""

NODE: Final = b"n"
"""The secrets of nodes of which no leaf was used."""

HEAD: Final = b"h"
"""The heads of ratchets."""

SKIPPED: Final = b"s"
"""The keys of skipped generations."""

_KEY_LENGTH: Final = 10
_HEAD_GENERATION: Final = 8
"""Bytes: a head may stand one above the greatest uint32."""


def encode_key(row: RowKey) -> bytes:
    """Encode the key of a row."""
    table, index, kind, generation = row
    return b"".join((table, index.to_bytes(4), kind.to_bytes(1), generation.to_bytes(4)))


def encode_head(generation: int, secret: bytes) -> bytes:
    """Encode the value of a HEAD row."""
    return generation.to_bytes(_HEAD_GENERATION) + secret


def decode_head(value: bytes) -> tuple[int, bytes]:
    """Decode the value of a HEAD row."""
    return int.from_bytes(value[:_HEAD_GENERATION]), value[_HEAD_GENERATION:]


def read(suite: Suite, stored: Mapping[bytes, bytes]) -> Iterator[tuple[RowKey, bytes]]:
    """Decode the keys of rows, in ascending order, and check what can be checked.

    Raises:
        StorageError: A row is not one of a secret tree of this suite.
    """
    lengths = {NODE: suite.Nh, HEAD: _HEAD_GENERATION + suite.Nh, SKIPPED: suite.Nk + suite.Nn}
    for key, value in sorted(stored.items()):
        table, kind = key[:1], key[5:6]
        shaped = len(key) == _KEY_LENGTH and kind in {b"\x00", b"\x01"}
        if not shaped or lengths.get(table) != len(value):
            msg = "not a row of a secret tree"
            raise StorageError(msg)
        yield (table, int.from_bytes(key[1:5]), kind[0], int.from_bytes(key[6:])), value
