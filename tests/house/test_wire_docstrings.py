"""The annotations of every wire struct say what the RFC's block in its docstring says."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import types
import typing
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

import covey.access.structs
import covey.mls.structs
from covey.access.structs.basics import Proof
from covey.access.structs.live import ClientFrame, ServerFrame
from covey.mls.structs.credentials import Credential
from covey.mls.structs.proposals import Proposal
from covey.mls.structs.tree import Node
from covey.mls.wire import code_points
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Fixed, Given, Opaque, Tagged, UInt
from presentation import Declaration, Field, read

MODULES = [
    importlib.import_module(f"{package.__name__}.{module.name}")
    for package in (covey.mls.structs, covey.access.structs)
    for module in pkgutil.iter_modules(package.__path__)
]

STRUCTS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, WireStruct) and value is not WireStruct
    },
    key=lambda cls: (cls.__name__, cls.__module__),
)


def _name(cls: type[WireStruct]) -> str:
    """The name of a struct, with its file: two chapters may use the same word."""
    return f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"


# Types of the RFC that are other names: of byte strings, and of code points of open registries.
BYTE_STRINGS = {
    "HPKEPublicKey", "SignaturePublicKey", "MAC", "KeyPackageRef", "ProposalRef",
}  # fmt: skip
CODE_POINTS = {
    "ProtocolVersion", "CipherSuite", "ExtensionType", "ProposalType", "CredentialType",
    "WireFormat", "ComponentID",
}  # fmt: skip

UNIONS = {"Credential": Credential, "Proposal": Proposal, "Node": Node}

# The access protocol tells its union and its frames apart by numbers, which have no names.
NUMBERED = {"Proof": Proof}
FRAMES = [ClientFrame, ServerFrame]

# They are no struct of the RFC: an arm of a select, written as a struct of its own, or a
# frame around a union.
WITHOUT_BLOCK = {
    "BasicCredential": [Field("opaque<V>", "identity")],
    "X509Credential": [Field("Certificate<V>", "certificates")],
    "UnknownCredential": [Field("CredentialType", "credential_type"), Field("opaque<V>", "data")],
    "UnknownProposal": [Field("ProposalType", "proposal_type"), Field("opaque<V>", "data")],
    "ProposalFrame": [Field("Proposal", "proposal")],
}


def _normal(kind: str) -> str:
    """A type of the RFC without its second name."""
    if kind in BYTE_STRINGS:
        return "opaque<V>"
    base = kind.removesuffix("<V>")
    return "uint16" + kind[len(base) :] if base in CODE_POINTS else kind


def _type_of(hint: Any) -> str:  # noqa: ANN401, PLR0911 - an annotation; one return a kind
    """An annotation in the presentation language."""
    for name, union in {**UNIONS, **NUMBERED}.items():
        if hint == union:
            return name
    base, marks = hint, ()
    if typing.get_origin(hint) is typing.Annotated:
        base, *rest = typing.get_args(hint)
        marks = tuple(rest)
    for mark in marks:
        match mark:
            case UInt(size):
                return f"uint{8 * size}"
            case Opaque():
                return "opaque<V>"
            case Fixed(length):
                return f"opaque[{length}]"
            case _:
                continue
    if typing.get_origin(base) is tuple:
        return f"{_type_of(typing.get_args(base)[0])}<V>"
    inner = _present(base)
    if inner is not base:
        return f"optional<{_type_of(inner)}>"
    assert isinstance(base, type), base
    return base.__name__


def _present(hint: Any) -> Any:  # noqa: ANN401 - an annotation has no static type
    """``T`` of ``T | None``; any other annotation as it is."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    rest = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    return rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007


def _declared(cls: type[WireStruct]) -> list[Field]:
    """The fields of a struct, as its annotations say."""
    fields = []
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if name not in cls.__struct_fields__ or name == "raw":
            continue
        marks = hint.__metadata__ if typing.get_origin(hint) is typing.Annotated else ()
        case = next((mark for mark in marks if isinstance(mark, Case)), None)
        if case is None:
            fields.append(Field(_type_of(hint), name))
        else:
            names = tuple(value.name for value in case.values if isinstance(value, IntEnum))
            inner = _present(typing.get_args(hint)[0])
            fields.append(Field(_type_of(inner), name, (case.on, names)))
    return fields


def _as_written(cls: type[WireStruct], declaration: Declaration) -> list[Field]:
    """The fields of the RFC's block, normalised to compare with annotations."""
    given = _selects_outside(cls)
    fields = []
    for kind, name, only in declaration.fields:
        if kind == "opaque[length_of_padding]":
            continue  # whoever decodes checks the rest of the plaintext
        where = None if only is None else ("given" if given else only[0], only[1])
        # An arm that only names its type carries a struct of that name.
        fields.append(Field(_normal(kind), name, where))
    return fields


def _selects_outside(cls: type[WireStruct]) -> bool:
    """Whether the selects of a struct look at a field outside of it."""
    hints = typing.get_type_hints(cls, include_extras=True).values()
    marks = [mark for hint in hints for mark in getattr(hint, "__metadata__", ())]
    return any(
        (isinstance(mark, Case) and mark.on == "given")
        or (isinstance(mark, Given) and mark.path == "given")
        for mark in marks
    )


@pytest.mark.parametrize(
    "cls",
    [cls for cls in STRUCTS if cls.__name__ != "MLSMessage" and cls not in FRAMES],
    ids=_name,
)
def test_annotations_are_the_block(cls: type[WireStruct]) -> None:
    declaration = read(inspect.getdoc(cls) or "")
    if cls.__name__ in WITHOUT_BLOCK:
        assert declaration is None
        expected = [
            field._replace(type=_normal(field.type)) for field in WITHOUT_BLOCK[cls.__name__]
        ]
    else:
        assert declaration is not None, "the docstring holds no block"
        assert declaration.name in (None, cls.__name__)
        expected = _as_written(cls, declaration)
    assert _declared(cls) == expected


def _arms(union: Any) -> tuple[Tagged, list[type[WireStruct]]]:  # noqa: ANN401
    base, mark = typing.get_args(union)
    assert isinstance(mark, Tagged)
    return mark, [cls for cls in typing.get_args(base) if cls is not mark.other]


def _check_union(union: Any, declaration: Declaration) -> None:  # noqa: ANN401
    """A tag and a select on it, in one annotation."""
    mark, arms = _arms(union)
    tag, *cases = declaration.fields[-len(arms) - 1 :]
    registry = getattr(code_points, tag.type)
    width = "uint16" if tag.type in CODE_POINTS else tag.type
    assert mark.size == (2 if width == "uint16" else 1)
    assert mark.other is None or tag.type in CODE_POINTS
    for arm, (kind, name, only) in zip(arms, cases, strict=True):
        assert only is not None
        on, values = only
        assert on == tag.name
        assert [registry[value] for value in values] == [arm.tag]
        if arm.__name__ in WITHOUT_BLOCK:
            assert [Field(kind, name)] == WITHOUT_BLOCK[arm.__name__]
        else:
            assert kind == arm.__name__


@pytest.mark.parametrize("name", UNIONS)
def test_a_union_is_the_select_of_its_block(name: str) -> None:
    module = next(module for module in MODULES if _documentation(module, name))
    declaration = read(_documentation(module, name) or "")
    assert declaration is not None
    assert declaration.name == name
    _check_union(UNIONS[name], declaration)


def test_a_message_is_the_select_of_its_block() -> None:
    cls = next(cls for cls in STRUCTS if cls.__name__ == "MLSMessage")
    declaration = read(inspect.getdoc(cls) or "")
    assert declaration is not None
    hints = typing.get_type_hints(cls, include_extras=True)
    assert [Field(_normal(field.type), field.name) for field in declaration.fields[:1]] == [
        Field(_type_of(hints["version"]), "version")
    ]
    _check_union(hints["message"], declaration)


@pytest.mark.parametrize("cls", FRAMES, ids=_name)
def test_a_frame_is_the_numbered_select_of_its_block(cls: type[WireStruct]) -> None:
    declaration = read(inspect.getdoc(cls) or "")
    assert declaration is not None
    assert declaration.name == cls.__name__
    hint = typing.get_type_hints(cls, include_extras=True)["frame"]
    mark, arms = _arms(hint)
    assert (mark.size, mark.other) == (1, None)
    tag, *cases = declaration.fields
    assert tag == Field("uint8", "type")
    assert cases == [Field(arm.__name__, "", ("type", (str(arm.tag),))) for arm in arms]


def test_a_proof_says_its_kind_in_a_byte() -> None:
    mark, arms = _arms(Proof)
    assert (mark.size, mark.other) == (1, None)
    assert [(arm.__name__, arm.tag) for arm in arms] == [("Fresh", 1), ("ByTicket", 2)]


def _documentation(module: types.ModuleType, name: str) -> str | None:
    """The string after an assignment at the top of a module."""
    tree = ast.parse(Path(str(module.__file__)).read_bytes())
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(statement, ast.Assign)
            and [ast.unparse(target) for target in statement.targets] == [name]
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            return str(following.value.value)
    return None


def test_the_reader_sees_a_difference() -> None:
    block = """struct {
        Kind kind;
        select (Thing.kind) {
            case one: uint8 first;
            case two:
            case three: struct{};
        };
        opaque rest<V>;
    } Thing;"""
    declaration = read(inspect.cleandoc(block))
    assert declaration == Declaration(
        "Thing",
        [
            Field("Kind", "kind"),
            Field("uint8", "first", ("kind", ("one",))),
            Field("opaque<V>", "rest"),
        ],
    )
