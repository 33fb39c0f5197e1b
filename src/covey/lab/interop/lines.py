"""A client behind lines of JSON: the harness of another stack, in a process of its own.

May import the calls. A request and its answer are one line each, in proto3's JSON mapping with
the fields' own names: ``{"call": …, "request": {…}}``, then ``{"response": {…}}`` or
``{"error": {"code": …, "message": …}}``. A process that dies, hangs or says something else ends
the conversation with an error that shows the last of what it said.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from covey.errors import TransportError
from covey.lab.interop.calls import CALLS, CallError, Closing
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from google.protobuf.message import Message

_SHOWN: Final = 20  # lines of what a process said last
_LONGEST: Final = 2_000  # characters of one of them
_CHUNK: Final = 1 << 16
_MOST_BYTES: Final = 256 * 1024 * 1024  # of one line


class Process(Closing):
    """A client in a process of its own.

    Args:
        command: The program and its arguments.
        cwd: Where to start it.
        environment: Added to this process's own.
        patience: Seconds that a call may take.

    Raises:
        TransportError: It cannot be started, or does not speak the protocol.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        patience: float = 60.0,
    ) -> None:
        self._patience: float = patience
        self._name: str = os.path.basename(command[0])  # noqa: PTH119 - a name, no file
        self._last: deque[str] = deque(maxlen=_SHOWN)
        self._unread: bytearray = bytearray()
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the caller's own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            msg = f"cannot start {command[0]}: {error.strerror or error}"
            raise TransportError(msg) from error
        os.set_blocking(_stream(self._process.stdin).fileno(), False)
        self._listener: Thread = Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            answer = self.answer("Name", pb.NameRequest())
        except CallError as error:
            self.close()
            self._fail(f"does not say its name ({error.code})")
        assert isinstance(answer, pb.NameResponse)
        self._name = answer.name or self._name

    @property
    def name(self) -> str:
        """What the client says it is called."""
        return self._name

    def answer(self, call: str, request: Message) -> Message:
        """The answer to a call.

        Raises:
            CallError: The client refused.
            TransportError: It died, hangs, or said what is no answer; it is stopped then.
        """
        asked = {
            "call": call,
            "request": MessageToDict(request, preserving_proto_field_name=True),
        }
        deadline = time.monotonic() + self._patience
        self._send(json.dumps(asked).encode() + b"\n", call, deadline)
        return self._understood(call, self._line(call, deadline))

    def _send(self, line: bytes, call: str, deadline: float) -> None:
        """Write a line, as far as the process reads it in time."""
        pipe = _stream(self._process.stdin)
        if pipe.closed:
            self._fail(f"was stopped before {call}")
        unsent = memoryview(line)
        while unsent:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([], [pipe], [], left)[1]:
                self._fail(f"did not take {call} in {self._patience:g} s")
            try:
                unsent = unsent[os.write(pipe.fileno(), unsent) :]
            except OSError:
                self._fail(f"was gone before {call}")

    def _line(self, call: str, deadline: float) -> bytes:
        """The next line, without its end."""
        output = _stream(self._process.stdout)
        while (end := self._unread.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                self._fail(f"gave no answer to {call} in {self._patience:g} s")
            piece = os.read(output.fileno(), _CHUNK)
            if not piece:
                self._fail(f"ended during {call}")
            self._unread += piece
            if len(self._unread) > _MOST_BYTES:
                self._fail(f"answers {call} with a line without end")
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line

    def _understood(self, call: str, line: bytes) -> Message:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            self._rubbish(call, line)
        match answer:
            case {"response": dict(fields)}:
                return self._parsed(call, fields, line)
            case {"error": {"code": str(code), "message": str(message)}}:
                raise CallError(self._name, call, code, message)
            case _:
                return self._rubbish(call, line)

    def _parsed(self, call: str, fields: dict[str, Any], line: bytes) -> Message:
        try:
            return ParseDict(fields, CALLS[call].response())
        except ParseError as error:
            self._last.append(str(error))
            self._rubbish(call, line)

    def _rubbish(self, call: str, line: bytes) -> NoReturn:
        self._last.append(line.decode(errors="replace")[:_LONGEST])
        self._fail(f"answered {call} with something else than an answer")

    def _fail(self, what: str) -> NoReturn:
        """Stop a process that is of no more use, and show its last words."""
        self._hear_out()
        self.close()
        if self._unread:
            self._last.append(self._unread.decode(errors="replace")[:_LONGEST])
        code = self._process.returncode
        said = "".join(f"\n  | {line}" for line in self._last) or " nothing"
        msg = f"{self._name} {what} (exit code {code}); it said last:{said}"
        raise TransportError(msg) from None

    def _hear_out(self) -> None:
        """Read what it has said already."""
        output = _stream(self._process.stdout)
        while not output.closed and select.select([output], [], [], 0)[0]:
            piece = os.read(output.fileno(), _CHUNK)
            self._unread += piece
            if not piece or len(self._unread) > _MOST_BYTES:
                break

    def _listen(self) -> None:
        """Keep the last lines of standard error, and never let it fill up."""
        for line in _stream(self._process.stderr):
            self._last.append(line.decode(errors="replace").rstrip()[:_LONGEST])

    def close(self) -> None:
        """End the process: by the end of its input, else by force."""
        try:
            _stream(self._process.stdin).close()
        except OSError:
            self._kill()  # it went without reading what it was sent
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._listener.join(timeout=2)
        for pipe in (self._process.stdout, self._process.stderr):
            _stream(pipe).close()

    def _kill(self) -> None:
        """End it by force, with whatever it has started: it leads a session of its own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
