"""RFC 9420 §2.1, §6: encodings that say the same in another way. May import the forge.

Each is part of a message that a member has signed as it is, so that the encoding alone is
what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.encoding import (
    REQUIRING_NOTHING,
    adding_rewritten,
    adds,
    in_runtime,
    proposing_a_removal,
    rewriting_commits,
    rewritten,
    tree_that_begins_with,
)
from covey.lab.adversary.taking_out import altering, recompiled
from covey.lab.adversary.victims import Trial
from covey.mls.structs.framing import PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import GroupContextExtensions, Remove
from covey.mls.structs.welcome import PathSecret
from covey.mls.wire import compiler
from covey.mls.wire.code_points import ProtocolVersion
from covey.mls.wire.varint import header, opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.structs.framing import FramedContent


def _header_of_nothing(stage: Stage, written: bytes) -> Trial:
    """A proposal, the header of whose empty authenticated_data is written in another way."""
    content = proposing_a_removal(stage)
    start = len(opaque(content.group_id)) + 8 + len(content.sender.encode())
    assert content.raw[start : start + 1] == header(0)
    raw = content.raw[:start] + written + content.raw[start + 1 :]
    bad = forge.public_message(stage.mallory, content.replace(raw=raw))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


# --- VAL-001: optional values -----------------------------------------------------------------


def _any_presence(original: Callable[..., Any]) -> Callable[..., Any]:
    def lines(*given: Any) -> list[str]:  # noqa: ANN401 - whatever the compiler is given
        made: list[str] = original(*given)
        return ["if n:" if line == "if n == 1:" else line for line in made]

    return lines


ANY_PRESENCE = recompiled(("wire.compiler:_Writer._decode_optional", _any_presence))


@breaks("VAL-001", instead=ANY_PRESENCE)
def a_path_whose_presence_is_2(stage: Stage) -> Trial:
    """The octet before the UpdatePath of a commit is neither 0 nor 1."""

    def present(content: FramedContent) -> tuple[bytes, bytes]:
        assert content.commit is not None
        assert content.commit.path is not None
        path = content.commit.path.encode()
        return b"\x01" + path, b"\x02" + path

    bad = forge.committed(stage.mallory, update=True, under=rewriting_commits(present))
    return Trial(stage.victim(), bad.message, stage.mallory.commit(update=True).message)


@breaks("VAL-001", instead=ANY_PRESENCE)
def a_node_whose_presence_is_2(stage: Stage) -> Trial:
    """The octet before the first leaf of a ratchet tree is neither 0 nor 1."""
    return tree_that_begins_with(stage, b"\x02\x01")


@breaks("VAL-001", instead=ANY_PRESENCE)
def a_path_secret_whose_presence_is_2(stage: Stage) -> Trial:
    """The octet before the path secret of a Welcome is neither 0 nor 1."""

    def otherwise(original: Callable[..., bytes]) -> Callable[..., bytes]:
        def encode(struct: object, *given: int) -> bytes:
            encoded = original(struct, *given)
            secret = getattr(struct, "path_secret", None)
            if not isinstance(secret, PathSecret):
                return encoded
            return encoded.replace(b"\x01" + secret.encode(), b"\x02" + secret.encode())

        return encode

    client, package = stage.newcomer()
    lax = altering(("wire.struct:WireStruct.encode", otherwise))
    bad = forge.committed(stage.mallory, add=[package.message], path=True, under=lax)
    good = stage.mallory.commit(add=[package.message], path=True)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


# --- VAL-002, VAL-003: headers ----------------------------------------------------------------


def _lax_header(original: Callable[..., Any]) -> Callable[..., Any]:
    def read(buf: bytes, pos: int) -> tuple[int, int]:
        size = {1: 2, 2: 4}.get(buf[pos] >> 6)
        if size is not None:
            return int.from_bytes(buf[pos : pos + size]) & (1 << 8 * size - 2) - 1, pos + size
        found: tuple[int, int] = original(buf, pos)
        return found

    return read


ANY_LENGTH = recompiled(in_runtime("_read_header", _lax_header))


@breaks("VAL-002", instead=ANY_LENGTH)
def a_header_that_is_longer_than_needed(stage: Stage) -> Trial:
    """The header of an empty vector takes two bytes where one is enough."""
    return _header_of_nothing(stage, (1 << 14).to_bytes(2))


@breaks("VAL-002", instead=ANY_LENGTH)
def a_header_that_is_much_longer_than_needed(stage: Stage) -> Trial:
    """The header of an empty vector takes four bytes where one is enough."""
    return _header_of_nothing(stage, (1 << 31).to_bytes(4))


def _as_in_quic(original: Callable[..., Any]) -> Callable[..., Any]:
    def read(buf: bytes, pos: int) -> tuple[int, int]:
        if buf[pos] >> 6 == 3:
            return int.from_bytes(buf[pos : pos + 8]) & (1 << 62) - 1, pos + 8
        found: tuple[int, int] = original(buf, pos)
        return found

    return read


@breaks("VAL-003", instead=recompiled(in_runtime("_read_header", _as_in_quic)))
def a_header_of_eight_bytes(stage: Stage) -> Trial:
    """The header of an empty vector begins with the bits 11, as QUIC writes eight bytes."""
    return _header_of_nothing(stage, (0b11 << 62).to_bytes(8))


# --- VAL-004, VAL-005, VAL-006: where things end ----------------------------------------------


def _as_far_as_it_goes(_: object) -> object:
    def decode(cls: type[Any], data: bytes) -> object:
        return compiler.codec(cls).decode_at(data, 0)[0]

    return classmethod(decode)


CUT_OFF = altering(("wire.struct:WireStruct.decode", _as_far_as_it_goes))


@breaks("VAL-004", instead=CUT_OFF)
def a_vector_that_announces_a_gigabyte(stage: Stage) -> Trial:
    """The membership tag, the end of a message, announces more bytes than there are."""
    good = forge.public_message(stage.mallory, proposing_a_removal(stage))
    inner = MLSMessage.decode(good).message
    assert isinstance(inner, PublicMessage)
    assert inner.membership_tag is not None
    tag = inner.membership_tag
    bad = good[: -len(opaque(tag))] + b"\xbf\xff\xff\xff" + tag
    return Trial(stage.victim(), bad, good)


@breaks("VAL-004", instead=CUT_OFF)
def a_key_package_that_is_cut_off(stage: Stage) -> Trial:
    """The signature of a KeyPackage that is to be added announces more bytes than there are."""
    _, package = stage.newcomer()
    good = package.message
    signature = package.package.signature
    start = len(good) - len(signature)
    announced = int.from_bytes(good[start - 2 : start]) + 1
    bad = good[: start - 2] + announced.to_bytes(2) + signature
    return Trial(stage.sender(adds), bad, good)


ANY_OVERRUN = recompiled(in_runtime("_refuse_overrun", lambda _: lambda _: None))


@breaks("VAL-005", instead=ANY_OVERRUN)
def an_element_that_is_longer_than_its_vector(stage: Stage) -> Trial:
    """The only extension of a vector ends behind the end of the vector."""
    extensions = (REQUIRING_NOTHING,)
    content = forge.proposal_content(stage.mallory, GroupContextExtensions(extensions))
    inside = REQUIRING_NOTHING.encode()
    short = header(len(inside) - 1) + inside
    bad = forge.public_message(stage.mallory, rewritten(content, opaque(inside), short))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


def _without_the_rest(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda data: original(data[: len(data) & ~1])


@breaks("VAL-005", instead=recompiled(in_runtime("_read_code_points", _without_the_rest)))
def half_a_code_point(stage: Stage) -> Trial:
    """The versions of a newcomer's capabilities take three bytes, two for each."""
    _, package = stage.newcomer()
    capabilities = package.package.leaf_node.capabilities.encode()
    versions = opaque(ProtocolVersion.mls10.to_bytes(2))
    assert capabilities.startswith(versions)
    longer = opaque(ProtocolVersion.mls10.to_bytes(2) + b"\x00") + capabilities[len(versions) :]
    return adding_rewritten(stage, capabilities, longer, package)


def _any_end(_: object) -> object:
    def decode(cls: type[Any], data: bytes) -> object:
        return cls.decode_prefix(data)[0]

    return classmethod(decode)


ANY_END = altering(("wire.struct:WireStruct.decode", _any_end))


@breaks("VAL-006", instead=ANY_END)
def bytes_after_the_end(stage: Stage) -> Trial:
    """A byte follows the message."""
    good = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    return Trial(stage.victim(), good + b"\x00", good)


@breaks("VAL-006", instead=ANY_END)
def bytes_after_a_welcome(stage: Stage) -> Trial:
    """A byte follows a Welcome."""
    client, package = stage.newcomer()
    good = stage.mallory.commit(add=[package.message]).welcome
    return Trial(stage.joiner(client, package), good + b"\x00", good)


@breaks("VAL-006", instead=ANY_END)
def bytes_after_a_group_info(stage: Stage) -> Trial:
    """A byte follows a GroupInfo."""
    good = stage.mallory.group_info()
    return Trial(stage.outsider(), good + b"\x00", good)


@breaks("VAL-006", instead=ANY_END)
def bytes_after_a_key_package(stage: Stage) -> Trial:
    """A byte follows a KeyPackage that is to be added."""
    _, package = stage.newcomer()
    return Trial(stage.sender(adds), package.message + b"\x00", package.message)


@breaks("VAL-006", instead=ANY_END, named="VAL-024")
def bytes_after_an_extension_of_the_group(stage: Stage) -> Trial:
    """A byte follows the data of the required_capabilities that a commit sets."""
    good = REQUIRING_NOTHING
    longer = good.replace(extension_data=good.extension_data + b"\x00")
    bad = forge.committed(stage.mallory, extensions=[longer], under=ANY_END)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(extensions=[good]).message)


@breaks("VAL-006", instead=ANY_END, named="VAL-024")
def a_group_whose_extension_has_bytes_after_it(stage: Stage) -> Trial:
    """A byte follows the data of the required_capabilities of a group that one could join."""
    good = REQUIRING_NOTHING
    longer = good.replace(extension_data=good.extension_data + b"\x00")
    with ANY_END():
        bad = forge.committed(stage.mallory, extensions=[longer]).group_info()
    return Trial(stage.outsider(), bad, stage.mallory.commit(extensions=[good]).group_info())
