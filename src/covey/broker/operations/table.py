"""Every operation of the protocol, and the method that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.access.operations import OPERATIONS
from covey.access.structs.basics import Challenge
from covey.access.tickets import LIFETIME
from covey.broker.operations.attachments import Attachments
from covey.broker.operations.doors import Doors
from covey.broker.operations.identities import Identities
from covey.broker.operations.logs import Logs
from covey.broker.operations.proving import Proving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from covey.access.structs.basics import Nothing
    from covey.broker.operations.ports import Caller, Ports
    from covey.mls.wire.struct import WireStruct

    Answering = Callable[[Caller, Any], Awaitable[WireStruct]]


class Operations:
    """The operations of a broker.

    Args:
        ports: What it has.

    Attributes:
        ports: What it has.
        proving: Looks at proofs.
        logs: Of groups.
        attachments: Blobs.
        by_name: Every operation's method.
    """

    def __init__(self, ports: Ports) -> None:
        self.ports: Ports = ports
        self.proving: Proving = Proving(ports)
        self.logs: Logs = Logs(ports, self.proving)
        self.attachments: Attachments = Attachments(ports, self.proving)
        chapters = (
            self,
            Identities(ports, self.proving),
            self.logs,
            Doors(ports, self.proving),
            self.attachments,
        )
        self.by_name: dict[str, Answering] = {
            name: next(getattr(each, name) for each in chapters if name in vars(type(each)))
            for name in OPERATIONS
        }

    async def challenge(self, caller: Caller, _: Nothing) -> Challenge:
        """Give out a nonce."""
        return Challenge(self.proving.challenge(caller), LIFETIME)
