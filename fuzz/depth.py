"""How deep inputs get: how many signatures of messages and GroupInfos have verified so far."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from covey.lab.adversary.taking_out import altered

if TYPE_CHECKING:
    from collections.abc import Callable


class Depth:
    """Counts, from its making on, what got past the verification of a signature.

    Attributes:
        verified: Messages and GroupInfos.
        private: How many of them were PrivateMessages.
    """

    def __init__(self) -> None:
        self.verified = 0
        self.private = 0
        self._hold = ExitStack()
        for where in ("group.receiving:verify_signature", "group.join:verify_info_signature"):
            self._hold.enter_context(altered(where, self._counting))

    def _counting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def verify(*given: object) -> object:
            answer = original(*given)
            self.verified += 1
            self.private += any(_is_private_tbs(each) for each in given)
            return answer

        return verify


def _is_private_tbs(value: object) -> bool:
    """Whether something is a FramedContentTBS of a PrivateMessage: version 1, wire format 2."""
    return isinstance(value, bytes) and value[:4] == b"\x00\x01\x00\x02"
