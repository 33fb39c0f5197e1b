"""covey: group messaging that only the group can read.

Begin with :class:`Client`, or with :mod:`covey.blocking` where nothing is asynchronous. The
protocol engine is :mod:`covey.mls`; errors are in :mod:`covey.errors`. The names are looked up when
they are first used: whoever needs only the engine does not load the client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from covey.client import blocking, events
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation, MemberView
    from covey.client.roles import Change, Judged
    from covey.client.sync.identity.home import Pace
    from covey.client.words.history import Message
    from covey.store import OsKeyring, Passphrase, RawKey

__version__ = "0.1.0"

__all__ = [
    "Change",
    "Client",
    "Conversation",
    "Judged",
    "MemberView",
    "Message",
    "OsKeyring",
    "Pace",
    "Passphrase",
    "RawKey",
    "blocking",
    "events",
]

_HOMES: Final = {
    "Change": "client.roles",
    "Client": "client.client",
    "Conversation": "client.conversing.conversation",
    "Judged": "client.roles",
    "MemberView": "client.conversing.conversation",
    "Message": "client.words.history",
    "OsKeyring": "store",
    "Pace": "client.sync.identity.home",
    "Passphrase": "store",
    "RawKey": "store",
}

_MODULES: Final = {"blocking": "blocking", "events": "client.events"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type, above
    """Load a name from where it lives, at its first use."""
    if name in _MODULES:
        value: Any = import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
