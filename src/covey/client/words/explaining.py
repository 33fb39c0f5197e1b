"""What went wrong, in people's words, with what to do next; the check or code is at the end.

May import the broker's refusals.
"""

from __future__ import annotations

from typing import Final

from covey.access.refusals import Code
from covey.errors import (
    AuthenticationError,
    BrokerError,
    CoveyError,
    PolicyError,
    ProtocolError,
    cited,
)

_CLOCK: Final = (
    "these keys have expired, or are not good yet: see whether this machine's clock is right; if "
    "it is, the other one's is not, or what they made is too old and they make a new one"
)
_THERE: Final = (
    "somebody with the same keys is in the group already: see who is in it, and ask for a new card"
)
_SUITE: Final = (
    "this was made for another kind of group (cipher suite): ask for a new card, made by this "
    "version of covey"
)
_LACKS: Final = (
    "a member's program does not know something that this group needs: update it, and ask for a "
    "new card"
)
_BAD_CARD: Final = "this card or KeyPackage cannot be used: ask for a new one"
_REMOVES_ITSELF: Final = "nobody removes itself: leave the group"

_RULES: Final = {
    **dict.fromkeys(("VAL-036", "VAL-037", "VAL-038"), _CLOCK),
    **dict.fromkeys(("VAL-048", "VAL-049", "VAL-051", "VAL-072", "VAL-136"), _THERE),
    **dict.fromkeys(("VAL-047", "VAL-052", "VAL-053"), _SUITE),
    **dict.fromkeys(
        (
            *("VAL-027", "VAL-043", "VAL-044", "VAL-045", "VAL-046"),
            *("VAL-124", "VAL-125", "VAL-189", "VAL-190", "VAL-221"),
        ),
        _LACKS,
    ),
    **dict.fromkeys(
        (
            *("VAL-028", "VAL-031", "VAL-039", "VAL-040", "VAL-041", "VAL-050"),
            *("VAL-054", "VAL-055", "VAL-056", "VAL-057", "VAL-059"),
        ),
        _BAD_CARD,
    ),
    "VAL-135": _REMOVES_ITSELF,
}

_CODES: Final[dict[str, str]] = {
    Code.capability_refused: (
        "this link is not good any more, since it has expired or was taken back: ask for a new one"
    ),
    Code.account_unknown: (
        "the broker does not know this account: see whether it is the right broker, and whether it "
        "was set up anew"
    ),
    Code.handle_taken: (
        "somebody else has an account of this name at the broker: begin an identity of another name"
    ),
    Code.blob_unknown: (
        "the broker does not keep this file any more: ask for it to be sent once more"
    ),
    Code.group_unknown: (
        "the broker does not know this group: see whether it is the right broker, and whether it "
        "was set up anew"
    ),
    Code.too_large: "this is larger than the broker takes: send something smaller",
    Code.over_quota: "this is more than the broker takes in so short a time: try again later",
    Code.full: "as much waits at the broker as may wait there: try again later",
    Code.not_offered: "this broker does not offer that: ask who runs it",
    Code.invite_needed: (
        "groups begin at this broker with an invite code that was not used: ask who runs it for one"
    ),
    Code.broken: "the broker has a bug: tell who runs it, and try again later",
    Code.unavailable: "the broker cannot do anything at this time: try again later",
}


def explained(error: Exception) -> str:
    """What went wrong, and what to do about it."""
    match error:
        case BrokerError(code=code) if code in _CODES:
            return f"{_CODES[code]} ({code})"
        case CoveyError(rule=rule) if rule in _RULES:
            said = _RULES[rule]
        case ProtocolError(statement=statement):
            said = f"the group's protocol does not allow it, for: {statement.rstrip('.')}"
            said += "; look at the group as it is now, and try again"
        case AuthenticationError():
            said = (
                "something is damaged, or was made by somebody else than it says: ask for it again"
            )
        case PolicyError():
            return str(error.args[0])
        case _:
            return str(error)
    assert isinstance(error, CoveyError)
    where = f"{error.rule}, {cited(error.section)}" if error.rule else ""
    detail = error.detail if isinstance(error, ProtocolError) else ""
    end = "; ".join(each for each in (where, detail) if each)
    return f"{said} ({end})" if end else said
