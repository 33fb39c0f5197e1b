"""Opening an input: bytes, a text that stands for bytes, a file of vectors, or none of these.

May import the other files of this folder. Nothing is raised: any bytes yield something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.lab.inspect.encodings import candidates, complaint, is_json, octets_of
from covey.lab.inspect.examine import FOLD, inspect_as
from covey.lab.inspect.inspected import Form, Inspected
from covey.lab.inspect.kinds import guess
from covey.lab.inspect.vector_file import VectorFile, inspect_vectors

if TYPE_CHECKING:
    from covey.lab.inspect.judging.verdicts import Surroundings


class Unopened(msgspec.Struct, frozen=True):
    """An input that holds no bytes of MLS.

    Attributes:
        problem: Why, as a sentence.
    """

    problem: str

    @property
    def good(self) -> bool:
        """It never is."""
        return False


def open_input(
    given: bytes,
    name: str = "",
    *,
    kind: str | None = None,
    case: int = 0,
    around: Surroundings | None = None,
    fold: int | None = FOLD,
) -> Inspected | VectorFile | Unopened:
    """Inspect what a file or a clipboard held, in whatever form.

    Args:
        given: What it held.
        name: The name of the file, which tells the family of official vectors.
        kind: What it is, a key of ``KINDS``; guessed by default.
        case: Which case of a file of vectors.
        around: What is known besides.
        fold: Elements of a vector that are told one by one; None for all.
    """
    octets = octets_of(given) if is_json(given) else None
    if kind is None and is_json(given) and (octets is None or not guess([octets]).fits):
        return inspect_vectors(given, name, case=case, around=around, fold=fold)
    found = guess(candidates(given) if octets is None else [octets], kind)
    problem = "" if found.fits or octets is not None else complaint(given)
    if problem:
        return Unopened(problem)
    reasons = (found.candidate.reason, found.reason)
    form = Form(found.candidate.encoding, reasons)
    return inspect_as(found.kind, found.candidate.data, form, around, fold)
