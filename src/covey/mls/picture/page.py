"""Groups, trees, events and structs as HTML, for notebooks (Jupyter's ``_repr_html_``).

May import this folder and the outline of the wire layer; knows nothing of groups, which hand
in what is to be seen. Everything that a peer may have written is escaped, and nothing secret is
handed in: a field that shows itself does so by its own ``_repr_html_``, anything else by its
``repr``, which hides secrets everywhere in covey.
"""

from __future__ import annotations

from functools import singledispatch
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from covey.mls.picture.drawing import svg
from covey.mls.picture.names import clipped, name_of, short, text_of
from covey.mls.rules.proposal_list import Sent
from covey.mls.wire.code_points import CipherSuite, ExtensionType
from covey.mls.wire.declared import code_point_name
from covey.mls.wire.reading import read
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.wire.outline import Outline

MEMBERS: Final = 100
"""Members that the table of a group lists."""

_FOLD: Final = 32  # elements of a vector that an outline lists
_OPEN: Final = 2  # levels of an outline that are open at first
_TEXT: Final = 400  # columns of what a message says

_STYLE: Final = """<style>
.covey { font: 13px/1.5 system-ui, sans-serif; }
.covey table { border-collapse: collapse; margin: 4px 0; }
.covey th, .covey td { text-align: left; vertical-align: top; padding: 2px 14px 2px 0; }
.covey th { font-weight: 600; }
.covey details { margin-left: 4px; }
.covey .in { margin-left: 18px; }
.covey summary { cursor: pointer; }
.covey .dim { opacity: 0.65; }
.covey code { font-family: ui-monospace, monospace; }
</style>"""


@runtime_checkable
class Shown(Protocol):
    """What shows itself in a notebook."""

    def _repr_html_(self) -> str: ...


def of_tree(tree: RatchetTree) -> str:
    """A ratchet tree (§4.1)."""
    return _page(svg(tree))


def of_group(
    context: GroupContext,
    tree: RatchetTree,
    *,
    own: int | None = None,
    notes: Mapping[str, object] | None = None,
) -> str:
    """A group: its GroupContext, its members and its tree (§8.1).

    Args:
        context: The GroupContext.
        tree: The tree.
        own: Our leaf index, when we are a member; it is highlighted.
        notes: What else is to be said, by name.
    """
    types = [code_point_name(ExtensionType, each.extension_type) for each in context.extensions]
    said: dict[str, object] = {
        "cipher suite": _Code(code_point_name(CipherSuite, context.cipher_suite)),
        "epoch": context.epoch,
        "members": f"{tree.census.members:,}",
        "extensions": ", ".join(types) or "none",
        "tree_hash": _Code(short(context.tree_hash)),
        "confirmed_transcript_hash": _Code(short(context.confirmed_transcript_hash) or "empty"),
        **(notes or {}),
    }
    highlight = own if own is not None and tree.leaf(own) is not None else None
    parts = [
        f"<b>Group {escape(clipped(text_of(context.group_id), _TEXT))}</b>",
        _fields(said),
        _details("Members", _members(tree, own)),
        _details("Ratchet tree", svg(tree, highlight=highlight), is_open=True),
    ]
    return _page("".join(parts))


def of_fields(title: str, fields: Mapping[str, object]) -> str:
    """Something as a table of what it consists of."""
    return _page(f"<b>{escape(title)}</b>{_fields(fields)}")


def of_member(index: int, credential: Credential, signature_key: bytes) -> str:
    """A member, in one line."""
    name = escape(name_of(credential))
    key = f'<span class="dim">signature key <code>{short(signature_key)}</code></span>'
    return _page(f"leaf {index} <b>{name}</b> {key}")


def of_struct(value: WireStruct) -> str:
    """A struct, field by field; its ``repr`` where it has no encoding of its own (§2.1)."""
    return _page(_struct(value, 0))


def _struct(value: WireStruct, depth: int) -> str:
    try:
        encoded = value.encode()
    except ValueError:
        return f"<code>{escape(repr(value))}</code>"
    return _outline(read(type(value), encoded, fold=_FOLD).outline, depth)


class _Code(str):
    """Text to be written in a typewriter's letters."""

    __slots__ = ()


def _page(content: str) -> str:
    return f'{_STYLE}<div class="covey">{content}</div>'


def _fields(fields: Mapping[str, object]) -> str:
    rows = (
        f"<tr><th>{escape(name)}</th><td>{_value(value)}</td></tr>"
        for name, value in fields.items()
    )
    return f"<table>{''.join(rows)}</table>"


@singledispatch
def _value(value: object) -> str:
    """A value of a field, by what it is."""
    if isinstance(value, Shown):
        return value._repr_html_().removeprefix(_STYLE)
    return escape(repr(value))


@_value.register
def _(value: None) -> str:
    del value
    return "none"


@_value.register
def _(value: bool) -> str:  # noqa: FBT001 - it is what is shown
    return "yes" if value else "no"


@_value.register
def _(value: str) -> str:
    shown = escape(value)
    return f"<code>{shown}</code>" if isinstance(value, _Code) else shown


@_value.register
def _(value: bytes) -> str:
    return escape(clipped(text_of(value), _TEXT))


@_value.register
def _(value: tuple) -> str:  # type: ignore[type-arg]
    return "".join(f"<div>{_value(each)}</div>" for each in value) or "none"


@_value.register
def _(value: WireStruct) -> str:
    return _struct(value, _OPEN)


@_value.register
def _(value: Sent) -> str:
    return f"{_value(value.proposal)}{_sender(value)}"


def _sender(sent: Sent) -> str:
    """Who sent a proposal, and how."""
    sender = sent.sender
    who = f"leaf {sender.leaf_index}" if sender.leaf_index is not None else sender.sender_type.name
    how = "by value" if sent.reference is None else "by reference"
    return f'<div class="in dim">of {who}, {how}</div>'


def _members(tree: RatchetTree, own: int | None) -> str:
    rows = ["<tr><th>leaf</th><th>member</th><th>signature key</th><th>leaf from</th></tr>"]
    for index, leaf in islice(tree.members(), MEMBERS):
        name = escape(name_of(leaf.credential))
        we = " <b>(we)</b>" if index == own else ""
        rows.append(
            f"<tr><td>{index}</td><td>{name}{we}</td>"
            f"<td><code>{short(leaf.signature_key)}</code></td>"
            f"<td>{leaf.leaf_node_source.name}</td></tr>"
        )
    more = tree.census.members - MEMBERS
    if more > 0:
        rows.append(f'<tr><td></td><td colspan="3">and {more:,} more</td></tr>')
    return f"<table>{''.join(rows)}</table>"


def _outline(part: Outline, depth: int) -> str:
    """A part of an encoding, and what it consists of."""
    value = f" {escape(part.value)}" if part.value else ""
    size = "1 byte" if part.length == 1 else f"{part.length:,} bytes"
    where = f"{size} at {part.offset:,}"
    if part.type != part.name:
        where = f"{part.type}, {where}"
    if part.section:
        where += f", §{part.section}" if part.section[0].isdigit() else f", {part.section}"
    said = f'<b>{escape(part.name)}</b>{value} <span class="dim">{escape(where)}</span>'
    if not part.parts:
        return f'<div class="in">{said}</div>'
    inside = "".join(_outline(each, depth + 1) for each in part.parts)
    return _details(said, inside, is_open=depth < _OPEN)


def _details(summary: str, content: str, *, is_open: bool = False) -> str:
    """What can be opened and closed; both parts are HTML already."""
    attribute = " open" if is_open else ""
    return (
        f'<details{attribute}><summary>{summary}</summary><div class="in">{content}</div></details>'
    )
