"""RFC 9420 §12.4.3.1: Welcomes that nobody may join by. May import the forge."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from covey.errors import StateError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.newcomers import UNKNOWN
from covey.lab.adversary.forge.successors import BRANCH, continuing, founded, invited, linking
from covey.lab.adversary.forge.welcome import (
    made_up_psks,
    offered,
    sealed,
    with_context,
    with_info,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, without_rules
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.mls.group.group import Group
from covey.mls.group.welcome import WELCOME_LABEL
from covey.mls.structs.extensions import Extension
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import (
    GREASE,
    ExtensionType,
    ProtocolVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.join import Joined
    from covey.mls.group.member import PrivateKeyPackage

# --- whom it is for, and how it is encrypted -----------------------------------------------


@breaks("VAL-181", instead=altering(("group.join:_is_for", always(value=True))))
def a_welcome_for_another_key_package(stage: Stage) -> Trial:
    """The Welcome names a KeyPackage that is not ours, though it is encrypted to ours."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    bad = sealed(offer, new_member=stage.newcomer()[1].reference)
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@breaks("VAL-182", instead=altering(("group.join:_require_suite", always(value=None))))
def a_welcome_of_another_suite(stage: Stage) -> Trial:
    """The Welcome says another cipher suite than the KeyPackage, which it is made with."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    bad = sealed(offer, cipher_suite=_another(stage))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


def _another(stage: Stage) -> int:
    return 3 if stage.suite.code != 3 else 1


_another_label = altering(("group.welcome:WELCOME_LABEL", lambda _: "GroupSecrets"))


@breaks("VAL-183", instead=_another_label)
def secrets_under_another_label(stage: Stage) -> Trial:
    """The GroupSecrets are encrypted with another label than "Welcome"."""
    client, package = stage.newcomer()
    bad = forge.committed(stage.mallory, under=_another_label, add=[package.message])
    good = stage.mallory.commit(add=[package.message])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


def _no_context(original: Callable[..., Any]) -> Callable[..., Any]:
    def encryption(suite: object, label: str, context: bytes) -> object:
        return original(suite, label, b"" if label == WELCOME_LABEL else context)

    return encryption


_without_context = altering(("crypto.suite:Suite.encryption", _no_context))


@breaks("VAL-183", instead=_without_context)
def secrets_without_their_context(stage: Stage) -> Trial:
    """The GroupSecrets are encrypted without the encrypted GroupInfo as their context."""
    client, package = stage.newcomer()
    bad = forge.committed(stage.mallory, under=_without_context, add=[package.message])
    good = stage.mallory.commit(add=[package.message])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


# --- pre-shared keys ------------------------------------------------------------------------


@breaks("VAL-184", instead=made_up_psks)
def a_psk_that_the_newcomer_does_not_know(stage: Stage) -> Trial:
    """The Welcome names a PSK that nobody has given to the newcomer."""
    stage.share_psk()
    client, package = stage.newcomer()
    add = [package.message]
    bad = forge.committed(stage.mallory, under=made_up_psks, add=add, psks=[b"unknown"])
    good = stage.mallory.commit(add=add, psks=[PSK_ID])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-185", portable=False)
def two_links_to_another_group(stage: Stage) -> Trial:
    """The Welcome into a branch names two PSKs with usage branch."""
    victim = continuing(stage)
    links = [linking(stage, stage.mallory, BRANCH) for _ in range(2)]
    with without_rules("VAL-185"):
        bad = founded(stage, [victim.package], links)
    return Trial(victim, bad.welcome, founded(stage, [victim.package], links[:1]).welcome)


@breaks("VAL-196", portable=False)
def a_branch_that_has_gone_on(stage: Stage) -> Trial:
    """A member is invited by a branch PSK into a branch that is in epoch 2 already."""
    victim = continuing(stage)
    link = linking(stage, stage.mallory, BRANCH)
    [other] = invited(stage, [stage.carol])
    branch = founded(stage, [other], [link]).group
    bad = forge.committed(branch, "VAL-209", add=[victim.package.message], psks=[link])
    return Trial(victim, bad.welcome, founded(stage, [victim.package, other], [link]).welcome)


# --- the GroupInfo --------------------------------------------------------------------------

_unverified_info = altering(("group.join:verify_info_signature", always(value=None)))


@breaks("VAL-186", instead=_unverified_info)
def a_welcome_that_its_signer_has_not_signed(stage: Stage) -> Trial:
    """The GroupInfo in a Welcome is signed with another key than that of its signer's leaf."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    forged = forge.signed_info(stage.suite, forge.epoch_of(stage.dave).signer, offer.info)
    return Trial(stage.joiner(client, package), sealed(offer._replace(info=forged)), sealed(offer))


@breaks("VAL-186", instead=_unverified_info)
def a_group_info_that_its_signer_has_not_signed(stage: Stage) -> Trial:
    """A GroupInfo is signed with another key than that of its signer's leaf."""
    bad = forge.group_info(stage.mallory, signer=forge.epoch_of(stage.dave).signer)
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))


@breaks("VAL-186", instead=_unverified_info)
def a_welcome_signed_for_something_else(stage: Stage) -> Trial:
    """The GroupInfo is signed under the label of another struct."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    tbs = offer.info.replace(signature=b"").encode()[:-1]
    signature = stage.suite.sign_with_label(offer.epoch.signer, "GroupInfo", tbs)
    bad = sealed(with_info(offer, signature=signature))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@contextmanager
def _any_signer() -> Iterator[None]:
    with without_rules("VAL-186"), _unverified_info():
        yield


@breaks("VAL-186", instead=_any_signer)
def a_signer_outside_of_the_tree(stage: Stage) -> Trial:
    """The signer of the GroupInfo is a leaf that the tree does not have."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package, path=False)
    bad = sealed(with_info(offer, signer=1 << 20))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@breaks("VAL-186", instead=_any_signer)
def a_signer_who_has_been_removed(stage: Stage) -> Trial:
    """The signer of the GroupInfo is a blank leaf."""
    removed = stage.carol.own_index
    stage.commit(stage.alice, remove=[removed])
    good = forge.group_info(stage.mallory)
    info = MLSMessage.decode(good).message
    assert isinstance(info, GroupInfo)
    signer = forge.epoch_of(stage.mallory).signer
    bad = forge.signed_info(stage.suite, signer, info.replace(signer=removed))
    return Trial(stage.outsider(), MLSMessage(ProtocolVersion.mls10, bad).encode(), good)


@breaks("VAL-187")
def a_welcome_into_a_group_of_another_suite(stage: Stage) -> Trial:
    """The GroupContext says another cipher suite than the KeyPackage."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    bad = sealed(with_context(offer, cipher_suite=_another(stage)))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@breaks("VAL-187")
def a_welcome_into_a_group_of_another_version(stage: Stage) -> Trial:
    """The GroupContext says another version than mls10."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    bad = sealed(with_context(offer, version=2))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@breaks("VAL-187")
def a_group_info_of_another_suite(stage: Stage) -> Trial:
    """The GroupContext of a GroupInfo says another cipher suite than that of all its keys."""
    bad = forge.group_info(stage.mallory, context={"cipher_suite": _another(stage)})
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))


@breaks("VAL-188", instead=altering(("group.join:not_twice", always(None))), portable=False)
def a_group_that_one_is_in_already(stage: Stage) -> Trial:
    """Another group has the group_id of one that the newcomer is in."""
    client, package = stage.newcomer()
    groups = [stage.mallory.group_id, b"another"]
    bad, good = (
        Group.found(stage.member(), [package.message], group_id=each, ports=stage.ports())
        for each in groups
    )
    victim = stage.joiner(client, package)._replace(groups=(stage.mallory.group_id,))
    return Trial(victim, bad.welcome, good.welcome)


# --- extensions of the GroupInfo -----------------------------------------------------------


def _refusing_unknown(original: Callable[..., GroupInfo]) -> Callable[..., GroupInfo]:
    def opened(*given: Any) -> GroupInfo:  # noqa: ANN401 - as the original
        info = original(*given)
        if any(each.extension_type not in set(ExtensionType) for each in info.extensions):
            msg = "an unknown extension"
            raise StateError(msg).of(rule="VAL-191", section="12.4.3")
        return info

    return opened


@shows("VAL-191", instead=altering(("group.join:_open_info", _refusing_unknown)), named="VAL-191")
def unknown_extensions_of_a_group_info_are_ignored(stage: Stage) -> None:
    """A Welcome whose GroupInfo has extensions that nobody knows is a good Welcome."""
    client, package = stage.newcomer()
    unknown = [Extension(each, b"?") for each in (UNKNOWN, GREASE[2])]
    pending = stage.mallory.commit(add=[package.message], info_extensions=unknown)
    joined = stage.joiner(client, package).attempt(pending.welcome)
    ensure(joined.epoch_authenticator == pending.epoch_authenticator, "the newcomer is in")


@breaks("VAL-191")
def an_unknown_extension_that_stands_twice(stage: Stage) -> Trial:
    """An extension that nobody knows stands twice in the GroupInfo, which no list may have."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    unknown = Extension(UNKNOWN, b"?")
    once, twice = (
        with_info(offer, extensions=(*offer.info.extensions, *(unknown,) * times))
        for times in (1, 2)
    )
    return Trial(stage.joiner(client, package), sealed(twice), sealed(once))


# --- the confirmation tag ------------------------------------------------------------------

_any_tag = altering(("group.process_commit:same_tag", always(value=True)))


@breaks("VAL-195", instead=_any_tag)
def a_welcome_with_another_confirmation_tag(stage: Stage) -> Trial:
    """The confirmation tag of the GroupInfo is not that of the epoch."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    bad = sealed(with_info(offer, confirmation_tag=bytes(stage.suite.Nh)))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


@breaks("VAL-195", instead=_any_tag)
def a_welcome_with_another_transcript(stage: Stage) -> Trial:
    """The GroupInfo tells of another history than the confirmation tag confirms."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package)
    context = offer.info.group_context.replace(confirmed_transcript_hash=bytes(stage.suite.Nh))
    bad = sealed(with_info(offer, group_context=context))
    return Trial(stage.joiner(client, package), bad, sealed(offer))


# --- afterwards -------------------------------------------------------------------------------


def _keeping(original: Callable[..., Joined]) -> Callable[..., Joined]:
    def join(package: PrivateKeyPackage, *given: Any) -> Joined:  # noqa: ANN401 - as the original
        joined = original(package, *given)
        joined.epoch.private.path[40] = package.init_private
        return joined

    return join


@shows("VAL-197", instead=altering(("group.join:join", _keeping)))
def a_group_keeps_no_init_key(stage: Stage) -> None:
    """Whoever deletes the KeyPackage after joining has deleted its init key."""
    client, package = stage.newcomer()
    welcome = stage.mallory.commit(add=[package.message], path=True).welcome
    joined = stage.joiner(client, package).attempt(welcome)
    ensure(package.leaf_private in joined.snapshot(), "the group keeps the key of its leaf")
    ensure(package.init_private not in joined.snapshot(), "the group keeps no init key")
