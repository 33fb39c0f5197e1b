"""The devices of a person, and what becomes of the store: backups, another passphrase.

May import the engine, the flows and the store.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import anyio.to_thread

from covey.client.conversing.bound import seconds
from covey.client.events.base import listed as listed_names
from covey.client.held import Held
from covey.client.running.opening import key_of, name_in, passphrase_of
from covey.client.sync.group.inviting import key_package
from covey.client.sync.identity import own_devices
from covey.client.words import suites
from covey.client.words.device_codes import VERSION, DeviceCode
from covey.client.words.explaining import explained
from covey.client.words.showing import line
from covey.errors import BrokerError, PolicyError, StateError, StorageError, TransportError
from covey.mls.group.identity import identity
from covey.store import open_store, rekey, restore_backup, write_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.access.structs.identity import Claimed
    from covey.client.conversing.conversation import Conversation
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.device import Device
    from covey.store import StoreKey

_IDEM: Final = 16  # bytes
_ASKING: Final = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0)
"""Seconds between two times that we look for a new device's KeyPackages."""


class DeviceView(NamedTuple):
    """A device of our account.

    Attributes:
        key: Its public key, in hex.
        own: Whether it is this one.
    """

    key: str
    own: bool


class Accounts(Held):
    """The devices of a person, and what becomes of the store."""

    async def devices(self) -> list[DeviceView]:
        """The devices of our account.

        Raises:
            StateError: We have no account.
            TransportError: The broker cannot be reached.
        """
        device = self._device()
        keys = await self._engine.run(device.devices())
        return [DeviceView(each.hex(), each == device.key) for each in keys]

    async def device_code(self) -> str:
        """On a new device: what another one of the same person adds it by.

        Open the new device's client with the name and ``enrol=False``.

        Raises:
            StateError: It belongs to an account already, or no broker is known.
        """
        engine = self._engine
        if engine.peer.device is not None:
            msg = "this device belongs to an account already"
            raise StateError(msg)
        return await engine.call(self._code)

    def _code(self) -> str:
        peer, member = self._engine.peer, self._engine.home.member
        device, _ = peer.new_device(peer.broker_id)
        code = DeviceCode(VERSION, device.to_be_added(name_in(member)), member.signature_key)
        return code.text

    async def add_device(self, code: str, *, timeout: float | None = None) -> None:
        """Add a new device of ours to the account, and to all groups that we are in.

        Done twice, it is done once: the second time goes on with the groups that are left.

        Args:
            code: What the device shows, whose client is open.
            timeout: Seconds to wait for the device; 30 by default.

        Raises:
            DecodeError: It is no device's code, or not all of it.
            StateError: We have no account, or the code is of another one; or the device is in the
                account and in our other groups now, and not in those that the error says.
            BrokerError: The broker refuses.
            TransportError: The broker cannot be reached, or the device does not answer.
        """
        given = DeviceCode.read(code)
        device = self._device()
        name = name_in(self._engine.home.member)
        if not device.is_of(given.added, name):
            msg = (
                f"this is no code of a device of {name}: begin it with that name, at the same"
                f" broker (`covey init {name} --device --broker {self._engine.url}`)"
            )
            raise StateError(msg)
        kept = partial(
            own_devices.keep, device=given.added.device, signature_key=given.signature_key
        )
        self._engine.change(kept)
        await self._engine.run(device.add_device(given.added))
        await self._arrived(device, given.signature_key, seconds(timeout))
        await self._let_in(given.signature_key, timeout)

    async def _let_in(self, key: bytes, timeout: float | None) -> None:
        """Let a new device of ours into all groups in which it is not.

        Args:
            key: Its first signature key.
            timeout: Seconds to wait for each group.

        Raises:
            StateError: It cannot come into some of them, as for want of KeyPackages; it is in the
                others.
            TransportError: The broker cannot be reached.
        """
        name, left = name_in(self._engine.home.member), []
        why: dict[str, str] = {}
        for row in self._group_rows(lambda each: each.status.is_in):
            conversation = self._conversation(row)
            try:
                if key not in conversation.own_devices():
                    await conversation.invite(name, timeout=timeout)
            except StateError:
                pass  # it has left no keys, or we are out of it by now
            except (BrokerError, PolicyError, TransportError) as error:
                if not self._engine.online:
                    raise
                why[conversation.id] = explained(error)
            if conversation.is_in and key not in conversation.own_devices():
                left.append(conversation)
        if left:
            raise StateError(_not_in_all(left, why))

    async def _arrived(self, device: Device, key: bytes, timeout: float) -> None:
        """Wait until a new device has left KeyPackages."""
        with anyio.move_on_after(timeout):
            for pause in _ASKING:
                await anyio.sleep(pause)
                if key in (await self._own_keys(device)).values():
                    return
        msg = (
            "the device belongs to the account now, and has not answered yet: when it is online,"
            " invite yourself into your groups"
        )
        raise TransportError(msg)

    async def _own_keys(self, device: Device) -> dict[bytes, bytes]:
        """The signature keys of our own devices, by their keys."""
        home = self._engine.home
        suite, idem = home.member.suite.code, home.world.entropy(_IDEM)
        try:
            claim: Flow[Claimed] = device.claim(name_in(home.member), suite, idem)
            claimed = await self._engine.run(claim)
        except BrokerError as error:
            if error.code != "nothing_to_claim":
                raise
            return {}
        leaves = {each.device: key_package(each.message).leaf_node for each in claimed.key_packages}
        return {
            device: leaf.signature_key
            for device, leaf in leaves.items()
            if identity(leaf.credential) == home.identity  # else it is none of ours
        }

    async def remove_device(self, key: str, *, timeout: float | None = None) -> None:
        """Remove another device of ours from the account, and from all groups that we are in.

        Args:
            key: Its key, in hex, as :meth:`devices` says it.
            timeout: Seconds to wait for each group; 30 by default.

        Raises:
            StateError: We have no account, or it is this one, or none of ours; or it is out of the
                account, and may be in groups still, by a key that nobody knows for sure.
            TransportError: The broker cannot be reached; what is left to do is done when it is
                called once more.
        """
        device, engine = self._device(), self._engine
        if key == device.key.hex():
            msg = "this is the device itself: leave your groups, or remove it from another one"
            raise StateError(msg)
        known = engine.rows(own_devices.known)
        listed = {each.key for each in await self.devices()}
        if key not in listed and key not in {each.hex() for each in known}:
            msg = f"there is no device {key} in this account: see devices()"
            raise StateError(msg)
        gone = bytes.fromhex(key)
        keys = {**await self._own_keys(device), **known}
        first = keys.pop(gone, None)
        if first is not None:
            engine.change(partial(own_devices.keep, device=gone, signature_key=first))
        if key in listed:
            await engine.run(device.remove_device(gone))
        await self._expel_own(first, set(keys.values()), timeout)
        engine.change(partial(own_devices.drop, device=gone))

    async def _expel_own(
        self, first: bytes | None, others: set[bytes], timeout: float | None
    ) -> None:
        """Remove a device of ours from all groups.

        Args:
            first: Its first signature key, if that is known.
            others: Those of our other devices.
            timeout: Seconds for each group.

        Raises:
            StateError: It is in none, and there are devices of ours in some that nobody knows.
        """
        removed, strange = 0, set()
        for row in self._group_rows(lambda each: each.status.is_in):
            conversation = self._conversation(row)
            there = conversation.own_devices()
            if first is not None and first in there:
                await conversation.remove_device(there[first], timeout=timeout)
                removed += 1
            elif not there.keys() <= others:
                strange.add(conversation.name)
        if strange and not removed:
            names = listed_names(sorted(strange))
            msg = (
                f"the device is out of the account, but which of yours it is in {names} nobody"
                " knows for sure: look at the keys of your devices there (members, or"
                " `covey members --json`), and remove it by its key (remove_device of"
                " the group, or `covey remove GROUP --key KEY`)"
            )
            raise StateError(msg)

    def _device(self) -> Device:
        device = self._engine.peer.device
        if device is None:
            msg = "there is no account here: open the client with a broker and a name"
            raise StateError(msg)
        return device

    # --- the store -----------------------------------------------------------------------

    async def backup(
        self,
        path: str | Path,
        passphrase: str,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write an encrypted backup. Nothing else is done in the store meanwhile.

        Args:
            path: Where; nothing is there.
            passphrase: What shall open it.
            progress: Is told how many rows are written, and how many there are; in another thread.

        Raises:
            StorageError: It cannot be written.
        """
        engine, key = self._engine, passphrase_of(passphrase)
        await engine.call(engine.let_all_disappear)
        await engine.call(partial(write_backup, engine.store.inner, Path(path), key, progress))

    @classmethod
    async def restore(
        cls,
        backup: str | Path,
        path: str | Path,
        *,
        backup_passphrase: str,
        passphrase: str | None = None,
        key: StoreKey | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Make a store of a backup; then open it. Its groups let it in anew before it can send.

        Args:
            backup: The backup.
            path: Where the store is to be; nothing is there.
            backup_passphrase: What opens the backup.
            passphrase: What shall open the store; or give a key.
            key: What shall open the store.
            progress: Is told how many rows are restored, and how many there are; in another thread.

        Raises:
            StorageError: It cannot be read or written; each kind has its own class.
            StateError: A passphrase and a key were given.
        """
        opens = key_of(passphrase, key)
        if opens is None:
            msg = "say what shall open the store: give a passphrase, or a key"
            raise StorageError(msg)
        work = partial(
            restore_backup,
            Path(backup),
            Path(path),
            opens,
            passphrase_of(backup_passphrase),
            progress,
        )
        await anyio.to_thread.run_sync(work)

    async def change_passphrase(self, new: str) -> None:
        """Give the store another passphrase. No other process may have it open.

        Raises:
            StateError: The store is in memory.
            StoreLocked: Another process has it open.
            StorageError: It cannot be written; it is as it was.
        """
        path, old = self._given.path, self._given.key
        if path is None or old is None:
            msg = "the store is in memory: it has no passphrase"
            raise StateError(msg)
        key: StoreKey = passphrase_of(new)
        store = self._engine.store

        def changed() -> None:
            store.inner.close()
            try:
                rekey(path, old, key)
            except BaseException:
                store.inner = open_store(path, old)
                raise
            store.inner = open_store(path, key)

        await self._engine.call(changed)
        self._given = self._given._replace(key=key)


def _not_in_all(left: Sequence[Conversation], why: Mapping[str, str]) -> str:
    """What is said of a new device that is not in all groups.

    Args:
        left: Those in which it is not.
        why: Why, by the id of the group; those that are missing lack its keys.
    """
    said = [f"not in {line(each.name)}: {why[each.id]}" for each in left if each.id in why]
    lacking = [each for each in left if each.id not in why]
    if lacking:
        codes = sorted({each.suite for each in lacking})
        groups = listed_names([line(each.name) for each in lacking])
        command = " ".join(("covey suites", *(f"0x{code:04x}" for code in codes)))
        lacks = listed_names([suites.name(code) for code in codes])
        said.append(
            f"cannot come into {groups}: it has left no keys for {lacks}. On it, `{command}`"
            " leaves some, or upgrades= in a program; then add it once more"
        )
    return f"the new device is in the account and in your other groups, and {'; '.join(said)}"
