"""Blobs in a bucket: what lies there, and what is said when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import S3Store

from broker.blobs.grounds import SMALL, Ground
from broker.blobs.uploader import HOUR, content
from covey.broker.blobs.bucket import Bucket
from covey.broker.blobs.port import State
from covey.broker.blobs.s3 import S3Blobs
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3 import Server

NAME = bytes(range(9, 41))
SIZE = 200
WHOLE = content(NAME, SIZE)


@pytest.fixture
def bucket(s3: Server) -> Bucket:
    """A part of a bucket, which is empty."""
    return Ground.on(s3, prefix=os.urandom(8).hex()).bucket()


def objects(bucket: Bucket) -> dict[str, bytes]:
    """What lies in it."""
    assert bucket.endpoint is not None
    assert bucket.access_key is not None
    assert bucket.secret_key is not None
    store = S3Store(
        bucket.name,
        prefix=bucket.prefix,
        endpoint=bucket.endpoint,
        access_key_id=bucket.access_key,
        secret_access_key=bucket.secret_key,
        region=bucket.region,
        client_options={"allow_http": True},
    )
    paths = [found["path"] for found in obstore.list(store).collect()]
    return {path: bytes(obstore.get(store, path).bytes()) for path in paths}


async def begun(bucket: Bucket, upto: int) -> S3Blobs:
    store = S3Blobs(bucket, SMALL)
    await store.prepare()
    await store.begin(NAME, SIZE, HOUR)
    if upto:
        await store.append(NAME, 0, WHOLE[:upto])
    return store


def test_objects_hold_the_bytes_a_size_and_an_hour(bucket: Bucket) -> None:
    asyncio.run(begun(bucket, SIZE))
    name = NAME.hex()
    folder = f"hour/{HOUR:08x}/{name}"
    assert objects(bucket) == {
        f"blob/{name}": SIZE.to_bytes(8, "big") + HOUR.to_bytes(8, "big"),
        f"{folder}/begun": b"",
        f"{folder}/{0:016x}": WHOLE[:64],
        f"{folder}/{64:016x}": WHOLE[64:128],
        f"{folder}/{128:016x}": WHOLE[128:192],
        f"{folder}/{192:016x}": WHOLE[192:],
    }


def test_a_sweep_leaves_nothing(bucket: Bucket) -> None:
    async def work() -> None:
        store = await begun(bucket, SIZE)
        await store.begin(b"\x01" * 32, 5, HOUR)
        assert await store.sweep(HOUR) == 2

    asyncio.run(work())
    assert objects(bucket) == {}


def test_what_came_too_late_goes_with_its_hour(bucket: Bucket) -> None:
    """A piece that is put while the blob is swept, or a begin that was overtaken."""

    async def work() -> None:
        store = await begun(bucket, 0)
        late = store._objects  # noqa: SLF001  # what a slow process does
        await store.sweep(HOUR)
        await late.put_new(f"hour/{HOUR:08x}/{NAME.hex()}/{0:016x}", WHOLE[:64])
        await late.put_new(f"hour/{HOUR - 1:08x}/{NAME.hex()}/begun", b"")
        assert await store.received(NAME) is None
        await store.begin(NAME, SIZE, HOUR + 1)
        assert await store.sweep(HOUR) == 0
        assert await store.received(NAME) == State(SIZE, 0, HOUR + 1)
        assert await store.sweep(HOUR + 1) == 1

    asyncio.run(work())
    assert objects(bucket) == {}


def test_a_first_object_that_is_none_of_ours(bucket: Bucket) -> None:
    async def work() -> None:
        store = S3Blobs(bucket)
        await store._objects.put_new(f"blob/{NAME.hex()}", b"x")  # noqa: SLF001
        with pytest.raises(StorageError, match="no blob, or is damaged"):
            await store.received(NAME)

    asyncio.run(work())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"secret_key": "not the secret"}, r"refuses our credentials \(SignatureDoesNotMatch\)"),
        ({"access_key": "nobody"}, "check the"),
        ({"name": "no-such-bucket"}, "make it, or name another"),
        ({"endpoint": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"endpoint": "http://nowhere.invalid"}, "cannot be reached"),
    ],
    ids=["secret", "key", "bucket", "gone", "nowhere"],
)
def test_a_bucket_that_cannot_be_used_is_said(
    bucket: Bucket, change: dict[str, str], sentence: str
) -> None:
    """By every operation, in words that tell what to do, with no secret and no name in them."""
    wrong = replace(bucket, **change, patience=2)

    async def work() -> None:
        store = S3Blobs(wrong)
        for operation in (
            store.prepare(),
            store.begin(NAME, 1, HOUR),
            store.received(NAME),
            store.append(NAME, 0, b"x"),
            anext(store.read(NAME)),
            store.sweep(HOUR),
        ):
            with pytest.raises(StorageError, match=sentence) as error:
                await operation
            text = "".join(traceback.format_exception(error.value))
            assert wrong.secret_key is not None
            assert wrong.secret_key not in text
            assert NAME.hex() not in text
            assert wrong.name in str(error.value)

    asyncio.run(work())


def test_settings_hide_the_secret() -> None:
    bucket = Bucket(name="b", endpoint="http://me:hidden@host:1", secret_key="hidden")  # noqa: S106
    assert "hidden" not in str(bucket)
    assert str(bucket) == "the bucket 'b' at http://host:1"
    assert "hidden" not in repr(replace(bucket, endpoint=None))


class _Heedless(BaseHTTPRequestHandler):
    """A server that takes every object, whatever the condition."""

    deleted = b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.deleted)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""


@contextmanager
def heedless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Heedless) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_passes_over_conditions_is_refused() -> None:
    with heedless() as endpoint:
        bucket = Bucket(name="b", endpoint=endpoint, access_key="k", secret_key="s", patience=5)  # noqa: S106
        with pytest.raises(StorageError, match="passes over If-None-Match"):
            asyncio.run(S3Blobs(bucket).prepare())


def test_what_is_no_s3_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Heedless, "deleted", b"hello")
    with heedless() as endpoint:
        bucket = Bucket(name="b", endpoint=endpoint, access_key="k", secret_key="s", patience=5)  # noqa: S106
        with pytest.raises(StorageError, match="none of S3"):
            asyncio.run(S3Blobs(bucket).prepare())
