"""One HTTP connection to a broker. May import httpx and the protocol.

A request whose answer got lost is sent again as it was, which its idem, or its signature over
the same bytes, makes harmless. A new connection makes nonces, tickets and tokens worthless:
:class:`Prover` then proves once more.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Final, TypeVar

import httpx
import msgspec

from covey.access.heads import broker_id
from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.basics import ByTicket, Challenge, Nothing, Signed
from covey.access.structs.log import Appended, EpochClosed
from covey.errors import BrokerError, TransportError
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.access.structs.basics import Fresh

W = TypeVar("W", bound=WireStruct)

_TRIES: Final = 5
_PAUSE: Final = 0.1  # seconds before the second try; doubled for each further one
_TIMEOUT: Final = 40.0  # seconds; longer than a broker lets a reader wait
_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=60)
_WITHOUT_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and loads nothing


class _Problem(msgspec.Struct):
    """An error of the broker."""

    code: str
    sentence: str


class About(msgspec.Struct, frozen=True):
    """What a broker says of itself.

    Attributes:
        broker_id: In hex; to be pinned.
        broker_key: The key of which it is the hash, in hex.
        incarnation: What its database is a copy of, in hex.
        limits: How large and how many, by name.
    """

    broker_id: str
    broker_key: str
    incarnation: str
    limits: dict[str, int]


class Line:
    """A connection to a broker; it is opened by the first request.

    Args:
        url: Where the broker is, without a path.
        transport: How to get there; by default over the network.
        pause: Seconds before something is tried again.

    Attributes:
        url: Where the broker is.
    """

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, *, pause: float = _PAUSE
    ) -> None:
        self.url: str = url
        self._pause = pause
        self._http = httpx.Client(
            base_url=url,
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
            verify=_WITHOUT_TLS if url.startswith("http:") else ssl.create_default_context(),
            limits=_ONE,
        )

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def about(self) -> About:
        """What the broker says of itself.

        Raises:
            TransportError: It does not answer, or is no broker.
        """
        answer = self._sent("GET", "/.well-known/covey")
        _require_done(answer)
        try:
            about = msgspec.json.decode(answer.content, type=About)
            named = bytes.fromhex(about.broker_id)
            fits = broker_id(bytes.fromhex(about.broker_key)) == named
        except (msgspec.DecodeError, ValueError) as error:
            msg = "what answers does not describe itself as a broker would"
            raise TransportError(msg) from error
        if not fits:
            msg = "the broker's id is not the hash of its key"
            raise TransportError(msg)
        return about

    def ask(self, operation: str, request: WireStruct, answer: type[W], token: bytes = b"") -> W:
        """Ask for an operation.

        Args:
            operation: Its name.
            request: Its request; for those that are signed, the Signed.
            answer: The struct of its answer.
            token: A device's, where it needs one.

        Raises:
            BrokerError: The broker refuses; the code says why.
            TransportError: It does not answer, or not as a broker would.
        """
        found = OPERATIONS[operation]
        assert issubclass(found.answer, answer), f"{operation} answers with {found.answer}"
        assert isinstance(request, Signed if found.label else found.request), operation
        response = self._post(operation, request, token)
        _require_done(response)
        return answer.decode(response.content)

    def append(self, request: Signed) -> Appended | EpochClosed:
        """Add to a group's log, or learn which commit was faster.

        Raises:
            BrokerError: The broker refuses.
            TransportError: It does not answer; nobody knows whether it has been added. The same
                request can be sent again.
        """
        response = self._post("append", request)
        closed = response.status_code == REFUSALS[Code.epoch_closed].status
        if closed and response.headers.get("content-type") != "application/json":
            return EpochClosed.decode(response.content)
        _require_done(response)
        return Appended.decode(response.content)

    def _post(self, operation: str, request: WireStruct, token: bytes = b"") -> httpx.Response:
        headers = {"authorization": f"Bearer {token.hex()}"} if token else {}
        return self._sent("POST", f"/v1/{operation}", headers, request.encode())

    # --- blobs ---------------------------------------------------------------------------

    def put_blob(self, blob: bytes, ticket: bytes, offset: int, chunk: bytes) -> int:
        """Send bytes of a blob; returns how many are there.

        Raises:
            BrokerError: ``wrong_offset``, ``stale_proof`` or ``blob_unknown``: begin it again,
                which says how far it is.
            TransportError: The broker does not answer.
        """
        headers = {"covey-ticket": ticket.hex()}
        response = self._sent("PUT", f"/v1/blobs/{blob.hex()}?offset={offset}", headers, chunk)
        _require_done(response)
        return int(response.headers["covey-received"])

    def blob_received(self, blob: bytes) -> int:
        """How many bytes of a blob are there.

        Raises:
            BrokerError: ``blob_unknown``.
            TransportError: The broker does not answer.
        """
        response = self._sent("HEAD", f"/v1/blobs/{blob.hex()}")
        if response.status_code == REFUSALS[Code.blob_unknown].status:  # and no body says so
            raise BrokerError(Code.blob_unknown, REFUSALS[Code.blob_unknown].sentence)
        _require_done(response)
        return int(response.headers["covey-received"])

    def get_blob(self, blob: bytes, start: int = 0) -> bytes:
        """The bytes of a whole blob, from an offset.

        Raises:
            BrokerError: ``blob_unknown``.
            TransportError: The broker does not answer.
        """
        headers = {"range": f"bytes={start}-"} if start else {}
        response = self._sent("GET", f"/v1/blobs/{blob.hex()}", headers)
        _require_done(response)
        return response.content

    # --- HTTP ----------------------------------------------------------------------------

    def _sent(
        self, method: str, path: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        """The answer to a request, which is sent again for as long as it gets lost."""
        last = _TRIES - 1
        for attempt in range(last):
            try:
                response = self._http.request(method, path, headers=headers, content=content)
            except httpx.TransportError:
                time.sleep(self._pause * 2**attempt)
                continue
            if response.status_code != REFUSALS[Code.unavailable].status:
                return response
            time.sleep(self._pause * 2**attempt)
        try:
            return self._http.request(method, path, headers=headers, content=content)
        except httpx.TransportError as error:
            msg = f"the broker does not answer: {str(error) or type(error).__name__}"
            raise TransportError(msg) from error


def _require_done(response: httpx.Response) -> None:
    """Raise what the broker refuses.

    Raises:
        BrokerError: It refuses.
        TransportError: What answers is no broker.
    """
    if response.is_success:
        return
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError as error:
        msg = f"the broker answers with status {response.status_code}, and not as a broker would"
        raise TransportError(msg) from error
    refused = BrokerError(problem.code, problem.sentence)
    refused.retry_after = float(response.headers.get("retry-after", 0))
    raise refused


class Prover:
    """Proves one thing on one line: by the ticket of an earlier proof, else by a signature.

    Args:
        line: The connection.
        sign: Makes the proof for a nonce.
    """

    def __init__(self, line: Line, sign: Callable[[bytes], Fresh]) -> None:
        self._line = line
        self._sign = sign
        self._ticket = b""

    def ask(
        self, operation: str, make: Callable[[Fresh | ByTicket], WireStruct], answer: type[W]
    ) -> W:
        """Ask for an operation that needs the proof.

        When the connection is another one by now, a new proof is made, once.

        Args:
            operation: Its name.
            make: Makes the request with a proof.
            answer: The struct of its answer.

        Raises:
            BrokerError: The broker refuses.
            TransportError: It does not answer.
        """
        try:
            return self._line.ask(operation, make(self._proof()), answer)
        except BrokerError as error:
            if error.code != Code.stale_proof:
                raise
        self._ticket = b""
        return self._line.ask(operation, make(self._proof()), answer)

    def keep(self, ticket: bytes) -> None:
        """Use a ticket from now on."""
        self._ticket = ticket

    def _proof(self) -> Fresh | ByTicket:
        return ByTicket(self._ticket) if self._ticket else self._sign(challenge(self._line))


def challenge(line: Line) -> bytes:
    """A nonce for a proof on a line."""
    return line.ask("challenge", Nothing(), Challenge).nonce
