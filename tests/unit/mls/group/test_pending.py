"""A commit that waits: what it shows, and what it hides."""

from __future__ import annotations

from covey import mls
from group_samples import everyone, found, key_package, member


def test_a_pending_commit_speaks_for_the_next_epoch() -> None:
    alice, bob = found("ab")
    pending = alice.commit(add=[key_package(member("c"))])
    told = (pending.epoch_authenticator, pending.ratchet_tree, pending.export("x", b"y", 64))
    everyone([alice, bob], pending.message)
    for group in (alice, bob):
        assert told == (group.epoch_authenticator, group.ratchet_tree, group.export("x", b"y", 64))


def test_it_shows_no_secret() -> None:
    alice = found("ab")[0]
    pending = alice.commit()
    shown = repr(pending)
    assert shown.startswith("PendingCommit(epoch=2, ")
    for secret in (pending.epoch.signer, pending.epoch.secrets.init_secret):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown


def test_its_group_info_lets_somebody_in() -> None:
    alice, bob = found("ab")
    pending = alice.commit()
    joined = mls.Group.join_externally(member("x"), pending.group_info())
    everyone([alice, bob], pending.message)
    everyone([alice, bob], joined.commit)
    assert joined.group.epoch_authenticator == alice.epoch_authenticator
