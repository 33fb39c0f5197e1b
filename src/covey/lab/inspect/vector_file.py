"""Files of test vectors: what their family tests, and the MLS objects inside of one case.

May import :mod:`covey.lab.conformance` and the other files of this folder. Nothing is verified
here as the family asks (that is ``covey vectors verify``); each object is judged by itself.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from covey.errors import DecodeError
from covey.lab.conformance.families import recognise
from covey.lab.inspect.examine import FOLD, inspect_as
from covey.lab.inspect.inspected import Form, Inspected
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN: Final = 64  # characters of a value
_NUMBERS: Final = 12  # of a list that are shown
_DIGITS: Final = 1000  # of a number
_EXPECTED: Final = (
    "expected an object, or an array of objects as files of test vectors are, with MLS objects in "
    "hexadecimal digits"
)

TESTED: Final = {
    "deserialization": "The headers of variable-size vectors, and what they announce (§2.1.2).",
    "tree-math": "The relatives of every node of an array-based tree (Appendix C).",
    "crypto-basics": "The labelled functions of a cipher suite (§5).",
    "key-schedule": "The secrets of epochs that follow each other (§8).",
    "psk_secret": "How pre-shared keys are combined (§8.4).",
    "secret-tree": "The keys and nonces of the secret tree (§9).",
    "transcript-hashes": "The confirmed and the interim transcript hash of a commit (§8.2).",
    "messages": "The syntax of every message and proposal; what they say is not valid (§6, §12).",
    "message-protection": "Public and private messages of one sender (§6).",
    "tree-operations": "What a proposal does to a ratchet tree (§7.7).",
    "tree-validation": "Tree hashes, resolutions, parent hashes and signatures of a tree (§7).",
    "treekem": "Making and processing UpdatePaths (§7.5).",
    "welcome": "Opening a Welcome and the GroupInfo in it (§12.4.3.1).",
    "passive-client-welcome": "A client that joins by a Welcome (§12.4.3.1).",
    "passive-client-handling-commit": "A client that joins, and processes commits (§12.4.2).",
    "passive-client-random": "A client that joins and follows a long, random history (§12.4.2).",
    "negative-welcome": "A Welcome that must be refused, and one that must not (§12.4.3.1).",
    "negative-message": "A message that must be refused, and what comes in its place (§6, §12).",
    "negative-group-info": "A GroupInfo that must be refused, and one that must not (§12.4.3).",
}
"""What each family of vectors tests."""

_MESSAGE: Final = ("MLSMessage",)
_TREE: Final = ("RatchetTree",)
OPENED: Final[dict[str, tuple[str, ...]]] = {
    "mls_welcome": _MESSAGE,
    "mls_group_info": _MESSAGE,
    "mls_key_package": _MESSAGE,
    "public_message_application": _MESSAGE,
    "public_message_proposal": _MESSAGE,
    "public_message_commit": _MESSAGE,
    "private_message": _MESSAGE,
    "key_package": _MESSAGE,
    "welcome": _MESSAGE,
    "group_info": _MESSAGE,
    "proposals": _MESSAGE,
    "message": _MESSAGE,
    "instead": _MESSAGE,
    "proposal_pub": _MESSAGE,
    "proposal_priv": _MESSAGE,
    "commit_pub": _MESSAGE,
    "commit_priv": _MESSAGE,
    "application_priv": _MESSAGE,
    "commit": ("MLSMessage", "Commit"),
    "proposal": ("Proposal",),
    "ratchet_tree": _TREE,
    "tree": _TREE,
    "tree_before": _TREE,
    "tree_after": _TREE,
    "group_secrets": ("GroupSecrets",),
    "add_proposal": ("Add",),
    "update_proposal": ("Update",),
    "remove_proposal": ("Remove",),
    "pre_shared_key_proposal": ("PreSharedKey",),
    "re_init_proposal": ("ReInit",),
    "external_init_proposal": ("ExternalInit",),
    "group_context_extensions_proposal": ("GroupContextExtensions",),
    "group_context": ("GroupContext",),
    "authenticated_content": ("AuthenticatedContent",),
    "update_path": ("UpdatePath",),
}
"""The members of a case that hold MLS objects, and what they can be."""

_SYNTAX_ONLY: Final = frozenset({"messages"})


class Entry(msgspec.Struct, frozen=True):
    """One value of a case.

    Attributes:
        place: Where it stands, such as ``"epochs[2].commit"``.
        text: The value, shortened.
        opened: The MLS object that it is, if it is one.
    """

    place: str
    text: str
    opened: Inspected | None = None


class VectorFile(msgspec.Struct, frozen=True):
    """A file of test vectors, and one case of it; or other JSON with MLS objects in it.

    Attributes:
        family: Its family; empty when it is of none.
        tests: What the family tests; empty when it is of none.
        cases: How many cases it holds.
        case: The index of the one that was opened.
        entries: The values of that case.
        problem: Why nothing could be opened; empty when it could.
    """

    family: str
    tests: str
    cases: int
    case: int
    entries: tuple[Entry, ...]
    problem: str = ""

    @property
    def opened(self) -> tuple[tuple[str, Inspected], ...]:
        """The MLS objects of the case, each with its place."""
        return tuple((each.place, each.opened) for each in self.entries if each.opened is not None)

    @property
    def good(self) -> bool:
        """Whether it could be opened and no object breaks a rule."""
        return not self.problem and all(found.good for _, found in self.opened)


def inspect_vectors(
    given: bytes,
    name: str = "",
    *,
    case: int = 0,
    around: Surroundings | None = None,
    fold: int | None = FOLD,
) -> VectorFile:
    """Inspect one case of a file of test vectors.

    Args:
        given: The file, JSON.
        name: The name of the file, which tells its family if it is an official one.
        case: The index of the case.
        around: What is known besides; the suite and the group of the case come to it.
        fold: Entries of a list that are told one by one; None for all.
    """
    try:
        cases = json.loads(given, parse_int=_number)
    except (ValueError, RecursionError) as error:
        return _unusable(f"it begins like JSON, and is none: {error}")
    cases = [cases] if cases and isinstance(cases, dict) else cases
    problem = _problem(cases, case)
    if problem:
        return _unusable(problem)
    family = recognise(PurePath(name), cases[0])
    chosen = cases[case]
    around = around or Surroundings()
    known = _known(chosen, around if family is None else around._replace(now=None))
    opening = _Opening(known, fold, judged=family is None or family.name not in _SYNTAX_ONLY)
    try:
        entries = tuple(opening.entries(chosen, ""))
    except RecursionError:
        return _unusable(f"case {case} is nested deeper than any vector")
    if family is not None:
        return VectorFile(family.name, TESTED[family.name], len(cases), case, entries)
    found = VectorFile("", "", len(cases), case, entries)
    return found if found.opened else _unusable(_unknown(chosen))


def _problem(cases: Any, case: int) -> str:  # noqa: ANN401 - what JSON may hold
    """Why JSON is no file with such a case; empty when it is."""
    is_list = isinstance(cases, list) and cases
    if not is_list or not all(isinstance(each, dict) for each in cases):
        return f"it is JSON without anything to inspect: {_EXPECTED}"
    return "" if case < len(cases) else f"there is no case {case}: the file holds {len(cases)}"


def _number(text: str) -> int:
    """A whole number; Python would refuse a longer one with advice about itself."""
    if len(text) > _DIGITS:
        msg = f"a number of {len(text):,} digits is in it, and no vector has one"
        raise ValueError(msg)
    return int(text)


def _unknown(case: dict[str, Any]) -> str:
    """Why nothing in a case was opened, and what would help."""
    keys = ", ".join(_plain(key) for key in list(case)[:_NUMBERS]) or "no members"
    return (
        f"it is of no known family of test vectors; its cases have {keys}. A file is known by its "
        "name, such as welcome.json, or by the members of its first case; an object, by its "
        "member: key_package, welcome, commit, ratchet_tree … Or hand in its value alone"
    )


def _unusable(problem: str) -> VectorFile:
    return VectorFile("", "", 0, 0, (), problem)


def _known(case: dict[str, Any], around: Surroundings) -> Surroundings:
    """What a case says about its group."""
    suite, group_id = case.get("cipher_suite"), _octets(case.get("group_id"))
    if around.suite is None and isinstance(suite, int):
        around = around._replace(suite=suite)
    if around.group_id is None and group_id is not None:
        around = around._replace(group_id=group_id)
    return around


class _Opening:
    """Walks through a case."""

    def __init__(self, around: Surroundings, fold: int | None, *, judged: bool) -> None:
        self._around = around
        self._fold = fold
        self._judged = judged

    def entries(self, value: object, place: str, key: str = "") -> Iterator[Entry]:
        """The values at a place and below it, in order."""
        if isinstance(value, dict):
            for key_, each in value.items():
                name = _plain(key_)
                yield from self.entries(each, f"{place}.{name}" if place else name, name)
        elif isinstance(value, list) and (key in OPENED or _is_nested(value)):
            told = len(value) if self._fold is None else self._fold
            for number, each in enumerate(value[:told]):
                yield from self.entries(each, f"{place}[{number}]", key)
            if len(value) > told:
                yield Entry(f"{place}[{told}…]", f"{len(value) - told:,} more, folded")
        else:
            yield self._entry(value, place, key)

    def _entry(self, value: object, place: str, key: str) -> Entry:
        data = _octets(value)
        kinds = OPENED.get(key, ())
        if not kinds or data is None:
            return Entry(place, _shown(value))
        kind = next((each for each in kinds if _decodes(each, data)), kinds[-1])
        form = Form("hex", (f"the member {key!r} of a case holds one",))
        around = self._around._replace(provisional=key == "tree_after")
        opened = inspect_as(kind, data, form, around, self._fold, judged=self._judged)
        size = f"{len(data)} byte{'' if len(data) == 1 else 's'}"
        return Entry(place, f"{opened.kind}, {size}", opened)


def _is_nested(value: list[object]) -> bool:
    return any(isinstance(each, dict | list) for each in value)


def _decodes(kind: str, data: bytes) -> bool:
    try:
        KINDS[kind].decode(data)
    except DecodeError:
        return False
    return True


def _octets(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return bytes.fromhex(value)
    except ValueError:
        return None


def _shown(value: object) -> str:
    if isinstance(value, list):
        told = ", ".join(_shown(each) for each in value[:_NUMBERS])
        more = f", and {len(value) - _NUMBERS} more" if len(value) > _NUMBERS else ""
        return f"[{told}{more}]"
    if value is None:
        return "null"
    text = _plain(str(value))
    if len(text) <= _SHOWN:
        return text
    data = _octets(value)
    size = f"{len(text)} characters" if data is None else f"{len(data)} bytes"
    return f"{text[: _SHOWN // 2]}… ({size})"


def _plain(text: str) -> str:
    """Text of JSON without halves of surrogates, which no encoding has."""
    return text.encode("utf-8", "backslashreplace").decode()
