"""A process with members of its own, which knows other members by bytes only.

Run as a program it serves requests from stdin; :class:`Process` starts one and talks to it.
A request names a client, a method of :class:`Client` and its arguments; an answer is what
the method returned, or the error. Both are MessagePack behind a length of four bytes, and
hold nothing but bytes, numbers, strings, lists and maps.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from covey import mls
from covey.errors import CoveyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group.psks import external_id
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ReInit, Remove, UnknownProposal
from covey.mls.structs.welcome import Welcome
from covey.mls.wire.code_points import WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.schedule import PreSharedKeyID

CUSTOM = 0xF0AA
"""The extension and proposal type of the application's own, which all support."""


class Hospitable(mls.Policy):
    """A policy that lets strangers propose to add themselves."""

    def accept_proposal(self, sent: Sent, state: mls.PublicState) -> None:
        """Take every proposal."""


class Client:
    """A client and the groups it is in, by label."""

    def __init__(self, name: str, suite: int, handshake: int, anchors: list[bytes]) -> None:
        self.name = name
        self.suite = suite
        self.policy = Hospitable(
            handshake=WireFormat(handshake),
            trust_anchors=tuple(anchors),
            extension_types=frozenset({CUSTOM}),
            proposal_types=frozenset({CUSTOM}),
        )
        self.psks = mls.MemoryPsks()
        self.private, self.public = get_suite(suite).generate_signature_keys(system_entropy)
        self.member = mls.Member.from_credential(
            mls.Member.basic(name.encode(), suite).credential,
            suite,
            signer=self.private,
            policy=self.policy,
        )
        self.packages: dict[bytes, mls.PrivateKeyPackage] = {}
        self.groups: dict[str, mls.Group] = {}
        self.staged: mls.StagedWelcome | mls.StagedCommit | None = None
        self.entering: mls.JoinedExternally | None = None

    # --- the client itself --------------------------------------------------------------

    def signature_key(self) -> bytes:
        """Its public signature key."""
        return self.member.signature_key

    def certify(self, chain: list[bytes]) -> None:
        """Use a certificate chain as credential."""
        self.member = mls.Member.x509(chain, self.private, self.suite, policy=self.policy)

    def rotate(self) -> None:
        """Take a fresh signature key; it counts once it is committed."""
        self.member = self.member.rotated()

    def move(self, suite: int) -> None:
        """Take keys of another suite."""
        self.suite = suite
        self.member = mls.Member.basic(self.name.encode(), suite, policy=self.policy)

    def learn(self, psk_id: bytes, psk: bytes) -> None:
        """Know an external PSK."""
        self.psks.add(psk_id, psk)

    def key_package(self, last_resort: bool = False) -> bytes:  # noqa: FBT001, FBT002 - by name
        """Publish a KeyPackage."""
        made = self.member.key_package(last_resort=last_resort)
        self.packages[made.reference] = made
        return made.message

    def ports(self) -> mls.Ports:
        """What its groups use."""
        return mls.Ports(self.policy, self.psks)

    # --- beginning ----------------------------------------------------------------------

    def create(self, group_id: bytes, extensions: list[list[Any]] = ()) -> None:  # type: ignore[assignment]
        """Create a group of one."""
        self.groups["main"] = mls.Group.create(
            self.member,
            group_id=group_id,
            extensions=_extensions(extensions),
            ports=self.ports(),
        )

    def found(self, packages: list[bytes], **options: Any) -> list[bytes]:  # noqa: ANN401
        """Create a group with its first members; the Welcomes."""
        founded = mls.Group.found(self.member, packages, ports=self.ports(), **options)
        self.groups["main"] = founded.group
        return [each.message for each in founded.welcomes]

    def stage_welcome(
        self, welcome: bytes, tree: bytes | None = None, successor_of: str | None = None
    ) -> list[str]:
        """Look at a Welcome; the identities of the members."""
        self.staged = mls.Group.stage_welcome(
            self.member,
            self._package_for(welcome),
            welcome,
            ratchet_tree=tree,
            successor_of=None if successor_of is None else self.groups[successor_of],
            ports=self.ports(),
        )
        return [_name(each) for each in self.staged.members]

    def _package_for(self, welcome: bytes) -> mls.PrivateKeyPackage:
        """The KeyPackage that a Welcome is for."""
        message = MLSMessage.decode(welcome).message
        assert isinstance(message, Welcome)
        for entry in message.secrets:
            if entry.new_member in self.packages:
                return self.packages[entry.new_member]
        msg = "the Welcome is for no KeyPackage of ours"
        raise LookupError(msg)

    def accept_welcome(self, label: str = "main") -> None:
        """Join as staged."""
        assert isinstance(self.staged, mls.StagedWelcome)
        self.groups[label] = self.staged.accept()

    def join(self, welcome: bytes, tree: bytes | None = None, **more: str) -> None:
        """Join at once."""
        label = more.pop("label", "main")
        self.stage_welcome(welcome, tree, **more)
        self.accept_welcome(label)

    def enter(self, info: bytes, tree: bytes | None = None, **options: Any) -> bytes:  # noqa: ANN401
        """Join by an external commit, once the group has taken it; the commit."""
        psks = [self._psk_id(each) for each in options.pop("psks", [])]
        self.entering = mls.Group.join_externally(
            self.member, info, ratchet_tree=tree, psks=psks, ports=self.ports(), **options
        )
        return self.entering.commit

    def entered(self) -> None:
        """The group has taken the external commit."""
        assert self.entering is not None
        self.groups["main"] = self.entering.group

    def ask_to_join(self, info: bytes) -> bytes:
        """Propose to be added, from outside."""
        package = self.member.key_package()
        self.packages[package.reference] = package
        return mls.propose_to_join(self.member, package, info)

    def propose_from_outside(self, info: bytes, removed: int) -> bytes:
        """Propose a Remove, as one of the group's external senders."""
        observer = mls.PublicGroup(info, ports=self.ports())
        return observer.propose(self.member, Remove(removed))

    def branch(self, packages: list[bytes], label: str) -> list[bytes]:
        """Branch off a group of some members; the Welcomes."""
        founded = self.groups["main"].branch(self.member, packages)
        self.groups[label] = founded.group
        return [each.message for each in founded.welcomes]

    def reinitialize(self, packages: list[bytes], label: str) -> list[bytes]:
        """Continue a group that was reinitialised; the Welcomes."""
        founded = self.groups["main"].reinitialize(self.member, packages)
        self.groups[label] = founded.group
        return [each.message for each in founded.welcomes]

    # --- being in a group ---------------------------------------------------------------

    def protect(self, data: bytes, beside: bytes = b"", label: str = "main") -> bytes:
        """Encrypt an application message."""
        return self.groups[label].protect(data, beside)

    def receive(self, message: bytes, label: str = "main") -> dict[str, Any]:
        """Take a message in."""
        return _plain(self.groups[label].receive(message))

    def stage(self, message: bytes) -> dict[str, Any]:
        """Look at a commit."""
        self.staged = self.groups["main"].stage(message)  # type: ignore[assignment]
        assert isinstance(self.staged, mls.StagedCommit)
        return _changed(self.staged.changed)

    def apply(self) -> dict[str, Any]:
        """Apply the commit that was looked at."""
        assert isinstance(self.staged, mls.StagedCommit)
        return _plain(self.groups["main"].apply(self.staged))

    def commit(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401
        """Make a commit: the message, the Welcomes, the tree and a secret of the next epoch."""
        if "extensions" in wanted:
            wanted["extensions"] = _extensions(wanted["extensions"])
        if wanted.get("update") == "identity":
            wanted["update"] = self.member
        if "custom" in wanted:
            wanted["proposals"] = [UnknownProposal(CUSTOM, wanted.pop("custom"))]
        if "reinit" in wanted:
            wanted["reinit"] = ReInit(*wanted["reinit"], ())
        wanted["psks"] = [self._psk_id(each) for each in wanted.get("psks", [])]
        pending = self.groups["main"].commit(**wanted)
        return {
            "message": pending.message,
            "welcomes": [each.message for each in pending.welcomes],
            "tree": pending.ratchet_tree,
            "info": pending.group_info(),
            "secret": pending.export("two processes", b"context", 32),
            **_changed(pending.changed),
        }

    def accept(self) -> None:
        """The pending commit was taken."""
        group = self.groups["main"]
        assert group.pending is not None
        group.accept(group.pending)

    def discard(self) -> None:
        """The pending commit was not taken."""
        group = self.groups["main"]
        assert group.pending is not None
        group.discard(group.pending)

    def propose(self, kind: str, argument: Any = None) -> bytes:  # noqa: ANN401
        """Propose something."""
        group = self.groups["main"]
        ways: dict[str, Callable[[], bytes]] = {
            "add": lambda: group.propose_add(argument),
            "remove": lambda: group.propose_remove(argument),
            "update": group.propose_update,
            "identity": lambda: group.propose_update(self.member),
            "psk": lambda: group.propose_psk(self._psk_id(argument)),
            "extensions": lambda: group.propose_extensions(_extensions(argument)),
            "custom": lambda: group.propose(UnknownProposal(CUSTOM, argument)),
            "reinit": lambda: group.propose_reinit(ReInit(*argument, ())),
            "leave": group.leave,
        }
        return ways[kind]()

    def _psk_id(self, wanted: bytes | int) -> PreSharedKeyID:
        """An external PSK by its id, or a resumption PSK by its epoch."""
        if isinstance(wanted, int):
            return self.groups["main"].resumption_psk_id(wanted)
        return external_id(wanted, system_entropy(get_suite(self.suite).Nh))

    def info(self, *, with_tree: bool = True, label: str = "main") -> bytes:
        """A GroupInfo."""
        return self.groups[label].group_info(with_tree=with_tree)

    def tree(self) -> bytes:
        """The ratchet tree."""
        return self.groups["main"].ratchet_tree

    def index(self, label: str = "main") -> int:
        """Its own leaf index."""
        return self.groups[label].own_index

    def restart(self, label: str = "main") -> None:
        """Begin again from a snapshot."""
        group = self.groups[label]
        self.groups[label] = mls.Group.restore(group.snapshot(), group.ports)

    def state(self, label: str = "main") -> dict[str, Any]:
        """What has to be equal among members, and whether the private keys fit."""
        group = self.groups[label]
        private = group._state.epoch.private  # noqa: SLF001 - tests look inside
        assert not private.leaf or private.mismatch(group.tree) is None
        return {
            "epoch": group.epoch,
            "authenticator": group.epoch_authenticator if group.is_active else None,
            "exported": group.export("two processes", b"context", 32) if group.is_active else None,
            "context": group.context.encode(),
            "members": [_name(each) for each in group.members],
            "active": group.is_active,
        }


def _extensions(pairs: list[list[Any]]) -> list[mls.Extension]:
    return [mls.Extension(kind, data) for kind, data in pairs]


def _name(member: mls.MemberInfo) -> str:
    return member.identity.decode(errors="replace")


def _changed(changed: mls.Changed) -> dict[str, Any]:
    return {
        "added": [_name(each) for each in changed.added],
        "removed": [_name(each) for each in changed.removed],
        "updated": [_name(each) for each in changed.updated],
        "committer": _name(changed.committer),
        "psks": len(changed.psks),
        "path": changed.with_path,
    }


def _plain(event: mls.Event) -> dict[str, Any]:
    match event:
        case mls.MessageReceived():
            return {
                "kind": "message",
                "data": event.data,
                "beside": event.authenticated_data,
                "sender": _name(event.sender),
                "epoch": event.epoch,
            }
        case mls.ProposalReceived():
            return {"kind": "proposal", "type": type(event.proposal).__name__}
        case mls.EpochChanged():
            return {
                "kind": "epoch",
                "own": event.own,
                "out": event.removed,
                "lost": event.discarded,
                **_changed(event.changed),
            }
        case _:
            return {"kind": "own"}


# --- between the processes --------------------------------------------------------------


class PeerError(Exception):
    """What went wrong in the other process.

    Attributes:
        kind: The type of the error there.
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(f"{kind}: {message}")


class Process:
    """A process that serves clients, and the pipes to it."""

    def __init__(self) -> None:
        here = Path(__file__).resolve()
        paths = [str(here.parent), *(path for path in sys.path if path)]
        self._process = subprocess.Popen(  # noqa: S603 - this file, by this Python
            [sys.executable, str(here)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def ask(self, client: str, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """Call a method of a client over there.

        Raises:
            PeerError: It raised.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _write(self._process.stdin, [client, method, args, options])
        answer = _read(self._process.stdout)
        if answer is None:
            raise PeerError("EOFError", "the process ended")  # noqa: EM101
        good, value = answer
        if not good:
            raise PeerError(*value)
        return value

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _write(pipe: BinaryIO, value: Any) -> None:  # noqa: ANN401
    data = msgspec.msgpack.encode(value)
    pipe.write(len(data).to_bytes(4) + data)
    pipe.flush()


def _read(pipe: BinaryIO) -> Any:  # noqa: ANN401
    head = pipe.read(4)
    if len(head) < 4:
        return None
    return msgspec.msgpack.decode(pipe.read(int.from_bytes(head)))


def serve() -> None:
    """Answer requests until stdin ends."""
    clients: dict[str, Client] = {}
    while (request := _read(sys.stdin.buffer)) is not None:
        name, method, args, options = request
        try:
            if method == "new":
                clients[name] = Client(name, *args)
                answer = [True, None]
            else:
                answer = [True, getattr(clients[name], method)(*args, **options)]
        except (CoveyError, AssertionError, LookupError) as error:
            answer = [False, [type(error).__name__, str(error)]]
        _write(sys.stdout.buffer, answer)


if __name__ == "__main__":
    serve()
