"""Welcomes with anything in them, encrypted and signed as they should be (RFC 9420 §12.4.3.1).

May import the forge. The committer lets out what it puts into a Welcome; it is changed, and
sealed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.errors import MissingKeyError
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.taking_out import altered, altering
from covey.mls.group.member import key_package_ref
from covey.mls.group.welcome import WELCOME_LABEL
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import HPKECiphertext
from covey.mls.structs.welcome import EncryptedGroupSecrets, GroupSecrets, PathSecret, Welcome
from covey.mls.tree.math import common_height
from covey.mls.wire.code_points import ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.policy import Policy
    from covey.mls.group.welcome import Joiner, WelcomeSecrets
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.welcome import GroupInfo


class Offer(NamedTuple):
    """What a Welcome tells one newcomer, in the clear.

    Attributes:
        epoch: The epoch that it lets into, as the committer sees it.
        package: Whom it is for.
        info: The GroupInfo.
        secrets: The GroupSecrets.
        psk_secret: Of the epoch.
        entropy: Where randomness comes from.
    """

    epoch: Epoch
    package: KeyPackage
    info: GroupInfo
    secrets: GroupSecrets
    psk_secret: bytes
    entropy: Entropy

    @property
    def suite(self) -> Suite:
        """The suite of the group."""
        return self.epoch.public.suite


def offered(
    group: Group,
    package: PrivateKeyPackage,
    *checks: str,
    **options: Any,  # noqa: ANN401 - those of Group.commit
) -> Offer:
    """What a member would tell whom it adds; the member does not keep the commit.

    Args:
        group: The member's group.
        package: Of the newcomer.
        checks: Ids of rules that the member's engine lacks.
        options: Those of :meth:`Group.commit`.
    """
    heard: list[Offer] = []

    def listening(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(
            epoch: Epoch,
            info: GroupInfo,
            joiners: Sequence[Joiner],
            secrets: WelcomeSecrets,
            policy: Policy,
            entropy: Entropy,
            **how: bool,
        ) -> object:
            for joiner in joiners:
                told = _told(epoch, joiner, secrets)
                heard.append(Offer(epoch, joiner.package, info, told, secrets.psk_secret, entropy))
            return make(epoch, info, joiners, secrets, policy, entropy, **how)

        return made

    with altered("group.welcome:make_welcomes", listening):
        forge.committed(group, *checks, add=[package.message], **options)
    [offer] = heard
    return offer


def _told(epoch: Epoch, joiner: Joiner, secrets: WelcomeSecrets) -> GroupSecrets:
    height = common_height(epoch.private.index, joiner.leaf_index)
    path_secret = secrets.path_secrets.get(height)
    return GroupSecrets(
        secrets.joiner_secret,
        None if path_secret is None else PathSecret(path_secret),
        secrets.psks,
    )


def with_info(offer: Offer, **changes: Any) -> Offer:  # noqa: ANN401 - any field of a GroupInfo
    """Another GroupInfo, signed by the committer unless the signature is given."""
    info = offer.info.replace(**changes)
    if "signature" not in changes:
        info = forge.signed_info(offer.suite, offer.epoch.signer, info)
    return offer._replace(info=info)


def with_context(offer: Offer, **changes: Any) -> Offer:  # noqa: ANN401 - any of its fields
    """Another GroupContext, with a confirmation tag that fits, signed by the committer."""
    context = offer.info.group_context.replace(**changes)
    suite, joiner = offer.suite, offer.secrets.joiner_secret
    secrets = key_schedule.epoch_secrets(suite, joiner, offer.psk_secret, context.encode())
    tag = transcript.confirmation_tag(
        suite, secrets.confirmation_key, context.confirmed_transcript_hash
    )
    return with_info(offer, group_context=context, confirmation_tag=tag)


def with_secrets(offer: Offer, **changes: Any) -> Offer:  # noqa: ANN401 - any of its fields
    """Other GroupSecrets."""
    return offer._replace(secrets=offer.secrets.replace(**changes))


def sealed(offer: Offer, *, new_member: bytes | None = None, cipher_suite: int = 0) -> bytes:
    """The Welcome that says so, as an MLSMessage.

    Args:
        offer: What it says.
        new_member: Whom it names; by default the KeyPackage that it is encrypted to.
        cipher_suite: What it says of its suite; by default the truth.
    """
    suite, package = offer.suite, offer.package
    secret = key_schedule.welcome_secret(suite, offer.secrets.joiner_secret, offer.psk_secret)
    key, nonce = key_schedule.welcome_key_nonce(suite, secret)
    info = suite.seal_aead(key, nonce, b"", offer.info.encode())
    encryption = suite.encryption(WELCOME_LABEL, info)
    ciphertext = encryption.seal(package.init_key, offer.secrets.encode(), offer.entropy)
    reference = key_package_ref(suite, package) if new_member is None else new_member
    entry = EncryptedGroupSecrets(reference, HPKECiphertext(*ciphertext))
    welcome = Welcome(cipher_suite or suite.code, (entry,), info)
    return MLSMessage(ProtocolVersion.mls10, welcome).encode()


def _or_made_up(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def find(*given: object) -> bytes:
        try:
            return original(*given)
        except MissingKeyError:
            return b""

    return find


made_up_psks: Callable[[], Any] = altering(("group.psks:_find", _or_made_up))
"""Begins to take the empty string for every PSK that is not known."""
