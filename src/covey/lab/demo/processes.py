"""The demo's processes: started, told what to do, suspended, and never left behind.

May import the orders, and what starts a PostgreSQL. Each child is a process group of its own, so
that Ctrl-C reaches only the story, which then ends the others. Should the story die without having
done that, a child that runs ends because its standard input does, and one that is suspended is
ended by the system: Linux kills it (see :mod:`covey.lab.demo.member`), and POSIX sends SIGHUP to
stopped process groups when they lose their parent.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias, TypeVar

import msgspec

from covey.errors import CoveyError
from covey.lab.demo import stolen
from covey.lab.demo.orders import Reply
from covey.lab.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from covey.lab.demo.orders import Order

S = TypeVar("S", bound=msgspec.Struct)

Store: TypeAlias = Literal["sqlite", "postgres"]
"""Over what the broker runs."""

_PATIENCE: Final = 30.0  # seconds for an answer
_GRACE: Final = 3.0  # seconds until its reader has read to the end
_SHOWN: Final = 2_000  # characters of what a process complained of


class DemoError(CoveyError):
    """The demo did not go as it should have."""


class Process:
    """A child, and the lines that it prints.

    Args:
        name: What to call it.
        arguments: Of the Python interpreter.
        folder: Where its complaints are kept.
    """

    def __init__(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        self.name: str = name
        self._complaints = folder / f"{name}.log"
        with self._complaints.open("wb") as complaints:
            self._child = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                process_group=0,
            )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def line(self) -> bytes:
        """The next line that it prints.

        Raises:
            DemoError: It ended, or says nothing.
        """
        try:
            line = self._lines.get(timeout=_PATIENCE)
        except queue.Empty:
            line = b""
        if not line:
            said = self._complaints.read_text(encoding="utf-8", errors="replace")[-_SHOWN:]
            msg = f"the process of {self.name} does not answer\n{said}".rstrip()
            raise DemoError(msg)
        return line

    def write(self, line: bytes) -> None:
        """Send it a line.

        Raises:
            DemoError: It has ended.
        """
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line)
            self._child.stdin.flush()
        except BrokenPipeError:
            self.line()  # says why
            raise

    def suspend(self) -> None:
        """Stop it where it is, until :meth:`resume`; returns once it stands still.

        Not by SIGSTOP: should we be killed before that has taken effect, it would stop a process
        that has lost its parent, and nobody would ever wake it. SIGTSTP then does nothing.
        """
        self._child.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            msg = f"the process of {self.name} ended"
            raise DemoError(msg)

    def resume(self) -> None:
        """Let it go on."""
        self._child.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Let it end by itself, by ending its standard input; returns its exit code."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        return self._child.wait(_PATIENCE)

    def wait(self) -> int:
        """Wait until it has ended by itself; returns its exit code.

        Raises:
            DemoError: It does not end.
        """
        try:
            return self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            msg = f"the process of {self.name} does not end"
            raise DemoError(msg) from None

    def kill(self) -> None:
        """End it now, whatever it does. Does nothing when it has ended.

        Not by what :class:`subprocess.Popen` has for it: where a signal's exception broke into
        that, a lock of it stays taken, and it would wait for that for ever.
        """
        if self._child.returncode is None:
            with suppress(ChildProcessError):  # it was waited for, and that was forgotten
                if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitpid(self.pid, 0)
            self._child.returncode = -signal.SIGKILL
        self._reader.join(_GRACE)
        if self._reader.is_alive():  # somebody whom it has started holds its standard output
            return
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # a line that it can no longer read


class Actor(Process):
    """A member's process.

    Args:
        name: Who it is.
        arguments: Further ones, after the name.
        folder: Where its complaints are kept.
        secrets: Where the secrets that it comes to know are collected, by what they are.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, secrets: dict[str, bytes]
    ) -> None:
        super().__init__(name, ["-m", "covey.lab.demo.member", name, *arguments], folder)
        self._secrets = secrets

    def tell(self, order: Order) -> None:
        """Give an order; :meth:`hear` waits for what becomes of it."""
        self.write(msgspec.json.encode(order) + b"\n")

    def hear(self, answer: type[S]) -> S:
        """The answer to the order that was given.

        Raises:
            DemoError: The order could not be carried out.
        """
        reply = msgspec.json.decode(self.line(), type=Reply)
        for what, secret in reply.secrets.items():
            self._secrets[f"{self.name}: {what}"] = secret
        if reply.failed is not None:
            msg = f"{self.name}: {reply.failed.error}: {reply.failed.sentence}"
            raise DemoError(msg)
        return msgspec.json.decode(reply.answer, type=answer)

    def do(self, order: Order, answer: type[S]) -> S:
        """Give an order, and wait for the answer."""
        self.tell(order)
        return self.hear(answer)


class Company:
    """All processes of the demo; when it is left, none of them runs any more.

    Args:
        folder: A folder for the broker's files and the processes' complaints.
        store: Over what the broker runs.

    Attributes:
        database: Where its rows are: a file, or the address of a PostgreSQL.
        secrets: What the members' processes have come to know, by what it is.
        url: Where the broker answers.
    """

    def __init__(self, folder: Path, store: Store = "sqlite") -> None:
        self._folder = folder
        self._store = store
        self.database: str = str(folder / "broker.db")
        self.secrets: dict[str, bytes] = {}
        self.url: str = ""
        self._ending = ExitStack()
        self._places: list[Path] = [folder / "broker.db", folder / "broker.log"]
        self._known: frozenset[bytes] = frozenset()
        self._members_folder = folder / "members"
        self._members_folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._ending.close()  # of no error: at Ctrl-C, Popen waits but shortly

    def start_postgres(self) -> int:
        """Start a PostgreSQL for the broker; returns the id of its process.

        Raises:
            StorageError: There is none, or it does not start.
        """
        server = self._ending.enter_context(running_postgres(durable=False))
        self.database = server.dsn
        self._places = [server.data, server.log, *self._places]
        self._known = stolen.pages_of([server.data])
        return server.pid

    def start_broker(self) -> Process:
        """Start the broker over its store, and wait until it answers.

        Raises:
            DemoError: It does not start.
        """
        file = self._folder / "broker.db"
        options = ["--db", str(file)]
        if self._store == "postgres":
            options = ["--store", self.database, "--key-file", f"{file}.key"]
            options += ["--set", "migrate=true", "--set", f"blobs.at={file}.blobs"]
        command = ["-m", "covey", "broker", *options, "--port", "0", "--log-level", "debug"]
        broker = Process("broker", [*command, "--stop-on-eof"], self._folder)
        self._ending.callback(broker.kill)
        self.url = broker.line().decode().split()[-1]
        return broker

    def stolen_bytes(self) -> bytes:
        """All that the broker has on the disk: database, write-ahead log, blobs, and its own log.

        Of a PostgreSQL without the pages that were there before the broker was.
        """
        stolen.settle(self.database)
        return stolen.bytes_of(self._places, self._known)

    def blob_sizes(self) -> list[int]:
        """How large the blobs are that the broker has, the largest first; of each its one file."""
        found = (self._folder / "broker.db.blobs").rglob("*")
        return sorted((each.stat().st_size for each in found if each.is_file()), reverse=True)

    def start_member(self, name: str, *habits: str) -> Actor:
        """Start a member's process."""
        member = Actor(
            name, [self.url, str(self._members_folder), *habits], self._folder, self.secrets
        )
        self._ending.callback(member.kill)
        return member


def ask_all(members: Mapping[str, Actor], order: Order, answer: type[S]) -> dict[str, S]:
    """Give several members the same order at once, and wait for all answers."""
    for member in members.values():
        member.tell(order)
    return {name: member.hear(answer) for name, member in members.items()}
