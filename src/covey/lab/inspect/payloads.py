"""What is inside of fields that the wire layer takes for numbers and bytes (RFC 9420 §5.3, §13).

May import structs, crypto's X.509 and the reader of outlines. The data of extensions that are
known, certificates, and the times of a lifetime.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.crypto.x509 import parse_chain
from covey.mls.structs.components import AppDataDictionary
from covey.mls.structs.credentials import Certificate
from covey.mls.structs.extensions import (
    ApplicationId,
    Extension,
    ExternalPub,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.tree import Lifetime, RatchetTreeNodes
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.outline import Explained, Outline
from covey.mls.wire.reading import read

if TYPE_CHECKING:
    from covey.mls.wire.outline import Explain, Place
    from covey.mls.wire.struct import WireStruct

EXTENSIONS: Final[dict[int, type[WireStruct]]] = {
    ExtensionType.application_id: ApplicationId,
    ExtensionType.ratchet_tree: RatchetTreeNodes,
    ExtensionType.required_capabilities: RequiredCapabilities,
    ExtensionType.external_pub: ExternalPub,
    ExtensionType.external_senders: ExternalSenders,
    ExtensionType.app_data_dictionary: AppDataDictionary,
}
"""The extensions whose data is a struct that is known."""


def explainer(fold: int | None) -> Explain:
    """Explains fields; vectors inside are folded after so many elements, or not at all."""

    def explain(place: Place) -> Explained | None:
        if place.owner is Extension and isinstance(place.value, bytes):
            return _extension(place, place.value, explain, fold)
        if place.owner is Certificate and isinstance(place.value, bytes):
            return _certificate(place.value, place.offset)
        if place.owner is Lifetime and isinstance(place.value, int):
            return Explained(f"{place.value} ({date(place.value)})")
        return None

    return explain


def date(seconds: int) -> str:
    """Seconds since the Unix epoch as a date in UTC."""
    try:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "beyond the year 9999"


def _extension(place: Place, data: bytes, explain: Explain, fold: int | None) -> Explained | None:
    struct = EXTENSIONS.get(place.before.get("extension_type", 0))
    if struct is None:
        return None
    reading = read(struct, data, explain=explain, fold=fold, base=place.offset)
    text = "" if reading.stop is None else f"no {struct.__name__}: {reading.stop}"
    return Explained(text or struct.__name__, reading.outline.parts)


def _certificate(der: bytes, offset: int) -> Explained:
    """What a certificate says about its holder; nothing of it is verified."""
    try:
        [found] = parse_chain([der])
        facts = {
            "subject": found.subject.rfc4514_string() or "empty",
            "issuer": found.issuer.rfc4514_string() or "empty",
            "serial_number": f"{found.serial_number:x}",
            "not_before": date(int(found.not_valid_before_utc.timestamp())),
            "not_after": date(int(found.not_valid_after_utc.timestamp())),
        }
    except (DecodeError, ValueError) as error:
        return Explained(f"no certificate: {error}")
    parts = [Outline(name, "X.509", offset, 0, text) for name, text in facts.items()]
    return Explained(facts["subject"], tuple(parts))
