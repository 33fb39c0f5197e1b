"""Valid inputs to begin from, made anew for each run: one of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.structs.message import MLSMessage
from fuzz.targets import DECODERS, scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def structs() -> Iterator[bytes]:
    """For the decoders: the struct's number, then an encoding of it."""
    kinds = {struct: number for number, struct in enumerate(DECODERS)}
    for data in (scene().welcome, scene().package.message, *scene().messages()):
        message = MLSMessage.decode(data)
        yield bytes((kinds[MLSMessage],)) + data
        inner = message.message
        if type(inner) in kinds:
            yield bytes((kinds[type(inner)],)) + inner.encode()


def write(target: str, corpus: Path) -> None:
    """Write the seeds of a target into its corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    made = structs() if target == "decoders" else scene().messages()
    for number, data in enumerate(made):
        (corpus / f"seed-{number:02}").write_bytes(data)
