"""Who asks, and on which plane: what every request is looked at for before it is read further.

May import the protocol and the operations' ports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.operations import Plane
from covey.access.refusals import Code, refused
from covey.access.structs.basics import TicketKind
from covey.broker.connections import connection_of
from covey.broker.operations.ports import Caller

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from covey.access.operations import Operation
    from covey.access.tickets import Mint

TICKET: Final = "covey-ticket"
"""The header of the ticket that ``begin_blob`` gave out, in hex. It is the group plane's."""

_BEARER: Final = "bearer "


def nobody(request: HTTPConnection) -> Caller:
    """A caller of the group plane, who must not say who he is.

    Raises:
        BrokerError: ``wrong_plane``.
    """
    if _says_who(request):
        raise refused(Code.wrong_plane)
    connection = connection_of(request.scope)
    connection.enter(Plane.group)
    return Caller(connection)


def caller(request: HTTPConnection, operation: Operation, mint: Mint) -> Caller:
    """Who asks for an operation.

    Raises:
        BrokerError: ``wrong_plane``, ``unauthenticated`` or ``stale_proof``.
    """
    if operation.plane is Plane.group:
        return nobody(request)
    plane: Plane = Plane.identity if _says_who(request) else operation.plane
    if TICKET in request.headers:
        if plane is Plane.identity:
            raise refused(Code.wrong_plane)
        plane = Plane.group
    connection = connection_of(request.scope)
    connection.enter(plane)
    if not operation.token:
        return Caller(connection)
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(_BEARER):
        raise refused(Code.unauthenticated)
    try:
        token = bytes.fromhex(header[len(_BEARER) :])
    except ValueError:
        raise refused(Code.unauthenticated) from None
    ticket = mint.read(TicketKind.device, connection.id, token)
    if ticket is None:
        raise refused(Code.stale_proof)
    return Caller(connection, ticket.subject)


def _says_who(request: HTTPConnection) -> bool:
    """Whether a request carries what names somebody, whatever it asks for."""
    return "authorization" in request.headers or "cookie" in request.headers
