"""What somebody can do with stolen or outdated states: try them on everything in a log.

May import the engine, which it uses as a member would, and besides by hand, as a member that
ignores the rules would.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from covey.errors import AuthenticationError, BrokerError, CoveyError
from covey.lab.demo.known_secrets import sender_data_secrets
from covey.lab.demo.orders import Attacked, Attempt
from covey.mls import EpochChanged, Group, MessageReceived, StagedCommit
from covey.mls.schedule.secret_tree import sender_data
from covey.mls.structs.framing import PrivateMessage, SenderDataAAD
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.broker.messages import Entry
    from covey.lab.demo.broker_client import BrokerClient
    from covey.lab.demo.orders import Attack


def attack(order: Attack, states: list[bytes], broker: BrokerClient) -> Attacked:
    """Try states on everything in a log.

    Args:
        order: Which log, and where the broker's file is.
        states: Snapshots of a group, in the order in which they were taken.
        broker: Who has the log.
    """
    groups = [Group.restore(state) for state in states]
    hands = {secret for state in states for secret in sender_data_secrets(state)}
    entries = list(_log(order.gid, broker))
    attempts = [_attempt(entry, groups, hands) for entry in entries]
    bodies = _bodies(Path(order.file), order.gid)
    return Attacked(attempts, sum(bodies.get(entry.seq) == entry.body for entry in entries))


def _log(gid: bytes, broker: BrokerClient) -> Iterator[Entry]:
    """All entries of a log. This first broker shows them to everybody who knows the gid."""
    epoch, seq = 0, 0
    while True:
        try:
            entries = broker.read(gid, epoch, seq)
        except BrokerError as error:
            if error.code != "epoch_unknown":
                raise
            return
        yield from entries
        if entries:
            seq = entries[-1].seq
        else:
            epoch += 1


def _bodies(file: Path, gid: bytes) -> dict[int, bytes]:
    """The entries of a log as the broker's file holds them, by number."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT seq, body FROM entry WHERE gid = ?", (gid,)))


def _attempt(entry: Entry, groups: list[Group], hands: set[bytes]) -> Attempt:
    """Try every state on an entry; the groups go on from what opens."""
    text, error, opened = "", "", False
    for group in groups:
        try:
            text = _receive(group, entry.body) or text
            opened = True
        except CoveyError as reason:
            error = f"{type(reason).__name__}: {reason}"
    if opened:
        return Attempt(entry.seq, opened, text)
    message = MLSMessage.decode(entry.body).message
    assert isinstance(message, PrivateMessage), "handshakes are private here"
    if any(message.epoch <= group.epoch for group in groups):
        return Attempt(entry.seq, opened, text, error)
    opened = any(_opens_by_hand(message, secret, groups[-1]) for secret in hands)
    return Attempt(entry.seq, opened, text, error, len(hands))


def _receive(group: Group, message: bytes) -> str:
    """Take a message in, and return what it says; but stay in a group that throws us out."""
    received = group.stage(message)
    if isinstance(received, StagedCommit):
        event = received.event
        if not (isinstance(event, EpochChanged) and event.removed):
            group.apply(received)
        return ""
    return received.data.decode() if isinstance(received, MessageReceived) else ""


def _opens_by_hand(message: PrivateMessage, secret: bytes, group: Group) -> bool:
    """Whether a sender_data_secret, of whatever epoch, says who sent a message (§6.3.2)."""
    suite = group.suite
    key, nonce = sender_data(suite, secret, message.ciphertext)
    aad = SenderDataAAD(message.group_id, message.epoch, message.content_type).encode()
    try:
        suite.open_aead(key, nonce, aad, message.encrypted_sender_data)
    except AuthenticationError:
        return False
    return True
