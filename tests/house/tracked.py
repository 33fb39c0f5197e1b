"""The files of the project, as the tests of the house see them.

Everything below the root of the repository except what `.gitignore` names, so that the
tests need no git and hold in an unpacked archive too.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked_files() -> tuple[Path, ...]:
    """All files that are, or would be, in the repository; sorted."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [".git", *(line.rstrip("/") for line in lines if line)]
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not _matches(name, ignored)]
        found += [Path(folder, name) for name in files if not _matches(name, ignored)]
    return tuple(sorted(found))


def python_files(*folders: str) -> list[Path]:
    """The Python files in some top folders of the repository."""
    roots = [ROOT / folder for folder in folders]
    return [
        path
        for path in tracked_files()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    ]


def name_of(path: Path) -> str:
    """The path from the root of the repository, as a test's id."""
    return path.relative_to(ROOT).as_posix()


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
