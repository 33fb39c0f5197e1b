"""Writing the same in another way, and decoders that read it. May import the forge.

What is signed is what is written, so that signatures and tags fit the other encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import proposed_add
from covey.lab.adversary.taking_out import altering, recompiled
from covey.lab.adversary.victims import Trial
from covey.mls.crypto.dialects import get_suite
from covey.mls.rules import key_packages, leaves
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.structs.proposals import Remove
from covey.mls.wire import compiler
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.varint import header, opaque

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.wire.struct import WireStruct

REQUIRING_NOTHING = Extension(
    ExtensionType.required_capabilities, RequiredCapabilities((), (), ()).encode()
)
"""An extension of a group that every member supports."""


# --- writing ----------------------------------------------------------------------------------


def rewritten(content: FramedContent, old: bytes, new: bytes) -> FramedContent:
    """A content, one place of whose encoding is written in another way."""
    return content.replace(raw=_once(content.raw, old, new))


def rewriting_commits(change: Callable[[FramedContent], tuple[bytes, bytes]]) -> Callable[[], Any]:
    """An engine that writes its commits in another way.

    Args:
        change: What stands in the encoding of a commit, and what shall stand there instead.
    """

    def otherwise(original: Callable[..., FramedContent]) -> Callable[..., FramedContent]:
        def content(*given: Any) -> FramedContent:  # noqa: ANN401 - those of commit_content
            made = original(*given)
            return rewritten(made, *change(made))

        return content

    return altering(("framing.authenticate:commit_content", otherwise))


def repackaged(private_package: PrivateKeyPackage, old: bytes, new: bytes) -> KeyPackage:
    """A KeyPackage, one place of whose leaf is written in another way; both are signed anew."""
    package, signer = private_package.package, private_package.signer
    suite = get_suite(package.cipher_suite)
    tbs = _once(leaves.leaf_tbs(package.leaf_node, b"", 0), old, new)
    signature = suite.sign_with_label(signer, leaves.LABEL, tbs)
    leaf = package.leaf_node.replace(signature=signature, raw=tbs + opaque(signature))
    unsigned = package.replace(leaf_node=leaf, signature=b"")
    tbs = unsigned.encode()[:-1]  # all but the header of the empty signature
    return unsigned.replace(signature=suite.sign_with_label(signer, key_packages.LABEL, tbs))


def _once(encoding: bytes, old: bytes, new: bytes) -> bytes:
    assert encoding.count(old) == 1, "one place is rewritten"
    return encoding.replace(old, new)


# --- whole trials -----------------------------------------------------------------------------


def proposing_a_removal(stage: Stage) -> FramedContent:
    """What Mallory would say to propose that Dave is removed."""
    return forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))


def adds(group: Group, package: bytes) -> object:
    """An application that adds whom it is told to."""
    return group.propose_add(package)


def tree_that_begins_with(stage: Stage, begins: bytes) -> Trial:
    """A GroupInfo whose tree begins with these two bytes: presence and type of a leaf."""
    tree = stage.mallory.tree.encode()
    start = len(header(len(tree)))  # the tree without its header takes as long a header
    assert tree[start : start + 2] == b"\x01\x01"
    bad = tree[:start] + begins + tree[start + 2 :]
    info = forge.group_info(stage.mallory, tree=bad)
    return Trial(stage.outsider(), info, forge.group_info(stage.mallory))


def adding_rewritten(stage: Stage, old: bytes, new: bytes, package: PrivateKeyPackage) -> Trial:
    """Add proposals of a newcomer; the leaf of the bad one is written in another way."""
    return proposed_add(stage, repackaged(package, old, new), package.package)


# --- reading ----------------------------------------------------------------------------------


def in_runtime(name: str, change: Callable[[Any], Any]) -> tuple[str, Callable[[Any], Any]]:
    """The alteration of one function that generated codecs call."""
    return "wire.runtime:RUNTIME", lambda runtime: {**runtime, name: change(runtime[name])}


def reading_unknown_as(known: IntEnum) -> Callable[[], Any]:
    """A decoder that takes every unknown value of a closed enum for a known one."""

    def change(original: Callable[..., list[str]]) -> Callable[..., list[str]]:
        def lines(writer: Any, target: str, enum: type[IntEnum]) -> list[str]:  # noqa: ANN401
            if enum is not type(known):
                return original(writer, target, enum)
            members = dict.fromkeys(range(256), known) | {each.value: each for each in enum}
            writer.namespace["_any"] = members
            return [f"{target} = _any[buf[pos]]", "pos += 1"]

        return lines

    return recompiled(("wire.compiler:_Writer._decode_enum", change))


def taking_unknown_for(arm: type[WireStruct]) -> Callable[[], Any]:
    """A decoder that takes what has an unknown tag for one arm of its select."""

    def change(original: Callable[..., list[str]]) -> Callable[..., list[str]]:
        def lines(writer: Any, target: str, base: Any, tagged: Any) -> list[str]:  # noqa: ANN401
            made = original(writer, target, base, tagged)
            if arm not in get_args(base):
                return made
            writer.namespace["_arm"] = compiler.codec(arm).decode_at
            return [
                "if arm is None: arm = _arm" if line.startswith("if arm is None") else line
                for line in made
            ]

        return lines

    return recompiled(("wire.compiler:_Writer._decode_tagged", change))
