"""The type of arguments that are paths. May import click only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import os


class GivenPath(click.Path):
    """A path that is not empty: :class:`pathlib.Path` would take that for the current folder.

    Args:
        file_okay: Whether it may be a file, if it is there.
        dir_okay: Whether it may be a folder, if it is there.
    """

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Refuse an empty path; everything else is click's."""
        if value == "":
            self.fail("The path is empty.", param, ctx)
        return super().convert(value, param, ctx)
