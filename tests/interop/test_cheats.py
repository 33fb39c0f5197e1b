"""Scenarios can fail: a client that leaves out what it was asked for is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covey.lab.interop.calls import CALLS
from covey.lab.interop.play.runner import play
from covey.lab.interop.play.scenarios.catalogue import chosen
from covey.lab.interop.service.client import Covey

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

Edit = "Callable[[str, Any], None]"


class Cheat(Covey):
    """covey, with its requests or its answers changed on the way.

    Args:
        request: Changes a request before it is fulfilled.
        answer: Changes the answer.
    """

    def __init__(
        self,
        request: Callable[[str, Any], None] = lambda _call, _request: None,
        answer: Callable[[str, Any], None] = lambda _call, _answer: None,
    ) -> None:
        super().__init__()
        self._request = request
        self._answer = answer

    def answer(self, call: str, request: Message) -> Message:
        """The answer of covey, changed."""
        copied = CALLS[call].request()
        copied.CopyFrom(request)
        self._request(call, copied)
        answer = super().answer(call, copied)
        self._answer(call, answer)
        return answer


def without_values(kind: bytes) -> Callable[[str, Any], None]:
    """Leaves proposals of a type out of its commits."""

    def edit(call: str, request: Any) -> None:  # noqa: ANN401 - the message of the call
        if call == "Commit":
            kept = [each for each in request.by_value if each.proposal_type != kind]
            del request.by_value[:]
            request.by_value.extend(kept)

    return edit


def cleared(calls: set[str], *fields: str) -> Callable[[str, Any], None]:
    """Forgets some fields of some calls."""

    def edit(call: str, message: Any) -> None:  # noqa: ANN401 - the message of the call
        if call in calls:
            for field in fields:
                message.ClearField(field)

    return edit


def always_public(_: str, request: Any) -> None:  # noqa: ANN401 - the message of the call
    """Sends its handshakes in public."""
    if hasattr(request, "encrypt_handshake"):
        request.encrypt_handshake = False


def wrong_authenticator(_: str, answer: Any) -> None:  # noqa: ANN401 - the message of the call
    """Makes up the epoch authenticators in its answers."""
    if hasattr(answer, "epoch_authenticator"):
        answer.epoch_authenticator = b"made up"


def basic_only(call: str, request: Any) -> None:  # noqa: ANN401 - the message of the call
    """Does not use the certificates that it is given."""
    if call == "UseCertificate":
        request.cipher_suite = 1 if request.cipher_suite != 1 else 3


REFERENCES = cleared({"Commit"}, "by_reference")
CHEATS: list[tuple[str, Callable[[], Covey], list[str]]] = [
    (
        "a Remove by value",
        lambda: Cheat(without_values(b"remove")),
        ["commit/remove", "commit/remove_and_add", "application/sender_removed"],
    ),
    (
        "a PSK by value",
        lambda: Cheat(without_values(b"externalPSK")),
        ["commit/external_psk", "welcome_join/with_psk"],
    ),
    (
        "a resumption PSK by value",
        lambda: Cheat(without_values(b"resumptionPSK")),
        [],  # those who follow have it; that it is in the commit, only its receivers see
    ),
    (
        "extensions by value",
        lambda: Cheat(without_values(b"groupContextExtensions")),
        ["commit/extensions", "commit/no_extensions"],
    ),
    (
        "what it refers to",
        lambda: Cheat(REFERENCES),
        [
            "commit/update",
            "commit/remove",
            "commit/external_psk",
            "commit/resumption_psk",
            "commit/extensions",
            "commit/mixed",
            "external_proposals/new_member",
            "external_proposals/signer_add",
            "external_proposals/signer_remove",
            "external_proposals/signer_external_psk",
            "external_proposals/signer_resumption_psk",
            "external_proposals/signer_extensions",
        ],
    ),
    (
        "the path",
        lambda: Cheat(cleared({"Commit", "CreateBranch", "ReInitWelcome"}, "force_path")),
        ["commit/with_path", "welcome_join/with_path", "branch/force_path", "reinit/force_path"],
    ),
    (
        "its older appearance",
        lambda: Cheat(cleared({"ExternalJoin"}, "remove_prior")),
        ["external_join/resync"],
    ),
    (
        "the PSKs of an external join",
        lambda: Cheat(cleared({"ExternalJoin"}, "psks")),
        ["external_join/with_psk"],
    ),
    (
        "the extensions of what follows",
        lambda: Cheat(cleared({"CreateBranch", "ReInitProposal"}, "extensions")),
        ["branch/with_extensions", "reinit/extensions"],
    ),
    (
        "the place of the tree",
        lambda: Cheat(cleared({"Commit", "GroupInfo"}, "external_tree")),
        ["welcome_join/external_tree", "external_join/external_tree"],
    ),
    ("encryption", lambda: Cheat(always_public), ["commit/empty", "commit/update"]),
    (
        "the truth about the epoch",
        lambda: Cheat(answer=wrong_authenticator),
        ["commit/empty", "welcome_join/without_path", "branch/some", "reinit/group_id"],
    ),
    ("its certificate", lambda: Cheat(basic_only), ["welcome_join/x509"]),
]


@pytest.mark.parametrize(
    ("cheat", "scenario"),
    [
        pytest.param(cheat, scenario, id=f"{name} in {scenario}")
        for name, cheat, scenarios in CHEATS
        for scenario in scenarios
    ],
)
def test_a_client_that_leaves_it_out_is_found_out(
    cheat: Callable[[], Covey], scenario: str
) -> None:
    (played,) = chosen((scenario,))
    casts = ([cheat(), Covey()], [Covey(), cheat()], [cheat(), cheat()])
    endings = [play(played, cast, 2, encrypt=True).ending for cast in casts]
    assert "pass" not in (endings[0] if endings[0] == "fail" else endings[1], endings[2])
    assert set(endings) <= {"pass", "fail"}
