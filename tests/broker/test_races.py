"""Two who commit at once: one wins, and the other gets the winner's commit."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from broker_process import LosesAnswers, running_broker
from covey import mls
from covey.broker.messages import Appended, EpochClosed, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from broker_process import RunningBroker
    from covey.lab.demo.broker_client import BrokerClient

ROUNDS = 25
SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def race(
    clients: list[BrokerClient], gid: bytes, epoch: int, bodies: list[bytes]
) -> list[Appended | EpochClosed]:
    """Let every client commit in one epoch, all at the same moment."""
    line = threading.Barrier(len(clients))

    def commit(client: BrokerClient, body: bytes) -> Appended | EpochClosed:
        line.wait()
        return client.append(gid, epoch, Kind.commit, os.urandom(16), body)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(commit, clients, bodies))


def check_races(clients: list[BrokerClient]) -> None:
    """In each of many epochs exactly one commit wins, and all others learn which."""
    gid = os.urandom(32)
    clients[0].create(gid, os.urandom(16), 0)
    for epoch in range(ROUNDS):
        bodies = [os.urandom(20) for _ in clients]
        answers = race(clients, gid, epoch, bodies)
        [winner] = [index for index, each in enumerate(answers) if isinstance(each, Appended)]
        for index, answer in enumerate(answers):
            if index != winner:
                assert isinstance(answer, EpochClosed)
                assert answer.commit.body == bodies[winner]
                assert answer.commit.epoch == epoch
        [entry] = clients[0].read(gid, epoch)
        assert entry.body == bodies[winner]


def test_one_of_many_commits_wins(broker: RunningBroker) -> None:
    with broker.client() as one, broker.client() as two, broker.client() as three:
        check_races([one, two, three])


def test_one_commit_wins_though_answers_get_lost(broker: RunningBroker) -> None:
    with broker.client(LosesAnswers(3)) as one, broker.client(LosesAnswers(2)) as two:
        check_races([one, two])


def test_one_commit_wins_between_two_brokers_over_one_file(tmp_path: Path) -> None:
    with (
        running_broker(tmp_path / "db") as left,
        running_broker(tmp_path / "db") as right,
        left.client() as one,
        right.client() as two,
    ):
        check_races([one, two])


def test_the_loser_of_a_race_follows_and_commits_again(broker: RunningBroker) -> None:
    """The same with the engine: the answer to the loser is all that it needs."""
    alice, bob = mls.Member.basic(b"alice", SUITE), mls.Member.basic(b"bob", SUITE)
    package = bob.key_package()
    founded = mls.Group.found(alice, [package.message])
    groups = [founded.group, mls.Group.join(bob, package, founded.welcome)]
    gid = os.urandom(32)
    with broker.client() as one, broker.client() as two:
        one.create(gid, os.urandom(16), 1)
        pending = [group.commit() for group in groups]
        answers = race([one, two], gid, 1, [each.message for each in pending])
        for group, commit, answer in zip(groups, pending, answers, strict=True):
            if isinstance(answer, Appended):
                group.accept(commit)
            else:
                group.discard(commit)
                group.receive(answer.commit.body)
        assert groups[0].epoch_authenticator == groups[1].epoch_authenticator
        again = groups[0].commit()
        assert one.append(gid, 2, Kind.commit, os.urandom(16), again.message) == Appended(2)


def test_key_packages_are_claimed_once_by_many(broker: RunningBroker) -> None:
    member, inbox = mls.Member.basic(b"alice", SUITE), os.urandom(32)
    packages = [member.key_package().message for _ in range(20)]
    with broker.client() as client:
        client.publish(inbox, os.urandom(16), tuple(packages))

    def claim(_: int) -> list[bytes]:
        with broker.client() as client:
            return [client.claim(inbox, SUITE) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        claimed = [each for some in pool.map(claim, range(4)) for each in some]
    assert sorted(claimed) == sorted(packages)
