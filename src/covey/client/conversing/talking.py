"""What is said in a group: texts, replies, reactions, files, bytes; and what has been said.

May import the engine, the contents, the history and what is wanted.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

import mimetypes
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from covey.client import events
from covey.client.conversing import wanted, wishing
from covey.client.conversing.bound import Bound, seconds
from covey.client.running.feeds import Feed
from covey.client.sync.identity import attachments
from covey.client.sync.identity.attachments import Carried
from covey.client.words import history, typed
from covey.client.words.contents import Attachment, Data, Reaction, Text
from covey.client.words.history import Message
from covey.errors import StateError, StorageError

if TYPE_CHECKING:
    from covey.access.member.epochs import EpochAccess
    from covey.client.sync.identity.attachments import Progress
    from covey.client.words.contents import Body
    from covey.store.port import Rows

_ANY = "application/octet-stream"


class Talking(Bound):
    """What is said in a group."""

    async def send(
        self,
        text: str,
        *,
        reply_to: Message | str | None = None,
        expires_after: int | None = None,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Message:
        """Say something. It is in the store when this returns, and goes out whatever happens.

        Args:
            text: What.
            reply_to: The message that it answers, or its id.
            expires_after: Seconds after which it disappears for everybody, from now on, and from
                when it comes in to them; 0 for never; None for what the group has agreed on.
            wait: Whether to wait until the broker has it.
            timeout: Seconds to wait for that; 30 by default.

        Returns:
            The message as it stands in the history.

        Raises:
            StateError: We are not in the group, what is given means nothing, such as a text of
                nothing but white space, or it has disappeared before the broker had it.
            TransportError: The broker cannot be reached; what was said stays queued.
            TypeError: It is no text.
            ValueError: It is too long: send it as an attachment.
        """
        body = Text(wanted.said(text), self._about(reply_to))
        return await self._say(body, expires_after=expires_after, wait=wait, timeout=timeout)

    async def react(
        self, message: Message | str, emoji: str, *, withdraw: bool = False, wait: bool = True
    ) -> Message:
        """Put a sign to a message, or take it back. It disappears when the message does.

        Args:
            message: The message, or its id.
            emoji: The sign.
            withdraw: Whether to take it back.
            wait: Whether to wait until the broker has it.

        Raises:
            StateError: We are not in the group, there is no such message, or the sign is empty.
            TransportError: The broker cannot be reached; it stays queued.
            TypeError: The sign is no text.
            ValueError: It is too long.
        """
        about = self._found(message)
        body = Reaction(bytes.fromhex(about.id), wanted.sign(emoji), int(withdraw))
        return await self._say(body, expires_after=about.content.expires_after, wait=wait)

    async def attach(
        self,
        file: Path | str | bytes,
        name: str | None = None,
        *,
        media_type: str | None = None,
        reply_to: Message | str | None = None,
        expires_after: int | None = None,
        progress: Progress | None = None,
    ) -> Message:
        """Send a file. It is encrypted under a key of its own, which goes to the members only.

        When the message disappears, so does that key from every history. The broker keeps what it
        cannot open for as long as it keeps all files.

        Args:
            file: Where it is, or its bytes.
            name: What it is called; by default as it is here.
            media_type: Such as ``image/png``; by default what its name says.
            reply_to: The message that it answers, or its id.
            expires_after: Seconds after which it disappears, as for :meth:`send`; they count from
                when the broker has the file.
            progress: Is told how many bytes are sent, and how many there are; in another thread.

        Raises:
            StorageError: It cannot be read.
            StateError: We are not in the group, it has no name, or disappears after too long.
            BrokerError: ``too_large``, ``over_quota``, …
            TransportError: The broker cannot be reached.
            TypeError: It is neither a path nor bytes, or its name or type is no text.
            ValueError: Its name or type is longer than 1,024 bytes.
        """
        _expiry(expires_after)
        if progress is not None:
            typed.functions("what is told of progress", [progress])
        data, called = await _read(file, name)
        if not called:
            msg = "say what the file is called: give a name"
            raise StateError(msg)
        about, encoded = self._about(reply_to), wanted.short("the name of the file", called)
        kind = media_type or mimetypes.guess_type(called)[0] or _ANY
        media = wanted.short("the media type", kind)
        carried = await self._carry(data, progress)
        body = Attachment(carried.blob, carried.key, encoded, media, len(data), carried.size, about)
        return await self._say(body, expires_after=expires_after)

    async def _carry(self, data: bytes, progress: Progress | None) -> Carried:
        """Bring a file to the broker, in the name of the group."""
        place = await wishing.place_of(self._engine, self._number)
        seat = place.seat

        def access() -> EpochAccess:
            seat.look()
            seat.require_in()
            return seat.access

        return await self._engine.run(
            attachments.attach(
                access,
                data,
                self._engine.home.world,
                progress=progress,
                catch_up=place.turns.speaker.catch_up,
            )
        )

    async def download(
        self,
        message: Message | str,
        *,
        most: int = attachments.MOST,
        progress: Progress | None = None,
    ) -> bytes:
        """Fetch the file of a message. All of it is in memory, some three times as it is opened.

        Args:
            message: The message, or its id.
            most: Bytes that are fetched at most; what its sender says that it has is no promise.
            progress: Is told how many bytes are there, and how many there are to be; in another
                thread.

        Raises:
            StateError: The message has no file, or is not there; or the file is too large.
            BrokerError: ``blob_unknown``: the broker does not keep it any more.
            TransportError: The broker cannot be reached.
            AuthenticationError: The broker hands out something else.
            DecodeError: It is not what who sent it said.
        """
        body = self._found(message).content.body
        if not isinstance(body, Attachment):
            msg = "this message has no file"
            raise StateError(msg)
        if body.sealed_size > most:
            msg = (
                f"this file takes {body.sealed_size} bytes, as its sender says, and no more than"
                f" {most} are fetched: if that is what you expect, allow more (most=, or --most)"
            )
            raise StateError(msg)
        carried = Carried(body.blob, body.key, body.sealed_size)
        world = self._engine.home.world
        return await self._engine.run(attachments.fetch(carried, world, progress=progress))

    async def send_bytes(
        self,
        data: bytes,
        content_type: str,
        *,
        expires_after: int | None = None,
        wait: bool = True,
    ) -> Message:
        """Say something that is no chat; it stands in the history with its content type.

        Args:
            data: What, up to some 60 KiB.
            content_type: By which the application knows it, such as ``application/json``.
            expires_after: Seconds after which it disappears, as for :meth:`send`.
            wait: Whether to wait until the broker has it.

        Raises:
            StateError: We are not in the group, or it disappears after too long.
            TransportError: The broker cannot be reached; it stays queued.
            TypeError: It is not bytes, or its type is no text.
            ValueError: It is too long, or its type has no slash in it.
        """
        body = Data(wanted.content_type(content_type), typed.octets("what is said", data))
        return await self._say(body, expires_after=expires_after, wait=wait)

    async def send_ephemeral(self, data: bytes, content_type: str, *, wait: bool = True) -> None:
        """The same for what stands in no history, such as that somebody is typing.

        Raises:
            StateError: We are not in the group.
            TransportError: The broker cannot be reached; it stays queued.
            TypeError: It is not bytes, or its type is no text.
            ValueError: It is too long, or its type has no slash in it.
        """
        body = Data(wanted.content_type(content_type), typed.octets("what is said", data))
        await wishing.say(
            self._engine, self._number, body, kept=False, wait=wait, timeout=seconds(None)
        )

    async def _say(
        self,
        body: Body,
        *,
        expires_after: int | None = None,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Message:
        _expiry(expires_after)
        message = await wishing.say(
            self._engine,
            self._number,
            body,
            expires_after=expires_after,
            wait=wait,
            timeout=seconds(timeout),
        )
        if message is None:
            msg = "the message has disappeared meanwhile"
            raise StateError(msg)
        return message

    # --- what has been said --------------------------------------------------------------

    def history(
        self, limit: int = 50, *, before: int | None = None, after: int | None = None
    ) -> list[Message]:
        """What was said, in the order in which it came; the last messages unless it says otherwise.

        Args:
            limit: At most so many.
            before: Only messages before this number (:attr:`Message.number`).
            after: Only messages after this number; then the first of them.

        Raises:
            StateError: There cannot be so many, or no such number.
            TypeError: One of them is no whole number.
        """
        typed.count("a limit", limit)
        for each in (before, after):
            typed.count("the number of a message", each or 0)
        work = partial(history.read, group=self._number, before=before, after=after, limit=limit)
        return self._rows(partial(work, now=self._now))

    def message(self, message: str) -> Message:
        """One message by its id.

        Raises:
            StateError: There is none.
        """
        return self._found(message)

    def reactions(self, message: Message | str) -> list[Message]:
        """The reactions to a message that stand."""
        about = self._id(message)
        work = partial(history.reactions, group=self._number, message_id=about, now=self._now)
        return self._rows(work)

    def search(self, query: str, limit: int = 50) -> list[Message]:
        """The latest messages that hold all of these words, or words that begin like them.

        Raises:
            StateError: There cannot be so many.
            TypeError: What is given is of another type.
        """
        typed.text("what is searched for", query)
        typed.count("a limit", limit)
        work = partial(history.search, query=query, group=self._number, limit=limit)
        return self._engine.search(partial(work, now=self._now))

    def events(self, *, live: bool = True, since: int | None = None) -> Feed:
        """What happens in this group, for ``async for``. Nothing of it is acknowledged.

        Args:
            live: Whether to wait for what comes; else it ends with the last event there is.
            since: The number of the event after which to begin; by default from now on, or, when
                it is not live, from the first that is kept.

        Raises:
            StateError: There cannot be such a number.
            TypeError: It is no whole number.
        """
        if since is None:
            since = self._rows(events.latest) if live else 0
        typed.count("the number of an event", since)
        return Feed(self._engine, since, live=live, group=self.id)

    @property
    def id(self) -> str:
        """Its gid, in hex; the same for all members."""
        return self._row.gid.hex()

    def _about(self, message: Message | str | None) -> bytes:
        """The id of the message that is answered; empty for none."""
        return b"" if message is None else self._id(message)

    def _id(self, message: Message | str) -> bytes:
        return bytes.fromhex(
            message.id if isinstance(message, Message) else self._found(message).id
        )

    def _found(self, message: Message | str) -> Message:
        if isinstance(message, Message):
            return message
        typed.text("a message is a Message, or its id, which", message)
        found = self._rows(partial(_by_id, group=self._number, text=message, now=self._now))
        if found is None:
            msg = f"there is no message {message} in this group: see its history"
            raise StateError(msg)
        return found


async def _read(file: Path | str | bytes, name: str | None) -> tuple[bytes, str | None]:
    """The bytes of a file, and what it is called.

    Raises:
        StorageError: It cannot be read.
        StateError: It has no name.
        TypeError: It is neither a path nor bytes.
    """
    if isinstance(file, bytes):
        if not name:
            msg = "bytes have no name of their own: say what the file is called (name=…)"
            raise StateError(msg)
        return file, name
    typed.instance("a file", (str, Path), file)
    path = anyio.Path(file)
    try:
        return await path.read_bytes(), name or path.name
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}; see the path"
        raise StorageError(msg) from error
    except ValueError as error:
        msg = f"cannot read {str(file)!r}: it is no path"
        raise StorageError(msg) from error


def _expiry(expires_after: int | None) -> None:
    """Refuse what says of no message when it disappears.

    Raises:
        StateError: It is less than nothing, or too long.
        TypeError: It is no whole number.
    """
    if expires_after is not None:
        wanted.expiry(expires_after)


def _by_id(rows: Rows, group: int, text: str, now: int) -> Message | None:
    try:
        message_id = bytes.fromhex(text)
    except ValueError:
        return None
    return history.find(rows, group, message_id, now=now)
