"""covey with plain calls, for scripts and notebooks: see :class:`Client`.

May import the client. The code is that of the asynchronous client, in a thread of its own::

    with Client.open("alice.covey", passphrase="…") as alice:
        alice.group("team").send("hello")
"""

from __future__ import annotations

from covey.client.blocking import Client, Conversation, Feed

__all__ = ["Client", "Conversation", "Feed"]
