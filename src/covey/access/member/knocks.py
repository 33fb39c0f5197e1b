"""Knocking: how somebody with a link, or with a recovery code, asks to be let in.

May import the structs, signing and the engine. A capability is a seed; from it follow an Ed25519
key, under which the broker takes a knock, and an HPKE key pair, the *door*, to which the knock is
sealed. Whoever has the seed has all of it; members are given the door's private key only, and so
can read who knocks, and cannot knock in anybody's name::

    seed ─┬─ "covey access 1 capability" ── Ed25519
          └─ "covey access 1 door" ── DeriveKeyPair ── the door
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.access import signing
from covey.access.member import sealing
from covey.access.member.epochs import LABEL, expand
from covey.access.operations import OPERATIONS
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.access.structs.identity import KeyPackageMessage
from covey.access.structs.joining import Knock
from covey.access.structs.log import Capability
from covey.access.structs.sealed import Door, KnockContent, KnockContext, SealedKnock
from covey.errors import AuthenticationError, DecodeError, PolicyError
from covey.mls.crypto.dialects import get_suite, is_known
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from covey.access.structs.basics import Signed
    from covey.access.structs.joining import WaitingKnock
    from covey.access.structs.sealed import Link
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite

_ID_LENGTH: Final = 16


class CapabilityKeys(msgspec.Struct, frozen=True):
    """The keys of a capability. Shows none of them.

    Attributes:
        key: Its public Ed25519 key, by which it is known (32 bytes).
        signing_key: The private one (32 bytes).
        door_suite: The cipher suite of its door.
        door_key: The public HPKE key of its door (Npk bytes).
        door_private: The private one (Nsk bytes).
    """

    key: bytes
    signing_key: bytes
    door_suite: int
    door_key: bytes
    door_private: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show nothing to Rich, which does not ask ``repr`` and prints local variables."""
        return []

    @property
    def door(self) -> Door:
        """What members are given, so that they can read who knocks."""
        return Door(self.key, self.door_suite, self.door_private)


def capability_keys(seed: bytes, suite: Suite) -> CapabilityKeys:
    """The keys of a capability.

    Args:
        seed: 32 random bytes.
        suite: The cipher suite of its door. The capability is the same one in all of them.
    """
    signing_key = _signing_key(seed)
    private, public = suite.derive_key_pair(expand(seed, f"{LABEL} door", suite.Nsk))
    return CapabilityKeys(signing.public_key(signing_key), signing_key, suite.code, public, private)


def capability_key(seed: bytes) -> bytes:
    """The public key of a capability, whatever the suite of its door is.

    Args:
        seed: 32 random bytes.
    """
    return signing.public_key(_signing_key(seed))


def _signing_key(seed: bytes) -> bytes:
    return expand(seed, f"{LABEL} capability")


def knock(
    link: Link,
    key_package: bytes,
    entropy: Entropy,
    *,
    recovers: bool = False,
    others: Iterable[bytes] = (),
) -> Signed:
    """The signed request that leaves a KeyPackage at a group's door.

    Sent again it has to be the same request: keep it until it is answered.

    Args:
        link: What was in the link or the recovery code.
        key_package: The KeyPackage to be added, as an MLSMessage; of the suite that the group
            had last, as far as we know, and with an inbox at the group's broker.
        entropy: Where the knock's id and the encryption come from.
        recovers: Whether an old leaf of the same identity is to be removed.
        others: KeyPackages of other suites, to which it may have been moved since.

    Raises:
        UnsupportedError: The group's cipher suite is not supported here.
        ValueError: The KeyPackage is too large.
    """
    suite = get_suite(link.cipher_suite)
    keys = capability_keys(link.seed, suite)
    context = KnockContext(link.broker_id, link.gid, keys.key)
    further = tuple(map(KeyPackageMessage, others))
    content = KnockContent(key_package, int(recovers), further).encode()
    parts = sealing.seal(suite, keys.door_key, sealing.KNOCK, context, content, entropy)
    sealed = SealedKnock(*parts).encode()
    request = Knock(link.broker_id, link.gid, entropy(_ID_LENGTH), keys.key, sealed)
    return signing.signed(keys.signing_key, OPERATIONS["knock"].label, request)


def open_knock(
    broker_id: bytes, gid: bytes, doors: Iterable[Door], waiting: WaitingKnock
) -> KnockContent:
    """Read who knocks. That its capability is one of the group's is for :func:`entitled`.

    Args:
        broker_id: The broker.
        gid: The log.
        doors: The group's doors.
        waiting: The knock, as the broker hands it out.

    Raises:
        PolicyError: We have no door of that capability.
        DecodeError: It is no knock, or holds no KeyPackage.
        AuthenticationError: It was sealed to another door or for another log, or changed.
    """
    found = [
        each
        for each in doors
        if each.capability == waiting.capability and is_known(each.cipher_suite)
    ]
    if not found:
        msg = "somebody knocks at a door to which we have no key"
        raise PolicyError(msg)
    context = KnockContext(broker_id, gid, waiting.capability)
    content = KnockContent.decode(_unsealed(found, context, SealedKnock.decode(waiting.sealed)))
    if content.recovers > 1:
        msg = f"recovers is 0 or 1, not {content.recovers}"
        raise DecodeError(msg)
    for each in (content.key_package, *(other.message for other in content.others)):
        _key_package(each)
    return content


def _unsealed(doors: list[Door], context: KnockContext, outer: SealedKnock) -> bytes:
    """What was sealed to one of the doors of a capability: one opens it, or none."""
    *others, last = doors
    for each in others:
        try:
            return _unsealed([each], context, outer)
        except AuthenticationError:
            continue
    suite = get_suite(last.cipher_suite)
    return sealing.unseal(suite, last.private_key, sealing.KNOCK, context, outer)


def _key_package(message: bytes) -> KeyPackage:
    found = MLSMessage.decode(message).message
    if not isinstance(found, KeyPackage):
        msg = "who knocks has left something else than a KeyPackage"
        raise DecodeError(msg)
    return found


def package_of(content: KnockContent, cipher_suite: int) -> bytes:
    """The KeyPackage of a knock that a group can add, as an MLSMessage.

    Raises:
        PolicyError: There is none of the group's suite.
    """
    left = (content.key_package, *(each.message for each in content.others))
    suites = {_key_package(each).cipher_suite: each for each in reversed(left)}
    if cipher_suite not in suites:
        named = ", ".join(f"0x{each:04x}" for each in sorted(suites))
        msg = (
            f"who knocks has KeyPackages of suite {named}, and this group has suite"
            f" 0x{cipher_suite:04x}: they have to update covey, or to open it with that suite"
        )
        raise PolicyError(msg)
    return suites[cipher_suite]


def entitled(
    capabilities: GroupCapabilities, waiting: WaitingKnock, content: KnockContent, now: int
) -> GroupCapability:
    """The capability of the group that lets somebody knock for this.

    Args:
        capabilities: Of the GroupContext.
        waiting: The knock.
        content: What it says.
        now: In hours since 1970-01-01T00:00Z.

    Raises:
        PolicyError: There is none, it has expired, or it is for something else.
    """
    for each in capabilities.capabilities:
        if each.key == waiting.capability:
            break
    else:
        msg = "the group has no such capability, or not any more"
        raise PolicyError(msg)
    if each.not_after < now:
        msg = f"the capability has expired, {now - each.not_after} hours ago"
        raise PolicyError(msg)
    wanted = Right.recover if content.recovers else Right.join
    if each.right is not wanted:
        msg = f"the capability lets one {each.right.name}, and this is to {wanted.name}"
        raise PolicyError(msg)
    return each


def restated(
    capabilities: GroupCapabilities,
    removed: Container[bytes],
    now: int,
) -> GroupCapabilities:
    """The capabilities that stay when a commit takes effect.

    A commit that makes some of them fall puts the rest into the GroupContext, too: else
    who is removed would know a door that stays open.

    Args:
        capabilities: Of the GroupContext before the commit.
        removed: The devices that it removes, as capabilities name them; 32 bytes each.
        now: In hours since 1970-01-01T00:00Z.
    """
    return GroupCapabilities(
        tuple(
            each
            for each in capabilities.capabilities
            if each.not_after >= now and each.creator not in removed
        )
    )


def for_the_broker(capabilities: GroupCapabilities) -> tuple[Capability, ...]:
    """Capabilities as a commit's request states them: neither who made them, nor what for."""
    return tuple(Capability(each.key, each.not_after) for each in capabilities.capabilities)
