"""A broker put together from its configuration, and kept tidy while it runs.

May import everything of the broker but its application and its server.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from covey.access import signing
from covey.access.heads import HeadSigner, broker_id
from covey.access.operations import OPERATIONS
from covey.access.refusals import Code
from covey.access.tickets import Mint
from covey.broker.blobs.files import FileBlobs
from covey.broker.blobs.port import BlobError
from covey.broker.buckets import Buckets
from covey.broker.config import seed_of
from covey.broker.enrolment.oidc import Verifier
from covey.broker.hours import DAY, HOUR, week_of
from covey.broker.metrics import Metrics
from covey.broker.operations.ports import Clock, Ports
from covey.broker.operations.table import Operations
from covey.broker.stores.opening import open_store
from covey.broker.transactions import birth, sweeping
from covey.broker.transactions.sweeping import Ages
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Awaitable, Callable

    from covey.broker.blobs.port import Blobs
    from covey.broker.config import BlobSettings, Config
    from covey.broker.script import Script
    from covey.broker.stores.port import Store

log: logging.Logger = logging.getLogger("covey.broker")

_HEAD_KEY_DAYS: Final = 366  # the life of a key that signs heads; it ends with the process
_OTHERS: Final = ("subscribe", "put_blob", "get_blob", "about")

CLOCK: Final = Clock(time.time, time.monotonic)
"""The system's clocks."""


@asynccontextmanager
async def opened(config: Config, clock: Clock = CLOCK) -> AsyncIterator[Operations]:
    """The operations of a broker, which throws away what is too old, until the end of the block.

    Args:
        config: How it runs.
        clock: The time.

    Raises:
        StorageError: The database, the key file or the place of the blobs cannot be used.
    """
    places = [str(config.sqlite_file)] if config.sqlite_file is not None else list(config.store)
    store = await open_store(places, migrate=config.migrate)
    try:
        fresh = secrets.token_bytes(16)
        incarnation = await store.write(None, lambda: birth.incarnation(fresh))
        seed = await _seed(config, store)
        blobs = await _blobs(config)
        signer = HeadSigner(seed, clock.hour + _HEAD_KEY_DAYS * DAY, os.urandom)
        ports = Ports(
            config=config,
            store=store,
            blobs=blobs,
            signer=signer,
            incarnation=incarnation,
            mint=Mint(secrets.token_bytes(32), clock.steady),
            buckets=Buckets(config.rates.by_bucket()),
            clock=clock,
            metrics=Metrics((*OPERATIONS, *_OTHERS), ("done", *Code)),
            issuer=_issuer(config, clock),
        )
        await sweep(ports)
        sweeper = asyncio.create_task(_sweep_hourly(ports))
        sweeper.add_done_callback(_log_end)
        try:
            yield Operations(ports)
        finally:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
            if blobs is not None:
                await blobs.close()
    finally:
        await store.close()


async def _seed(config: Config, store: Store) -> bytes:
    """The broker's private key, which has to be that of its database.

    Raises:
        StorageError: It is another, or it is not there although the database is somebody's.
    """
    path = config.key_path
    owner = await store.read(None, birth.owner)
    if owner is None or path.exists():
        seed = seed_of(path)
        key = signing.public_key(seed)
        owner = await store.write(None, lambda: birth.own(key))
        if owner == key:
            return seed
        found = "holds another key"
    else:
        found = "is not there"
    assert owner is not None
    msg = (
        f"the database is that of the broker {broker_id(owner).hex()[:16]}…, and the key file "
        f"{path} {found}: bring its own back, or name it with --key-file"
    )
    raise StorageError(msg)


async def sweep(ports: Ports) -> None:
    """Throw away what is too old, and make room for what comes.

    Each step is taken whether or not the others can be, for a broker that cannot throw away
    can serve all the same. Room comes first, and what lies in a week goes only when the epochs
    that it can be proved in have gone.
    """
    hour, retention = ports.clock.hour, ports.config.retention_days * DAY
    ages, store = Ages(hour, retention), ports.store
    await _tried("make room", store.turn_weeks(week_of(hour), 0))
    if await _tried("epochs", _sweep_by(ports, lambda: sweeping.sweep_epochs(ages))):
        await _tried("weeks", store.turn_weeks(week_of(hour), ages.oldest_week))
        await _tried("rows", _sweep_by(ports, lambda: sweeping.sweep(ages)))
    if ports.blobs is not None:
        await _tried("blobs", _sweep_blobs(ports, ports.blobs, hour))
    if ports.config.blur:
        await _tried("blur", store.forget_order())


async def _tried(step: str, work: Awaitable[None]) -> bool:
    """Take a step of a sweep. Whether it could be taken; if not, the log says why."""
    try:
        await work
    except (StorageError, BlobError) as error:  # their sentences name no blob and nobody
        log.error("sweep, %s: %s", step, error)  # noqa: TRY400 - a sentence is all it takes
        return False
    except OSError as error:
        log.exception("sweep, %s: %s", step, type(error).__name__)
        return False
    return True


async def _sweep_blobs(ports: Ports, blobs: Blobs, hour: int) -> None:
    ports.metrics.swept("blobs", await blobs.sweep(hour))


async def _sweep_by(ports: Ports, script: Callable[[], Script[Counter[str]]]) -> None:
    """Throw away one portion after the other, until there is nothing left to throw away."""
    full = True
    while full:
        portions = await ports.store.every(script)
        for portion in portions:
            for kind, rows in portion.items():
                ports.metrics.swept(kind, rows)
        full = any(map(sweeping.is_full, portions))


async def _sweep_hourly(ports: Ports) -> None:
    while True:
        await asyncio.sleep(HOUR)
        await sweep(ports)


def _log_end(sweeper: asyncio.Task[None]) -> None:
    """Log of what the sweeper died: the log's lines hold an error's type and place, no more."""
    error = None if sweeper.cancelled() else sweeper.exception()
    if error is not None:
        log.error("nothing is swept any more; start the broker again", exc_info=error)


async def _blobs(config: Config) -> Blobs | None:
    place = config.blobs_at
    if place is None:
        return None
    blobs: Blobs
    if place.startswith("s3://"):
        blobs = _in_a_bucket(config.blobs, place)
    else:
        blobs = FileBlobs(Path(place))
    await blobs.prepare()
    return blobs


def _in_a_bucket(settings: BlobSettings, place: str) -> Blobs:
    # Only who keeps blobs in a bucket needs obstore.
    from covey.broker.blobs.bucket import Bucket  # noqa: PLC0415
    from covey.broker.blobs.s3 import S3Blobs  # noqa: PLC0415

    name, _, prefix = place.removeprefix("s3://").partition("/")
    secret = settings.s3_secret_access_key
    return S3Blobs(
        Bucket(
            name=name,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region or "us-east-1",
            access_key=settings.s3_access_key_id,
            secret_key=None if secret is None else secret.get_secret_value(),
            prefix=prefix,
        )
    )


def _issuer(config: Config, clock: Clock) -> Verifier | None:
    oidc = config.oidc
    if config.enrol != "oidc" or oidc.issuer is None or oidc.audience is None:
        return None
    return Verifier(oidc.issuer, oidc.audience, wall=clock.now, steady=clock.steady)
