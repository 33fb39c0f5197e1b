"""Defects that other implementations had in proposals, commits, joining and secrets shown.

Each test is named after the issue or release that told of the defect; all of them are
listed in ``tests/traps.toml``.
"""

from __future__ import annotations

from typing import Any

import pytest

from covey import mls
from covey.errors import (
    CoveyError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
)
from covey.lab.adversary.forge.signed import proposed
from covey.mls.group import external
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import PublicMessage
from covey.mls.structs.key_package import is_last_resort
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
)
from covey.mls.wire.code_points import ExtensionType, ProposalType, ResumptionPSKUsage
from group_samples import (
    PRIVATE,
    PUBLIC,
    UNKNOWN_TYPE,
    agree,
    commit_of,
    epoch,
    everyone,
    extension,
    external_psk,
    found,
    key_package,
    member,
    refuses,
    required,
    resumption_psk,
)
from insider import lawless

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])
ABLE = mls.Policy(
    extension_types=frozenset({UNKNOWN_TYPE}), proposal_types=frozenset({UNKNOWN_TYPE})
)
CUSTOM = UnknownProposal(UNKNOWN_TYPE, b"")


def forbidden(
    monkeypatch: pytest.MonkeyPatch,
    groups: list[mls.Group],
    proposals: list[Proposal],
    rule: str,
    **options: object,
) -> None:
    """Nobody may commit some proposals, and nobody accepts such a commit."""
    alice, bob = groups[:2]
    with pytest.raises(LocalProtocolError, match=rule):
        alice.commit(proposals=proposals, **options)  # type: ignore[arg-type]
    with lawless(monkeypatch):
        message = alice.commit(
            proposals=proposals,
            handshake=PUBLIC,
            **options,  # type: ignore[arg-type]
        ).message
    refuses(bob, message, RemoteProtocolError, rule)


# --- proposals --------------------------------------------------------------------------


def test_trap_openmls_1928_duplicate_psk(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = found("abc")
    psk = PreSharedKey(groups[0].resumption_psk_id(1))
    forbidden(monkeypatch, groups, [psk, psk], "VAL-139")


@pytest.mark.parametrize("suite", list(mls.CipherSuite), ids=lambda suite: f"suite{suite.value}")
def test_trap_openmls_1122_psk_nonce_length(suite: int, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = found("ab", suite)
    length = groups[0].suite.Nh
    for wrong in (length - 1, length + 1):
        psk = PreSharedKey(resumption_psk(nonce=bytes(wrong)))
        refuses(groups[1], proposed(groups[0], psk), RemoteProtocolError, "VAL-120")
    forbidden(
        monkeypatch, groups, [PreSharedKey(resumption_psk(nonce=bytes(length - 1)))], "VAL-120"
    )


@pytest.mark.parametrize("usage", [ResumptionPSKUsage.reinit, ResumptionPSKUsage.branch])
def test_trap_psk_usage_in_an_ordinary_commit(
    usage: ResumptionPSKUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = found("ab")
    psk = PreSharedKey(resumption_psk(usage))
    refuses(groups[1], proposed(groups[0], psk), RemoteProtocolError, r"VAL-11[89]")
    forbidden(monkeypatch, groups, [psk], r"VAL-11[89]")


def test_trap_psk_usage_in_a_welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = found("ab")
    carol = member("c")
    package = carol.key_package()
    both = [
        resumption_psk(usage) for usage in (ResumptionPSKUsage.reinit, ResumptionPSKUsage.branch)
    ]
    with lawless(monkeypatch):
        pending = alice.commit(add=[package.message], psks=both)
    with pytest.raises(RemoteProtocolError, match="VAL-185"):
        mls.Group.join(carol, package, pending.welcome, successor_of=bob)
    for psk in both:
        alice.discard(alice.pending)  # type: ignore[arg-type]
        with lawless(monkeypatch):
            pending = alice.commit(add=[package.message], psks=[psk])
        with pytest.raises(RemoteProtocolError, match=r"VAL-196|VAL-204"):
            mls.Group.join(carol, package, pending.welcome, successor_of=bob)


def test_trap_openmls_1703_remove_and_update_of_one_leaf() -> None:
    alice, bob, carol = found("abc")
    update, remove = bob.propose_update(), carol.propose_remove(bob.own_index)
    for message in (update, remove):
        for group in (alice, bob, carol):
            group.receive(message)
    references = [each.reference for each in alice.proposals]
    with pytest.raises(LocalProtocolError, match="VAL-136"):
        alice.commit(references=references)  # type: ignore[arg-type]
    pending = alice.commit()
    assert [each.identity for each in pending.changed.removed] == [b"b"]
    assert pending.changed.updated == ()
    everyone([alice, bob, carol], pending.message)
    agree([alice, carol])


def test_trap_mls_rs_319_default_types_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (member("a"), member("b", policy=ABLE)):
        capabilities = client.capabilities()
        assert not set(capabilities.extensions) & set(range(1, 6))
        assert not set(capabilities.proposals) & set(range(1, 8))
    groups = found("ab")
    stranger = member("c")
    listed = stranger.capabilities()
    listed = listed.replace(extensions=(*listed.extensions, ExtensionType.required_capabilities))
    monkeypatch.setattr(mls.Member, "capabilities", lambda _: listed)
    with lawless(monkeypatch):
        package = key_package(stranger)
    monkeypatch.undo()
    forbidden(monkeypatch, groups, [Add(package)], "VAL-041")
    lenient = found("ab", policy=mls.Policy(strict=False))
    pending = lenient[0].commit(add=[package])
    everyone(lenient, pending.message)


def test_trap_mls_rs_319_default_types_need_not_be_listed() -> None:
    groups = found("abc")
    pending = groups[0].commit(extensions=[required((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7), (1,))])
    everyone(groups, pending.message)
    agree(groups)


def test_trap_mls_rs_313_extension_types_are_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (extension(UNKNOWN_TYPE), extension(UNKNOWN_TYPE, b"again"))
    groups = found("ab", policy=ABLE)
    alice, bob = groups
    refuses(bob, proposed(alice, GroupContextExtensions(twice)), RemoteProtocolError, "VAL-014")
    forbidden(monkeypatch, groups, [GroupContextExtensions(twice)], "VAL-014")
    client = member("c", policy=ABLE)
    with lawless(monkeypatch):
        packages = (
            client.key_package(extensions=twice).package,
            client.key_package(leaf_extensions=twice).package,
        )
    for package in packages:
        alice.discard(alice.pending) if alice.pending else None
        forbidden(monkeypatch, groups, [Add(package)], "VAL-014")
    for call in (
        lambda: mls.Group.create(client, extensions=twice),
        lambda: mls.Group.create(client, leaf_extensions=twice),
        lambda: bob.group_info(extensions=twice),
        lambda: client.key_package(extensions=twice),
        lambda: client.key_package(leaf_extensions=twice),
    ):
        with pytest.raises(LocalProtocolError, match="VAL-014"):
            call()


def test_trap_openmls_1943_members_that_go_need_not_support_a_custom_proposal() -> None:
    able = found("ab", policy=ABLE)
    plain = member("c")
    package = plain.key_package()
    pending = able[0].commit(add=[package.message])
    everyone(able, pending.message)
    carol = mls.Group.join(plain, package, pending.welcome)
    with pytest.raises(LocalProtocolError, match="VAL-143"):
        able[0].commit(proposals=[CUSTOM])
    pending = able[0].commit(proposals=[CUSTOM], remove=[carol.own_index])
    everyone([*able, carol], pending.message)
    agree(able)
    assert pending.changed.custom == (CUSTOM,)


def test_trap_openmls_1868_every_type_counts_that_is_no_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice, bob = found("ab")
    assert ProposalType.self_remove in alice.tree.leaf(0).capabilities.proposals  # type: ignore[union-attr]
    without = alice.tree.leaf(0).capabilities.replace(proposals=())  # type: ignore[union-attr]
    plain = member("c")
    monkeypatch.setattr(mls.Member, "capabilities", lambda _: without)
    package = plain.key_package()
    monkeypatch.undo()
    pending = alice.commit(add=[package.message])
    everyone([alice, bob], pending.message)
    carol = mls.Group.join(plain, package, pending.welcome)
    with pytest.raises(LocalProtocolError, match="VAL-143"):
        bob.leave()
    leaving = alice.receive(proposed(bob, SelfRemove()))
    assert isinstance(leaving, mls.ProposalReceived)
    with pytest.raises(LocalProtocolError, match="VAL-143"):
        alice.commit(references=[leaving.reference])
    pending = alice.commit(remove=[carol.own_index], references=())
    everyone([alice, bob, carol], pending.message)
    alice.receive(bob.leave())


def test_trap_openmls_1793_a_self_remove_makes_room_for_an_external_joiner() -> None:
    alice, bob, carol = found("abc")
    leaving = bob.leave()
    for group in (alice, carol):
        group.receive(leaving)
    joined = mls.Group.join_externally(member("d"), alice.group_info(), self_removes=[leaving])
    events = everyone([alice, carol, bob], joined.commit)
    assert [event.removed for event in events] == [False, False, True]  # type: ignore[union-attr]
    assert joined.group.own_index == 1
    agree([alice, carol, joined.group])


def test_trap_mls_rs_274_a_self_remove_needs_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, carol = found("abc")
    leaving = bob.leave()
    for group in (alice, carol):
        group.receive(leaving)
    pending = alice.commit(path=False)
    assert pending.changed.with_path
    alice.discard(pending)
    monkeypatch.setattr("covey.mls.group.create_commit._wants_path", lambda *_: False)
    with lawless(monkeypatch):
        pathless = alice.commit(handshake=PUBLIC)
    monkeypatch.undo()
    assert commit_of(pathless.message).path is None
    refuses(carol, pathless.message, RemoteProtocolError, "VAL-155")


@FORMS
def test_trap_a_self_remove_is_public_and_by_reference(
    form: mls.WireFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = found("ab", policy=mls.Policy(handshake=form))
    alice, bob = groups
    message = MLSMessage.decode(bob.leave()).message
    assert isinstance(message, PublicMessage)
    refuses(alice, proposed(bob, SelfRemove(), PRIVATE), RemoteProtocolError, "SELF-REMOVE-1")
    forbidden(monkeypatch, groups, [SelfRemove()], r"SELF-REMOVE-2|VAL-135")


# --- external commits -------------------------------------------------------------------


def test_trap_bc_2026_08_08_a_resync_removes_nobody_else() -> None:
    alice, bob, carol = found("abc")
    with pytest.raises(PolicyError, match="VAL-025"):
        mls.Group.join_externally(member("c"), alice.group_info(), resync=1)
    lax = member("c", policy=Lax())
    joined = mls.Group.join_externally(lax, alice.group_info(), resync=1)
    for group in (alice, bob, carol):
        refuses(group, joined.commit, PolicyError, "VAL-025")


class Lax(mls.Policy):
    """A policy that lets anybody take the place of anybody."""

    def is_successor(self, old: object, new: object) -> bool:
        """Take everybody."""
        del old, new
        return True


@pytest.mark.parametrize(
    ("proposals", "rule"),
    [
        ([ExternalInit(bytes(32))], "VAL-171"),
        ([Remove(0), Remove(1)], "VAL-172"),
        ([Remove(9)], "VAL-117"),
        ([GroupContextExtensions(())], "VAL-172"),
        ([ReInit(b"x", 1, 1, ())], "VAL-172"),
        ([CUSTOM], "VAL-172"),
        ([PreSharedKey(external_psk(nonce=b""))], "VAL-120"),
    ],
    ids=["two inits", "two removes", "far remove", "extensions", "reinit", "custom", "nonce"],
)
def test_trap_bc_2026_08_08_what_an_external_commit_may_hold(
    proposals: list[Proposal], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = found("ab", policy=Lax())
    items = external._items  # noqa: SLF001 - where an external commit gets its proposals

    def more(*args: Any) -> ProposalList:  # noqa: ANN401 - those of the original
        made = items(*args)
        sender = made.items[0].sender
        added = tuple(Sent(each, sender) for each in proposals)
        return ProposalList((*made.items, *added), None, made.context, made.tree)

    monkeypatch.setattr(external, "_items", more)
    with pytest.raises(LocalProtocolError, match=rule):
        mls.Group.join_externally(member("c", policy=Lax()), alice.group_info())
    psks = mls.MemoryPsks()
    psks.add(b"psk", b"psk")
    with lawless(monkeypatch):
        joined = mls.Group.join_externally(
            member("c", policy=Lax()), alice.group_info(), ports=mls.Ports(Lax(), psks)
        )
    refuses(bob, joined.commit, RemoteProtocolError, rule)


def test_trap_an_external_commit_needs_a_path_and_an_init(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = found("ab")
    joined = mls.Group.join_externally(member("c"), alice.group_info())
    message = MLSMessage.decode(joined.commit)
    inner = message.message
    assert isinstance(inner, PublicMessage)
    commit = inner.content.commit
    assert commit is not None
    for changed in (commit.replace(path=None), commit.replace(proposals=())):
        content = inner.content.replace(commit=changed)
        forged = message.replace(message=inner.replace(content=content)).encode()
        refuses(bob, forged, CoveyError)
    del monkeypatch
    bob.receive(joined.commit)


def test_trap_an_external_init_by_reference_blocks_nobody() -> None:
    alice, bob = found("ab")
    refuses(bob, proposed(alice, ExternalInit(bytes(32))), RemoteProtocolError, "VAL-142")
    with pytest.raises(LocalProtocolError, match="VAL-142"):
        alice.propose(ExternalInit(bytes(32)))
    everyone([alice, bob], bob.commit().message)


# --- commits that wait ------------------------------------------------------------------


@FORMS
def test_trap_mls_rs_201_removed_with_a_pending_commit(form: mls.WireFormat) -> None:
    """Also mls-rs-308 and mls-rs-151: one's own commit, over which another one comes."""
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    own = carol.commit()
    pending = alice.commit(remove=[carol.own_index])
    everyone([alice, bob], pending.message)
    event = carol.receive(pending.message)
    assert isinstance(event, mls.EpochChanged)
    assert (event.removed, event.discarded) == (True, True)
    for call in (
        lambda: carol.accept(own),
        lambda: carol.discard(own),
        carol.commit,
        carol.leave,
        carol.group_info,
        lambda: carol.protect(b"out"),
        lambda: carol.receive(own.message),
    ):
        with pytest.raises(StateError):
            call()
    agree([alice, bob])


@FORMS
def test_trap_mls_rs_308_a_commit_again_over_ones_own(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    first = alice.commit()
    with pytest.raises(StateError, match="pending"):
        alice.commit()
    alice.discard(first)
    second = alice.commit()
    with pytest.raises(StateError, match="another"):
        alice.accept(first)
    everyone([alice, bob], second.message)
    agree([alice, bob])
    with pytest.raises(StateError):
        alice.discard(second)
    refuses(alice, first.message, RemoteProtocolError, "VAL-102")


@FORMS
def test_trap_mls_rs_151_a_discarded_commit_that_the_group_took(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    pending = alice.commit()
    alice.discard(pending)
    bob.receive(pending.message)
    refuses(alice, pending.message, StateError, "behind")


@FORMS
def test_trap_mdk_963_proposals_of_other_epochs(form: mls.WireFormat) -> None:
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    stale = [bob.propose_update(), bob.propose_remove(2), bob.propose_psk(b"unknown")]
    alice.receive(stale[0])
    pending = carol.commit()
    everyone([alice, bob, carol], pending.message)
    for group in (alice, bob, carol):
        assert group.proposals == ()
        for message in stale:
            with pytest.raises(CoveyError):
                group.receive(message)
    pending = bob.commit()
    assert pending.changed.updated == pending.changed.removed == ()
    everyone([alice, bob, carol], pending.message)
    agree([alice, bob, carol])


def test_trap_mdk_963_a_proposal_that_cannot_be_committed_blocks_nobody() -> None:
    alice, bob, carol = found("abc")
    plain = found("x", policy=mls.Policy())[0]
    spoiling = [
        alice.propose_psk(b"nobody knows it"),
        alice.propose_extensions([extension(UNKNOWN_TYPE)]),
        alice.propose_extensions([required((UNKNOWN_TYPE,))]),
        alice.propose_add(key_package(member("d"))),
        alice.propose_update(),
    ]
    for message in spoiling:
        for group in (alice, bob, carol):
            group.receive(message)
    pending = bob.commit()
    assert [each.identity for each in pending.changed.added] == [b"d"]
    assert len(pending.changed.updated) == 1
    assert pending.changed.psks == ()
    assert pending.changed.extensions is None
    everyone([alice, bob, carol], pending.message)
    agree([alice, bob, carol])
    assert plain.is_active


def test_trap_mdk_963_proposals_that_are_only_together_not_right() -> None:
    alice, bob = found("ab", policy=ABLE)
    for message in (
        alice.propose_extensions([extension(UNKNOWN_TYPE)]),
        alice.propose_add(key_package(member("plain"))),
        alice.propose_add(key_package(member("able", policy=ABLE))),
    ):
        bob.receive(message)
    pending = bob.commit()
    assert pending.changed.extensions is not None
    assert [each.identity for each in pending.changed.added] == [b"able"]
    everyone([alice, bob], pending.message)
    agree([alice, bob])


@FORMS
def test_trap_proposals_leave_the_store_with_their_epoch(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    store: dict[bytes, bytes] = {}
    for _ in range(3):
        bob.receive(alice.propose_update())
        alice.receive(bob.propose_update())
        bob.changes().apply_to(store)
        assert {key[:1] for key in store} >= {b"O", b"U"}
        everyone([alice, bob], alice.commit().message)
        bob.changes().apply_to(store)
        assert not {key[:1] for key in store} & {b"O", b"U"}
        assert mls.Group.load(store).snapshot() == bob.snapshot()


# --- joining ----------------------------------------------------------------------------


def test_trap_openmls_1929_a_group_that_one_is_in() -> None:
    alice = found("a")[0]
    bob = member("b")
    package = bob.key_package(last_resort=True)
    pending = alice.commit(add=[package.message])
    group = mls.Group.join(bob, package, pending.welcome)
    with pytest.raises(StateError, match="VAL-188"):
        mls.Group.join(bob, package, pending.welcome, groups=[group.group_id])
    mls.Group.join(bob, package, pending.welcome, groups=[b"another"])


def test_trap_openmls_1503_a_last_resort_key_package_serves_twice() -> None:
    bob = member("b")
    package = bob.key_package(last_resort=True)
    assert package.last_resort
    for name in ("x", "y"):
        alice = mls.Group.create(member(name))
        pending = alice.commit(add=[package.message])
        alice.accept(pending)
        agree([alice, mls.Group.join(bob, package, pending.welcome)])


def test_trap_mdk_67_no_key_package_is_a_last_resort_by_itself() -> None:
    client = member("a")
    assert not client.key_package().last_resort
    assert not is_last_resort(client.key_package().package)
    assert is_last_resort(client.key_package(last_resort=True).package)


# --- what is shown ----------------------------------------------------------------------


def test_trap_openmls_2146_nothing_shows_a_secret() -> None:
    """Also mls-rs-318."""
    alice, bob = found("ab")
    client = member("c")
    package = client.key_package()
    update = alice.propose_update()
    bob.receive(update)
    pending = alice.commit(add=[package.message])
    staged = bob.stage(pending.message)
    welcome = mls.Group.stage_welcome(client, package, pending.welcome)
    state = alice._state  # noqa: SLF001 - everything inside is looked at
    now = epoch(alice)
    things = [
        alice,
        state,
        now,
        now.secrets,
        now.private,
        state.secret_tree,
        *state.updates.values(),
        *state.past,
        pending,
        pending.epoch,
        staged,
        welcome,
        welcome.joined,
        client,
        package,
        alice.ports,
        alice.ports.psks,
        alice.changes(),
        *(each.outcome for each in [staged] if isinstance(each, mls.StagedCommit)),
    ]
    secrets = [
        now.signer,
        now.private.leaf,
        *now.private.path.values(),
        now.secrets.init_secret,
        now.secrets.exporter_secret,
        now.secrets.membership_key,
        pending.epoch.secrets.init_secret,
        pending.epoch.private.leaf,
        package.init_private,
        package.leaf_private,
        client.signer,
        *(each.leaf_private for each in state.updates.values()),
    ]
    for thing in things:
        shown = repr(thing) + str(thing)
        for secret in secrets:
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown


def test_trap_openmls_2146_errors_show_no_secret() -> None:
    alice, bob = found("ab")
    message = alice.protect(b"the plaintext that nobody may see")
    inner = MLSMessage.decode(message)
    broken = inner.encode()[:-1] + b"\x00"
    with pytest.raises(CoveyError) as caught:
        bob.receive(broken)
    assert "plaintext" not in str(caught.value)
    with pytest.raises(MissingKeyError) as missing:
        bob.commit(psks=[b"id of the psk"])
    assert b"id of the psk".hex() in str(missing.value)


def test_trap_updates_by_value_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = found("ab")
    groups[0].propose_update()
    update = groups[0].proposals[0].proposal
    assert isinstance(update, Update)
    forbidden(monkeypatch, groups, [update], "VAL-116", references=())
