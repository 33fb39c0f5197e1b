"""The compiler from declarations to codecs: one generated function each way per struct.

May import :mod:`covey.mls.wire.types`, :mod:`covey.mls.wire.hints`,
:mod:`covey.mls.wire.runtime`, :mod:`covey.mls.wire.varint` and :mod:`covey.errors`.

Why generated: a LeafNode with its parent decodes in 3.5 µs, against 20 and more through an
interpreter of descriptions (docs/adr/0001-codec.md). What the generated code relies on:

* reads only move forward, and a slice cannot over-allocate, so bounds are checked once, at
  the end: ``buf[pos]`` past the end is an IndexError, and whoever calls ``decode_at``
  compares the returned position with the length. ``decode_at`` is private for that reason.
* a vector of structs checks that it ends inside the buffer before its first element, so
  that a hostile length costs nothing.
* vectors of code points repeat from leaf to leaf; they are looked up by their bytes in a
  bounded table, which also makes all members share one tuple.
"""

from __future__ import annotations

import typing
from enum import IntEnum
from typing import Any, NamedTuple

from covey.errors import DecodeError
from covey.mls.wire.hints import mark_of, split, without_none
from covey.mls.wire.runtime import RUNTIME
from covey.mls.wire.types import Case, Fixed, Given, Opaque, Tagged, UInt
from covey.mls.wire.varint import header, read_header

_UNROLLED = 2  # integers up to this many bytes are assembled from single bytes
_FORMATS = {2: "H", 4: "I"}  # of the integers whose vectors are packed at once

Decoder = typing.Callable[..., tuple[Any, int]]
Encoder = typing.Callable[..., bytes]


class Codec(NamedTuple):
    """The two compiled functions of a struct."""

    decode_at: Decoder
    encode: Encoder


_codecs: dict[type[Any], Codec] = {}


def codec(cls: type[Any]) -> Codec:
    """The codec of a struct, compiled at its first use."""
    found = _codecs.get(cls)
    return found if found is not None else _compile(cls)


def encode_vector(items: tuple[Any, ...]) -> bytes:
    """``T items<V>``."""
    body = b"".join([codec(type(item)).encode(item) for item in items])
    return header(len(body)) + body


def decode_vector(cls: type[Any], data: bytes) -> tuple[Any, ...]:
    """``T items<V>``, all of ``data``."""
    decode_at = codec(cls).decode_at
    length, pos = read_header(data, 0)
    if pos + length != len(data):
        msg = f"vector of {cls.__name__} announces {length} bytes, has {len(data) - pos}"
        raise DecodeError(msg).of(rule="VAL-004", section="2.1.2")
    items = []
    try:
        while pos < len(data):
            item, pos = decode_at(data, pos)
            items.append(item)
    except IndexError:
        pos = -1
    if pos != len(data):
        msg = f"vector of {cls.__name__} does not end with its last element"
        raise DecodeError(msg).of(rule="VAL-005", section="2.1.2")
    return tuple(items)


def _compile(cls: type[Any]) -> Codec:
    hints = typing.get_type_hints(cls, include_extras=True)
    names = [name for name in cls.__struct_fields__ if name != "raw"]
    fields = [(name, hints[name]) for name in names]
    keeps_raw = "raw" in cls.__struct_fields__
    writer = _Writer(cls.__name__)
    given = "given" if _takes_given(fields) else ""
    namespace = writer.namespace
    namespace["_cls"] = cls
    source = writer.decoder(fields, given, keeps_raw=keeps_raw)
    source += writer.encoder(fields, given, keeps_raw=keeps_raw)
    exec(compile(source, f"<codec of {cls.__name__}>", "exec"), namespace)
    made = Codec(namespace["decode_at"], namespace["encode"])
    _codecs[cls] = made
    return made


def _takes_given(fields: list[tuple[str, Any]]) -> bool:
    return any(
        (isinstance(mark, Case) and mark.on == "given")
        or (isinstance(mark, Given) and mark.path == "given")
        for _, hint in fields
        for mark in getattr(hint, "__metadata__", ())
    )


class _Writer:
    """Writes the source of one struct's codec; ``namespace`` holds what it refers to."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.namespace: dict[str, Any] = dict(RUNTIME)
        self._count = 0

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"_{stem}{self._count}"

    def _bind(self, stem: str, value: Any) -> str:
        name = self._name(stem)
        self.namespace[name] = value
        return name

    # --- decoding -------------------------------------------------------------------

    def decoder(self, fields: list[tuple[str, Any]], given: str, *, keeps_raw: bool) -> str:
        lines = ["start = pos"] if keeps_raw else []
        for name, hint in fields:
            lines += self._decode(f"f_{name}", hint)
        arguments = [f"f_{name}" for name, _ in fields] + (["buf[start:pos]"] if keeps_raw else [])
        lines.append(f"return _cls({', '.join(arguments)}), pos")
        body = "\n".join(f"    {line}" for line in lines)
        return f"def decode_at(buf, pos{', given' if given else ''}):\n{body}\n"

    def _decode(self, target: str, hint: Any) -> list[str]:
        """Lines that read one value at ``pos`` into ``target``."""
        base, marks = split(hint)
        case = mark_of(marks, Case)
        if case is not None:
            return self._decode_case(target, base, case)
        tagged = mark_of(marks, Tagged)
        if tagged is not None:
            return self._decode_tagged(target, base, tagged)
        integer = mark_of(marks, UInt)
        if integer is not None:
            return self._decode_uint(target, integer.size)
        if mark_of(marks, Opaque) is not None:
            return [*self._decode_header(), f"{target} = buf[pos:pos + n]", "pos += n"]
        fixed = mark_of(marks, Fixed)
        if fixed is not None:
            return [f"{target} = buf[pos:pos + {fixed.length}]", f"pos += {fixed.length}"]
        inner = without_none(base)
        if inner is not None:
            return self._decode_optional(target, inner)
        if typing.get_origin(base) is tuple:
            return self._decode_vector(target, typing.get_args(base)[0])
        if isinstance(base, type) and issubclass(base, IntEnum):
            return self._decode_enum(target, base)
        given = mark_of(marks, Given)
        argument = f", {_given(given, 'f_')}" if given is not None else ""
        return [f"{target}, pos = {self._decoder_of(base)}(buf, pos{argument})"]

    def _decoder_of(self, cls: type[Any]) -> str:
        return self._bind("decode", codec(cls).decode_at)

    def _decode_header(self) -> list[str]:
        return [
            "n = buf[pos]",
            "if n < 64: pos += 1",
            "else: n, pos = _read_header(buf, pos)",
        ]

    def _decode_uint(self, target: str, size: int) -> list[str]:
        if size == 1:
            return [f"{target} = buf[pos]", "pos += 1"]
        if size == _UNROLLED:
            return [f"{target} = buf[pos] << 8 | buf[pos + 1]", "pos += 2"]
        return [f"{target} = int.from_bytes(buf[pos:pos + {size}])", f"pos += {size}"]

    def _decode_enum(self, target: str, enum: type[IntEnum]) -> list[str]:
        members = self._bind("members", {member.value: member for member in enum})
        return [
            f"{target} = {members}.get(buf[pos])",
            f"if {target} is None: _refuse_enum({enum.__name__!r}, buf[pos])",
            "pos += 1",
        ]

    def _decode_optional(self, target: str, inner: Any) -> list[str]:
        return [
            "n = buf[pos]",
            "pos += 1",
            "if n == 1:",
            *_indent(self._decode(target, inner)),
            f"elif n == 0: {target} = None",
            "else: _refuse_presence(n)",
        ]

    def _decode_case(self, target: str, base: Any, case: Case) -> list[str]:
        inner = without_none(base)
        return [
            f"if {_among('f_' + case.on if case.on != 'given' else 'given', case.values)}:",
            *_indent(self._decode(target, inner)),
            f"else: {target} = None",
        ]

    def _decode_tagged(self, target: str, base: Any, tagged: Tagged) -> list[str]:
        arms = {cls.tag: codec(cls).decode_at for cls in _arms(base, tagged)}
        table = self._bind("arms", arms)
        lines = self._decode_uint("tag", tagged.size)
        lines.append(f"arm = {table}.get(tag)")
        if tagged.other is None:
            refuse = f"_refuse_enum('tag of {self.owner}', tag, {tagged.check!r})"
            lines.append(f"if arm is None: {refuse}")
            return [*lines, f"{target}, pos = arm(buf, pos)"]
        other = self._decoder_of(tagged.other)
        back = f"pos - {tagged.size}"
        return [
            *lines,
            f"if arm is None: {target}, pos = {other}(buf, {back})",
            f"else: {target}, pos = arm(buf, pos)",
        ]

    def _decode_vector(self, target: str, element: Any) -> list[str]:
        marks = split(element)[1]
        integer = mark_of(marks, UInt)
        if integer is not None and integer.size == _UNROLLED:
            return [
                *self._decode_header(),
                "chunk = buf[pos:pos + n]",
                "pos += n",
                f"{target} = _code_points.get(chunk)",
                f"if {target} is None: {target} = _read_code_points(chunk)",
            ]
        if integer is not None and integer.size == 4:
            return [
                *self._decode_header(),
                f"{target} = _read_uint32s(buf[pos:pos + n], n)",
                "pos += n",
            ]
        items, end = self._name("items"), self._name("end")
        return [
            *self._decode_header(),
            f"{end} = pos + n",
            f"if {end} > len(buf): raise IndexError",
            f"{items} = []",
            f"while pos < {end}:",
            *_indent([*self._decode("item", element), f"{items}.append(item)"]),
            f"if pos != {end}: _refuse_overrun({self.owner!r})",
            f"{target} = tuple({items})",
        ]

    # --- encoding -------------------------------------------------------------------

    def encoder(self, fields: list[tuple[str, Any]], given: str, *, keeps_raw: bool) -> str:
        parts = [part for name, hint in fields for part in self._encode(f"v.{name}", hint)]
        early = "    if v.raw: return v.raw\n" if keeps_raw else ""
        joined = f"b''.join(({', '.join(parts)},))" if parts else "b''"
        return f"def encode(v{', given' if given else ''}):\n{early}    return {joined}\n"

    def _encode(self, source: str, hint: Any) -> list[str]:
        """Expressions whose bytes, joined, encode the value of ``source``."""
        base, marks = split(hint)
        case = mark_of(marks, Case)
        if case is not None:
            present = " + ".join(self._encode(source, without_none(base)))
            on = "given" if case.on == "given" else f"v.{case.on}"
            chosen = _among(on, case.values)
            return [f"({present} if {chosen} else b'' if {source} is None else _not_chosen())"]
        if mark_of(marks, Tagged) is not None:
            return self._encode_tagged(source, base, marks)
        integer = mark_of(marks, UInt)
        if integer is not None:
            return [f"{source}.to_bytes({integer.size})"]
        if mark_of(marks, Opaque) is not None:
            length = f"(_n := len({source}))"
            return [f"(_short[_n] if {length} < 64 else _header(_n))", source]
        fixed = mark_of(marks, Fixed)
        if fixed is not None:
            return [f"_exactly({source}, {fixed.length})"]
        inner = without_none(base)
        if inner is not None:
            present = " + ".join(self._encode(source, inner))
            return [f"(b'\\x00' if {source} is None else b'\\x01' + {present})"]
        if typing.get_origin(base) is tuple:
            return self._encode_vector(source, typing.get_args(base)[0])
        if isinstance(base, type) and issubclass(base, IntEnum):
            return [f"{source}.to_bytes(1)"]
        given = mark_of(marks, Given)
        argument = f", {_given(given, 'v.')}" if given is not None else ""
        encode = self._bind("encode", codec(base).encode)
        return [f"{encode}({source}{argument})"]

    def _encode_tagged(self, source: str, base: Any, marks: tuple[Any, ...]) -> list[str]:
        tagged = mark_of(marks, Tagged)
        assert tagged is not None
        arms = {
            cls: (cls.tag.to_bytes(tagged.size), codec(cls).encode) for cls in _arms(base, tagged)
        }
        if tagged.other is not None:
            arms[tagged.other] = (b"", codec(tagged.other).encode)
        table = self._bind("arms", arms)
        prefix, encode = f"{table}[type({source})][0]", f"{table}[type({source})][1]"
        return [prefix, f"{encode}({source})"]

    def _encode_vector(self, source: str, element: Any) -> list[str]:
        integer = mark_of(split(element)[1], UInt)
        if integer is not None and integer.size in _FORMATS:
            letter = _FORMATS[integer.size]
            size = f"len({source}) * {integer.size}"
            return [f"_header({size})", f"_pack(f'>{{len({source})}}{letter}', *{source})"]
        body, item = self._name("body"), self._name("item")
        encoded = " + ".join(self._encode(item, element))
        joined = f"({body} := b''.join([{encoded} for {item} in {source}]))"
        return [f"_header(len({joined}))", body]


def _given(mark: Given, prefix: str) -> str:
    return "given" if mark.path == "given" else prefix + mark.path


def _arms(base: Any, tagged: Tagged) -> list[type[Any]]:
    return [cls for cls in typing.get_args(base) if cls is not tagged.other]


def _among(subject: str, values: tuple[int, ...]) -> str:
    if len(values) == 1:
        return f"{subject} == {int(values[0])}"
    return f"{subject} in {tuple(int(value) for value in values)}"


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
