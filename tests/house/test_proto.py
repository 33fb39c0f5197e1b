"""The generated messages are those of the ``.proto`` files.

``python tests/house/test_proto.py`` generates them anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from grpc_tools import protoc

SOURCE = Path(__file__).parents[2] / "src"
PROTO = SOURCE / "covey" / "lab" / "interop" / "proto"
FILES = sorted(PROTO.glob("*.proto"))
_UNTYPED = re.compile(r"\b_Mapping(?=[\],])")  # what the generator leaves without arguments


def generate(into: Path) -> None:
    """Generate the messages of all files, with types that are complete."""
    names = [str(path.relative_to(SOURCE)) for path in FILES]
    out = [f"--python_out={into}", f"--pyi_out={into}"]
    assert protoc.main(["protoc", f"-I{SOURCE}", *out, *names]) == 0
    for stub in into.rglob("*_pb2.pyi"):
        if stub.with_suffix("").name in {f"{path.stem}_pb2" for path in FILES}:
            stub.write_text(_UNTYPED.sub("_Mapping[str, object]", stub.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path: Path, tmp_path: Path) -> None:
    generate(tmp_path)
    for suffix in ("_pb2.py", "_pb2.pyi"):
        made = tmp_path / PROTO.relative_to(SOURCE) / f"{path.stem}{suffix}"
        assert made.read_text() == (PROTO / made.name).read_text(), (
            f"{made.name} is stale: python tests/house/test_proto.py"
        )


if __name__ == "__main__":
    generate(SOURCE)
    sys.stdout.write("generated\n")
