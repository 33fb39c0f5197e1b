"""What a broker says of itself at a well-known address, and whether it is well.

May import Starlette, the protocol and the operations' ports. JSON, for people and clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse

from covey import __version__
from covey.access.signing import LABEL
from covey.broker.blobs.pieces import Pieces
from covey.broker.transactions import birth

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from covey.broker.operations.ports import Ports


class About:
    """The pages about a broker.

    Args:
        ports: What it has.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def facts(self) -> dict[str, Any]:
        """Who the broker is, what it offers, and its limits: bytes, counts, days, seconds."""
        config, certificate = self._ports.config, self._ports.signer.certificate
        blobs = None
        if self._ports.blobs is not None:
            blobs = {
                "max_bytes": config.blobs.max_bytes,
                "least_bytes": Pieces().least,
                "days": config.blobs.days,
            }
        return {
            "covey": __version__,
            "protocol": LABEL.strip(),
            "broker_id": self._ports.broker_id.hex(),
            "broker_key": certificate.head_key.broker_key.hex(),
            "incarnation": self._ports.incarnation.hex(),
            "hour": self._ports.clock.hour,
            "create": config.create,
            "enrol": config.enrol,
            "oidc_issuer": config.oidc.issuer if config.enrol == "oidc" else None,
            "oidc_audience": config.oidc.audience if config.enrol == "oidc" else None,
            "bundled": config.bundled,
            "retention_days": config.retention_days,
            "blobs": blobs,
            "limits": config.limits.model_dump(mode="json"),
        }

    async def show(self, _: Request) -> Response:
        """Answer with the facts."""
        return JSONResponse(self.facts())

    async def live(self, _: Request) -> Response:
        """Answer: the process runs."""
        return PlainTextResponse("live\n")

    async def ready(self, _: Request) -> Response:
        """Answer, if the database can be written to; otherwise the answer is an error."""
        await self._ports.store.write(None, lambda: birth.incarnation(self._ports.incarnation))
        return PlainTextResponse("ready\n")
