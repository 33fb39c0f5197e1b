"""Whoever is removed keeps nothing secret of the group (RFC 9420 §12.4.2, VAL-162)."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import StateError

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def test_a_removal_wipes_every_secret_of_the_group() -> None:
    alice, bob = (mls.Member.basic(name, SUITE) for name in (b"alice", b"bob"))
    package = bob.key_package()
    founded = mls.Group.found(alice, [package.message])
    alices, bobs = founded.group, mls.Group.join(bob, package, founded.welcome)
    epoch = bobs._state.epoch  # noqa: SLF001 - the test looks for what is in it
    secrets = [
        getattr(epoch.secrets, name)
        for name in ("sender_data_secret", "exporter_secret", "init_secret", "resumption_psk")
    ]
    secrets += [epoch.private.leaf, epoch.signer, bobs.epoch_authenticator]
    before = bobs.snapshot()
    assert all(secret in before for secret in secrets)

    pending = alices.commit(remove=[bobs.own_index])
    event = bobs.receive(pending.message)

    assert isinstance(event, mls.EpochChanged)
    assert event.removed
    after = bobs.snapshot()
    assert not any(secret in after for secret in secrets)
    assert [member.identity for member in bobs.members] == [b"alice", b"bob"]
    for use in (lambda: bobs.protect(b"still here"), bobs.commit, bobs.group_info):
        with pytest.raises(StateError, match="removed"):
            use()
    assert mls.Group.restore(after).snapshot() == after
