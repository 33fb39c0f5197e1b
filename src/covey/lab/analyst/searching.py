"""A search for many secrets in many bytes, in every form that they could take.

May import :mod:`covey.lab.demo.evidence`, which knows the forms. Each place is gone through once,
whatever the number of secrets: every window of `_WINDOW` bytes that begins at a multiple of
`_STRIDE` is looked up among those near their beginnings, one of which stands at such a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.lab.demo.evidence import SHORTEST, forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WINDOW: Final = 8
_STRIDE: Final = 4
_BESIDE: Final = 16  # bytes beside a piece by which its home is known
PAGE: Final = 8192
"""Bytes of a page of PostgreSQL."""


class Sighting(NamedTuple):
    """Something that is where it must not be.

    Attributes:
        place: A file, a log, a page.
        what: What it is.
        form: How it is written there.
        offset: Where, in bytes from the beginning of the place.
    """

    place: str
    what: str
    form: str
    offset: int


class _Form(NamedTuple):
    """One form of one secret."""

    what: str
    how: str
    content: bytes


class Search:
    """A search for some secrets.

    Args:
        secrets: What is looked for, by what it is.

    Raises:
        ValueError: One of them is so short that it would be found by chance.
    """

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._long: dict[bytes, list[tuple[_Form, int]]] = {}
        self._short: list[_Form] = []
        for secret, what in {secret: what for what, secret in secrets.items()}.items():
            if len(secret) < SHORTEST:
                msg = f"{what} is too short to be searched for"
                raise ValueError(msg)
            for how, content in dict.fromkeys(forms(secret)):
                form = _Form(what, how, content)
                if len(content) < _WINDOW + _STRIDE - 1:
                    self._short.append(form)
                    continue
                for skipped in range(_STRIDE):
                    window = content[skipped : skipped + _WINDOW]
                    self._long.setdefault(window, []).append((form, skipped))

    def of(self, place: str, data: bytes) -> list[Sighting]:
        """Everything that is found in some bytes, each form once."""
        found = {form: data.find(form.content) for form in self._short if form.content in data}
        near_beginnings = self._long
        for offset in range(0, len(data) - _WINDOW + 1, _STRIDE):
            window = data[offset : offset + _WINDOW]
            if window in near_beginnings:
                for form, skipped in near_beginnings[window]:
                    begin = offset - skipped
                    if begin >= 0 and data.startswith(form.content, begin):
                        found[form] = min(begin, found.get(form, begin))
        return [Sighting(place, form.what, form.how, at) for form, at in found.items()]

    def everywhere(self, places: Mapping[str, bytes]) -> list[Sighting]:
        """Everything that is found in any of some places."""
        return [each for place, data in places.items() for each in self.of(place, data)]


def outside(data: bytes, piece: bytes, homes: Iterable[bytes]) -> list[int]:
    """Where a piece stands in some bytes other than within one of its homes.

    A home may be cut in two by a page, so it is enough that what stands on one side of the piece is
    what stands there in a home.

    Args:
        data: Where to search.
        piece: What may stand in its homes only.
        homes: What may hold it.

    Returns:
        The offsets.
    """
    at_home = set()
    for home in homes:
        at = home.find(piece)
        while at >= 0:
            end = at + len(piece)
            at_home |= {home[max(at - _BESIDE, 0) : end], home[at : end + _BESIDE]}
            at = home.find(piece, at + 1)
    found = []
    at = data.find(piece)
    while at >= 0:
        end = at + len(piece)
        if not {data[max(at - _BESIDE, 0) : end], data[at : end + _BESIDE]} & at_home:
            found.append(at)
        at = data.find(piece, at + 1)
    return found


def changed_pages(data: bytes, known: frozenset[bytes], size: int = PAGE) -> bytes:
    """The pages of a file that were not there before; one after the other where they touch.

    A page that was the same before anything happened cannot hold a secret of what happened.
    Between pages that do not touch stands a page of zeros, so that nothing is found across.

    Args:
        data: The file.
        known: All pages that there were before.
        size: Of a page, in bytes.
    """
    kept: list[bytes] = []
    gap = False
    for start in range(0, len(data), size):
        page = data[start : start + size]
        if page in known or not page.strip(b"\0"):
            gap = True
            continue
        if gap:
            kept.append(bytes(_WINDOW))
        kept.append(page)
        gap = False
    return b"".join(kept)


def pages(files: Iterable[bytes], size: int = PAGE) -> frozenset[bytes]:
    """All pages of some files."""
    return frozenset(
        data[start : start + size] for data in files for start in range(0, len(data), size)
    )
