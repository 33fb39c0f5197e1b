"""Making GroupInfo and Welcome."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import LocalProtocolError
from covey.mls.group.join import verify_info_signature
from covey.mls.group.welcome import WelcomeSecrets
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from covey.mls.wire.code_points import GREASE
from group_samples import ALL_SUITES, extension, found, member


def opened(package: mls.PrivateKeyPackage, message: bytes) -> tuple[Welcome, GroupSecrets]:
    """What a Welcome tells the owner of a KeyPackage."""
    welcome = MLSMessage.decode(message).message
    assert isinstance(welcome, Welcome)
    entry = next(each for each in welcome.secrets if each.new_member == package.reference)
    sealed = entry.encrypted_group_secrets
    suite = mls.Member.decode(member("x", welcome.cipher_suite).encode()).suite
    plaintext = suite.decrypt_with_label(
        package.init_private,
        "Welcome",
        welcome.encrypted_group_info,
        sealed.kem_output,
        sealed.ciphertext,
    )
    return welcome, GroupSecrets.decode(plaintext)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
@pytest.mark.parametrize("path", [True, False])
def test_what_a_new_member_is_told(suite: int, *, path: bool) -> None:
    alice = found("ab", suite)[0]
    packages = [member("c", suite).key_package(), member("d", suite).key_package()]
    psk = alice.resumption_psk_id(1)
    pending = alice.commit(add=[each.message for each in packages], psks=[psk], path=path)
    told = [opened(package, pending.welcome) for package in packages]
    joiner_secrets = {secrets.joiner_secret for _, secrets in told}
    assert len(joiner_secrets) == 1
    for welcome, secrets in told:
        assert welcome.cipher_suite == suite
        assert secrets.psks == (psk,)
        assert (secrets.path_secret is not None) is path


def test_all_are_told_the_same_as_each_alone() -> None:
    alice = found("ab")[0]
    packages = [member(name).key_package() for name in "cdef"]
    pending = alice.commit(add=[each.message for each in packages], one_welcome_each=True)
    infos = set()
    for package, invitation in zip(packages, pending.welcomes, strict=True):
        assert invitation.references == (package.reference,)
        infos.add(opened(package, invitation.message)[0].encrypted_group_info)
    assert len(infos) == 1


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_a_group_info_is_signed(suite: int) -> None:
    bob = found("ab", suite)[1]
    info = MLSMessage.decode(bob.group_info()).message
    assert isinstance(info, GroupInfo)
    assert info.signer == 1
    verify_info_signature(info, bob.tree)


def test_grease_is_mixed_in_and_never_twice() -> None:
    alice = found("ab")[0]
    plain = found("ab", policy=mls.Policy(grease=False))[0]
    own = [extension(value) for value in GREASE]
    for group, extensions, count in ((alice, [], 1), (plain, [], 0), (alice, own, len(GREASE))):
        info = MLSMessage.decode(group.group_info(extensions=extensions)).message
        assert isinstance(info, GroupInfo)
        types = [each.extension_type for each in info.extensions]
        assert len(set(types)) == len(types)
        assert sum(each in GREASE for each in types) == count


def test_val_014_an_extension_twice_is_not_sent() -> None:
    alice = found("ab")[0]
    twice = [extension(0xF0AA), extension(0xF0AA)]
    with pytest.raises(LocalProtocolError, match="VAL-014"):
        alice.group_info(extensions=twice)


def test_secrets_do_not_show() -> None:
    assert repr(WelcomeSecrets(b"secret", b"secret", (), {})) == "WelcomeSecrets(…)"
