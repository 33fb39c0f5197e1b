"""Welcomes, and what they seal (RFC 9420 §12.4.3.1). May import rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.lab.inspect.judging.verdicts import STAND_IN, SUITE, known_suite
from covey.mls.rules import joining

if TYPE_CHECKING:
    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.welcome import GroupSecrets, Welcome

_TAG_BYTES: Final = 16  # of every AEAD of the RFC's suites
_TAGS: Final = (
    "VAL-183",
    "12.4.3.1",
    f"A ciphertext has at least the {_TAG_BYTES} bytes of its tag.",
)
_REFERENCES: Final = "A KeyPackageRef has the length of a hash of the suite."
_ENCAPSULATIONS: Final = "A kem_output is what the KEM of the suite encapsulates."


def welcome(into: Verdicts, found: Welcome) -> None:
    """Judge a Welcome: its suite, and what it seals to whom."""
    suite = known_suite(found.cipher_suite)
    names = [each.new_member for each in found.secrets]
    twice = len(names) - len(set(names))
    broken = f"{twice} stand twice" if twice else None if names else "there is none"
    statement = "A Welcome has one EncryptedGroupSecrets for each new member."
    into.fact("VAL-166", "12.4.1", statement, broken)
    if suite is not None:
        _lengths(into, found, suite)
        _sealed(into, found)
    else:
        needs = f"an implementation of suite 0x{found.cipher_suite:04x}"
        into.open("", "5.2", _REFERENCES, needs, "secrets")
        into.open("VAL-016", "5.1.3", _ENCAPSULATIONS, needs, "secrets")
        into.open(*_TAGS, needs, "all ciphertexts")
    statement = "The GroupSecrets and the GroupInfo open, and satisfy all that they have to."
    into.open("VAL-183", "12.4.3.1", statement, "the init_key of a new member")


def _sealed(into: Verdicts, found: Welcome) -> None:
    """Ciphertexts are as long as they have to be, at least."""
    sealed = [
        (f"secrets[{number}]", each.encrypted_group_secrets.ciphertext)
        for number, each in enumerate(found.secrets)
    ]
    sealed.append(("encrypted_group_info", found.encrypted_group_info))
    short = [(where, f"it has {len(data)}") for where, data in sealed if len(data) < _TAG_BYTES]
    into.many(*_TAGS, short, "all ciphertexts")


def _lengths(into: Verdicts, found: Welcome, suite: Suite) -> None:
    """References are hashes, and encapsulations what its KEM makes."""
    wrong, bad = [], []
    for number, each in enumerate(found.secrets):
        where = f"secrets[{number}]"
        if len(each.new_member) != suite.Nh:
            wrong.append((where, f"it has {len(each.new_member)} bytes, not {suite.Nh}"))
        try:
            suite.check_encapsulated(each.encrypted_group_secrets.kem_output)
        except DecodeError as error:
            bad.append((where, str(error)))
    into.many("", "5.2", _REFERENCES, wrong, "secrets")
    into.many("VAL-016", "5.1.3", _ENCAPSULATIONS, bad, "secrets")


def group_secrets(into: Verdicts, found: GroupSecrets, around: Surroundings) -> None:
    """Judge the PSKs of a GroupSecrets (§12.4.3.1)."""
    suite = None if around.suite is None else known_suite(around.suite)
    subject = joining.PsksSubject(found.psks, STAND_IN.Nh if suite is None else suite.Nh)
    for rule in joining.GROUP_SECRETS:
        if suite is None and rule is joining.welcome_psk_nonces and found.psks:
            into.unknown((rule,), SUITE)
        else:
            into.ask(rule, subject)
