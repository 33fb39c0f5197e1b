"""How much memory a member of a group takes, found by joining one in a process of its own.

Run as ``python -m benchmarks.memory FOLDER``; prints a JSON object. The resident set before
and after are compared, after a small group has been joined, so that what is loaded once is
loaded before; objects are counted by tracemalloc in a second process.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from benchmarks.groups import SUITE, client, founded
from covey.mls import Group, Member, PrivateKeyPackage
from covey.mls.structs.key_package import KeyPackage

if TYPE_CHECKING:
    from benchmarks.groups import Client, WholeGroup

_FILES = ("signer", "package", "init", "leaf", "welcome", "tree")


class Memory(NamedTuple):
    """What one member of a group takes, in bytes; the group is that which it has joined.

    Attributes:
        resident: By which the resident set was larger once it had joined.
        peak: By which it was larger while joining; 0 where the system does not tell.
        objects: Of live Python objects.
    """

    resident: int
    peak: int
    objects: int


def of_a_member(group: WholeGroup) -> Memory:
    """Let a new member join, tree apart, and see what it takes."""
    new = client("new")
    pending = group.member(0).commit(add=[new.package.message], welcome_tree=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, new, pending.welcome, pending.ratchet_tree)
        plain, traced = _run(folder), _run(folder, "traced")
    return Memory(plain["resident"], plain["peak"], traced["objects"])


def _write(folder: Path, new: Client, welcome: bytes, tree: bytes) -> None:
    package = new.package
    values = (
        new.member.signer,
        package.package.encode(),
        package.init_private,
        package.leaf_private,
        welcome,
        tree,
    )
    for name, value in zip(_FILES, values, strict=True):
        (folder / name).write_bytes(value)


def _run(folder: Path, *arguments: str) -> dict[str, int]:
    command = [sys.executable, "-m", "benchmarks.memory", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ourselves
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _join(folder: Path) -> Group:
    values = {name: (folder / name).read_bytes() for name in _FILES}
    member = Member.basic(b"new", SUITE)
    package = PrivateKeyPackage(
        KeyPackage.decode(values["package"]), values["init"], values["leaf"], values["signer"]
    )
    return Group.join(member, package, values["welcome"], ratchet_tree=values["tree"])


def _resident() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def _highest() -> int:
    """The most that was ever resident, in bytes; 0 where /proc does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def _main(folder: Path, *, traced: bool) -> dict[str, int]:
    small = founded(20)
    del small
    if traced:
        tracemalloc.start()
        group = _join(folder)
        gc.collect()
        objects = tracemalloc.get_traced_memory()[0]
        return {"objects": objects, "members": len(group.members)}
    before = _resident()
    group = _join(folder)
    resident, highest = _resident(), _highest()
    return {
        "resident": resident - before,
        "peak": max(0, highest - before),
        "members": len(group.members),
    }


if __name__ == "__main__":
    json.dump(_main(Path(sys.argv[1]), traced="traced" in sys.argv), sys.stdout)
    sys.stdout.write(os.linesep)
