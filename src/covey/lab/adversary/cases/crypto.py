"""RFC 9420 §5.1: keys, signatures and encapsulations that are wrong. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.errors import DecodeError
from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.certificates import Authority, chain, ecdsa_signature
from covey.lab.adversary.forge.leaves import proposed_add
from covey.lab.adversary.taking_out import altering, always, together, without
from covey.lab.adversary.victims import Trial
from covey.mls.crypto.signature import ED448, Ed448
from covey.mls.framing import authenticate
from covey.mls.group.group import Group
from covey.mls.structs.proposals import Remove

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.dhkem import DhKem
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.member import PrivateKeyPackage

NIST = (2, 5, 7)
MONTGOMERY = (1, 4)
"""One suite of each curve of RFC 7748, and with it one of each kind of EdDSA."""


def _compressed(point: bytes) -> bytes:
    """SEC 1's shorter form of an uncompressed point: x, and whether y is odd."""
    middle = (len(point) + 1) // 2
    return bytes((2 | point[-1] & 1,)) + point[1:middle]


def _adding(stage: Stage, package: PrivateKeyPackage, **leaf: Any) -> Trial:  # noqa: ANN401
    """Proposals to add a newcomer, with and without something changed in its leaf."""
    return proposed_add(stage, forge.repackaged(package, leaf=leaf).package, package.package)


# --- VAL-010: HPKE public keys, and those of ECDSA --------------------------------------------


@breaks("VAL-010")
def an_encryption_key_that_is_too_short(stage: Stage) -> Trial:
    """The encryption_key of a newcomer lacks a byte."""
    _, package = stage.newcomer()
    return _adding(stage, package, encryption_key=package.package.leaf_node.encryption_key[:-1])


@breaks("VAL-010", portable=False)  # others see when they encrypt
def an_encryption_key_of_zeros(stage: Stage) -> Trial:
    """The encryption_key of a newcomer is of small order, or no point."""
    _, package = stage.newcomer()
    return _adding(stage, package, encryption_key=bytes(stage.suite.Npk))


@breaks("VAL-010", suites=NIST)
def an_encryption_key_that_is_compressed(stage: Stage) -> Trial:
    """The encryption_key of a newcomer is a point in the compressed form."""
    _, package = stage.newcomer()
    point = package.package.leaf_node.encryption_key
    return _adding(stage, package, encryption_key=_compressed(point))


@breaks("VAL-010", suites=NIST)
def an_encryption_key_beside_the_curve(stage: Stage) -> Trial:
    """The encryption_key of a newcomer is no point of the curve."""
    _, package = stage.newcomer()
    point = package.package.leaf_node.encryption_key
    return _adding(stage, package, encryption_key=point[:-1] + bytes((point[-1] ^ 1,)))


def _with_a_short_root_key(original: Callable[..., Any]) -> Callable[..., Any]:
    def derive(*given: Any) -> Any:  # noqa: ANN401 - what derive takes and returns
        secrets = original(*given)
        return secrets._replace(public=(*secrets.public[:-1], secrets.public[-1][:-1]))

    return derive


WITH_A_SHORT_ROOT_KEY = altering(("tree.update_path:derive", _with_a_short_root_key))


@breaks("VAL-010")
def a_parent_key_that_is_too_short(stage: Stage) -> Trial:
    """The encryption_key of a tree's root lacks a byte; all hashes and signatures fit it."""
    bad = forge.committed(stage.mallory, path=True, under=WITH_A_SHORT_ROOT_KEY)
    good = stage.mallory.commit(path=True)
    return Trial(stage.outsider(), bad.group_info(), good.group_info())


@breaks("VAL-010", instead=together(without("VAL-010"), WITH_A_SHORT_ROOT_KEY))
def a_path_key_that_is_too_short(stage: Stage) -> Trial:
    """The key of the root in an UpdatePath lacks a byte; who is lax derives it so, too."""
    bad = forge.committed(stage.mallory, path=True, under=WITH_A_SHORT_ROOT_KEY)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(path=True).message)


ANY_POINT = altering(("crypto.curves:_require_uncompressed", always(None)))


@breaks("VAL-010", instead=ANY_POINT, named="VAL-011", suites=NIST)
def a_signature_key_that_is_compressed(stage: Stage) -> Trial:
    """The signature_key of a newcomer is a point in the compressed form."""
    _, package = stage.newcomer()
    point = package.package.leaf_node.signature_key
    return _adding(stage, package, signature_key=_compressed(point))


# --- VAL-011, VAL-018: signature keys ---------------------------------------------------------


def _as_much_as_needed(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda scheme, public, *rest: original(scheme, public[: scheme.LENGTH], *rest)


ANY_LENGTH = altering(
    *(
        (f"crypto.signature:{scheme}.{method}", _as_much_as_needed)
        for scheme in ("Ed25519", "Ed448")
        for method in ("check_public", "verify")
    )
)


@breaks("VAL-011", instead=ANY_LENGTH, suites=MONTGOMERY)
def a_signature_key_that_is_too_long(stage: Stage) -> Trial:
    """A byte follows the signature_key of a newcomer; its signatures verify without it."""
    _, package = stage.newcomer()
    longer = package.package.leaf_node.signature_key + b"\x00"
    return _adding(stage, package, signature_key=longer)


def _by_the_length_of_the_key(name: str) -> tuple[str, Callable[..., Any]]:
    """An Ed25519 that gives way to Ed448 when a key is as long as one of that."""
    other = getattr(ED448, name)

    def change(original: Callable[..., Any]) -> Callable[..., Any]:
        def method(scheme: object, key: bytes, *rest: bytes) -> object:
            return other(key, *rest) if len(key) == Ed448.LENGTH else original(scheme, key, *rest)

        return method

    return f"crypto.signature:Ed25519.{name}", change


EITHER_SCHEME = altering(
    *(_by_the_length_of_the_key(name) for name in ("check_public", "sign", "verify"))
)


@breaks("VAL-018", instead=EITHER_SCHEME, suites=(1, 3))
def a_member_with_another_signature_scheme(stage: Stage) -> Trial:
    """A newcomer signs with Ed448 in a group of Ed25519."""
    _, package = stage.newcomer()
    signer = ED448.generate(stage.entropy)
    with EITHER_SCHEME():
        leaf = {"signature_key": ED448.public_key(signer)}
        other = forge.repackaged(package, leaf=leaf, signer=signer)
    return proposed_add(stage, other.package, package.package)


# --- VAL-012: signatures ----------------------------------------------------------------------


def _numbers(signature: bytes) -> tuple[int, int]:
    """The two numbers of an Ecdsa-Sig-Value of less than 256 bytes, in DER or nearly so."""
    start = 3 if signature[1] & 0x80 else 2
    size = signature[start + 1]
    r = signature[start + 2 : start + 2 + size]
    return int.from_bytes(r), int.from_bytes(signature[start + 4 + size :])


def _in_any_form(original: Callable[..., Any]) -> Callable[..., Any]:
    def verify(scheme: Any, public: bytes, message: bytes, signature: bytes) -> object:  # noqa: ANN401
        half = scheme.curve.Nsk
        raw = len(signature) == 2 * half
        pair = (signature[:half], signature[half:])
        r, s = map(int.from_bytes, pair) if raw else _numbers(signature)
        return original(scheme, public, message, ecdsa_signature(r, s))

    return verify


ANY_FORM = altering(("crypto.signature:Ecdsa.verify", _in_any_form))


def _signed_otherwise(stage: Stage, change: Callable[[bytes], bytes]) -> Trial:
    """A proposal, whose signature is written in another way."""
    content = forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))
    epoch = forge.epoch_of(stage.mallory)
    tbs = authenticate.to_be_signed(forge.PUBLIC, content, epoch.public.encoded)
    signature = change(authenticate.sign(stage.suite, epoch.signer, tbs))
    bad = forge.public_message(stage.mallory, content, signature=signature)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-012", instead=ANY_FORM, named="VAL-089", suites=NIST)
def an_ecdsa_signature_of_two_bare_numbers(stage: Stage) -> Trial:
    """An ECDSA signature is the two numbers side by side, without DER."""
    size = stage.suite.Nsk  # of the same curve
    return _signed_otherwise(
        stage, lambda signature: b"".join(each.to_bytes(size) for each in _numbers(signature))
    )


@breaks("VAL-012", instead=ANY_FORM, named="VAL-089", suites=(2, 7))
def an_ecdsa_signature_in_ber(stage: Stage) -> Trial:
    """The length of an ECDSA signature takes two bytes, as BER allows and DER does not."""
    return _signed_otherwise(stage, lambda signature: b"\x30\x81" + signature[1:])


def _its_beginning(original: Callable[..., Any]) -> Callable[..., Any]:
    def verify(scheme: Any, public: bytes, message: bytes, signature: bytes) -> object:  # noqa: ANN401
        return original(scheme, public, message, signature[: 2 * scheme.LENGTH])

    return verify


ANY_END = altering(
    ("crypto.signature:Ed25519.verify", _its_beginning),
    ("crypto.signature:Ed448.verify", _its_beginning),
)


@breaks("VAL-012", instead=ANY_END, named="VAL-089", suites=MONTGOMERY)
def an_eddsa_signature_that_is_too_long(stage: Stage) -> Trial:
    """A byte follows R and S."""
    return _signed_otherwise(stage, lambda signature: signature + b"\x00")


# --- VAL-015: certificates --------------------------------------------------------------------


def _certified(stage: Stage, package: PrivateKeyPackage) -> bytes:
    """A certificate for the key of a newcomer."""
    authority = Authority("authority", stage.entropy)
    key = package.package.leaf_node.signature_key
    return authority.certificate("newcomer", stage.suite.signature, key)


@breaks("VAL-015")
def a_chain_of_no_certificates(stage: Stage) -> Trial:
    """The credential of a newcomer is X.509, and holds no certificate."""
    _, package = stage.newcomer()
    good = forge.repackaged(package, leaf={"credential": chain(_certified(stage, package))})
    return _adding(stage, good, credential=chain())


@breaks("VAL-015")
def a_chain_that_ends_with_something_else(stage: Stage) -> Trial:
    """What follows the certificate of a newcomer is none."""
    _, package = stage.newcomer()
    own = _certified(stage, package)
    good = forge.repackaged(package, leaf={"credential": chain(own)})
    return _adding(stage, good, credential=chain(own, own + b"\x00"))


# --- VAL-016: encapsulations ------------------------------------------------------------------


def _to_zero(_: object) -> Callable[..., Any]:
    def encap(kem: DhKem, public: bytes, _: Entropy) -> tuple[bytes, bytes]:
        zero = bytes(kem.Nenc)
        secret = kem._extract_and_expand(zero, zero + public)  # noqa: SLF001 - as encap does
        return secret, zero

    return encap


def _zero_of_zero(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def exchange(pair: object, peer: bytes) -> bytes:
        try:
            return original(pair, peer)
        except DecodeError:
            return bytes(len(peer))

    return exchange


ZERO_ENCAPSULATED = altering(("crypto.dhkem:DhKem.encap", _to_zero))
ZERO_ACCEPTED = altering(
    ("crypto.curves:X25519KeyPair.exchange", _zero_of_zero),
    ("crypto.curves:X448KeyPair.exchange", _zero_of_zero),
)


@breaks("VAL-016", instead=ZERO_ACCEPTED, suites=MONTGOMERY)
def a_path_that_everybody_can_decrypt(stage: Stage) -> Trial:
    """The path secrets of a commit are encrypted to a shared secret of zeros."""
    bad = forge.committed(stage.mallory, path=True, under=ZERO_ENCAPSULATED)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(path=True).message)


def _to_compressed(_: object) -> Callable[..., Any]:
    def encap(kem: DhKem, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        ephemeral = kem.curve.load(kem.generate_private_key(entropy))
        enc, dh = _compressed(ephemeral.public), ephemeral.exchange(public)
        return kem._extract_and_expand(dh, enc + public), enc  # noqa: SLF001 - as encap does

    return encap


@breaks("VAL-016", instead=ANY_POINT, suites=NIST)
def a_path_with_compressed_points(stage: Stage) -> Trial:
    """The encapsulated keys of a commit are points in the compressed form."""
    shorter = altering(("crypto.dhkem:DhKem.encap", _to_compressed))
    bad = forge.committed(stage.mallory, path=True, under=shorter)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(path=True).message)


@breaks("VAL-016", instead=ZERO_ACCEPTED, suites=MONTGOMERY)
def a_welcome_that_everybody_can_decrypt(stage: Stage) -> Trial:
    """The GroupSecrets of a Welcome are encrypted to a shared secret of zeros."""
    client, package = stage.newcomer()
    added = [package.message]
    bad = forge.committed(stage.mallory, add=added, path=False, under=ZERO_ENCAPSULATED)
    good = stage.mallory.commit(add=added, path=False)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


def _exporting_from_zero(original: Callable[..., Any]) -> Callable[..., Any]:
    def export_to(suite: Suite, *given: Any) -> Any:  # noqa: ANN401 - those of export_to
        with ZERO_ENCAPSULATED():
            return original(suite, *given)

    return export_to


@breaks("VAL-016", instead=ZERO_ACCEPTED, suites=MONTGOMERY)
def an_external_init_that_everybody_can_decrypt(stage: Stage) -> Trial:
    """The init secret of an external commit follows from a shared secret of zeros."""
    info, stranger, ports = stage.alice.group_info(), stage.member(), stage.ports()
    with altering(("crypto.suite:Suite.export_to", _exporting_from_zero))():
        bad = Group.join_externally(stranger, info, ports=ports)
    good = Group.join_externally(stranger, info, ports=ports)
    return Trial(stage.victim(), bad.commit, good.commit)
