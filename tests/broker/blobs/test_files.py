"""Blobs in a folder: what lies on the disk, what a power cut leaves, what is said when it fails."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from broker.blobs.grounds import SMALL
from broker.blobs.uploader import HOUR, content
from covey.broker.blobs import layout
from covey.broker.blobs.files import FileBlobs
from covey.broker.blobs.port import State
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = bytes(range(7, 39))
SIZE = 200
WHOLE = content(NAME, SIZE)
HEADER = 32  # bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def path_of(folder: Path, blob: bytes = NAME) -> Path:
    return folder / blob.hex()[:2] / blob.hex()


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


async def begun(folder: Path, upto: int) -> FileBlobs:
    store = FileBlobs(folder, SMALL)
    await store.prepare()
    await store.begin(NAME, SIZE, HOUR)
    if upto:
        await store.append(NAME, 0, WHOLE[:upto])
    return store


async def everything(store: FileBlobs) -> bytes:
    return b"".join([piece async for piece in store.read(NAME)])


def times(path: Path) -> tuple[float, float]:
    found = path.stat()
    return found.st_atime, found.st_mtime


def test_files_are_private_and_fanned_out(folder: Path) -> None:
    asyncio.run(begun(folder, 100))
    path = path_of(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o700}
    assert len(list(folder.iterdir())) == 256
    assert files(folder) == [path]


def test_a_file_holds_the_bytes_a_size_and_an_hour(folder: Path) -> None:
    asyncio.run(begun(folder, SIZE))
    held = path_of(folder).read_bytes()
    numbers = b"".join(number.to_bytes(8, "big") for number in (SIZE, SIZE, HOUR))
    assert held == b"covey/b1" + numbers + WHOLE


def test_times_tell_of_the_expiry_only(folder: Path) -> None:
    async def work() -> None:
        store = await begun(folder, SIZE)
        await everything(store)
        await store.received(NAME)

    asyncio.run(work())
    assert times(path_of(folder)) == (HOUR * 3600, HOUR * 3600)
    assert times(path_of(folder).parent)[1] == 0
    assert times(folder)[1] == 0


def test_a_sweep_blurs_what_a_crash_left_and_the_ctime(folder: Path) -> None:
    async def work() -> None:
        store = await begun(folder, 100)
        path = path_of(folder)
        os.utime(path)
        before = path.stat().st_ctime_ns
        await store.sweep(HOUR - 1)
        assert times(path) == (HOUR * 3600, HOUR * 3600)
        swept = path.stat().st_ctime_ns
        assert swept > before
        await store.sweep(HOUR - 1)
        assert path.stat().st_ctime_ns == swept
        assert times(path.parent) == (0, 0)

    asyncio.run(work())


class Step(NamedTuple):
    """What was done to a file: bytes written at a place, or, without any, a sync."""

    place: int = 0
    written: bytes = b""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Every write and sync of the folder of blobs, as they are done."""
    done: list[Step] = []
    write, sync = os.pwrite, os.fsync

    def writes(file: int, some: bytes, place: int) -> int:
        done.append(Step(place, bytes(some)))
        return write(file, some, place)

    def syncs(file: int) -> None:
        sync(file)
        if stat.S_ISREG(os.fstat(file).st_mode):
            done.append(Step())

    monkeypatch.setattr(layout.os, "pwrite", writes)
    monkeypatch.setattr(layout.os, "fsync", syncs)
    return done


def left_by_a_power_cut(done: list[Step]) -> Iterator[bytes]:
    """What a file can hold: all that was synced; of the rest nothing, all, half, or only size."""
    synced = max((at for at, step in enumerate(done) if not step.written), default=-1)
    base = bytearray()
    for place, written in done[:synced]:
        base[place : place + len(written)] = written
    yield bytes(base)
    for place, written in done[synced + 1 :]:
        whole = place == 0  # a header lies within a sector
        for kept in (written, written if whole else written[: len(written) // 2]):
            torn = bytearray(base)
            torn += bytes(max(place + len(kept) - len(torn), 0))
            torn[place : place + len(kept)] = kept
            yield bytes(torn)
        yield bytes(base) + bytes(max(place + len(written) - len(base), 0))


def test_a_power_cut_at_any_instant(folder: Path, steps: list[Step], tmp_path: Path) -> None:
    """What was acknowledged is there, and the blob can be finished, or it never began."""
    acknowledged: list[tuple[int, int]] = []

    async def upload() -> None:
        store = await begun(folder, 0)
        acknowledged.append((len(steps), 0))
        for start, stop in ((0, 30), (30, 94), (94, 200)):
            await store.append(NAME, start, WHOLE[start:stop])
            acknowledged.append((len(steps), stop))

    async def recover(store: FileBlobs, least: int) -> None:
        state = await store.begin(NAME, SIZE, HOUR)
        assert state.offset >= least
        await store.append(NAME, state.offset, WHOLE[state.offset :])
        assert await everything(store) == WHOLE

    asyncio.run(upload())
    done = list(steps)
    assert len(done) == 18  # the first header, then four pieces, each before its header
    after = FileBlobs(tmp_path / "after", SMALL)
    asyncio.run(after.prepare())
    path = path_of(tmp_path / "after")
    tried = 0
    for cut in range(len(done) + 1):
        least = max((offset for at, offset in acknowledged if at <= cut), default=0)
        for held in left_by_a_power_cut(done[:cut]):
            path.write_bytes(held)
            asyncio.run(recover(after, least))
            tried += 1
    assert tried > 40


def test_a_sweep_takes_what_a_crash_left_before_its_header(folder: Path) -> None:
    async def work() -> None:
        store = await begun(folder, 0)
        for number, left in enumerate((b"", b"covey", bytes(32))):
            path_of(folder, bytes([number]) * 32).write_bytes(left)
            assert await store.received(bytes([number]) * 32) is None
        assert await store.sweep(HOUR - 1) == 0

    asyncio.run(work())
    assert files(folder) == [path_of(folder)]


def test_what_is_no_blob_is_said_and_left(folder: Path) -> None:
    other = b"\x01" * 32

    async def work() -> None:
        store = await begun(folder, 0)
        await store.begin(other, 5, HOUR)
        path = path_of(folder)
        path.write_bytes(b"something else of this machine, long enough")
        for work in (store.received(NAME), store.begin(NAME, SIZE, HOUR)):
            with pytest.raises(StorageError, match="no blob, or is damaged"):
                await work
        assert await store.sweep(HOUR) == 1
        assert path.exists()
        assert await store.received(other) is None

    asyncio.run(work())


def test_what_is_not_ours_does_not_stop_a_sweep(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    strange = [folder / "07" / "lost+found", folder / "lost+found", folder / "00" / NAME.hex()]

    async def work() -> int:
        store = await begun(folder, 0)
        for each in strange:
            each.mkdir()
        (folder / "07" / ".nfs0001").write_bytes(b"")
        path_of(folder, b"\x09" * 32).symlink_to(folder / "nowhere")
        (folder / "ff").rmdir()
        (folder / "ff").write_bytes(b"in the place of a folder")
        await store.begin(b"\x08" * 32, 5, HOUR)
        path_of(folder, b"\x08" * 32).write_bytes(b"covered by something else, long enough")
        return await store.sweep(HOUR)

    assert asyncio.run(work()) == 1
    assert not path_of(folder).exists()
    assert all(each.exists() for each in strange)
    [said] = caplog.messages
    assert "6 things" in said
    assert str(folder) not in said


def test_a_file_that_is_too_short_is_said(folder: Path) -> None:
    async def work() -> None:
        store = await begun(folder, SIZE)
        os.truncate(path_of(folder), HEADER + 70)
        with pytest.raises(StorageError, match="shorter than it says"):
            await everything(store)

    asyncio.run(work())


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    async def work() -> None:
        store = await begun(folder, 0)
        path_of(folder).unlink()
        path_of(folder).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StorageError):
            await store.begin(NAME, SIZE, HOUR)
        assert not (tmp_path / "elsewhere").exists()

    asyncio.run(work())


def test_a_process_that_stops_with_a_lock_stops_nobody_for_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_PATIENCE", 0.1)
    script = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX);"
        " print('locked', flush=True); sys.stdin.read()"
    )

    async def work() -> None:
        store = await begun(folder, 100)
        holder = subprocess.Popen(  # noqa: ASYNC220, S603  # it is waited for below
            [sys.executable, "-c", script, str(path_of(folder))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            with pytest.raises(StorageError, match="holds the lock"):
                await store.append(NAME, 100, WHOLE[100:])
            holder.kill()
        assert (await store.append(NAME, 100, WHOLE[100:])).complete

    asyncio.run(work())


def test_a_sweep_between_opening_and_locking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was swept is not written to: the blob begins anew."""
    lock = layout._lock  # noqa: SLF001  # what comes just before it
    waiting = [True]

    def swept_before(file: int, kind: int) -> None:
        if waiting:
            waiting.clear()
            path_of(folder).unlink()
        lock(file, kind)

    async def work() -> None:
        store = await begun(folder, 0)
        monkeypatch.setattr(layout, "_lock", swept_before)
        await store.begin(NAME, SIZE + 1, HOUR)
        assert await store.received(NAME) == State(SIZE + 1, 0, HOUR)

    asyncio.run(work())


def test_reading_holds_no_lock(folder: Path) -> None:
    async def work() -> None:
        store = await begun(folder, SIZE)
        reading = store.read(NAME)
        await anext(reading)
        with path_of(folder).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        await reading.aclose()  # type: ignore[attr-defined]

    asyncio.run(work())


def test_a_full_disk_is_said_without_a_name_and_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite

    def full(file: int, some: bytes, place: int) -> int:
        if place > HEADER + 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path_of(folder)))
        return write(file, some[:50], place)  # a system may take less than it is given

    async def work() -> None:
        store = await begun(folder, 0)
        with monkeypatch.context() as patched:
            patched.setattr(layout.os, "pwrite", full)
            with pytest.raises(StorageError, match="No space left") as said:
                await store.append(NAME, 0, WHOLE)
        assert NAME.hex() not in str(said.value)
        assert str(folder) in str(said.value)
        assert await store.received(NAME) == State(SIZE, 64, HOUR)
        await store.append(NAME, 64, WHOLE[64:])
        assert await everything(store) == WHOLE

    asyncio.run(work())


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="this process may write there"):
        asyncio.run(FileBlobs(tmp_path / "file" / "blobs").prepare())
    with pytest.raises(StorageError, match="is gone"):
        asyncio.run(FileBlobs(tmp_path / "never").begin(NAME, 1, HOUR))
