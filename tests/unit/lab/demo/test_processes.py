"""Processes that are told what to do, and that say when they cannot."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from covey.lab.demo import orders
from covey.lab.demo.processes import Actor, Company, DemoError, Process, Store
from lengths import only_in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType


@pytest.fixture
def actor(tmp_path: Path) -> Iterator[Actor]:
    """A member without a broker to talk to."""
    secrets: dict[str, bytes] = {}
    made = Actor("alice", ["http://127.0.0.1:1", str(tmp_path)], tmp_path, secrets)
    yield made
    made.kill()


def test_what_cannot_be_done_is_said(actor: Actor) -> None:
    with pytest.raises(DemoError, match="alice: StateError: not a member of the group"):
        actor.do(orders.Draw(), orders.Drawing)
    with pytest.raises(DemoError, match="alice: TransportError: the broker does not answer"):
        actor.do(orders.Publish(), orders.Published)
    with pytest.raises(DemoError, match="no commit was prepared"):
        actor.do(orders.Submit(), orders.Submitted)


def test_it_ends_with_its_input(actor: Actor) -> None:
    assert actor.end() == 0


def test_what_is_suspended_can_be_killed(actor: Actor) -> None:
    actor.suspend()
    actor.kill()


@pytest.mark.parametrize("what", [Process.suspend, Process.end, Process.kill])
def test_wherever_a_signal_breaks_in_it_can_be_killed(
    tmp_path: Path, what: Callable[[Process], object]
) -> None:
    """A signal's exception may come between any two lines, those of Python's library included."""
    if what is Process.end:
        only_in_full("it waits at each of many lines")
    for lines in count():
        process = Process("carol", ["-S", "-c", "input()"], tmp_path)
        reached = _broken_into(partial(what, process), lines)
        killing = threading.Thread(target=process.kill, daemon=True)
        killing.start()
        killing.join(10)
        assert not killing.is_alive(), f"broken into after {lines} lines"
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
        if not reached:
            break
    assert lines > 5


def _broken_into(what: Callable[[], object], lines: int) -> bool:
    """Do something, and raise KeyboardInterrupt after some lines of it; whether it had so many."""
    left = iter(range(lines))
    before = sys.gettrace()

    def trace(_: FrameType, event: str, __: object) -> Callable[..., object]:
        if event == "line" and next(left, None) is None:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        what()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_what_ends_unexpectedly_says_why(tmp_path: Path) -> None:
    process = Process("carol", ["-c", "raise SystemExit('out of tune')"], tmp_path)
    try:
        with pytest.raises(DemoError, match="carol does not answer\nout of tune"):
            process.line()
    finally:
        process.kill()


def test_a_line_to_who_has_ended_says_why(tmp_path: Path) -> None:
    process = Process("carol", ["-c", "raise SystemExit('out of tune')"], tmp_path)
    try:
        process._child.wait()  # noqa: SLF001 - so that it surely has ended
        with pytest.raises(DemoError, match="out of tune"):
            process.write(b"sing\n")
    finally:
        process.kill()


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_company_leaves_nobody_behind(tmp_path: Path, store: Store) -> None:
    with Company(tmp_path, store) as company:
        if store == "postgres":
            company.start_postgres()
        broker = company.start_broker()
        member = company.start_member("alice")
        published = member.do(orders.Publish(), orders.Published)
        assert len(published.key_packages) == len(published.references) > 2
        data = company.stolen_bytes()
        assert published.key_packages[0] in data
        assert b"INFO publish done" in data
        assert any(what.endswith("init private key") for what in company.secrets)
        member.suspend()
    for process in (broker, member):
        assert process._child.returncode is not None  # noqa: SLF001 - whether it was waited for


def test_a_company_that_is_interrupted_waits_for_its_database(tmp_path: Path) -> None:
    company = Company(tmp_path, "postgres")
    server = company.start_postgres()
    os.kill(server, signal.SIGSTOP)
    threading.Timer(1, os.kill, (server, signal.SIGCONT)).start()
    with pytest.raises(KeyboardInterrupt), company:
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_member_that_fails_says_so_and_nothing_else(tmp_path: Path) -> None:
    """It ends while its other thread still reads; that must not be fatal once more."""
    actor = Actor("alice", ["http://127.0.0.1:1", str(tmp_path)], tmp_path, {})
    try:
        actor.write(b"this is no order\n")
        with pytest.raises(DemoError, match=r"DecodeError: JSON is malformed.*\Z"):
            actor.line()
    finally:
        actor.kill()


def test_a_member_can_be_suspended_though_its_parent_cannot(tmp_path: Path) -> None:
    """What ignores a signal passes that on to its children."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    actor = Actor("alice", ["http://127.0.0.1:1", str(tmp_path)], tmp_path, {})
    try:
        with pytest.raises(DemoError, match="not a member"):
            actor.do(orders.Draw(), orders.Drawing)
        actor.suspend()
        actor.resume()
        assert actor.end() == 0
    finally:
        signal.signal(signal.SIGTSTP, before)
        actor.kill()
