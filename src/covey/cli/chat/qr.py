"""QR codes on a terminal. May import click and segno."""

from __future__ import annotations

import io

import click
import segno

from covey.errors import StateError


def show(text: str) -> None:
    """Print a text as a QR code, or why there can be none."""
    try:
        click.echo(drawn(text))
    except StateError as error:
        click.echo(f"Note: {error}", err=True)


def drawn(text: str) -> str:
    """A text as a QR code, two rows of it on each line.

    Raises:
        StateError: It is too long for one.
    """
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        msg = f"{len(text)} characters are too many for a QR code: hand them over as text"
        raise StateError(msg) from None
    lines = io.StringIO()
    code.terminal(lines, compact=True, border=2)
    return lines.getvalue().rstrip("\n")
