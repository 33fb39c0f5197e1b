"""Welcomes, judged without the keys of who they are for."""

from __future__ import annotations

import pytest

from covey import mls
from covey.lab.inspect.judging import welcomes
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
from covey.mls.crypto.dialects import PRIVATE
from covey.mls.crypto.suites import SUITES
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupSecrets, Welcome
from group_samples import external_psk, key_package, member

BEGUN = mls.Group.found(member("a"), [key_package(member(name)) for name in "bc"])
assert BEGUN.welcome is not None
WELCOME = MLSMessage.decode(BEGUN.welcome).message
assert isinstance(WELCOME, Welcome)
FIRST, SECOND = WELCOME.secrets


def rules(into: Verdicts, verdict: str) -> list[str]:
    return [each.rule for each in into.findings if each.verdict == verdict]


def broken(welcome: Welcome) -> list[str]:
    into = Verdicts()
    welcomes.welcome(into, welcome)
    assert rules(into, "not judged") == ["VAL-183"]
    return rules(into, "broken")


def test_a_welcome_is_judged_by_its_outside() -> None:
    assert broken(WELCOME) == []
    assert broken(WELCOME.replace(secrets=())) == ["VAL-166"]
    assert broken(WELCOME.replace(secrets=(FIRST, FIRST))) == ["VAL-166"]
    assert broken(WELCOME.replace(secrets=(FIRST.replace(new_member=b"x"), SECOND))) == [""]
    assert broken(WELCOME.replace(encrypted_group_info=b"")) == ["VAL-183"]
    sealed = FIRST.encrypted_group_secrets.replace(kem_output=b"")
    assert broken(WELCOME.replace(secrets=(FIRST.replace(encrypted_group_secrets=sealed),))) == [
        "VAL-016"
    ]


@pytest.mark.parametrize("suite", [*SUITES, *PRIVATE.suites])
def test_a_welcome_of_any_suite_is_judged_by_what_its_kem_makes(suite: int) -> None:
    """What ML-KEM encapsulates is no public key."""
    begun = mls.Group.found(member("a", suite), [key_package(member("b", suite))])
    assert begun.welcome is not None
    welcome = MLSMessage.decode(begun.welcome).message
    assert isinstance(welcome, Welcome)
    assert broken(welcome) == []
    [first] = welcome.secrets
    sealed = first.encrypted_group_secrets
    for output in (sealed.kem_output[:-1], sealed.kem_output + b"x", bytes(suite == 1) * 32):
        other = first.replace(encrypted_group_secrets=sealed.replace(kem_output=output))
        assert broken(welcome.replace(secrets=(other,))) == ["VAL-016"]


def test_a_welcome_of_an_unknown_suite_is_not_judged() -> None:
    into = Verdicts()
    welcomes.welcome(into, WELCOME.replace(cipher_suite=0x0A0A, encrypted_group_info=b""))
    assert rules(into, "broken") == []
    assert rules(into, "not judged") == ["", "VAL-016", "VAL-183", "VAL-183"]
    assert "suite 0x0a0a" in into.findings[1].detail


def test_group_secrets_are_judged_by_their_psks() -> None:
    secrets = GroupSecrets(b"", None, (external_psk(), external_psk()))
    into = Verdicts()
    welcomes.group_secrets(into, secrets, Surroundings())
    assert rules(into, "broken") == ["VAL-139"]
    assert rules(into, "not judged") == ["VAL-120"]
    into = Verdicts()
    welcomes.group_secrets(into, secrets, Surroundings(suite=4))
    assert rules(into, "broken") == ["VAL-120", "VAL-139"]
