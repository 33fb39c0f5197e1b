"""QR codes on a terminal. May import click and the client."""

from __future__ import annotations

import click

from covey.client.words import cards, safety
from covey.errors import DecodeError


def show(text: str) -> None:
    """Print a text as a QR code, or why there can be none.

    A card or an invitation is written in characters that take less room there; ``covey`` reads
    both ways.
    """
    try:
        click.echo(safety.as_qr(_short(text)))
    except ValueError as error:
        click.echo(f"Note: {error}", err=True)


def _short(text: str) -> str:
    try:
        return cards.to_qr(cards.from_text(text))
    except DecodeError:  # a link, or a number
        return text
