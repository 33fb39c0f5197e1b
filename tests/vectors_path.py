"""Where the test vectors are. A folder that is not there is a failure, never a skip."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def vectors_path(*parts: str) -> Path:
    """A file or folder of the vectors: in `COVEY_VECTORS`, else in `../shared/vectors`.

    Raises:
        FileNotFoundError: It is not there.
    """
    folder = os.environ.get("COVEY_VECTORS")
    path = Path(folder) if folder else ROOT.parent / "shared" / "vectors"
    path = path.joinpath(*parts)
    if not path.exists():
        problem = f"no test vectors at {path}: set COVEY_VECTORS to the folder that holds them"
        raise FileNotFoundError(problem)
    return path
