"""The OpenAPI file of the broker, made of the tables of the protocol.

``python tests/openapi.py`` writes it anew. What only prose could say before stands here: which
operation can answer with which code.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from covey.access.operations import OPERATIONS, Operation, Plane
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.basics import Signed
from covey.access.structs.log import EpochClosed

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"
STRUCT = "application/octet-stream"

ALWAYS = (Code.malformed, Code.wrong_plane, Code.too_large, Code.broken, Code.unavailable)
OF_DEVICES = (Code.unauthenticated, Code.stale_proof, Code.account_unknown)
OF_EPOCHS = (Code.proof_refused, Code.group_unknown, Code.epoch_unknown, Code.gone)
OF_INBOXES = (Code.stale_proof, Code.proof_refused, Code.inbox_unknown)
OF_SHELVES = (Code.bad_key_package, Code.key_package_known, Code.full, Code.idem_mismatch)

CODES: dict[str, tuple[Code, ...]] = {
    "challenge": (),
    "enrol": (
        Code.unauthenticated, Code.stale_proof, Code.enrolment_refused, Code.handle_taken,
        Code.over_quota, Code.issuer_unavailable,
    ),
    "authenticate": OF_DEVICES,
    "add_device": (*OF_DEVICES, Code.handle_taken, Code.full),
    "remove_device": OF_DEVICES,
    "devices": OF_DEVICES,
    "publish": (*OF_DEVICES, *OF_SHELVES),
    "stock": OF_DEVICES,
    "claim": (*OF_DEVICES, Code.nothing_to_claim, Code.over_quota, Code.idem_mismatch),
    "create_inbox": (*OF_DEVICES, Code.inbox_exists, Code.over_quota),
    "put_on_shelf": (*OF_DEVICES, *OF_SHELVES),
    "create": (Code.proof_refused, Code.over_quota, Code.invite_needed, Code.group_exists),
    "append": (
        *OF_EPOCHS, Code.epoch_closed, Code.over_quota, Code.idem_mismatch, Code.parcel_exists,
        Code.not_offered, Code.not_claimed,
    ),
    "read": (*OF_EPOCHS, Code.stale_proof),
    "heads": (),
    "parcels": (Code.parcel_unknown,),
    "pointers": (*OF_EPOCHS, Code.stale_proof),
    "take_from_shelf": (Code.nothing_to_claim, Code.over_quota, Code.idem_mismatch),
    "post": (Code.inbox_unknown, Code.not_claimed, Code.full, Code.over_quota),
    "post_note": (Code.inbox_unknown, Code.idem_mismatch, Code.full, Code.over_quota),
    "fetch": OF_INBOXES,
    "expect": OF_INBOXES,
    "set_slots": OF_INBOXES,
    "knock": (
        Code.proof_refused, Code.capability_refused, Code.parcel_exists, Code.full, Code.over_quota,
    ),
    "knocks": (*OF_EPOCHS, Code.stale_proof, Code.epoch_passed),
    "begin_blob": (
        *OF_EPOCHS, Code.not_offered, Code.over_quota, Code.blob_exists, Code.epoch_passed,
    ),
}  # fmt: skip
"""What each operation can be refused with, besides ALWAYS."""

OF_BLOBS = (
    Code.malformed, Code.wrong_plane, Code.not_offered, Code.blob_unknown, Code.broken,
    Code.unavailable,
)  # fmt: skip


def document() -> dict[str, Any]:
    """The whole file."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "covey broker",
            "version": "1",
            "description": (
                "What a blind broker answers. Requests and answers are structs in the"
                " presentation language of TLS, errors are JSON. Anything else is answered with"
                " 404 and the code unknown_operation. One connection serves one plane only."
            ),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8440"}],
        "tags": [{"name": each.value, "description": inspect.cleandoc(_PLANES[each])}
                 for each in Plane],
        "paths": {
            **{f"/v1/{name}": {"post": _operation(name)} for name in OPERATIONS},
            "/v1/subscribe": {"get": _subscribe()},
            "/v1/blobs/{blob}": _blobs(),
            "/.well-known/covey": {"get": _about()},
            "/livez": {"get": _plain("live", "The process runs.")},
            "/readyz": {"get": _plain("ready", "The database can be written to.",
                                      (Code.broken, Code.unavailable))},
        },
        "components": {
            "schemas": {
                **{each.__name__: _schema(each) for each in _structs()},
                "Error": _ERROR,
                "About": _ABOUT,
            },
            "securitySchemes": {
                "device": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "hex",
                    "description": "The token that enrol or authenticate gave, on its connection.",
                },
                "upload": {
                    "type": "apiKey", "in": "header", "name": "covey-ticket",
                    "description": "The ticket that begin_blob gave, in hex, on its connection.",
                },
            },
        },
    }  # fmt: skip


_PLANES = {
    Plane.identity: "A device speaks, by its key.",
    Plane.group: "Nobody says who speaks; a request with credentials is refused.",
    Plane.both: "Says nothing about who speaks.",
}

_TOKEN: list[dict[str, list[str]]] = [{"device": []}]

_ERROR = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "enum": [each.value for each in Code]},
        "sentence": {"type": "string"},
    },
    "required": ["code", "sentence"],
    "additionalProperties": False,
}

_HEX = {"type": "string", "pattern": "^[0-9a-f]+$"}
_COUNT = {"type": "integer", "minimum": 0}
_ABOUT = {
    "type": "object",
    "properties": {
        "covey": {"type": "string", "description": "The version of the program."},
        "protocol": {"const": "covey access 1"},
        "broker_id": {**_HEX, "description": "SHA-256 of broker_key; clients pin it."},
        "broker_key": _HEX,
        "incarnation": {**_HEX, "description": "Another one after a restore from a copy."},
        "hour": {**_COUNT, "description": "By its clock, in hours since 1970-01-01T00:00Z."},
        "create": {"enum": ["open", "invite"]},
        "enrol": {"enum": ["open", "invite", "oidc"]},
        "oidc_issuer": {"type": ["string", "null"]},
        "oidc_audience": {"type": ["string", "null"]},
        "bundled": {"type": "boolean"},
        "retention_days": _COUNT,
        "blobs": {
            "type": ["object", "null"],
            "properties": {"max_bytes": _COUNT, "days": _COUNT},
            "required": ["max_bytes", "days"],
        },
        "limits": {"type": "object", "additionalProperties": _COUNT},
    },
    "required": ["protocol", "broker_id", "broker_key", "incarnation", "limits"],
    "additionalProperties": False,
}


def _structs() -> list[type]:
    """Every struct that is a body, once."""
    bodies = [body for each in OPERATIONS.values() for body in (each.request, each.answer)]
    return list(dict.fromkeys([Signed, EpochClosed, *bodies]))


def _schema(struct: type) -> dict[str, Any]:
    text = inspect.cleandoc(struct.__doc__ or "")
    return {"title": struct.__name__, "contentMediaType": STRUCT, "description": text}


def _operation(name: str) -> dict[str, Any]:
    operation = OPERATIONS[name]
    request = Signed if operation.label else operation.request
    made: dict[str, Any] = {
        "operationId": name,
        "tags": [operation.plane.value],
        "summary": _summary(operation),
        "requestBody": {
            "required": request.__name__ != "Nothing",
            "content": {STRUCT: _reference(request.__name__)},
        },
        "responses": {
            "200": _body(operation.answer),
            **_refusals((*ALWAYS, *CODES[name])),
        },
    }
    if operation.label:
        made["x-covey-signed"] = {"struct": operation.request.__name__, "label": operation.label}
    if operation.token:
        made["security"] = _TOKEN
    return made


def _summary(operation: Operation) -> str:
    return inspect.cleandoc(operation.request.__doc__ or "").splitlines()[0]


def _reference(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def _body(struct: type) -> dict[str, Any]:
    first = inspect.cleandoc(struct.__doc__ or "").splitlines()[0]
    return {"description": first, "content": {STRUCT: _reference(struct.__name__)}}


def _refusals(codes: tuple[Code, ...]) -> dict[str, Any]:
    """The responses that are refusals, by status."""
    by_status: dict[str, list[Code]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(str(REFUSALS[code].status), []).append(code)
    return {status: _refusal(found) for status, found in sorted(by_status.items())}


def _refusal(codes: list[Code]) -> dict[str, Any]:
    told = "\n".join(f"- `{code}`: {REFUSALS[code].sentence}" for code in codes)
    errors = [code.value for code in codes if code is not Code.epoch_closed]
    content: dict[str, Any] = {}
    if errors:
        schema = {"allOf": [_reference("Error")["schema"]],
                  "properties": {"code": {"enum": errors}}}  # fmt: skip
        content["application/json"] = {"schema": schema}
    if Code.epoch_closed in codes:
        content[STRUCT] = _reference("EpochClosed")
    made: dict[str, Any] = {"description": told, "content": content}
    if Code.over_quota in codes:
        made["headers"] = {"retry-after": _header("Seconds after which to try again.")}
    return made


def _header(what: str) -> dict[str, Any]:
    return {"description": what, "schema": {"type": "integer", "minimum": 0}}


# --- what is no operation ------------------------------------------------------------------


def _subscribe() -> dict[str, Any]:
    return {
        "operationId": "subscribe",
        "tags": ["group"],
        "summary": "A WebSocket on which entries come as they are appended.",
        "description": "Its messages are ClientFrame and ServerFrame of docs/broker-protocol.md.",
        "responses": {
            "101": {"description": "The connection is a WebSocket from now on."},
            "404": _refusal([Code.unknown_operation]),
        },
    }


def _blobs() -> dict[str, Any]:
    received = {"covey-received": _header("How many bytes of the blob are there.")}
    whole = {STRUCT: {"schema": {"contentMediaType": STRUCT}}}
    partial = {**received, "content-range": {"schema": {"type": "string"}}}
    placed = _refusals((*OF_BLOBS, Code.stale_proof, Code.wrong_offset, Code.too_large))
    for status in ("409", "413"):
        placed[status]["headers"] = received
    return {
        "parameters": [
            {"name": "blob", "in": "path", "required": True,
             "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
        ],
        "put": {
            "operationId": "put_blob",
            "tags": ["group"],
            "summary": "Appends bytes to a blob that was begun on this connection.",
            "security": [{"upload": []}],
            "parameters": [
                {"name": "offset", "in": "query", "required": True,
                 "description": "How much of the blob is there.",
                 "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}},
            ],
            "requestBody": {"required": True, "content": whole},
            "responses": {
                "204": {"description": "They are kept.", "headers": received},
                **placed,
            },
        },
        "get": {
            "operationId": "get_blob",
            "tags": ["group"],
            "summary": "Reads a blob that is complete.",
            "parameters": [
                {"name": "range", "in": "header",
                 "description": "One range of bytes, with its first byte.",
                 "schema": {"type": "string", "pattern": "^bytes=[0-9]{1,18}-([0-9]{1,18})?$"}},
            ],
            "responses": {
                "200": {"description": "All of it.", "headers": received, "content": whole},
                "206": {"description": "A range of it.", "headers": partial, "content": whole},
                **_refusals(OF_BLOBS),
            },
        },
        "head": {
            "operationId": "head_blob",
            "tags": ["group"],
            "summary": "Says how far a blob is, and how large it will be.",
            "responses": {
                "200": {"description": "In its headers.", "headers": received},
                **{status: {"description": each["description"]}
                   for status, each in _refusals(OF_BLOBS).items()},
            },
        },
    }  # fmt: skip


def _about() -> dict[str, Any]:
    answer = {"application/json": _reference("About")}
    return {
        "operationId": "about",
        "tags": ["both"],
        "summary": "Who the broker is, what it offers, and its limits.",
        "responses": {"200": {"description": "The facts.", "content": answer}},
    }


def _plain(name: str, what: str, codes: tuple[Code, ...] = ()) -> dict[str, Any]:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": name,
        "tags": ["both"],
        "summary": what,
        "responses": {"200": {"description": what, "content": text}, **_refusals(codes)},
    }


def as_text() -> str:
    """The file's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), encoding="utf-8")
