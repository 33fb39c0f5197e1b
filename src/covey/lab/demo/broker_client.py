"""What a member's process says to the broker. May import httpx and the broker's messages.

A request whose answer got lost is sent again as it was; its idem makes that harmless.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Final, Self, TypeVar

import httpx
import msgspec

from covey.broker import messages
from covey.broker.messages import Append, Appended, EpochClosed, Kind, Read
from covey.broker.refusals import REFUSALS, Code
from covey.errors import BrokerError, TransportError

if TYPE_CHECKING:
    from types import TracebackType

    from covey.mls.wire.struct import WireStruct

W = TypeVar("W", bound="WireStruct")

_TRIES: Final = 4
_PAUSE: Final = 0.1  # seconds before the second try; doubled for each further one
_TIMEOUT: Final = 40  # seconds; longer than a broker lets a reader wait


class _Problem(msgspec.Struct):
    """An error of the broker."""

    code: str
    sentence: str


class BrokerClient:
    """A connection to a broker.

    Args:
        url: Where it is, without a path.
        transport: How to get there; by default over the network.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url,
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # trusts nobody, and loads nothing
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._http.close()

    def publish(self, inbox: bytes, idem: bytes, key_packages: tuple[bytes, ...]) -> int:
        """Leave KeyPackages in our inbox; returns how many wait there."""
        packed = tuple(messages.KeyPackageMessage(each) for each in key_packages)
        request = messages.Publish(inbox, idem, packed)
        return self._ask("publish", request, messages.Published).waiting

    def claim(self, inbox: bytes, cipher_suite: int) -> bytes:
        """Take somebody's KeyPackage. A lost answer costs them one."""
        request = messages.Claim(inbox, cipher_suite)
        return self._ask("claim", request, messages.Claimed).key_package

    def deliver(self, inbox: bytes, idem: bytes, message: bytes) -> int:
        """Leave a message in somebody's inbox; returns its number."""
        request = messages.Deliver(inbox, idem, message)
        return self._ask("deliver", request, messages.Delivered).seq

    def fetch(self, inbox: bytes, after: int = 0, wait: int = 0) -> tuple[messages.InboxEntry, ...]:
        """What waits in our inbox after a message, which drops that one."""
        request = messages.Fetch(inbox, after, wait)
        return self._ask("fetch", request, messages.Fetched).entries

    def create(self, gid: bytes, idem: bytes, epoch: int) -> int:
        """Begin a group's log; returns the epoch that it began with."""
        request = messages.Create(gid, idem, epoch)
        return self._ask("create", request, messages.Created).epoch

    def append(
        self, gid: bytes, epoch: int, kind: Kind, idem: bytes, body: bytes
    ) -> Appended | EpochClosed:
        """Add to a log, or learn which commit was faster."""
        answer = self._post("append", Append(gid, epoch, kind, idem, body))
        if answer.status_code == REFUSALS[Code.epoch_closed].status:
            return EpochClosed.decode(answer.content)
        return _decoded(answer, Appended)

    def read(
        self, gid: bytes, epoch: int, after: int = 0, wait: int = 0
    ) -> tuple[messages.Entry, ...]:
        """The entries of an epoch after a number, up to the commit that closes it."""
        return self._ask("read", Read(gid, epoch, after, wait), messages.Entries).entries

    def _ask(self, operation: str, request: WireStruct, answer: type[W]) -> W:
        return _decoded(self._post(operation, request), answer)

    def _post(self, operation: str, request: WireStruct) -> httpx.Response:
        body = request.encode()
        pause = _PAUSE
        for _ in range(_TRIES - 1):
            try:
                return self._http.post(f"/v1/{operation}", content=body)
            except httpx.TransportError:
                time.sleep(pause)
                pause *= 2
        try:
            return self._http.post(f"/v1/{operation}", content=body)
        except httpx.TransportError as error:
            msg = f"the broker does not answer: {str(error) or type(error).__name__}"
            raise TransportError(msg) from error


def _decoded(answer: httpx.Response, expected: type[W]) -> W:
    """The struct of an answer.

    Raises:
        BrokerError: The broker refused.
        TransportError: What answered is no broker.
    """
    if answer.status_code == httpx.codes.OK:
        return expected.decode(answer.content)
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.DecodeError as error:
        msg = f"the broker answers with status {answer.status_code}, and not as a broker would"
        raise TransportError(msg) from error
    raise BrokerError(problem.code, problem.sentence)
