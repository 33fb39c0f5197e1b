"""Defects that other implementations had in authentication, decoding and message keys.

Each test is named after the advisory, issue or release that told of the defect; all of them
are listed in ``tests/traps.toml``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from certificates import Authority
from covey import mls
from covey.errors import (
    AuthenticationError,
    CoveyError,
    DecodeError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
)
from covey.lab.adversary.forge.signed import proposed
from covey.mls.framing import authenticate
from covey.mls.group import process_commit, welcome
from covey.mls.rules.trees import find_extension
from covey.mls.schedule.secret_tree import sender_data
from covey.mls.structs.extensions import ExternalPub
from covey.mls.structs.framing import (
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderData,
    SenderDataAAD,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Remove
from covey.mls.structs.tree import ParentNode
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ExtensionType, SenderType
from covey.mls.wire.varint import opaque
from group_samples import (
    PRIVATE,
    PUBLIC,
    agree,
    commit_of,
    epoch,
    everyone,
    extension,
    found,
    from_member,
    key_package,
    member,
    refuses,
    required,
)
from insider import group_info, lawless, rewrapped, said
from macs import listen_to_macs

if TYPE_CHECKING:
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.tree import LeafNode

Wrong = Callable[[bytes], bytes]
FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])
WRONG_TAGS = pytest.mark.parametrize(
    "wrong",
    [lambda _: b"", lambda tag: tag[:-1], lambda tag: tag[:1], lambda tag: tag + b"\x00"],
    ids=["empty", "shorter", "one byte", "longer"],
)


def opened(message: bytes) -> PublicMessage:
    """The PublicMessage inside."""
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PublicMessage)
    return inner


# --- authentication ---------------------------------------------------------------------


@WRONG_TAGS
def test_trap_ghsa_8x3w_qj7j_gqhf_membership_tag(wrong: Wrong) -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    inner = opened(message)
    assert inner.membership_tag is not None
    changed = inner.replace(membership_tag=wrong(inner.membership_tag))
    refuses(bob, MLSMessage(1, changed).encode(), AuthenticationError, "VAL-099")
    bob.receive(message)


@WRONG_TAGS
def test_trap_ghsa_8x3w_qj7j_gqhf_confirmation_tag(wrong: Wrong) -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    auth = opened(message).auth
    assert auth.confirmation_tag is not None
    tag = wrong(auth.confirmation_tag)
    forged = rewrapped(alice, message, auth=FramedContentAuthData(auth.signature, tag))
    refuses(bob, forged, AuthenticationError, "VAL-157")
    bob.receive(message)


@WRONG_TAGS
def test_trap_ghsa_8x3w_qj7j_gqhf_group_info_in_a_welcome(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = found("a")[0]
    bob = member("bob")
    package = bob.key_package()
    make = welcome.group_info

    def forged(*args: Any, **options: Any) -> GroupInfo:  # noqa: ANN401 - those of the original
        info = make(*args, **options)
        info = info.replace(confirmation_tag=wrong(info.confirmation_tag), signature=b"")
        tbs = info.encode()[:-1]
        signature = alice.suite.sign_with_label(epoch(alice).signer, welcome.GROUP_INFO_LABEL, tbs)
        return info.replace(signature=signature)

    monkeypatch.setattr(welcome, "group_info", forged)
    pending = alice.commit(add=[package.message])
    with pytest.raises(AuthenticationError, match="VAL-195"):
        mls.Group.join(bob, package, pending.welcome)


def test_trap_mls_rs_320_tags_are_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice, bob = found("ab")
    compared: set[bytes] = set()
    compare = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.update((one, other))
        return compare(one, other)

    message = alice.commit(handshake=PUBLIC).message
    monkeypatch.setattr(hmac, "compare_digest", noted)
    monkeypatch.setattr(process_commit, "compare_digest", noted)
    bob.receive(message)
    assert {opened(message).membership_tag, opened(message).auth.confirmation_tag} <= compared


def test_trap_bc_2026_08_18_a_certificate_that_does_not_certify_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority()
    alice, mallory = authority.member("alice", 2), authority.member("mallory", 2)
    group = mls.Group.create(alice)
    stranger = mls.Member(
        mallory.suite, alice.credential, mallory.signature_key, mallory.signer, mallory.policy
    )
    with pytest.raises(LocalProtocolError, match="VAL-017"):
        stranger.key_package()
    with lawless(monkeypatch):
        package = stranger.key_package()
    with pytest.raises(LocalProtocolError, match="VAL-017"):
        group.commit(add=[package.message])
    bob = authority.member("bob", 2)
    bobs = bob.key_package()
    pending = group.commit(add=[bobs.message])
    group.accept(pending)
    joined = mls.Group.join(bob, bobs, pending.welcome)
    with lawless(monkeypatch):
        message = group.commit(add=[package.message], handshake=PUBLIC).message
    refuses(joined, message, RemoteProtocolError, "VAL-017")


def test_trap_mls_rs_371_certificates_of_an_issuer_that_is_no_authority() -> None:
    authority = Authority()
    group = mls.Group.create(authority.member("alice", 2))
    honest = authority.member("mallory", 2)
    forged = member("bob", 2)
    chain = [*authority.chain("bob", forged.signature_key, 2), authority.root]
    under = authority.under_end_entity("bob", forged.signature_key, 2)
    good = mls.Member.x509(chain, forged.signer, 2, policy=honest.policy)
    bad = mls.Member.x509(under, forged.signer, 2, policy=honest.policy)
    with pytest.raises(AuthenticationError):
        group.commit(add=[bad.key_package().message])
    group.commit(add=[good.key_package().message])


@FORMS
def test_trap_openmls_1691_past_messages_are_verified_against_the_past_tree(
    form: mls.WireFormat,
) -> None:
    """Also openmls-1944 and mls-rs-361: a leaf index that somebody else has now."""
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    late = carol.protect(b"late")
    dave = member("d")
    package = dave.key_package()
    pending = alice.commit(remove=[carol.own_index], add=[package.message])
    for group in (alice, bob, carol):
        group.receive(pending.message)
    daves = mls.Group.join(dave, package, pending.welcome)
    assert daves.own_index == 2
    event = bob.receive(late)
    assert isinstance(event, mls.MessageReceived)
    assert event.sender.identity == b"c"
    assert event.sender.signature_key != dave.signature_key
    refuses(daves, late, MissingKeyError)


def test_trap_openmls_1944_a_rotated_signature_key() -> None:
    alice, bob = found("ab")
    late = alice.protect(b"late")
    old = bob.member_at(0)
    pending = alice.commit(update=member("a"))
    alice.accept(pending)
    bob.receive(pending.message)
    assert bob.member_at(0) != old
    event = bob.receive(late)
    assert isinstance(event, mls.MessageReceived)
    assert event.sender == old
    assert isinstance(bob.receive(alice.protect(b"new")), mls.MessageReceived)


def test_trap_openmls_2143_group_info_signed_with_new_key() -> None:
    alice, bob = found("ab")
    rotated = member("a")
    carol = member("c")
    package = carol.key_package()
    pending = alice.commit(update=rotated, add=[package.message])
    info = pending.group_info()
    alice.accept(pending)
    bob.receive(pending.message)
    joined = mls.Group.join(carol, package, pending.welcome)
    agree([alice, bob, joined])
    for each in (info, alice.group_info()):
        external = mls.Group.join_externally(member("d"), each)
        assert external.group.epoch == alice.epoch + 1
    again = alice.commit(add=[key_package(member("e"))])
    bob.receive(again.message)


@pytest.mark.parametrize("path", [None, True, False])
def test_trap_openmls_2149_new_signer_on_a_commit_that_needs_no_path(*, path: bool | None) -> None:
    alice, bob = found("ab")
    rotated = member("a")
    pending = alice.commit(update=rotated, psks=[alice.resumption_psk_id(1)], path=path)
    assert pending.changed.with_path
    everyone([alice, bob], pending.message)
    assert alice.members[0].signature_key == rotated.signature_key
    assert isinstance(bob.receive(alice.protect(b"with the new key")), mls.MessageReceived)
    agree([alice, bob])


@FORMS
def test_trap_mdk_55_another_identity_in_an_update(
    form: mls.WireFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    with pytest.raises(PolicyError, match="VAL-025"):
        alice.propose_update(member("mallory"))
    with pytest.raises(PolicyError, match="VAL-025"):
        alice.commit(update=member("mallory"))
    with monkeypatch.context() as patched:
        patched.setattr(mls.Policy, "is_successor", lambda *_: True)
        proposal = alice.propose_update(member("mallory"))
        commit = alice.commit(update=member("mallory"))
    refuses(bob, proposal, PolicyError, "VAL-025")
    refuses(bob, commit.message, PolicyError, "VAL-025")


@pytest.mark.parametrize("leaf", [2, 3, 2**31, 2**32 - 1])
def test_trap_mdk_728_every_way_resolves_the_sender_alike(leaf: int) -> None:
    alice, bob, carol = found("abc")
    gone = alice.commit(remove=[carol.own_index])
    everyone([alice, bob, carol], gone.message)
    content = authenticate.proposal_content(
        b"group", alice.epoch, from_member(leaf), b"", Remove(1)
    )
    refuses(bob, said(alice, content), RemoteProtocolError, "VAL-096")
    private = said_by_leaf(alice, leaf)
    refuses(bob, private, RemoteProtocolError, "VAL-110")
    pending = bob.commit()
    everyone([alice, bob], pending.message)
    refuses(bob, private, RemoteProtocolError, "VAL-110")


def said_by_leaf(group: mls.Group, leaf: int) -> bytes:
    """A PrivateMessage whose sender data name another leaf."""
    message = MLSMessage.decode(group.protect(b"data"))
    inner = message.message
    assert isinstance(inner, PrivateMessage)
    suite, secrets = group.suite, epoch(group).secrets
    key, nonce = sender_data(suite, secrets.sender_data_secret, inner.ciphertext)
    aad = SenderDataAAD(inner.group_id, inner.epoch, inner.content_type).encode()
    who = SenderData(leaf, 0, bytes(4)).encode()
    hidden = suite.seal_aead(key, nonce, aad, who)
    return MLSMessage(1, inner.replace(encrypted_sender_data=hidden)).encode()


# --- decoding ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ExtensionType.required_capabilities, required((), (), (1,)).extension_data + b"\x00"),
        (ExtensionType.external_senders, b"\x00\x00"),
        (ExtensionType.required_capabilities, b""),
        (ExtensionType.app_data_dictionary, b"\x00\x00"),
    ],
    ids=["required_capabilities", "external_senders", "empty", "app_data_dictionary"],
)
def test_trap_openmls_2134_trailing_bytes_in_known_extensions(
    kind: int, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = found("ab")
    bad = [extension(kind, data)]
    with pytest.raises((LocalProtocolError, DecodeError)):
        alice.commit(extensions=bad)
    with pytest.raises((LocalProtocolError, DecodeError)):
        mls.Group.create(member("x"), extensions=bad)
    with lawless(monkeypatch):
        monkeypatch.setattr("covey.mls.group.verify.Checker.external_senders", lambda *_: None)
        message = alice.commit(extensions=bad, handshake=PUBLIC).message
    monkeypatch.undo()
    refuses(bob, message, CoveyError)


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\xff"], ids=["empty", "longer", "garbage"])
def test_trap_openmls_2134_app_data_dictionaries_of_newcomers(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = found("ab")
    bad = [extension(ExtensionType.app_data_dictionary, data)]
    client = member("x")
    for garbled in ({"extensions": bad}, {"leaf_extensions": bad}):
        with pytest.raises(LocalProtocolError, match="APP-DATA-1"):
            client.key_package(**garbled)
        with lawless(monkeypatch):
            package = client.key_package(**garbled)
        with pytest.raises(LocalProtocolError, match="APP-DATA-1"):
            alice.commit(add=[package])
        with lawless(monkeypatch):
            pending = alice.commit(add=[package], handshake=PUBLIC)
        refuses(bob, pending.message, RemoteProtocolError, "APP-DATA-1")
        alice.discard(pending)
    with pytest.raises(LocalProtocolError, match="APP-DATA-1"):
        mls.Group.create(client, leaf_extensions=bad)


def test_trap_openmls_2134_trailing_bytes_in_the_extensions_of_a_group_info() -> None:
    alice = found("ab")[0]
    tree = extension(ExtensionType.ratchet_tree, alice.ratchet_tree + b"\x00")
    with pytest.raises(DecodeError):
        mls.Group.join_externally(member("x"), alice.group_info(with_tree=False, extensions=[tree]))
    pub = external_pub(alice)
    longer = extension(ExtensionType.external_pub, pub + b"\x00")
    with pytest.raises(DecodeError):
        mls.Group.join_externally(
            member("x"), alice.group_info(external=False, extensions=[longer])
        )


def external_pub(group: mls.Group) -> bytes:
    """The data of the ``external_pub`` extension."""
    info = MLSMessage.decode(group.group_info()).message
    assert isinstance(info, GroupInfo)
    found_data = find_extension(info.extensions, ExtensionType.external_pub)
    assert found_data is not None
    return found_data


@pytest.mark.parametrize("suite", list(mls.CipherSuite), ids=lambda suite: f"suite{suite.value}")
def test_trap_ts_mls_449_external_pub_has_its_own_header(suite: int) -> None:
    alice = found("a", suite)[0]
    data = external_pub(alice)
    inner = ExternalPub.decode(data).external_pub
    assert len(inner) == alice.suite.Npk
    assert data == opaque(inner)
    naked = extension(ExtensionType.external_pub, inner)
    info = alice.group_info(external=False, extensions=[naked])
    with pytest.raises(DecodeError):
        mls.Group.join_externally(member("x", suite), info)


HUGE = pytest.mark.parametrize("index", [2**24, 2**30, 2**31, 2**32 - 1])


@HUGE
def test_trap_bc_2026_07_leaf_indices_beyond_any_tree(
    index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = found("ab")
    refuses(bob, proposed(alice, Remove(index)), RemoteProtocolError, "VAL-117")
    with pytest.raises(LocalProtocolError, match="VAL-117"):
        alice.commit(remove=[index])
    with lawless(monkeypatch):
        forged = group_info(alice)
    info = MLSMessage.decode(forged).message
    assert isinstance(info, GroupInfo)
    with pytest.raises(RemoteProtocolError, match="VAL-186"):
        mls.Group.join_externally(member("x"), MLSMessage(1, info.replace(signer=index)).encode())
    with pytest.raises(LocalProtocolError, match="VAL-117"):
        mls.Group.join_externally(member("x"), alice.group_info(), resync=index)


@HUGE
def test_trap_mls_rs_286_unmerged_leaves_beyond_any_tree(index: int) -> None:
    alice = found("abcd")[0]
    nodes = list(alice.tree.to_nodes())
    root = nodes[3]
    assert isinstance(root, ParentNode)
    nodes[3] = root.replace(unmerged_leaves=(index,))
    with pytest.raises(RemoteProtocolError, match=r"VAL-07|VAL-06"):
        mls.Group.join_externally(member("x"), group_info(alice, nodes))


@pytest.mark.parametrize(
    "sender",
    [
        Sender(SenderType.new_member_proposal),
        Sender(SenderType.new_member_commit),
        Sender(SenderType.external, sender_index=0),
        Sender(SenderType.external, sender_index=2**32 - 1),
    ],
    ids=["new_member_proposal", "new_member_commit", "external", "far external"],
)
def test_trap_bc_2026_06_messages_of_new_members_that_hold_something_else(sender: Sender) -> None:
    alice, bob = found("ab")
    path_less = commit_of(alice.commit(handshake=PUBLIC).message).replace(path=None)
    for content in (
        authenticate.application_content(b"group", 1, sender, b"", b"data"),
        authenticate.commit_content(b"group", 1, sender, b"", path_less),
        authenticate.proposal_content(b"group", 1, sender, b"", Remove(1)),
    ):
        refuses(bob, said(alice, content), CoveyError)


def test_trap_bc_2026_06_14_the_forward_gap_is_bounded() -> None:
    alice, bob = found("ab", policy=mls.Policy(max_forward=50))
    messages = [alice.protect(b"m") for _ in range(60)]
    refuses(bob, messages[51], MissingKeyError, "ahead")
    bob.receive(messages[50])
    bob.receive(messages[59])


def test_trap_bc_2026_06_14_nothing_is_derived_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice, bob = found("ab", policy=mls.Policy(max_forward=50))
    bob.receive(alice.protect(b"first"))
    for _ in range(51):
        alice.protect(b"lost")
    message = alice.protect(b"far")
    computed: list[bytes] = []
    listen_to_macs(monkeypatch, lambda _key, _content, out: computed.append(out))
    refuses(bob, message, MissingKeyError)
    assert len(computed) == 2  # the key and the nonce of the sender data


def test_trap_bc_2026_06_14_proposals_and_future_epochs_are_bounded() -> None:
    alice, bob = found("ab", policy=mls.Policy(max_proposals=3))
    for _ in range(3):
        bob.receive(alice.propose_update())
    with pytest.raises(PolicyError, match="3 proposals"):
        bob.receive(alice.propose_update())
    late = mls.Group.restore(bob.snapshot())
    pending = alice.commit()
    everyone([alice, bob], pending.message)
    for _ in range(3):
        refuses(late, alice.protect(b"ahead"), MissingKeyError, "not begun")


# --- secret tree ------------------------------------------------------------------------


@FORMS
def test_trap_ghsa_qr9h_x63w_vqfm_what_was_used_is_gone_from_the_store(
    form: mls.WireFormat,
) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    store: dict[bytes, bytes] = {}
    bob.changes().apply_to(store)
    messages = [alice.protect(bytes([number])) for number in range(4)]
    for number in (0, 2):
        bob.receive(messages[number])
        bob.changes().apply_to(store)
    again = mls.Group.load(store)
    for number in (0, 2):
        refuses(again, messages[number], MissingKeyError)
    for number in (1, 3):
        assert isinstance(again.receive(messages[number]), mls.MessageReceived)
    again.changes().apply_to(store)
    for message in messages:
        refuses(mls.Group.load(store), message, MissingKeyError)


def test_trap_mls_rs_228_a_replay_harms_nobody() -> None:
    alice, bob = found("ab")
    first, second, third = (alice.protect(bytes([number])) for number in range(3))
    bob.receive(second)
    for _ in range(3):
        refuses(bob, second, MissingKeyError)
    bob.receive(first)
    bob.receive(third)


def test_trap_openmls_453_two_generations_ahead() -> None:
    alice, bob = found("ab")
    messages = [alice.protect(bytes([number])) for number in range(7)]
    for number in (2, 4, 6, 5, 3, 1, 0):
        event = bob.receive(messages[number])
        assert isinstance(event, mls.MessageReceived)
        assert (event.data, event.generation) == (bytes([number]), number)


@FORMS
def test_trap_mlspp_341_decrypting_twice(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    message = alice.protect(b"once")
    staged = alice.commit()
    bob.receive(message)
    refuses(bob, message, MissingKeyError)
    looked, again = bob.stage(staged.message), bob.stage(staged.message)
    assert isinstance(looked, mls.StagedCommit)
    assert isinstance(again, mls.StagedCommit)
    bob.apply(looked)
    with pytest.raises(StateError):
        bob.apply(again)
    alice.accept(staged)
    agree([alice, bob])


def test_trap_a_failed_decryption_uses_nothing_up() -> None:
    alice, bob = found("ab")
    message = alice.protect(b"data")
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PrivateMessage)
    for at in (0, 40, len(inner.ciphertext) - 1):
        changed = bytearray(inner.ciphertext)
        changed[at] ^= 1
        bad = MLSMessage(1, inner.replace(ciphertext=bytes(changed))).encode()
        refuses(bob, bad, AuthenticationError)
    assert isinstance(bob.receive(message), mls.MessageReceived)


# --- what an application is handed ------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Watchful(mls.Policy):
    """A policy that notes what it is asked about."""

    asked: list[object] = field(default_factory=list)

    def accept_proposal(self, sent: Sent, state: mls.PublicState) -> None:
        """Note a proposal."""
        del state
        self.asked.append(sent)

    def accept_commit(self, changed: mls.Changed, state: mls.PublicState) -> None:
        """Note a commit."""
        del state
        self.asked.append(changed)

    def validate_credential(self, credential: Credential, signature_key: bytes, now: int) -> None:
        """Note a credential."""
        del signature_key, now
        self.asked.append(credential)

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Note a successor."""
        self.asked.append((old, new))
        return True


@FORMS
def test_trap_openmls_0_9_0_nothing_unverified_reaches_the_application(
    form: mls.WireFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = Watchful(handshake=form)
    alice, bob = found("ab", policy=policy)
    with monkeypatch.context() as patched:
        patched.setattr(authenticate, "sign", lambda *_: bytes(64))
        messages = [
            alice.propose_add(key_package(member("c"))),
            alice.propose_update(member("a")),
            alice.commit(references=(), add=[key_package(member("d"))]).message,
        ]
    policy.asked.clear()
    for message in messages:
        refuses(bob, message, AuthenticationError, "VAL-089")
    assert policy.asked == []
