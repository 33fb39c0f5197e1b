"""What an inspection finds: the object, its outline, and the rules that were judged.

May import structs, the tree and the outline of the wire layer. Data only.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.outline import Outline, Stop
from covey.mls.wire.struct import WireStruct

Verdict = Literal["holds", "broken", "not judged"]


class Finding(msgspec.Struct, frozen=True):
    """A rule, and whether an object keeps it.

    Attributes:
        rule: The id of the check, such as ``"VAL-055"``.
        section: Of RFC 9420, such as ``"10.1"``.
        statement: The rule, as a sentence.
        verdict: Whether it holds, is broken, or could not be judged.
        detail: What broke it, or what would be needed to judge it.
        where: The part of the object, such as ``"leaf 3"``; empty for all of it.
    """

    rule: str
    section: str
    statement: str
    verdict: Verdict
    detail: str = ""
    where: str = ""


class Form(msgspec.Struct, frozen=True):
    """How the input came, and why it is taken for that.

    Attributes:
        encoding: ``"raw"``, ``"hex"``, ``"base64"``, ``"base64url"``, ``"PEM"`` or ``"JSON"``.
        reasons: What spoke for the encoding and for the kind, as sentences.
    """

    encoding: str
    reasons: tuple[str, ...] = ()


class Inspected(msgspec.Struct, frozen=True):
    """One object.

    Attributes:
        kind: The RFC's name of what it is: ``"KeyPackage"``, ``"Welcome"``, ``"GroupInfo"``,
            ``"PublicMessage"``, ``"PrivateMessage"``, ``"RatchetTree"``, ``"Commit"`` …; the
            inner one where an MLSMessage is around it.
        value: The decoded struct (``RatchetTreeNodes`` for a ratchet tree); None when the
            bytes are not an encoding of it.
        raw: The bytes, all of them, in the form of the wire.
        outline: What stands where in ``raw``, as far as it could be read.
        form: How it came.
        tree: The ratchet tree that it is or holds, where its suite is known; None elsewhere.
        findings: The rules that were looked at, in the RFC's order.
        stop: Where decoding stopped; None when it did not.
        facts: What follows from it and stands nowhere in it: (name, value).
    """

    kind: str
    value: WireStruct | None
    raw: bytes
    outline: Outline
    form: Form
    tree: RatchetTree | None = None
    findings: tuple[Finding, ...] = ()
    stop: Stop | None = None
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The rules that are broken."""
        return tuple(each for each in self.findings if each.verdict == "broken")

    @property
    def good(self) -> bool:
        """Whether it could be decoded and breaks no rule, as far as that can be known."""
        return self.stop is None and self.value is not None and not self.broken
