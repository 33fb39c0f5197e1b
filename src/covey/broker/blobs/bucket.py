"""A bucket of an S3-compatible server: its settings, its objects, its failures.

May import obstore and :mod:`covey.errors`. What goes wrong is said as a StorageError that tells
what to do. It never repeats the text of the error below, nor has it as its cause: that text
holds names of objects and signed requests.

Requests are made by threads, with the blocking calls of obstore. Its asyncio calls answer from
threads of Rust, which can abort a process that exits just after an answer
(PyO3/pyo3-async-runtimes, issue 40).
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from typing import TypeVar

    from obstore import ObjectMeta
    from obstore.store import ClientConfig, S3Config

    T = TypeVar("T")

_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_STATUS: Final = re.compile(r"status code: (\d+)")
_LOGIN: Final = re.compile(r"//[^/@]*@")  # what has no place in a URL, and is not shown if it is
_REFUSED: Final = ("401", "403")
_RETRIES: Final = 3
_PAUSES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # seconds
_THREADS: Final = 32  # requests at once; further ones wait


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Where a bucket is, and who may use it.

    Attributes:
        name: The bucket.
        endpoint: The URL of the server, without any login; None for that of AWS in the region.
        region: The region that requests are signed for.
        access_key: Whose bucket it is; None takes what the environment says to AWS's tools.
        secret_key: Its secret; in no repr, log or error.
        prefix: What the names of all objects begin with, so that a bucket can be shared.
        patience: Seconds that one request may take, and that all its retries may.
    """

    name: str
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    prefix: str = ""
    patience: float = 30.0

    def __str__(self) -> str:
        endpoint = _LOGIN.sub("//", self.endpoint or "AWS")
        return f"the bucket {self.name!r} at {endpoint}"


class Objects:
    """The objects of a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        """Take the settings; nothing is sent yet.

        Raises:
            StorageError: They are not such as a bucket can be reached with.
        """
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(_THREADS, "bucket")
        patience = timedelta(seconds=bucket.patience)
        config: S3Config = {"region": bucket.region}
        if bucket.endpoint is not None:
            config["endpoint"] = bucket.endpoint
        if bucket.access_key is not None:
            config["access_key_id"] = bucket.access_key
        if bucket.secret_key is not None:
            config["secret_access_key"] = bucket.secret_key
        client: ClientConfig = {"timeout": patience, "connect_timeout": patience / 3}
        if (bucket.endpoint or "").startswith("http://"):
            client["allow_http"] = True
        with self._failures():
            self._store = S3Store(
                bucket.name,
                prefix=bucket.prefix or None,
                config=config,
                client_options=client,
                retry_config={"max_retries": _RETRIES, "retry_timeout": patience},
            )

    def __str__(self) -> str:
        return str(self._bucket)

    async def put_new(self, key: str, content: bytes) -> bool:
        """Put an object if there is none of this name, at once or not at all.

        A server may say that there is one while somebody else is still putting it, and that
        may yet fail: then it is tried again, until one is there.

        Returns:
            Whether there was none. If not, there is one now: somebody else's, or our own, if
            the server's answer was lost on the way and the request was sent again.
        """
        for pause in _PAUSES:
            if await self._in_thread(lambda: self._put(key, content)):
                return True
            if await self._in_thread(lambda: self._is_there(key)):
                return False
            await asyncio.sleep(pause)
        msg = f"{self}: an object is there for one who puts it, and is not for one who looks"
        raise StorageError(msg)

    async def get(self, key: str, start: int, stop: int) -> bytes | None:
        """Bytes of an object, or None if there is none of this name."""

        def get() -> bytes | None:
            try:
                return bytes(obstore.get_range(self._store, key, start=start, end=stop))
            except FileNotFoundError as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise  # the same class says that there is no bucket, or no such user

        return await self._in_thread(get)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, as far as they are there."""
        if keys:
            await self._in_thread(lambda: obstore.delete(self._store, keys))

    async def below(self, folder: str, *, at_once: int) -> AsyncIterator[Sequence[ObjectMeta]]:
        """The objects below a folder, some at once."""
        pages = obstore.list(self._store, folder, chunk_size=at_once)
        while page := await self._in_thread(lambda: next(pages, None)):
            yield page

    async def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder."""
        found = await self._in_thread(lambda: obstore.list_with_delimiter(self._store, folder))
        return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    async def close(self) -> None:
        """Wait for requests that nobody waits for any more."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def run() -> T:
            with self._failures():
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _put(self, key: str, content: bytes) -> bool:
        try:
            obstore.put(self._store, key, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def _is_there(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Say in our words what is wrong with the bucket."""
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise StorageError(self._sentence(error)) from None

    def _sentence(self, error: Exception) -> str:
        code = _code(error)
        status = _STATUS.search(str(error))
        if code == "NoSuchBucket":
            return f"{self}: there is none of this name; make it, or name another"
        if status is not None and status[1] in _REFUSED:
            return (
                f"{self}: the server refuses our credentials ({code or status[1]}); check the"
                " access key, the secret key, the region and the clock, and that reading, writing,"
                " listing and deleting are allowed"
            )
        if status is not None:
            return (
                f"{self}: the server answered {code or status[1]};"
                " check the endpoint, the bucket and the access key, and look into its log"
            )
        if isinstance(error, ValueError):
            return f"{self}: these are no settings of a bucket; check the endpoint and the region"
        if "HTTP error" in str(error):
            return f"{self} cannot be reached; check the endpoint, and that the server runs"
        return f"{self}: the answer is none of S3; check what listens at the endpoint"


def _code(error: Exception) -> str | None:
    """The code of S3 in an error, such as NoSuchBucket."""
    found = _CODE.search(str(error))
    return None if found is None else found[1]
