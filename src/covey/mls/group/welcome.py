"""RFC 9420 §12.4.3: making GroupInfo and Welcome. May import schedule, tree and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.mls.crypto.batch import seal_all
from covey.mls.group.member import key_package_ref
from covey.mls.rules import joining
from covey.mls.rules.registry import Local, enforce
from covey.mls.schedule import key_schedule
from covey.mls.structs.extensions import Extension, ExternalPub
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import HPKECiphertext
from covey.mls.structs.welcome import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    PathSecret,
    Welcome,
)
from covey.mls.tree.math import common_height
from covey.mls.wire.code_points import GREASE, ExtensionType, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.policy import Policy
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.schedule import PreSharedKeyID

GROUP_INFO_LABEL = "GroupInfoTBS"
WELCOME_LABEL = "Welcome"


def group_info(
    epoch: Epoch,
    policy: Policy,
    entropy: Entropy,
    *,
    with_tree: bool,
    with_external_pub: bool,
    extensions: Sequence[Extension] = (),
) -> GroupInfo:
    """A GroupInfo of an epoch, signed with the key of the member's leaf in it (§12.4.3).

    Raises:
        LocalProtocolError: An extension stands in it twice.
    """
    state = epoch.public
    carried = list(extensions)
    if with_tree:
        carried.append(Extension(ExtensionType.ratchet_tree, state.tree.encode()))
    if with_external_pub:
        _, public = key_schedule.external_key_pair(state.suite, epoch.secrets.external_secret)
        carried.append(Extension(ExtensionType.external_pub, ExternalPub(public).encode()))
    if policy.grease:
        grease = GREASE[entropy(1)[0] % len(GREASE)]
        if all(each.extension_type != grease for each in carried):
            carried.append(Extension(grease, entropy(4)))
    unsigned = GroupInfo(
        state.context, tuple(carried), state.confirmation_tag, epoch.private.index, b""
    )
    enforce(joining.GROUP_INFO, joining.GroupInfoSubject(unsigned, state.suite.code), Local)
    encoded = unsigned.encode()
    tbs = encoded[:-1]  # all but the header of the empty signature
    signature = state.suite.sign_with_label(epoch.signer, GROUP_INFO_LABEL, tbs)
    return unsigned.replace(signature=signature)


class Invitation(NamedTuple):
    """A Welcome and whom it is for, by KeyPackageRef."""

    message: bytes
    references: tuple[bytes, ...]


class Joiner(NamedTuple):
    """A new member: its KeyPackage and its leaf."""

    package: KeyPackage
    leaf_index: int


class WelcomeSecrets(NamedTuple):
    """What all joiners of one commit are told.

    Attributes:
        joiner_secret: Of the epoch (Nh bytes).
        psk_secret: Of the epoch (Nh bytes).
        psks: Which PSKs went into it, in order.
        path_secrets: Of the committer's path, by height; empty without a path.
    """

    joiner_secret: bytes
    psk_secret: bytes
    psks: tuple[PreSharedKeyID, ...]
    path_secrets: Mapping[int, bytes]

    def __repr__(self) -> str:
        return "WelcomeSecrets(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def _shared_height(committer: int, joiner: int) -> int:
    """The height of the lowest node above both leaves, whose path secret the joiner gets."""
    return common_height(committer, joiner)


def make_welcomes(
    epoch: Epoch,
    info: GroupInfo,
    joiners: Sequence[Joiner],
    secrets: WelcomeSecrets,
    policy: Policy,
    entropy: Entropy,
    *,
    one_each: bool = False,
) -> tuple[Invitation, ...]:
    """The Welcome for all new members, or one for each (§12.4.3.1, VAL-166).

    The encrypted GroupInfo is the context of every seal; it is hashed once for all of them.

    Raises:
        LocalProtocolError: Nobody could join by it, for the PSKs it names.
    """
    suite = epoch.public.suite
    enforce(joining.GROUP_SECRETS, joining.PsksSubject(secrets.psks, suite.Nh), Local)
    welcome_secret = key_schedule.welcome_secret(suite, secrets.joiner_secret, secrets.psk_secret)
    key, nonce = key_schedule.welcome_key_nonce(suite, welcome_secret)
    encrypted_info = suite.seal_aead(key, nonce, b"", info.encode())
    plaintexts: dict[int, bytes] = {}
    jobs = []
    for joiner in joiners:
        height = _shared_height(epoch.private.index, joiner.leaf_index)
        if height not in plaintexts:
            path_secret = secrets.path_secrets.get(height)
            plaintexts[height] = GroupSecrets(
                secrets.joiner_secret,
                None if path_secret is None else PathSecret(path_secret),
                secrets.psks,
            ).encode()
        jobs.append((joiner.package.init_key, plaintexts[height]))
    encryption = suite.encryption(WELCOME_LABEL, encrypted_info)
    sealed = seal_all(encryption, jobs, entropy, policy.threads)
    entries = tuple(
        EncryptedGroupSecrets(key_package_ref(suite, joiner.package), HPKECiphertext(*each))
        for joiner, each in zip(joiners, sealed, strict=True)
    )
    batches = [(entry,) for entry in entries] if one_each else [entries]
    return tuple(
        Invitation(
            MLSMessage(ProtocolVersion.mls10, Welcome(suite.code, batch, encrypted_info)).encode(),
            tuple(entry.new_member for entry in batch),
        )
        for batch in batches
        if batch
    )
