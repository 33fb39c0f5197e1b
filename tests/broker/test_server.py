"""The broker as a process: how it begins, what it logs, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import logging
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from broker.provoking import PROVOKED, Stage
from broker_process import COVEY, running_broker
from broker_socket import Socket
from broker_talk import Group, Line
from broker_thread import place_of, thread_broker
from covey.access.operations import OPERATIONS
from covey.access.structs.basics import Challenge, Signed
from covey.access.structs.live import Begun, CaughtUp
from covey.broker.server import Formatter
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# --- the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(tmp_path: Path, how: signal.Signals) -> None:
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        assert line.http.get("/readyz").status_code == 200
        assert broker.stop(how) == 0
        assert "Traceback" not in broker.log.read_text()


def test_it_stops_when_its_standard_input_ends(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db", "--stop-on-eof") as broker:
        assert broker.process.stdin is not None
        broker.process.stdin.close()
        assert broker.process.wait(10) == 0


def test_it_goes_on_without_standard_input(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        assert broker.process.stdin is not None
        broker.process.stdin.close()
        time.sleep(0.3)
        assert line.http.get("/livez").status_code == 200


def test_who_waits_is_answered_when_it_stops(tmp_path: Path) -> None:
    answers = []
    with (
        running_broker(tmp_path / "db") as broker,
        broker.line() as line,
        Socket(broker.url) as live,
    ):
        group = Group(line, broker.broker_id).create()
        live.subscribe(group.access)
        live.expect(Begun)
        waiting = threading.Thread(
            target=lambda: answers.append(line.read(group.access, 0, 25_000))
        )
        waiting.start()
        time.sleep(0.5)
        began = time.monotonic()
        assert broker.stop() == 0
        waiting.join(10)
        assert time.monotonic() - began < 4
        assert [each.entries for each in answers] == [()]
        assert live.closed() == 1001


def test_what_was_answered_survives_its_death(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        group = Group(line, broker.broker_id).create()
        first, taken = group.access, group.commit()
        broker.stop(signal.SIGKILL)
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        assert broker.broker_id == group.broker_id
        [entry] = line.read(first).entries
        assert (entry.body, entry.seq) == (b"commit", taken.position.seq)


def test_two_processes_over_one_database_are_one_broker(tmp_path: Path) -> None:
    with (
        place_of("postgres") as dsn,
        running_broker(tmp_path / "db", dsn=dsn) as one,
        running_broker(tmp_path / "db", dsn=dsn) as other,
        one.line() as line,
        other.line() as reader,
        Socket(other.url) as live,
    ):
        assert one.broker_id == other.broker_id
        group = Group(line, one.broker_id).create()
        live.subscribe(group.access)
        live.expect(Begun)
        live.expect(CaughtUp)
        began = time.monotonic()
        group.say(b"news")
        assert live.arrived(1) == [b"news"]
        assert time.monotonic() - began < 1
        live.expect(CaughtUp)
        first = group.access
        group.commit()
        assert live.arrived(1) == [b"commit"]
        one.stop(signal.SIGKILL)
        assert len(reader.read(first).entries) == 2
        group.line = reader
        group.say(b"the other goes on")
        assert other.stop() == 0


# --- the beginning -------------------------------------------------------------------------


def refuse(*options: str, code: int = 1) -> str:
    """What ``covey broker`` says when it cannot begin; in one line, with no traceback."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [*COVEY, "broker", *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == code
    assert ended.stdout == ""
    [said] = [each for each in ended.stderr.splitlines() if each.startswith("Error:")]
    assert "Traceback" not in ended.stderr
    return said


def test_an_address_that_is_taken(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker:
        port = broker.url.rpartition(":")[2]
        said = refuse("--db", str(tmp_path / "other"), "--port", port)
    assert f"cannot listen at 127.0.0.1 port {port}" in said
    assert not (tmp_path / "other").exists()


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    assert "cannot listen at" in refuse("--db", str(tmp_path / "db"), "--host", "host.invalid")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"x" * 5_000)
    said = refuse("--db", str(tmp_path / "db"), "--port", "0")
    assert str(tmp_path / "db") in said
    assert not (tmp_path / "db.key").exists(), "a mistake must leave nothing behind"


def test_a_database_of_something_else(tmp_path: Path) -> None:
    program = "import sqlite3,sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE song (a)')"
    subprocess.run(  # noqa: S603 - our own program
        [COVEY[0], "-c", program, str(tmp_path / "db")], check=True, timeout=30
    )
    assert str(tmp_path / "db") in refuse("--db", str(tmp_path / "db"), "--port", "0")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    where = str(tmp_path / "none" / "db")
    assert where in refuse("--db", where, "--port", "0")


def test_a_key_file_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "db.key").write_bytes(bytes(32))
    (tmp_path / "db.key").chmod(0o644)
    assert "chmod 600" in refuse("--db", str(tmp_path / "db"), "--port", "0")


def test_a_key_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    said = refuse("--db", str(tmp_path / "db"), "--key-file", str(tmp_path / "key"), "--port", "0")
    assert "key file" in said


def test_a_key_file_that_is_not_its_own(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker:
        broker.stop()
    key = tmp_path / "db.key"
    key.rename(tmp_path / "elsewhere")
    said = refuse("--db", str(tmp_path / "db"))
    assert "is that of the broker" in said
    assert "db.key is not there: bring its own back, or name it with --key-file" in said
    assert not key.exists()
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    assert "db.key holds another key" in refuse("--db", str(tmp_path / "db"))
    other = tmp_path / "elsewhere"
    with running_broker(tmp_path / "db", "--key-file", str(other)) as broker:
        assert broker.url


def test_a_postgresql_that_is_not_there(tmp_path: Path) -> None:
    store, key = "postgresql://u:hunter2@127.0.0.1:1/covey", str(tmp_path / "key")
    said = refuse("--store", store, "--key-file", key, "--port", "0")
    assert "127.0.0.1" in said
    assert "hunter2" not in said


def test_it_listens_at_ipv6_too(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db", "--host", "::1") as broker:
        assert broker.url.startswith("http://[::1]:")
        with broker.line() as line:
            Group(line, broker.broker_id).create()


def test_an_answer_does_not_wait_for_an_acknowledgement(tmp_path: Path) -> None:
    """Nagle's algorithm and delayed acknowledgements would cost 40 ms for each request."""
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        times = []
        for _ in range(30):
            began = time.perf_counter()
            line.nonce()
            times.append(time.perf_counter() - began)
    assert min(times) < 0.03


# --- the log -------------------------------------------------------------------------------


class Recording(Line):
    """A connection that notes every string of bytes that goes over it.

    Attributes:
        heard: All of them.
    """

    heard: set[bytes]

    def send(self, operation: str, body: Any = b"", **headers: str) -> Any:  # noqa: ANN401 - as its base
        """Send a request."""
        answer = super().send(operation, body, **headers)
        self.heard |= {self.token, body}
        if operation in OPERATIONS and answer.status_code == 200:
            told = OPERATIONS[operation]
            request = (Signed if told.label else told.request).decode(body)
            self.heard |= strings_of(request)
            if isinstance(request, Signed):
                self.heard |= strings_of(told.request.decode(request.request))
            self.heard |= strings_of(told.answer.decode(answer.content))
        return answer


def strings_of(value: object) -> set[bytes]:
    """Every string of bytes in a struct."""
    if isinstance(value, bytes):
        return {value}
    if isinstance(value, WireStruct):
        value = tuple(getattr(value, name) for name in value.__struct_fields__)
    if isinstance(value, tuple):
        return set().union(*map(strings_of, value))
    return set()


class Overheard(Stage):
    """The stage of the refusals, on a broker in a process, with connections that note."""

    def __init__(self, url: str, broker_id: bytes, lines: ExitStack) -> None:
        self.url = url
        self.broker = self  # type: ignore[assignment]
        self.broker_id = broker_id
        self.heard: set[bytes] = set()
        self._lines = lines

    def line(self) -> Line:
        """A new connection."""
        line = self._lines.enter_context(Recording(self.url))
        assert isinstance(line, Recording)
        line.heard = self.heard
        return line

    def group(self, line: Line | None = None) -> Group:
        """A new group."""
        return Group(line or self.line(), self.broker_id).create()


def forms(secret: bytes) -> Iterator[bytes]:
    """How a string of bytes may be written."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield repr(secret)[2:-1].encode()
    for skipped in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(secret[skipped : len(secret) - (len(secret) - skipped) % 3])


def test_nothing_of_a_request_is_logged(tmp_path: Path) -> None:
    metrics = f"127.0.0.1:{free_port()}"
    options = ("--log-level", "debug", "--metrics", metrics)
    with running_broker(tmp_path / "db", *options) as broker, ExitStack() as lines:
        stage = Overheard(broker.url, broker.broker_id, lines)
        for code, provoke in PROVOKED.items():
            if "another" not in provoke.__code__.co_names and code != "unavailable":
                provoke(stage)
        group = stage.group()
        with Socket(broker.url) as live:
            live.subscribe(group.access)
            live.expect(Begun)
            live.subscribe(group.access, ticket=b"no ticket at all")
            live.wire.send(b"this is no frame")
        with urllib.request.urlopen(f"http://{metrics}/metrics") as answer:
            counted = answer.read()
        assert broker.stop() == 0
        logged = broker.log.read_bytes()
    assert b"INFO append done" in logged
    assert b"INFO subscribe stale_proof" in logged
    assert b'operation="append",outcome="done"' in counted
    heard = {each for each in stage.heard if len(each) >= 8}
    assert len(heard) > 200
    for text in (logged, counted):
        assert b"127.0.0.1" not in text
        assert not [each for each in heard for form in forms(each) if form in text]
    kinds = {*OPERATIONS, "put_blob", "get_blob", "about", "subscribe", "unknown"}
    for record in logged.decode().splitlines():
        level, kind, outcome = record.split()
        assert (level, kind in kinds) == ("INFO", True)
        assert outcome in {"done", "opened", "closed", *PROVOKED}


def free_port() -> int:
    """A port that is free just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the broker's own handler would have written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Formatter())
    logging.getLogger().addHandler(handler)
    try:
        yield written
    finally:
        logging.getLogger().removeHandler(handler)


MESSAGE = "gid 4711"


def _buggy(*_: object) -> Challenge:
    raise LookupError(MESSAGE)


async def _buggy_soon(*_: object) -> Challenge:
    return _buggy()


def test_of_a_bug_only_its_kind_and_place_are_logged() -> None:
    with logged() as written, thread_broker() as broker, broker.line() as line:
        broker.operations.by_name["challenge"] = _buggy_soon
        answer = line.send("challenge")
        assert (answer.status_code, answer.json()["code"]) == (500, "broken")
        assert MESSAGE not in answer.text
    assert_place_only(written)


def test_of_a_bug_while_a_socket_is_served_too() -> None:
    with logged() as written, thread_broker() as broker, broker.line() as line:
        group = broker.group(line)
        with Socket(broker.url) as live:
            broker.operations.logs.page = _buggy_soon  # type: ignore[assignment,method-assign]
            live.subscribe(group.access)
            assert live.closed() == 1006  # RFC 6455 §7.4.1: the connection broke
        with Socket(broker.url):
            pass  # others are served on
    assert_place_only(written)


def test_of_a_bug_in_the_background_too() -> None:
    with logged() as written, thread_broker() as broker:
        broker.run(_forgotten())
    assert_place_only(written)


async def _forgotten() -> None:
    task = asyncio.create_task(_buggy_soon())
    await asyncio.wait([task])
    del task
    gc.collect()


def assert_place_only(written: io.StringIO) -> None:
    """That the log names the error and where it was, and not what it says."""
    text = written.getvalue()
    assert "LookupError" in text
    assert "in _buggy" in text
    assert MESSAGE not in text
