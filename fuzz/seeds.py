"""Valid inputs to begin from, made anew for each run: one of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey import mls
from covey.mls.structs.message import MLSMessage
from fuzz.targets import DECODERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def messages() -> Iterator[bytes]:
    """MLSMessages of every wire format and most proposal types."""
    for handshake in (mls.WireFormat.mls_public_message, mls.WireFormat.mls_private_message):
        policy = mls.Policy(handshake=handshake, threads=1)
        suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
        people = [mls.Member.basic(name, suite, policy=policy) for name in (b"a", b"b", b"c")]
        packages = [person.key_package() for person in people]
        founded = mls.Group.found(people[0], [packages[1].message])
        group = founded.group
        yield packages[2].message
        yield founded.welcome
        yield founded.commit.message
        yield group.protect(b"hello")
        yield group.group_info()
        yield group.propose_add(packages[2].message)
        yield group.propose_remove(1)
        yield group.propose_update()
        yield group.propose_psk(b"psk")
        yield group.propose_extensions([])
        yield group.leave()
        yield mls.Group.join_externally(people[2], founded.commit.group_info()).commit


def structs() -> Iterator[bytes]:
    """For the decoders: the struct's number, then an encoding of it."""
    kinds = {struct: number for number, struct in enumerate(DECODERS)}
    for data in messages():
        message = MLSMessage.decode(data)
        yield bytes((kinds[MLSMessage],)) + data
        inner = message.message
        if type(inner) in kinds:
            yield bytes((kinds[type(inner)],)) + inner.encode()


def write(target: str, corpus: Path) -> None:
    """Write the seeds of a target into its corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    made = structs() if target == "decoders" else messages()
    for number, data in enumerate(made):
        (corpus / f"seed-{number:02}").write_bytes(data)
