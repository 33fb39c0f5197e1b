"""QR codes on a terminal. May import segno."""

from __future__ import annotations

import io

import segno

from covey.errors import StateError


def drawn(text: str) -> str:
    """A text as a QR code, two rows of it on each line.

    Raises:
        StateError: It is too long for one.
    """
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        msg = f"{len(text)} characters are too many for a QR code: write them with --out FILE"
        raise StateError(msg) from None
    lines = io.StringIO()
    code.terminal(lines, compact=True, border=2)
    return lines.getvalue().rstrip("\n")
