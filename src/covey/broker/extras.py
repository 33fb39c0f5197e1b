"""What only some brokers need, and what to install for it. May import `covey.errors`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED: Final = {"asyncpg": ("PostgreSQL", "postgres"), "obstore": ("a bucket of S3", "s3")}
"""What each package is for, and the smallest extra of covey that brings it."""


@contextmanager
def told() -> Iterator[None]:
    """Say what to install, when a package is missing that is imported in the block.

    Raises:
        StorageError: It is missing.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name not in _NEEDED:
            raise
        what, extra = _NEEDED[missing.name]
        msg = f"{what} needs {missing.name}, which is not installed: pip install 'covey[{extra}]'"
        raise StorageError(msg) from None
